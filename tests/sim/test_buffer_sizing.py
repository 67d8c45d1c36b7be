"""What the scenario must show: how much a place buys, what no place buys, what bursts need."""

from dataclasses import replace
from itertools import pairwise

import pytest

from sim.buffer_sizing import LOADS, BufferSizing
from sim.scenario import grid
from sim.statistics import interval
from sim.sweep import by_scenario, sweep

BASE = BufferSizing(messages=4_000)
STEADY = replace(BASE, service="deterministic")


def _means(scenarios: tuple[BufferSizing, ...], measure: str, replications: int = 5) -> list[float]:
    groups = by_scenario(sweep(scenarios, replications)).values()
    return [sum(getattr(r, measure) for r in group) / replications for group in groups]


def test_loss_does_not_grow_with_the_buffer_in_the_mean() -> None:
    for load in LOADS:
        losses = _means(grid(BASE, load=(load,), buffer=(1, 2, 4, 8, 16, 32)), "loss", 3)
        assert losses == sorted(losses, reverse=True)


def test_at_overload_a_bigger_buffer_buys_delay_and_no_loss() -> None:
    scenarios = grid(replace(BASE, load=1.2, messages=10_000), buffer=(32, 128, 512))
    losses, delays = _means(scenarios, "loss", 3), _means(scenarios, "delay", 3)
    assert all(loss == pytest.approx(scenarios[0].floor, abs=0.03) for loss in losses)
    for scenario, delay in zip(scenarios, delays, strict=True):
        assert delay == pytest.approx(
            scenario.buffer / scenario.service_rate, rel=0.25
        )  # K over service rate


def test_a_burst_of_steady_messages_needs_surplus_times_length() -> None:
    for length in (0.05, 0.1, 0.4):
        needed = (2000.0 - 1000.0) * length
        roomy = replace(STEADY, traffic="burst", burst_length=length, buffer=int(needed) + 1)
        assert roomy.exact()["peak"] == pytest.approx(needed)
        result = roomy.run(1)
        assert result.loss == 0
        assert result.peak == pytest.approx(needed, abs=1)
        assert result.drain == pytest.approx(roomy.exact()["drain"], rel=0.05, abs=0.03)
        tight = replace(roomy, buffer=int(needed) // 2)
        assert tight.run(1).loss == pytest.approx(tight.exact()["loss"], abs=0.02)
        assert tight.run(1).first_drop is not None


def test_a_burst_without_base_traffic_drains_to_the_very_moment() -> None:
    scenario = BufferSizing(
        traffic="burst", service="deterministic", service_rate=64.0, load=0, burst_length=2.0, buffer=500
    )
    result = scenario.run(1)
    assert result.drain == scenario.exact()["drain"] == 2.0
    assert result.published == 256


def test_an_overloaded_buffer_never_drains_after_a_burst() -> None:
    scenario = replace(STEADY, traffic="burst", load=1.1, messages=500)
    assert "drain" not in scenario.exact()
    assert scenario.run(1).drain is None


@pytest.mark.parametrize("load", [0.5, 0.9, 1.0])
def test_a_token_bucket_is_never_exceeded_and_a_buffer_of_its_depth_loses_nothing(load: float) -> None:
    scenario = replace(STEADY, traffic="token-bucket", load=load, depth=32, buffer=32)
    bounds = scenario.bounds()
    for replication in range(5):
        result = scenario.run(1, replication)
        assert result.loss == 0
        assert result.peak <= bounds["peak"]
        assert result.delay_max <= bounds["delay_max"] + 1e-9
    assert result.peak >= 0.9 * bounds["peak"]


def test_more_workers_at_the_same_load_mean_less_delay() -> None:
    delays = _means((BASE, replace(BASE, workers=4), replace(BASE, workers=16)), "delay")
    assert delays == sorted(delays, reverse=True)


def test_an_on_off_source_is_compared_at_every_mark() -> None:
    scenario = replace(BASE, traffic="on-off", buffer=64, messages=150_000)
    results = [scenario.run(1, n) for n in range(5)]
    for mark, level in enumerate(results[0].marks):
        exact = replace(scenario, buffer=max(1, int(level))).exact()["overflow"] if mark else scenario.load
        found = interval([result.exceeded[mark] for result in results], level=0.999)
        assert found.covers(exact), (level, found, exact)
    assert results[0].overflow == results[0].exceeded[-1]
    assert results[0].loss is results[0].delay is None


def test_the_warm_up_cut_is_reported_and_covers_ten_relaxation_times() -> None:
    result = replace(BASE, buffer=16).run(1)
    assert result.cut >= 10 * 28.6 / 1000  # at load .9, 28.6 handling times each
    endless = replace(BASE, load=1.0, buffer=5_000).run(1)
    assert endless.cut == pytest.approx(4.0 / 2)  # never more than half of the run
    assert replace(STEADY, traffic="token-bucket").run(1).cut == 0.0


def test_every_load_of_the_figure_is_a_variant_under_common_random_numbers() -> None:
    variants = BASE.variants()
    assert tuple(v.load for v in variants) == LOADS
    peaks = [[v.run(1, n).peak for n in range(3)] for v in variants]
    for lighter, heavier in pairwise(peaks):
        assert all(a <= b for a, b in zip(lighter, heavier, strict=True))


def test_histograms_are_small_and_complete() -> None:
    result = replace(BASE, load=1.2, buffer=3_000, messages=20_000).run(1)
    assert len(result.occupancy) <= 128
    assert sum(result.occupancy) == pytest.approx(1.0)
    assert len(result.delays) <= 128
    assert sum(result.delays) == pytest.approx(result.throughput * (20_000 / 1200 - result.cut), abs=1)
