"""Runs one server and sees to it that nothing of it survives. A program, run by path, stdlib only.

A death signal (PR_SET_PDEATHSIG) fires when the *thread* that started a process ends, and does not survive a
change of user. So this single-threaded process stands between the caller and the server: it watches the
caller (a pipe that closes, a pidfd that a forked copy of the pipe cannot hold open), and the server's death
signal is tied to this process. Whichever of the three is killed, the other two end.

The caller writes nothing; it closes standard input to end everything, the folder included, and sends
SIGTERM (stop as the server likes it) or SIGUSR1 (kill -9). One line on standard output says how it went:
`running PID`, `refused ERRNO` (the program cannot be executed) or `ended CODE` (a command before the last).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import sys
import time
from typing import Any, NoReturn

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
GRACE = 3.0  # seconds a server gets to end before it is killed


def prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


class Supervisor:
    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.child = 0
        self.status: int | None = None
        prctl(PR_SET_CHILD_SUBREAPER, 1)  # so that what the server started is ours to end, too
        read, write = os.pipe()
        os.set_blocking(read, False)
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self.send(order["stop"]))
        signal.signal(signal.SIGUSR1, lambda *_: self.send(signal.SIGKILL))
        self.wake = read
        self.poll = select.poll()
        self.poll.register(read, select.POLLIN)
        self.poll.register(0, select.POLLIN | select.POLLHUP)
        self.step = 500  # ms between looks at the parent where the kernel cannot tell
        with contextlib.suppress(AttributeError, OSError):
            self.poll.register(os.pidfd_open(order["parent"]), select.POLLIN)

    def send(self, number: int) -> None:
        if self.child and self.status is None:
            os.kill(self.child, number)

    def run(self, command: list[str]) -> int | None:
        """Start a program; None, or the errno that kept it from being executed."""
        read, write = os.pipe()
        self.status = None
        self.child = os.fork()
        if self.child == 0:
            self.become(command, write)
        os.close(write)
        with os.fdopen(read, "rb") as answer:
            refused = answer.read()
        return int(refused) if refused else None

    def become(self, command: list[str], failed: int) -> NoReturn:
        try:
            for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(ignored, signal.SIG_DFL)  # Python ignores them, and exec would pass that on
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(2, 1)
            if self.order["uid"] is not None:
                os.setgroups([])
                os.setgid(self.order["gid"])
                os.setuid(self.order["uid"])
            prctl(PR_SET_PDEATHSIG, self.order["end"])  # after setuid, which clears it
            if os.getppid() != self.order["self"]:
                os._exit(1)
            os.umask(0o077)
            os.chdir(self.order["folder"])
            os.execve(command[0], command, self.order["env"])
        except OSError as error:
            os.write(failed, str(error.errno).encode())
        finally:
            os._exit(127)

    def caller_lives(self, events: list[tuple[int, int]]) -> bool:
        return os.getppid() == self.order["parent"] and all(fd == self.wake for fd, _ in events)

    def watch(self) -> bool:
        """Wait for the program's end (True) or the caller's (False)."""
        while self.caller_lives(self.poll.poll(self.step)):
            try:
                while os.read(self.wake, 4096):
                    pass
            except BlockingIOError:
                pass
            if self.reap():
                return True
        return False

    def reap(self) -> bool:
        """Collect every child that has ended; whether the server is among those that ever did."""
        try:
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == self.child:
                    self.status = os.waitstatus_to_exitcode(ended[1])
        except ChildProcessError:
            pass
        return self.status is not None

    def finish(self) -> None:
        """End the server, and kill what it leaves."""
        self.send(self.order["end"])
        self.until(self.reap, GRACE)
        self.send(signal.SIGKILL)
        self.until(self.nothing_left, GRACE)

    def nothing_left(self) -> bool:
        self.reap()
        left = children()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        return not left and self.status is not None

    def until(self, done: Any, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not done() and time.monotonic() < end:
            time.sleep(0.002)


def children() -> list[int]:
    """Living and unreaped children of this process; none where there is no /proc."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def say(line: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # the caller has gone: the watch says so next
        os.write(1, f"{line}\n".encode())


def main(order: dict[str, Any]) -> int:
    os.set_inheritable(order["lock"], False)  # held while this process lives, not while the server does
    order["self"] = os.getpid()
    supervisor = Supervisor(order)
    code = 1
    commands = order["commands"]
    for command in commands:
        refused = supervisor.run(command)
        if refused is not None:
            say(f"refused {refused}")
            break
        if command is commands[-1]:
            say(f"running {supervisor.child}")
        if not supervisor.watch():
            supervisor.finish()
            import shutil  # late: it is slow to load, and the start should be quick

            shutil.rmtree(order["folder"], ignore_errors=True)
            return 0
        code = supervisor.status or 0
        if command is not commands[-1] and code:
            say(f"ended {code}")
            break
    supervisor.finish()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
