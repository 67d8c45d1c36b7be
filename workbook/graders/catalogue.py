"""All katas, in the order they are met. A grader is imported when it is asked for: some need a database driver."""

from __future__ import annotations

from importlib import import_module

from workbook.grading.check import Kata

NAMES = ("broker", "wildcard", "outbox")


def find(name: str) -> Kata:
    """The kata of that name. Raises KeyError with a sentence that names all katas."""
    if name not in NAMES:
        raise KeyError(f"there is no kata {name!r}; the katas are {', '.join(NAMES)}")
    kata: Kata = import_module(f"workbook.graders.{name}").KATA
    return kata


def every() -> tuple[Kata, ...]:
    """All katas."""
    return tuple(find(name) for name in NAMES)
