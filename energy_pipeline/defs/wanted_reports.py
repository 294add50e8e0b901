"""Run config of the pictures: which facilities, of which kind, in which colours."""

from typing import Literal

import dagster as dg
from pydantic import Field

from energy_pipeline.sinks.enerkey.images import COLOR, MOST_COLORS, Wish
from energy_pipeline.steps.enerkey_images import WantedReport, facilities_of_uploads
from energy_pipeline.workbench import Workbench


class ReportConfig(dg.Config):
    """One picture."""

    facility_id: int = Field(ge=1, description="EnerKey's id of the facility.")
    kind: Literal["report", "image"] = Field(
        default="report", description="The full report, or the image to be put elsewhere."
    )
    format: Literal["png", "pdf"] = Field(default="png", description="Of the file.")
    colors: list[str] = Field(
        default_factory=list,
        description="Six hex digits each, without #, in the order of the series.",
    )
    year: int | None = Field(default=None, ge=2000, le=2100, description="Of the data.")


class ReportsConfig(dg.Config):
    """Which pictures are fetched."""

    reports: list[ReportConfig] = Field(
        default_factory=list,
        description="Empty: the full report of every facility that an upload of a site names.",
    )


def wanted_reports(config: ReportsConfig, bench: Workbench) -> list[WantedReport]:
    """Return the pictures that a run is to fetch.

    Raises:
        Failure: a colour is none, or there are too many; or no facility is known at all.
    """
    for each in config.reports:
        _check_colors(each.colors)
    named = [
        WantedReport(each.facility_id, each.kind, Wish(each.format, tuple(each.colors), each.year))
        for each in config.reports
    ]
    ours = [WantedReport(id, "report", Wish()) for id in facilities_of_uploads(bench)]
    if not (named or ours):
        raise dg.Failure(
            "no facility is known: name one in the run config, or give the uploads of sites.yaml "
            "their facility_id",
            allow_retries=False,
        )
    return named or ours


def _check_colors(colors: list[str]) -> None:
    wrong = [color for color in colors if not COLOR.fullmatch(color)]
    if wrong or len(colors) > MOST_COLORS:
        found = repr(wrong[0]) if wrong else f"{len(colors)} colours"
        raise dg.Failure(
            f"colors: found {found}; allowed: at most {MOST_COLORS}, six hex digits each, such as "
            "1A2B3C",
            allow_retries=False,
        )
