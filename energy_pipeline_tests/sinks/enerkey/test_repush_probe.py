"""The four pushes name the model, whichever it is, and stop where they would prove nothing."""

from datetime import UTC, datetime
from typing import Any

import pytest

from energy_pipeline.errors import OutcomeUnknown, RequestRefused
from energy_pipeline.simulators.enerkey import Fault
from energy_pipeline.sinks.enerkey.repush_probe import (
    ProbeReport,
    ProbeStep,
    model_of,
    probe_repush,
)
from energy_pipeline_tests.sinks.enerkey.conftest import (
    CONSUMPTION,
    CUMULATIVE,
    Install,
    Installation,
)

HOUR = datetime(2020, 1, 1, tzinfo=UTC)
MODELS = ("overwrite_hour", "sum", "timestamp_upsert", "reject", "keep_first")
PUSHES = frozenset({"pushConsumptionsForMeter"})


def probe(made: Installation, meter: int = CONSUMPTION, wait_s: float = 900) -> ProbeReport:
    return made.ask(lambda session: probe_repush(session.client, meter, HOUR, made.clock, wait_s))


@pytest.mark.parametrize("delay", [0, 600])
@pytest.mark.parametrize("model", MODELS)
def test_every_model_is_found(install: Install, model: str, delay: int) -> None:
    made = install(repush_consumption=model, read_back_delay_seconds=delay)

    assert probe(made).model == model
    assert made.operations().count("pushConsumptionsForMeter") == 4
    assert list(made.simulator.stored_hours(CONSUMPTION)) == [HOUR]


def test_values_that_show_too_late_prove_nothing(install: Install) -> None:
    assert probe(install(read_back_delay_seconds=5000)).model == "unknown"


def test_an_hour_that_is_not_empty_is_left_alone(install: Install) -> None:
    made = install()
    made.simulator.write_as_other(CONSUMPTION, HOUR, 3)

    with pytest.raises(RequestRefused, match=r"shows 3\.0 for the hour already"):
        probe(made)
    assert made.simulator.pushes_per_hour(CONSUMPTION) == {}


def test_a_register_is_refused(install: Install) -> None:
    with pytest.raises(RequestRefused, match="push 1"):
        probe(install(), CUMULATIVE)


@pytest.mark.parametrize("kind", ["close_after_commit", "error_500_before_commit", "rate_limited"])
def test_a_lost_answer_ends_it(install: Install, kind: Any) -> None:
    made = install(Fault(kind=kind, operations=PUSHES))

    with pytest.raises(OutcomeUnknown, match="push 1"):
        probe(made)
    assert made.operations().count("pushConsumptionsForMeter") == 1


def test_what_is_unforeseen_is_unknown() -> None:
    def steps(*shown: float | None, refused: tuple[int, ...] = ()) -> list[ProbeStep]:
        return [ProbeStep(1, n in refused, value) for n, value in enumerate(shown)]

    assert model_of(steps(1, 1, 2, 4)) == "unknown"
    assert model_of(steps(1, 1, 1, 1, refused=(1,))) == "unknown"
    assert model_of(steps(1, 1, 1, 2, refused=(1, 2, 3))) == "unknown"
    assert model_of(steps(None, None, None, None)) == "unknown"
