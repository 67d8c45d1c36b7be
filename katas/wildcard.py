"""Kata: who wants this message? Match topics against patterns with wildcards, by the rules of NATS.

A subscriber says `orders.*.created`, a publisher says `orders.42.created`, and somebody has to bring the two
together: correctly for every odd name, and quickly when a hundred thousand subscribers have said something.

Fill in this file; there is no other one to open. Add whatever you need, but keep the names and signatures
below. Nothing outside the standard library is needed.

    pytest katas/wildcard.py           what works so far, one test for each rule
    pytest katas/wildcard.py::CHECK    one rule only
    pubsub hint wildcard CHECK         a question back, then the idea, then nearly the code

How it is used:

    matches("orders.42.created", "orders.*.created")     # True
    matches("orders.42", "orders.>")                     # True
    matches("orders", "orders.>")                        # False: `>` wants at least one token
    validate_topic("orders..42")                         # ValueError: an empty token

    index: TopicIndex[str] = TopicIndex()
    index.add("orders.*.created", "mailer")
    index.add("orders.>", "audit")
    index.match("orders.42.created")                     # ["mailer", "audit"], in any order
    index.remove("orders.>", "audit")
    len(index)                                           # 1

Stages
  1  Validation           middle   which names are names at all
  2  Matching             middle   one topic, one pattern
  3  An index             senior   add, match, remove, for many patterns
  4  Follow-up: scale     staff    a cost that does not know how many other patterns there are

Stage 4 counts as not attempted until stages 1 to 3 pass.

The contract: every rule that is graded, and nothing else is

Names
- A topic and a pattern are strings of tokens, separated by `.`: "orders.42" has two. None of them is empty,
  so there is no "", no ".", no "a..b", and no dot at the beginning or the end.
- No token holds white space, which is any character for which str.isspace() is true.
- In a pattern, `*` and `>` are wildcards when they are a whole token. As a part of a longer token ("a*", "*>",
  ">>") they make the pattern invalid. `>` may only be the last token; `*` may be any, and several may be.
- A topic holds no `*` and no `>` at all, not even inside a token.
- Every other character is literal, whatever it means elsewhere: + # ? [ ] ( ) { } ^ $ | \\ / - _ are ordinary,
  and so are control characters that are no white space, and letters of any alphabet. Case matters. Nothing
  is trimmed, folded or normalised.
- Names may be long: 10,000 tokens raise no RecursionError in any function here, and a call with them may take
  a few seconds.

validate_pattern(pattern) and validate_topic(topic)
- Return None for a valid name and raise ValueError for any other. The message should say what is wrong; its
  words are not graded, only that there are some.

matches(topic, pattern)
- Whether the pattern covers the topic: True or False, a real bool.
- A literal token covers itself. `*` covers exactly one token, any one. `>` covers one token or more, all that
  are left. All tokens of the topic have to be covered, and all of the pattern used.
- It may assume that both arguments are valid.

TopicIndex()
- Holds pairs of a pattern and a value. It takes no arguments, shares nothing with other indexes, and need not
  be safe for threads.
- add(pattern, value): one more pair. ValueError for an invalid pattern, and then nothing has changed.
- match(topic): the values of all pairs whose pattern covers the topic, one entry for each pair that was added
  and not removed, in any order. A fresh list, which the caller may change. ValueError for an invalid topic.
- remove(pattern, value): takes away one pair that was added with this pattern and this value. KeyError when
  there is none, also when the pattern is not even valid; nothing has changed then. The pattern is compared
  as a string: "orders.>" does not remove what "orders.*" added.
- len(index): how many pairs it holds.
- The same value may be added under several patterns, and the same pair more than once: then `match` returns it
  once for each, and `remove` takes one of them away.
- Values are compared by identity (`is`) and in no other way: two equal values are two values. They may be
  unhashable, or false in a truth test, or raise when they are compared or hashed. None is a value as any other.
- Arguments that should be strings are strings; what happens otherwise is not graded.

Scale (stage 4)
- A pattern that has no beginning in common with a topic (its first token does not even cover the topic's first)
  costs match(topic) nothing. Whether there are a hundred of them or a hundred thousand, whether they resemble
  each other or not, the work is the same. Topics that were never asked for before are no dearer: remembering
  answers does not help.
- Nor does a match grow out of proportion with its topic: twice the tokens may cost four times the work, not a
  thousand times.
- An index from which everything was removed is as small as a new one: the objects that can be reached from it,
  from its class and from this module are counted. What was remembered to be faster counts as well. An add that
  raises leaves nothing behind either.
- Work is counted, never timed, so a slow machine does not change the verdict.
"""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


def validate_pattern(pattern: str) -> None:
    """Raise ValueError, saying what is wrong, unless `pattern` is a valid pattern."""
    # TODO: stage 1, the rules of names; where may a wildcard stand?
    raise NotImplementedError("stage 1")


def validate_topic(topic: str) -> None:
    """Raise ValueError, saying what is wrong, unless `topic` is a valid topic."""
    # TODO: stage 1, the same rules, but no wildcards.
    raise NotImplementedError("stage 1")


def matches(topic: str, pattern: str) -> bool:
    """Whether a valid pattern covers a valid topic."""
    # TODO: stage 2, token by token; what if one of the two ends first?
    raise NotImplementedError("stage 2")


class TopicIndex(Generic[T]):
    """Pairs of a pattern and a value, and a quick answer to: whose pattern covers this topic?"""

    def __init__(self) -> None:
        # TODO: stage 3, a list of pairs will do; stage 4, it will not.
        raise NotImplementedError("stage 3")

    def add(self, pattern: str, value: T) -> None:
        """Hold one more pair. ValueError when the pattern is invalid."""
        # TODO: stage 3; the same pair may come again.
        raise NotImplementedError("stage 3")

    def remove(self, pattern: str, value: T) -> None:
        """Let go of one such pair. KeyError when there is none."""
        # TODO: stage 3, by identity; stage 4, and nothing stays behind.
        raise NotImplementedError("stage 3")

    def match(self, topic: str) -> list[T]:
        """The values of all pairs whose pattern covers the topic, in any order. ValueError when it is invalid."""
        # TODO: stage 3, all of them; stage 4, without looking at all the others.
        raise NotImplementedError("stage 3")

    def __len__(self) -> int:
        """How many pairs are held."""
        # TODO: stage 3.
        raise NotImplementedError("stage 3")
