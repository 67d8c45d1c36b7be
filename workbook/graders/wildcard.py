"""The grader of the wildcard kata: its stages and checks."""

from __future__ import annotations

from pathlib import Path

from workbook.graders import wildcard_stage1, wildcard_stage2, wildcard_stage3, wildcard_stage4
from workbook.grading.check import Kata, Stage

KATA = Kata(
    name="wildcard",
    title="Wildcard matcher",
    player=Path(__file__).with_name("wildcard_player.py"),
    stages=(
        Stage(1, "validation", "middle"),
        Stage(2, "matching", "middle"),
        Stage(3, "an index: add, match, remove", "senior"),
        Stage(4, "follow-up: scale", "staff"),
    ),
    checks=(
        *wildcard_stage1.CHECKS,
        *wildcard_stage2.CHECKS,
        *wildcard_stage3.CHECKS,
        *wildcard_stage4.CHECKS,
    ),
    preload=(
        "abc", "bisect", "collections", "collections.abc", "contextlib", "dataclasses", "enum", "fnmatch",
        "functools", "heapq", "inspect", "itertools", "operator", "re", "string", "tracemalloc", "types", "typing",
        "unicodedata", "weakref",
    ),
    follow_up_needs_core=True,
)  # fmt: skip
