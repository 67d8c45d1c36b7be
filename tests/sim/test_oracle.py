"""Engine and oracle share no code; on every trace they agree to the last bit."""

from itertools import islice, repeat

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simpy import Environment

from sim import oracle
from sim.engine import Policy, Subscriber, Topic, Watched
from sim.policies import Block, DisconnectAfter, DropNewest
from sim.streams import Streams

FLOATS = st.floats(0, 10, allow_subnormal=False)
TIES = st.integers(0, 8).map(lambda n: n / 2)
TRACES = st.one_of(
    st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=80),
    st.lists(st.tuples(TIES, TIES), min_size=1, max_size=80),
)
PLACES = st.integers(1, 6)
Trace = list[tuple[float, float]]


def _watched(trace: Trace, places: int, policy: Policy) -> tuple[list[tuple[float, float]], Subscriber]:
    env, seen = Environment(), []
    topic = Topic(env)
    subscriber = topic.subscribe(
        Watched(env, places, iter([s for _, s in trace]), policy, lambda born, now: seen.append((born, now)))
    )
    topic.feed(iter([gap for gap, _ in trace]))
    env.run()
    return seen, subscriber


def _delivered(trace: Trace, found: oracle.Trace) -> list[tuple[float, float]]:
    """Return (born, departed) of the delivered messages, by the oracle."""
    now, pairs = 0.0, []
    for (gap, _), end in zip(trace, found.departures, strict=True):
        now += gap
        if end is not None:
            pairs.append((now, end))
    return pairs


@settings(max_examples=150)
@given(trace=TRACES, places=PLACES)
def test_drop_newest_agrees(trace: Trace, places: int) -> None:
    seen, subscriber = _watched(trace, places, DropNewest())
    found = oracle.drop_newest([gap for gap, _ in trace], [service for _, service in trace], places)
    assert seen == _delivered(trace, found)
    assert subscriber.meter(1e9).age_sum == found.age_sum
    assert (subscriber.dropped, subscriber.first_drop) == (found.dropped, found.first_drop)


@settings(max_examples=150)
@given(
    trace=TRACES,
    places=PLACES,
    overflows=st.integers(1, 3),
    back=st.none() | st.sampled_from([0.0, 0.5, 4.0]),
)
def test_disconnect_agrees(trace: Trace, places: int, overflows: int, back: float | None) -> None:
    seen, subscriber = _watched(trace, places, DisconnectAfter(overflows, back))
    found = oracle.disconnect(
        [gap for gap, _ in trace], [service for _, service in trace], places, overflows, back
    )
    assert seen == _delivered(trace, found)
    assert subscriber.meter(1e9).age_sum == found.age_sum
    assert (subscriber.dropped, subscriber.lost) == (found.dropped, found.lost)
    assert subscriber.disconnects == len(found.disconnects)
    assert subscriber.first_disconnect == (found.disconnects[0] if found.disconnects else None)


@settings(max_examples=150)
@given(
    trace=TRACES,
    others=st.lists(st.tuples(PLACES, st.integers(1, 7)), min_size=1, max_size=4),
    saturated=st.booleans(),
)
def test_block_agrees(trace: Trace, others: list[tuple[int, int]], saturated: bool) -> None:
    count = len(trace)
    services = [[max(0.25, service) * factor % 9 for _, service in trace] for _, factor in others]
    places = [room for room, _ in others]
    env = Environment()
    topic = Topic(env)
    seen: list[list[tuple[float, float]]] = [[] for _ in others]
    for room, draws, log in zip(places, services, seen, strict=True):
        watch = lambda born, now, log=log: log.append((born, now))  # noqa: E731
        topic.subscribe(Watched(env, room, iter([*draws, *repeat(1e12, 100)]), Block(), watch))
    if saturated:
        topic.saturate()
        env.run(until=1e11)
    else:
        topic.feed(iter([gap for gap, _ in trace]))
        env.run()
    gaps = None if saturated else [gap for gap, _ in trace]
    out, traces = oracle.block(gaps, services, places)
    for log, found in zip(seen, traces, strict=True):
        assert [now for _, now in log] == list(found.departures)
        if saturated:
            assert [born for born, _ in log] == list(out)
    if not saturated:
        born = np.cumsum([gap for gap, _ in trace])
        assert topic.hold_sum == sum((o - b for o, b in zip(out, born.tolist(), strict=True)), 0.0)
        for subscriber, found in zip(topic.subscribers, traces, strict=True):
            assert subscriber.meter(1e13).age_sum == found.age_sum
    assert topic.held == 0
    assert len(out) == count


@pytest.mark.parametrize("load", [0.9, 1.2])
@pytest.mark.parametrize("places", [1, 5, 16])
def test_lock_step_agrees_with_one_trace_at_a_time(load: float, places: int) -> None:
    messages, columns = 400, 7
    gaps, services = np.empty((messages, columns)), np.empty((messages, columns))
    for column in range(columns):
        draws = Streams(1, column, "numpy")
        gaps[:, column] = list(islice(draws.exponential("gap", mean=1 / load), messages))
        services[:, column] = list(islice(draws.exponential("service"), messages))
    lock_step = oracle.LockStep(columns, places)
    lock_step.step(gaps[:150], services[:150])
    early = lock_step.totals()
    lock_step.step(gaps[150:], services[150:])
    late = lock_step.totals()
    for column in range(columns):
        one = oracle.drop_newest(gaps[:, column].tolist(), services[:, column].tolist(), places)
        assert late.dropped[column] == one.dropped
        assert late.age_sum[column] == one.age_sum
        assert late.end[column] == max(end for end in one.departures if end is not None)
        half = oracle.drop_newest(gaps[:150, column].tolist(), services[:150, column].tolist(), places)
        assert late.since(early).dropped[column] == one.dropped - half.dropped
    assert late.since(early).messages == 250
    assert late.loss == pytest.approx(late.dropped / messages)
    assert late.mean_age == pytest.approx(late.age_sum / (messages - late.dropped))


@pytest.mark.parametrize("saturated", [False, True])
@pytest.mark.parametrize("places", [1, 3])
def test_blocking_in_lock_step_agrees_with_one_trace_at_a_time(saturated: bool, places: int) -> None:
    rng = np.random.default_rng(1)
    messages, subscribers, columns = 60, 3, 4
    services = rng.exponential(size=(messages, subscribers, columns))
    gaps = None if saturated else rng.exponential(size=(messages, columns))
    found = oracle.block_lockstep(services, places, gaps)
    for column in range(columns):
        out, _ = oracle.block(
            None if gaps is None else gaps[:, column].tolist(),
            services[:, :, column].T.tolist(),
            [places] * subscribers,
        )
        assert found[:, column].tolist() == list(out)


@pytest.mark.parametrize("fault", ["a drop too few", "a tie the other way", "a service drawn late"])
def test_a_planted_fault_is_seen(fault: str) -> None:
    gaps, services, places = [0.5, 0.5, 0.5, 1.0, 0.5, 2.0, 0.5], [2.0, 1.0, 2.0, 1.0, 0.5, 1.0, 1.5], 2
    right = oracle.drop_newest(gaps, services, places)
    wrong = {
        "a drop too few": lambda: oracle.drop_newest(gaps, services, places + 1),
        "a tie the other way": lambda: oracle.drop_newest(gaps, [s + 1e-9 for s in services], places),
        "a service drawn late": lambda: oracle.drop_newest(gaps, services[1:] + services[:1], places),
    }[fault]()
    assert wrong.departures != right.departures
