"""Scenario: one topic, one subscriber, and the question how big its buffer should be.

Expect: below full load loss falls geometrically with the buffer; at or above it no buffer gets below
1 - service rate/arrival rate, and every place only adds delay; a burst needs (peak - service rate) x length; a
token bucket of depth d never needs more than d. When useful: to size a buffer from rates, burst length and
tolerable delay, and to say why not bigger.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import repeat
from typing import Any, ClassVar, Self

from simpy import Environment, Event

from sim import steady
from sim.buffer_sizing_result import BufferSizingResult
from sim.engine import DEPARTURE, Alarm, Subscriber, Topic
from sim.fluid import Totals, follow_on_off
from sim.meter import Meter
from sim.policies import DropNewest
from sim.pool import Pool
from sim.scenario import ParameterError, Scenario, parameter
from sim.streams import AUTO, Streams
from sim.theory import OnOff, burst, loss_floor, md1n_loss, mmck, relaxation_time, token_bucket
from sim.traffic import batch_gaps, burst_gaps, on_off_turns, token_bucket_gaps

LOADS = (0.8, 0.9, 1.0, 1.2)
MARKS = 16  # levels at which an on-off source's backlog is compared with its law


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
        subscriber = self._subscriber(env, draws, self._gaps(draws))
        cut = _cut(self, draws.seed, draws.kind) if self.traffic == "poisson" else 0.0  # a bound needs none
        if cut:
            env.run(until=cut)
        start = subscriber.meter(env.now)
        env.run(until=self._horizon)
        total = subscriber.meter(env.now).since(start)
        return self._result(draws, total, first_drop=subscriber.first_drop, cut=cut)

    def _run_burst(self, draws: Streams) -> BufferSizingResult:
        env = Environment()
        gaps = burst_gaps(self.peak * self.capacity_rate, self.rate, self.burst_length)
        subscriber = self._subscriber(env, draws, gaps)
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
        cut, horizon = _cut(self, draws.seed, draws.kind), self._horizon
        before, after = self._backlogs(draws, [cut, horizon])
        exceeded = tuple((b - a) / (horizon - cut) for a, b in zip(before.above, after.above, strict=True))
        nothing: dict[str, Any] = dict.fromkeys(
            ("loss", "delay", "delay_p99", "delay_max", "throughput", "first_drop", "drain")
        )
        return BufferSizingResult(
            **self.origin(draws),
            **nothing,
            level=(after.area - before.area) / (horizon - cut),
            peak=after.peak,
            overflow=exceeded[-1],
            published=0,
            cut=cut,
            occupancy=(),
            delays=(),
            delay_bin=None,
            marks=self._marks(),
            exceeded=exceeded,
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

    def _subscriber(self, env: Environment, draws: Streams, gaps: Iterator[float]) -> Subscriber:
        """Return the subscriber of a topic that is fed with these gaps."""
        topic, mean = Topic(env), 1.0 / self.service_rate
        services: Iterator[float] = (
            repeat(mean) if self.service == "deterministic" else draws.exponential("service", mean=mean)
        )
        if self.workers > 1:
            subscriber: Subscriber = Pool(env, self.buffer, services, DropNewest(), self.workers)
        else:
            subscriber = Subscriber(env, self.buffer, services, DropNewest())
        topic.feed(gaps)
        return topic.subscribe(subscriber)

    def _gaps(self, draws: Streams) -> Iterator[float]:
        if self.traffic == "poisson":
            return draws.exponential("gap", mean=1.0 / self.rate)
        pauses = draws.exponential("pause", mean=self.depth / self.rate)
        # a hair slower than allowed: at load 1 a rounding would put an arrival before the departure it meets
        return token_bucket_gaps(batch_gaps(pauses, self.depth), self.depth, self.rate * (1 - 1e-9))

    @property
    def _horizon(self) -> float:
        return self.messages / self.rate

    def _marks(self) -> tuple[float, ...]:
        return tuple(self.buffer * index / MARKS for index in range(MARKS + 1))

    def _source(self) -> OnOff:
        on = self.burst_length
        return OnOff(self.peak * self.capacity_rate, 1.0 / on, 1.0 / (on * (self.peak / self.load - 1.0)))

    def _backlogs(self, draws: Streams, times: Sequence[float]) -> list[Totals]:
        source = self._source()
        turns = on_off_turns(
            draws.exponential("on", mean=1.0 / source.off_rate),
            draws.exponential("off", mean=1.0 / source.on_rate),
        )
        return follow_on_off(turns, source.peak, self.capacity_rate, self._marks(), times)

    def _pilot(self, draws: Streams) -> tuple[float, list[float]]:
        """Return the relaxation time, and the area up to each window's end in a run of its own."""
        times = steady.window_ends(self._horizon)
        if self.traffic == "on-off":
            areas = [totals.area for totals in self._backlogs(draws, times)]
            return self._source().relaxation_time(self.capacity_rate), areas
        env = Environment()
        subscriber, areas = self._subscriber(env, draws, self._gaps(draws)), []
        for time in times:
            env.run(until=time)
            areas.append(subscriber.meter(time).area)
        return relaxation_time(self.rate, self.capacity_rate, self.buffer), areas


@lru_cache(maxsize=1024)
def _cut(scenario: BufferSizing, seed: int, kind: str) -> float:
    relaxation, areas = scenario._pilot(Streams(seed, steady.PILOT, kind))
    return steady.cut(scenario._horizon, relaxation, areas)
