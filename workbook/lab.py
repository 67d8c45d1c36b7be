"""`make lab`: a working copy of the notebooks, opened in JupyterLab.

    python -m workbook.lab [options of jupyter lab]

Learners predict, change and break things in `lab/`, which git ignores; what tests and site read stays as it is.
Nothing that was changed there is ever overwritten: beside the copies lie the originals they were made from, and
a copy is only brought up to date if it still equals its original.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from workbook.places import CHECKOUT, notebooks

ORIGINALS = ".originals"
# JupyterLab would ask for news and newer versions of itself; nothing here needs the network.
SETTINGS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}


def refresh(source: Path, lab: Path) -> list[str]:
    """Copy new and newer notebooks into `lab`; a sentence for each that stays because it was changed there."""
    originals = lab / ORIGINALS
    originals.mkdir(parents=True, exist_ok=True)
    kept = []
    for notebook in sorted(source.glob("*.ipynb")):
        copy, original = lab / notebook.name, originals / notebook.name
        if original.exists() and _same(original, notebook) and copy.exists():
            continue
        if copy.exists() and not (original.exists() and _same(copy, original)):
            kept.append(
                f"{copy} stays as you left it, though the workbook has a newer {notebook.name}; rename or delete "
                "yours to get that one."
            )
            continue
        shutil.copyfile(notebook, copy)
        shutil.copyfile(notebook, original)
    return kept


def _same(one: Path, other: Path) -> bool:
    return one.read_bytes() == other.read_bytes()


def main(options: list[str]) -> int:
    """Copy, say what was kept, and run JupyterLab until it is stopped; its exit code."""
    lab = CHECKOUT / "lab"
    for sentence in refresh(notebooks(), lab):
        print(sentence)
    settings = lab / ORIGINALS / "settings"
    settings.mkdir(exist_ok=True)
    (settings / "overrides.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={lab}"]
    command += [f"--LabApp.app_settings_dir={settings}", *options]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # in a container one is root, and JupyterLab would refuse
    try:
        return subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
