"""The storms the simulator is measured against: bare heapq loops, and the published table they gave.

`published_loop` follows the simulator that AWS published step by step: an object per client, an event per leg
of each round trip, Python's own random numbers. `bare_loop` is the least a heapq loop can do for the same
model: two events an attempt, state in lists, and our draws, so that it must give exactly our result.
"""

import csv
import os
import random
import time
from collections.abc import Callable
from heapq import heapify, heappop, heappush, heapreplace
from itertools import count
from math import sqrt
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

from sim.backoff import backoff
from sim.script import Draws
from sim.streams import Streams
from sim.sweep import by_scenario, process_pool, sweep
from sim.write_contention import WriteContention

CLIENTS = 100
KINDS = ("full-jitter", "none")
PUBLISHED = Path(__file__).with_name(
    "backoff_published.csv"
)  # means and 95 % half-widths, 600 repetitions each

Storm = Callable[[str, int], tuple[int, float]]  # back-off, replication -> calls, time in ms
Line = tuple[str, str, str, bool | None]  # goal, bar, measured, met


def against_heap_loops(repetitions: int) -> list[Line]:
    """Time a storm beside both loops, one after the other in each repetition."""
    lines: list[Line] = []
    for kind in KINDS:
        assert ours(kind, 1) == bare_loop(kind, 1)
        spent: dict[Storm, list[float]] = {ours: [], published_loop: [], bare_loop: []}
        for repetition in range(repetitions):
            for storm, seconds in spent.items():
                start = time.process_time()
                storm(kind, repetition)
                seconds.append(time.process_time() - start)
        for other, label, bar in ((published_loop, "published", 1.5), (bare_loop, "barest", None)):
            ratio = median(a / b for a, b in zip(spent[ours], spent[other], strict=True))
            lines.append(
                (
                    f"storm of 100 clients, {kind}, against the {label} heapq loop",
                    f"<= {bar} times its time" if bar else "no bar",
                    f"{ratio:.2f} times: {median(spent[ours]) * 1e3:.2f} ms, {median(spent[other]) * 1e3:.2f} ms",
                    ratio <= bar if bar else None,
                )
            )
    return lines


def against_published_table(repetitions: int) -> list[Line]:
    """Repeat the whole published table of back-off kinds, and say which mean lies furthest off."""
    with PUBLISHED.open() as file:
        rows = {(int(row["clients"]), row["backoff"]): row for row in csv.DictReader(file)}
    scenarios = [WriteContention(backoff=kind, clients=clients) for clients, kind in rows]
    with process_pool(min(2, os.cpu_count() or 1)) as pool:
        results = sweep(scenarios, repetitions, pool)
    found = {}
    for scenario, group in by_scenario(results).items():
        values = scenario.parameters()
        row = rows[values["clients"], values["backoff"]]
        for measure in ("calls", "time"):
            measured = [getattr(result, measure) for result in group]
            published_error = float(row[f"{measure}_half_width"]) / 1.96
            error = sqrt(stdev(measured) ** 2 / len(measured) + published_error**2)
            cell = f"{measure}, {values['backoff']}, {values['clients']} clients"
            found[cell] = (fmean(measured) - float(row[measure])) / error
    worst = max(found, key=lambda cell: abs(found[cell]))
    return [
        (
            f"published back-off table, {len(found)} means over {repetitions} repetitions",
            "|z| < 4 on every difference",
            f"largest |z| {abs(found[worst]):.2f}: {worst}",
            abs(found[worst]) < 4,
        )
    ]


def ours(kind: str, replication: int) -> tuple[int, float]:
    """The scenario itself, result and all."""
    result = WriteContention(backoff=kind, clients=CLIENTS).run(1, replication, "numpy")
    return result.calls, result.time


def bare_loop(kind: str, replication: int) -> tuple[int, float]:
    """The least that a heapq loop can do, with our draws."""
    source, sleep = Streams(1, replication, "numpy"), backoff(kind, 5.0, 2000.0)
    network = Draws(
        lambda block: map(abs, source.normal("network", block, mean=10.0, deviation=2.0)), CLIENTS, size=32
    )
    jitter = Draws(lambda block: source.uniform("jitter", block), CLIENTS, size=8)
    delays = [network.of(client).__next__ for client in range(CLIENTS)]
    draws = [jitter.of(client).__next__ for client in range(CLIENTS)]
    version = calls = 0
    last = 0.0
    seen, attempts, slept = [-1] * CLIENTS, [0] * CLIENTS, [0.0] * CLIENTS
    heap = [(delays[client](), client, client) for client in range(CLIENTS)]
    heapify(heap)
    order = count(CLIENTS).__next__
    while heap:
        now, _, client = heap[0]
        delay = delays[client]
        if seen[client] < 0:
            seen[client] = version
            heapreplace(heap, (now + (delay() + delay()), order(), client))
            continue
        calls += 1
        if seen[client] == version:
            version += 1
            heappop(heap)
            last = max(last, now + delay())
        else:
            attempts[client] += 1
            slept[client] = pause = sleep(attempts[client], slept[client], draws[client]())
            seen[client] = -1
            heapreplace(heap, (now + (delay() + delay() + pause), order(), client))
    return calls, last


class _Client:
    def __init__(self) -> None:
        self.attempt, self.slept = 0, 0.0


def published_loop(kind: str, replication: int) -> tuple[int, float]:
    """The published simulator's own structure."""
    rng, sleep = random.Random(replication), backoff(kind, 5.0, 2000.0)
    version = calls = 0

    def delay() -> float:
        return abs(rng.normalvariate(10.0, 2.0))

    def read(now: float, client: _Client) -> tuple[float, Any, Any]:
        return now + delay(), read_reply, (client, version)

    def read_reply(now: float, message: Any) -> tuple[float, Any, Any]:
        return now + delay(), write, message

    def write(now: float, message: Any) -> tuple[float, Any, Any]:
        nonlocal version, calls
        calls += 1
        client, seen = message
        counts = seen == version
        version += counts
        return now + delay(), write_reply, (client, counts)

    def write_reply(now: float, message: Any) -> tuple[float, Any, Any] | None:
        client, counts = message
        if counts:
            return None
        client.attempt += 1
        client.slept = sleep(client.attempt, client.slept, rng.random())
        return now + delay() + client.slept, read, client

    order = count()
    heap: list[tuple[float, int, Callable[..., Any], Any]] = []
    for _ in range(CLIENTS):
        heappush(heap, (delay(), next(order), read, _Client()))
    now = 0.0
    while heap:
        now, _, step, message = heappop(heap)
        following = step(now, message)
        if following is not None:
            heappush(heap, (following[0], next(order), following[1], following[2]))
    return calls, now
