"""The bank of answers: right, wrong and hostile files, and what each of them promises."""

from __future__ import annotations

import ast
from pathlib import Path

from workbook.graders.catalogue import find
from workbook.grading.attempt import Attempt
from workbook.grading.verdict import CheckResult

HERE = Path(__file__).parent
SOLUTIONS = HERE.parent / "solutions"


def right(kata: str) -> list[Path]:
    """Answers that must pass everything, the reference solution first."""
    return [SOLUTIONS / f"{kata}.py", *sorted((HERE / "right_answers" / kata).glob("*.py"))]


def wrong(kata: str) -> list[Path]:
    """Answers with one fault each."""
    return sorted((HERE / "wrong_answers" / kata).glob("*.py"))


def one_wrong_for_each_check(kata: str) -> list[Path]:
    """The first of the wrong answers to each check: what `make test` has time for. `make matrix` grades them all."""
    first: dict[str, Path] = {}
    for path in wrong(kata):
        first.setdefault(first_line(path), path)
    return sorted(first.values())


def hostile() -> list[Path]:
    """Submissions to the broker kata that attack or break a grader."""
    return sorted((HERE / "hostile").glob("*.py"))


def first_line(path: Path) -> str:
    """The first line of a file's docstring: the check that must fail, or, of a hostile one, the verdict."""
    source = path.read_text(encoding="utf-8", errors="replace")
    try:
        doc = ast.get_docstring(ast.parse(source)) or source.lstrip("# ")
    except (SyntaxError, ValueError):
        doc = source.split('"""')[1] if '"""' in source else source.lstrip("# ")
    return doc.strip().splitlines()[0].strip()


def named_checks(kata: str) -> set[str]:
    return {first_line(path) for path in wrong(kata)}


def grade(kata: str, path: Path, *only: str, seed: int | None = None) -> dict[str, CheckResult]:
    """Verdicts by check id."""
    with Attempt(find(kata), path, seed=seed, only=only or None) as attempt:
        return {result.id: result for result in attempt.results()}
