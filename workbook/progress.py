"""What was tried, when, how it went: SQLite in $PUBSUB_HOME, else in the user's data folder.

Every verdict is committed by itself, so that a kill at any moment loses at most the one being written.
Verdicts are kept by the content of the file (its sha256): moving a file, or undoing a change, keeps them.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from workbook.grading.verdict import CheckResult, Status

VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS verdict (
    kata     TEXT NOT NULL,
    sha256   TEXT NOT NULL,
    check_id TEXT NOT NULL,
    stage    INTEGER NOT NULL,
    status   TEXT NOT NULL,
    message  TEXT NOT NULL,
    seed     INTEGER NOT NULL,
    at       TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS hint (
    kata     TEXT NOT NULL,
    check_id TEXT NOT NULL,
    rung     INTEGER NOT NULL,
    at       TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS verdict_content ON verdict (kata, sha256, check_id);
"""


class ProgressError(Exception):
    """Progress cannot be kept or read; the text says why and what to do. Nothing was overwritten."""


@dataclass(frozen=True)
class Standing:
    """The newest verdict on each check of one content of one kata."""

    kata: str
    sha256: str
    statuses: dict[str, Status]  # by check id
    at: str  # when the newest was given, ISO 8601 in UTC


def home() -> Path:
    """The folder progress is kept in; it need not exist yet."""
    named = os.environ.get("PUBSUB_HOME")
    return Path(named) if named else platformdirs.user_data_path("pubsub-workbook")


class Progress:
    """The record. Open with `Progress.open()`, close by leaving the `with` block."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    @classmethod
    @contextmanager
    def open(cls, folder: Path | None = None) -> Iterator[Progress]:
        """Open or create the record. Raises ProgressError."""
        folder = folder or home()
        path = folder / "progress.sqlite3"
        with _explained(path):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ProgressError(
                    f"Progress is not kept: the folder {folder} cannot be made ({error.strerror}); "
                    "set PUBSUB_HOME to a folder you can write to."
                ) from None
            connection = sqlite3.connect(path, timeout=10.0, isolation_level=None, check_same_thread=False)
        with closing(connection):
            with _explained(path):
                _prepare(connection, path)
            yield cls(connection, path)

    @property
    def connection(self) -> sqlite3.Connection:
        """For the modules that keep tables of their own in this file; autocommit, so BEGIN what belongs together."""
        return self._connection

    @contextmanager
    def explained(self) -> Iterator[None]:
        """A block in which sqlite3's errors become ProgressError."""
        with _explained(self.path):
            yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A block of which all is kept or nothing. Lets sqlite3's errors out: see `explained`."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk has rolled back already
                self._connection.execute("ROLLBACK")
            raise

    def own_tables(self, name: str, schema: str, version: int, what: str) -> None:
        """Make a module's own tables in this file, and `name`_version, which says which workbook made them.

        `schema` holds CREATE TABLE IF NOT EXISTS statements; `what` is what they keep, for people. Raises
        ProgressError for those of a newer workbook.
        """
        own = f"{name}_version"
        with self.explained():
            there = self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (own,)).fetchone()
            row = self._connection.execute(f"SELECT max(version) FROM {own}").fetchone() if there else None
            if row is None or row[0] is None:
                with self.transaction():
                    for statement in (
                        f"CREATE TABLE IF NOT EXISTS {own} (version INTEGER NOT NULL)",
                        *schema.split(";"),
                    ):
                        self._connection.execute(statement)
                    self._connection.execute(
                        f"INSERT INTO {own} SELECT ? WHERE NOT EXISTS (SELECT * FROM {own})", (version,)
                    )
            elif row[0] > version:
                raise ProgressError(
                    f"The {what} in {self.path} were written by a newer workbook (version {row[0]}, this one knows "
                    f"{version}); update the workbook, or set PUBSUB_HOME to another folder."
                )

    def record(self, kata: str, sha256: str, seed: int, result: CheckResult) -> None:
        """Add one verdict. Raises ProgressError. What could not be graded is not a verdict and is not kept."""
        if result.status is Status.NOT_GRADED:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        row = (kata, sha256, result.id, result.stage, result.status.value, result.verdict.message, seed, now)
        with _explained(self.path):
            self._connection.execute("INSERT INTO verdict VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def standing(self, kata: str, sha256: str) -> Standing | None:
        """What is known about this very content, or None when it was never graded."""
        with _explained(self.path):
            rows = self._connection.execute(
                "SELECT check_id, status, at FROM verdict WHERE kata = ? AND sha256 = ? ORDER BY rowid",
                (kata, sha256),
            ).fetchall()
        if not rows:
            return None
        return Standing(kata, sha256, {check: Status(status) for check, status, _ in rows}, rows[-1][2])

    def latest(self, kata: str) -> Standing | None:
        """What is known about the content graded last, or None."""
        with _explained(self.path):
            row = self._connection.execute(
                "SELECT sha256 FROM verdict WHERE kata = ? ORDER BY rowid DESC LIMIT 1", (kata,)
            ).fetchone()
        return self.standing(kata, row[0]) if row else None

    def next_hint(self, kata: str, check_id: str, rungs: int) -> int:
        """The number of the next rung of hints (from 1), remembered; the last one again when all were given."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        with _explained(self.path):
            given = self._connection.execute(
                "SELECT max(rung) FROM hint WHERE kata = ? AND check_id = ?", (kata, check_id)
            ).fetchone()[0]
            rung = min((given or 0) + 1, rungs)
            self._connection.execute("INSERT INTO hint VALUES (?, ?, ?, ?)", (kata, check_id, rung, now))
        return int(rung)

    def passed_ever(self, kata: str) -> set[str]:
        """Ids of the checks that some content of this kata has passed."""
        with _explained(self.path):
            rows = self._connection.execute(
                "SELECT DISTINCT check_id FROM verdict WHERE kata = ? AND status = ?",
                (kata, Status.PASSED.value),
            ).fetchall()
        return {check for (check,) in rows}


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise ProgressError(
            f"Progress is not kept: {path} was written by a newer workbook (version {version}, this one knows "
            f"{VERSION}); update the workbook, or set PUBSUB_HOME to another folder."
        )
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise ProgressError(
            f"Progress is not kept: the file system of {path} offers no shared memory (a network home?); "
            "set PUBSUB_HOME to a folder on a local disk."
        )
    connection.execute("PRAGMA synchronous = NORMAL")
    if version < VERSION:
        connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """sqlite3's errors as one sentence with a next step."""
    try:
        yield
    except sqlite3.OperationalError as error:
        what = str(error)
        if "locked" in what or "busy" in what:
            hint = "another program holds it; close that and try again"
        elif "full" in what:
            hint = "the disk is full; free some space"
        else:
            hint = "check that the folder exists and is yours to write to, or set PUBSUB_HOME to one that is"
        raise ProgressError(f"Progress is not kept: {path} cannot be used ({what}); {hint}.") from None
    except sqlite3.DatabaseError as error:
        raise ProgressError(
            f"Progress is not kept: {path} is damaged or no progress file ({error}); nothing was overwritten. "
            "Move it away, or set PUBSUB_HOME to another folder."
        ) from None
