"""Verdicts -> the JSON of --results, the same for pytest and for the command line."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

from workbook.grading.check import Kata
from workbook.grading.verdict import AttemptResult, stage_verdict


def as_json(kata: Kata, result: AttemptResult) -> dict[str, Any]:
    """The document of --results, schema 1."""
    stages = []
    for stage in kata.stages:
        checks = result.stage(stage.number)
        if not checks:
            continue
        stages.append(
            {
                "n": stage.number,
                "title": stage.title,
                "level": stage.level,
                "verdict": stage_verdict([check.status for check in checks]).value,
                "checks": [
                    {
                        "id": check.id,
                        "rule": check.rule,
                        "stage": check.stage,
                        "status": check.status.value,
                        "message": check.verdict.message,
                        "seconds": round(check.seconds, 3),
                    }
                    for check in checks
                ],
            }
        )
    return {
        "schema": 1,
        "kata": result.kata,
        "sha256": result.sha256,
        "seed": result.seed,
        "python": platform.python_version(),
        "stages": stages,
    }


def write_json(path: Path, documents: list[dict[str, Any]]) -> None:
    """Write one attempt as an object, several as a list; whole or not at all. Raises OSError."""
    text = json.dumps(documents[0] if len(documents) == 1 else documents, indent=2) + "\n"
    beside = path.with_name(path.name + ".new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)
