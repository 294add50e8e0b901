"""When a person is told that keys end."""

from datetime import UTC, datetime, timedelta

import pytest

from energy_pipeline.configuration.environment import Settings, load_settings
from energy_pipeline.steps.key_expiry import expiries

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def settings(**days: float | None) -> Settings:
    """Settings with keys that end (A_TO) or begin (B_FROM) so many days from now."""
    environ = {}
    for name, value in days.items():
        key, _, bound = name.rpartition("_")
        variable = f"ENERKEY_{key}"
        environ[variable] = f"hush-{key}"
        if value is not None:
            environ[f"{variable}_VALID_{bound}"] = (NOW + timedelta(days=value)).isoformat()
    return load_settings(environ, None)


@pytest.mark.parametrize(
    ("days", "told", "is_urgent"),
    [
        (30.5, None, False),
        (30, "in 30 days or less", False),
        (14.5, "in 30 days or less", False),
        (14, "in 14 days or less", False),
        (6.9, "in 7 days or less", False),
        (1, "in 1 days or less", True),
        (0, "ended at 2026-06-01", True),
    ],
)
def test_steps_of_the_warning(days: float, told: str | None, is_urgent: bool) -> None:
    found = expiries(settings(API_KEY_A_TO=days), NOW)

    assert [each.is_urgent for each in found] == ([is_urgent] if told else [])
    for each in found:
        assert told is not None
        assert told in each.told
        assert "slot A" in each.told
        assert "hush" not in each.told


def test_the_later_key_counts() -> None:
    assert expiries(settings(API_KEY_A_TO=2, API_KEY_B_TO=300), NOW) == []


def test_a_gap_between_the_keys() -> None:
    (found,) = expiries(settings(API_KEY_A_TO=40, API_KEY_B_FROM=50), NOW)

    assert "between slot A and slot B of the profile no key holds" in found.told
    assert expiries(settings(API_KEY_A_TO=40, API_KEY_B_FROM=39), NOW) == []


def test_each_pair_is_told_apart() -> None:
    found = expiries(settings(TENANT_KEY_A_TO=3, PARTNER_KEY_B_TO=20, API_KEY_A_TO=None), NOW)

    assert [each.whose for each in found] == ["tenant", "partner"]
    assert expiries(Settings(), NOW) == []
