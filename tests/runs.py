"""Running our commands as a user would: in a process of their own, in a folder of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from workbook.places import MARKER, STUBS

BIN = Path(sys.executable).parent


def kata_folder(folder: Path, **files: str) -> Path:
    """A folder of katas: the pristine stubs, or the given text by name."""
    katas = folder / "katas"
    katas.mkdir()
    (katas / MARKER).write_text("")
    for stub in STUBS.iterdir():
        if stub.is_file():
            (katas / stub.name).write_bytes(stub.read_bytes())
    for name, text in files.items():
        (katas / f"{name}.py").write_text(text, encoding="utf-8")
    return katas


def run(folder: Path, program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pytest or pubsub in a folder; text in, text out, no colours."""
    command = [str(BIN / program)]
    if program == "pytest":
        # Plugins of other packages that take seconds to load, and that learners do not have.
        without = ("-p", "no:nbval", "-p", "no:hypothesispytest", "-p", "no:cacheprovider")
        command = [sys.executable, "-m", "pytest", *without, "--rootdir", str(folder)]
    return subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120", "TERM": "dumb", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
