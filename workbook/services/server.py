"""An embedded server: one program in a private folder, under a supervisor that outlives nobody."""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workbook.services.account import Account
from workbook.services.errors import ServiceError
from workbook.services.folder import Folder

SUPERVISOR = Path(__file__).with_name("supervisor.py")
PATIENCE = 30.0  # seconds a server gets to become ready, or a process to end
# Nothing of the caller's environment: PGDATA, LD_LIBRARY_PATH or a locale would reach the server otherwise.
# TZ spares initdb a search through the time zones.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
ADVICE = {
    "No space left on device": "free some space there, or set TMPDIR to a larger disk",
    "no space left on device": "free some space there, or set TMPDIR to a larger disk",
    "address already in use": "end the program that has the port, or leave the block and enter it anew",
    "Cannot allocate memory": "free some memory",
}


class OutOfReachError(Exception):
    """The server's account may not execute the program where it lies."""


@dataclass
class Server:
    """A program that can be started, stopped, killed and started again in its folder.

    `ready` is asked with the program's process id until it says yes. The process that entered owns the
    server: in a forked copy of it every method is a no-op.
    """

    service: str
    folder: Folder
    account: Account
    first: Sequence[Sequence[str]]  # run before it, at the first start only
    command: Sequence[str]
    ready: Callable[[int], bool]
    complaints: tuple[str, ...]  # what marks a line of its log as an error
    stop_signal: signal.Signals
    end_signal: signal.Signals
    owner: int = field(default_factory=os.getpid)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run the server and wait until it is ready. No-op while it runs.

        Raises ServiceError, or OutOfReachError when the account may not execute a program.
        """
        if self.running or os.getpid() != self.owner:
            return
        self._release()
        since = self._log.stat().st_size if self._log.exists() else 0
        self.process = self._supervised((*self.first, self.command))
        try:
            self._await_ready(time.monotonic() + PATIENCE, since)
            self.first = ()
        except BaseException:
            self._send(signal.SIGUSR1)
            raise

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Let the server shut down in order, and wait until it has."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """`kill -9`, and wait until the server and all its processes are gone."""
        self._send(signal.SIGUSR1)

    def end(self) -> None:
        """End the server for good and delete its folder."""
        if os.getpid() != self.owner:
            return
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
            self._wait()
        self._release()
        self.folder.remove()

    @property
    def _log(self) -> Path:
        return self.folder.path / "server.log"

    def _supervised(self, commands: Sequence[Sequence[str]]) -> subprocess.Popen[bytes]:
        order = {
            "parent": os.getpid(),
            "lock": self.folder.lock,
            "folder": str(self.folder.path),
            "uid": self.account.uid,
            "gid": self.account.gid,
            "stop": self.stop_signal,
            "end": self.end_signal,
            "env": ENVIRONMENT,
            "commands": commands,
        }
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", str(SUPERVISOR), json.dumps(order)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=(self.folder.lock,),
                env=ENVIRONMENT,
                start_new_session=True,  # Ctrl-C is for the caller, who then leaves the block
            )

    def _await_ready(self, deadline: float, since: int) -> None:
        word, _, value = self._first_line(deadline).partition(" ")
        if word == "refused" and int(value) in (errno.EACCES, errno.EPERM):
            raise OutOfReachError(self.command[0])
        if word == "refused":
            raise self._failure(f"cannot be executed ({os.strerror(int(value))})", since)
        while word == "running" and self.running and time.monotonic() < deadline:
            if self.ready(int(value)):
                return
            time.sleep(0.002)
        late = self.running
        raise self._failure(f"was not ready after {PATIENCE:.0f} s" if late else "did not start", since)

    def _first_line(self, deadline: float) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        pipe = self.process.stdout.fileno()
        line = b""
        while not line.endswith(b"\n"):
            if not select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return ""
            read = os.read(pipe, 100)
            if not read:
                return ""
            line += read
        return line.decode().strip()

    def _failure(self, what: str, since: int) -> ServiceError:
        """The sentence for a failed start, with what the server itself said about it."""
        said = self._log.read_bytes()[since:].decode(errors="replace").splitlines()
        bad = [line for line in said if any(mark in line for mark in self.complaints)] or said[-1:]
        words = bad[-1].strip() if bad else "nothing"
        known = [advice for mark, advice in ADVICE.items() if any(mark in line for line in said)]
        advice = known[0] if known else "run `pubsub doctor` for what works on this machine"
        return ServiceError(self.service, f"{what} in {self.folder.path} and said `{words}`", advice)

    def _send(self, number: signal.Signals) -> None:
        if self.process is not None and os.getpid() == self.owner:
            self.process.send_signal(number)
            self._wait()

    def _wait(self) -> None:
        assert self.process is not None
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()  # the server's death signal is tied to this process
            self.process.wait()

    def _release(self) -> None:
        if self.process is not None:
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    pipe.close()
            self.process = None


@dataclass(frozen=True)
class Handle:
    """What every service with a server of ours can do; one that the environment names is left alone."""

    server: Server | None = field(repr=False, compare=False)

    @property
    def embedded(self) -> bool:
        return self.server is not None

    def stop(self) -> None:
        """Shut the embedded server down in order; data stay. ServiceError when it is not embedded."""
        self._ours("stopped").stop()

    def kill(self) -> None:
        """`kill -9` the embedded server; data stay. ServiceError when it is not embedded."""
        self._ours("killed").kill()

    def start(self) -> None:
        """Start the embedded server again where it was, and wait until it is ready. No-op while it runs.

        Raises ServiceError when it does not start, or is not embedded.
        """
        self._ours("started").start()

    def _ours(self, verb: str) -> Server:
        if self.server is None:
            name = type(self).__name__
            raise ServiceError(
                name,
                f"cannot be {verb} here: it is the one that the environment names, not one of ours",
                "unset the variable to use the embedded one",
            )
        return self.server
