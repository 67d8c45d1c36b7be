"""Gaps between messages: bursts, batches, token buckets."""

from fractions import Fraction
from itertools import accumulate, islice, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simpy import Environment

from sim.engine import Subscriber, Topic
from sim.policies import DropNewest
from sim.theory import token_bucket
from sim.traffic import batch_gaps, burst_gaps, on_off_turns, token_bucket_gaps


def test_a_burst_is_evenly_spaced_and_followed_by_the_base_rate() -> None:
    times = list(islice(accumulate(burst_gaps(4.0, 1.0, 2.0)), 11))
    assert times == [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 3.0, 4.0, 5.0]
    assert list(accumulate(burst_gaps(4.0, 0.0, 1.0))) == [0.0, 0.25, 0.5, 0.75]
    assert list(burst_gaps(4.0, 0.0, 0.01)) == []


def test_a_batch_comes_at_once_after_a_pause() -> None:
    assert list(batch_gaps(iter([2.0, 5.0]), 3)) == [2.0, 0.0, 0.0, 5.0, 0.0, 0.0]


def test_on_off_turns_begin_with_a_pause() -> None:
    turns = on_off_turns(iter([1.0, 2.0]), iter([5.0, 6.0]))
    assert list(turns) == [(5.0, False), (1.0, True), (6.0, False), (2.0, True)]


EIGHTHS = st.integers(0, 40).map(lambda n: n / 8)  # sums stay exact
WISHES = st.lists(EIGHTHS, min_size=1, max_size=120)


@given(wishes=WISHES, depth=st.integers(1, 12), rate=st.sampled_from([0.25, 0.5, 1.0, 2.0]))
def test_what_passes_a_token_bucket_stays_within_its_envelope(
    wishes: list[float], depth: int, rate: float
) -> None:
    wanted = list(accumulate(wishes))
    times = list(accumulate(token_bucket_gaps(iter(wishes), depth, rate)))
    assert len(times) == len(wishes)
    assert all(passed >= wish for passed, wish in zip(times, wanted, strict=True))
    for i, start in enumerate(times):  # in any window [s, t] at most depth + rate (t - s)
        for j in range(i, len(times)):
            assert j - i + 1 <= depth + rate * (times[j] - start)


@given(wishes=WISHES, depth=st.integers(1, 12), rate=st.sampled_from([0.25, 0.5, 1.0, 2.0]))
def test_nobody_waits_for_a_token_that_is_there(wishes: list[float], depth: int, rate: float) -> None:
    times = list(accumulate(token_bucket_gaps(iter(wishes), depth, rate)))
    tokens, at, last = Fraction(depth), Fraction(0), Fraction(0)
    for wish, passed in zip(accumulate(map(Fraction, wishes)), times, strict=True):
        now = max(wish, last)
        tokens = min(Fraction(depth), tokens + (now - at) * Fraction(rate))
        wait = max(Fraction(0), (1 - tokens) / Fraction(rate))
        tokens += wait * Fraction(rate) - 1
        at = last = now + wait
        assert passed == float(last)


@given(
    wishes=WISHES,
    depth=st.integers(1, 12),
    rate=st.sampled_from([0.25, 0.5, 1.0]),
    service_rate=st.sampled_from([1.0, 2.0, 4.0]),
)
def test_a_buffer_as_deep_as_the_bucket_never_overflows(
    wishes: list[float], depth: int, rate: float, service_rate: float
) -> None:
    bound = token_bucket(depth, rate, service_rate)
    env = Environment()
    topic = Topic(env)
    subscriber = topic.subscribe(Subscriber(env, depth, repeat(1 / service_rate), DropNewest()))
    topic.feed(token_bucket_gaps(iter(wishes), depth, rate))
    env.run()
    meter = subscriber.meter(subscriber.drain())
    assert meter.dropped == 0
    assert meter.peak <= bound.backlog
    assert meter.longest_age is not None
    assert meter.longest_age <= bound.delay


@pytest.mark.parametrize("depth", [1, 8, 32])
@pytest.mark.parametrize("service_rate", [1.0, 2.0])
def test_the_greedy_source_attains_the_bound(depth: int, service_rate: float) -> None:
    bound = token_bucket(depth, 1.0, service_rate)
    env = Environment()
    topic = Topic(env)
    subscriber = topic.subscribe(Subscriber(env, depth, repeat(1 / service_rate), DropNewest()))
    topic.feed(token_bucket_gaps(repeat(0.0, 500), depth, 1.0))
    env.run()
    meter = subscriber.meter(subscriber.drain())
    assert meter.dropped == 0
    assert meter.peak == bound.backlog
    assert meter.longest_age == bound.delay


def test_one_place_less_is_not_enough_for_the_greedy_source() -> None:
    env = Environment()
    topic = Topic(env)
    subscriber = topic.subscribe(Subscriber(env, 7, repeat(1.0), DropNewest()))
    topic.feed(token_bucket_gaps(repeat(0.0, 8), 8, 1.0))
    env.run()
    assert subscriber.dropped == 1


def test_a_bucket_holds_at_least_one_token() -> None:
    with pytest.raises(ValueError, match="depth must be at least 1 token"):
        next(token_bucket_gaps(repeat(1.0), 0.5, 1.0))
