"""A session from a file, without a terminal: one JSON object a line, an event with its time.

    {"at": 0, "event": "started"}
    {"at": 95.5, "event": "answered", "text": "A dictionary of topics, and for each ..."}

`at` is in seconds of the session's clock and never goes back; a line without it happens at the time of the one
before. Empty lines, and lines that start with #, are passed over.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbook.interview.events import Event, from_dict
from workbook.interview.log import Running
from workbook.interview.session import Refused
from workbook.interview.state import Phase, State


class BadScript(Exception):
    """The script cannot be followed; the text names the line and the rule."""


@dataclass(frozen=True)
class Line:
    number: int
    event: Event
    at: float


def read_script(path: Path) -> list[Line]:
    """The lines of a script. Raises BadScript."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadScript(
            f"{path} cannot be read ({why}); name a file of events, one JSON object a line."
        ) from None
    lines: list[Line] = []
    for number, row in enumerate(text.splitlines(), 1):
        if not row.strip() or row.lstrip().startswith("#"):
            continue
        at = lines[-1].at if lines else 0.0
        try:
            lines.append(_line(number, row, at))
        except (ValueError, OverflowError, RecursionError) as error:
            raise BadScript(f"{path.name}, line {number}: {error}.") from None
    return lines


def _line(number: int, row: str, before: float) -> Line:
    found = json.loads(row)
    at = found.pop("at", before) if isinstance(found, dict) else before
    if isinstance(at, bool) or not isinstance(at, int | float) or not math.isfinite(at):
        raise ValueError(f"at is a number of seconds, got {at!r}")
    if at < before:
        raise ValueError(f"time runs backwards, from {before:g} s to {at:g} s")
    return Line(number, from_dict(found), float(at))


def play(
    running: Running,
    lines: Sequence[Line],
    log: Sequence[tuple[Event, float]] = (),
    after: Callable[[State], None] = lambda state: None,
) -> int:
    """Send the lines that are not in `log` yet; how many were left over when the session ended.

    `after` is called when an event is kept. Raises BadScript, ProgressError.
    """
    for line, (event, at) in zip(lines, log, strict=False):
        if (line.event, line.at) != (event, at):
            raise BadScript(
                f"The unfinished session did not come from this script: line {line.number} differs from what was "
                "kept; --new begins another."
            )
    if len(log) > len(lines):
        raise BadScript("The unfinished session has gone on beyond this script; --new begins another.")
    rest = list(lines[len(log) :])
    while rest and running.state.phase is not Phase.DONE:
        line = rest.pop(0)
        try:
            running.send(line.event, line.at)
        except Refused as error:
            raise BadScript(f"Line {line.number} of the script does not fit: {error}") from None
        after(running.state)
    return len(rest)
