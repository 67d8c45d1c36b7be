"""Go listings out of notebooks: each is a whole file, vetted, and run where it is a program."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workbook.notebook_cells import Cell

FENCE = re.compile(r"^```go\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OUTPUT = re.compile(r"^// Output:\n((?:// .*\n?)+)", re.MULTILINE)


@dataclass(frozen=True)
class Listing:
    """One Go file; `prints` is what its closing comment promises, or None."""

    name: str
    source: str

    @property
    def is_program(self) -> bool:
        return bool(
            re.search(r"^package main$", self.source, re.M) and re.search(r"^func main\(", self.source, re.M)
        )

    @property
    def prints(self) -> str | None:
        match = OUTPUT.search(self.source)
        return match and "".join(line.removeprefix("// ") + "\n" for line in match[1].splitlines())


def listings(file: str, cells: tuple[Cell, ...]) -> list[Listing]:
    """All Go listings of a notebook, wherever in its texts they stand, in order."""
    sources = [found for cell in cells if cell.kind == "text" for found in FENCE.findall(cell.source)]
    return [Listing(f"{file}, listing {number}", source) for number, source in enumerate(sources, 1)]
