"""Runs of eight words that a text shares with the document this workbook set out from, known by digests only.

    python -m tests.notebooks.shingles DOCUMENT.txt     writes the digests anew

The document itself is not kept here. A word is a run of letters and digits, upper and lower case alike; line
breaks, markup and punctuation do not count. Five bytes of a digest are enough: by chance alone, one workbook
in some thousands would be suspected once.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

RUN = 8
BYTES = 5
DIGESTS = Path(__file__).with_name("source_8grams.bin")


def runs(text: str) -> Iterator[str]:
    """Every run of eight words in a row."""
    words = re.findall(r"[^\W_]+", text.lower())
    return (" ".join(words[at : at + RUN]) for at in range(len(words) - RUN + 1))


def digest(run: str) -> bytes:
    return hashlib.sha256(run.encode()).digest()[:BYTES]


@cache
def known() -> frozenset[bytes]:
    content = DIGESTS.read_bytes()
    return frozenset(content[at : at + BYTES] for at in range(0, len(content), BYTES))


def shared(text: str, of: frozenset[bytes] | None = None) -> list[str]:
    """The runs of eight words that `text` shares with the document, in order."""
    digests = known() if of is None else of
    return [run for run in runs(text) if digest(run) in digests]


if __name__ == "__main__":
    found = sorted({digest(run) for run in runs(Path(sys.argv[1]).read_text(encoding="utf-8"))})
    DIGESTS.write_bytes(b"".join(found))
    print(f"{len(found)} digests, {DIGESTS.stat().st_size} bytes")
