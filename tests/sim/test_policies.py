"""Each policy as a scene: what it keeps, what it drops, what it costs a neighbour (nothing)."""

from collections.abc import Iterable
from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simpy import Environment

from sim.engine import Policy, Subscriber, Topic, Watched
from sim.policies import (
    MAKERS,
    Block,
    ConflateByKey,
    DisconnectAfter,
    DropNewest,
    DropOldest,
    GrowBuffer,
)


def _delivered(
    policy: Policy,
    capacity: int,
    gaps: Iterable[float],
    services: Iterable[float],
    keys: Iterable[int] | None = None,
) -> tuple[list[float], Subscriber]:
    """Publish at the gaps; return the births of what was delivered, in order, and the subscriber."""
    env, born = Environment(), []
    topic = Topic(env)
    subscriber = topic.subscribe(
        Watched(env, capacity, iter(services), policy, lambda birth, now: born.append(birth))
    )
    topic.feed(iter(gaps), iter(keys) if keys is not None else None)
    env.run()
    return born, subscriber


SIX = [1.0] * 6  # published at 1, 2, 3, 4, 5, 6


def test_drop_newest_keeps_what_was_there_first() -> None:
    born, subscriber = _delivered(DropNewest(), 3, SIX, repeat(100.0))
    assert born == [1.0, 2.0, 3.0]
    assert (subscriber.dropped, subscriber.first_drop) == (3, 4.0)


def test_drop_oldest_keeps_the_latest_and_what_is_being_handled() -> None:
    born, subscriber = _delivered(DropOldest(), 3, SIX, repeat(100.0))
    assert born == [1.0, 5.0, 6.0]
    assert (subscriber.dropped, subscriber.first_drop) == (3, 4.0)


def test_with_one_place_there_is_no_oldest_to_drop() -> None:
    born, subscriber = _delivered(DropOldest(), 1, SIX, repeat(100.0))
    assert born == [1.0]
    assert subscriber.dropped == 5


def test_conflation_replaces_the_waiting_message_of_the_key_in_its_place() -> None:
    born, subscriber = _delivered(ConflateByKey(), 9, SIX, repeat(100.0), keys=[0, 7, 8, 7, 0, 8])
    assert born == [1.0, 4.0, 6.0, 5.0]  # keys 0, 7, 8, 0: the first 0 was being handled already
    assert subscriber.dropped == 2


def test_conflation_drops_the_oldest_where_every_place_has_another_key() -> None:
    born, subscriber = _delivered(ConflateByKey(), 3, SIX, repeat(100.0), keys=[0, 1, 2, 3, 4, 2])
    assert born == [1.0, 5.0, 6.0]
    assert subscriber.dropped == 3


def test_conflation_with_one_place_drops_the_newest() -> None:
    born, _ = _delivered(ConflateByKey(), 1, SIX, repeat(100.0), keys=repeat(0))
    assert born == [1.0]


@given(
    keys=st.lists(st.integers(0, 4), min_size=1, max_size=60),
    services=st.lists(st.integers(1, 6), min_size=60, max_size=60),
    capacity=st.integers(1, 6),
)
def test_conflation_agrees_with_a_naive_list(keys: list[int], services: list[int], capacity: int) -> None:
    born, subscriber = _delivered(ConflateByKey(), capacity, [1.0] * len(keys), map(float, services), keys)
    waiting: list[tuple[int, int]] = []  # (key, number), the oldest first
    expected: list[float] = []
    busy_until, handled = 0, None
    for number in range(len(keys) + 400):
        now = number + 1
        while handled is not None and busy_until <= now:
            expected.append(float(handled + 1))
            handled = None
            if waiting:
                handled = waiting.pop(0)[1]
                busy_until += services[handled]
        if number >= len(keys):
            continue
        same = [i for i, (key, _) in enumerate(waiting) if key == keys[number]]
        if same:
            waiting[same[0]] = (keys[number], number)
        elif handled is None:
            handled, busy_until = number, now + services[number]
        elif len(waiting) + 1 < capacity:
            waiting.append((keys[number], number))
        elif waiting:
            waiting = [*waiting[1:], (keys[number], number)]
    assert born == expected
    assert subscriber.dropped == len(keys) - len(expected)


def test_disconnect_loses_what_was_held_and_the_message_too_many() -> None:
    born, subscriber = _delivered(DisconnectAfter(), 3, SIX, [1.5, *repeat(100.0, 9)])
    assert born == [1.0]  # delivered before the disconnect, at the sixth message's time
    assert (subscriber.lost, subscriber.dropped, subscriber.disconnects) == (5, 0, 1)
    assert (subscriber.first_disconnect, subscriber.connected_since) == (5.0, None)
    assert subscriber.connected_time == 5.0


def test_disconnect_may_forgive_a_few_overflows() -> None:
    born, subscriber = _delivered(DisconnectAfter(overflows=3), 2, SIX, repeat(100.0))
    assert (subscriber.dropped, subscriber.lost, subscriber.first_disconnect) == (2, 4, 5.0)
    assert born == []


def test_a_subscriber_that_reconnects_misses_what_was_published_meanwhile() -> None:
    born, subscriber = _delivered(DisconnectAfter(1, reconnect_after=2.0), 1, SIX, [9.0] * 3 + [0.5] * 3)
    assert born == [4.0, 5.0, 6.0]  # the second message found no place: away from 2 to 4
    assert (subscriber.disconnects, subscriber.lost) == (1, 3)
    assert (subscriber.connected_time, subscriber.connected_since) == (2.0, 4.0)


def test_a_growing_buffer_doubles_and_loses_nothing_below_its_ceiling() -> None:
    born, subscriber = _delivered(GrowBuffer(), 1, SIX, repeat(100.0))
    assert born == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert subscriber.capacity == 8
    born, subscriber = _delivered(GrowBuffer(ceiling=3), 1, SIX, repeat(100.0))
    assert born == [1.0, 2.0, 3.0]
    assert (subscriber.capacity, subscriber.dropped) == (3, 3)


def test_a_full_blocking_subscriber_is_never_offered_anything_directly() -> None:
    subscriber = Subscriber(Environment(), 1, repeat(1.0), Block())
    subscriber.offer(0.0, 0.0, 0)
    with pytest.raises(RuntimeError, match="publish through its Topic"):
        subscriber.offer(0.0, 0.0, 0)


def test_a_disconnect_must_allow_at_least_one_overflow() -> None:
    with pytest.raises(ValueError, match="overflows must be at least 1, got 0"):
        DisconnectAfter(0)


@pytest.mark.parametrize("name", sorted(set(MAKERS) - {"block"}))
def test_a_fast_neighbour_loses_nothing_unless_somebody_blocks(name: str) -> None:
    env, born = Environment(), []
    topic = Topic(env)
    topic.subscribe(Subscriber(env, 2, repeat(50.0), MAKERS[name]()))
    topic.subscribe(Watched(env, 2, repeat(0.5), DropNewest(), lambda birth, now: born.append(now - birth)))
    topic.feed(repeat(1.0, 100))
    env.run()
    assert born == [0.5] * 100
