"""Which of the two keys is used when."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from energy_pipeline.errors import AccessRefused
from energy_pipeline.sinks.enerkey.keys import KeyRing, ProfileKey

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def key(slot: str, start: int | None = None, end: int | None = None) -> ProfileKey:
    """A key that is valid from and to so many hours from now."""
    dates = (None if h is None else NOW + timedelta(hours=h) for h in (start, end))
    return ProfileKey(slot, SecretStr(f"secret-{slot}"), *dates)


def chosen(*keys: ProfileKey) -> str:
    return KeyRing(keys).choose(NOW, "GET x").slot


@pytest.mark.parametrize(
    ("keys", "slot"),
    [
        ([key("A")], "A"),
        ([key("A"), key("B")], "A"),
        ([key("A", -100, 100), key("B", -100, 200)], "B"),
        ([key("A", -100, 100), key("B", -10, 900)], "A"),  # B began less than a day ago
        ([key("A", -100, 10), key("B", -10, 900)], "B"),  # A ends within the day
        ([key("A", -100, 10)], "A"),
        ([key("A", -100, 0), key("B", -1, 900)], "B"),
        ([key("A", -100, 50), key("B", 0, 900)], "A"),
        ([key("A", -100, 50), key("B")], "B"),
    ],
)
def test_the_key_that_lasts_longest_a_day_inside_its_dates(keys, slot):
    assert chosen(*keys) == slot


@pytest.mark.parametrize("keys", [[], [key("A", 1)], [key("A", -9, 0), key("B", 1, 9)]])
def test_no_valid_key_fails_before_anything_is_sent(keys):
    with pytest.raises(AccessRefused) as refused:
        chosen(*keys)
    assert "secret" not in str(refused.value)


def test_a_key_is_chosen_anew_at_every_request():
    ring = KeyRing([key("A", -100, 100), key("B", 50, 900)])
    hours = {hour: ring.choose(NOW + timedelta(hours=hour), "GET x").slot for hour in (0, 73, 77)}
    assert hours == {0: "A", 73: "A", 77: "B"}


def test_a_refused_key_is_not_chosen_again():
    ring = KeyRing([key("A"), key("B")])
    assert ring.refuse(ring.choose(NOW, "GET x"), NOW)
    assert ring.choose(NOW, "GET x").slot == "B"
    assert not ring.refuse(ring.choose(NOW, "GET x"), NOW)
    with pytest.raises(AccessRefused, match="slot A was refused by EnerKey"):
        ring.choose(NOW, "GET x")


def test_a_key_outside_its_dates_is_not_tried_after_a_refusal():
    ring = KeyRing([key("A"), key("B", 1)])
    assert not ring.refuse(ring.choose(NOW, "GET x"), NOW)


@pytest.mark.parametrize(
    ("hours", "days"), [(31 * 24, None), (30 * 24, 30), (25, 1), (1, 0), (-1, "ended")]
)
def test_the_user_is_warned_a_month_before_the_last_key_ends(hours, days):
    warning = KeyRing([key("A", None, hours), key("B", None, -100)]).warning(NOW)
    assert (warning is None) == (days is None)
    if warning:
        assert "slot A" in warning
        assert str(days) in warning


def test_a_key_without_an_end_is_nothing_to_warn_of():
    assert KeyRing([key("A"), key("B", None, 1)]).warning(NOW) is None


def test_secrets_do_not_show():
    assert "secret-A" not in repr(key("A"))
