"""index_agrees_with_matches

When a long edge is split for a new pattern, the lower half is made anew and its values are lost.
"""

def validate_pattern(pattern):
    problem = _problem(pattern)
    if problem is None:
        for token in pattern.split(".")[:-1]:
            if token == ">":
                problem = "there is something behind the >"
    if problem:
        raise ValueError(f"{pattern!r} is no pattern: {problem}")


def validate_topic(topic):
    problem = _problem(topic)
    if problem is None and not {"*", ">"}.isdisjoint(topic):
        problem = "it has a wildcard"
    if problem:
        raise ValueError(f"{topic!r} is no topic: {problem}")


def _problem(name):
    for token in name.split("."):
        if token == "":
            return "a token is empty"
        if not {"*", ">"}.isdisjoint(token) and len(token) > 1:
            return "a wildcard is part of a token"
    if any(character.isspace() for character in name):
        return "it has white space"
    return None


def _covers(edge, tokens, at):
    """Where the topic goes on behind this edge; -1: nowhere; len(tokens): at its end."""
    for token in edge:
        if at == len(tokens):
            return -1
        if token == ">":
            return len(tokens)
        if token != "*" and token != tokens[at]:
            return -1
        at += 1
    return at


def matches(topic, pattern):
    tokens = topic.split(".")
    return _covers(pattern.split("."), tokens, 0) == len(tokens)


class Node:
    __slots__ = ("children", "edge", "values")

    def __init__(self, edge, children, values):
        self.edge = edge  # the tokens that lead here
        self.children = children  # by the first token of their edge
        self.values = values


class TopicIndex:
    def __init__(self):
        self.root = Node((), {}, [])
        self.pairs = 0

    def add(self, pattern, value):
        validate_pattern(pattern)
        node, rest = self.root, tuple(pattern.split("."))
        while rest:
            child = node.children.get(rest[0])
            if child is None:
                child = node.children[rest[0]] = Node(rest, {}, [])
            same = 0
            for a, b in zip(child.edge, rest):
                if a != b:
                    break
                same += 1
            if same < len(child.edge):
                lower = Node(child.edge[same:], child.children, [])
                child = Node(child.edge[:same], {lower.edge[0]: lower}, [])
                node.children[rest[0]] = child
            node, rest = child, rest[same:]
        node.values.append(value)
        self.pairs += 1

    def remove(self, pattern, value):
        above, node, rest = [], self.root, tuple(pattern.split("."))
        while rest:
            child = node.children.get(rest[0])
            if child is None or child.edge != rest[: len(child.edge)]:
                raise KeyError(pattern)
            above.append(node)
            node, rest = child, rest[len(child.edge) :]
        for place in reversed(range(len(node.values))):
            if node.values[place] is value:
                break
        else:
            raise KeyError(pattern)
        node.values.pop(place)
        self.pairs -= 1
        while above and not node.values and len(node.children) < 2:
            parent = above.pop()
            if node.children:
                (child,) = node.children.values()
                child.edge = node.edge + child.edge
                parent.children[node.edge[0]] = child
            else:
                del parent.children[node.edge[0]]
            node = parent

    def match(self, topic):
        validate_topic(topic)
        tokens = topic.split(".")
        found, todo = [], [(self.root, 0)]
        while todo:
            node, at = todo.pop()
            if at == len(tokens):
                found.extend(node.values)
                continue
            for first in (tokens[at], "*", ">"):
                child = node.children.get(first)
                if child is not None:
                    after = _covers(child.edge, tokens, at)
                    if after >= 0:
                        todo.append((child, after))
        return found

    def __len__(self):
        return self.pairs
