"""Whether a child does nothing any more, or could not do anything: asked of the kernel, not of a clock."""

from __future__ import annotations

import os
import sys

LINUX = sys.platform == "linux"


def look(pid: int) -> tuple[bool, object]:
    """(all threads asleep, what to compare with the next look). Elsewhere than on Linux: (True, None)."""
    if not LINUX:
        return True, None
    seen = []
    asleep = True
    try:
        for name in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{name}/status", "rb") as file:
                text = file.read()
            state = text.split(b"State:\t", 1)[1][:1]
            asleep = asleep and state in b"SDZX"
            seen.append((name, text[text.find(b"voluntary_ctxt_switches") :]))
    except (OSError, IndexError):
        return False, None  # it ends, or a thread of it
    return asleep, sorted(seen)


def waited(pid: int) -> tuple[float, float]:
    """Seconds in which threads of a process ran, and in which they were ready to run and no processor was free.

    (0, 0) elsewhere than on Linux.
    """
    ran = ready = 0
    if LINUX:
        try:
            for name in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{name}/schedstat", "rb") as file:
                    fields = file.read().split()
                ran, ready = ran + int(fields[0]), ready + int(fields[1])
        except (OSError, IndexError, ValueError):
            return 0.0, 0.0  # it ends, or a thread of it
    return ran / 1e9, ready / 1e9
