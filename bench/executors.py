"""What a task costs on each executor, and how large a chunk must be to hide it.

    python bench/executors.py [--workers 2]

First tasks that do nothing, a hundred at a time: seconds a task. Then one sweep (slow subscriber, one-third of a
second of simulated time a cell, equal results demanded) in chunks of several lengths: how much of the workers'
time went into the work, beside the same sweep in this process, measured before and after each.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, wait
from contextlib import contextmanager
from pathlib import Path
from statistics import median

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from sim import sweep as sweeps  # noqa: E402 - needs the path
from sim.executors import dask_executor  # noqa: E402 - needs the path
from sim.slow_subscriber import SlowSubscriber  # noqa: E402 - needs the path
from sim.sweep import process_pool, sweep  # noqa: E402 - needs the path

CELL = SlowSubscriber(policy="drop-oldest", duration=2.0)
REPLICATIONS = 120
CHUNKS = (0.01, 0.05, 0.2, 0.5)  # seconds


def nothing(number: int) -> int:
    return number


def seconds_a_task(executor: Executor, tasks: int = 100, rounds: int = 7) -> float:
    found = []
    for turn in range(rounds):
        start = time.perf_counter()
        wait([executor.submit(nothing, turn * tasks + number) for number in range(tasks)])
        found.append((time.perf_counter() - start) / tasks)
    return median(found)


def seconds_a_sweep(executor: Executor | None) -> float:
    start = time.perf_counter()
    results = sweep([CELL], REPLICATIONS, executor)
    elapsed = time.perf_counter() - start
    if len(results) != REPLICATIONS:
        raise RuntimeError(f"{len(results)} of {REPLICATIONS} results came back")
    return elapsed


@contextmanager
def dask(workers: int) -> Iterator[Executor]:
    from distributed import LocalCluster

    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
        dask_executor(cluster.scheduler_address) as executor,
    ):
        yield executor


def main() -> None:
    parser = argparse.ArgumentParser(description="what a task costs on each executor")
    parser.add_argument("--workers", type=int, default=2)
    workers = parser.parse_args().workers
    here = sweep([CELL], REPLICATIONS)
    print(
        f"{'executor':<14}{'ms a task':>10}   share of {workers} workers' time that was work, by seconds a chunk"
    )
    print(f"{'':<24}   " + "".join(f"{chunk:>8g}" for chunk in CHUNKS))
    for name, place in (("process pool", process_pool(workers)), ("Dask", dask(workers))):
        with place as executor:
            if sweep([CELL], REPLICATIONS, executor) != here:  # warms up, too
                raise RuntimeError(f"{name} gives other results than this process")
            task = seconds_a_task(executor)
            shares = []
            for chunk in CHUNKS:
                sweeps.CHUNK = chunk
                serial = seconds_a_sweep(None)
                shared = seconds_a_sweep(executor)
                serial = (serial + seconds_a_sweep(None)) / 2
                shares.append(serial / workers / shared)
            print(
                f"{name:<14}{1000 * task:>10.2f}   " + "".join(f"{share:>8.0%}" for share in shares),
                flush=True,
            )


if __name__ == "__main__":
    main()
