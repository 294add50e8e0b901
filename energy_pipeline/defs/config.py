"""Run config: what a person may narrow or force in the launchpad, a backfill or a command line."""

import dagster as dg
from pydantic import Field


class SitesConfig(dg.Config):
    """Which sites a run works on."""

    sites: list[str] = Field(
        default_factory=list, description="Ids from sites.yaml; empty means every site."
    )


class HourlyConfig(SitesConfig):
    """Which sites are computed, and of which a long gap is estimated."""

    bridge_long_gaps: list[str] = Field(
        default_factory=list,
        description=(
            "Sites whose gateway was silent for longer than their bridge_hours: spread the energy "
            "that it counted meanwhile evenly over the hours, which can become final then."
        ),
    )


class UploadConfig(SitesConfig):
    """Which sites are uploaded, and which meters a person has looked at."""

    release_meters: list[int] = Field(
        default_factory=list,
        description=(
            "EnerKey meters that a person has looked at: hours that were held after two lost "
            "answers, a refusal or a strange size, and that EnerKey does not have, are sent again."
        ),
    )

    dry_run: bool = Field(
        default=False,
        description=(
            "Send nothing: read EnerKey and show, as an observation of the asset, which hours "
            "would go to which meter."
        ),
    )


class FetchConfig(SitesConfig):
    """Which sites are asked, and whether again."""

    force: bool = Field(
        default=False,
        description="Ask the vendor again for days that are settled; every request is a hit.",
    )


class IntervalsConfig(FetchConfig):
    """Which sites are asked for intervals, and what that may cost."""

    spend_kept: bool = Field(
        default=False,
        description=(
            "Days that the schedule does not cover any more may spend the hits that the scheduled "
            "runs need until the month's end."
        ),
    )


class MonthsConfig(FetchConfig):
    """Which months of which sites are asked for."""

    months: list[str] = Field(
        default_factory=list,
        description="As 2024-05; empty means the last one that is over. Each costs a hit per site.",
    )


class SnapshotConfig(dg.Config):
    """What a snapshot may delete."""

    confirm_delete: list[str] = Field(
        default_factory=list,
        description="External ids that may be deleted, each named; as the refusal lists them.",
    )
    confirm_plan: str | None = Field(
        default=None,
        description="Hash of the plan that was looked at; needed to delete half or more.",
    )
