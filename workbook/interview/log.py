"""Sessions in the file of progress: the setup once, every event as it happens, nothing ever rewritten.

A session is its events: the state is what they replay to. So a kill at any moment loses nothing that was
accepted, and the events of an unfinished session are where the next start goes on.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from workbook.interview.bank import digest, from_json, to_json
from workbook.interview.events import Event, from_dict, to_dict
from workbook.interview.session import Refused, begin, replay, step
from workbook.interview.state import BadSetup, Phase, Setup, State
from workbook.progress import Progress, ProgressError, home

VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS interview_bank (sha256 TEXT PRIMARY KEY, items TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS interview (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    began TEXT NOT NULL,
    setup TEXT NOT NULL,
    bank  TEXT NOT NULL,
    fate  TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS interview_event (
    interview INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    at        TEXT NOT NULL,
    now       REAL NOT NULL,
    event     TEXT NOT NULL,
    PRIMARY KEY (interview, number)
);
"""
OPEN, DONE, LEFT = "open", "done", "left"  # a session's fate; "left": another was begun before its end


@dataclass(frozen=True)
class Kept:
    """A session as it is kept. `began` in the learner's own time zone; `log`: events with their times."""

    id: int
    began: datetime
    fate: str
    state: State
    log: tuple[tuple[Event, float], ...]


class Sessions:
    """All sessions of the file. Open with `open_sessions()`. Every method raises ProgressError."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._connection = progress.connection
        progress.own_tables("interview", SCHEMA, VERSION, "sessions")

    def create(self, setup: Setup, at: datetime) -> Kept:
        """A new session; one that was open is left as it stands and stays in the history."""
        bank = to_json([*setup.bank, *setup.after_kata])
        with self._together():
            self._connection.execute("UPDATE interview SET fate = ? WHERE fate = ?", (LEFT, OPEN))
            self._connection.execute(
                "INSERT OR IGNORE INTO interview_bank VALUES (?, ?)", (digest(bank), bank)
            )
            row = (at.isoformat(timespec="seconds"), _setup_json(setup), digest(bank), OPEN)
            added = self._connection.execute(
                "INSERT INTO interview (began, setup, bank, fate) VALUES (?, ?, ?, ?)", row
            )
        return Kept(int(added.lastrowid or 0), at, OPEN, begin(setup), ())

    def append(self, session: int, number: int, event: Event, now: float, at: datetime, ends: bool) -> None:
        """Keep event `number` (from 1) of a session; `ends`: the session is over with it."""
        row = (session, number, at.isoformat(timespec="milliseconds"), now, json.dumps(to_dict(event)))
        try:
            with self._together():
                self._connection.execute("INSERT INTO interview_event VALUES (?, ?, ?, ?, ?)", row)
                if ends:
                    self._connection.execute("UPDATE interview SET fate = ? WHERE id = ?", (DONE, session))
        except sqlite3.IntegrityError:
            raise ProgressError(
                f"Session {session} went on in another window, and this one is behind; close this one."
            ) from None

    def unfinished(self) -> Kept | None:
        """The session that was begun last, if it is still open."""
        with self._progress.explained():
            row = self._connection.execute(
                "SELECT id FROM interview WHERE fate = ? ORDER BY id DESC LIMIT 1", (OPEN,)
            ).fetchone()
        return self.load(row[0]) if row else None

    def ids(self) -> list[int]:
        """All sessions, the oldest first."""
        with self._progress.explained():
            return [one for (one,) in self._connection.execute("SELECT id FROM interview ORDER BY id")]

    def load(self, session: int) -> Kept:
        """One session, replayed. KeyError where there is none of that number."""
        with self._progress.explained():
            row = self._connection.execute(
                "SELECT began, setup, items, fate FROM interview JOIN interview_bank ON bank = sha256 WHERE id = ?",
                (session,),
            ).fetchone()
            events = self._connection.execute(
                "SELECT event, now FROM interview_event WHERE interview = ? ORDER BY number", (session,)
            ).fetchall()
        if row is None:
            raise KeyError(session)
        try:
            log = [(from_dict(json.loads(event)), float(now)) for event, now in events]
            state = replay(_setup(json.loads(row[1]), row[2]), log)
            return Kept(session, datetime.fromisoformat(row[0]), row[3], state, tuple(log))
        except (ValueError, KeyError, TypeError, AttributeError, Refused, BadSetup) as error:
            why = str(error).rstrip(".")
            raise ProgressError(
                f"Session {session} in {self._progress.path} cannot be read ({why}); it is damaged or from a newer "
                "workbook, and was left as it is. Update the workbook, or begin another with --new."
            ) from None

    @contextmanager
    def _together(self) -> Iterator[None]:
        """A transaction: all of it or nothing."""
        with self._explained_but_for_twins(), self._progress.transaction():
            yield

    @contextmanager
    def _explained_but_for_twins(self) -> Iterator[None]:
        twin: sqlite3.IntegrityError | None = None
        with self._progress.explained():
            try:
                yield
            except sqlite3.IntegrityError as error:
                twin = error
        if twin is not None:
            raise twin


class Running:
    """The session that is being held: every event is kept first, then it counts."""

    def __init__(self, sessions: Sessions, kept: Kept) -> None:
        self._sessions = sessions
        self.id, self.began, self.state = kept.id, kept.began, kept.state
        self.count = len(kept.log)

    def send(self, event: Event, now: float) -> State:
        """The new state. Raises Refused or ProgressError, and then nothing has changed."""
        state = step(self.state, event, now)
        at = datetime.now().astimezone()
        self._sessions.append(self.id, self.count + 1, event, now, at, state.phase is Phase.DONE)
        self.count += 1
        self.state = state
        return state


@contextmanager
def open_sessions(folder: Path | None = None) -> Iterator[Sessions]:
    """The sessions of a folder, $PUBSUB_HOME by default, for looking at them. Raises ProgressError."""
    with Progress.open(folder) as progress:
        yield Sessions(progress)


@contextmanager
def only_one(folder: Path | None = None) -> Iterator[None]:
    """For the block, this process alone holds a session; the kernel lets go when it dies. Raises ProgressError."""
    path = (folder or home()) / "interview.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    except OSError as error:
        raise ProgressError(
            f"The session cannot be kept: {path} cannot be written ({error.strerror}); set PUBSUB_HOME to a folder "
            "you can write to."
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ProgressError(
                "Another window holds an interview already; go on there, or close it and start again."
            ) from None
        yield


def _setup_json(setup: Setup) -> str:
    return json.dumps(
        {
            "level": setup.level,
            "minutes": setup.minutes,
            "seed": setup.seed,
            "kata": setup.kata,
            "mode": setup.mode,
            "bank": len(setup.bank),
        }
    )


def _setup(found: dict[str, Any], items: str) -> Setup:
    every = from_json(items)
    count = found.pop("bank")
    return Setup(**found, bank=every[:count], after_kata=every[count:])
