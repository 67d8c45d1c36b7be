"""long_names_are_no_trouble

One call for each token: right, until a topic is longer than the stack is deep.
"""

def _tokens(name):
    if "".join(name.split()) != name:
        raise ValueError("white space")
    tokens = tuple(name.split("."))
    if "" in tokens:
        raise ValueError("an empty token")
    return tokens


def validate_pattern(pattern):
    *body, last = _tokens(pattern)
    if ">" in body:
        raise ValueError("> may only be the last token")
    for token in (*body, last):
        if ("*" in token and token != "*") or (">" in token and token != ">"):
            raise ValueError(f"{token} mixes a wildcard with letters")


def validate_topic(topic):
    if any("*" in token or ">" in token for token in _tokens(topic)):
        raise ValueError("a topic has no wildcards")


def matches(topic, pattern):
    return _covers(topic.split("."), pattern.split("."), 0)


def _covers(got, want, at):
    if at == len(want) or at == len(got):
        return len(want) == len(got)
    if want[at] == ">":
        return True
    return want[at] in ("*", got[at]) and _covers(got, want, at + 1)


class TopicIndex:
    """State 0 is the beginning. `_edges[state, token]` is the next state, `_users[state]` how many pairs run
    through it."""

    def __init__(self):
        self._edges = {}
        self._users = {}
        self._pairs = {}
        self._next = 1
        self._free = []
        self._held = 0

    def add(self, pattern, value):
        validate_pattern(pattern)
        state = 0
        for token in pattern.split("."):
            after = self._edges.get((state, token))
            if after is None:
                after = self._free.pop() if self._free else self._next
                if after == self._next:
                    self._next += 1
                self._edges[state, token] = after
                self._users[after] = 0
            self._users[after] += 1
            state = after
        self._pairs.setdefault(state, []).append(value)
        self._held += 1

    def remove(self, pattern, value):
        path, state = [], 0
        for token in pattern.split("."):
            after = self._edges.get((state, token))
            if after is None:
                raise KeyError(pattern)
            path.append((state, token, after))
            state = after
        values = self._pairs.get(state, [])
        at = next((i for i in range(len(values)) if values[i] is value), -1)
        if at < 0:
            raise KeyError(pattern)
        values.pop(at)
        if not values:
            del self._pairs[state]
        self._held -= 1
        for before, token, after in path:
            self._users[after] -= 1
            if not self._users[after]:
                del self._users[after], self._edges[before, token]
                self._free.append(after)
        if not self._held:
            self._free, self._next = [], 1

    def match(self, topic):
        validate_topic(topic)
        edges, states, ends = self._edges, [0], []
        for token in topic.split("."):
            ends += [edges[state, ">"] for state in states if (state, ">") in edges]
            states = [edges[state, t] for state in states for t in (token, "*") if (state, t) in edges]
        return [value for state in ends + states for value in self._pairs.get(state, ())]

    def __len__(self):
        return self._held
