"""The parent's side of a child and of the pumps in it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from workbook.graders.outbox_proxy import Gone, Moment, Proxy, Session
from workbook.grading.check import Bench, Record
from workbook.grading.client import Ended
from workbook.grading.inert import inert

if TYPE_CHECKING:
    from workbook.graders.outbox_scene import Scene


SLACK = 30.0  # seconds; the scene keeps the check's limit, on a clock that allows for a busy machine
GRACE = 2.0  # seconds a child gets to end in order


class Child:
    """A process with pumps in it, from its start to its end. Records arrive in a thread of its own."""

    def __init__(self, scene: Scene, bench: Bench, plan: dict[str, Any]) -> None:
        self.scene = scene
        self.bench = bench
        self.pid = 0
        self.records: list[Record] = []  # what decides how the child ended
        self.pumps: dict[str, Pump] = {}
        self.ended: Ended | None = None
        self.expected = self.killed = False  # whether it was told to end, or killed by us
        self._write = threading.Lock()
        self._thread = threading.Thread(target=self._run, args=(plan,), name="outbox child", daemon=True)
        self._thread.start()

    def _run(self, plan: dict[str, Any]) -> None:
        try:
            ended = self.bench.run(plan, self._record, SLACK)
        except Exception as error:  # a fault of ours must end the scene, not a thread
            ended = Ended("warden", fault=repr(error))
        with self.scene.changed:
            self.ended = ended
            self.scene.ring()

    def _record(self, record: Record) -> None:
        if record["k"] in ("not-loaded", "process", "fault", "memory"):
            self.records.append(record)
        self.scene.recorded(self, record)

    def order(self, **order: Any) -> None:
        """Tell the child something; harmless when it is gone."""
        with self._write:
            self.bench.send(json.dumps(order))

    def kill(self) -> None:
        """`kill -9`; does not wait for its end."""
        self.expected = self.killed = True
        with self._write:
            self.bench.kill()

    def end(self) -> None:
        """Let it end, whatever its pumps do, and wait for that."""
        if self.ended is None and not self.expected:
            self.expected = True
            self.order(do="end")
        self._thread.join(GRACE)
        if self._thread.is_alive():
            self.kill()
            self._thread.join()


class Pump:
    """One pump. What it did stands in plain lists; `scene.changed` is notified with every change."""

    def __init__(self, scene: Scene, child: Child, name: str, who: str) -> None:
        self.scene, self.child = scene, child
        self.name, self.who = name, who  # unique, for the child; as histories call it
        self.proxy: Proxy | None = None
        self.dead = self.told_to_stop = False
        self.job = ""  # what it was called for and has not come back from
        self.result: Record | None = None  # of the last call that came back
        self.began = self.left = self.stopped = 0.0  # on the clock of this machine
        self.connects: list[float] = []
        self.refused: list[float] = []  # when connect raised
        self.waits: list[tuple[float, float | None]] = []  # (when, for how long) it asked to wait for stop
        self.passed = 0  # moments at which it could have been held or killed
        self.gate: Callable[[int, str], None] | None = None  # called at each of them, by number and kind
        self.lines: list[str] = []  # of a local log
        self.lines_complete = self.all_acknowledged = False
        self.place: dict[str, Any] | None = None

    @property
    def busy(self) -> bool:
        return bool(self.job)

    def sessions(self) -> list[Session]:
        return self.proxy.sessions() if self.proxy is not None else []

    def begin(self, job: str, **more: Any) -> None:
        """Call run_once or run, without waiting for its return."""
        self.job, self.result, self.began = job, None, time.monotonic()
        self.child.order(do=job, p=self.name, **more)

    def start(self) -> None:
        """Call run."""
        self.begin("run")

    def stop(self, **more: Any) -> None:
        """Set the event that run was given. See outbox_player.do_stop for `more`."""
        self.told_to_stop = True
        self.child.order(do="stop", p=self.name, **more)

    def take(self, record: Record) -> str:
        """Take in what the child reports of this pump; what is worth a line in the history."""
        at = record["at"]
        match record["k"]:
            case "returned" | "raised":
                self.job, self.result, self.left = "", record, at
                return came_back(record)
            case "connect":
                self.connects.append(at)
            case "refused":
                self.refused.append(at)
                return "cannot connect"
            case "wait":
                self.waits.append((at, record["s"]))
            case "stop":
                self.stopped = at
                return "is told to stop"
            case "log":
                self.lines += record["lines"]
            case "log-end":
                self.lines_complete = True
            case "all":
                self.all_acknowledged = True
            case "where":
                self.place = record["place"] or {}
        return ""

    def passes(self, kind: str) -> bool:
        """Whether something of this pump may pass. Waits while the gate holds it."""
        with self.scene.changed:
            if self.dead:
                return False
            self.passed += 1
            number, gate = self.passed, self.gate
        if gate is not None:
            gate(number, kind)
        return not self.dead

    def moment(self, moment: Moment) -> None:
        """What the proxy tells, before it passes."""
        # Held before an answer or before what the pump does next: the world cannot tell, so one of them is enough.
        if self.dead or (moment.kind in ("opens", "asks") and not self.passes(moment.kind)):
            raise Gone
        self.scene.moment(self, moment)


def came_back(record: Record) -> str:
    """The return of a call, in words."""
    if record["what"] == "make":
        return ""
    if record["k"] == "returned":
        return f"{record['what']} returns" + (f" {record['v']}" if record["what"] == "run_once" else "")
    return f"{record['what']} raises {inert(str(record['type']), 40)}"


class Crew:
    """Children of one scene, and the wardens they live in."""

    def __init__(self, scene: Scene, bench: Bench) -> None:
        self._scene = scene
        self._idle = [bench]
        self._bench = bench
        self._lent = ExitStack()
        self.children: list[Child] = []

    def child(self, plan: dict[str, Any]) -> Child:
        """A new child, in a warden that has none."""
        for old in self.children:
            if old.ended is not None and old.bench not in self._idle:
                busy = [other.bench for other in self.children if other.ended is None]
                if old.bench not in busy:
                    self._idle.append(old.bench)
        bench = self._idle.pop() if self._idle else self._lent.enter_context(self._bench.beside())
        made = Child(self._scene, bench, plan)
        self.children.append(made)
        return made

    def close(self) -> None:
        for child in self.children:
            child.end()
        self._lent.close()
