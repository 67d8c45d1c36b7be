"""A notebook file -> its cells, each with its one role; only what concerns cells is checked here.

The format is stated in workbook/questions.py. Plain JSON is read, so that whoever asks questions needs no
notebook software.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

LARGEST = 60_000  # bytes: git holds the outputs, and a page is made of them
MOST_LINES = 15
MIME = {"text/plain": "text", "image/svg+xml": "svg"}

# What nbformat's schema says about the parts that are read here.
LINES = (str, [str])
OUTPUT = {"output_type": str, "name": str, "ename": str, "text": LINES, "data": dict}
CELL = {"cell_type": str, "metadata": {"tags": [str]}, "source": LINES, "outputs": [OUTPUT]}
SHAPE = {"metadata": dict, "cells": [CELL]}

# role -> how many text and code cells it has; None: any number
ROLES: dict[str, tuple[int | None, int | None]] = {
    "question": (1, 0),
    "predict": (1, 1),
    "answer": (1, 0),
    "key-points": (1, 0),
    "demo": (None, None),
    "trap": (None, None),
    "go": (None, 0),
    "follow-up": (1, 0),
    "follow-up-answer": (1, 0),
    "try-it": (1, 0),
    "signals": (1, 0),
    "sources": (1, 0),
}
ORDER = list(ROLES)
OPTIONAL = {"go"}


class FormatFault(Exception):
    """A notebook breaks its format: one sentence with file, cell and rule."""


@dataclass(frozen=True)
class Output:
    """What a code cell printed or showed: text as it stands, or the source of an SVG."""

    kind: Literal["text", "svg"]
    content: str


@dataclass(frozen=True)
class Cell:
    """One cell: its number in the file from 1, its role, what is in it and what came out of it."""

    number: int
    role: str
    kind: Literal["text", "code"]
    source: str
    outputs: tuple[Output, ...] = ()


class Faults:
    """Collects what is wrong with one file, so that a writer sees all of it at once."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[str] = []

    def add(self, rule: str, cell: Cell | None = None) -> None:
        where = f", cell {cell.number} ({cell.role})" if cell else ""
        self.found.append(f"{self.file}{where}: {rule}.")

    @contextmanager
    def at(self, cell: Cell) -> Iterator[None]:
        """Turn the first ValueError raised inside into a fault of this cell."""
        try:
            yield
        except ValueError as error:
            self.add(str(error), cell)


def load(path: Path, faults: Faults) -> tuple[dict[str, Any], tuple[Cell, ...]]:
    """Metadata and cells; whatever cannot be used is reported and left out."""
    try:
        content = path.read_bytes()
        document = json.loads(content)
        metadata, raw_cells = document["metadata"], document["cells"]
        if not fits({"metadata": metadata, "cells": raw_cells}, SHAPE):
            raise TypeError
    except OSError as error:
        faults.add(f"it cannot be read ({error.strerror})")
        return {}, ()
    except (ValueError, KeyError, TypeError):
        faults.add("it is not a notebook: JSON with `metadata` and `cells`; save it from JupyterLab again")
        return {}, ()
    if len(content) > LARGEST:
        faults.add(
            f"it has {len(content):,} bytes, and at most {LARGEST:,} are stored; make its outputs smaller"
        )
    if (document.get("nbformat"), document.get("nbformat_minor")) != (4, 5):
        faults.add("it is not of notebook format 4.5; save it from JupyterLab again")
    cells = [cell for number, raw in enumerate(raw_cells, 1) if (cell := _cell(number, raw, faults))]
    _check_order(cells, faults)
    _check_runs(cells, raw_cells, faults)
    return metadata, tuple(cells)


def fits(value: Any, shape: Any) -> bool:
    """Whether JSON has the types of `shape`: a type, any of a tuple, lists of one, dictionaries with some keys.

    A key that is missing fits.
    """
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(fits(value[key], shape[key]) for key in shape if key in value)
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(one, shape[0]) for one in value)
    if isinstance(shape, tuple):
        return any(fits(value, one) for one in shape)
    return isinstance(value, shape)


def _joined(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


def _cell(number: int, raw: dict[str, Any], faults: Faults) -> Cell | None:
    tags = raw.get("metadata", {}).get("tags", [])
    where = Cell(number, " ".join(map(str, tags)) or "no tag", "text", "")
    if len(tags) != 1:
        faults.add(f"a cell has exactly one tag, its role, and this one has {len(tags)}", where)
        return None
    if tags[0] not in ROLES:
        faults.add(f"{tags[0]!r} is not a role; the roles are {', '.join(ROLES)}", where)
        return None
    kinds: dict[Any, Literal["text", "code"]] = {"markdown": "text", "code": "code"}
    if raw.get("cell_type") not in kinds:
        faults.add(f"a cell is Markdown or code, and this one is {raw.get('cell_type')!r}", where)
        return None
    cell = Cell(number, tags[0], kinds[raw["cell_type"]], _joined(raw.get("source", "")).strip())
    if not cell.source:
        faults.add("it is empty; write it or delete it", cell)
    outputs: list[Output] = []
    for output in raw.get("outputs", []):
        with faults.at(cell):
            outputs.append(_output(output))
    return Cell(cell.number, cell.role, cell.kind, cell.source, tuple(outputs))


def _output(raw: dict[str, Any]) -> Output:
    """ValueError if it is of a kind that is not stored."""
    kind = raw.get("output_type")
    if kind == "error":
        raise ValueError(
            f"it stores an error ({raw.get('ename')}); catch it in the cell and print what it says"
        )
    if kind == "stream":
        if raw.get("name") != "stdout":
            raise ValueError("it stores what was written to standard error; a notebook runs without warnings")
        return Output("text", _joined(raw.get("text", "")))
    data = raw.get("data", {})
    if unknown := sorted(set(data) - set(MIME)):
        raise ValueError(f"it stores {', '.join(unknown)}, and only text and SVG are stored")
    if "image/svg+xml" in data:
        return Output("svg", _joined(data["image/svg+xml"]))
    return Output("text", _joined(data.get("text/plain", "")))


def _check_order(cells: list[Cell], faults: Faults) -> None:
    for before, cell in pairwise(cells):
        if ORDER.index(cell.role) < ORDER.index(before.role):
            faults.add(f"{cell.role} comes before {before.role}: the order is {', '.join(ORDER)}", cell)
    for role, (texts, codes) in ROLES.items():
        mine = [cell for cell in cells if cell.role == role]
        if not mine:
            if role not in OPTIONAL:
                faults.add(f"the role {role} is missing; every role but go is required")
            continue
        for kind, wanted in (("text", texts), ("code", codes)):
            count = sum(cell.kind == kind for cell in mine)
            if wanted is not None and count != wanted:
                faults.add(f"{role} has {wanted} {kind} cells, and here it has {count}", mine[-1])


def _check_runs(cells: list[Cell], raw_cells: list[dict[str, Any]], faults: Faults) -> None:
    """Code cells: short, run in order, and the last one of a proof asserts and prints."""
    code = [cell for cell in cells if cell.kind == "code"]
    counts = [raw_cells[cell.number - 1].get("execution_count") for cell in code]
    if counts != list(range(1, len(code) + 1)):
        faults.add("it was not run from top to bottom in a fresh kernel; store its outputs again")
    for cell in code:
        if "nbval" in cell.source.lower():
            faults.add("it mentions NBVAL; every output is compared, so make it the same at every run", cell)
        if (lines := sum(bool(line.strip()) for line in cell.source.splitlines())) > MOST_LINES:
            faults.add(f"it has {lines} lines, and a cell has at most {MOST_LINES}; split it", cell)
    for proof in proofs(cells):
        last = next((cell for cell in reversed(proof) if cell.kind == "code"), None)
        if last is None:
            faults.add(f"this {proof[0].role} runs nothing; add a code cell that shows it", proof[0])
            continue
        with faults.at(last):
            _check_proof(last)


def _check_proof(cell: Cell) -> None:
    try:
        tree = ast.parse(cell.source)
    except SyntaxError as error:
        raise ValueError(f"it is not Python ({error.msg}, line {error.lineno})") from None
    asserts: Callable[[ast.AST], bool] = lambda node: isinstance(node, ast.Assert)  # noqa: E731
    if not any(map(asserts, ast.walk(tree))):
        raise ValueError(f"the last code cell of a {cell.role} has an assert, and this one has none")
    if not cell.outputs:
        raise ValueError(
            f"the last code cell of a {cell.role} prints its result, and this one stores no output"
        )


def proofs(cells: list[Cell] | tuple[Cell, ...]) -> list[list[Cell]]:
    """The demo's cells, then those of each trap, which starts at a text with a heading."""
    demo = [cell for cell in cells if cell.role == "demo"]
    found = [demo] if demo else []
    for cell in cells:
        if cell.role == "trap":
            if (cell.kind == "text" and cell.source.startswith("## ")) or not found or found[-1] is demo:
                found.append([])
            found[-1].append(cell)
    return found
