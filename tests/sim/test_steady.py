"""Where the steady state begins: long enough, at most half a run, and not chosen by the run it is applied to."""

import pytest

from sim.buffer_sizing import BufferSizing
from sim.steady import WINDOWS, cut, window_ends
from sim.theory import OnOff


def _areas(levels: list[float]) -> list[float]:
    total, found = 0.0, []
    for level in levels:
        total += level
        found.append(total)
    return found


def test_windows_share_the_run_evenly() -> None:
    ends = window_ends(50.0)
    assert len(ends) == WINDOWS
    assert (ends[0], ends[-1]) == (50.0 / WINDOWS, 50.0)


def test_ten_relaxation_times_are_cut_even_where_the_series_looks_calm() -> None:
    calm = _areas([1.0] * WINDOWS)
    assert cut(100.0, 2.0, calm) == pytest.approx(20.0)
    assert cut(100.0, 0.0, calm) == 0.0


def test_a_visible_transient_is_cut_even_where_theory_expects_none() -> None:
    levels = [max(0.0, 40.0 - window) + 0.1 * (window % 2) for window in range(WINDOWS)]
    assert 15.0 <= cut(100.0, 0.1, _areas(levels)) <= 25.0


def test_never_more_than_half_of_a_run_is_cut() -> None:
    assert cut(100.0, 1_000.0, _areas([1.0] * WINDOWS)) == 50.0


@pytest.mark.parametrize("traffic", ["poisson", "on-off"])
def test_every_replication_of_a_scenario_is_cut_alike(traffic: str) -> None:
    scenario = BufferSizing(traffic=traffic, buffer=16, messages=2_000)
    assert len({scenario.run(1, replication).cut for replication in range(4)}) == 1
    assert scenario.run(1).cut > 0


def test_an_on_off_source_relaxes_the_more_slowly_the_fuller_its_buffer() -> None:
    source = OnOff(peak=4.0, off_rate=1.0, on_rate=0.5)
    assert source.relaxation_time(1.4) > source.relaxation_time(1.5) > source.relaxation_time(2.0)
    variance = 2 * 16 * 0.5 / 1.5**3
    assert source.relaxation_time(1.5) == pytest.approx(2 * variance / (1.5 - 4 / 3) ** 2)
