"""cost_grows_only_with_the_topic

Every way to put stars into the topic is looked up in a dict: 2 to the power of its tokens.
"""

from __future__ import annotations

from itertools import product
from typing import Generic, TypeVar

T = TypeVar("T")


def validate_pattern(pattern: str) -> None:
    """Raise ValueError, saying what is wrong, unless `pattern` is a valid pattern."""
    tokens = _tokens(pattern, "pattern")
    if ">" in tokens[:-1]:
        raise ValueError(f"pattern {pattern!r}: `>` covers all that is left, so it must be the last token")
    for token in tokens:
        if len(token) > 1 and ("*" in token or ">" in token):
            raise ValueError(f"pattern {pattern!r}: a wildcard is a whole token, which {token!r} is not")


def validate_topic(topic: str) -> None:
    """Raise ValueError, saying what is wrong, unless `topic` is a valid topic."""
    _topic_tokens(topic)


def _topic_tokens(topic: str) -> list[str]:
    if "*" in topic or ">" in topic:
        raise ValueError(f"topic {topic!r}: `*` and `>` belong in patterns, a message is about one thing")
    return _tokens(topic, "topic")


def _tokens(name: str, kind: str) -> list[str]:
    tokens = name.split(".")
    if "" in tokens:
        raise ValueError(f"{kind} {name!r}: a token is empty, every dot needs a token on both sides")
    if name.split() != [name]:
        raise ValueError(f"{kind} {name!r}: tokens hold no white space")
    return tokens


def matches(topic: str, pattern: str) -> bool:
    """Whether a valid pattern covers a valid topic."""
    given, wanted = topic.split("."), pattern.split(".")
    if wanted[-1] == ">":
        wanted.pop()
        if len(given) <= len(wanted):
            return False
        del given[len(wanted) :]
    return len(given) == len(wanted) and all(
        want in (token, "*") for token, want in zip(given, wanted, strict=True)
    )


class TopicIndex(Generic[T]):
    def __init__(self) -> None:
        self._values: dict[str, list[T]] = {}
        self._count = 0

    def add(self, pattern: str, value: T) -> None:
        validate_pattern(pattern)
        self._values.setdefault(pattern, []).append(value)
        self._count += 1

    def remove(self, pattern: str, value: T) -> None:
        values = self._values.get(pattern, [])
        for place, held in enumerate(values):
            if held is value:
                break
        else:
            raise KeyError(pattern)
        del values[place]
        if not values:
            del self._values[pattern]
        self._count -= 1

    def match(self, topic: str) -> list[T]:
        validate_topic(topic)
        tokens, found = topic.split("."), []
        for size in range(len(tokens) + 1):
            for chosen in product(*((token, "*") for token in tokens[:size])):
                name = chosen if size == len(tokens) else (*chosen, ">")
                found += self._values.get(".".join(name), ())
        return found

    def __len__(self) -> int:
        return self._count
