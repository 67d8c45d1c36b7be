"""a_refused_add_leaves_nothing

Bad patterns are kept in order to refuse them faster the next time.
"""

from collections import Counter


def _split(name):
    tokens = name.split(".")
    if not all(tokens):
        raise ValueError(f"{name!r} has an empty token")
    if any(c.isspace() for c in name):
        raise ValueError(f"{name!r} has white space in it")
    return tokens


def validate_pattern(pattern):
    tokens = _split(pattern)
    for i, token in enumerate(tokens):
        if token == ">" and i + 1 < len(tokens):
            raise ValueError("> must come last")
        if token not in ("*", ">") and ("*" in token or ">" in token):
            raise ValueError(f"{token!r} is neither a word nor a wildcard")


def validate_topic(topic):
    for token in _split(topic):
        if "*" in token or ">" in token:
            raise ValueError("no wildcards in topics")


def matches(topic, pattern):
    t, p = topic.split("."), pattern.split(".")
    for i in range(max(len(t), len(p))):
        if i >= len(p) or i >= len(t):
            return False
        if p[i] == ">":
            return True
        if p[i] != "*" and p[i] != t[i]:
            return False
    return True


_HERE = object()


class TopicIndex:
    def __init__(self):
        self._tree = {}
        self._bad = set()
        self._size = 0

    def __len__(self):
        return self._size

    def add(self, pattern, value):
        if pattern in self._bad:
            raise ValueError(f"{pattern!r} is still no pattern")
        try:
            validate_pattern(pattern)
        except ValueError:
            self._bad.add(pattern)
            raise
        branch = self._tree
        for token in pattern.split("."):
            branch = branch.setdefault(token, {})
        held, counts = branch.setdefault(_HERE, ({}, Counter()))
        held[id(value)] = value
        counts[id(value)] += 1
        self._size += 1

    def remove(self, pattern, value):
        trail = [self._tree]
        tokens = pattern.split(".")
        for token in tokens:
            if token not in trail[-1]:
                raise KeyError(pattern)
            trail.append(trail[-1][token])
        if _HERE not in trail[-1] or id(value) not in trail[-1][_HERE][0]:
            raise KeyError(pattern)
        held, counts = trail[-1][_HERE]
        counts[id(value)] -= 1
        self._size -= 1
        if not counts[id(value)]:
            del held[id(value)], counts[id(value)]
        if not held:
            del trail[-1][_HERE]
        for branch, token, child in zip(reversed(trail[:-1]), reversed(tokens), reversed(trail[1:])):
            if child:
                break
            del branch[token]

    def match(self, topic):
        validate_topic(topic)
        branches, found = [self._tree], []
        for token in topic.split("."):
            found += [b[">"] for b in branches if ">" in b]
            branches = [b[t] for b in branches for t in (token, "*") if t in b]
        values = []
        for branch in found + branches:
            if _HERE in branch:
                held, counts = branch[_HERE]
                for key, value in held.items():
                    values.extend([value] * counts[key])
        return values
