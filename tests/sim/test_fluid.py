"""The fluid buffer: exact for a burst, and true to the law of an on-off source."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.fluid import Fluid, follow_on_off
from sim.theory import burst

QUARTERS = st.integers(1, 20).map(lambda n: n / 4)


@given(
    surplus=st.sampled_from([1.0, 2.0, 4.0]),
    spare=st.sampled_from([1.0, 2.0, 4.0]),
    service_rate=st.sampled_from([4.0, 8.0]),
    length=QUARTERS,
)
def test_a_burst_piles_up_and_drains_exactly_as_calculated(
    surplus: float, spare: float, service_rate: float, length: float
) -> None:
    peak_rate, base_rate = service_rate + surplus, service_rate - spare
    expected = burst(peak_rate, base_rate, service_rate, length)
    fluid = Fluid(service_rate)
    fluid.flow(0.0, peak_rate)
    fluid.flow(length, base_rate)
    assert fluid.level == fluid.peak == expected.peak
    assert fluid.empty_at() == length + expected.drain
    fluid.advance(length + expected.drain)
    assert fluid.level == 0.0
    assert fluid.area == pytest.approx(expected.peak * (length + expected.drain) / 2)


def test_time_above_each_mark() -> None:
    fluid = Fluid(1.0, marks=(0.0, 1.0, 3.0, 4.0))
    fluid.flow(0.0, 3.0)  # up by 2 a second: 4 at time 2
    fluid.flow(2.0, 1.0)  # stays at 4 until 3
    fluid.flow(3.0, 0.5)  # down by a half a second: empty at 11
    fluid.advance(20.0)
    assert fluid.above == [11.0, 1.5 + 1.0 + 6.0, 0.5 + 1.0 + 2.0, 0.0]
    assert (fluid.level, fluid.peak) == (0.0, 4.0)


def test_it_runs_empty_never_while_it_fills() -> None:
    fluid = Fluid(1.0)
    assert fluid.empty_at() == 0.0
    fluid.flow(0.0, 2.0)
    fluid.advance(3.0)
    assert fluid.empty_at() == inf


def test_an_on_off_source_is_reported_at_each_of_the_times() -> None:
    turns = iter([(1.0, False), (1.0, True)] * 50)
    marks = (0.0, 0.5)
    found = follow_on_off(turns, 3.0, 2.0, marks, [0.0, 10.0, 90.0])  # up to 1, then down to 0 within a half
    assert [totals.area for totals in found] == [0.0, 5 * 0.5 + 4 * 0.25, 45 * 0.5 + 44 * 0.25]
    assert found[0].above == (0.0, 0.0)
    assert found[1].above == (5 * 1.0 + 4 * 0.5, 5 * 0.5 + 4 * 0.25)
    assert found[2].peak == 1.0
