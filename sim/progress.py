"""A progress bar for long sweeps, on a terminal only."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sim.sweep import Progress


@contextmanager
def progress_bar(title: str) -> Iterator[Progress | None]:
    """Yield what a sweep reports its progress to: None unless somebody is looking at stderr."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # only here: the simulator itself must run without it
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("runs, left:"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
