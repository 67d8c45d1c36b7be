"""What the wildcard contract says, in the plainest words: the oracle that answers are compared with.

Slow, and right: the tests compare it with a real NATS server on every name over a small alphabet.
"""

from __future__ import annotations


def valid_pattern(pattern: str) -> bool:
    tokens = pattern.split(".")
    return (
        all(tokens)
        and not any(character.isspace() for character in pattern)
        and all(token in ("*", ">") or not set(token) & {"*", ">"} for token in tokens)
        and ">" not in tokens[:-1]
    )


def valid_topic(topic: str) -> bool:
    return valid_pattern(topic) and not set(topic) & {"*", ">"}


def matches(topic: str, pattern: str) -> bool:
    given, wanted = topic.split("."), pattern.split(".")
    if wanted[-1] == ">":
        given, rest = given[: len(wanted) - 1], given[len(wanted) - 1 :]
        wanted.pop()
        if not rest:
            return False
    return len(given) == len(wanted) and all(b in ("*", a) for a, b in zip(given, wanted, strict=True))


class Model:
    """An index of pairs. Values are names that stand for objects, so equality here is identity there."""

    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = []

    def add(self, pattern: str, value: str) -> None:
        if not valid_pattern(pattern):
            raise ValueError(pattern)
        self.pairs.append((pattern, value))

    def remove(self, pattern: str, value: str) -> None:
        if (pattern, value) not in self.pairs:
            raise KeyError(pattern)
        self.pairs.remove((pattern, value))

    def match(self, topic: str) -> list[str]:
        if not valid_topic(topic):
            raise ValueError(topic)
        return sorted(value for pattern, value in self.pairs if matches(topic, pattern))
