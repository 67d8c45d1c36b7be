"""What a subscriber measured: nothing lost in folding bins, and periods that add up."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simpy import Environment

from sim.engine import Subscriber, Topic
from sim.meter import BINS, Ages, Meter, folded, grouped, pooled
from sim.policies import DropNewest

AGES = st.lists(st.floats(0, 1e12), min_size=1, max_size=200)


@given(AGES)
def test_ages_keep_their_count_and_their_bin_whatever_their_order(ages: list[float]) -> None:
    one, other = Ages(), Ages()
    for age in ages:
        one.add(age)
    for age in reversed(ages):
        other.add(age)
    assert sum(one.bins) == len(ages)
    assert (one.bins, one.scale) == (other.bins, other.scale)
    assert len(one.bins) == BINS
    for age in ages:
        assert one.bins[int(age * one.scale)] > 0


@given(st.lists(st.integers(0, 9)))
def test_folding_adds_neighbours(bins: list[int]) -> None:
    assert folded(bins) == [sum(bins[i : i + 2]) for i in range(0, len(bins), 2)]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=400), st.integers(1, 50))
def test_grouping_keeps_the_sum_and_the_limit(values: list[int], most: int) -> None:
    found = grouped(values, most)
    assert sum(found) == sum(values)
    assert len(found) <= most
    assert found[0] == sum(values[: ceil(len(values) / most)])


def _meters(times: list[float]) -> list[Meter]:
    env = Environment()
    topic = Topic(env)
    subscriber = topic.subscribe(Subscriber(env, 3, iter([0.7, 1.9, 0.2, 5.0] * 50), DropNewest()))
    topic.feed(iter([0.9, 0.1, 0.1, 2.5] * 40))
    found = []
    for time in times:
        env.run(until=time)
        found.append(subscriber.meter(env.now))
    return found


def test_two_periods_add_up_to_the_whole() -> None:
    early, middle, late = _meters([10.0, 55.0, 100.0])
    whole, first, second = late.since(early), middle.since(early), late.since(middle)
    for name in ("time", "delivered", "dropped", "lost", "level", "age_sum", "offered"):
        assert getattr(whole, name) == pytest.approx(getattr(first, name) + getattr(second, name))
    assert sum(whole.time_at) == pytest.approx(90.0)
    assert sum(whole.ages) == whole.delivered
    assert late.loss == pytest.approx(late.dropped / late.offered)


def test_pooled_rates_are_per_subscriber() -> None:
    early, late = _meters([20.0, 100.0])
    both = pooled([early, late])
    assert both is not None
    assert both.throughput == pytest.approx((early.delivered + late.delivered) / 120.0)
    assert both.mean_age == pytest.approx((early.age_sum + late.age_sum) / (early.delivered + late.delivered))
    assert sum(both.ages) == both.delivered
    assert both.peak == max(early.peak, late.peak)
    assert pooled([]) is None


def test_quantiles_and_the_longest_age_are_right_to_a_bin() -> None:
    counts = [0] * BINS
    for age in range(100):
        counts[age] += 1  # ages 0.5, 1.5, .. 99.5
    meter = Meter(1.0, 100, 0, 0, 0, (1.0,), 5000.0, tuple(counts), 1.0)
    assert meter.age_quantile(0.5) == pytest.approx(50.0)
    assert meter.age_quantile(0.99) == pytest.approx(99.0)
    assert meter.age_quantile(0.0) == pytest.approx(0.0, abs=1e-6)
    assert meter.longest_age == 99.0
    counts, width = meter.age_histogram(most=30)
    assert width == 4.0
    assert counts == (4,) * 25


def test_a_subscriber_that_was_offered_nothing_has_no_ages_and_no_loss() -> None:
    env = Environment()
    meter = Subscriber(env, 1, iter([1.0]), DropNewest()).meter(0.0)
    assert (meter.loss, meter.throughput, meter.mean_level, meter.peak) == (0.0, 0.0, 0.0, 0)
    assert meter.mean_age is meter.longest_age is meter.age_quantile(0.5) is None
    assert meter.occupancy() == (0.0,)
    assert meter.age_histogram() == ((), meter.bin)
