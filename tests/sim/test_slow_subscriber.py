"""What the scenario must show: who pays under each policy, what stays fresh, where the queue goes."""

from dataclasses import replace

import pytest

from sim.scenario import grid
from sim.slow_subscriber import WINDOWS, SlowSubscriber, SlowSubscriberResult
from sim.statistics import paired_difference
from sim.sweep import by_scenario, sweep
from sim.theory import first_passage

BASE = SlowSubscriber(duration=4.0, buffer=64)


@pytest.fixture(scope="module")
def by_policy() -> dict[str, list[SlowSubscriberResult]]:
    """Four replications of every policy, under common random numbers."""
    found: dict[str, list[SlowSubscriberResult]] = {}
    for scenario, results in by_scenario(sweep(BASE.variants(), 4)).items():
        found[scenario.parameters()["policy"]] = list(results)  # type: ignore[arg-type]
    return found


def _mean(results: list[SlowSubscriberResult], measure: str) -> float:
    return sum(getattr(result, measure) for result in results) / len(results)


@pytest.mark.parametrize("policy", ["drop-newest", "drop-oldest", "disconnect", "grow"])
def test_a_fast_neighbour_loses_nothing_and_stays_fresh_unless_somebody_blocks(
    by_policy: dict[str, list[SlowSubscriberResult]], policy: str
) -> None:
    assert _mean(by_policy[policy], "fast_loss") < 0.001
    assert _mean(by_policy[policy], "fast_age") < 0.01


def test_under_block_everybody_gets_the_slowest_rate_and_the_queue_moves_upstream(
    by_policy: dict[str, list[SlowSubscriberResult]],
) -> None:
    block = by_policy["block"]
    assert _mean(block, "fast_throughput") == pytest.approx(BASE.slow_rate, rel=0.05)
    assert _mean(block, "slow_loss") == _mean(block, "fast_loss") == 0
    assert _mean(block, "held") > 0.3 * 4.0 * (BASE.publish_rate - BASE.slow_rate)
    assert _mean(block, "fast_age") > 50 * _mean(by_policy["drop-newest"], "fast_age")


def test_a_bigger_buffer_moves_the_queue_and_not_the_age(
    by_policy: dict[str, list[SlowSubscriberResult]],
) -> None:
    for block, grow in zip(by_policy["block"], by_policy["grow"], strict=True):
        assert grow.slow_age == pytest.approx(block.slow_age, rel=1e-9)  # the same messages, the same times
        assert grow.slow_loss == 0
        assert grow.slow_waiting == pytest.approx(block.slow_waiting + block.held, abs=1)


def test_what_drop_oldest_and_conflation_deliver_is_fresher(
    by_policy: dict[str, list[SlowSubscriberResult]],
) -> None:
    ages = {policy: [r.slow_age for r in results] for policy, results in by_policy.items()}
    assert paired_difference(ages["drop-newest"], ages["drop-oldest"]).low > 0
    assert paired_difference(ages["drop-oldest"], ages["conflate"]).low > 0
    assert paired_difference(ages["grow"], ages["drop-newest"]).low > 0


def test_in_an_overload_every_loss_is_about_the_missing_rate(
    by_policy: dict[str, list[SlowSubscriberResult]],
) -> None:
    for policy in ("drop-newest", "drop-oldest"):
        assert _mean(by_policy[policy], "slow_loss") == pytest.approx(1 - 625 / 1000, abs=0.03)


def test_policies_meet_the_same_messages(by_policy: dict[str, list[SlowSubscriberResult]]) -> None:
    for policy in set(by_policy) - {"block"}:
        published = [result.published for result in by_policy[policy]]
        assert published == [result.published for result in by_policy["drop-newest"]]
    kept = [result.fast_age for result in by_policy["drop-newest"]]
    assert kept == [result.fast_age for result in by_policy["disconnect"]]  # these never met a full buffer


def test_disconnect_at_a_small_buffer_hurts_a_healthy_subscriber_at_its_first_bad_luck() -> None:
    small = replace(BASE, buffer=16)
    dropping, ending = (
        [replace(small, policy=p).run(1, n) for n in range(4)] for p in ("drop-newest", "disconnect")
    )
    assert _mean(ending, "fast_loss") > 10 * _mean(dropping, "fast_loss")


def test_the_first_drop_comes_at_the_first_passage_and_a_disconnect_then_too() -> None:
    scenario = replace(BASE, subscribers=1, slow=1, duration=1.0)
    drops = [scenario.run(1, n).first_drop for n in range(30)]
    ends = [replace(scenario, policy="disconnect").run(1, n) for n in range(30)]
    mean = first_passage(1000.0, 625.0, BASE.buffer + 1)
    assert sum(drops) / 30 == pytest.approx(mean, rel=0.25)
    assert all(result.disconnects >= 1 for result in ends)
    assert all(0 < result.connection < 1 for result in ends)


def test_buffers_delay_the_first_drop_in_proportion() -> None:
    firsts = []
    for buffer in (10, 100, 1000):
        results = [
            SlowSubscriber(
                subscribers=1, publish_rate=1000, fast_rate=800, slowness=1, buffer=buffer, duration=8.0
            )
            .run(1, n)
            .first_drop
            for n in range(5)
        ]
        firsts.append(sum(results) / 5)
    assert firsts[2] == pytest.approx(1000 / 200, rel=0.3)
    assert firsts[0] < firsts[1] < firsts[2]


def test_a_disconnected_subscriber_that_never_comes_back_loses_the_rest() -> None:
    result = replace(BASE, policy="disconnect", reconnect_after=None).run(1)
    assert result.disconnects == 1
    assert result.slow_loss > 0.9


def test_the_series_cover_the_run_and_end_where_the_policy_leads(
    by_policy: dict[str, list[SlowSubscriberResult]],
) -> None:
    grow = by_policy["grow"][0]
    assert len(grow.slow_age_series) == WINDOWS
    assert grow.slow_age_series[-1] > 5 * grow.slow_age_series[3]
    assert sum(grow.slow_occupancy) == pytest.approx(1.0)
    assert len(grow.slow_ages) <= 128
    away = by_policy["disconnect"][0]
    assert None in away.slow_age_series  # nothing is delivered while away


def test_without_slow_or_without_fast_ones_their_measures_are_absent() -> None:
    alone = replace(BASE, subscribers=1, slow=1, duration=0.2).run(1)
    assert alone.fast_loss is alone.fast_age is alone.fast_peak is None
    assert alone.fast_age_series == ()
    healthy = replace(BASE, slow=0, duration=0.2).run(1)
    assert healthy.slow_loss is healthy.slow_waiting is healthy.slow_age_bin is None
    assert healthy.slow_occupancy == healthy.slow_ages == ()


def test_a_warm_up_is_left_out_of_every_count() -> None:
    whole, later = BASE.run(1), replace(BASE, warm_up=1.0, duration=3.0).run(1)
    assert later.published < whole.published
    assert later.slow_loss > whole.slow_loss  # the buffer was full already


@pytest.mark.parametrize("streams", ["numpy", "python"])
def test_loss_does_not_grow_with_the_buffer_in_the_mean(streams: str) -> None:
    scenarios = grid(replace(BASE, subscribers=1, slowness=1.3, duration=2.0), buffer=(1, 2, 4, 8, 16, 64))
    losses = [
        sum(r.slow_loss for r in results)
        for results in by_scenario(sweep(scenarios, 5, streams=streams)).values()
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > losses[-1]


def test_deterministic_handling_blocks_at_the_slowest_rate_exactly() -> None:
    scenario = SlowSubscriber(
        policy="block",
        publisher="saturated",
        service="deterministic",
        fast_rate=16.0,
        slowness=4.0,
        duration=10.0,
    )
    result = scenario.run(1)
    assert result.slow_throughput == 4.0
    assert result.fast_throughput == pytest.approx(4.0, abs=64 / 10)
    assert scenario.exact() == {}
