"""The engine against the closed forms, with fixed seeds: every |z| below 4, and a 2 % error is found.

A cell is a scenario whose `exact()` names what it must measure. z-scores come from independent replications,
mapped from Student's t; of some seventy correct ones, one beyond 4 would be a one in two hundred chance.
"""

from dataclasses import replace

import numpy as np
import pytest
from simpy import Environment, Event

from sim.buffer_sizing import BufferSizing
from sim.engine import Subscriber, Topic
from sim.oracle import LockStep, block_lockstep
from sim.policies import DisconnectAfter
from sim.scenario import Scenario
from sim.slow_subscriber import SlowSubscriber
from sim.statistics import interval, z_score
from sim.streams import Streams
from sim.theory import first_passage, mm1k

REPLICATIONS = 40  # many short runs: few degrees of freedom would hide a small error
QUEUE = BufferSizing(service_rate=1.0, messages=6_000)
TOPIC = SlowSubscriber(
    subscribers=2, publish_rate=0.9, fast_rate=1.0, slowness=1.25, duration=2_000.0, buffer=8, warm_up=300.0
)
QUEUES = {
    "M/M/1/4 at .5": replace(QUEUE, load=0.5, buffer=4),
    "M/M/1/16 at .8": replace(QUEUE, load=0.8, buffer=16),
    "M/M/1/16 at .9": replace(QUEUE, load=0.9, buffer=16),
    "M/M/1/16 at 1": replace(QUEUE, load=1.0, buffer=16),
    "M/M/1/16 at 1.2": replace(QUEUE, load=1.2, buffer=16),
    "M/M/1/64 at 1.2": replace(QUEUE, load=1.2, buffer=64),
    "M/M/1/4 at 2": replace(QUEUE, load=2.0, buffer=4),
    "M/M/4/16 at .9": replace(QUEUE, workers=4, buffer=16),
    "M/M/4/4 at .9": replace(QUEUE, workers=4, buffer=4),
    "M/D/1/4 at .8": replace(QUEUE, load=0.8, buffer=4, service="deterministic"),
    "M/D/1/8 at 1": replace(QUEUE, load=1.0, buffer=8, service="deterministic"),
    "M/D/1/16 at 1.2": replace(QUEUE, load=1.2, buffer=16, service="deterministic"),
}
CELLS: dict[str, Scenario] = {
    **QUEUES,
    "fan-out, drop newest": replace(TOPIC, policy="drop-newest"),
    "fan-out, drop oldest": replace(TOPIC, policy="drop-oldest"),
    "fan-out, disconnect": replace(TOPIC, policy="disconnect", reconnect_after=10.0),
    "block, 4 with one place": replace(
        TOPIC, policy="block", publisher="saturated", subscribers=4, slow=0, buffer=1, duration=700.0
    ),
    "block, 2 with three places": replace(
        TOPIC, policy="block", publisher="saturated", slow=0, buffer=3, duration=700.0
    ),
    "on-off fluid": BufferSizing(
        traffic="on-off",
        service_rate=1.5,
        load=8 / 9,
        peak=8 / 3,
        burst_length=1.0,
        buffer=20,
        messages=12_000,
    ),
}


def _scores(scenario: Scenario, expected: dict[str, float]) -> dict[str, float]:
    results = [scenario.run(1, replication) for replication in range(REPLICATIONS)]
    found = {}
    for name, exact in expected.items():
        values = [getattr(result, name) for result in results]
        if exact > 1e-3:  # or hardly a message is expected to be lost
            found[name] = z_score(values, exact)
    return found


@pytest.mark.parametrize("name", CELLS)
def test_the_engine_measures_what_theory_says(name: str) -> None:
    scores = _scores(CELLS[name], CELLS[name].exact())
    assert scores
    assert max(map(abs, scores.values())) < 4, scores


@pytest.mark.parametrize(
    "name", ["M/M/1/4 at .5", "M/M/1/16 at .9", "M/M/1/16 at 1.2", "M/M/4/4 at .9", "M/D/1/8 at 1"]
)
def test_a_service_rate_two_percent_off_is_found(name: str) -> None:
    right = QUEUES[name]
    wrong = replace(right, service_rate=1.02 * right.service_rate, load=right.load / 1.02)
    assert max(map(abs, _scores(wrong, right.exact()).values())) > 4


@pytest.mark.parametrize("load", [0.5, 0.8, 0.9, 1.0, 1.2, 2.0])
@pytest.mark.parametrize("places", [4, 16, 64])
def test_the_lock_step_oracle_measures_the_table_of_finite_queues(load: float, places: int) -> None:
    columns, rng = 400, np.random.Generator(np.random.SFC64([places, int(load * 10)]))
    lock_step = LockStep(columns, places)

    def step(messages: int) -> None:
        shape = (messages, columns)
        lock_step.step(rng.standard_exponential(shape) / load, rng.standard_exponential(shape))

    step(60 * places)
    warm = lock_step.totals()
    step(1_500)
    found = lock_step.totals().since(warm)
    exact = mm1k(load, 1.0, places)
    if exact.loss > 1e-4:
        assert abs(z_score(found.loss.tolist(), exact.loss)) < 4
    assert abs(z_score(found.mean_age.tolist(), exact.sojourn)) < 4


BLOCK = [  # subscribers, places, throughput over the rate of one
    (4, 1, 0.4799), (4, 2, 0.6596), (4, 4, 0.8017), (4, 16, 0.9423), (4, 64, 0.9849),
    (10, 1, 0.3415), (10, 2, 0.5307), (10, 4, 0.7062), (10, 16, 0.9111), (10, 64, 0.9759),
    (100, 1, 0.1926), (100, 2, 0.3471), (100, 4, 0.5415), (100, 16, 0.8411), (100, 64, 0.9565),
]  # fmt: skip


@pytest.mark.parametrize(("subscribers", "places", "throughput"), BLOCK)
def test_block_gives_the_table_of_throughputs(subscribers: int, places: int, throughput: float) -> None:
    columns, messages, warm = max(16, 2_000 // subscribers), 1_000, 20 * places
    rng = np.random.Generator(np.random.SFC64([subscribers, places]))
    out = block_lockstep(rng.standard_exponential((warm + messages, subscribers, columns)), places)
    found = interval((messages / (out[-1] - out[warm - 1])).tolist(), level=0.9999)
    assert found.half_width < 0.025 * throughput
    assert abs(found.mean - throughput) < found.half_width + 0.0005  # the table was simulated, too


class Lives(DisconnectAfter):
    """Disconnects at the first overflow, is back at once, and remembers how long each connection lived."""

    def __init__(self, enough: Event, count: int) -> None:
        super().__init__(1, reconnect_after=0.0)
        self.lives: list[float] = []
        self._enough, self._count, self._since = enough, count, 0.0

    def decide(self, subscriber: Subscriber, now: float, born: float, service: float, key: int) -> None:
        ended = subscriber.disconnects
        super().decide(subscriber, now, born, service, key)
        if subscriber.disconnects > ended and len(self.lives) < self._count:
            self.lives.append(now - self._since)
            self._since = now
            if len(self.lives) == self._count:
                self._enough.succeed()


@pytest.mark.parametrize(("arrival_rate", "places"), [(1.2, 16), (1.2, 64), (2.0, 64), (1.0, 16), (0.9, 16)])
def test_the_life_of_a_connection_is_a_first_passage(arrival_rate: float, places: int) -> None:
    env, draws = Environment(), Streams(1)
    topic = Topic(env)
    enough = env.event()
    policy = Lives(enough, 200)
    topic.subscribe(Subscriber(env, places, draws.exponential("service"), policy))
    topic.feed(draws.exponential("gap", mean=1 / arrival_rate))
    env.run(until=enough)
    assert abs(z_score(policy.lives, first_passage(arrival_rate, 1.0, places + 1))) < 4
