"""What can happen in a session: frozen records, and their form as JSON, one object an event.

    {"event": "answered", "text": "A dictionary of topics ..."}
    {"event": "marked", "kind": "point", "number": 2, "on": true}
    {"event": "scored", "content": 3, "tradeoffs": 2, "proof": 3}

Numbers count from 1, as people see them on the screen.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, get_type_hints

LONGEST_TEXT = 20_000  # characters of one typed answer or note


@dataclass(frozen=True)
class Started:
    """The first question is asked."""


@dataclass(frozen=True)
class ClockRan:
    """Time went by; kept now and then, so that a kill costs seconds only."""


@dataclass(frozen=True)
class Drafted:
    """What stands in the answer field so far."""

    text: str


@dataclass(frozen=True)
class Answered:
    """The candidate has finished; empty when it was spoken."""

    text: str = ""


@dataclass(frozen=True)
class Marked:
    """An item of the checklist was ticked or unticked: see checklist.py for the kinds and when each is open."""

    kind: str
    number: int
    on: bool = True


@dataclass(frozen=True)
class Noted:
    """The note on the present question, which takes the place of an earlier one."""

    text: str


@dataclass(frozen=True)
class Checked:
    """The checklist is done."""


@dataclass(frozen=True)
class Scored:
    """The three scores (see anchors.py); the next question follows."""

    content: int
    tradeoffs: int
    proof: int


@dataclass(frozen=True)
class Paused:
    """The clock stops."""


@dataclass(frozen=True)
class Resumed:
    """The clock goes on."""


@dataclass(frozen=True)
class KataBegan:
    """The candidate has the stub; the folder it lies in, empty when there is none."""

    folder: str = ""


@dataclass(frozen=True)
class KataGraded:
    """The kata was graded: how many checks passed, and how many there are, stage by stage."""

    passed: tuple[int, ...]
    total: tuple[int, ...]


@dataclass(frozen=True)
class KataEnded:
    """Hands off the keyboard."""


@dataclass(frozen=True)
class Ended:
    """The session is ended before its time."""


Event = (
    Started
    | ClockRan
    | Drafted
    | Answered
    | Marked
    | Noted
    | Checked
    | Scored
    | Paused
    | Resumed
    | KataBegan
    | KataGraded
    | KataEnded
    | Ended
)


def _name(kind: type[Event]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


KINDS: dict[str, type[Event]] = {_name(kind): kind for kind in Event.__args__}


def to_dict(event: Event) -> dict[str, Any]:
    """The event as plain data for JSON."""
    return {"event": _name(type(event)), **asdict(event)}


def from_dict(found: Any) -> Event:
    """The event that `to_dict` wrote, or a person did. ValueError says what is wrong with it."""
    if not isinstance(found, dict):
        raise ValueError(f"an event is a JSON object, got {type(found).__name__}")
    values = dict(found)
    kind = KINDS.get(str(values.pop("event", None)))
    if kind is None:
        raise ValueError(f"there is no event {found.get('event')!r}; the events are {', '.join(KINDS)}")
    hints = get_type_hints(kind)
    for name, value in values.items():
        if name not in hints:
            known = ", ".join(hints) or "nothing"
            raise ValueError(f"the event {found['event']} has no {name!r}; it has {known}")
        values[name] = _value(found["event"], name, value, hints[name])
    missing = [one.name for one in fields(kind) if one.name not in values and one.default is MISSING]
    if missing:
        raise ValueError(f"the event {found['event']} needs {' and '.join(missing)}")
    return kind(**values)


def _value(event: str, name: str, value: Any, wanted: Any) -> Any:
    if wanted == tuple[int, ...]:
        if isinstance(value, list | tuple) and all(type(one) is int for one in value):
            return tuple(value)
    elif type(value) is wanted:
        return value
    what = {str: "a text", int: "a whole number", bool: "true or false"}.get(
        wanted, "a list of whole numbers"
    )
    raise ValueError(f"{name} of the event {event} is {what}, got {str(value)[:40]!r}")
