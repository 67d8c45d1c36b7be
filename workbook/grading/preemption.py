"""Runs in the child: decides the switches between threads, so that a race is found in the same way every time.

A steered thread stops before a line (or an opcode) of the learner's file when its allowance is used up. A
schedule is a list of slices (thread, lines it may run). "Every schedule with one preemption" is: the first
thread runs k - 1 lines and stops, the second runs as far as it can, the first goes on; k = 1, 2, 3 ... until
the first runs through; then the roles are swapped. Nothing is patched: it works with semaphores, queues,
events, futures and raw locks alike. What cannot be steered (C code, threads of the learner's own) runs freely.
"""

from __future__ import annotations

import _thread
import dis
import sys
from typing import Any

_allocate = _thread.allocate_lock
# Opcodes before which a switch can matter: those that read or write something another thread can reach, or call.
# A switch before any other opcode has the same effect as one before the next of these.
SHARED = frozenset(
    number
    for name, number in dis.opmap.items()
    if name.startswith(
        (
            "LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "DELETE_ATTR", "LOAD_GLOBAL", "STORE_GLOBAL", "LOAD_DEREF",
            "STORE_DEREF", "BINARY_SUBSCR", "STORE_SUBSCR", "DELETE_SUBSCR", "BINARY_OP", "BINARY_SLICE",
            "CONTAINS_OP", "COMPARE_OP", "CALL", "FOR_ITER", "GET_ITER", "UNPACK", "LIST_EXTEND", "SET_UPDATE",
            "DICT_UPDATE", "DICT_MERGE", "BEFORE_WITH", "POP_JUMP", "TO_BOOL", "UNARY_NOT", "YIELD_VALUE", "SEND",
        )
    )
    and name not in ("CALL_INTRINSIC_1", "CALL_INTRINSIC_2")
)  # fmt: skip
_settrace, _gettrace = sys.settrace, sys.gettrace


def set_trace(function: Any) -> None:
    """sys.settrace, for a thread among others.

    CPython 3.11 refuses with a RuntimeError while another thread is inside settrace, which happens when the
    interpreter switches within an audit hook; the refusal opens the way for the next call.
    """
    for _ in range(100):
        try:
            _settrace(function)
            return
        except RuntimeError:
            continue
    _settrace(function)


class Steered:
    """One thread's way through the learner's file."""

    def __init__(self, actor: Any, file_name: str, opcodes: bool) -> None:
        self.actor = actor
        self.name = actor.name
        self.file_name = file_name
        self.opcodes = opcodes
        self.allowance: int | None = 0  # lines it may still run; None: as many as it likes
        self.paused = False
        self.steps = 0
        self.line: int | None = None  # the line it runs, or is stopped before
        self.before: int | None = None  # the line it ran before that
        self.cut_off = False  # somebody switched tracing off
        self._fresh = True
        self._codes: dict[Any, bytes] = {}
        self._gate = _allocate()
        self._gate.acquire()

    def run(self, job: Any) -> None:
        """Do a job, traced. In the actor's thread."""
        tracer = self._call
        set_trace(tracer)
        try:
            job()
        finally:
            self.cut_off = _gettrace() != tracer
            set_trace(None)

    def _call(self, frame: Any, _event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename != self.file_name:
            return None
        if self.opcodes:
            frame.f_trace_opcodes = True
            return self._opcode
        return self._line

    def _line(self, frame: Any, event: str, _argument: Any) -> Any:
        if event == "line":
            self._step(frame.f_lineno)
        return self._line

    def _opcode(self, frame: Any, event: str, _argument: Any) -> Any:
        if event == "line":
            self._fresh = True
        elif event == "opcode":
            code = frame.f_code
            if code not in self._codes:
                self._codes[code] = code.co_code
            if self._codes[code][frame.f_lasti] in SHARED:
                if not self._fresh:  # a switch before the first one of a line is a switch before the line
                    self._step(frame.f_lineno)
                self._fresh = False
        return self._opcode

    def _step(self, line: int) -> None:
        self.before, self.line = self.line, line
        while True:
            self.paused = True  # before the look at the allowance: who raises it after that opens the gate
            if self.allowance != 0:
                break
            self.actor.wake()
            self._gate.acquire()
        self.paused = False
        if self.allowance is not None:
            self.allowance -= 1
        self.steps += 1

    def allow(self, lines: int | None) -> None:
        """Let it run so many lines more. By the director, while the thread is paused, blocked or not begun."""
        self.allowance = lines
        self.actor.asleep_as = None
        if self.paused and self._gate.locked():
            self._gate.release()


class Schedule:
    """Runs steered threads slice by slice. Used by the director only."""

    def __init__(self, company: Any, jobs: dict[str, Any], file_name: str, opcodes: bool) -> None:
        self.company = company
        self.jobs = jobs
        self.threads = {name: Steered(company.actor(name), file_name, opcodes) for name in jobs}
        self.told: list[dict[str, Any]] = []
        self._blocked: dict[str, tuple[int, int]] = {}

    def slice(self, name: str, lines: int | None) -> str:
        """Give a thread its slice; says how that ended: paused, done or blocked."""
        steered = self.threads[name]
        actor = steered.actor
        begun = name not in self.jobs
        if begun and not actor.busy:
            return "done"
        if self._blocked.get(name) == self.progress:
            return "blocked"  # it waits for another thread, and none has run since
        first = steered.steps
        was_at = steered.line if steered.paused else None
        if not begun:
            job = self.jobs.pop(name)
            steered.allowance = lines
            actor.begin(lambda: steered.run(job))
        else:
            steered.allow(lines)
        self._until(steered)
        for other in self.threads.values():
            # Whoever was woken meanwhile runs what is left of its allowance.
            if other is not steered and other.name not in self.jobs:
                self._until(other)
        state = "done" if not actor.busy else ("paused" if steered.paused else "blocked")
        told = {"a": name, "state": state, "from": was_at, "ran": steered.steps - first}
        told["last"] = steered.before if state == "paused" else steered.line
        told["next"] = steered.line if state == "paused" else None
        if state == "blocked":
            self._blocked[name] = self.progress
            told["at"] = self.company.place(actor)
        self.told.append(told)
        return state

    def _until(self, steered: Any) -> None:
        """Wait until the thread is paused (and has used its allowance), done, or nothing moves any more."""
        actor = steered.actor

        def there() -> bool:
            return not actor.busy or (steered.paused and steered.allowance == 0)

        while not there():
            if self.company.halted(actor, there):
                return

    def release(self, patience: float) -> list[str]:
        """Let all run freely to their ends; names of those that are not there when nothing moves any more."""
        for name in list(self.jobs):
            self.slice(name, None)
        for steered in self.threads.values():
            steered.allow(None)
        busy = [steered.actor for steered in self.threads.values() if steered.actor.busy]
        for actor in busy:
            while actor.busy:
                if self.company.quiet_for(
                    patience, lambda: not any(one.busy for one in busy), look=0.0005
                ) or not any(one.busy for one in busy):
                    break
        return [name for name, steered in self.threads.items() if steered.actor.busy]

    @property
    def progress(self) -> tuple[int, int]:
        """Grows whenever a steered thread runs a step or ends."""
        return self.steps, sum(not steered.actor.busy for steered in self.threads.values())

    @property
    def cut_off(self) -> bool:
        return any(steered.cut_off for steered in self.threads.values())

    @property
    def steps(self) -> int:
        return sum(steered.steps for steered in self.threads.values())
