"""A pump in a process of its own, for the benches: its broker acknowledges after a delay and keeps a log.

The log is a file that all processes append to, a line for each message when the broker took it:
`id aggregate`. Appending is atomic, so the file's order is the order of publication, and what was written
outlives a kill.
"""

from __future__ import annotations

import importlib.util
import os
import resource
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType

import psycopg

PAGE = os.sysconf("SC_PAGE_SIZE")


class SlowBroker:
    """A producer whose messages are taken at once and acknowledged `delay` seconds later, in the order sent."""

    def __init__(self, log: int, delay: float) -> None:
        self.taken = 0
        self.memory: list[tuple[int, float]] = []  # (messages, MB) every 10,000 messages
        self._log = log
        self._delay = delay
        self._waiting: deque[tuple[float, Future[None]]] = deque()
        self._more = threading.Semaphore(0)
        if delay:
            threading.Thread(target=self._acknowledge, daemon=True).start()

    def send(self, topic: str, *, key: bytes, value: bytes, headers: Mapping[str, bytes]) -> Future[None]:
        os.write(self._log, b"%b %b\n" % (headers["outbox-id"], key))
        self.taken += 1
        if self.taken % 10_000 == 0:
            self.memory.append((self.taken, megabytes()))
        future: Future[None] = Future()
        if self._delay:
            self._waiting.append((time.monotonic() + self._delay, future))
            self._more.release()
        else:
            future.set_result(None)
        return future

    def _acknowledge(self) -> None:
        while self._more.acquire():
            due, future = self._waiting.popleft()
            time.sleep(max(0.0, due - time.monotonic()))
            future.set_result(None)


def serve(path: Path, url: str, delay: float, log: Path, batch_size: int, pipe: Connection | None) -> None:
    """Run the pump of the file `path`: for ever, or with a pipe until told to stop.

    Over the pipe it says "ready", waits for a word to start and one to stop, and sends the memory it took.
    """
    broker = SlowBroker(os.open(log, os.O_WRONLY | os.O_APPEND), delay)
    pump = load(path).OutboxPump(
        lambda: psycopg.connect(url), broker, batch_size=batch_size, poll_interval=0.05, ack_timeout=5.0
    )
    stop = threading.Event()
    if pipe is not None:
        pipe.send("ready")
        pipe.recv()
        threading.Thread(target=lambda: (pipe.recv(), stop.set()), daemon=True).start()
    pump.run(stop)
    if pipe is not None:
        pipe.send(broker.memory)


def load(path: Path) -> ModuleType:
    """The module in this file, wherever it lies."""
    spec = importlib.util.spec_from_file_location(f"bench_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def megabytes() -> float:
    """What this process has in memory now; where /proc is missing, the most it ever had."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
