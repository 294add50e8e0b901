"""Small rules: which reads show what is needed, and what size of values is strange."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.sinks.enerkey.plausibility import strange_size, tells_size
from energy_pipeline.sinks.enerkey.reading import plan_reads

START, HOUR = datetime(2026, 1, 1, tzinfo=UTC), timedelta(hours=1)


@given(
    st.dictionaries(st.integers(1, 200), st.sets(st.integers(0, 3000), max_size=5), max_size=120)
)
def test_reads_show_every_needed_hour_and_none_is_too_large(needed):
    hours = {meter: {START + n * HOUR for n in ns} for meter, ns in needed.items()}
    reads = list(plan_reads(hours))
    shown = {
        (meter, hour)
        for meters, span in reads
        for meter in meters
        for hour in hours[meter]
        if span.start <= hour < span.end
    }
    assert shown == {(meter, hour) for meter, of in hours.items() for hour in of}
    for meters, span in reads:
        assert 1 <= len(meters) <= 50
        assert span.end - span.start <= timedelta(days=31)


def test_a_month_of_50_meters_is_one_read():
    month = {START + n * HOUR for n in range(31 * 24)}
    assert len(list(plan_reads({meter: month for meter in range(50)}))) == 1
    assert len(list(plan_reads({meter: month for meter in range(51)}))) == 2


def test_a_factor_of_a_thousand_is_strange_both_ways():
    assert strange_size([1000.0] * 24, [1.0] * 24)
    assert strange_size([0.001] * 24, [1.0] * 24)
    assert strange_size([-1000.0] * 24, [1.0] * 24)


def test_what_is_less_than_a_hundredfold_is_not_strange():
    assert strange_size([99.0] * 24, [1.0] * 24) is None
    assert strange_size([0.011] * 24, [1.0] * 24) is None


def test_nights_and_few_hours_prove_nothing():
    assert strange_size([1000.0] * 23 + [0.0] * 50, [1.0] * 24) is None
    assert strange_size([1000.0] * 24, [1.0] * 23) is None
    assert strange_size([1.0] * 24 + [0.0] * 500, [1.0] * 24 + [0.0] * 900) is None
    assert not tells_size([0.0] * 100)
