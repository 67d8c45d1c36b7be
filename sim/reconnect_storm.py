"""Reconnect storm: everybody lost the connection at once; which back-off gets them back, and at what cost?

Scenario: all clients are cut off at time 0 and try to connect again. The server lets in `capacity` clients a
second, `burst` at once (a token bucket), and refuses the rest, who back off and try again.

Expect: without back-off the server is hammered at the speed of the network; with a fixed or exponential pause
and no jitter everybody comes back in the same instant and is refused together; full jitter spreads the
attempts. A cap applied after the jitter puts clients in step again once their windows have outgrown it
(`failed_before` 9 shows it), and decorrelated jitter applies its cap just so. Nobody can be faster than
(clients - burst)/capacity.

When useful: before choosing reconnect settings; for connections, as opposed to requests, a retry ceiling
leaves clients cut off for good.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf
from typing import ClassVar

from simpy import Environment

from sim.backoff import BACKOFFS, Sleep, backoff
from sim.scenario import ParameterError, Result, Scenario, measure, parameter
from sim.script import Draws, play
from sim.streams import AUTO, Streams
from sim.theory_retry import connect_floor, give_up_probability, mean_attempts

BIN = 0.1  # s, the width in which attempts are counted
WATCHED = 600  # bins kept in a result: the first minute
SPREAD = 0.2  # standard deviation of a network delay over its mean


@dataclass(frozen=True, kw_only=True)
class ReconnectStormResult(Result):
    """One replication of `ReconnectStorm`."""

    time_to_all: float | None = measure(
        unit="s", help="until the last client is connected; none if one never is"
    )
    time_to_half: float | None = measure(unit="s", help="until half of the clients are connected")
    time_to_95: float | None = measure(unit="s", help="until 95 % of the clients are connected")
    attempts: int = measure(unit="attempts", help="connection attempts that reached the server")
    wasted: int = measure(unit="attempts", help="attempts that were refused")
    attempts_per_client: float = measure(unit="attempts", help="mean over the clients")
    retry_peak: int = measure(unit="attempts per 100 ms", help="busiest 100 ms, first attempts not counted")
    gave_up: int = measure(unit="clients", help="met their retry ceiling")
    cut_off: int = measure(unit="clients", help="neither connected nor given up at the horizon (censored)")
    load: tuple[int, ...] = measure(unit="attempts", help="per 100 ms, over the first minute")
    accepted: tuple[int, ...] = measure(unit="clients", help="let in per 100 ms, over the first minute")


@dataclass(frozen=True, kw_only=True)
class ReconnectStorm(Scenario):
    """Clients that reconnect at once to a server of limited capacity, under one kind of back-off."""

    name: ClassVar[str] = "reconnect-storm"
    question: ClassVar[str] = "After everybody lost the connection at once: which back-off?"
    compared: ClassVar[str] = "backoff"
    quick: ClassVar[dict[str, float]] = {"clients": 300, "capacity": 60.0}

    backoff: str = parameter(
        "full-jitter", unit="name", help="how long a refused client sleeps", choices=BACKOFFS
    )
    clients: int = parameter(1000, unit="clients", help="cut off at time 0", at_least=1, at_most=1_000_000)
    capacity: float = parameter(100.0, unit="clients/s", help="what the server lets in", above=0)
    burst: int = parameter(20, unit="clients", help="what it lets in at once after a pause", at_least=1)
    base: float = parameter(1.0, unit="s", help="the n-th pause is cut from base 2^n", above=0)
    cap: float = parameter(10.0, unit="s", help="no pause is longer", above=0)
    network: float = parameter(0.025, unit="s", help="mean one-way delay, varying by a fifth", above=0)
    first_jitter: float = parameter(
        0.0, unit="s", help="the first attempts are spread evenly over so long", at_least=0
    )
    failed_before: int = parameter(
        0,
        unit="failures",
        help="in a row, already counted when the connection goes: a flapping server",
        at_least=0,
        at_most=1000,
    )
    outage: float = parameter(0.0, unit="s", help="the server refuses everybody until then", at_least=0)
    failure: float = parameter(
        0.0, unit="probability", help="an attempt fails whatever the server's load", at_least=0, at_most=1
    )
    retries: int | None = parameter(
        None, kind=int, unit="retries", help="a client gives up after so many", at_least=0, at_most=1_000_000
    )
    horizon: float = parameter(3600.0, unit="s", help="who is not connected by then is cut off", above=0)

    def check(self) -> None:
        """The first pause cannot be longer than the longest."""
        if self.base > self.cap:
            raise ParameterError(f"base must be at most cap, {self.cap:g} (unit: s), got {self.base:g}")

    def exact(self) -> dict[str, float]:
        """Closed forms where the server never refuses: failures are independent, the ceiling is all there is."""
        if self.burst < self.clients or self.outage or (self.retries is None and self.failure == 1.0):
            return {}
        if self.retries is None:
            return {"attempts": self.clients / (1.0 - self.failure), "gave_up": 0.0}
        return {
            "attempts": self.clients * mean_attempts(self.failure, self.retries),
            "gave_up": self.clients * give_up_probability(self.failure, self.retries),
        }

    def floors(self) -> dict[str, float]:
        """Return what no measure can go below, whatever the clients do."""
        return {"time_to_all": self.outage + connect_floor(self.clients, self.capacity, self.burst)}

    def run(self, seed: int, replication: int = 0, streams: str = AUTO) -> ReconnectStormResult:
        """Simulate one replication."""
        source = Streams(seed, replication, streams)
        env = Environment()
        door = Door(self.capacity, self.burst, self.outage)
        sleep = backoff(self.backoff, self.base, self.cap)
        draws = {purpose: self._draws(source, purpose) for purpose in ("network", "jitter", "failure")}
        if self.first_jitter:
            notices = source.uniform("first attempt", high=self.first_jitter).__next__
        else:
            notices = float
        for client in range(self.clients):
            play(
                env,
                reconnect(
                    env,
                    door,
                    sleep,
                    notices(),
                    draws["network"].of(client).__next__,
                    draws["jitter"].of(client).__next__,
                    self._fails(draws["failure"].of(client)),
                    self.failed_before,
                    inf if self.retries is None else self.retries,
                ),
            )
        env.run(until=self.horizon)
        return self._result(source, door)

    def _draws(self, source: Streams, purpose: str) -> Draws:
        if purpose == "network":
            mean, deviation = self.network, SPREAD * self.network
            return Draws(
                lambda block: map(abs, source.normal(purpose, block, mean=mean, deviation=deviation)),
                self.clients,
                size=16,
            )
        return Draws(lambda block: source.uniform(purpose, block), self.clients, size=8)

    def _fails(self, draws: Iterator[float]) -> Callable[[], bool] | None:
        probability = self.failure
        return (lambda: next(draws) < probability) if probability else None

    def _result(self, source: Streams, door: "Door") -> ReconnectStormResult:
        connected = sorted(when for when in door.connected if when <= self.horizon)
        n = self.clients

        def time_to(share: float) -> float | None:
            needed = max(1, round(share * n))
            return connected[needed - 1] if len(connected) >= needed else None

        attempts = sum(door.load)
        return ReconnectStormResult(
            **self.origin(source),
            time_to_all=time_to(1.0),
            time_to_half=time_to(0.5),
            time_to_95=time_to(0.95),
            attempts=attempts,
            wasted=attempts - sum(door.accepted),
            attempts_per_client=attempts / n,
            retry_peak=max(door.retries, default=0),
            gave_up=door.gave_up,
            cut_off=n - len(connected) - door.gave_up,
            load=tuple(door.load[:WATCHED]),
            accepted=tuple(door.accepted[:WATCHED]),
        )


class Door:
    """The server's door: lets in what its token bucket holds, counts who knocks."""

    def __init__(self, rate: float, burst: int, opens: float) -> None:
        self._rate, self._burst, self._opens = rate, float(burst), opens
        self._tokens, self._filled = float(burst), opens
        self.load: list[int] = []
        self.retries: list[int] = []
        self.accepted: list[int] = []
        self.connected: list[float] = []  # when each client knew that it was let in
        self.gave_up = 0

    def knock(self, now: float, first: bool, fails: bool) -> bool:
        """Return whether an attempt arriving now is let in."""
        at = int(now / BIN)
        if at >= len(self.load):
            for counts in (self.load, self.retries, self.accepted):
                counts.extend([0] * (at + 1 - len(counts)))
        self.load[at] += 1
        if not first:
            self.retries[at] += 1
        if fails or now < self._opens:
            return False
        tokens = self._tokens + (now - self._filled) * self._rate
        if tokens > self._burst:
            tokens = self._burst
        self._filled = now
        if tokens < 1.0:
            self._tokens = tokens
            return False
        self._tokens = tokens - 1.0
        self.accepted[at] += 1
        return True


def reconnect(
    env: Environment,
    door: Door,
    sleep: Sleep,
    notices: float,
    network: Callable[[], float],
    jitter: Callable[[], float],
    fails: Callable[[], bool] | None,
    failed_before: int,
    retries: float,
) -> Iterator[float]:
    """One client, seen from the server: it yields how long until its next attempt arrives there."""
    attempt, slept = 0, 0.0
    while attempt < failed_before:
        attempt += 1
        slept = sleep(attempt, slept, jitter())
    last = failed_before + retries
    yield notices + network()
    while not door.knock(env.now, attempt == failed_before, fails is not None and fails()):
        if attempt >= last:
            door.gave_up += 1
            return
        attempt += 1
        slept = sleep(attempt, slept, jitter())
        yield network() + slept + network()  # the refusal travels back, the next attempt out
    door.connected.append(env.now + network())
