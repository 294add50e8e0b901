"""What a run of an upload has to say, counted from the rows that it writes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, NamedTuple

from energy_pipeline.calendar import Days
from energy_pipeline.configuration.sites import Upload
from energy_pipeline.sinks.enerkey.hours import Kind
from energy_pipeline.steps.upload_wanted import Target
from energy_pipeline.units import unit_to_wh

Status = Literal["verified", "accepted", "held", "refused"]
_MOST_REASONS = 3  # of a site


@dataclass(frozen=True)
class UploadReport:
    """What became of a range of days.

    Args:
        kind: consumption or cumulative.
        days: the range.
        meters: meters of this kind.
        hours_verified: hours (or readings) of the range that EnerKey was seen to show.
        hours_accepted: taken by EnerKey, not yet shown.
        hours_held: not in EnerKey, or not with the present value; the dataset says why.
        hours_refused: of refused meters and messages.
        energy_wh: energy verified by stream; of a register, its rise over the range.
        complete: sites of which every hour of the range is verified.
        incomplete: the other sites, with what is open, for a person.
        refused_meters: by meter, why nothing was sent to it.
        reasons: hours that are not verified by the kind of reason.
        messages: messages sent.
        requests_spent: requests of this run.
        requests_left: requests left today; None when EnerKey was not needed.
        stopped: why the run ended early, empty when it did not.
        goes_on_at: when it can go on, where a quota stopped it.
        refreshed: days outside the range of which something became known.
        key_warning: what to tell about the end of the keys.
    """

    kind: Kind
    days: Days
    meters: int
    hours_verified: int
    hours_accepted: int
    hours_held: int
    hours_refused: int
    energy_wh: dict[str, float]
    complete: tuple[str, ...]
    incomplete: dict[str, str]
    refused_meters: dict[int, str]
    reasons: dict[str, int]
    messages: int = 0
    requests_spent: int = 0
    requests_left: int | None = None
    stopped: str = ""
    goes_on_at: datetime | None = None
    refreshed: tuple[date, ...] = ()
    key_warning: str | None = None


class Outcome(NamedTuple):
    """What became of one hour; `label` is the kind of its reason, empty when verified."""

    status: Status
    value: float | None
    message_id: str | None
    reason: str | None
    label: str


@dataclass
class UploadCounts:
    """Running counts over the rows of the range."""

    hours: Counter[Status] = field(default_factory=Counter[Status])
    reasons: Counter[str] = field(default_factory=Counter[str])
    energy_wh: dict[str, float] = field(default_factory=dict[str, float])
    _of_site: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    _first: dict[int, float] = field(default_factory=dict[int, float])

    def add(self, target: Target, outcomes: Mapping[datetime, Outcome]) -> None:
        """Count what became of the hours of a meter; later hours after earlier ones."""
        site, upload = target
        labels = self._of_site.setdefault(site.id, Counter())
        labels.update(outcome.label for outcome in outcomes.values())
        self.hours.update(outcome.status for outcome in outcomes.values())
        self.reasons.update(o.label for o in outcomes.values() if o.label)
        verified = (o.value for o in outcomes.values() if o.status == "verified")
        values = [value for value in verified if value is not None]
        energy = self.energy_wh.setdefault(upload.stream, 0.0)
        self.energy_wh[upload.stream] = energy + unit_to_wh(self._rise(upload, values), upload.unit)

    def _rise(self, upload: Upload, values: Sequence[float]) -> float:
        """Return the sum of amounts, or how far a register went up since the values before."""
        if upload.reading == "consumption" or not values:
            return sum(values)
        first = self._first.get(upload.meter_id, values[0])
        self._first[upload.meter_id] = values[-1]
        return values[-1] - first

    @property
    def complete(self) -> tuple[str, ...]:
        """Sites of which everything is verified."""
        return tuple(sorted(site for site, labels in self._of_site.items() if set(labels) == {""}))

    @property
    def incomplete(self) -> dict[str, str]:
        """The other sites, with their most frequent reasons."""
        return {
            site: _summary(labels)
            for site, labels in sorted(self._of_site.items())
            if set(labels) != {""}
        }


def _summary(labels: Mapping[str, int]) -> str:
    ordered = Counter({label: n for label, n in labels.items() if label}).most_common()
    shown = [f"{n} x {label}" for label, n in ordered[:_MOST_REASONS]]
    more = sum(n for _, n in ordered[_MOST_REASONS:])
    return ", ".join([*shown, f"{more} more"] if more else shown)
