"""Scenario: one topic, several subscribers, some of them too slow.

Expect: dropping costs only the slow one; blocking gives everybody the slowest's rate and moves the queue into
the publisher; disconnecting loses what was held; a growing buffer loses nothing and delivers ever older
messages; conflation and drop-oldest keep what is delivered fresh. When useful: to choose a policy per
subscription, and to say what a fast neighbour pays for it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, repeat
from typing import Any, ClassVar

from simpy import Environment

from sim.engine import Policy, Subscriber, Topic
from sim.meter import Meter, pooled
from sim.policies import MAKERS, DisconnectAfter
from sim.scenario import ParameterError, Result, Scenario, measure, parameter
from sim.streams import AUTO, Streams
from sim.theory import block_throughput, first_passage, mm1k

WINDOWS = 40  # points of the series over time


@dataclass(frozen=True, kw_only=True)
class SlowSubscriberResult(Result):
    """One replication. Slow and fast measures are per subscriber of that speed, None if there is none."""

    slow_loss: float | None = measure(unit="share", help="messages a slow subscriber never gets")
    fast_loss: float | None = measure(unit="share", help="messages a fast neighbour never gets")
    slow_throughput: float | None = measure(unit="messages/s", help="handled by a slow subscriber")
    fast_throughput: float | None = measure(unit="messages/s", help="handled by a fast neighbour")
    slow_age: float | None = measure(unit="s", help="mean age of what a slow one gets, when handled")
    fast_age: float | None = measure(unit="s", help="mean age of what a fast one gets, when handled")
    slow_age_p99: float | None = measure(unit="s", help="age that 99 % of it do not exceed")
    fast_age_p99: float | None = measure(unit="s", help="age that 99 % of it do not exceed")
    slow_peak: int | None = measure(unit="messages", help="most that a slow one held")
    fast_peak: int | None = measure(unit="messages", help="most that a fast one held")
    slow_waiting: int | None = measure(
        unit="messages", help="held by the slow ones at the end: not in the ages"
    )
    published: int = measure(unit="messages", help="handed to the subscribers")
    held: int = measure(unit="messages", help="still held back by the publisher at the end")
    hold: float = measure(unit="s", help="mean time a message was held back by the publisher")
    first_drop: float | None = measure(
        unit="s", help="first drop at a slow subscriber; none if there was none"
    )
    disconnects: int = measure(unit="disconnects", help="of all slow subscribers")
    connection: float | None = measure(unit="s", help="mean life of a slow connection; none if none ended")
    slow_age_series: tuple[float | None, ...] = measure(unit="s", help="mean age, by window of time")
    fast_age_series: tuple[float | None, ...] = measure(unit="s", help="mean age, by window of time")
    slow_occupancy: tuple[float, ...] = measure(unit="share of time", help="by messages held, from 0")
    slow_ages: tuple[int, ...] = measure(unit="messages", help="handled, by age in bins of slow_age_bin")
    slow_age_bin: float | None = measure(unit="s", help="width of a bin of slow_ages")


@dataclass(frozen=True, kw_only=True)
class SlowSubscriber(Scenario):
    """One topic and its subscribers, all under one policy; handling times are drawn by message number."""

    name: ClassVar[str] = "slow-subscriber"
    question: ClassVar[str] = "A subscriber is slow: drop, block, disconnect, or a bigger buffer?"
    compared: ClassVar[str] = "policy"
    quick: ClassVar[dict[str, Any]] = {"duration": 5.0}

    policy: str = parameter(
        "drop-newest", unit="name", help="what happens at a full buffer", choices=tuple(MAKERS)
    )
    subscribers: int = parameter(4, unit="subscribers", help="of the topic", at_least=1, at_most=10_000)
    slow: int = parameter(1, unit="subscribers", help="how many of them are slow", at_least=0)
    slowness: float = parameter(2.0, unit="times", help="as long as a fast one a slow one takes", above=0)
    publish_rate: float = parameter(1000.0, unit="messages/s", help="published", above=0)
    fast_rate: float = parameter(1250.0, unit="messages/s", help="a fast subscriber can handle", above=0)
    buffer: int = parameter(
        64,
        unit="messages",
        help="a subscriber can hold, the one being handled included",
        at_least=1,
        at_most=10**7,
    )
    duration: float = parameter(20.0, unit="s", help="observed, after the warm-up", above=0)
    warm_up: float = parameter(
        0.0, unit="s", help="not counted; 0 tells the story from an empty buffer", at_least=0
    )
    publisher: str = parameter(
        "poisson", unit="name", help="at random times, or saturated: as fast as block allows",
        choices=("poisson", "saturated"),
    )  # fmt: skip
    service: str = parameter(
        "exponential", unit="name", help="law of the handling times", choices=("exponential", "deterministic")
    )
    keys: int = parameter(16, unit="keys", help="equally likely, for conflate", at_least=1, at_most=10**6)
    overflows: int = parameter(
        1, unit="messages", help="that find no place before disconnect acts", at_least=1
    )
    reconnect_after: float | None = parameter(
        1.0, unit="s", help="until a disconnected subscriber is back; none: never", at_least=0, optional=True
    )

    def check(self) -> None:
        if self.slow > self.subscribers:
            raise ParameterError(f"slow must be at most subscribers, {self.subscribers}, got {self.slow}")
        if self.publisher == "saturated" and self.policy != "block":
            raise ParameterError(f"publisher saturated needs policy block, got {self.policy!r}")

    @property
    def slow_rate(self) -> float:
        """What a slow subscriber can handle, messages/s."""
        return self.fast_rate / self.slowness

    def exact(self) -> dict[str, float]:
        """Closed forms in the long run, for exponential handling times."""
        if self.service != "exponential":
            return {}
        if self.policy == "block":
            return self._exact_block()
        found: dict[str, float] = {}
        for speed, rate, any_ in (
            ("slow", self.slow_rate, self.slow),
            ("fast", self.fast_rate, self.subscribers - self.slow),
        ):
            if any_:
                found |= {f"{speed}_{name}": value for name, value in self._exact_alone(rate).items()}
        if self.policy == "disconnect" and self.overflows == 1 and self.slow:
            found["connection"] = self._connection(self.slow_rate)
        return found

    def run(self, seed: int, replication: int = 0, streams: str = AUTO) -> SlowSubscriberResult:
        """Simulate one replication from empty buffers."""
        draws = Streams(seed, replication, streams)
        env = Environment()
        topic = Topic(env)
        for number in range(self.subscribers):
            topic.subscribe(Subscriber(env, self.buffer, self._services(draws, number), self._make_policy()))
        if self.publisher == "saturated":
            topic.saturate()
        else:
            keys = draws.integers("key", below=self.keys) if self.policy == "conflate" else None
            topic.feed(draws.exponential("gap", mean=1.0 / self.publish_rate), keys)
        if self.warm_up:
            env.run(until=self.warm_up)
        start, published, hold_sum = env.now, topic.published - topic.held, topic.hold_sum
        first, handled = self._meters(topic, start), [self._handled(topic, start)]
        for window in range(1, WINDOWS + 1):
            env.run(until=start + self.duration * window / WINDOWS)
            handled.append(self._handled(topic, env.now))
        slow, fast = (_since(a, b) for a, b in zip(first, self._meters(topic, env.now), strict=True))
        slow_series, fast_series = (_mean_ages(totals) for totals in zip(*handled, strict=True))
        out = topic.published - topic.held - published
        slowest = topic.subscribers[: self.slow]
        disconnects = sum(subscriber.disconnects for subscriber in slowest)
        ages, width = slow.age_histogram() if slow else ((), None)
        return SlowSubscriberResult(
            **self.origin(draws),
            **_by_speed("slow", slow),
            **_by_speed("fast", fast),
            slow_waiting=sum(s.level for s in slowest) if slowest else None,
            published=out,
            held=topic.held,
            hold=(topic.hold_sum - hold_sum) / out if out else 0.0,
            first_drop=min((s.first_drop for s in slowest if s.first_drop is not None), default=None),
            disconnects=disconnects,
            connection=sum(_connected(s, env.now) for s in slowest) / disconnects if disconnects else None,
            slow_age_series=slow_series if slow else (),
            fast_age_series=fast_series if fast else (),
            slow_occupancy=slow.occupancy() if slow else (),
            slow_ages=ages,
            slow_age_bin=width,
        )

    def _services(self, draws: Streams, number: int) -> Iterator[float]:
        mean = 1.0 / (self.slow_rate if number < self.slow else self.fast_rate)
        return (
            repeat(mean)
            if self.service == "deterministic"
            else draws.exponential("service", number, mean=mean)
        )

    def _make_policy(self) -> Policy:
        if self.policy == "disconnect":
            return DisconnectAfter(self.overflows, self.reconnect_after)
        return MAKERS[self.policy]()

    def _meters(self, topic: Topic, now: float) -> tuple[Meter | None, Meter | None]:
        meters = [subscriber.meter(now) for subscriber in topic.subscribers]
        return pooled(meters[: self.slow]), pooled(meters[self.slow :])

    def _handled(self, topic: Topic, now: float) -> tuple[tuple[int, float], tuple[int, float]]:
        """Messages delivered so far and the sum of their ages, by slow and by fast subscribers."""
        each = [subscriber.handled(now) for subscriber in topic.subscribers]
        return _added(each[: self.slow]), _added(each[self.slow :])

    def _connection(self, rate: float) -> float:
        return first_passage(self.publish_rate, rate, self.buffer + 1)

    def _exact_alone(self, rate: float) -> dict[str, float]:
        """Return what one subscriber of this rate measures when nobody blocks."""
        steady = mm1k(self.publish_rate, rate, self.buffer)
        if self.policy == "drop-newest":
            return {"loss": steady.loss, "throughput": steady.throughput, "age": steady.sojourn}
        if self.policy == "drop-oldest":  # another message goes, but as many: the level is the same M/M/1/K
            return {"loss": steady.loss, "throughput": steady.throughput}
        if self.policy == "disconnect" and self.overflows == 1 and self.reconnect_after is not None:
            # renewal: a connection loses what it holds and the message too many, then what is published until
            # it is back
            cycle = self._connection(rate) + self.reconnect_after
            lost = self.buffer + 1 + self.publish_rate * self.reconnect_after
            loss = lost / (self.publish_rate * cycle)
            return {"loss": loss, "throughput": self.publish_rate * (1.0 - loss)}
        return {}

    def _exact_block(self) -> dict[str, float]:
        if self.publisher != "saturated" or 0 < self.slow < self.subscribers:
            return {}
        speed, rate = ("slow", self.slow_rate) if self.slow else ("fast", self.fast_rate)
        throughput = block_throughput(self.subscribers, self.buffer, rate)
        return {} if throughput is None else {f"{speed}_throughput": throughput}


def _by_speed(speed: str, meter: Meter | None) -> dict[str, Any]:
    return {
        f"{speed}_loss": meter.loss if meter else None,
        f"{speed}_throughput": meter.throughput if meter else None,
        f"{speed}_age": meter.mean_age if meter else None,
        f"{speed}_age_p99": meter.age_quantile(0.99) if meter else None,
        f"{speed}_peak": meter.peak if meter else None,
    }


def _since(earlier: Meter | None, later: Meter | None) -> Meter | None:
    return later.since(earlier) if earlier and later else None


def _added(each: Sequence[tuple[int, float]]) -> tuple[int, float]:
    return sum(count for count, _ in each), sum(ages for _, ages in each)


def _mean_ages(totals: Sequence[tuple[int, float]]) -> tuple[float | None, ...]:
    """Mean ages between moments; None where nothing was delivered."""
    return tuple(
        (ages - ages_before) / (count - count_before) if count > count_before else None
        for (count_before, ages_before), (count, ages) in pairwise(totals)
    )


def _connected(subscriber: Subscriber, now: float) -> float:
    running = now - subscriber.connected_since if subscriber.connected_since is not None else 0.0
    return subscriber.connected_time + running
