"""Clients that all want to write one row: the model behind the common advice on back-off and jitter.

Scenario: every client reads the row's version, then writes; the write counts only if nobody wrote in
between (optimistic concurrency control). Who loses backs off and starts over. Requests and replies each take
about 10 ms. The model, its constants and the order of its steps are those of the simulator published with
"Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).

Expect: without back-off the work is done first but with the most calls, as a rejected call costs the server
nothing here; exponential back-off without jitter keeps clients in step and is by far the slowest; jitter
needs the fewest calls. A server that can be overrun is modelled in `reconnect_storm`.

When useful: to see where the advice comes from, and what it does not say.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from simpy import Environment

from sim.backoff import BACKOFFS, Sleep, backoff
from sim.scenario import Result, Scenario, measure, parameter
from sim.script import Draws, play
from sim.streams import AUTO, Streams


@dataclass(frozen=True, kw_only=True)
class WriteContentionResult(Result):
    """One replication of `WriteContention`."""

    calls: int = measure(unit="writes", help="write attempts the server had to answer")
    time: float = measure(unit="ms", help="until the last client knows that its write counted")


@dataclass(frozen=True, kw_only=True)
class WriteContention(Scenario):
    """Clients contending for one row under one kind of back-off."""

    name: ClassVar[str] = "write-contention"
    question: ClassVar[str] = "What does jitter do for clients that contend for one row?"
    compared: ClassVar[str] = "backoff"

    backoff: str = parameter("full-jitter", unit="name", help="how long a loser sleeps", choices=BACKOFFS)
    clients: int = parameter(100, unit="clients", help="all start together", at_least=1, at_most=100_000)
    base: float = parameter(5.0, unit="ms", help="the first sleep is cut from twice this", above=0)
    cap: float = parameter(2000.0, unit="ms", help="no sleep is longer", above=0)
    network: float = parameter(10.0, unit="ms", help="mean one-way delay", at_least=0)
    deviation: float = parameter(2.0, unit="ms", help="standard deviation of the delay", at_least=0)

    def run(self, seed: int, replication: int = 0, streams: str = AUTO) -> WriteContentionResult:
        """Simulate one replication."""
        source = Streams(seed, replication, streams)
        env, row = Environment(), Row()
        sleep = backoff(self.backoff, self.base, self.cap)
        network = Draws(
            lambda block: map(
                abs, source.normal("network", block, mean=self.network, deviation=self.deviation)
            ),
            self.clients,
            size=32,
        )
        jitter = Draws(lambda block: source.uniform("jitter", block), self.clients, size=8)
        for client in range(self.clients):
            play(env, writer(env, row, sleep, network.of(client), jitter.of(client)))
        env.run()
        return WriteContentionResult(**self.origin(source), calls=row.calls, time=row.last_reply)


class Row:
    """The contended row: its version, and what happened to it."""

    def __init__(self) -> None:
        self.version = self.calls = 0
        self.last_reply = 0.0


def writer(
    env: Environment, row: Row, sleep: Sleep, delay: Iterator[float], jitter: Iterator[float]
) -> Iterator[float]:
    """One client, seen from the row: it yields how long until its next request arrives there."""
    attempt, slept = 0, 0.0
    network, draw = delay.__next__, jitter.__next__
    yield network()
    while True:
        seen = row.version
        yield network() + network()  # the version travels back, the write out
        row.calls += 1
        if row.version == seen:
            break
        attempt += 1
        slept = sleep(attempt, slept, draw())
        yield network() + network() + slept
    row.version += 1
    row.last_reply = max(row.last_reply, env.now + network())
