"""`pubsub check-notebooks`: every fault of every notebook, one sentence each."""

from __future__ import annotations

from pathlib import Path

from workbook.questions import examine


def check(folder: Path) -> list[str]:
    """A sentence with file, cell and rule for each fault in the notebooks of `folder`; empty when all is well."""
    paths = sorted(folder.glob("*.ipynb"))
    if not paths:
        return [f"There is no notebook in {folder}; name the folder that holds q01_what_is_pubsub.ipynb."]
    return [fault for path in paths for fault in examine(path)[1]]
