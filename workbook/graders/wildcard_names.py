"""Names for the wildcard kata: all small ones, odd ones, long ones, and some that nobody knows in advance."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from random import Random

from workbook.graders import wildcard_oracle as oracle

WHITE = tuple(character for character in map(chr, range(0x3001)) if character.isspace())
# Ordinary tokens that mean something to fnmatch, to regular expressions, to MQTT or to AMQP, or that look alike.
ODD = (
    *(
        "+",
        "#",
        "?",
        "[ab]",
        "(a)",
        "a|b",
        "\\",
        "\\d",
        "^a",
        "$",
        "a$",
        "a{1}",
        "a+",
        "a?",
        "-",
        "_",
        "/",
        "a/b",
    ),
    *("~", "%", "&", "'", '"', "<", "=", "!", "@", ",", ";", ":", "`", "0", "a", "A", "b", "ab"),
    *("é", "e\u0301", "ß", "ss", "Ω", "文", "😀", "\x00", "\x01", "\x7f", "\u200b", "\ufeff"),
)
WORDS = ("orders", "users", "prices", "alarms", "billing", "stock", "eu", "us", "created", "shipped")
LONG = 10_000  # tokens that no function may have trouble with


def every_name(tokens: Iterable[str], longest: int) -> list[str]:
    """All names of one to `longest` tokens, short ones first."""
    chosen = list(tokens)
    return [".".join(name) for size in range(1, longest + 1) for name in product(chosen, repeat=size)]


def every_pattern(literals: Iterable[str], longest: int) -> list[str]:
    """All valid patterns over some literals."""
    return [name for name in every_name([*literals, "*", ">"], longest) if oracle.valid_pattern(name)]


def faults(name: str, *, topic: bool) -> frozenset[str]:
    """Every rule of names that this one breaks."""
    tokens = name.split(".")
    found = set()
    if "" in tokens:
        found.add("empty")
    if any(character.isspace() for character in name):
        found.add("white")
    if topic and ("*" in name or ">" in name):
        found.add("wildcard")
    if not topic and ">" in tokens[:-1]:
        found.add("tail")
    if not topic and any(len(token) > 1 and set(token) & {"*", ">"} for token in tokens):
        found.add("inside")
    return frozenset(found)


class Names:
    """Tokens and names that no submission can know in advance."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng

    def token(self) -> str:
        return f"{self.rng.choice(WORDS)}{self.rng.randrange(10_000)}"

    def topic(self, size: int) -> str:
        return ".".join(self.token() for _ in range(size))


def simplest(*names: str) -> tuple[list[int], bool, int, tuple[str, ...]]:
    """A key that puts those names first that are read most quickly."""
    plain = all(c.isascii() and (c.isalnum() or c in ".*>") for name in names for c in name)
    return [name.count(".") for name in names], not plain, sum(map(len, names)), names
