"""A first look at a file, once an attempt and without a database: is there anything to grade?

A stub costs one child this way, and no PostgreSQL is started for it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from workbook.grading.check import Bench, Broken, Record
from workbook.grading.ending import quote
from workbook.grading.inert import inert
from workbook.grading.verdict import Status, Verdict

PATIENCE = 3.0  # seconds for the calls; what takes longer is simply not known
OPTIONS = {"batch_size": 7, "poll_interval": 0.05, "ack_timeout": 0.5}
DEFAULTS = {"batch_size": 100, "poll_interval": 1.0, "ack_timeout": 10.0}
CALLS = {"make": "OutboxPump(...)", "run_once": "run_once()", "run": "run(stop)"}


@dataclass
class Probe:
    """What the look showed."""

    shape: Record = field(default_factory=dict)
    raised: dict[str, Record] = field(default_factory=dict)  # make, run_once, run -> what it raised
    stuck: Record | None = None  # where the constructor is, when it does not come back
    broken: Verdict | None = None  # the file cannot be loaded, or its process did not live


def probe(bench: Bench) -> Probe:
    """Load the file, make a pump whose `connect` raises, call run_once, and run with stop already set."""
    found, steps = Probe(), iter(CALLS)
    records: list[Record] = []

    def order(**what: Any) -> None:
        bench.send(json.dumps(what))

    def go_on() -> None:
        step = next(steps, None)
        if step is None:
            order(do="end")
        elif step == "make":
            order(do="make", p="1", dsn=None, autocommit=False, producer="remote", options=OPTIONS)
        else:
            order(do=step, p="1", stopped=True)

    def on_record(record: Record) -> None:
        kind = record["k"]
        if kind == "hello":
            order(do="inspect")
        elif kind == "shape":
            found.shape = record
            enough.start()
            go_on()
        elif kind == "where":
            found.stuck = record
            order(do="end")
        elif kind == "returned" and record["what"] == "make":
            made.append(record)
            go_on()
        elif kind == "raised" and record["what"] == "make":
            found.raised["make"] = record
            order(do="end")
        elif kind in ("raised", "returned"):
            if kind == "raised":
                found.raised[record["what"]] = record
            go_on()
        elif kind in ("not-loaded", "process", "fault", "memory"):
            records.append(record)

    def too_late() -> None:
        order(do="end") if made else order(do="where", p="1")

    made: list[Record] = []
    enough = threading.Timer(PATIENCE, too_late)
    try:
        ended = bench.run({}, on_record)
        bench.require_end(ended, records)
    except Broken as broken:
        found.broken = broken.verdict
    finally:
        enough.cancel()
    return found


def looked_at(bench: Bench) -> Probe:
    """The look at this attempt's file, taken by the first check that asks."""
    seen: Probe = bench.shop.once("probe", lambda: probe(bench))
    if seen.broken is not None:
        raise Broken(seen.broken)
    return seen


def require(bench: Bench, needs: Sequence[str]) -> None:
    """Raise Broken when the file cannot be loaded, no pump can be made, or a method is still to be written."""
    seen = looked_at(bench)
    shape_of(seen)
    if seen.stuck is not None:
        place = quote(bench.source, (seen.stuck["place"] or {}).get("line"), bench.file_name)
        message = f"`OutboxPump(...)` did not come back within {PATIENCE:g} s."
        raise Broken(Verdict(Status.TIMED_OUT, message, "a pump", place))
    for what in ("make", *needs):
        record = seen.raised.get(what)
        if record is None:
            continue
        if record["type"] == "NotImplementedError":
            raise Broken(unwritten(bench, what, record))
        if what == "make" and record["type"] != "OperationalError":
            raise Broken(unmade(bench, record))


def shape_of(seen: Probe) -> None:
    """Raise Broken when a name of the contract is missing."""
    for name in ("OutboxPump", "PublishError"):
        what = seen.shape.get(name, "missing")
        if what != "class":
            raise Broken(Verdict(Status.FAILED, f"There is no class {name}.", f"a class {name}", what))
    if not seen.shape.get("is_error"):
        raise Broken(Verdict(Status.FAILED, "PublishError is no exception.", "class PublishError(Exception)"))


def unwritten(bench: Bench, what: str, record: Record) -> Verdict:
    place = quote(bench.source, record["line"], bench.file_name)
    return Verdict(
        Status.FAILED, f"Still to do: `{CALLS[what]}` raises NotImplementedError.", "no error", place
    )


def unmade(bench: Bench, record: Record) -> Verdict:
    place = quote(bench.source, record["line"], bench.file_name)
    options = ", ".join(f"{name}={value}" for name, value in OPTIONS.items())
    said = f"{inert(str(record['type']), 40)}: {inert(str(record['text']), 90)}"
    return Verdict(
        Status.FAILED, f"`OutboxPump(connect, producer, {options})` raised {said}", "a pump", place
    )


def judge_contract(bench: Bench) -> None:
    """The check contract_is_in_place."""
    seen = looked_at(bench)
    shape_of(seen)
    defaults = seen.shape.get("defaults")
    if defaults is not None:
        for name, wanted in DEFAULTS.items():
            if name not in defaults:
                raise Broken(Verdict(Status.FAILED, f"OutboxPump takes no `{name}`.", f"{name}={wanted}"))
            if defaults[name] != wanted:
                got = "no default" if defaults[name] is None else str(defaults[name])
                message = f"The default of `{name}` was changed."
                raise Broken(Verdict(Status.FAILED, message, f"{name}={wanted}", inert(got, 40)))
    require(bench, ("run_once", "run"))
    for what in ("run_once", "run"):
        record = seen.raised.get(what)
        if record is not None and record["type"] in ("AttributeError", "TypeError"):
            place = quote(bench.source, record["line"], bench.file_name)
            said = f"{record['type']}: {inert(str(record['text']), 90)}"
            raise Broken(Verdict(Status.FAILED, f"`{CALLS[what]}` raised {said}", "no error", place))
