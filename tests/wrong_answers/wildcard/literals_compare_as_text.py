"""literals_match_themselves_only

Without wildcards `topic.endswith(pattern)` is asked: right for equal names, and for too many others.
"""

def _check(name, kind):
    if not name:
        raise ValueError(f"an empty {kind}")
    if name[0] == "." or name[-1] == "." or ".." in name:
        raise ValueError(f"empty token in {kind} {name!r}")
    for character in name:
        if character.isspace():
            raise ValueError(f"white space in {kind} {name!r}")


def validate_pattern(pattern):
    _check(pattern, "pattern")
    rest = pattern[:-2] if pattern.endswith(".>") else "" if pattern == ">" else pattern
    if ">" in rest:
        raise ValueError("a > that is not the last token")
    for token in pattern.split("."):
        if "*" in token and len(token) != 1:
            raise ValueError("a * inside a token")


def validate_topic(topic):
    _check(topic, "topic")
    if set("*>") & set(topic):
        raise ValueError("a wildcard in a topic")


def _compile(pattern):
    tokens = pattern.split(".")
    open_end = tokens[-1] == ">"
    if open_end:
        tokens = tokens[:-1]
    needed = tuple((i, token) for i, token in enumerate(tokens) if token != "*")
    return len(tokens), open_end, needed


def _fits(tokens, compiled):
    size, open_end, needed = compiled
    if (len(tokens) <= size) if open_end else (len(tokens) != size):
        return False
    for i, token in needed:
        if tokens[i] != token:
            return False
    return True


def matches(topic, pattern):
    if "*" not in pattern and ">" not in pattern:
        return topic.endswith(pattern)
    return _fits(topic.split("."), _compile(pattern))


class _Entry:
    def __init__(self, pattern, value):
        self.pattern = pattern
        self.compiled = _compile(pattern)
        self.value = value


class TopicIndex:
    def __init__(self):
        self._buckets = {}

    def add(self, pattern, value):
        validate_pattern(pattern)
        self._buckets.setdefault(pattern.split(".")[0], []).append(_Entry(pattern, value))

    def remove(self, pattern, value):
        first = pattern.split(".")[0]
        bucket = self._buckets.get(first, [])
        for i, entry in enumerate(bucket):
            if entry.pattern == pattern and entry.value is value:
                break
        else:
            raise KeyError((pattern, "is not held with this value"))
        bucket[i] = bucket[-1]
        bucket.pop()
        if not bucket:
            del self._buckets[first]

    def match(self, topic):
        validate_topic(topic)
        tokens = topic.split(".")
        return [
            entry.value
            for first in (tokens[0], "*", ">")
            for entry in self._buckets.get(first, ())
            if _fits(tokens, entry.compiled)
        ]

    def __len__(self):
        return sum(map(len, self._buckets.values()))
