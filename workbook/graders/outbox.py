"""The grader of the outbox kata: its stages and checks."""

from __future__ import annotations

from pathlib import Path

from workbook.graders import (
    outbox_stage1,
    outbox_stage1_once,
    outbox_stage1_run,
    outbox_stage2,
    outbox_stage3,
    outbox_stage4,
    outbox_stage4_database,
    outbox_stage4_patience,
    outbox_stage5,
)
from workbook.graders.outbox_workshop import workshop
from workbook.grading.check import Kata, Stage

KATA = Kata(
    name="outbox",
    title="Outbox pump",
    player=Path(__file__).with_name("outbox_player.py"),
    stages=(
        Stage(1, "publish and mark", "middle"),
        Stage(2, "at least once", "senior"),
        Stage(3, "many pumps", "senior"),
        Stage(4, "failures", "staff"),
        Stage(5, "follow-up: throughput", "staff"),
    ),
    checks=(
        *outbox_stage1.CHECKS,
        *outbox_stage1_run.CHECKS,
        *outbox_stage1_once.CHECKS,
        *outbox_stage2.CHECKS,
        *outbox_stage3.CHECKS,
        *outbox_stage4.CHECKS,
        *outbox_stage4_patience.CHECKS,
        *outbox_stage4_database.CHECKS,
        *outbox_stage5.CHECKS,
    ),
    preload=(
        "abc", "asyncio", "collections", "concurrent.futures.thread", "contextlib", "dataclasses", "enum",
        "functools", "hashlib", "heapq", "inspect", "itertools", "json", "logging", "operator", "psycopg",
        "psycopg.rows", "psycopg.sql", "queue", "random", "threading", "time", "types", "typing", "uuid", "zlib",
    ),
    follow_up_needs_core=True,
    workshop=workshop,
)  # fmt: skip
