"""removing_an_absent_pair_is_a_key_error

Removing what is not there does nothing and says nothing.
"""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

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


_NOTHING: Final[Any] = ()  # the values of every node at which no pattern ends


class _Node(Generic[T]):
    """Where all patterns with the same beginning meet. Its own token is known to its parent only."""

    __slots__ = ("literals", "star", "tail", "values")

    def __init__(self) -> None:
        self.literals: dict[str, _Node[T]] = {}
        self.star: _Node[T] | None = None  # the pattern goes on with `*`
        self.tail: _Node[T] | None = None  # it ends with `>`
        self.values: list[T] = _NOTHING  # it ends here

    def child(self, token: str) -> _Node[T] | None:
        if token == "*":
            return self.star
        return self.tail if token == ">" else self.literals.get(token)

    def grow(self, token: str) -> _Node[T]:
        child: _Node[T] = _Node()
        if token == "*":
            self.star = child
        elif token == ">":
            self.tail = child
        else:
            self.literals[token] = child
        return child

    def cut(self, token: str) -> None:
        if token == "*":
            self.star = None
        elif token == ">":
            self.tail = None
        else:
            del self.literals[token]

    @property
    def bare(self) -> bool:
        return not self.literals and self.star is None and self.tail is None and self.values is _NOTHING


class TopicIndex(Generic[T]):
    """Pairs of a pattern and a value, and a quick answer to: whose pattern covers this topic?"""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()
        self._pairs = 0

    def add(self, pattern: str, value: T) -> None:
        """Hold one more pair. ValueError when the pattern is invalid."""
        validate_pattern(pattern)
        node = self._root
        for token in pattern.split("."):
            node = node.child(token) or node.grow(token)
        if node.values is _NOTHING:
            node.values = []
        node.values.append(value)
        self._pairs += 1

    def remove(self, pattern: str, value: T) -> None:
        """Let go of one such pair. KeyError when there is none."""
        path, node = [], self._root
        for token in pattern.split("."):
            path.append((node, token))
            child = node.child(token)
            if child is None:
                raise KeyError(f"nothing was added under {pattern!r}")
            node = child
        position = next((at for at, held in enumerate(node.values) if held is value), None)
        if position is None:
            return
        del node.values[position]
        self._pairs -= 1
        if not node.values:
            node.values = _NOTHING
        while path and node.bare:
            node, token = path.pop()
            node.cut(token)

    def match(self, topic: str) -> list[T]:
        """The values of all pairs whose pattern covers the topic, in any order. ValueError when it is invalid."""
        found: list[T] = []
        reached = [self._root]
        for token in _topic_tokens(topic):
            beyond = []
            for node in reached:
                if node.tail is not None:
                    found += node.tail.values
                if node.star is not None:
                    beyond.append(node.star)
                if token in node.literals:
                    beyond.append(node.literals[token])
            reached = beyond
            if not reached:
                break
        for node in reached:
            found += node.values
        return found

    def __len__(self) -> int:
        """How many pairs are held."""
        return self._pairs
