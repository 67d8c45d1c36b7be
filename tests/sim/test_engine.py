"""The engine on traces: who gets what and when, what is counted, what it costs."""

from collections.abc import Callable, Generator
from itertools import islice, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simpy import Environment, Event
from simpy.events import NORMAL, EventPriority

from sim.engine import Policy, Subscriber, Topic, Watched
from sim.policies import MAKERS, Block, DisconnectAfter, DropNewest, GrowBuffer
from sim.pool import Pool
from sim.streams import Streams

TIMES = st.lists(st.integers(0, 12).map(lambda n: n / 4), min_size=1, max_size=60)  # ties are common
EVERY_POLICY: dict[str, Callable[[], Policy]] = {
    **MAKERS,
    "disconnect after 3, back in 2": lambda: DisconnectAfter(3, 2.0),
    "disconnect, back at once": lambda: DisconnectAfter(1, 0.0),
    "grow up to 5": lambda: GrowBuffer(5),
}


def _services(gaps: list[float], number: int) -> list[float]:
    return [((7 * i + 3 * number) % 11) / 4 for i in range(len(gaps))]


@given(
    gaps=TIMES,
    policies=st.lists(st.sampled_from(sorted(EVERY_POLICY)), min_size=1, max_size=4),
    capacity=st.integers(1, 5),
    stop=st.integers(1, 40),
)
def test_every_message_is_accounted_for_at_every_subscriber(
    gaps: list[float], policies: list[str], capacity: int, stop: int
) -> None:
    env = Environment()
    topic = Topic(env)
    for number, name in enumerate(policies):
        services = iter(_services(gaps, number))
        topic.subscribe(Subscriber(env, capacity, services, EVERY_POLICY[name]()))
    topic.feed(iter(gaps), keys=iter([i % 3 for i in range(len(gaps))]))
    env.run(until=float(stop))
    out = topic.published - topic.held
    for subscriber in topic.subscribers:
        meter = subscriber.meter(env.now)
        assert out == meter.delivered + meter.dropped + meter.lost + subscriber.level
        assert sum(meter.time_at) == pytest.approx(stop)
        assert len(subscriber.waiting) == max(0, subscriber.level - 1)
        assert subscriber.level <= subscriber.capacity


@given(gaps=TIMES, name=st.sampled_from(sorted(EVERY_POLICY)), capacity=st.integers(1, 5))
def test_departures_as_events_and_departures_worked_through_later_agree_to_the_last_bit(
    gaps: list[float], name: str, capacity: int
) -> None:
    found = []
    seen: list[tuple[float, float]] = []
    for watch in (False, True):
        env = Environment()
        services = iter(_services(gaps, 0))
        policy = EVERY_POLICY[name]()
        topic = Topic(env)
        if watch:
            subscriber = topic.subscribe(
                Watched(env, capacity, services, policy, lambda born, now: seen.append((born, now)))
            )
        else:
            subscriber = topic.subscribe(Subscriber(env, capacity, services, policy))
        topic.feed(iter(gaps), keys=iter([i % 3 for i in range(len(gaps))]))
        env.run()
        last = subscriber.drain()
        found.append((subscriber.meter(1e6), last, subscriber.first_drop, subscriber.disconnects, topic.held))
    assert found[0] == found[1]
    assert len(seen) == found[0][0].delivered
    assert sum(now - born for born, now in seen) == found[0][0].age_sum


@given(gaps=TIMES, capacity=st.integers(1, 5))
def test_one_worker_is_a_pool_of_one(gaps: list[float], capacity: int) -> None:
    meters = []
    for pool in (False, True):
        env = Environment()
        topic = Topic(env)
        services = iter(_services(gaps, 0))
        topic.subscribe(
            Pool(env, capacity, services, DropNewest(), 1)
            if pool
            else Subscriber(env, capacity, services, DropNewest())
        )
        topic.feed(iter(gaps))
        env.run()
        topic.subscribers[0].drain()
        meters.append(topic.subscribers[0].meter(1e6))
    assert meters[0] == meters[1]


def test_a_place_freed_at_the_moment_of_an_arrival_is_taken_by_it() -> None:
    env = Environment()
    topic = Topic(env)
    subscriber = topic.subscribe(Subscriber(env, 1, repeat(1.0), DropNewest()))
    topic.feed(repeat(1.0, 100))
    env.run()
    assert subscriber.dropped == 0


def test_a_subscriber_gets_nothing_from_before_it_came() -> None:
    env = Environment()
    topic = Topic(env)
    early = topic.subscribe(Subscriber(env, 9, repeat(0.1), DropNewest()))
    topic.feed(repeat(1.0, 5))
    env.run(until=3.5)
    late = topic.subscribe(Subscriber(env, 9, repeat(0.1), DropNewest()))
    env.run()
    early.drain(), late.drain()
    assert (early.meter(9.0).delivered, late.meter(9.0).delivered) == (5, 2)


def test_a_process_can_publish_too() -> None:
    env = Environment()
    topic = Topic(env)
    arrived: list[tuple[float, float]] = []
    topic.subscribe(
        Watched(env, 4, repeat(0.25), DropNewest(), lambda born, now: arrived.append((born, now)))
    )

    def publisher() -> Generator[Event, None, None]:
        for _ in range(3):
            topic.publish()
            yield env.timeout(2.0)

    env.process(publisher())
    env.run()
    assert arrived == [(0.0, 0.25), (2.0, 2.25), (4.0, 4.25)]
    assert topic.published == 3


def test_a_blocked_publisher_goes_on_when_the_slowest_has_a_place() -> None:
    env = Environment()
    topic = Topic(env)
    slow: list[tuple[float, float]] = []
    topic.subscribe(Watched(env, 1, repeat(3.0), Block(), lambda born, now: slow.append((born, now))))
    fast = topic.subscribe(Subscriber(env, 1, repeat(0.5), Block()))
    lossy = topic.subscribe(Subscriber(env, 1, repeat(4.0), DropNewest()))
    topic.feed(repeat(1.0, 4))  # published at 1, 2, 3, 4; handed on at 1, 4, 7, 10
    env.run()
    assert slow == [(1.0, 4.0), (2.0, 7.0), (3.0, 10.0), (4.0, 13.0)]
    assert topic.hold_sum == 0 + 2 + 4 + 6
    assert (fast.dropped, lossy.dropped, topic.held) == (0, 2, 0)


def test_a_saturated_publisher_needs_somebody_who_blocks() -> None:
    topic = Topic(Environment())
    with pytest.raises(ValueError, match="saturated publisher needs a subscriber that blocks"):
        topic.saturate()


def test_a_topic_is_fed_once() -> None:
    topic = Topic(Environment())
    topic.feed(iter([1.0]))
    with pytest.raises(RuntimeError, match="a topic is fed once; merge the sources' gaps"):
        topic.feed(iter([1.0]))


def test_bad_sizes_name_the_value_and_the_rule() -> None:
    env = Environment()
    with pytest.raises(ValueError, match="capacity must be at least 1, got 0"):
        Subscriber(env, 0, repeat(1.0), DropNewest())
    with pytest.raises(ValueError, match="workers must be from 1 to the capacity, 4, got 5"):
        Pool(env, 4, repeat(1.0), DropNewest(), 5)


class CountingEnvironment(Environment):
    """Counts what is put on the heap."""

    scheduled = 0

    def schedule(self, event: Event, priority: EventPriority = NORMAL, delay: float = 0) -> None:
        self.scheduled += 1
        super().schedule(event, priority, delay)


@pytest.mark.parametrize(
    ("load", "watched", "most"), [(0.9, False, 1.0), (1.2, False, 1.0), (0.9, True, 2.05)]
)
def test_a_message_costs_one_event_or_two_if_its_departure_is_watched(
    load: float, watched: bool, most: float
) -> None:
    messages = 5_000
    env, draws = CountingEnvironment(), Streams(1)
    topic = Topic(env)
    services = draws.exponential("service")
    topic.subscribe(
        Watched(env, 16, services, DropNewest(), lambda born, now: None)
        if watched
        else Subscriber(env, 16, services, DropNewest())
    )
    topic.feed(islice(draws.exponential("gap", mean=1 / load), messages))
    env.run()
    assert topic.published == messages
    assert env.scheduled / messages <= most


@pytest.mark.parametrize("name", ["drop-newest", "grow", "block"])
@pytest.mark.parametrize("load", [0.5, 0.9, 1.5])
def test_little_holds_within_a_run_that_ends_empty(name: str, load: float) -> None:
    env, draws = Environment(), Streams(7)
    topic = Topic(env)
    subscriber = topic.subscribe(Subscriber(env, 16, draws.exponential("service"), MAKERS[name]()))
    topic.feed(islice(draws.exponential("gap", mean=1 / load), 3_000))
    env.run()
    end = subscriber.drain()
    meter = subscriber.meter(end)
    area = sum(level * time for level, time in enumerate(meter.time_at))
    # time at the subscriber: its messages' ages without the time the publisher held them back
    assert area == pytest.approx(meter.age_sum - topic.hold_sum, rel=1e-9)
    arrival_rate = meter.delivered / end
    assert meter.mean_level == pytest.approx(arrival_rate * area / meter.delivered, rel=1e-9)


@settings(max_examples=20)
@given(extra=st.integers(1, 5), policy=st.sampled_from(["drop-newest", "drop-oldest", "conflate"]))
def test_another_subscriber_moves_nobody_elses_draws(extra: int, policy: str) -> None:
    def first(subscribers: int) -> object:
        env, draws = Environment(), Streams(3)
        topic = Topic(env)
        for number in range(subscribers):
            services = draws.exponential("service", number)
            topic.subscribe(Subscriber(env, 4, services, MAKERS[policy]()))
        topic.feed(draws.exponential("gap"), draws.integers("key", below=3))
        env.run(until=200.0)
        return topic.subscribers[0].meter(200.0)

    assert first(1) == first(1 + extra)
