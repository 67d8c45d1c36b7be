"""The parent's end of a warden."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRUBBED_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True)
class Ended:
    """How a child ended. `how`: done, exit, signal, limit, memory, swarm, forged, silent, warden."""

    how: str
    code: int | None = None
    output: str = ""  # at most 64 KB of what it printed
    printed: int = 0  # bytes, all of it
    fault: str = ""  # what the fault handler wrote: tracebacks of all threads
    left: int = 0  # processes it left behind, killed
    resident: int = 0  # bytes of memory it held when its time was up
    seconds: float = 0.0
    manner: str = ""  # what it did when its time was up: spins, livelock, waits, slow; empty: not known


class Warden:
    """Runs learners' children, one at a time. Start once, `run` often, `close` at the end."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._unread = b""

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        script = Path(__file__).with_name("warden.py")
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-X", "faulthandler", str(script), str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            env={"PATH": SCRUBBED_PATH, "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2"},
            start_new_session=True,
            cwd="/",
        )
        theirs.close()
        self._socket, self._unread = ours, b""
        return ours

    def send(self, message: Mapping[str, Any]) -> None:
        """A line to the warden: {"to_child": line} or {"kill": True} while a child runs."""
        if self._socket is not None:
            try:
                self._socket.sendall(json.dumps(message).encode() + b"\n")
            except OSError:
                return  # the warden is gone; `run` reports that

    def run(self, request: Mapping[str, Any], on_record: Callable[[dict[str, Any]], None]) -> Ended:
        """Run one child. `on_record` is called for each record as it comes. Returns how it ended."""
        connection = self._socket or self._start()
        try:
            connection.sendall(json.dumps({"run": dict(request)}).encode() + b"\n")
        except OSError:
            self.close()
            connection = self._start()
            connection.sendall(json.dumps({"run": dict(request)}).encode() + b"\n")
        # The warden keeps the limits; this is for a warden that was itself stopped or killed.
        patience = 5 * float(request["silence"]) + 4.0
        until = time.monotonic() + patience
        while True:
            for line in self._lines(connection, until):
                until = time.monotonic() + patience
                message = json.loads(line)
                if "ended" in message:
                    return Ended(**message["ended"])
                on_record(message["record"])
            if self._socket is None:
                return Ended("warden")

    def _lines(self, connection: socket.socket, until: float) -> list[bytes]:
        """The next complete lines; closes the warden when it fell silent or went away."""
        wait = until - time.monotonic()
        if wait <= 0 or not select.select([connection], [], [], wait)[0]:
            self.close()
            return []
        try:
            data = connection.recv(1 << 20)
        except OSError:
            data = b""
        if not data:
            self.close()
            return []
        self._unread += data
        *lines, self._unread = self._unread.split(b"\n")
        return lines

    def close(self) -> None:
        """End the warden and everything below it."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(3.0)
        except subprocess.TimeoutExpired:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except OSError:
                process.kill()
            process.wait()
