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


def starved(pid: int) -> float:
    """Seconds in which threads of a process were ready to run and no processor was free. 0 elsewhere than on Linux."""
    waited = 0
    if LINUX:
        try:
            for name in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{name}/schedstat", "rb") as file:
                    waited += int(file.read().split()[1])
        except (OSError, IndexError, ValueError):
            return 0.0  # it ends, or a thread of it
    return waited / 1e9
