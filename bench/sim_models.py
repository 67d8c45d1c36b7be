"""The models the simulator is measured against, each written the way its library's own examples are.

All are M/M/1/K at service rate 1 with a first-in first-out handler, or one topic with eight subscribers. Those
fed with our streams must lose exactly the same messages as the engine: the bench checks it before it measures.
"""

from collections import deque
from collections.abc import Callable, Generator
from heapq import heappop, heappush
from itertools import count, islice
from typing import Any

import simpy

from sim.engine import Subscriber, Topic, Watched
from sim.oracle import LockStep
from sim.policies import DropNewest
from sim.streams import Streams

Lost = int
Model = Callable[[int, float, int], Lost]  # messages, load, places


def engine(messages: int, load: float, places: int) -> Lost:
    """Ours, with full statistics: loss, time at each level, ages with quantiles."""
    draws, env = Streams(1), simpy.Environment()
    topic = Topic(env)
    subscriber = topic.subscribe(Subscriber(env, places, draws.exponential("service"), DropNewest()))
    topic.feed(islice(draws.exponential("gap", mean=1 / load), messages))
    env.run()
    meter = subscriber.meter(subscriber.drain())
    assert meter.delivered + meter.dropped == messages
    return meter.dropped


def watched(messages: int, load: float, places: int) -> Lost:
    """Ours with every departure an event of its own and a hook called at it."""
    draws, env, delivered = Streams(1), simpy.Environment(), count(1)
    topic = Topic(env)
    subscriber = topic.subscribe(
        Watched(env, places, draws.exponential("service"), DropNewest(), lambda born, now: next(delivered))
    )
    topic.feed(islice(draws.exponential("gap", mean=1 / load), messages))
    env.run()
    meter = subscriber.meter(env.now)
    assert meter.delivered == next(delivered) - 1
    return meter.dropped


def idiomatic(messages: int, load: float, places: int) -> Lost:
    """SimPy as its documentation shows it: a process per message, which requests a Resource."""
    draws, env = Streams(1), simpy.Environment()
    gap, service = draws.exponential("gap", mean=1 / load).__next__, draws.exponential("service").__next__
    handler = simpy.Resource(env, capacity=1)
    lost, sojourn = 0, 0.0

    def message(time: float) -> Generator[simpy.Event, None, None]:
        nonlocal sojourn
        arrived = env.now
        with handler.request() as request:
            yield request
            yield env.timeout(time)
        sojourn += env.now - arrived

    def publisher() -> Generator[simpy.Event, None, None]:
        nonlocal lost
        for _ in range(messages):
            yield env.timeout(gap())
            time = service()
            if handler.count + len(handler.queue) < places:
                env.process(message(time))
            else:
                lost += 1

    env.process(publisher())
    env.run()
    return lost


def heap_loop(messages: int, load: float, places: int) -> Lost:
    """No library: a heap of (time, priority, number, callback), closures as actors, loss and mean sojourn."""
    draws = Streams(1)
    gap, service = draws.exponential("gap", mean=1 / load).__next__, draws.exponential("service").__next__
    heap: list[tuple[float, int, int, Callable[[float], None]]] = []
    number = count().__next__
    waiting: deque[tuple[float, float]] = deque()
    level, lost, left = 0, 0, messages
    arrived, sojourn = 0.0, 0.0

    def schedule(time: float, priority: int, action: Callable[[float], None]) -> None:
        heappush(heap, (time, priority, number(), action))

    def arrival(now: float) -> None:
        nonlocal level, lost, left, arrived
        left -= 1
        if left:
            schedule(now + gap(), 1, arrival)
        time = service()
        if level == places:
            lost += 1
            return
        level += 1
        if level == 1:
            arrived = now
            schedule(now + time, 0, departure)
        else:
            waiting.append((now, time))

    def departure(now: float) -> None:
        nonlocal level, arrived, sojourn
        sojourn += now - arrived
        level -= 1
        if level:
            arrived, time = waiting.popleft()
            schedule(now + time, 0, departure)

    schedule(gap(), 1, arrival)
    while heap:
        now, _, _, action = heappop(heap)
        action(now)
    return lost


def lock_step(messages: int, load: float, places: int, columns: int = 4_000) -> Lost:
    """Our oracle over many replications at once; `messages` counts those of all together."""
    import numpy as np

    rng, rows = np.random.Generator(np.random.SFC64(1)), 50
    found = LockStep(columns, places)
    for _ in range(messages // (rows * columns)):
        gaps = rng.standard_exponential((rows, columns))
        found.step(np.divide(gaps, load, out=gaps), rng.standard_exponential((rows, columns)))
    return int(found.totals().dropped.sum())


def with_ciw(messages: int, load: float, places: int) -> Lost:
    import ciw

    ciw.seed(1)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(load)],
        service_distributions=[ciw.dists.Exponential(1.0)],
        number_of_servers=[1],
        queue_capacities=[places - 1],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(messages, method="Arrive")
    return sum(record.record_type == "rejection" for record in simulation.get_all_records())


def salabim_component(messages: int, load: float, places: int) -> Lost:
    """A component per message, which requests a resource."""
    import salabim

    salabim.yieldless(False)
    draws, env = Streams(1), salabim.Environment(trace=False)
    gap, service = draws.exponential("gap", mean=1 / load).__next__, draws.exponential("service").__next__
    handler = salabim.Resource("handler", capacity=1)
    lost, sojourn = 0, 0.0

    class Message(salabim.Component):  # type: ignore[misc]
        def setup(self, time: float) -> None:
            self.time = time

        def process(self) -> Generator[Any, None, None]:
            nonlocal sojourn
            arrived = env.now()
            yield self.request(handler)
            yield self.hold(self.time)
            self.release()
            sojourn += env.now() - arrived

    class Publisher(salabim.Component):  # type: ignore[misc]
        def process(self) -> Generator[Any, None, None]:
            nonlocal lost
            for _ in range(messages):
                yield self.hold(gap())
                time = service()
                if len(handler.requesters()) + len(handler.claimers()) < places:
                    Message(time=time)
                else:
                    lost += 1

    Publisher()
    env.run()
    return lost


def salabim_lean(messages: int, load: float, places: int) -> Lost:
    """Two components, a deque between them."""
    import salabim

    salabim.yieldless(False)
    draws, env = Streams(1), salabim.Environment(trace=False)
    gap, service = draws.exponential("gap", mean=1 / load).__next__, draws.exponential("service").__next__
    held: deque[tuple[float, float]] = deque()
    lost, sojourn = 0, 0.0

    class Handler(salabim.Component):  # type: ignore[misc]
        def process(self) -> Generator[Any, None, None]:
            nonlocal sojourn
            while True:
                while not held:
                    yield self.passivate()
                arrived, time = held[0]
                yield self.hold(time)
                held.popleft()
                sojourn += env.now() - arrived

    class Publisher(salabim.Component):  # type: ignore[misc]
        def process(self) -> Generator[Any, None, None]:
            nonlocal lost
            for _ in range(messages):
                yield self.hold(gap())
                time = service()
                if len(held) == places:
                    lost += 1
                    continue
                held.append((env.now(), time))
                if handler.ispassive():
                    handler.activate()

    handler = Handler()
    Publisher()
    env.run()
    return lost


FAN_OUT, FAN_OUT_PLACES = 8, 64


def engine_fan_out(messages: int, load: float, places: int) -> Lost:
    """Ours: one topic, eight subscribers that drop."""
    draws, env = Streams(1), simpy.Environment()
    topic = Topic(env)
    for number in range(FAN_OUT):
        topic.subscribe(Subscriber(env, places, draws.exponential("service", number), DropNewest()))
    topic.feed(islice(draws.exponential("gap", mean=1 / load), messages))
    env.run()
    for subscriber in topic.subscribers:
        subscriber.drain()
    return sum(subscriber.meter(1e15).dropped for subscriber in topic.subscribers)


def store_fan_out(messages: int, load: float, places: int) -> Lost:
    """SimPy with a Store and a consumer process per subscriber; the one being handled holds a place."""
    draws, env = Streams(1), simpy.Environment()
    gap = draws.exponential("gap", mean=1 / load).__next__
    stores = [simpy.Store(env) for _ in range(FAN_OUT)]
    services = [draws.exponential("service", number).__next__ for number in range(FAN_OUT)]
    busy = [0] * FAN_OUT
    lost, sojourn = 0, 0.0

    def consumer(number: int) -> Generator[simpy.Event, Any, None]:
        nonlocal sojourn
        while True:
            born, time = yield stores[number].get()
            yield env.timeout(time)
            busy[number] -= 1
            sojourn += env.now - born

    def publisher() -> Generator[simpy.Event, None, None]:
        nonlocal lost
        for _ in range(messages):
            yield env.timeout(gap())
            for number, store in enumerate(stores):
                time = services[number]()
                if busy[number] < places:
                    busy[number] += 1
                    store.put((env.now, time))
                else:
                    lost += 1

    for number in range(FAN_OUT):
        env.process(consumer(number))
    env.process(publisher())
    env.run()
    return lost
