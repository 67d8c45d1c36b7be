"""A small process of ours that runs learners' children one after the other.

    python -I -X faulthandler warden.py CONTROL_FD

It preloads what children need and forks them, so that a check costs milliseconds. It is the reaper of
everything they start (Linux: PR_SET_CHILD_SUBREAPER), so nothing survives a check; and when its own parent
goes, even by `kill -9`, its control socket closes, it sweeps and ends.

Lines of JSON on the control socket. From the parent: {"run": request}, {"to_child": line}, {"kill": true}.
To the parent: {"record": ...} as they come, then {"ended": {...}}.
"""

from __future__ import annotations

import ctypes
import fcntl
import importlib
import json
import os
import secrets
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import child  # type: ignore[import-not-found]  # run as a script, beside this file

OUTPUT_KEPT = 64 * 1024
FRAME_LIMIT = 8 * 2**20  # a record longer than this is not one of ours
STARVED = 5  # limits are for an idle machine; a process that was not let run gets up to so many times as much
SWARM = 64  # processes under one child; more is a fork bomb
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def prctl(option: int, value: int) -> None:
    """Linux only; elsewhere the promise that nothing survives is best effort."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def parents() -> Any:
    """pid -> parent's pid of every process to be seen (Linux), else nothing."""
    found = {}
    if sys.platform != "linux":
        return found
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    found[int(name)] = int(file.read().rsplit(b")", 1)[1].split()[1])
            except (OSError, IndexError, ValueError):
                continue  # it ended while we looked
    return found


def descendants(root: int) -> Any:
    """pids of all processes below `root`."""
    tree = parents()
    below, grew = {root}, True
    while grew:
        more = {pid for pid, parent in tree.items() if parent in below and pid not in below}
        below |= more
        grew = bool(more)
    return below - {root}


def resident(pid: int) -> Any:
    """Resident memory of a process in bytes; 0 where it cannot be read."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def threads(pid: int) -> Any:
    """(thread, whether it runs or wants to, clock ticks it has had) of a process; nothing where that cannot be read."""
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/stat", "rb") as file:
                fields = file.read().rsplit(b")", 1)[1].split()
            found.append((int(task), fields[0] == b"R", int(fields[11]) + int(fields[12])))
    except (OSError, IndexError, ValueError):
        return []
    return found


def starved(pid: int, seconds: float) -> bool:
    """True where a process wants to run and has had little of the `seconds` that passed (Linux)."""
    now = threads(pid)
    ticks = sum(had for _, _, had in now)
    return any(runs for _, runs, _ in now) and ticks / os.sysconf("SC_CLK_TCK") < 0.6 * seconds


def send_signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except OSError:
        return


def sweep(session: int) -> Any:
    """Kill and reap everything below this process, stopped and daemonised ones included; says how many.

    Orphans become our children (we are the reaper), so "no child left" means that nothing is left.
    """
    until = time.monotonic() + 2.0
    reaped = 0
    if session:
        try:
            os.killpg(session, signal.SIGKILL)
        except OSError:
            pass  # the group is empty
    while time.monotonic() < until:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                reaped += 1
        except ChildProcessError:
            break
        for pid in descendants(os.getpid()):
            send_signal(pid, signal.SIGKILL)
        time.sleep(0.001)
    return reaped


class Run:
    """One child, from fork to sweep."""

    def __init__(self, request: dict[str, Any], modules: Any, folder: str) -> None:
        self.request = request
        self.limit = request["limit"]
        self.token = secrets.token_hex(16)
        request["token"] = self.token
        pipes = [os.pipe() for _ in range(4)]
        (self.answer, answer_w), (command_r, self.command), (self.fault, fault_w), (self.output, output_w) = (
            pipes
        )
        if hasattr(fcntl, "F_SETPIPE_SZ"):  # so that a busy parent holds up neither records nor prints
            for descriptor in (answer_w, output_w):
                try:
                    fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, 1 << 20)
                except OSError:
                    pass  # more than this account may have; the default will do
        self.started = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            os.chdir(folder)
            nothing = os.open(os.devnull, os.O_RDONLY)
            os.dup2(nothing, 0)
            os.dup2(output_w, 1)
            os.dup2(output_w, 2)
            keep = {0, 1, 2, answer_w, command_r, fault_w}
            for name in os.listdir("/dev/fd"):
                if int(name) not in keep:
                    try:
                        os.close(int(name))
                    except OSError:
                        pass
            actors, player = modules
            try:
                child.main(request, actors, player, answer_w, command_r, fault_w)
            finally:
                os._exit(98)  # only reached when child.main itself failed
        for descriptor in (answer_w, command_r, fault_w, output_w):
            os.close(descriptor)
        for descriptor in (self.answer, self.fault, self.output, self.command):
            os.set_blocking(descriptor, False)
        self.status: int | None = None
        self.resident = 0
        self.last = self.started  # when it last reported something
        self.looks = 0  # at its threads since then
        self.ran: dict[int, int] = {}  # in how many of them each thread ran or wanted to
        self.manner = ""  # what it did when its time was up: spins, livelock, waits, slow
        self.unread = b""
        self.kept = {self.output: b"", self.fault: b""}
        self.printed = 0
        self.how = ""
        self.killed = False

    def frames(self, data: bytes) -> Iterator[Any]:
        """Complete records in what was read; anything that lacks the token was not written by us."""
        self.unread += data
        *lines, self.unread = self.unread.split(b"\n")
        if len(self.unread) > FRAME_LIMIT:
            self.how = "forged"
        token = self.token.encode()
        for line in lines:
            if not line.startswith(token):
                self.how = "forged"
                return
            yield line[len(token) :]

    def look(self) -> None:
        """Note which threads run, or would if they were let: what a loaded machine does not change."""
        self.looks += 1
        for task, runs, _ in threads(self.pid):
            self.ran[task] = self.ran.get(task, 0) + runs

    def judge_manner(self, silence: float) -> None:
        """Tell apart why it did not finish: by whether it got on, and by which threads ran meanwhile."""
        if time.monotonic() - self.last < 0.5 * silence:
            self.manner = "slow"
            return
        if sys.platform != "linux" or self.looks < 3:
            return
        # The first thread is ours, which looks at the others now and then; it is also the one that imports the file.
        others = [count / self.looks for task, count in self.ran.items() if task != self.pid]
        if sum(share > 0.1 for share in others) > 1 and sum(others) > 0.6:
            self.manner = "livelock"
        else:
            self.manner = "spins" if sum(self.ran.values()) > 0.5 * self.looks else "waits"

    def ended(self, left: int) -> Any:
        status = os.waitstatus_to_exitcode(self.status) if self.status is not None else None
        if not self.how:
            self.how = "exit" if status is None or status >= 0 else "signal"
        return {
            "how": self.how,
            "code": status,
            "output": self.kept[self.output].decode("utf-8", "replace"),
            "printed": self.printed,
            "fault": self.kept[self.fault].decode("utf-8", "replace"),
            "left": left,
            "resident": self.resident,
            "manner": self.manner,
            "seconds": time.monotonic() - self.started,
        }


class Warden:
    def __init__(self, control: Any) -> None:
        self.control = control
        self.unread = b""
        self.modules: dict[str, Any] = {}
        self.gone = False

    def say(self, line: bytes) -> None:
        try:
            self.control.sendall(line + b"\n")
        except OSError:
            self.gone = True

    def lines(self, flags: int = 0) -> Any:
        """Lines from the parent that are there now; sets `gone` at the end of the stream."""
        try:
            data = self.control.recv(1 << 20, flags)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            self.gone = True
            return []
        self.unread += data
        *lines, self.unread = self.unread.split(b"\n")
        return lines

    def serve(self) -> None:
        """Run requests until the parent goes."""
        while not self.gone:
            for line in self.lines():
                message = json.loads(line)
                if "run" in message:
                    folder = tempfile.mkdtemp(prefix="pubsub-child-")
                    try:
                        self.run(message["run"], folder)
                    finally:
                        shutil.rmtree(folder, ignore_errors=True)
        sweep(0)

    def load(self, request: dict[str, Any]) -> Any:
        """Our own files for the child, loaded once."""
        key = request["player"]
        if key not in self.modules:
            for name in request["preload"]:
                importlib.import_module(name)
            here = os.path.dirname(os.path.abspath(__file__))
            actors = child.protected(os.path.join(here, "actors.py"), "pubsub_actors")
            actors.preemption = child.protected(os.path.join(here, "preemption.py"), "pubsub_preemption")
            actors.waits = child.protected(os.path.join(here, "waits.py"), "pubsub_waits")
            player = child.protected(key, "pubsub_player")
            self.modules[key] = (actors, player)
        return self.modules[key]

    def run(self, request: dict[str, Any], folder: str) -> None:
        modules = self.load(request)
        run = Run(request, modules, folder)
        watch = selectors.DefaultSelector()
        for descriptor in (run.answer, run.fault, run.output):
            watch.register(descriptor, selectors.EVENT_READ)
        watch.register(self.control, selectors.EVENT_READ)
        silence = request["silence"]
        deadline = min(run.started + run.limit, run.started + silence)
        next_look = run.started + 0.05
        looks = 0
        answer_open = True
        while not run.how and not self.gone:
            now = time.monotonic()
            # The seconds it should have had by now.
            due = run.limit if now >= run.started + run.limit else silence
            if now >= deadline and now < run.started + STARVED * run.limit and starved(run.pid, due):
                deadline = now + 0.25  # it has not had its time yet: the machine is busy with something else
            if now >= deadline:
                run.how = "limit"
                run.resident = resident(run.pid)
                run.judge_manner(silence)
                break
            if now >= next_look:
                looks += 1
                next_look = now + 0.05
                run.look()
                if resident(run.pid) > request["memory"]:
                    run.how = "memory"
                    break
                if looks % 8 == 0 and len(descendants(os.getpid())) > SWARM:
                    run.how = "swarm"
                    break
            for key, _ in watch.select(min(deadline, next_look) - now):
                if key.fileobj is self.control:
                    self.relay(run)
                    continue
                try:
                    data = os.read(key.fd, 1 << 16)
                except OSError:
                    data = b""
                if not data:
                    watch.unregister(key.fd)
                    answer_open = answer_open and key.fd != run.answer
                elif key.fd == run.answer:
                    run.last, run.looks, run.ran = time.monotonic(), 0, {}
                    for frame in run.frames(data):
                        if frame == b'{"k":"done"}':
                            run.how = "done"
                            break
                        self.say(b'{"record":' + frame + b"}")
                    deadline = min(run.started + run.limit, time.monotonic() + silence)
                else:
                    if key.fd == run.output:
                        run.printed += len(data)
                    room = OUTPUT_KEPT - len(run.kept[key.fd])
                    run.kept[key.fd] += data[:room]
            if not answer_open and not run.how:
                self.closed(run, deadline)
                break
        if run.how == "limit":
            self.read_rest(run)
        left = self.finish(run)
        watch.close()
        self.say(b'{"ended":' + json.dumps(run.ended(left)).encode() + b"}")

    def relay(self, run: Run) -> None:
        for line in self.lines(socket.MSG_DONTWAIT):
            message = json.loads(line)
            if "kill" in message:
                run.killed = True
                send_signal(run.pid, signal.SIGKILL)
            elif "to_child" in message:
                data = message["to_child"].encode() + b"\n"
                os.set_blocking(run.command, True)
                try:
                    os.write(run.command, data)
                except OSError:
                    pass  # the child is gone; its end is reported by the answer pipe
                os.set_blocking(run.command, False)

    def closed(self, run: Run, deadline: float) -> None:
        """The answer channel is shut before the end: the process ended, or closed it and goes on."""
        until = min(deadline, time.monotonic() + 0.3)
        while run.status is None and time.monotonic() < until:
            pid, status = os.waitpid(run.pid, os.WNOHANG)
            if pid:
                run.status = status
            else:
                time.sleep(0.002)
        if run.status is None:
            run.how = "silent"
        self.read_rest(run)

    def read_rest(self, run: Run) -> None:
        """What the fault handler and the learner wrote last."""
        for descriptor in (run.fault, run.output):
            try:
                while data := os.read(descriptor, 1 << 16):
                    if descriptor == run.output:
                        run.printed += len(data)
                    room = OUTPUT_KEPT - len(run.kept[descriptor])
                    run.kept[descriptor] += data[:room]
                    if run.printed > 2**20:
                        break
            except OSError:
                continue

    def finish(self, run: Run) -> Any:
        for descriptor in (run.answer, run.fault, run.output, run.command):
            os.close(descriptor)
        if run.status is None:
            send_signal(run.pid, signal.SIGKILL)
            until = time.monotonic() + 1.0
            while time.monotonic() < until:
                pid, status = os.waitpid(run.pid, os.WNOHANG)
                if pid:
                    run.status = status
                    break
                time.sleep(0.0005)
        return sweep(run.pid)


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(control.fileno(), False)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business; it closes the socket
    Warden(control).serve()
    os._exit(0)  # nothing is left to tidy up, and the parent waits


if __name__ == "__main__":
    main()
