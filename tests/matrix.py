"""`make matrix`: every answer of the bank against the checks of its kata, as a table.

    python -m tests.matrix [--kata NAME] [--kind KIND] [--named] [--out FILE]

Right answers must pass every check; a wrong answer must fail the check it names; a hostile submission must end in
the verdict it names, a hopeless one within 30 seconds. With `--named` wrong answers run the check they name only,
a tenth of the work. The table is written to docs/matrix.json for the site.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from tests import bank
from workbook.graders.catalogue import NAMES, find
from workbook.grading.verdict import Status

KINDS = ("right", "wrong", "hostile")
OUT = Path(__file__).parent.parent / "docs" / "matrix.json"


@dataclass(frozen=True)
class Row:
    """One answer: what was expected of it, what came, by which check, in what words."""

    kata: str
    kind: str  # right, wrong, hostile
    name: str
    expected: str
    caught_by: str
    seen: str
    message: str
    as_expected: bool
    seconds: float


def right_row(kata: str, path: Path) -> Row:
    started = time.monotonic()
    results = bank.grade(kata, path)
    bad = [result for result in results.values() if result.status is not Status.PASSED]
    first = bad[0] if bad else None
    return Row(
        kata,
        "right",
        path.stem,
        "passes everything",
        first.id if first else "",
        first.status.value if first else "passed",
        first.verdict.message if first else "",
        not bad,
        round(time.monotonic() - started, 1),
    )


def wrong_row(kata: str, path: Path, named: bool) -> Row:
    check = bank.first_line(path)
    started = time.monotonic()
    results = bank.grade(kata, path, check) if named else bank.grade(kata, path)
    result = results[check]
    others = [one.id for one in results.values() if one.status.is_red]
    return Row(
        kata,
        "wrong",
        path.stem,
        check,
        ", ".join(others),
        result.status.value,
        result.verdict.message,
        result.status.is_red,
        round(time.monotonic() - started, 1),
    )


def hostile_row(path: Path) -> Row:
    started = time.monotonic()
    results = bank.grade("broker", path)
    red = [result for result in results.values() if result.status.is_red]
    worst = max(red, key=lambda result: SEVERITY.index(result.status)) if red else None
    seconds = time.monotonic() - started
    # A file that hangs everywhere is graded within 30 s; one that works but for its attack takes its time.
    hopeless = sum(result.status is Status.TIMED_OUT for result in results.values()) > len(results) // 2
    return Row(
        "broker",
        "hostile",
        path.stem,
        bank.first_line(path),
        red[0].id if red else "",
        worst.status.value if worst else "passed",
        worst.verdict.message if worst else "",
        bool(set(bank.first_line(path).split(" or ")) & {result.status.value for result in red})
        and (seconds < 30.0 or not hopeless),
        round(seconds, 1),
    )


SEVERITY = [Status.FAILED, Status.TIMED_OUT, Status.CRASHED]


def rows(katas: list[str], kinds: list[str], named: bool, console: Console) -> Iterator[Row]:
    work: list[tuple[str, str, Path]] = []
    for kata in katas:
        if "right" in kinds:
            work += [(kata, "right", path) for path in bank.right(kata)]
        if "wrong" in kinds:
            work += [(kata, "wrong", path) for path in bank.wrong(kata)]
    if "broker" in katas and "hostile" in kinds:
        work += [("broker", "hostile", path) for path in bank.hostile()]
    for kata, kind, path in track(work, "answers", console=console, disable=not console.is_terminal):
        if kind == "right":
            yield right_row(kata, path)
        elif kind == "wrong":
            yield wrong_row(kata, path, named)
        else:
            yield hostile_row(path)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.matrix", description="every answer against the graders"
    )
    parser.add_argument("--kata", choices=NAMES, action="append")
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--named", action="store_true", help="wrong answers: their named check only")
    parser.add_argument("--verbose", action="store_true", help="a line for each answer as it is graded")
    parser.add_argument(
        "--out", type=Path, default=None, help=f"write the table as JSON (full runs: {OUT.name})"
    )
    order = parser.parse_args(argv)
    katas, kinds = order.kata or list(NAMES), order.kind or list(KINDS)
    console = Console()
    table = []
    for row in rows(katas, kinds, order.named, console):
        table.append(row)
        if order.verbose:
            print(
                f"{row.seconds:6.1f} s  {row.kind} {row.kata}/{row.name}: {row.seen} {row.message}",
                flush=True,
            )
        if not row.as_expected:
            console.print(
                f"NOT AS EXPECTED {row.kind} {row.kata}/{row.name}: {row.seen} {row.message}", markup=False
            )
    for kata in katas:
        for kind in KINDS:
            some = [row for row in table if (row.kata, row.kind) == (kata, kind)]
            if some:
                good = sum(row.as_expected for row in some)
                console.print(f"{kata:<10}{kind:<9}{good} of {len(some)} as expected", markup=False)
        caught = {row.expected for row in table if (row.kata, row.kind) == (kata, "wrong")}
        without = [check.id for check in find(kata).checks if check.id not in caught]
        if without and "wrong" in kinds:
            console.print(f"{kata:<10}checks without a wrong answer: {', '.join(without)}", markup=False)
    out = order.out or (None if order.kata or order.kind else OUT)
    if out is not None:
        document = [{key: value for key, value in asdict(row).items() if key != "seconds"} for row in table]
        out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    failed = sum(not row.as_expected for row in table)
    print(f"{len(table) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
