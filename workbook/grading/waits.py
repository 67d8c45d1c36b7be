"""Runs in the child: for what a thread waits, and who holds it.

A lock does not know its owner. But a thread that holds one through `with` stands inside that block, so the
holder is found by reading the learner's source: the `with` blocks around the line each frame is at, and the
objects their expressions name. Only plain names and instance attributes are followed; no code of the
learner's is called.
"""

from __future__ import annotations

import ast
import sys
from typing import Any

_frames = sys._current_frames
_get = object.__getattribute__
_MISSING = object()


class Blocks:
    """The `with` blocks and the calls of a source, by line."""

    def __init__(self, source: str) -> None:
        self.withs: list[
            tuple[int, int, int, ast.expr]
        ] = []  # line of with, first and last line of body, expression
        self.calls: dict[
            int, list[ast.expr]
        ] = {}  # line -> objects whose acquire, wait, get ... is called there
        self.text = source.splitlines()
        try:
            self._read(ast.parse(source))
        except Exception:
            return  # builtins that the learner patched reach ast: then there is less to tell, and nothing to fail

    def _read(self, tree: ast.AST) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.With):
                for item in node.items:
                    last = node.body[-1].end_lineno or node.lineno
                    self.withs.append((node.lineno, node.body[0].lineno, last, item.context_expr))
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                self.calls.setdefault(node.lineno, []).append(node.func.value)

    def around(self, line: int) -> list[ast.expr]:
        """Expressions of the `with` blocks whose bodies hold a line, outermost first."""
        return [
            expression
            for _, first, last, expression in sorted(self.withs, key=_first)
            if first <= line <= last
        ]

    def wanted(self, line: int) -> list[ast.expr]:
        """Expressions a thread at this line may be waiting for."""
        entering = [expression for at, _, _, expression in self.withs if at == line]
        return entering or self.calls.get(line, [])


def _first(block: tuple[int, int, int, ast.expr]) -> int:
    return block[0]


def resolve(expression: ast.expr, frame: Any) -> Any:
    """The object an expression of names and attributes stands for in a frame, or _MISSING."""
    if isinstance(expression, ast.Name):
        if expression.id in frame.f_locals:
            return frame.f_locals[expression.id]
        return frame.f_globals.get(expression.id, _MISSING)
    if isinstance(expression, ast.Attribute):
        owner = resolve(expression.value, frame)
        if owner is _MISSING:
            return _MISSING
        try:
            instance = _get(owner, "__dict__")
        except Exception:
            return _slot(owner, expression.attr)
        if type(instance) is dict and expression.attr in instance:
            return instance[expression.attr]
        return _slot(owner, expression.attr)
    return _MISSING


def _slot(owner: Any, name: str) -> Any:
    """An attribute kept in a slot; properties and other code of the learner's are not run."""
    for kind in type(owner).__mro__:
        found = kind.__dict__.get(name, _MISSING)
        if type(found).__name__ == "member_descriptor":
            try:
                return found.__get__(owner)
            except AttributeError:
                return _MISSING
    return _MISSING


def underlying(thing: Any) -> Any:
    """A condition is its lock: two conditions that share a lock wait for the same thing."""
    while type(thing).__name__ == "Condition" and type(thing).__module__ == "threading":
        thing = _get(thing, "__dict__").get("_lock", _MISSING)
    return thing


def learner_frames(ident: int, file_name: str) -> list[Any]:
    """A thread's frames in the learner's file, innermost first."""
    frame, found, steps = _frames().get(ident), [], 0
    while frame is not None and steps < 10_000:
        if frame.f_code.co_filename == file_name:
            found.append(frame)
        frame = frame.f_back
        steps += 1
    return found


def explain(blocks: Blocks, file_name: str, threads: dict[str, int]) -> list[dict[str, Any]]:
    """For each thread (name -> ident) that is inside the learner's file: line, what it waits for, who holds that."""
    inside = {name: learner_frames(ident, file_name) for name, ident in threads.items()}
    told = []
    for name, frames in inside.items():
        if not frames:
            continue
        line = frames[0].f_lineno
        entry: dict[str, Any] = {"a": name, "line": line, "for": "", "held": []}
        for expression in blocks.wanted(line):
            wanted = resolve(expression, frames[0])
            entry["for"] = ast.unparse(expression)
            if wanted is _MISSING:
                continue
            entry["held"] = holders(blocks, underlying(wanted), inside, name)
            if entry["held"]:
                break
        told.append(entry)
    return told


def holders(blocks: Blocks, wanted: Any, inside: dict[str, list[Any]], waiting: str) -> list[list[Any]]:
    """(thread, line) of every frame that stands inside a `with` of the wanted object."""
    found = []
    for name, frames in inside.items():
        for depth, frame in enumerate(frames):
            for expression in blocks.around(frame.f_lineno):
                if underlying(resolve(expression, frame)) is wanted and not (
                    name == waiting and depth == 0 and _waits_on_condition(blocks, frame, wanted)
                ):
                    found.append([name, frame.f_lineno])
                    break
    return found


def _waits_on_condition(blocks: Blocks, frame: Any, wanted: Any) -> bool:
    """A thread inside `with condition` that calls `condition.wait` has given the lock away."""
    return any(
        underlying(resolve(expression, frame)) is wanted
        for expression in blocks.calls.get(frame.f_lineno, [])
    )
