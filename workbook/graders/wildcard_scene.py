"""Scenes of the wildcard kata: building them, playing them, comparing what came out with the oracle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbook.graders.wildcard_oracle import Model
from workbook.grading.check import Bench, Broken, Record
from workbook.grading.ending import quote
from workbook.grading.inert import inert
from workbook.grading.verdict import Status, Verdict

Op = dict[str, Any]


@dataclass
class Scene:
    """Operations on indexes. The first makes the one that all others use unless they name another."""

    ops: list[Op] = field(default_factory=lambda: [{"op": "new"}])

    def op(self, name: str, **arguments: Any) -> int:
        self.ops.append({"op": name, **arguments})
        return len(self.ops) - 1

    def add(self, pattern: str, *values: str, **more: Any) -> None:
        for value in values:
            self.op("add", p=pattern, v=value, **more)

    def remove(self, pattern: str, value: str, **more: Any) -> None:
        self.op("remove", p=pattern, v=value, **more)

    def match(self, *topics: str, **more: Any) -> None:
        for topic in topics:
            self.op("match", t=topic, **more)

    def length(self, **more: Any) -> None:
        self.op("len", **more)


def play(bench: Bench, *scenes: Sequence[Op]) -> list[dict[int, Record]]:
    """Play scenes in one child: for each, the record of every operation."""
    records = bench.play({"scenes": [list(scene) for scene in scenes]})
    seen: list[dict[int, Record]] = [{} for _ in scenes]
    untraced: Record | None = None
    for record in records:
        if record.get("k") in ("end", "raised"):
            seen[record["s"]][record["n"]] = record
        if record.get("k") == "enough":
            return seen  # counting stopped in the middle of a call, which switches tracing off
        if record.get("k") == "untraced":
            untraced = record
    if untraced is not None:
        raise Broken(
            Verdict(
                Status.FAILED,
                "The file switches tracing off or replaces it; the grader counts work by it.",
                expected="sys.settrace and sys.setprofile are left alone",
                seen=quote(bench.source, untraced["line"], bench.file_name),
            )
        )
    return seen


# ---- what should have come out


@dataclass(frozen=True)
class Want:
    """A value, or the name of an exception."""

    value: object = None
    raises: str = ""

    def __str__(self) -> str:
        return self.raises or shown(self.value)


def expected(ops: Sequence[Op]) -> Iterator[Want]:
    """What the contract says about every operation, one after the other."""
    models: dict[str, Model] = {}
    for op in ops:
        name = op.get("x", "index")
        if op["op"] == "new":
            models[name] = Model()
        try:
            yield Want(_perform(models[name], op))
        except (ValueError, KeyError) as error:
            yield Want(raises=type(error).__name__)


def _perform(model: Model, op: Op) -> object:
    match op["op"]:
        case "add":
            model.add(op["p"], op["v"])
        case "remove":
            model.remove(op["p"], op["v"])
        case "match":
            return model.match(op["t"])
        case "len":
            return len(model.pairs)
    return None


# ---- telling it


def say(op: Op) -> str:
    """An operation in words."""
    index = op.get("x", "index")
    match op["op"]:
        case "new":
            return f"{index} = TopicIndex()"
        case "add" | "remove":
            return f"{index}.{op['op']}({name_text(op['p'])}, {op['v']})"
        case "match":
            return f"{index}.match({name_text(op['t'])})"
        case "len":
            return f"len({index})"
    return str(op["op"])


def name_text(name: str) -> str:
    """A name as Python writes it, shortened when it is long."""
    return inert(repr(name if len(name) <= 60 else f"{name[:40]}...{name[-10:]}"), 100)


def shown(value: object) -> str:
    if value is None:
        return "returns"
    if isinstance(value, list):
        some = ", ".join(inert(str(one), 24) for one in value[:6])
        return f"[{some}]" if len(value) <= 6 else f"[{some}, ... {len(value)} in all]"
    return inert(str(value), 60)


def outcome(record: Record | None) -> str:
    if record is None:
        return "is never reached"
    if record["k"] == "raised":
        return raised_text(record)
    return shown(record["v"])


def raised_text(record: Record) -> str:
    text = inert(str(record["text"]), 70)
    return f"raised {inert(str(record['type']), 40)}" + (f": {text}" if text else "")


def timeline(ops: Sequence[Op], seen: dict[int, Record]) -> tuple[str, ...]:
    lines = []
    for number, op in enumerate(ops):
        came = outcome(seen.get(number))
        lines.append(f"{say(op):<52} {'' if came == 'returns' else came}".rstrip())
    return tuple(lines)


# ---- judging it


def judge(bench: Bench, ops: Sequence[Op], seen: dict[int, Record], likely: str = "") -> None:
    """Compare one scene with the contract. Raises Broken at the first operation that differs."""
    for number, (op, want) in enumerate(zip(ops, expected(ops), strict=True)):
        message = differs(op, want, seen.get(number))
        if message:
            record = seen.get(number)
            place = (
                quote(bench.source, record["line"], bench.file_name) if record and "line" in record else ""
            )
            history = timeline(ops[: number + 1], seen)
            got = place or outcome(record)
            raise Broken(Verdict(Status.FAILED, message, str(want), got, history, likely))


def differs(op: Op, want: Want, record: Record | None) -> str:
    """The sentence on an operation that went otherwise than the contract says; "" when it did not."""
    if record is None:
        return f"`{say(op)}` does not come about."
    if record["k"] == "raised":
        if record["type"] == "NotImplementedError":
            return f"Still to do: `{say(op)}` {raised_text(record)}"
        if want.raises in record["kinds"]:
            return ""
        instead = f" instead of {want.raises}" if want.raises else ""
        return f"`{say(op)}` {raised_text(record)}{instead}."
    if want.raises:
        return f"`{say(op)}` raises no {want.raises}."
    if type(record["v"]) is type(want.value) and record["v"] == want.value:
        return ""
    if op["op"] == "match" and not isinstance(record["v"], list):
        return f"`{say(op)}` returns no list but {shown(record['v']).lstrip('?')}."
    return f"`{say(op)}` gives something else."


def expect(bench: Bench, *scenes: Scene, likely: str = "") -> None:
    """Play scenes in one child and judge each by the oracle. Raises Broken."""
    for scene, seen in zip(scenes, play(bench, *(scene.ops for scene in scenes)), strict=True):
        judge(bench, scene.ops, seen, likely)


def first_broken(bench: Bench, cases: Sequence[Sequence[Op]]) -> tuple[Sequence[Op], Broken] | None:
    """The first case that breaks a rule, with how; None when all hold."""
    for ops, seen in zip(cases, play(bench, *cases), strict=True):
        try:
            judge(bench, ops, seen)
        except Broken as broken:
            return ops, broken
    return None


def expect_shrunk(bench: Bench, cases: Sequence[Sequence[Op]], rounds: int = 14) -> None:
    """Play many cases; raise Broken with the shortest version found of the first that breaks a rule."""
    found = first_broken(bench, cases)
    if found is None:
        return
    if found[1].verdict.message.startswith("Still to do"):
        raise found[1]  # nothing to be learnt from a shorter one
    for _ in range(rounds):
        try:
            smaller = first_broken(bench, list(shorter(found[0])))
        except Broken:
            break  # the time of the check is up: what was found so far is shown
        if smaller is None:
            break
        found = smaller
    raise found[1]


def shorter(ops: Sequence[Op]) -> Iterator[Sequence[Op]]:
    """All versions with a run of operations left out, longest runs first. The first one, which makes it, stays."""
    run = len(ops) // 2
    while run:
        for start in range(1, len(ops), run):
            yield [*ops[:start], *ops[start + run :]]
        run //= 2
