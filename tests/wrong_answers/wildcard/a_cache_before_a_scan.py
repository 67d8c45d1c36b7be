"""fresh_topics_are_no_cheaper

A scan over all pairs, with a cache in front of it. Topics hold ids, and most of them come once.
"""

from __future__ import annotations

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
        self._pairs: list[tuple[str, T]] = []
        self._answers: dict[str, list[T]] = {}

    def add(self, pattern: str, value: T) -> None:
        validate_pattern(pattern)
        self._pairs.append((pattern, value))
        self._answers.clear()

    def remove(self, pattern: str, value: T) -> None:
        for place, (held, one) in enumerate(self._pairs):
            if held == pattern and one is value:
                break
        else:
            raise KeyError(pattern)
        del self._pairs[place]
        self._answers.clear()

    def match(self, topic: str) -> list[T]:
        validate_topic(topic)
        if topic not in self._answers:
            if len(self._answers) >= 100:
                self._answers.clear()
            self._answers[topic] = [value for pattern, value in self._pairs if matches(topic, pattern)]
        return list(self._answers[topic])

    def __len__(self) -> int:
        return len(self._pairs)
