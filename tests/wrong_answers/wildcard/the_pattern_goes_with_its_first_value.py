"""remove_takes_one_pair_away

Removing one value removes the pattern, with the values of everybody else.
"""

from bisect import bisect_left, bisect_right


def validate_pattern(pattern):
    tokens = pattern.split(".")
    for place, token in enumerate(tokens, 1):
        if not token:
            raise ValueError(f"token {place} of {pattern!r} is empty")
        if any(map(str.isspace, token)):
            raise ValueError(f"token {place} of {pattern!r} holds white space")
        if token == ">" and place < len(tokens):
            raise ValueError(f"token {place} of {pattern!r} covers the rest, but there is more")
        if len(token) > 1 and ("*" in token or ">" in token):
            raise ValueError(f"token {place} of {pattern!r} holds a wildcard")


def validate_topic(topic):
    validate_pattern(topic)
    if "*" in topic or ">" in topic:
        raise ValueError(f"{topic!r} holds a wildcard")


def matches(topic, pattern):
    got, want = topic.split("."), pattern.split(".")
    if want[-1] == ">" and len(got) >= len(want):
        got[len(want) - 1 :] = [">"]
    return len(got) == len(want) and all(w == g or w == "*" for g, w in zip(got, want))


class TopicIndex:
    """`_keys` are the patterns in order, each once; `_values[pattern]` what was added under it."""

    def __init__(self):
        self._keys = []
        self._values = {}
        self._sorted = True

    def add(self, pattern, value):
        validate_pattern(pattern)
        key = tuple(pattern.split("."))
        if key not in self._values:
            self._values[key] = []
            if self._keys and self._keys[-1] > key:
                self._sorted = False
            self._keys.append(key)
        self._values[key].append(value)

    def remove(self, pattern, value):
        key = tuple(pattern.split("."))
        values = self._values.get(key, ())
        for place, held in enumerate(values):
            if held is value:
                break
        else:
            raise KeyError(pattern)
        del values[place]
        if True:
            del self._values[key]
            self._sort()
            del self._keys[bisect_left(self._keys, key)]

    def _sort(self):
        if not self._sorted:
            self._keys.sort()
            self._sorted = True

    def match(self, topic):
        validate_topic(topic)
        self._sort()
        found, tokens = [], topic.split(".")
        ranges = [(0, len(self._keys))]
        for depth, token in enumerate(tokens):
            narrowed = []
            for low, high in ranges:
                for wanted in (token, "*", ">"):
                    part = self._narrow(depth, wanted, low, high)
                    if part[0] == part[1]:
                        continue
                    if wanted == ">":
                        found += self._values[self._keys[part[0]]]
                    else:
                        narrowed.append(part)
            ranges = narrowed
        for low, high in ranges:
            # The pattern that ends here comes first: a tuple is less than any longer one that begins with it.
            if len(self._keys[low]) == len(tokens):
                found += self._values[self._keys[low]]
        return found

    def _narrow(self, depth, token, low, high):
        """The part of low..high in which the token at `depth` is this one."""

        def at(key):
            return key[depth : depth + 1]

        low = bisect_left(self._keys, (token,), low, high, key=at)
        return low, bisect_right(self._keys, (token,), low, high, key=at)

    def __len__(self):
        return sum(len(values) for values in self._values.values())
