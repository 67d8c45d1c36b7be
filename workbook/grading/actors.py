"""Runs in the child: named threads that perform jobs, and the knowledge which of them wait, and where.

To know that a thread waits, nobody sleeps and hopes: a process is *quiet* when every other thread is asleep in
the kernel and none was switched in since the last looks. A runnable thread on a loaded machine is not asleep,
so load changes the time this takes and not what it says.
"""

from __future__ import annotations

import _thread
import gc
import os
import sys
import time
import types
from typing import Any

_allocate, _start, _ident = _thread.allocate_lock, _thread.start_new_thread, _thread.get_ident
_native = getattr(_thread, "get_native_id", _ident)
_frames, _sleep, _now = sys._current_frames, time.sleep, time.monotonic
_open, _read, _close, _listdir, _pid = os.open, os.read, os.close, os.listdir, os.getpid
_LINUX = sys.platform == "linux" and os.path.exists("/proc/self/task")
_LOOK = 0.002 if _LINUX else 0.01  # seconds between two looks
_LOOKS = 3  # equal looks in a row that make quiet
_ASLEEP = (b"S", b"Z", b"X")  # sleeping, or ended


def _task_files(names: Any = None) -> Any:
    """A pair per thread: its kernel id, and (state, times switched in). Linux."""
    found = {}
    for name in names or _listdir("/proc/self/task"):
        try:
            descriptor = _open(f"/proc/self/task/{name}/status", 0)
        except OSError:
            continue
        try:
            text = _read(descriptor, 4096)
        except OSError:
            continue  # the thread ended between open and read
        finally:
            _close(descriptor)
        state = text.split(b"State:\t", 1)[1][:1]
        switches = text[text.find(b"voluntary_ctxt_switches") :]
        found[int(name)] = (state, switches)
    return found


class Actor:
    """A thread of ours, doing one job at a time. Threads are raw: patched `threading` does not reach them."""

    def __init__(self, name: str, failed: Any) -> None:
        self.name = name
        self.failed = failed  # called with what a job raises: jobs of ours raise nothing
        self.job: Any = None
        self.begun = self.done = 0
        self.slept = False
        self.asleep_as: Any = None  # what it looked like when it was last seen to wait; see Company.halted
        self.ident = self.native = 0
        self.changed = _allocate()  # released whenever a job ends; only a wake-up, the counters are the truth
        self.changed.acquire()
        self._mail = _allocate()
        self._mail.acquire()
        _start(self._run, ())
        self.changed.acquire()

    @property
    def busy(self) -> Any:
        return self.begun != self.done

    def wake(self) -> None:
        try:
            self.changed.release()
        except RuntimeError:
            return  # nobody has taken the previous wake-up yet

    def _run(self) -> None:
        self.ident, self.native = _ident(), _native()
        self.wake()
        while True:
            self._mail.acquire()
            try:
                self.job()
            except BaseException as error:
                self.failed(error)  # and goes on: a thread that ended here would be taken for one that waits
            finally:
                self.done += 1
                self.wake()

    def begin(self, job: Any) -> None:
        """Start a job without waiting for it."""
        self.begun += 1
        self.slept = False
        self.asleep_as = None
        self.job = job
        self._mail.release()


class Company:
    """All actors of one scene and the one place that waits for them. Used from the child's main thread."""

    def __init__(self, kit: Any, patience: float) -> None:
        self.kit = kit
        self.patience = patience  # seconds of complete quiet after which a thread that should go on is stuck
        self.actors: dict[str, Actor] = {}
        self.director = _ident()

    def actor(self, name: str) -> Actor:
        """The actor of that name; an idle one of an earlier scene is used again."""
        if name not in self.actors:
            idle = self.kit.idle_actors
            self.actors[name] = idle.pop(name) if name in idle else Actor(name, self.kit.fault)
        return self.actors[name]

    def _look(self) -> Any:
        me = _native()
        frames = _frames()
        lines = tuple(sorted((ident, frame.f_lasti) for ident, frame in frames.items() if ident != _ident()))
        if self.kit.writing:
            return False, lines
        if not _LINUX:
            return True, lines
        tasks = _task_files()
        tasks.pop(me, None)
        asleep = all(state in _ASLEEP for state, _ in tasks.values())
        return asleep, (lines, tuple(sorted(tasks.items())))

    def quiet_for(self, seconds: float, until: Any = None, look: float = _LOOK) -> bool:
        """True once nothing in the process has run for `seconds`; False as soon as `until()` holds.

        Between two looks no more than a few times the usual is counted: when the whole machine stood still, nobody
        had a chance to run.
        """
        self.kit.flush()
        look = look if _LINUX else _LOOK
        quiet, looked, last, same = 0.0, _now(), None, 0
        while True:
            if until is not None and until():
                return False
            asleep, seen = self._look()
            now = _now()
            if asleep and seen == last:
                same += 1
                quiet += min(now - looked, 4 * look)
                if same >= _LOOKS and quiet >= seconds:
                    return True
            else:
                quiet, same = 0.0, 0
            looked, last = now, seen
            _sleep(look)

    def halted(self, actor: Any, until: Any) -> bool:
        """True once an actor, and every thread of the learner's own, is asleep and was not switched in meanwhile.

        For the moments in which all other actors are stopped by ourselves: cheaper than looking at every frame.
        """
        last, same, looks = None, 0, 0
        slept = actor.asleep_as is None and not actor.changed.acquire(True, 0.0003)
        while not until():
            tasks = _task_files([actor.native, *self._own_natives()]) if _LINUX else {}
            frame = _frames().get(actor.ident)
            own = (tasks, frame.f_lasti if frame is not None else -1)
            asleep = all(state in _ASLEEP for state, _ in tasks.values()) and not self.kit.writing
            # A thread that was woken is runnable from that moment on, or was switched in: one look is enough where
            # it looks as it did when it was last found waiting.
            if asleep and _LINUX and own == actor.asleep_as:
                return True
            # One that waits for the interpreter's lock is woken when this thread sleeps, or another that waits for
            # it: so two equal looks at all of them, with a sleep in between, tell.
            rest = [one.native for one in self._all_actors() if one is not actor]
            others = _task_files(rest) if asleep and _LINUX and rest else {}
            seen = (own, others)
            asleep = asleep and all(state in _ASLEEP for state, _ in others.values())
            same = same + 1 if asleep and slept and seen == last else 0
            if same >= (1 if _LINUX else 4):
                actor.asleep_as = own
                return True
            last = seen
            slept = not actor.changed.acquire(True, 0.0002 if _LINUX else _LOOK)
            looks += 1
            if looks == 50:
                self.kit.flush()
        return False

    def _all_actors(self) -> list[Actor]:
        return [*self.actors.values(), *self.kit.idle_actors.values()]

    def _own_natives(self) -> list[str]:
        """Kernel ids of the learner's own threads; none in the common case, which is then cheap to tell."""
        actors = self._all_actors()
        if len(_frames()) <= len(actors) + 1:
            return []
        ours = {str(one.native) for one in actors} | {str(_pid())}
        return [name for name in _listdir("/proc/self/task") if name not in ours]

    def wait(self, actor: Actor) -> bool:
        """Wait until the actor's job is done (True), or nothing in the process moves any more (False).

        A job that ends after all, but was seen asleep with nothing else moving, leaves `actor.slept`.
        """
        for _ in range(4):
            if not actor.busy:
                return True
            actor.changed.acquire(True, 0.005)
        if not self.quiet_for(0.0, lambda: not actor.busy):
            return True
        actor.slept = True
        return not self.quiet_for(self.patience, lambda: not actor.busy)

    def wait_long(self, actor: Actor) -> None:
        """Wait until the actor's job is done, however long it is quiet meanwhile: for measurements of ours."""
        while actor.busy:
            actor.changed.acquire(True, 0.1)

    def settle(self) -> None:
        """Return once every pending job is done or waits, with nothing moving."""
        pending = [actor for actor in self.actors.values() if actor.busy]
        if pending:
            self.quiet_for(0.0, lambda: not any(actor.busy for actor in pending))

    def place(self, actor: Actor) -> Any:
        """Where an actor is: line of the learner's file (or None) and the name of what it calls there."""
        return self.place_of(actor.ident)

    def place_of(self, ident: int) -> Any:
        frame = _frames().get(ident)
        inner = frame.f_code.co_name if frame is not None else ""
        steps = 0
        while frame is not None and steps < 100_000:
            if frame.f_code.co_filename == self.kit.file_name:
                return {"line": frame.f_lineno, "function": frame.f_code.co_name, "inside": inner}
            frame = frame.f_back
            steps += 1
        return {"line": None, "function": "", "inside": inner}

    def strangers(self) -> Any:
        """Threads that are neither ours nor the main thread: the learner's own."""
        own = {actor.ident for actor in self._all_actors()} | {self.director}
        return [ident for ident in _frames() if ident not in own]

    def dismiss(self) -> None:
        """Keep idle actors for the next scene; those that hang in the learner's code are left where they are."""
        for name, actor in self.actors.items():
            if not actor.busy:
                self.kit.idle_actors[name] = actor


def reachable(roots: Any, module_name: str, most: int = 10**9) -> Any:
    """How many objects can be reached from `roots` without leaving the learner's own code, counted up to `most`.

    Modules, classes and functions of others end the walk; so does anything of ours.
    """
    gc.collect()
    get_referents = gc.get_referents
    seen: dict[int, Any] = {}
    todo = list(roots)
    while todo and len(seen) < most:
        thing = todo.pop()
        if id(thing) in seen:
            continue
        kind = type(thing)
        if kind is types.ModuleType or issubclass(kind, types.ModuleType):
            continue
        if issubclass(kind, type) and type.__dict__["__module__"].__get__(thing) != module_name:
            continue
        if kind is types.FunctionType and thing.__module__ != module_name:
            continue
        if kind in (types.FrameType, types.CodeType, types.BuiltinFunctionType):
            continue
        seen[id(thing)] = thing
        todo.extend(get_referents(thing))
        if issubclass(kind, dict):
            todo.extend(dict.keys(thing))  # the collector passes over keys that are all texts
    return len(seen)
