"""How surely races are found, and how surely right answers pass: many runs of each, on a loaded machine or an idle one.

    python bench/races.py                           every race among the wrong answers 100 times
    python bench/races.py --right 20 --wrong 0      every right answer 20 times through all checks that meet threads
    python bench/races.py --load 4                  beside four processes that compute without end
    python bench/races.py --right 20 --jobs 2       two gradings of right answers at a time
    python bench/races.py --only NAME --only NAME   some answers, by file name

A run takes a fresh seed: other names, other messages, other schedules of three threads. A race counts as found when
the check that the wrong answer names is red. What is red of a right answer is printed with its seed, by which
`pubsub grade broker --file FILE --seed SEED` plays it again. The bound is the largest rate of misses that would
still show so few of them in five out of a hundred such series (Clopper and Pearson 1934, one-sided, 95 %).
"""

from __future__ import annotations

import argparse
import contextlib
import math
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":  # python bench/races.py: the checkout is not on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests import bank
from workbook.graders.catalogue import find
from workbook.grading.attempt import Attempt, new_seed
from workbook.grading.verdict import Status

KATA = "broker"


def race_checks() -> list[str]:
    """The checks in which threads meet: all of stage 4, the races of stage 5."""
    return [one.id for one in find(KATA).checks if one.stage == 4 or one.id.startswith("race_")]


def upper_bound(misses: int, runs: int, confidence: float = 0.95) -> float:
    """The rate under which at most so many misses in so many runs have probability 1 - confidence."""

    def at_most(rate: float) -> float:
        return sum(
            math.comb(runs, seen) * rate**seen * (1 - rate) ** (runs - seen) for seen in range(misses + 1)
        )

    low, high = misses / runs, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(middle) > 1 - confidence else (low, middle)
    return high


def compute() -> None:
    while True:
        sum(range(10_000))


@contextlib.contextmanager
def load(processes: int) -> Iterator[None]:
    """So many processes that want a processor all the time."""
    started = [multiprocessing.Process(target=compute, daemon=True) for _ in range(processes)]
    for process in started:
        process.start()
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.join()


def row(name: str, misses: int, runs: int, seconds: float) -> str:
    return f"{name:<44}{runs - misses:>6} of {runs:<6}{seconds / runs:>7.2f} s a run"


def many(path: Path, check_id: str, runs: int) -> list[Status]:
    """The verdicts of one check on one file, each run with inputs of its own."""
    kata = find(KATA)
    check = kata.check(check_id)
    copies = tuple(replace(check, id=f"{check_id} {number}") for number in range(runs))
    with Attempt(replace(kata, checks=copies), path) as attempt:
        return [result.status for result in attempt.results()]


def wrong(paths: list[Path], runs: int) -> int:
    """Grade each by the check it names; how many races were missed."""
    missed = total = 0
    for path in paths:
        check, started = bank.first_line(path), time.monotonic()
        misses = sum(not status.is_red for status in many(path, check, runs))
        print(row(path.stem, misses, runs, time.monotonic() - started), check, flush=True)
        missed, total = missed + misses, total + runs
    if total:
        print(
            f"races: {total - missed:,} of {total:,} found; missed at most {upper_bound(missed, total):.4%} (95 %)\n"
        )
    return missed


def is_green(path: Path) -> bool:
    """Grade a right answer by all race checks, and print what is red."""
    seed = new_seed()
    red = [
        one
        for one in bank.grade(KATA, path, *race_checks(), seed=seed).values()
        if one.status is not Status.PASSED
    ]
    for one in red:
        print(f"  {path.stem}: {one.id} {one.status.value}, seed {seed}: {one.verdict.message}", flush=True)
    return not red


def right(paths: list[Path], runs: int, jobs: int) -> int:
    """Grade each by all race checks; how many gradings were not green."""
    failed, started = dict.fromkeys(paths, 0), time.monotonic()
    with ThreadPoolExecutor(jobs) as pool:
        order = paths * runs  # all in turn, so that a series cut short says something about each
        for done, (path, green) in enumerate(zip(order, pool.map(is_green, order), strict=True), 1):
            failed[path] += not green
            if done % (10 * len(paths)) == 0 or done == len(order):
                bad, each = sum(failed.values()), (time.monotonic() - started) / done
                each_answer = done // len(paths)
                print(
                    f"right answers: {done - bad:,} of {done:,} gradings green, {each:.1f} s each; "
                    f"{each_answer:,} of each answer, {each_answer * len(race_checks()):,} runs of a check; "
                    f"wrongly red at most {upper_bound(bad, done):.4%} of gradings (95 %)",
                    flush=True,
                )
    for path, bad in failed.items():
        if bad:
            print(f"{path.stem}: {bad} of {runs} gradings were red")
    return sum(failed.values())


def main() -> int:
    parser = argparse.ArgumentParser(description="how surely races are found, and right answers pass")
    parser.add_argument("--wrong", type=int, default=100, metavar="RUNS", help="runs of each wrong answer")
    parser.add_argument("--right", type=int, default=0, metavar="RUNS", help="runs of each right answer")
    parser.add_argument("--load", type=int, default=0, metavar="PROCESSES", help="that compute meanwhile")
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="gradings of right answers at a time"
    )
    parser.add_argument("--only", action="append", metavar="NAME", help="an answer, by file name")
    order = parser.parse_args()
    checks = race_checks()
    races = [path for path in bank.wrong(KATA) if bank.first_line(path) in checks]
    answers = bank.right(KATA)
    if order.only:
        races, answers = ([path for path in some if path.stem in order.only] for some in (races, answers))
    print(
        f"{len(races)} races, {len(answers)} right answers; {os.cpu_count()} cores, {order.load} processes beside"
    )
    with load(order.load):
        bad = wrong(races, order.wrong) if order.wrong else 0
        bad += right(answers, order.right, order.jobs) if order.right else 0
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
