"""Intervals against scipy, against exact answers, and against how often they really cover."""

import math
from itertools import islice
from statistics import fmean, variance

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.oracle import drop_newest
from sim.statistics import interval, paired_difference, t_cdf, t_quantile, warm_up, z_score
from sim.streams import Streams
from sim.theory import mm1k


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 9, 19, 49, 99, 599, 10_000])
@pytest.mark.parametrize("probability", [0.0005, 0.025, 0.4, 0.5, 0.75, 0.975, 0.995, 0.9999])
def test_t_quantiles_equal_scipys(probability: float, degrees: int) -> None:
    expected = stats.t.ppf(probability, degrees)
    assert t_quantile(probability, degrees) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(t=st.floats(-30, 30), degrees=st.integers(1, 500))
def test_t_probabilities_equal_scipys(t: float, degrees: int) -> None:
    assert t_cdf(t, degrees) == pytest.approx(stats.t.cdf(t, degrees), rel=1e-8, abs=1e-13)


@pytest.mark.parametrize("probability", [0.0, 1.0, -0.1, math.nan])
def test_a_probability_outside_the_open_unit_interval_is_refused(probability: float) -> None:
    with pytest.raises(ValueError, match="probability must lie between 0 and 1, got"):
        t_quantile(probability, 5)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50), st.sampled_from([0.9, 0.95, 0.99]))
def test_an_interval_equals_scipys(values: list[float], level: float) -> None:
    found = interval(values, level)
    spread = stats.sem(values)
    half = stats.t.ppf(0.5 + level / 2, len(values) - 1) * spread
    assert found.mean == pytest.approx(fmean(values), abs=1e-9)
    assert found.half_width == pytest.approx(half, rel=1e-7, abs=1e-7)
    assert found.covers(found.mean)
    assert found.high - found.low == pytest.approx(2 * found.half_width, abs=1e-6)


def test_one_replication_has_no_interval() -> None:
    with pytest.raises(ValueError, match="at least 2 replications, got 1"):
        interval([3.0])


def test_a_paired_difference_is_the_interval_of_differences() -> None:
    found = paired_difference([1.0, 2.0, 4.0], [0.0, 2.5, 1.0])
    assert found == interval([1.0, -0.5, 3.0])
    with pytest.raises(ValueError, match="equally many, got 2 and 1"):
        paired_difference([1.0, 2.0], [1.0])


def test_a_z_score_means_the_same_for_few_and_many_replications() -> None:
    for n in (3, 5, 20, 500):
        t = stats.t.isf(stats.norm.sf(3.0), n - 1)  # as unlikely as z = 3
        values = [(-1.0) ** i for i in range(n)]
        centre, spread = fmean(values), stats.sem(values)
        assert z_score(values, centre - t * spread) == pytest.approx(3.0, abs=1e-6)
        assert z_score(values, centre + t * spread) == pytest.approx(-3.0, abs=1e-6)


def test_equal_values_are_either_exact_or_infinitely_far() -> None:
    assert z_score([2.0, 2.0], 2.0) == 0.0
    assert z_score([2.0, 2.0], 1.0) == math.inf
    assert z_score([2.0, 2.0], 3.0) == -math.inf


def test_the_warm_up_ends_with_the_transient() -> None:
    noise = [math.sin(7.0 * i) for i in range(400)]  # no trend
    transient = [max(0.0, 50.0 - i) for i in range(400)]
    cut = warm_up([a + b for a, b in zip(noise, transient, strict=True)])
    assert 40 <= cut <= 60
    assert warm_up([5.0] * 100) == 0
    assert warm_up([]) == warm_up([1.0, 2.0]) == 0


@given(st.lists(st.floats(-1e3, 1e3), max_size=200))
def test_the_warm_up_is_a_multiple_of_five_in_the_first_half(series: list[float]) -> None:
    cut = warm_up(series)
    assert cut % 5 == 0
    assert cut <= max(0, len(series) / 2)


def _losses(places: int, replications: int, messages: int, load: float = 0.9) -> list[float]:
    found = []
    for replication in range(replications):
        draws = Streams(1, replication)
        gaps = list(islice(draws.exponential("gap", mean=1 / load), messages))
        services = list(islice(draws.exponential("service"), messages))
        found.append(drop_newest(gaps, services, places).dropped / messages)
    return found


def test_common_random_numbers_make_a_difference_sharper() -> None:
    small, large = _losses(16, 60, 5_000), _losses(32, 60, 5_000)
    paired = variance([a - b for a, b in zip(small, large, strict=True)])
    assert paired < 0.7 * (variance(small) + variance(large))


@pytest.mark.slow
@pytest.mark.parametrize("load", [0.9, 1.2])
def test_t_intervals_cover_as_promised_and_the_naive_interval_does_not(load: float) -> None:
    messages, experiments, replications = 20_000, 400, 10
    exact = mm1k(load, 1.0, 16).loss
    losses = _losses(16, experiments * replications, messages // replications * 4, load)
    groups = [losses[i : i + replications] for i in range(0, len(losses), replications)]
    covered = sum(interval(group).covers(exact) for group in groups) / experiments
    assert 0.92 <= covered <= 0.975
    half = 1.96 * (exact * (1 - exact) / (messages // replications * 4)) ** 0.5
    naive = sum(abs(loss - exact) <= half for loss in losses) / len(losses)
    assert naive < 0.6
