"""Watching a file: its content whenever it was saved and has come to rest.

Looking, not listening: it works on every file system, also over a network and in a container, and two looks
that agree tell a saved file from one that is half written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

LOOK = 0.25  # seconds between two looks


def saves(path: Path, sleep: Callable[[float], None] = time.sleep) -> Iterator[bytes | None]:
    """The content of `path` now and after every change, None when it is gone. Never ends by itself."""
    shown: bytes | None = b"\0 nothing was shown yet"
    before = _content(path)
    while True:
        sleep(LOOK)
        now = _content(path)
        if now == before and now != shown and now != b"":
            shown = now
            yield now
        before = now


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
