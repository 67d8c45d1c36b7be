"""random_operations_agree_with_the_model

The cache is cleared by add() only, so a pair that was removed is still found.
"""

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")
KEEP = 64


def _parts(name: str) -> list[str]:
    parts = name.split(".")
    for part in parts:
        if not part or part != "".join(part.split()):
            raise ValueError(f"a token is empty or has white space: {part!r}")
    return parts


def validate_pattern(pattern: str) -> None:
    parts = _parts(pattern)
    if parts.count(">") > 1 or (">" in parts and parts.index(">") != len(parts) - 1):
        raise ValueError("only one >, and at the end")
    if any(len(part) > 1 and ("*" in part or ">" in part) for part in parts):
        raise ValueError("* and > stand alone")


def validate_topic(topic: str) -> None:
    _parts(topic)
    for wildcard in "*>":
        if wildcard in topic:
            raise ValueError(f"no {wildcard} in a topic")


def matches(topic: str, pattern: str) -> bool:
    index: TopicIndex[int] = TopicIndex()
    index.add(pattern, 0)
    return bool(index._search(topic))


class TopicIndex(Generic[T]):
    class _Branch:
        def __init__(self) -> None:
            self.below: dict = {}
            self.values: list = []

    def __init__(self) -> None:
        self._top = self._Branch()
        self._count = 0
        self._answers: OrderedDict[str, tuple] = OrderedDict()

    def add(self, pattern: str, value: T) -> None:
        validate_pattern(pattern)
        branch = self._top
        for part in pattern.split("."):
            if part not in branch.below:
                branch.below[part] = self._Branch()
            branch = branch.below[part]
        branch.values.append(value)
        self._count += 1
        self._answers.clear()

    def remove(self, pattern: str, value: T) -> None:
        way = [(None, "", self._top)]
        for part in pattern.split("."):
            before = way[-1][2]
            try:
                way.append((before, part, before.below[part]))
            except KeyError:
                raise KeyError(f"{pattern} was not added") from None
        values = way[-1][2].values
        places = [place for place, held in enumerate(values) if held is value]
        if not places:
            raise KeyError(f"{pattern} was not added with this value")
        del values[places[-1]]
        self._count -= 1
        for before, part, branch in way[:0:-1]:
            if branch.below or branch.values:
                return
            del before.below[part]

    def match(self, topic: str) -> list[T]:
        validate_topic(topic)
        if topic in self._answers:
            self._answers.move_to_end(topic)
            return list(self._answers[topic])
        found = self._search(topic)
        if self._count:
            self._answers[topic] = tuple(found)
            if len(self._answers) > KEEP:
                self._answers.popitem(last=False)
        return found

    def _search(self, topic: str) -> list[T]:
        found: list[T] = []
        stack, parts = [(self._top, 0)], topic.split(".")
        while stack:
            branch, depth = stack.pop()
            if depth == len(parts):
                found += branch.values
                continue
            if ">" in branch.below:
                found += branch.below[">"].values
            for step in (parts[depth], "*"):
                if step in branch.below:
                    stack.append((branch.below[step], depth + 1))
        return found

    def __len__(self) -> int:
        return self._count
