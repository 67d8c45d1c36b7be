"""What works on this machine, a line a component, and what to do about what does not."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from workbook import services
from workbook.places import NoKatas, kata_folder
from workbook.progress import Progress, ProgressError, home


@dataclass(frozen=True)
class Finding:
    component: str
    works: bool
    text: str  # what works, or what to do


def examine() -> Iterator[Finding]:
    """Every component, in the order a learner meets them, each as soon as it was tried."""
    yield _python()
    yield _containment()
    yield _katas()
    yield _progress()
    yield from _services()


def _python() -> Finding:
    version = platform.python_version()
    tested = (
        "the version that is tested"
        if sys.version_info[:2] == (3, 11)
        else "expected to work; 3.11 is tested"
    )
    return Finding("Python", True, f"{version}, {tested}")


def _containment() -> Finding:
    if sys.platform == "linux" and os.path.exists("/proc/self/task"):
        return Finding(
            "Containment", True, "Linux: no process of a graded file survives, memory is limited to 2 GB"
        )
    return Finding(
        "Containment",
        False,
        f"{platform.system()}: time limits hold; memory limits and the sweep of escaped processes are best effort. "
        "Grade files you do not trust on Linux.",
    )


def _katas() -> Finding:
    try:
        return Finding("Katas", True, str(kata_folder()))
    except NoKatas as error:
        return Finding("Katas", False, str(error))


def _progress() -> Finding:
    try:
        with Progress.open() as progress:
            return Finding("Progress", True, str(progress.path))
    except ProgressError as error:
        return Finding("Progress", False, f"{error} (PUBSUB_HOME, or {home()})")


def _services() -> Iterator[Finding]:
    for finding in services.doctor():
        yield Finding(finding.component, finding.works, f"{finding.found} {finding.advice}".strip())
