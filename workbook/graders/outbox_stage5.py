"""Outbox, stage 5, the follow-up: throughput."""

from __future__ import annotations

from workbook.graders.outbox_rate import ten_times_serial
from workbook.grading.check import Bench, Check, collector

CHECKS: list[Check] = []
check = collector(CHECKS, 5)


@check(
    rule="With 2 ms acknowledgements and aggregates that take turns, run is 10 times as fast as a serial pump.",
    why="One row at a time is 400 rows a second on the best of days; a million rows take three quarters of an hour.",
    likely="Rows of different aggregates wait for each other's acknowledgements, or are marked one by one.",
    notebook="q15_durability",
    limit=60.0,
)
def ten_times_serial_interleaved(bench: Bench) -> None:
    ten_times_serial(bench, together=False)


@check(
    rule="With 2 ms acknowledgements and all rows of an aggregate together, run is 10 times as fast as a serial pump.",
    why="A bulk import writes a thousand rows of one customer, then of the next.",
    likely="The batch is the 100 lowest ids: five aggregates, twenty waits in a row. Look for more aggregates.",
    notebook="q19_partition_keys",
    limit=60.0,
)
def ten_times_serial_contiguous(bench: Bench) -> None:
    ten_times_serial(bench, together=True)
