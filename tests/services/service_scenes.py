"""What several service tests need: programs run as somebody else would, and waiting for other processes."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
IS_ROOT = os.geteuid() == 0
PATIENCE = 60.0  # only how long a failing test takes


def program(text: str, **options: object) -> subprocess.Popen[str]:
    """A Python program that can import the workbook, its output a pipe."""
    python = str(options.pop("python", sys.executable))
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("PUBSUB_", "PYTEST"))}
    environment = keep | {"PYTHONPATH": f"{ROOT}{os.pathsep}{sysconfig.get_path('purelib')}"}
    environment |= options.pop("env", {})  # type: ignore[arg-type]
    return subprocess.Popen(
        [python, "-c", text],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        **options,  # type: ignore[call-overload]
    )


def output(text: str, **options: object) -> str:
    """What the program prints; an AssertionError with its complaints when it fails and should not."""
    fails = options.pop("fails", False)
    with program(text, **options) as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode != 0) == fails, err
    return out


def watched(pid: int) -> int:
    """A descriptor that becomes readable when the process has ended."""
    return os.pidfd_open(pid)


def gone(*descriptors: int) -> bool:
    """Wait for the end of all watched processes."""
    for descriptor in descriptors:
        ended = select.select([descriptor], [], [], PATIENCE)[0]
        os.close(descriptor)
        if not ended:
            return False
    return True
