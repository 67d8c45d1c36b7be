"""Real threads, one line at a time: run a small race in every order its lines can come in.

    def race():
        subscription = Subscription()
        return subscription.publish, subscription.cancel

    for run in interleavings(race):
        print(run)

Each function gets a thread of its own. A tracing hook stops it before every line of its own code, and one
scheduler lets exactly one thread go on, by one line; functions called from there run to their end at once. All
orders are tried, depth first, so a result does not depend on luck. The code under test is ordinary Python; only
its locks are `Lock` from here, since the scheduler has to see who waits for whom.
"""

from __future__ import annotations

import linecache
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any

Actor = Callable[[], object]
PATIENCE = 10.0  # seconds; no line of a race takes that long, so one that does waits for what nobody sees
WIDTH = 34


@dataclass(frozen=True)
class Run:
    """One order of the lines: who ran which, and how each function ended (an exception, or None).

    `deadlock` is true if those not yet done all waited for locks. `str()` is a listing, a column a thread.
    """

    names: tuple[str, ...]
    lines: tuple[tuple[int, str], ...]
    errors: tuple[BaseException | None, ...]
    deadlock: bool

    @property
    def crashed(self) -> bool:
        return any(self.errors)

    def __str__(self) -> str:
        rows = ["".join(f"{name:<{WIDTH}}" for name in self.names)]
        rows += ["".join(f"{'-' * len(name):<{WIDTH}}" for name in self.names)]
        rows += [" " * WIDTH * who + line for who, line in self.lines]
        for who, error in enumerate(self.errors):
            if error:
                rows.append(" " * WIDTH * who + f"-> {type(error).__name__}: {error}")
        if self.deadlock:
            rows.append("-> deadlock: each waits for the other's lock")
        return "\n".join(row.rstrip() for row in rows)


class Lock:
    """A threading.Lock for code that runs under `interleavings`; elsewhere it is one and nothing more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def acquire(self) -> None:
        actor = _actors.get(threading.get_ident())
        if actor is None:
            self._lock.acquire()
        while actor is not None and not self._lock.acquire(blocking=False):
            actor.stop(waits_for=self)

    def release(self) -> None:
        self._lock.release()

    def locked(self) -> bool:
        return self._lock.locked()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.release()


class _Abandoned(BaseException):
    """Ends a thread that waits in a deadlock, so that nothing is left running."""


class _Actor:
    """One function in its own thread, stopped before each of its lines until `step` lets it go on."""

    def __init__(self, function: Actor) -> None:
        self.name = function.__name__
        self.error: BaseException | None = None
        self.done = False
        self.line: str | None = None  # the one it goes on with; None where it goes on inside a line
        self.waits_for: Lock | None = None
        self._function = function
        self._code = getattr(function, "__func__", function).__code__
        self._inside: set[int] = set()  # the numbers of the `with` lines entered
        self._abandoned = False
        self._go = threading.Semaphore(0)
        self._back = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Run up to the first line."""
        self._thread.start()
        self._wait()

    def step(self) -> None:
        """Let one line happen, or as much of it as its locks allow."""
        self._go.release()
        self._wait()

    def abandon(self) -> None:
        self._abandoned = True
        while not self.done:
            self.step()

    def stop(self, waits_for: Lock | None = None) -> None:
        """Called in the actor's thread: give the turn back, and wait for the next."""
        self.waits_for = waits_for
        if waits_for is not None:
            self.line = None
        self._back.release()
        self._go.acquire()
        if self._abandoned:
            raise _Abandoned

    def _wait(self) -> None:
        if not self._back.acquire(timeout=PATIENCE):
            raise RuntimeError(
                f"{self.name} waits for something the scheduler cannot see; inside a race use workbook.steps.Lock, "
                "and nothing else that blocks"
            )

    def _run(self) -> None:
        _actors[threading.get_ident()] = self
        sys.settrace(self._trace)
        try:
            self._function()
        except _Abandoned:
            pass
        except BaseException as error:
            self.error = error.with_traceback(None)
        finally:
            sys.settrace(None)
            del _actors[threading.get_ident()]
            self.done = True
            self.waits_for = None
            self._back.release()

    def _listed(self, file: str, number: int) -> str:
        """The line as it stands in the body of the function; a `with` is come to twice, to enter and to leave."""
        margin = linecache.getline(file, self._code.co_firstlineno)
        line = linecache.getline(file, number).rstrip()[len(margin) - len(margin.lstrip()) + 4 :]
        if not line.lstrip().startswith("with "):
            return line
        self._inside ^= {number}
        return line if number in self._inside else line.replace("with ", "leave ", 1).rstrip(":")

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code is not self._code:
            return None
        if event == "line" and not self._abandoned:
            self.line = self._listed(frame.f_code.co_filename, frame.f_lineno)
            self.stop()
        return self._trace


_actors: dict[int, _Actor] = {}  # by thread; a lock finds the actor in whose thread it is asked for


def interleavings(race: Callable[[], tuple[Actor, ...]]) -> Iterator[Run]:
    """Every order in which the lines of the functions that `race` returns can come.

    `race` is called for each order anew, and has to give fresh objects. RuntimeError if a function blocks
    in something other than a Lock of this module.
    """
    prefix: list[int] = []
    while True:
        run, choices = _one(race, prefix)
        yield run
        while choices and choices[-1][0] == choices[-1][1][-1]:
            choices.pop()
        if not choices:
            return
        taken, possible = choices.pop()
        prefix = [one for one, _ in choices] + [possible[possible.index(taken) + 1]]


def _one(race: Callable[[], tuple[Actor, ...]], prefix: list[int]) -> tuple[Run, list[tuple[int, list[int]]]]:
    """One order: first as `prefix` says, then always the first who can; and what could have been chosen."""
    actors = [_Actor(function) for function in race()]
    lines: list[tuple[int, str]] = []
    choices: list[tuple[int, list[int]]] = []
    for actor in actors:
        actor.start()
    while possible := [who for who, actor in enumerate(actors) if _can_go_on(actor)]:
        who = prefix[len(choices)] if len(choices) < len(prefix) else possible[0]
        choices.append((who, possible))
        if actors[who].line is not None:
            lines.append((who, actors[who].line or ""))
        actors[who].step()
    deadlock = not all(actor.done for actor in actors)
    for actor in actors:
        actor.abandon()
    names, errors = tuple(actor.name for actor in actors), tuple(actor.error for actor in actors)
    return Run(names, tuple(lines), errors, deadlock), choices


def _can_go_on(actor: _Actor) -> bool:
    return not actor.done and (actor.waits_for is None or not actor.waits_for.locked())
