"""Stage 5 of the broker kata may be left alone: its checks are skipped until the stub's own line is gone."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import wraps
from typing import Any

from workbook.grading.check import Bench, Broken, Check, collector
from workbook.grading.verdict import Status, Verdict


def begun_collector(checks: list[Check]) -> Callable[..., Callable[[Callable[[Bench], None]], Check]]:
    """`collector(checks, 5)`, whose checks are skipped while the stage is not begun."""
    declare = collector(checks, 5)

    def check(
        *, notebook: str = "q08_slow_subscriber", **fields: Any
    ) -> Callable[[Callable[[Bench], None]], Check]:
        def add(judge: Callable[[Bench], None]) -> Check:
            @wraps(judge)
            def begun(bench: Bench) -> None:
                if is_not_begun(bench.source):
                    raise Broken(
                        Verdict(
                            Status.NOT_ATTEMPTED, 'raise NotImplementedError("stage 5") still stands there.'
                        )
                    )
                judge(bench)

            return declare(notebook=notebook, **fields)(begun)

        return add

    return check


def is_not_begun(source: str) -> bool:
    """True while the stub's own `raise NotImplementedError("stage 5")` is in place."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return any(
        isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
        and node.exc.func.id == "NotImplementedError"
        and any(
            isinstance(argument, ast.Constant) and argument.value == "stage 5" for argument in node.exc.args
        )
        for node in ast.walk(tree)
    )
