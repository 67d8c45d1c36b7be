"""Runs in the child: makes the learner's pumps, calls them when told to, and reports what they do.

The producer a pump is given reports each message to the parent and waits for its word before `send` returns;
the parent also says when and how the future resolves. `connect` goes to a proxy of the parent. So everything
that passes between a pump and the world is seen, and can be held, from outside. Nothing here judges.
"""

from __future__ import annotations

import _thread
import heapq
import inspect
import json
import os
import sys
import threading
import time
import types
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from typing import Any

import psycopg

Order = dict[str, Any]
_allocate, _start = _thread.allocate_lock, _thread.start_new_thread
_now, _loads, _pid = time.monotonic, json.loads, os.getpid
_push, _pop = heapq.heappush, heapq.heappop
_Future, _InvalidState = Future, InvalidStateError
_connect, _Down = psycopg.connect, psycopg.OperationalError
_event_init = threading.Event.__init__
_event_wait, _event_set = threading.Event.wait, threading.Event.set
_signature = inspect.signature
LOG_LINES = 500  # of a local log in one record


def kind_of(thing: object) -> str:
    return str(type.__dict__["__name__"].__get__(type(thing)))[:60]


def plain(thing: Any, wanted: Any) -> Any:
    """A str or bytes as a str (bytes as Latin-1), anything else as the name of its type."""
    if type(thing) is not wanted:
        return {"type": kind_of(thing)}
    return thing if wanted is str else thing.decode("latin-1")


class Clock:
    """Calls functions at their time, in a thread of its own."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._lock, self._wake = _allocate(), _allocate()
        self._wake.acquire()
        _start(self._run, ())

    def at(self, due: float, call: Callable[[], None]) -> None:
        with self._lock:
            self._count += 1
            _push(self._heap, (due, self._count, call))
            first = self._heap[0][1] == self._count
        if first:
            try:
                self._wake.release()
            except RuntimeError:
                return  # woken already, and not yet awake

    def _run(self) -> None:
        while True:
            with self._lock:
                due = self._heap[0][0] if self._heap else None
                call = _pop(self._heap)[2] if due is not None and due <= _now() else None
            if call is not None:
                call()
            elif due is None:
                self._wake.acquire()
            else:
                self._wake.acquire(True, max(0.0, due - _now()))


class Stop(threading.Event):
    """The event that ends run; it reports for how long a pump asks to wait."""

    def __init__(self, tell: Callable[[float | None], None]) -> None:
        _event_init(self)
        self._tell = tell
        self.told = False  # whether it was set: then nobody asks any more

    def wait(self, timeout: float | None = None) -> bool:
        if not self.told:
            self._tell(timeout if timeout is None else float(timeout))
        return _event_wait(self, timeout)

    def set(self) -> None:
        self.told = True
        _event_set(self)


class Remote:
    """The producer whose every word is the parent's."""

    def __init__(self, house: House, pump: str) -> None:
        self._house, self._pump = house, pump

    def send(self, topic: str, *, key: bytes, value: bytes, headers: Mapping[str, bytes]) -> Future[None]:
        house, gate = self._house, _allocate()
        future: Future[None] = _Future()
        gate.acquire()
        number = house.number()
        house.gates[number], house.futures[number] = gate, future
        house.emit(
            k="send",
            p=self._pump,
            n=number,
            topic=plain(topic, str),
            key=plain(key, bytes),
            value=plain(value, bytes),
            headers=[[plain(name, str), plain(headers[name], bytes)] for name in headers],
        )
        gate.acquire()
        text = house.refusals.pop(number, None)
        if text is not None:
            raise house.module.PublishError(text)
        return future


class Local:
    """The producer for measurements: acknowledges by itself after `delay` seconds, and keeps a log."""

    def __init__(self, clock: Clock, delay: float, expected: int, tell: Callable[[], None]) -> None:
        self._clock, self._delay = clock, delay
        self._left, self._tell = expected, tell
        self.log: list[str] = []

    def send(self, topic: str, *, key: bytes, value: bytes, headers: Mapping[str, bytes]) -> Future[None]:
        future: Future[None] = _Future()
        number = str(headers["outbox-id"], "latin-1")
        self.log.append("s" + number)

        def acknowledge() -> None:
            self.log.append("a" + number)
            self._left -= 1
            try:
                future.set_result(None)
            except _InvalidState:
                pass
            if self._left == 0:
                self._tell()

        self._clock.at(_now() + self._delay, acknowledge)
        return future


class Serial:
    """The pump that stage 5 compares with: ours, one row at a time, as quick as that can be."""

    def __init__(self, connect: Callable[[], psycopg.Connection], producer: Local) -> None:
        self._connect, self._producer = connect, producer

    def run(self, stop: threading.Event) -> None:
        connection = self._connect()
        while not stop.is_set():
            rows = connection.execute(
                "SELECT id, aggregate_id, topic, payload FROM outbox WHERE processed_at IS NULL"
                " ORDER BY id LIMIT 100 FOR UPDATE"
            ).fetchall()
            for number, aggregate, topic, payload in rows:
                headers = {"outbox-id": str(number).encode()}
                self._producer.send(topic, key=aggregate.encode(), value=payload, headers=headers).result()
                connection.execute(
                    "UPDATE outbox SET processed_at = clock_timestamp() WHERE id = %s", [number]
                )
            connection.commit()
            if not rows:
                stop.wait(0.05)
        connection.close()


class House:
    """All pumps of this child."""

    def __init__(self, kit: Any, module: Any, plan: Order) -> None:
        self.kit, self.module, self.plan = kit, module, plan
        self.clock, self.lock, self.count = Clock(), _allocate(), 0
        self.gates: dict[int, Any] = {}
        self.futures: dict[int, Future[None]] = {}
        self.refusals: dict[int, str] = {}
        self.pumps: dict[str, Any] = {}
        self.stops: dict[str, Stop] = {}
        self.producers: dict[str, Any] = {}
        self.company = kit.actors.Company(kit, plan["patience"])

    def emit(self, **record: Any) -> None:
        record["at"] = _now()
        self.kit.emit(record)

    def number(self) -> int:
        with self.lock:
            self.count += 1
            return self.count

    # ---- what the parent asks for

    def obey(self, order: Order) -> None:
        getattr(self, "do_" + order["do"])(order)

    def job(self, order: Order, call: Callable[[], Any]) -> None:
        """Do it in the pump's own thread, and report how it went."""
        pump = order["p"]

        def work() -> None:
            try:
                value = call()
            except BaseException as error:
                self.emit(k="raised", p=pump, what=order["do"], **self.kit.describe(error))
                return
            whole = type(value) is int and -(2**53) < value < 2**53
            self.emit(k="returned", p=pump, what=order["do"], v=value if whole else None, type=kind_of(value))

        self.company.actor(pump).begin(work)

    def do_make(self, order: Order) -> None:
        pump = order["p"]

        def connect() -> psycopg.Connection:
            self.emit(k="connect", p=pump)
            if order["dsn"] is None:
                raise _Down("the database is not there")
            try:
                made = _connect(order["dsn"], autocommit=order["autocommit"])
            except BaseException:
                self.emit(k="refused", p=pump)
                raise
            self.emit(k="connected", p=pump)
            return made

        def make() -> None:
            producer = self.producers[pump] = self.producer(order)
            if order["producer"] == "serial":
                self.pumps[pump] = Serial(connect, producer)
            else:
                self.pumps[pump] = self.module.OutboxPump(connect, producer, **order["options"])

        self.job(order, make)

    def producer(self, order: Order) -> Any:
        if order["producer"] == "remote":
            return Remote(self, order["p"])
        if order["producer"] == "kafka":
            return self.kafka(order)
        return Local(self.clock, order["delay"], order["expected"], lambda: self.emit(k="all", p=order["p"]))

    def kafka(self, order: Order) -> Any:
        """The workbook's own adapter over a real client; only its source is known here, not the workbook."""
        adapter = types.ModuleType("kafka_producer")
        sys.modules["kafka_producer"] = adapter
        exec(compile(self.plan["adapter"], "kafka_producer.py", "exec"), adapter.__dict__)
        return adapter.KafkaProducer(order["bootstrap"], error=self.module.PublishError)

    def do_run_once(self, order: Order) -> None:
        self.job(order, lambda: self.pumps[order["p"]].run_once())

    def do_run(self, order: Order) -> None:
        pump = order["p"]
        stop = self.stops[pump] = Stop(lambda seconds: self.emit(k="wait", p=pump, s=seconds))
        if order.get("stopped"):
            stop.set()
        self.job(order, lambda: self.pumps[pump].run(stop))

    def do_stop(self, order: Order) -> None:
        """Set stop; with "n", resolve that message "after" so many seconds, reckoned here."""
        self.stops[order["p"]].set()
        self.emit(k="stop", p=order["p"])
        if "n" in order:
            self.clock.at(_now() + order["after"], lambda: self.resolve(order))

    def do_answer(self, order: Order) -> None:
        number = order["n"]
        gate = self.gates.pop(number)
        if order["how"] == "raise":
            self.futures.pop(number)
            self.refusals[number] = order["text"]
        gate.release()
        if order["how"] in ("ack", "fail"):
            self.clock.at(_now() + order["after"], lambda: self.resolve(order))

    def do_resolve(self, order: Order) -> None:
        self.clock.at(_now(), lambda: self.resolve(order))

    def resolve(self, order: Order) -> None:
        number = order["n"]
        future = self.futures.pop(number)
        if order.get("tell"):
            self.emit(k="resolving", n=number)
        try:
            if order["how"] == "ack":
                future.set_result(None)
            else:
                future.set_exception(self.module.PublishError(order["text"]))
        except _InvalidState:
            self.emit(k="cancelled", n=number)

    def do_where(self, order: Order) -> None:
        self.emit(k="where", p=order["p"], place=self.company.place(self.company.actor(order["p"])))

    def do_log(self, order: Order) -> None:
        """What a local producer saw, in pieces."""
        log = self.producers[order["p"]].log
        for start in range(0, len(log), LOG_LINES):
            self.emit(k="log", p=order["p"], lines=log[start : start + LOG_LINES])
        self.emit(k="log-end", p=order["p"])

    def do_inspect(self, _order: Order) -> None:
        """The shape of the contract's names, without calling them."""
        found: dict[str, Any] = {}
        for name in ("PublishError", "OutboxPump"):
            thing = getattr(self.module, name, None)
            found[name] = "missing" if thing is None else "class" if isinstance(thing, type) else "no class"
        error, pump = getattr(self.module, "PublishError", None), getattr(self.module, "OutboxPump", None)
        found["is_error"] = isinstance(error, type) and issubclass(error, Exception)
        found["defaults"] = defaults_of(pump) if isinstance(pump, type) else None
        self.emit(k="shape", **found)


def defaults_of(made: type) -> dict[str, Any] | None:
    """name -> default of the constructor's parameters, None for one that is not plain; None: it does not say."""
    try:
        parameters = _signature(made).parameters
    except (TypeError, ValueError):
        return None
    if any(one.kind in (one.VAR_KEYWORD, one.VAR_POSITIONAL) for one in parameters.values()):
        return None
    return {
        name: one.default if type(one.default) in (int, float) else None for name, one in parameters.items()
    }


def play(kit: Any, module: Any, plan: Order) -> None:
    """Do what the parent says until it says end, or goes."""
    house = House(kit, module, plan)
    house.emit(k="hello", pid=_pid())
    while (line := kit.receive()) is not None:
        order = _loads(line)
        if order["do"] == "end":
            return
        house.obey(order)
