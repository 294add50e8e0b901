"""What is asked in a poll: what is needed, and nothing else."""

import pytest

from energy_pipeline.sources.envoy.measurements import Measurements, next_endpoint
from energy_pipeline.sources.envoy.replies import Document, Reply
from energy_pipeline.sources.envoy.wire import Endpoint
from energy_pipeline_tests.sources.envoy.answers import (
    ABSENT,
    NOW,
    UNAVAILABLE,
    device_data,
    inverter_device,
    inverters,
    meter,
    production,
    reading,
)

METERS, READINGS = Endpoint.METERS, Endpoint.READINGS
PRODUCTION, DEVICE_DATA = Endpoint.PRODUCTION, Endpoint.DEVICE_DATA
INVERTERS, V1 = Endpoint.INVERTERS, Endpoint.PRODUCTION_V1

METERED = {METERS: [meter("production")], READINGS: [reading("production", 10, 1, 5)]}
COMPLETE = {DEVICE_DATA: device_data(inverter_device("1", 7200))}


def asked(answers, *, kept: str | None = None, has_meter: bool | None = None) -> list[Endpoint]:
    """The endpoints that are asked of a gateway with these answers; all else is absent."""
    replies: dict[Endpoint, Reply] = {}
    while endpoint := next_endpoint(Measurements(replies, has_meter=has_meter), kept):
        answer = answers.get(endpoint, ABSENT)
        is_reply = answer in (ABSENT, UNAVAILABLE)
        replies[endpoint] = answer if is_reply else Document(answer, NOW)
    return list(replies)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (METERED | COMPLETE, [METERS, READINGS, DEVICE_DATA]),
        (METERED, [METERS, READINGS, DEVICE_DATA, INVERTERS]),
        (METERED | {READINGS: UNAVAILABLE} | COMPLETE, [METERS, READINGS, DEVICE_DATA, PRODUCTION]),
        (
            {METERS: [meter("production", state="disabled")]},
            [METERS, DEVICE_DATA, PRODUCTION, INVERTERS],
        ),
        ({METERS: []}, [METERS, DEVICE_DATA, PRODUCTION, INVERTERS, V1]),
    ],
    ids=["metered", "without counters of inverters", "readings fail", "unused meter", "no meter"],
)
def test_no_more_is_asked_than_helps(answers, expected: list[Endpoint]):
    assert asked(answers) == expected


def test_a_gateway_that_has_a_meter_is_not_asked_for_the_older_overview():
    assert V1 not in asked({METERS: []}, has_meter=True)


@pytest.mark.parametrize(
    ("kept", "extra"),
    [
        ("production.json/eim/whLifetime", [PRODUCTION]),
        ("production.json/inverters/whLifetime", [PRODUCTION]),
        ("api/v1/production/wattHoursLifetime", [PRODUCTION, V1]),
        ("ivp/pdm/device_data/pcu/joulesProduced", []),
    ],
)
def test_the_kept_counter_is_asked_for_until_the_better_one_has_stayed(kept: str, extra):
    answers = METERED | COMPLETE | {PRODUCTION: production(inverters(9))}
    assert asked(answers, kept=kept) == [METERS, READINGS, DEVICE_DATA, *extra]
