"""Runs in the child: performs the scenes of the wildcard kata on a learner's module and reports what happened.

A scene is a list of operations. Large families of names travel as templates and answers as one letter each,
so that thousands of questions are one record. This file decides nothing: what should have come out is known to
the parent alone.
"""

from __future__ import annotations

import gc
import inspect
import sys
import tracemalloc
from typing import Any

Op = dict[str, Any]
_settrace, _bind = sys.settrace, inspect.signature
_start_memory, _stop_memory = tracemalloc.start, tracemalloc.stop
_peak, _reset_peak = tracemalloc.get_traced_memory, tracemalloc.reset_peak
_gc_off, _gc_on = gc.disable, gc.enable
_plain_int = int.__add__


class Hostile:
    """A value that must be kept and handed out, and never looked at."""

    __hash__ = None  # type: ignore[assignment]  # not hashable, like a list

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("a value was compared")

    def __bool__(self) -> bool:
        raise RuntimeError("a value was tested for truth")

    def __len__(self) -> int:
        raise RuntimeError("the length of a value was asked for")

    def __iter__(self) -> Any:
        raise RuntimeError("a value was iterated")

    def __copy__(self) -> Any:
        raise RuntimeError("a value was copied")

    def __reduce_ex__(self, protocol: object) -> Any:
        raise RuntimeError("a value was copied or pickled")


class Plain:
    """A value without any peculiarity."""


class Equal:
    """Equal to all of its kind, and with the same hash."""

    def __eq__(self, other: object) -> bool:
        return type(other) is Equal

    def __hash__(self) -> int:
        return 7


MAKERS: dict[str, Any] = {
    "none": lambda: None,
    "zero": lambda: 0,
    "false": lambda: False,
    "float": lambda: 0.0,
    "one": lambda: 1,
    "true": lambda: True,
    "text": lambda: "",
    "words": lambda: "".join(["some ", "text"]),
    "list": list,
    "dict": dict,
    "tuple": lambda: (1, [2]),
    "nan": lambda: float("nan"),
    "equal": Equal,
    "class": lambda: Plain,
    "ellipsis": lambda: ...,
    "missing": lambda: NotImplemented,
    "error": lambda: KeyError("a value"),
    "hostile": Hostile,
}

Signature = tuple[str, tuple[str, ...]]
FUNCTIONS: tuple[Signature, ...] = (
    ("validate_pattern", ("pattern",)),
    ("validate_topic", ("topic",)),
    ("matches", ("topic", "pattern")),
)
METHODS: tuple[Signature, ...] = (
    ("add", ("pattern", "value")),
    ("remove", ("pattern", "value")),
    ("match", ("topic",)),
    ("__len__", ()),
)


class Enough(BaseException):
    """Raised into the learner's code when it has done more work than can be right."""


class Scene:
    """The indexes and values of one scene."""

    def __init__(self, kit: Any, module: Any) -> None:
        self.kit, self.module = kit, module
        self.indexes: dict[str, Any] = {}
        self.values: dict[str, Any] = {}
        self.keys: dict[int, str] = {}
        self.enough = False  # some work was more than can be right

    # ---- values

    def value(self, key: str) -> Any:
        """The object of that name, made at its first use. "hostile:2" is the second one of its kind."""
        if key not in self.values:
            self.values[key] = MAKERS.get(key.partition(":")[0], Plain)()
            self.keys.setdefault(id(self.values[key]), key)
        return self.values[key]

    def key_of(self, thing: Any) -> str:
        return self.keys.get(id(thing)) or "?" + type.__dict__["__name__"].__get__(type(thing))[:60]

    def index(self, op: Op) -> Any:
        return self.indexes[op.get("x", "index")]

    # ---- names

    def op_ask(self, op: Op) -> Any:
        """One call each for many names: a letter an answer, and what is to be said about the first error."""
        function, letters = getattr(self.module, op["f"]), []
        notes: list[Any] = []
        for arguments in op["args"]:
            letter, note = self.letter(function, arguments)
            letters.append(letter)
            if letter == "!" or len(op["args"]) == 1:
                notes = notes or [note]
            if letter == "!" and note["type"] == "NotImplementedError":
                return [letter * len(op["args"]), notes]  # it is still to do, for whatever name
        return ["".join(letters), notes]

    def op_grid(self, op: Op) -> Any:
        """matches() for all pairs: a text of letters for each pattern."""
        function, topics = self.module.matches, op["topics"]
        letter, note = self.letter(function, (topics[0], op["patterns"][0]))
        if letter == "!" and note["type"] == "NotImplementedError":
            return [letter * len(topics)] * len(op["patterns"])
        return [
            "".join([self.letter(function, (topic, pattern))[0] for topic in topics])
            for pattern in op["patterns"]
        ]

    def letter(self, function: Any, arguments: Any) -> Any:
        """N: None, T: True, F: False, t and f: another value, by its truth (?: has none), V: ValueError (v: without
        a message), !: another error. And what there is to say about it.
        """
        try:
            value = function(*arguments)
        except ValueError as error:
            described = self.kit.describe(error)
            if described["text"] or type(error) is not ValueError:
                return "V", described
            return "v", described
        except Exception as error:
            return "!", self.kit.describe(error)
        note = {"type": type.__dict__["__name__"].__get__(type(value))[:60]}
        if value is None:
            return "N", note
        if value is True or value is False:
            return "T" if value else "F", note
        try:
            return "t" if value else "f", note
        except Exception:
            return "?", note

    def op_keywords(self, _op: Op) -> Any:
        """matches() with its arguments by name, the other way round."""
        return self.letter(lambda: self.module.matches(pattern="a.*", topic="a.b"), ())[0]

    def op_inspect(self, _op: Op) -> Any:
        """What is missing or has another signature than the brief: a sentence each."""
        wrong = []
        for name, parameters in FUNCTIONS:
            wrong += self.signature(name, getattr(self.module, name, None), parameters)
        kind = getattr(self.module, "TopicIndex", None)
        if not isinstance(kind, type):
            return [*wrong, "The file has no class TopicIndex."]
        wrong += self.signature("TopicIndex", kind, ())
        for name, parameters in METHODS:
            wrong += self.signature(f"TopicIndex.{name}", getattr(kind, name, None), parameters, None)
        return wrong

    def signature(self, name: str, thing: Any, parameters: Any, *before: Any) -> Any:
        if not callable(thing):
            return [f"The file has no {name}."]
        try:
            signature = _bind(thing)
        except (ValueError, TypeError):
            return []  # something built in, which the first call will show
        try:
            signature.bind(*before, *parameters)
            signature.bind(*before, **dict.fromkeys(parameters))
        except TypeError:
            return [f"{name} cannot be called with ({', '.join(parameters)})."]
        return []

    # ---- an index

    def op_new(self, op: Op) -> None:
        self.indexes[op.get("x", "index")] = self.module.TopicIndex()

    def op_forget(self, op: Op) -> None:
        """Let go of an index as it is, with all it holds."""
        self.indexes.pop(op.get("x", "index"))

    def op_add(self, op: Op) -> Any:
        return self.nothing(self.index(op).add(op["p"], self.value(op["v"])))

    def op_remove(self, op: Op) -> Any:
        return self.nothing(self.index(op).remove(op["p"], self.value(op["v"])))

    def nothing(self, value: Any) -> Any:
        return None if value is None else "?" + type.__dict__["__name__"].__get__(type(value))[:60]

    def op_match(self, op: Op) -> Any:
        """The keys of what was found, sorted. With "spoil" it has to be a list, and is filled with rubbish after."""
        found = self.index(op).match(op["t"])
        if not issubclass(type(found), list):
            if op.get("spoil"):
                return "?" + type.__dict__["__name__"].__get__(type(found))[:60]
            found = list(found)
        keys = sorted([self.key_of(thing) for thing in list.__iter__(found)])
        if op.get("spoil"):
            list.clear(found)
            list.extend(found, [Plain(), Plain(), Plain()])
        return keys

    def op_len(self, op: Op) -> Any:
        value = len(self.index(op))
        return _plain_int(value, 0)

    # ---- many patterns

    def names(self, op: Op) -> Any:
        """op["from"] .. op["to"] through templates by turns: "%d" is the number."""
        templates = op["templates"]
        for number in range(op["from"], op["to"]):
            yield templates[number % len(templates)].replace("%d", str(number)), f"n:{number % 7}"

    def op_fill(self, op: Op) -> None:
        add = self.index(op).add
        _gc_off()  # it would walk all that was added so far, again and again
        try:
            for pattern, key in self.names(op):
                add(pattern, self.value(key))
        finally:
            _gc_on()

    def op_empty(self, op: Op) -> None:
        """Remove what `fill` added, in another order: every step-th, then those beside."""
        remove, pairs, step = self.index(op).remove, list(self.names(op)), op["step"]
        for start in range(step):
            for pattern, key in pairs[start::step]:
                remove(pattern, self.value(key))

    def op_add_all(self, op: Op) -> Any:
        """Add many names that may be invalid; how each went, in letters."""
        add = self.index(op).add
        return "".join([self.letter(add, (name, self.value("n:0")))[0] for name in op["names"]])

    def op_count(self, op: Op) -> Any:
        """Objects that can be reached from the index, its class and its module."""
        index = self.index(op)
        return self.kit.actors.reachable([index, type(index), self.module.__dict__], self.module.__name__)

    def op_work(self, op: Op) -> Any:
        """What a match costs: for each topic, steps of Python code, bytes at the peak, and what was found.

        With "warm" each topic is asked for once before, uncounted.
        """
        match = self.index(op).match
        results = []
        for topic in op["topics"]:
            if op.get("warm"):
                match(topic)
            fresh = "".join(list(topic))  # no hash has been computed for it, and nobody knows its identity
            steps = self.steps(match, fresh, op["most"])
            if steps is None:
                results.append([op["most"], 0, 0])
                break
            fresh = "".join(list(topic)) if op.get("warm") else topic + op["again"]
            _start_memory()
            try:
                before = _peak()[0]
                _reset_peak()
                found = match(fresh)
                found = found if issubclass(type(found), list) else list(found)
                memory = _peak()[1] - before
            finally:
                _stop_memory()
            results.append([steps, memory, len(found)])
            found = None
        return results

    def steps(self, match: Any, topic: str, most: int) -> Any:
        """Calls and lines of Python code while `match` runs; None when there are more than `most`."""
        count = 0

        def trace(_frame: Any, _event: Any, _argument: Any) -> Any:
            nonlocal count
            count += 1
            if count > most:
                raise Enough
            return trace

        _settrace(trace)
        try:
            found = match(topic)
            if not issubclass(type(found), list):
                list(found)
        except Enough:
            self.enough = True
            return None
        finally:
            _settrace(None)
        return count if count <= most else None

    # ---- performing

    def perform(self, number: int, step: int, op: Op) -> None:
        emit = self.kit.emit
        try:
            value = getattr(self, "op_" + op["op"])(op)
        except Exception as error:
            kinds = [kind.__name__ for kind in type(error).__mro__[:8] if kind.__module__ == "builtins"]
            emit({"k": "raised", "s": number, "n": step, **self.kit.describe(error), "kinds": kinds})
            return
        emit({"k": "end", "s": number, "n": step, "v": value})
        if self.enough:
            emit({"k": "enough"})


def play(kit: Any, module: Any, plan: dict[str, Any]) -> None:
    """Perform all scenes of a plan, one after the other."""
    for number, ops in enumerate(plan["scenes"]):
        scene = Scene(kit, module)
        for step, op in enumerate(ops):
            if not scene.enough:
                scene.perform(number, step, op)
