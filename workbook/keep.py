"""Putting a stub back without losing what was written: every earlier version is kept as a copy."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from workbook.places import stub

KEPT = "kept"


class CannotKeep(Exception):
    """A copy could not be made, so nothing was changed; the text says why and what to do."""


def reset(name: str, folder: Path, now: datetime) -> Path | None:
    """Put the stub of a kata back; the path of the copy of what stood there, None if that was the stub.

    Raises CannotKeep and then has changed nothing.
    """
    path = folder / f"{name}.py"
    pristine = stub(name)
    try:
        before = path.read_bytes() if path.exists() else None
        copy = None
        if before is not None and before != pristine.encode():
            copy = _copy(before, folder / KEPT, name, now)
        _replace(path, pristine)
    except OSError as error:
        raise CannotKeep(
            f"{path} was left as it is: {error.filename or path} cannot be written ({error.strerror}); "
            "make the folder writable and try again."
        ) from None
    return copy


def _copy(data: bytes, kept: Path, name: str, now: datetime) -> Path:
    """A copy under a name that is not taken; never overwrites an earlier one."""
    kept.mkdir(exist_ok=True)
    for number in range(1, 10_000):
        more = "" if number == 1 else f"-{number}"
        path = kept / f"{name}-{now:%Y-%m-%d-%H%M%S}{more}.py"
        try:
            with path.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            continue
        return path
    raise OSError(0, "too many copies of this second", str(kept))


def _replace(path: Path, text: str) -> None:
    """Write the whole file or nothing."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)
