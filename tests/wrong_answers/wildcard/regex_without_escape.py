"""other_characters_are_literal

The tokens go into the regular expression as they are: `a+b` hears aab, and `(` is an error.
"""

import re

_SPACE = re.compile(r"\s")
_PATTERN = re.compile(r"(?:(?:\*|[^\s.*>]+)\.)*(?:\*|>|[^\s.*>]+)")
_TOPIC = re.compile(r"[^\s.*>]+(?:\.[^\s.*>]+)*")


def validate_pattern(pattern):
    if not _PATTERN.fullmatch(pattern):
        raise ValueError(f"not a pattern: {pattern!r}")


def validate_topic(topic):
    if not _TOPIC.fullmatch(topic):
        raise ValueError(f"not a topic: {topic!r}")


def _expression(pattern):
    parts = []
    for token in pattern.split("."):
        parts.append({"*": r"[^.]+", ">": r".+"}.get(token) or token)
    return r"\.".join(parts)


def matches(topic, pattern):
    return re.fullmatch(_expression(pattern), topic, re.DOTALL) is not None


def _beginning(pattern):
    """The literal tokens before the first wildcard, as text that ends with a dot."""
    stars = [i for i in (pattern.find("*"), pattern.find(">")) if i >= 0]
    return pattern[: min(stars)] if stars else pattern + "."


class TopicIndex:
    def __init__(self):
        self._files = {}  # beginning -> {pattern: [values]}
        self._count = 0

    def add(self, pattern, value):
        validate_pattern(pattern)
        self._files.setdefault(_beginning(pattern), {}).setdefault(pattern, []).append(value)
        self._count += 1

    def remove(self, pattern, value):
        file = self._files.get(_beginning(pattern))
        values = None if file is None else file.get(pattern)
        if values is None:
            raise KeyError(pattern)
        kept = [held for held in values if held is not value]
        copies = len(values) - len(kept)
        if not copies:
            raise KeyError(pattern)
        kept += [value] * (copies - 1)
        if kept:
            file[pattern] = kept
        else:
            del file[pattern]
            if not file:
                del self._files[_beginning(pattern)]
        self._count -= 1

    def match(self, topic):
        validate_topic(topic)
        found, end, dotted = [], 0, topic + "."
        while True:
            for pattern, values in self._files.get(dotted[:end], {}).items():
                if matches(topic, pattern):
                    found.extend(values)
            if end == len(dotted):
                return found
            end = dotted.index(".", end) + 1

    def __len__(self):
        return self._count
