"""Where things lie: the learner's katas, the checkout, the pristine stubs."""

from __future__ import annotations

from pathlib import Path

MARKER = ".pubsub-katas"  # a folder with this file in it holds katas; its files are graded, never imported
PACKAGE = Path(__file__).resolve().parent
STUBS = PACKAGE / "stubs"
CHECKOUT = PACKAGE.parent


class NoKatas(Exception):
    """No folder of katas is to be found; the text says what to do."""


def is_kata_folder(folder: Path) -> bool:
    return (folder / MARKER).is_file()


def kata_folder(start: Path | None = None) -> Path:
    """The learner's folder of katas: here, in `katas/` here or above, else that of the checkout.

    Raises NoKatas.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        for candidate in (folder, folder / "katas"):
            if is_kata_folder(candidate):
                return candidate
    if is_kata_folder(CHECKOUT / "katas"):
        return CHECKOUT / "katas"
    raise NoKatas(f"There is no folder of katas in or above {here}; go to the checkout of the workbook.")


def notebooks() -> Path:
    return CHECKOUT / "notebooks"


def stub(name: str) -> str:
    """The pristine stub of a kata, as text."""
    return (STUBS / f"{name}.py").read_text(encoding="utf-8")
