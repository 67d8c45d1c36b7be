"""All of a learner's progress as one file of JSON, and back: `pubsub export`, `pubsub import`.

An import merges and loses nothing on either side; it is done as a whole or not at all. A file is checked before
anything is written: whatever does not fit gets one sentence.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from workbook import merge
from workbook.interview.log import Sessions
from workbook.progress import VERSION, Progress
from workbook.review.store import Reviews

FORMAT = "pubsub-workbook progress"
LARGEST = 200_000_000  # bytes; years of progress are a hundredth of it
COUNTED = {
    "verdict": "verdicts",
    "hint": "hints",
    "review_log": "reviews of cards",
    "review_due": "cards made due",
    "interview": "interviews",
}
VERSIONS = {"interview": "interview_version", "review": "review_version"}


class CannotExport(Exception):
    """One sentence with the next step; nothing was overwritten."""


class CannotImport(Exception):
    """One sentence with the next step; nothing was changed."""


@dataclass(frozen=True)
class Exported:
    """How many of what went into the file."""

    path: Path
    rows: dict[str, int]


def export(path: Path, now: datetime, folder: Path | None = None) -> Exported:
    """Write everything. Raises CannotExport, also when the file exists, and ProgressError."""
    if path.exists():
        raise CannotExport(f"{path} is there already; name another file, or move that one away.")
    with _opened(folder) as (progress, connection), progress.explained():
        connection.execute("BEGIN")  # one moment, whatever another window writes meanwhile
        tables = {name: merge.rows(connection, name) for name in merge.TABLES}
        versions = _versions(connection)
        connection.execute("COMMIT")
    document = {
        "format": FORMAT,
        "written": now.isoformat(timespec="seconds"),
        "versions": versions,
        "tables": tables,
    }
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CannotExport(
            f"{path} cannot be written ({error.strerror}); name a file in a folder that is yours and has room."
        ) from None
    return Exported(path, {words: len(tables[name]) for name, words in COUNTED.items()})


def import_file(path: Path, folder: Path | None = None) -> tuple[merge.Merged, ...]:
    """Merge what a file holds; what was done, for each kind of thing. Raises CannotImport and ProgressError."""
    document = _read(path)
    with _opened(folder) as (progress, connection), progress.explained():
        ours = _versions(connection)
        for name, version in document["versions"].items():
            if name not in ours or version > ours[name]:
                raise CannotImport(
                    f"{path} was written by a newer workbook ({name} {version}, this one knows {ours.get(name, 0)}); "
                    "update the workbook, then import it."
                )
        try:
            tables = merge.checked(connection, document["tables"])
        except ValueError as error:
            raise CannotImport(
                f"{path} does not fit: {error}; export it again where it comes from."
            ) from None
        connection.execute("BEGIN IMMEDIATE")
        try:
            done = merge.merge(connection, tables)
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        return done


@contextmanager
def _opened(folder: Path | None) -> Iterator[tuple[Progress, sqlite3.Connection]]:
    """The file of progress with the tables of all parts."""
    with Progress.open(folder) as progress:
        Reviews(progress)
        Sessions(progress)
        yield progress, progress.connection


def _versions(connection: sqlite3.Connection) -> dict[str, int]:
    found = {"progress": VERSION}
    for name, table in VERSIONS.items():
        found[name] = int(connection.execute(f"SELECT max(version) FROM {table}").fetchone()[0])
    return found


def _read(path: Path) -> dict[str, Any]:
    """The document, with the shape that is needed to go on. Raises CannotImport."""
    try:
        if path.stat().st_size > LARGEST:
            raise CannotImport(f"{path} has more than {LARGEST:,} bytes and is no export of progress.")
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CannotImport(f"{path} cannot be read ({error.strerror}); name the file of an export.") from None
    except (ValueError, RecursionError):
        raise CannotImport(f"{path} is not JSON; name a file that `pubsub export` has written.") from None
    shape = isinstance(document, dict) and document.get("format") == FORMAT
    if not shape or not isinstance(document.get("tables"), dict):
        raise CannotImport(f"{path} is no export of progress; name a file that `pubsub export` has written.")
    versions = document.get("versions")
    if not isinstance(versions, dict) or not all(type(one) is int for one in versions.values()):
        raise CannotImport(
            f"{path} does not say which version wrote it; export it again where it comes from."
        )
    return dict(document)
