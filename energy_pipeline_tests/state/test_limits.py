from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.state.limits import Limit, pace


@given(st.floats(0.001, 100))
def test_a_pace_never_exceeds_its_average_and_stays_near_it(per_second: float) -> None:
    limit = pace(per_second)
    average = limit.requests / limit.length.total_seconds()
    assert average <= per_second * (1 + 1e-6)
    assert average >= per_second / 2


def test_the_default_pace_is_twenty_in_ten_seconds() -> None:
    assert pace(2) == Limit(20, 10.0)


@pytest.mark.parametrize(("requests", "period"), [(0, "minute"), (-1, "month"), (1, 0.0)])
def test_a_limit_of_nothing_is_refused(requests: int, period: float) -> None:
    with pytest.raises(ValueError, match="at least 1 request"):
        Limit(requests, period)


def test_a_period_has_a_name_and_a_length() -> None:
    assert (Limit(1, 10.0).name, Limit(1, 10.0).length) == ("10 s", timedelta(seconds=10))
    assert (Limit(1, "day").name, Limit(1, "day").length) == ("day", timedelta(days=1))
