"""How two files of progress become one. Each kind of thing has a rule; the order of two imports does not matter.

verdicts     both, in order of time
hints        both
reviews      both, in order of time; what a card's memory holds is replayed from them
cards due    whatever was made due after the card's last review
interviews   both; of one that both know, the longer course, if the shorter is its beginning
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from workbook.grading.inert import inert
from workbook.grading.verdict import Status
from workbook.review.schedule import Memory, Rating, replayed

Row = dict[str, Any]
Tables = Mapping[str, list[Row]]
TABLES = (
    "verdict",
    "hint",
    "review_card",
    "review_log",
    "review_due",
    "interview_bank",
    "interview",
    "interview_event",
)
TYPES: dict[str, tuple[type, ...]] = {"TEXT": (str,), "INTEGER": (int,), "REAL": (int, float)}
TIMES = {
    ("verdict", "at"),
    ("review_card", "due"),
    ("review_card", "last"),
    ("review_log", "at"),
    ("review_due", "at"),
}
MOST = 2**63 - 1
OPEN, LEFT = "open", "left"  # an interview's fate, as workbook/interview/log.py keeps it


@dataclass(frozen=True)
class Merged:
    """What an import did with one kind of thing."""

    what: str
    added: int
    known: int
    apart: int = 0  # differ on both sides and were left as they are here

    def __str__(self) -> str:
        left = f", {self.apart} went on differently here and were left alone" if self.apart else ""
        return f"{self.what}: {self.added} added, {self.known} here already{left}"


def rows(connection: sqlite3.Connection, table: str) -> list[Row]:
    """All rows of a table, in the order they were added."""
    found = connection.execute(f"SELECT * FROM {table} ORDER BY rowid")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found]


def checked(connection: sqlite3.Connection, tables: Mapping[str, Any]) -> Tables:
    """The tables of a document, complete and of the right types. ValueError names the first fault."""
    if unknown := sorted(set(tables) - set(TABLES)):
        raise ValueError(f"it has a table {unknown[0][:40]!r} that is not known here")
    made = {}
    for table in TABLES:
        found = tables.get(table, [])
        columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
        if not isinstance(found, list):
            raise ValueError(f"its table {table} is no list of rows")
        for number, row in enumerate(found, 1):
            if fault := _fault(table, row, columns):
                raise ValueError(f"row {number} of its table {table} {fault}")
        made[table] = found
    _check_interviews(made)
    return made


def merge(connection: sqlite3.Connection, theirs: Tables) -> tuple[Merged, ...]:
    """Merge into an open transaction."""
    return (
        _verdicts(connection, theirs["verdict"]),
        _hints(connection, theirs["hint"]),
        *_reviews(connection, theirs),
        _interviews(connection, theirs),
    )


def _fault(table: str, row: Any, columns: list[tuple[Any, ...]]) -> str | None:
    names = [column[1] for column in columns]
    if not isinstance(row, dict) or sorted(row) != sorted(names):
        return f"has not the columns {', '.join(names)}"
    for _, name, kind, required, _, key in columns:
        value = row[name]
        if value is None and not required and not key:
            continue
        if type(value) not in TYPES[kind] or (type(value) is int and abs(value) > MOST):
            return f"has {str(value)[:40]!r} where {name} belongs"
        if isinstance(value, float) and not math.isfinite(value):
            return f"has {value} where {name} belongs"
        if (table, name) in TIMES and not _is_time(value):
            return f"has {value[:40]!r} where a time with its zone belongs"
    if table == "verdict" and row["status"] not in {status.value for status in Status}:
        return f"has a status that is not known, {row['status'][:40]!r}"
    if table == "review_log" and row["rating"] not in set(Rating):
        return f"has a rating of {row['rating']}, and ratings go from 1 to 4"
    return None


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _check_interviews(tables: Tables) -> None:
    banks = {row["sha256"] for row in tables["interview_bank"]}
    sessions = {row["id"] for row in tables["interview"]}
    for row in tables["interview"]:
        if row["bank"] not in banks:
            raise ValueError(f"interview {row['id']} refers to questions that are not in the file")
    for row in tables["interview_event"]:
        if row["interview"] not in sessions:
            raise ValueError(f"it has an event of interview {row['interview']}, which is not in the file")


def _insert(connection: sqlite3.Connection, table: str, found: Iterable[Row]) -> None:
    for row in found:
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" for _ in row)
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in sorted(row))


def _united(ours: list[Row], theirs: list[Row]) -> tuple[list[Row], int]:
    """Ours, then those of theirs that we lack; and how many those are."""
    known = {_key(row) for row in ours}
    added = list({_key(row): row for row in theirs if _key(row) not in known}.values())
    return ours + added, len(added)


def _verdicts(connection: sqlite3.Connection, theirs: list[Row]) -> Merged:
    """The newest verdict counts, and newest means last in the table; so the whole table is put in order."""
    together, added = _united(rows(connection, "verdict"), theirs)
    if added:
        connection.execute("DELETE FROM verdict")
        _insert(connection, "verdict", sorted(together, key=lambda row: datetime.fromisoformat(row["at"])))
    return Merged("verdicts", added, len(theirs) - added)


def _hints(connection: sqlite3.Connection, theirs: list[Row]) -> Merged:
    ours = rows(connection, "hint")
    together, added = _united(ours, theirs)
    _insert(connection, "hint", together[len(ours) :])
    return Merged("hints", added, len(theirs) - added)


def _reviews(connection: sqlite3.Connection, theirs: Tables) -> tuple[Merged, Merged]:
    """Reviews of both sides in order of time, then every memory anew from them."""
    log: dict[str, dict[tuple[datetime, int], None]] = defaultdict(dict)
    before = rows(connection, "review_log")
    for row in (*before, *theirs["review_log"]):
        log[row["card"]][datetime.fromisoformat(row["at"]).astimezone(UTC), row["rating"]] = None
    cards = {row["card"]: row for row in (*theirs["review_card"], *rows(connection, "review_card"))}
    waiting = {
        (row["card"], row["at"], inert(row["why"], 200)): None
        for row in (*rows(connection, "review_due"), *theirs["review_due"])
    }
    made_due = len(rows(connection, "review_due"))
    for table in ("review_log", "review_card", "review_due"):
        connection.execute(f"DELETE FROM {table}")
    last: dict[str, datetime] = {}
    for card in sorted({*cards, *log}):
        entries = sorted(log[card])
        memory = replayed(card, [(Rating(rating), at) for at, rating in entries])
        for number, (at, rating) in enumerate(entries, 1):
            row = {"card": card, "number": number, "at": _stamp(at), "rating": rating}
            _insert(connection, "review_log", [row])
        if memory is None:
            memory = Memory(card, datetime.fromisoformat(cards[card]["due"]).astimezone(UTC))
        else:
            last[card] = entries[-1][0]
        early = [datetime.fromisoformat(at) for name, at, _ in waiting if name == card]
        due = min([memory.due, *(at for at in early if card not in last or at > last[card])])
        _insert(connection, "review_card", [_memory_row(memory, due)])
    still = [
        {"card": card, "at": at, "why": why}
        for card, at, why in waiting
        if card not in last or datetime.fromisoformat(at) > last[card]
    ]
    _insert(connection, "review_due", still)
    after = sum(map(len, log.values()))
    added = after - len(before)
    due_added = max(0, len(still) - made_due)
    return (
        Merged("reviews of cards", added, len(theirs["review_log"]) - added),
        Merged("cards made due", due_added, len(theirs["review_due"]) - due_added),
    )


def _memory_row(memory: Memory, due: datetime) -> Row:
    return {
        "card": memory.card,
        "due": _stamp(due),
        "reviews": memory.reviews,
        "state": memory.state,
        "step": memory.step,
        "stability": memory.stability,
        "difficulty": memory.difficulty,
        "last": _stamp(memory.last) if memory.last else None,
    }


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _interviews(connection: sqlite3.Connection, theirs: Tables) -> Merged:
    """Sessions are numbered anew; the same one is known by when it began, its setup and its questions."""
    for row in theirs["interview_bank"]:
        connection.execute(
            "INSERT OR IGNORE INTO interview_bank VALUES (?, ?)", (row["sha256"], row["items"])
        )
    ours = {(row["began"], row["setup"], row["bank"]): row for row in rows(connection, "interview")}
    is_open = any(row["fate"] == OPEN for row in ours.values())
    added = known = apart = 0
    for row in theirs["interview"]:
        course = _course(theirs["interview_event"], row["id"])
        mine = ours.get((row["began"], row["setup"], row["bank"]))
        if mine is None:
            fate = LEFT if row["fate"] == OPEN and is_open else row["fate"]
            is_open = is_open or fate == OPEN
            number = connection.execute(
                "INSERT INTO interview (began, setup, bank, fate) VALUES (?, ?, ?, ?)",
                (row["began"], row["setup"], row["bank"], fate),
            ).lastrowid
            _insert(connection, "interview_event", [{**event, "interview": number} for event in course])
            added += 1
            continue
        here = _course(rows(connection, "interview_event"), mine["id"])
        common = [_told(event) for event in course[: len(here)]] == [_told(event) for event in here]
        if common and len(course) > len(here):
            more = [{**event, "interview": mine["id"]} for event in course[len(here) :]]
            _insert(connection, "interview_event", more)
            connection.execute("UPDATE interview SET fate = ? WHERE id = ?", (row["fate"], mine["id"]))
            added += 1
        elif common or [_told(event) for event in here[: len(course)]] == [_told(event) for event in course]:
            known += 1
        else:
            apart += 1
    return Merged("interviews", added, known, apart)


def _course(events: list[Row], session: int) -> list[Row]:
    return sorted(
        (event for event in events if event["interview"] == session), key=lambda event: int(event["number"])
    )


def _told(event: Row) -> str:
    return json.dumps([event["number"], event["now"], event["event"]])
