"""Measures the simulator against its performance goals: python bench/sim.py [--quick] [--only NAME ...]

A row is one goal: a function that measures ours and the other interleaved in this very process (CPU time,
medians over rounds) and returns what to print. Ratios, not milliseconds, are what travels between machines.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from pathlib import Path
from statistics import median

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # not bench/: this file is named like the package

from bench import sim_models as models  # noqa: E402 - needs the path
from bench import sim_storms as storms  # noqa: E402 - needs the path
from sim.slow_subscriber import SlowSubscriber  # noqa: E402 - needs the path
from sim.sweep import Cell, process_pool, run_chunk, sweep  # noqa: E402 - needs the path


@dataclass(frozen=True)
class Row:
    """One line of the table; `met` is None where there is no bar."""

    goal: str
    bar: str
    measured: str
    met: bool | None


@dataclass(frozen=True)
class Effort:
    """How much to measure."""

    messages: int
    rounds: int


THOROUGH, QUICK = Effort(100_000, 7), Effort(20_000, 3)
PLACES = 16


def per_message(runs: dict[str, tuple[models.Model, int, float, int]], rounds: int) -> dict[str, list[float]]:
    """Return CPU seconds per message for each round, the models taking turns."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, (model, messages, load, places) in runs.items():
            start = time.process_time()
            model(messages, load, places)
            found[name].append((time.process_time() - start) / messages)
    return found


def times_faster(found: dict[str, list[float]], ours: str, other: str) -> float:
    """Return the median over rounds of other/ours: neighbours in time see the same machine."""
    return median(b / a for a, b in zip(found[ours], found[other], strict=True))


def cost(found: dict[str, list[float]], name: str) -> str:
    return f"{median(found[name]) * 1e9:,.0f} ns"


def against_idiomatic(effort: Effort) -> list[Row]:
    rows = []
    for load in (0.9, 1.2):
        assert models.engine(5_000, load, PLACES) == models.idiomatic(5_000, load, PLACES)
        found = per_message(
            {
                "ours": (models.engine, effort.messages, load, PLACES),
                "theirs": (models.idiomatic, effort.messages // 2, load, PLACES),
            },
            effort.rounds,
        )
        ratio = times_faster(found, "ours", "theirs")
        rows.append(
            Row(
                f"M/M/1/16, full statistics, against idiomatic SimPy, load {load:g}",
                ">= 8 times" if load == 0.9 else "no bar",
                f"{ratio:.1f} times: {cost(found, 'ours')} a message, {cost(found, 'theirs')}",
                ratio >= 8 if load == 0.9 else None,
            )
        )
    return rows


def against_heap_loop(effort: Effort) -> list[Row]:
    rows = []
    for load in (0.9, 1.2):
        losses = {model(5_000, load, PLACES) for model in (models.engine, models.watched, models.heap_loop)}
        assert len(losses) == 1
        found = per_message(
            {
                name: (model, effort.messages, load, PLACES)
                for name, model in (
                    ("ours", models.engine),
                    ("watched", models.watched),
                    ("theirs", models.heap_loop),
                )
            },
            effort.rounds,
        )
        for name, label in (("ours", "as scenarios use it"), ("watched", "each departure an event")):
            ratio = 1 / times_faster(found, name, "theirs")
            bar = load == 0.9 and name == "ours"
            rows.append(
                Row(
                    f"the same against a bare heapq loop, load {load:g}, {label}",
                    "<= 1.6 times its time" if bar else "no bar",
                    f"{ratio:.2f} times: {cost(found, name)}, {cost(found, 'theirs')}",
                    ratio <= 1.6 if bar else None,
                )
            )
    return rows


def against_ciw(effort: Effort) -> list[Row]:
    found = per_message(
        {
            "ours": (models.engine, effort.messages, 0.9, PLACES),
            "theirs": (models.with_ciw, effort.messages // 10, 0.9, PLACES),
        },
        effort.rounds,
    )
    ratio = times_faster(found, "ours", "theirs")
    return [
        Row(
            "the same against Ciw",
            ">= 12 times",
            f"{ratio:.1f} times: {cost(found, 'ours')}, {cost(found, 'theirs')}",
            ratio >= 12,
        )
    ]


def against_salabim(effort: Effort) -> list[Row]:
    assert models.salabim_lean(2_000, 0.9, PLACES) == models.engine(2_000, 0.9, PLACES)
    found = per_message(
        {
            "ours": (models.engine, effort.messages, 0.9, PLACES),
            "component": (models.salabim_component, effort.messages // 100, 0.9, PLACES),
            "lean": (models.salabim_lean, effort.messages // 5, 0.9, PLACES),
        },
        effort.rounds,
    )
    rows = []
    for name, bar in (("component", 100), ("lean", 4)):
        ratio = times_faster(found, "ours", name)
        rows.append(
            Row(
                f"the same against salabim, {'a component per message' if name == 'component' else 'lean'}",
                f">= {bar} times",
                f"{ratio:.1f} times: {cost(found, 'ours')}, {cost(found, name)}",
                ratio >= bar,
            )
        )
    return rows


def fan_out(effort: Effort) -> list[Row]:
    load, places = 0.9, models.FAN_OUT_PLACES
    assert models.engine_fan_out(2_000, 1.2, 4) == models.store_fan_out(2_000, 1.2, 4)
    publishes = effort.messages // 4
    found = per_message(
        {
            "ours": (models.engine_fan_out, publishes, load, places),
            "theirs": (models.store_fan_out, publishes // 4, load, places),
        },
        effort.rounds,
    )
    ratio = times_faster(found, "ours", "theirs")
    rate = models.FAN_OUT / min(found["ours"]) / 1e6
    return [
        Row(
            "fan-out to 8 subscribers that drop, against a Store each",
            ">= 5 times",
            f"{ratio:.1f} times: {median(found['ours']) / models.FAN_OUT * 1e9:,.0f} ns a delivery, "
            f"{median(found['theirs']) / models.FAN_OUT * 1e9:,.0f} ns",
            ratio >= 5,
        ),
        Row(
            "deliveries a second, best round",
            "> 1 M on an idle core",
            f"{rate:.2f} M",
            rate > 1,
        ),
    ]


def lock_step(effort: Effort) -> list[Row]:
    found = per_message(
        {
            "ours": (models.lock_step, 80 * effort.messages, 0.9, PLACES),
            "theirs": (models.idiomatic, effort.messages // 2, 0.9, PLACES),
        },
        effort.rounds,
    )
    ratio = times_faster(found, "ours", "theirs")
    return [
        Row(
            "lock-step oracle against idiomatic SimPy",
            ">= 200 times",
            f"{ratio:.0f} times: {median(found['ours']) * 1e9:.1f} ns a message, "
            f"{1e-6 / median(found['ours']):.0f} M/s",
            ratio >= 200,
        )
    ]


def memory(effort: Effort) -> list[Row]:
    few, many = effort.messages, 10 * effort.messages
    grown = {messages: _peak_growth("engine", messages) for messages in (few, many)}
    return [
        Row(
            f"peak memory over start, {few:,} and {many:,} messages",
            "<= 30 MB, whatever their number",
            f"{grown[few]:.1f} and {grown[many]:.1f} MB",
            max(grown.values()) <= 30,
        )
    ]


def sweeps(effort: Effort) -> list[Row]:
    jobs = min(2, os.cpu_count() or 1)
    load = os.getloadavg()[0]
    scenarios = [SlowSubscriber(duration=effort.messages / 2_500, slowness=s) for s in (1.5, 2.0, 3.0)]
    replications = 8
    cells = [Cell(0, scenario, 1, n, "auto") for scenario in scenarios for n in range(replications)]
    efficiencies, against_halves, equal = [], [], True
    with process_pool(jobs) as pool:
        sweep(scenarios, 2 * jobs, pool)  # workers have started and imported
        for _ in range(max(1, effort.rounds // 2)):
            times = [time.perf_counter()]
            serial = sweep(scenarios, replications)
            times.append(time.perf_counter())
            equal = equal and sweep(scenarios, replications, pool) == serial
            times.append(time.perf_counter())
            wait([pool.submit(run_chunk, cells[job::jobs], inf) for job in range(jobs)])
            times.append(time.perf_counter())
            alone, shared, halves = (b - a for a, b in pairwise(times))
            efficiencies.append(alone / shared / jobs)
            against_halves.append(halves / shared)
    efficiency = median(efficiencies)
    return [
        Row(
            f"sweep over {jobs} processes, parallel efficiency (load average was {load:.1f})",
            ">= 0.85 on idle cores",
            f"{efficiency:.2f}; {median(against_halves):.2f} of the cells split by hand; "
            f"results {'identical' if equal else 'DIFFERENT'}",
            efficiency >= 0.85 and equal,
        )
    ]


def storm(effort: Effort) -> list[Row]:
    return [Row(*line) for line in storms.against_heap_loops(10 * effort.rounds)]


def published_table(effort: Effort) -> list[Row]:
    return [Row(*line) for line in storms.against_published_table(600 if effort == THOROUGH else 60)]


ROWS: dict[str, Callable[[Effort], list[Row]]] = {
    "idiomatic": against_idiomatic,
    "ciw": against_ciw,
    "memory": memory,
    "salabim": against_salabim,
    "heap": against_heap_loop,
    "fan-out": fan_out,
    "oracle": lock_step,
    "sweep": sweeps,
    "storm": storm,
    "published": published_table,
}


def _peak_growth(model: str, messages: int) -> float:
    """Return by how many MB a fresh process's peak grows while it runs the model."""
    program = (
        f"import sys, resource; sys.path.insert(0, {sys.path[0]!r})\n"
        "from bench import sim_models\n"
        f"model = sim_models.{model}\n"
        "import numpy.random\n"
        "start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"model({messages}, 0.9, {PLACES})\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return int(done.stdout) / 1024


def main() -> int:
    """Print the table; exit code 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer messages and rounds; ratios are rougher")
    parser.add_argument("--only", nargs="+", choices=list(ROWS), default=list(ROWS), metavar="NAME",
                        help=f"rows to measure: {', '.join(ROWS)}")  # fmt: skip
    asked = parser.parse_args()
    effort = QUICK if asked.quick else THOROUGH
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}, "
          f"{effort.messages:,} messages, median of {effort.rounds} rounds\n")  # fmt: skip
    missed = 0
    for name in asked.only:
        for row in ROWS[name](effort):
            verdict = {True: "met", False: "MISSED", None: ""}[row.met]
            missed += row.met is False
            print(f"{row.goal:78s} {row.bar:32s} {row.measured:52s} {verdict}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
