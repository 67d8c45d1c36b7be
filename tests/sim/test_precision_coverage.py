"""How often the intervals that `--precision` ends with hold the true mean: replications stop when it looks good."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import pytest
from coins import Coin

from sim.buffer_sizing import BufferSizing
from sim.precision import refine
from sim.scenario import Scenario
from sim.summary import estimate
from sim.sweep import by_scenario, sweep

START = 20  # replications, the command's default


def _coverage(
    scenario: Scenario, measures: Sequence[str], precision: float, experiments: int, exact: dict[str, float]
) -> tuple[dict[str, float], float]:
    """Return the share of experiments whose interval holds the exact value, and the mean of replications."""
    covered, runs = dict.fromkeys(measures, 0), 0
    for seed in range(experiments):
        groups, missed = refine(by_scenario(sweep([scenario], START, seed=seed)), measures, precision)
        assert not missed
        (results,) = groups.values()
        runs += len(results)
        for measure in measures:
            found = estimate(results, measure)
            assert found is not None
            assert found.half_width <= precision * found.mean
            covered[measure] += found.covers(exact[measure])
    return {measure: count / experiments for measure, count in covered.items()}, runs / experiments


@pytest.mark.slow
def test_intervals_of_a_precision_asked_for_cover_nearly_as_promised() -> None:
    experiments = 1_500
    coin = Coin(bias=0.3, coins=50)
    covered, runs = _coverage(coin, ["heads"], 0.05, experiments, {"heads": 15.0})
    assert runs > 3 * START  # so most of the stopping was decided by what was seen
    # whoever stops once it looks good loses a little: 93 to 97 % is what the simulator promises
    assert 0.93 <= covered["heads"] <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("load", [0.9, 1.2])
def test_intervals_of_a_finite_queue_cover_its_closed_form(load: float) -> None:
    queue = BufferSizing(load=load, buffer=8, messages=1_000)
    exact, experiments = queue.exact(), 300
    covered, runs = _coverage(queue, ["loss", "delay"], 0.1, experiments, exact)
    assert runs > START
    spread = 3 * sqrt(0.95 * 0.05 / experiments)  # of a share counted in so few experiments
    for measure, share in covered.items():
        assert 0.93 - spread <= share <= 0.97 + spread, (measure, share)
    assert min(covered.values()) > 0.9
