"""Scenario: one topic, one subscriber, and the question how big its buffer should be.

Expect: below full load loss falls geometrically with the buffer; at or above it no buffer gets below
1 - service rate/arrival rate, and every place only adds delay; a burst needs (peak - service rate) x length; a
token bucket of depth d never needs more than d. When useful: to size a buffer from rates, burst length and
tolerable delay, and to say why not bigger.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, repeat
from math import ceil
from typing import Any, ClassVar, Self

from simpy import Environment, Event

from sim.engine import DEPARTURE, Alarm, Subscriber, Topic
from sim.fluid import follow_on_off
from sim.meter import Meter
from sim.policies import DropNewest
from sim.pool import Pool
from sim.scenario import ParameterError, Result, Scenario, measure, parameter
from sim.statistics import warm_up
from sim.streams import AUTO, Streams
from sim.theory import OnOff, burst, loss_floor, md1n_loss, mmck, relaxation_time, token_bucket
from sim.traffic import batch_gaps, burst_gaps, on_off_turns, token_bucket_gaps

LOADS = (0.8, 0.9, 1.0, 1.2)
WINDOWS = 200  # of the series that the warm-up is judged by
RELAXATIONS = 10  # to cut at least, if half of the run allows it
MARKS = 16  # levels at which an on-off source's backlog is compared with its law


@dataclass(frozen=True, kw_only=True)
class BufferSizingResult(Result):
    """One replication; what the traffic at hand does not have is None."""

    loss: float | None = measure(
        unit="share", help="messages that found no place; during the burst if there is one"
    )
    delay: float | None = measure(unit="s", help="mean, from publication to the end of handling")
    delay_p99: float | None = measure(unit="s", help="delay that 99 % of the handled messages do not exceed")
    delay_max: float | None = measure(unit="s", help="longest delay, rounded down to a histogram bin")
    level: float = measure(unit="messages", help="held, on average over time")
    peak: float = measure(unit="messages", help="most that was held for any time")
    throughput: float | None = measure(unit="messages/s", help="handled")
    first_drop: float | None = measure(unit="s", help="first drop; none if there was none")
    drain: float | None = measure(
        unit="s", help="from the end of a burst to the first empty buffer; none if never"
    )
    overflow: float | None = measure(
        unit="share of time", help="an on-off source's backlog exceeds the buffer"
    )
    published: int = measure(unit="messages", help="after the cut; during the burst if there is one")
    cut: float = measure(unit="s", help="left out at the start, as warm-up")
    occupancy: tuple[float, ...] = measure(unit="share of time", help="by messages held, from 0")
    delays: tuple[int, ...] = measure(unit="messages", help="handled, by delay in bins of delay_bin")
    delay_bin: float | None = measure(unit="s", help="width of a bin of delays")
    marks: tuple[float, ...] = measure(unit="messages", help="backlogs of an on-off source")
    exceeded: tuple[float, ...] = measure(unit="share of time", help="each of the marks is exceeded")


@dataclass(frozen=True, kw_only=True)
class BufferSizing(Scenario):
    """One buffer that drops what finds no place, under four kinds of traffic.

    `load` is the long-run arrival rate over what all workers can handle. A burst is followed by evenly spaced
    messages at that load. A token bucket gains tokens at that rate and is emptied by random batches. An
    on-off source is a fluid into an unbounded buffer, on for `burst_length` on average.
    """

    name: ClassVar[str] = "buffer-sizing"
    question: ClassVar[str] = "How big should the buffer be, and why not bigger?"
    compared: ClassVar[str] = "load"
    quick: ClassVar[dict[str, Any]] = {"messages": 5_000}

    traffic: str = parameter(
        "poisson",
        unit="name",
        help="how messages come",
        choices=("poisson", "burst", "token-bucket", "on-off"),
    )
    load: float = parameter(
        0.9, unit="share of capacity", help="offered in the long run", at_least=0, at_most=100
    )
    buffer: int = parameter(
        64, unit="messages", help="places, those being handled included", at_least=1, at_most=10**7
    )
    service_rate: float = parameter(1000.0, unit="messages/s", help="one worker can handle", above=0)
    workers: int = parameter(1, unit="workers", help="behind the one buffer", at_least=1, at_most=10**4)
    service: str = parameter(
        "exponential", unit="name", help="law of the handling times", choices=("exponential", "deterministic")
    )
    peak: float = parameter(
        2.0,
        unit="times capacity",
        help="rate of a burst, or of an on-off source when on",
        above=0,
        at_most=1000,
    )
    burst_length: float = parameter(0.1, unit="s", help="of the burst; mean for an on-off source", above=0)
    depth: int = parameter(32, unit="messages", help="of the token bucket", at_least=1, at_most=10**6)
    messages: int = parameter(
        20_000,
        unit="messages",
        help="published on average; after a burst, waited for at most",
        at_least=1,
        at_most=10**9,
    )

    def check(self) -> None:
        if self.workers > self.buffer:
            raise ParameterError(f"workers must be at most buffer, {self.buffer}, got {self.workers}")
        if self.load == 0 and self.traffic != "burst":
            raise ParameterError(f"load must be above 0 with traffic {self.traffic}, got 0")
        if self.traffic == "token-bucket" and self.load > 1:
            raise ParameterError(f"load must be at most 1 with a token bucket, got {self.load:g}")
        if self.traffic == "on-off" and not (self.load < 1.0 < self.peak):
            raise ParameterError(
                f"an on-off source needs load below 1 and peak above 1, got {self.load:g} and {self.peak:g}"
            )

    @property
    def capacity_rate(self) -> float:
        """What all workers can handle, messages/s."""
        return self.workers * self.service_rate

    @property
    def rate(self) -> float:
        """The long-run arrival rate, messages/s."""
        return self.load * self.capacity_rate

    @property
    def floor(self) -> float:
        return loss_floor(self.rate, self.capacity_rate)

    def variants(self) -> tuple[Self, ...]:
        return tuple(replace(self, load=load) for load in LOADS)

    def exact(self) -> dict[str, float]:
        """Closed forms: in the long run; for a burst those of evenly spaced messages."""
        if self.traffic == "on-off":
            return {"overflow": self._source().exceeds(self.capacity_rate, self.buffer)}
        if self.traffic == "burst":
            return self._exact_burst() if self.service == "deterministic" and self.workers == 1 else {}
        if self.traffic == "poisson" and self.service == "exponential":
            steady = mmck(self.rate, self.service_rate, self.workers, self.buffer)
            return {
                "loss": steady.loss,
                "delay": steady.sojourn,
                "level": steady.level,
                "throughput": steady.throughput,
            }
        if self.traffic == "poisson" and self.workers == 1:
            return {"loss": md1n_loss(self.load, self.buffer)}
        return {}

    def _exact_burst(self) -> dict[str, float]:
        """Return what evenly spaced messages do, as a fluid: one message more or less in reality."""
        peak_rate = self.peak * self.capacity_rate
        pile = burst(peak_rate, self.rate, self.capacity_rate, self.burst_length)
        lost = max(0.0, pile.peak - self.buffer)
        found = {"peak": pile.peak - lost, "loss": lost / (peak_rate * self.burst_length)}
        if self.load < 1.0:
            found["drain"] = found["peak"] / (self.capacity_rate - self.rate)
        return found

    def bounds(self) -> dict[str, float]:
        """Return what no replication exceeds: the token bucket's backlog and delay, if handling is steady."""
        if self.traffic != "token-bucket" or self.service != "deterministic" or self.workers > 1:
            return {}
        bound = token_bucket(self.depth, self.rate, self.capacity_rate)
        return {"peak": bound.backlog, "delay_max": bound.delay}

    def run(self, seed: int, replication: int = 0, streams: str = AUTO) -> BufferSizingResult:
        """Simulate one replication from an empty buffer."""
        draws = Streams(seed, replication, streams)
        if self.traffic == "on-off":
            return self._run_fluid(draws)
        return self._run_burst(draws) if self.traffic == "burst" else self._run_messages(draws)

    def _run_messages(self, draws: Streams) -> BufferSizingResult:
        env = Environment()
        topic = Topic(env)
        subscriber = topic.subscribe(self._subscriber(env, draws))
        topic.feed(self._gaps(draws))
        horizon = self.messages / self.rate
        shots, areas = [subscriber.meter(0.0)], [0.0]
        for window in range(1, WINDOWS + 1):
            env.run(until=horizon * window / WINDOWS)
            shots.append(subscriber.meter(env.now))
            areas.append(shots[-1].area)
        cut = self._cut(horizon, areas)
        total = shots[-1].since(shots[cut])
        return self._result(draws, total, first_drop=subscriber.first_drop, cut=shots[cut].time)

    def _run_burst(self, draws: Streams) -> BufferSizingResult:
        env = Environment()
        topic = Topic(env)
        subscriber = topic.subscribe(self._subscriber(env, draws))
        topic.feed(burst_gaps(self.peak * self.capacity_rate, self.rate, self.burst_length))
        drained = env.event()

        def look(_: Event) -> None:
            subscriber.advance(env.now)
            if subscriber.level:
                alarm.arm_at(subscriber.due)
            else:
                drained.succeed(env.now - self.burst_length)

        alarm = Alarm(env, look, DEPARTURE)
        alarm.arm_at(self.burst_length)
        env.run(until=self.burst_length)
        during = subscriber.meter(env.now)
        patience = self.messages / (self.rate or self.capacity_rate)
        env.run(until=drained | env.timeout(patience))
        return self._result(
            draws,
            subscriber.meter(env.now),
            loss=during.loss,
            published=during.offered,
            first_drop=subscriber.first_drop,
            drain=drained.value if drained.triggered else None,
        )

    def _run_fluid(self, draws: Streams) -> BufferSizingResult:
        source = self._source()
        marks = tuple(self.buffer * index / MARKS for index in range(MARKS + 1))
        turns = on_off_turns(
            draws.exponential("on", mean=1.0 / source.off_rate),
            draws.exponential("off", mean=1.0 / source.on_rate),
        )
        backlog = follow_on_off(turns, source.peak, self.capacity_rate, marks, self.messages / self.rate)
        nothing: dict[str, Any] = dict.fromkeys(
            ("loss", "delay", "delay_p99", "delay_max", "throughput", "first_drop", "drain")
        )
        return BufferSizingResult(
            **self.origin(draws),
            **nothing,
            level=backlog.level,
            peak=backlog.peak,
            overflow=backlog.exceeded[-1],
            published=0,
            cut=backlog.cut,
            occupancy=(),
            delays=(),
            delay_bin=None,
            marks=marks,
            exceeded=backlog.exceeded,
        )

    def _result(self, draws: Streams, total: Meter, **own: Any) -> BufferSizingResult:
        delays, width = total.age_histogram()
        measured: dict[str, Any] = {
            "loss": total.loss,
            "delay": total.mean_age,
            "delay_p99": total.age_quantile(0.99),
            "delay_max": total.longest_age,
            "level": total.mean_level,
            "peak": total.peak,
            "throughput": total.throughput,
            "drain": None,
            "overflow": None,
            "published": total.offered,
            "cut": 0.0,
            "occupancy": total.occupancy(),
            "delays": delays,
            "delay_bin": width if delays else None,
            "marks": (),
            "exceeded": (),
        }
        return BufferSizingResult(**self.origin(draws), **(measured | own))

    def _subscriber(self, env: Environment, draws: Streams) -> Subscriber:
        mean = 1.0 / self.service_rate
        services: Iterator[float] = (
            repeat(mean) if self.service == "deterministic" else draws.exponential("service", mean=mean)
        )
        if self.workers > 1:
            return Pool(env, self.buffer, services, DropNewest(), self.workers)
        return Subscriber(env, self.buffer, services, DropNewest())

    def _gaps(self, draws: Streams) -> Iterator[float]:
        if self.traffic == "poisson":
            return draws.exponential("gap", mean=1.0 / self.rate)
        pauses = draws.exponential("pause", mean=self.depth / self.rate)
        # a hair slower than allowed: at load 1 a rounding would put an arrival before the departure it meets
        return token_bucket_gaps(batch_gaps(pauses, self.depth), self.depth, self.rate * (1 - 1e-9))

    def _source(self) -> OnOff:
        on = self.burst_length
        return OnOff(self.peak * self.capacity_rate, 1.0 / on, 1.0 / (on * (self.peak / self.load - 1.0)))

    def _cut(self, horizon: float, areas: Sequence[float]) -> int:
        """Return how many windows to leave out: a token bucket's bound holds from the start, so none."""
        if self.traffic != "poisson":
            return 0
        wanted = RELAXATIONS * relaxation_time(self.rate, self.capacity_rate, self.buffer)
        judged = warm_up([later - earlier for earlier, later in pairwise(areas)])
        return min(max(ceil(wanted / horizon * WINDOWS), judged), WINDOWS // 2)
