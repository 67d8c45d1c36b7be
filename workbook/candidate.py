"""A clean folder for somebody else's attempt, in which plain `pytest` grades."""

from __future__ import annotations

from pathlib import Path

from workbook.places import MARKER, STUBS

MARKER_TEXT = "The files in this folder are graded by the workbook; pytest never imports them.\n"


class CannotStart(Exception):
    """The folder will not do; the text says why and what to do. Nothing was written."""


def start(name: str, folder: Path) -> list[Path]:
    """Put the stub of a kata, and what belongs to it, into a new or empty folder; the paths. Raises CannotStart."""
    if folder.is_symlink():
        raise CannotStart(f"{folder} is a link; name the folder itself, or a new one.")
    if folder.exists() and not folder.is_dir():
        raise CannotStart(f"{folder} is a file; name a folder that is new or empty.")
    if folder.is_dir() and any(folder.iterdir()):
        raise CannotStart(f"{folder} is not empty; name a folder that is new or empty.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for stub in sorted(STUBS.iterdir()):
            if stub.stem == name or stub.stem.startswith(f"{name}_"):
                target = folder / stub.name
                target.write_bytes(stub.read_bytes())
                written.append(target)
        (folder / MARKER).write_text(MARKER_TEXT, encoding="utf-8")
    except OSError as error:
        raise CannotStart(f"{folder} cannot be written ({error.strerror}); name another folder.") from None
    return written
