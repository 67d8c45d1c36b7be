"""values_are_compared_by_identity

None marks the nodes at which no pattern ends, so a None that was added is never found again.
"""

from __future__ import annotations

import dataclasses
from typing import Any


def validate_pattern(pattern: str) -> None:
    match _reason(pattern):
        case None:
            pass
        case reason:
            raise ValueError(reason)


def validate_topic(topic: str) -> None:
    reason = _reason(topic)
    if reason is None and ("*" in topic or ">" in topic):
        reason = "wildcards in a topic"
    if reason is not None:
        raise ValueError(reason)


def _reason(name: str) -> str | None:
    tokens = name.split(".")
    for number, token in enumerate(tokens):
        match token:
            case "":
                return "an empty token"
            case "*":
                continue
            case ">":
                if number != len(tokens) - 1:
                    return "tokens behind >"
            case _ if "*" in token or ">" in token:
                return "a wildcard inside a token"
            case _ if any(c.isspace() for c in token):
                return "white space"
    return None


def matches(topic: str, pattern: str) -> bool:
    # Dynamic programming over the pattern: how many tokens of the topic can be covered so far? One number does.
    tokens, covered = topic.split("."), 0
    for token in pattern.split("."):
        if covered == len(tokens):
            return False
        if token == ">":
            covered = len(tokens)
        elif token == "*" or token == tokens[covered]:
            covered += 1
        else:
            return False
    return covered == len(tokens)


@dataclasses.dataclass(eq=False)
class Place:
    parent: Place | None
    token: str
    pairs: int = 0
    values: list[Any] = dataclasses.field(default_factory=list)
    next: dict[str, Place] = dataclasses.field(default_factory=dict)


class TopicIndex:
    def __init__(self) -> None:
        self.start = Place(None, "")

    def _find(self, pattern: str) -> Place | None:
        place: Place | None = self.start
        for token in pattern.split("."):
            place = place.next.get(token) if place is not None else None
        return place

    def add(self, pattern, value):
        validate_pattern(pattern)
        place = self.start
        for token in pattern.split("."):
            if token not in place.next:
                place.next[token] = Place(place, token)
            place = place.next[token]
        place.values.append(value)
        while place is not None:
            place.pairs += 1
            place = place.parent

    def remove(self, pattern, value):
        place = self._find(pattern)
        if place is None or not any(held is value for held in place.values):
            raise KeyError(pattern)
        identities = [id(held) for held in place.values]
        place.values.pop(identities.index(id(value)))
        while place is not None:
            place.pairs -= 1
            if place.pairs == 0 and place.parent is not None:
                del place.parent.next[place.token]
            place = place.parent

    def match(self, topic):
        validate_topic(topic)
        tokens = topic.split(".")
        return list(self._values(tokens))

    def _values(self, tokens):
        waiting = [(self.start, 0)]
        while waiting:
            place, at = waiting.pop()
            if at == len(tokens):
                yield from (value for value in place.values if value is not None)
            else:
                yield from getattr(place.next.get(">"), "values", ())
                for token in ("*", tokens[at]):
                    if token in place.next:
                        waiting.append((place.next[token], at + 1))

    def __len__(self):
        return self.start.pairs
