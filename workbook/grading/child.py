"""Runs in the child: loads the learner's file and lets a player perform a plan.

Nothing here judges. Whatever the learner's code does to builtins, json, threading or time after this module
was loaded does not reach it: its functions see a private copy of the builtins, and the few functions it needs
are bound before the learner's file is read. A submission can still end its own process, close every
descriptor or fall silent; all of that ends as "not passed".
"""

from __future__ import annotations

import _json
import _thread
import builtins
import faulthandler
import gc
import os
import resource
import signal
import sys
import time
import types
from typing import Any

# Functions defined below, and in `protected` files, resolve builtins in a copy that nobody else holds.
globals()["__builtins__"] = dict(vars(builtins))

PROCESS_EVENTS = frozenset(
    (
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.exec",
        "os.system",
        "subprocess.Popen",
        "pty.spawn",
    )
)


def protected(path: str, name: str) -> Any:
    """Load one of our own files as a module whose functions keep their own builtins."""
    module = types.ModuleType(name)
    module.__dict__["__builtins__"] = dict(vars(builtins))
    module.__dict__["__file__"] = path
    with open(path, "rb") as file:
        source = file.read()
    exec(compile(source, path, "exec"), module.__dict__)
    return module


def make_encoder() -> Any:
    """A JSON encoder made of C objects only, out of reach of a patched json module."""

    def refuse(value: int) -> None:
        raise TypeError("a record holds str, int, float, bool, None, list and dict only")

    encode = _json.make_encoder(
        None, refuse, _json.encode_basestring_ascii, None, ":", ",", False, False, False
    )
    join = "".join
    return lambda record: join(encode(record, 0))


class Kit:
    """What a player gets: a way to report, a way to receive, and the learner's file by name."""

    def __init__(self, answer: int, command: int, token: str, file_name: str, actors: Any) -> None:
        self.actors = actors
        self.file_name = file_name
        self.source = ""
        self.writing = False
        self.idle_actors: dict[str, Any] = {}
        self._answer = answer
        self._command = command
        self._token = token
        self._encode = make_encoder()
        self._lock = _thread.allocate_lock()
        self._unread = b""
        self._held: list[bytes] | None = None  # records not sent yet; None: each is sent at once
        # Bound here, before the learner's code runs, so that patching `os` changes nothing.
        self._write, self._read, self._exit = os.write, os.read, os._exit
        self._now, self._arm = time.monotonic, faulthandler.dump_traceback_later
        self._fault, self._seconds, self._armed = -1, 0.0, 0.0

    def emit(self, record: dict[str, Any]) -> None:
        """Send one record to the parent. A channel that is gone ends the process."""
        data = (self._token + self._encode(record) + "\n").encode("ascii")
        if self._held is not None:
            with self._lock:  # or a record would be added to what was just sent
                self._held.append(data)
        else:
            self._send(data)

    def hold(self) -> None:
        """From now on records are kept and sent together, at each `flush`: sending costs a switch of threads."""
        self._held = []

    def flush(self) -> None:
        """Send what was held back."""
        if self._held:
            # Not made under the lock: making it may set off finalizers of the learner's.
            fresh: list[bytes] = []
            with self._lock:
                held, self._held = self._held, fresh
            self._send(b"".join(held))

    def fault(self, error: BaseException) -> None:
        """Report an error that is ours, or of something that was patched under us: never a pass."""
        self.emit({"k": "fault", **self.describe(error), "at": our_line(error)})

    def _send(self, data: bytes) -> None:
        # A thread that waits for the parent to read is not waiting in the learner's code: see actors.py.
        self.writing = True
        with self._lock:
            self.writing = True
            while data:
                try:
                    data = data[self._write(self._answer, data) :]
                except OSError:
                    self._exit(97)
            self.writing = False
        now = self._now()
        if self._fault >= 0 and now - self._armed > 0.5:  # arming costs a thread: not at every record
            self._armed = now
            try:
                self._arm(self._seconds, file=self._fault)
            except RuntimeError:
                return  # no memory for a thread: the record is sent, and the verdict will be about memory

    def watch(self, fault: int, seconds: float) -> None:
        """Write where all threads are to `fault` when nothing was reported for so long."""
        self._fault, self._seconds = fault, seconds
        self._armed = self._now()
        self._arm(seconds, file=fault)

    def receive(self) -> Any:
        """The next line from the parent as bytes, or None when the parent is gone. Blocks."""
        while b"\n" not in self._unread:
            try:
                more = self._read(self._command, 65536)
            except OSError:
                return None
            if not more:
                return None
            self._unread += more
        line, self._unread = self._unread.split(b"\n", 1)
        return line

    def line_of(self, traceback: Any) -> Any:
        """The innermost line of the learner's file in a traceback, or None."""
        line = None
        steps = 0
        while traceback is not None and steps < 100_000:
            if traceback.tb_frame.f_code.co_filename == self.file_name:
                line = traceback.tb_lineno
            traceback = traceback.tb_next
            steps += 1
        return line

    def describe(self, error: BaseException) -> Any:
        """An exception as plain data: type, text, line. Never calls code of the learner's."""
        kind = type.__dict__["__name__"].__get__(type(error))
        text = ""
        if type(error).__str__ is BaseException.__str__ or type(error).__module__ == "builtins":
            parts = [part for part in error.args if type(part) in (str, int, float)]
            text = ", ".join(part[:300] if type(part) is str else str(part) for part in parts[:4])
        if type(error) is SyntaxError:
            text = f"{error.msg} (line {error.lineno})"
        return {
            "type": kind,
            "text": text[:600],
            "line": self.line_of(error.__traceback__),
        }


def limit_resources(memory: int) -> None:
    """Memory (bytes), no core files, files of at most 256 MB."""

    def lower(kind: Any, value: int) -> None:
        _, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        try:
            resource.setrlimit(kind, (value, value))
        except (ValueError, OSError):
            return  # macOS refuses RLIMIT_AS; the warden's watch on resident memory is all there is then

    lower(resource.RLIMIT_AS, memory)
    lower(resource.RLIMIT_CORE, 0)
    lower(resource.RLIMIT_FSIZE, 256 * 2**20)


def report_tampering(kit: Any) -> None:
    """Report every attempt to start a process or to switch tracing; the hook cannot be removed from Python code."""
    get_frame = sys._getframe
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep  # our own files

    def hook(event: Any, _arguments: Any) -> None:
        if event == "sys.settrace" or event == "sys.setprofile":
            caller = get_frame(1).f_code.co_filename
            if caller == kit.file_name or not caller.startswith(here):
                kit.emit(
                    {"k": "untraced", "line": get_frame(1).f_lineno if caller == kit.file_name else None}
                )
        elif event in PROCESS_EVENTS:
            frame: Any = get_frame(1)
            line = None
            while frame is not None:
                if frame.f_code.co_filename == kit.file_name:
                    line = frame.f_lineno
                    break
                frame = frame.f_back
            kit.emit({"k": "process", "event": event, "line": line})
            kit.flush()  # whatever follows, this is known

    sys.addaudithook(hook)


def load(kit: Any, source: bytes, module_name: str) -> Any:
    """Execute the learner's source as a module; report and return None when that fails."""
    module = types.ModuleType(module_name)
    module.__file__ = kit.file_name
    sys.modules[module_name] = module
    try:
        code = compile(source, kit.file_name, "exec", dont_inherit=True)
        exec(code, module.__dict__)
    except BaseException as error:  # SystemExit and friends included: whatever it is, the file did not load
        kit.emit({"k": "not-loaded", **kit.describe(error)})
        return None
    gc.freeze()  # what is there now need not be looked through again by every collection
    kit.emit({"k": "loaded"})
    return module


def our_line(error: BaseException) -> Any:
    """Where in our own code an error came up, for a report that can be acted on."""
    traceback, place = error.__traceback__, ""
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename.rsplit("/", 1)[-1]
        place = f"{name}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place


def main(request: dict[str, Any], actors: Any, player: Any, answer: int, command: int, fault: int) -> None:
    """Perform one request. Never returns.

    `actors` and `player` are modules the warden loaded with `protected`; the three others are descriptors.
    """
    leave = os._exit
    for descriptor in (answer, command, fault):
        os.set_inheritable(descriptor, False)
    kit = Kit(answer, command, request["token"], request["file"], actors)
    # A fork of the learner's must not speak for it: without the channel its first record ends it.
    os.register_at_fork(after_in_child=lambda: os.close(answer))
    report_tampering(kit)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    limit_resources(request["memory"])
    faulthandler.enable(file=fault)
    kit.watch(fault, max(0.05, request["silence"] - 0.15))
    kit.source = request["source"]
    source = request["source"].encode("utf-8", "surrogateescape")
    module = load(kit, source, request["module"])
    if module is not None:
        try:
            player.play(kit, module, request["plan"])
        except MemoryError:
            kit.emit({"k": "memory"})
        except BaseException as error:
            kit.fault(error)
    kit.emit({"k": "done"})
    kit.flush()
    leave(0)
