"""The grader of the broker kata: its stages and checks."""

from __future__ import annotations

from pathlib import Path

from workbook.graders import (
    broker_stage1,
    broker_stage2,
    broker_stage3,
    broker_stage3_traces,
    broker_stage4,
    broker_stage4_many,
    broker_stage5,
    broker_stage5_races,
)
from workbook.grading.check import Kata, Stage

KATA = Kata(
    name="broker",
    title="In-process broker",
    player=Path(__file__).with_name("broker_player.py"),
    stages=(
        Stage(1, "broadcast", "junior"),
        Stage(2, "bounded and never blocked", "middle"),
        Stage(3, "lifetime", "middle"),
        Stage(4, "concurrency", "senior"),
        Stage(5, "follow-up: policies per subscription", "senior"),
    ),
    checks=(
        *broker_stage1.CHECKS,
        *broker_stage2.CHECKS,
        *broker_stage3.CHECKS,
        *broker_stage3_traces.CHECKS,
        *broker_stage4.CHECKS,
        *broker_stage4_many.CHECKS,
        *broker_stage5.CHECKS,
        *broker_stage5_races.CHECKS,
    ),
    preload=(
        "abc",
        "ast",
        "collections",
        "collections.abc",
        "concurrent.futures",
        "concurrent.futures.thread",
        "contextlib",
        "dataclasses",
        "enum",
        "functools",
        "heapq",
        "itertools",
        "json",
        "logging",
        "operator",
        "queue",
        "time",
        "threading",
        "types",
        "typing",
        "uuid",
        "weakref",
    ),
)
