"""Wildcard, stage 2: one topic, one pattern."""

from __future__ import annotations

import unicodedata

from workbook.graders.wildcard_ask import FALSE, RAISED, REFUSED, TRUE, is_wrong, matching, wrong_match
from workbook.graders.wildcard_names import LONG, ODD, Names, every_name, every_pattern
from workbook.graders.wildcard_oracle import matches
from workbook.graders.wildcard_scene import Op, name_text, play, raised_text
from workbook.grading.check import Bench, Broken, Check, Record, collector
from workbook.grading.ending import quote
from workbook.grading.verdict import Status, Verdict

CHECKS: list[Check] = []
check = collector(CHECKS, 2)


@check(
    rule="A pattern without wildcards covers the topic that is equal to it, token by token, and no other.",
    why="Most subscriptions are plain names, and a prefix is not a match.",
    likely="Lengths are not compared (zip ends with the shorter one), or the arguments are swapped.",
    notebook="q05_topic",
)
def literals_match_themselves_only(bench: Bench) -> None:
    names = Names(bench.rng)
    pairs = []
    for size in range(1, 6):
        topic, other = names.topic(size), names.token()
        tokens = topic.split(".")
        near = [".".join([*tokens[:at], other, *tokens[at + 1 :]]) for at in range(size)]
        near += [
            f"{topic}.{other}",
            f"{other}.{topic}",
            f"{topic}x",
            f"x{topic}",
            topic[:-1],
            topic.replace(".", "x"),
        ]
        near += [".".join(tokens[:-1]) or other, ".".join(tokens[1:]) or other, ".".join(reversed(tokens))]
        pairs += [(topic, topic), *((topic, one) for one in near), *((one, topic) for one in near)]
    pairs += [("ab.c", "a.bc"), ("a.bc", "ab.c"), ("a", "a.a"), ("a.a", "a"), ("a.b", "b.a")]
    matching(bench, pairs, matches)


@check(
    rule="`*` covers exactly one token, whatever it is and wherever it stands.",
    why="It is the rule people get wrong when they think of file names: a star that crosses dots is another language.",
    likely="`*` is translated to something that crosses dots or may be nothing, or only one `*` is handled.",
    notebook="q05_topic",
)
def star_is_exactly_one_token(bench: Bench) -> None:
    names = Names(bench.rng)
    pairs = []
    for size in range(1, 6):
        tokens = names.topic(size).split(".")
        for starred in every_name(["*", "x"], size):
            marks = starred.split(".")
            pattern = ".".join(
                "*" if mark == "*" else token for mark, token in zip(marks, tokens[: len(marks)], strict=True)
            )
            pairs += [(".".join(tokens), pattern), (".".join([*tokens, names.token()]), pattern)]
            pairs += [(".".join([names.token(), *tokens]), pattern), (".".join(tokens[:-1]) or "x", pattern)]
    pairs += [("x", "*"), ("x.y", "*"), ("x", "*.*"), ("x.y.z", "*.*"), ("x.y.z", "x.*.z"), ("x.z", "x.*.z")]
    matching(bench, pairs, matches)


@check(
    rule="`>` covers one token or more, to the end of the topic.",
    why="`orders.>` does not hear `orders`: in AMQP and MQTT the same idea covers zero tokens, in NATS it does not.",
    likely="`>` also matches nothing (`orders.>` hears `orders`), or it compares text and not tokens (`ordersX.1`).",
    notebook="q05_topic",
)
def tail_is_one_or_more_tokens(bench: Bench) -> None:
    names = Names(bench.rng)
    pairs = []
    for size in range(5):
        tokens = names.topic(size).split(".") if size else []
        more = names.topic(3).split(".")
        for stars in (tokens, ["*"] * size, [*tokens[:-1], "*"] if size else []):
            pattern = ".".join([*stars, ">"])
            pairs += [(".".join([*tokens, *more[:extra]]) or "x", pattern) for extra in range(4)]
            pairs += [
                (".".join([*tokens[:-1], "other", *more]), pattern),
                (".".join(tokens[:-1]) or "x", pattern),
            ]
            if size:
                joined = ".".join(tokens)
                pairs += [(f"{joined}X.1", pattern), (f"{joined}X", pattern), (f"x{joined}.1", pattern)]
    matching(bench, pairs, matches)


@check(
    rule="Every other character is literal, whatever it means in a regular expression, a file pattern, MQTT or AMQP.",
    why="A topic called `a+b` must not be a subscription to `aab`.",
    likely="The pattern is handed to re or fnmatch without escaping, or names are normalised.",
    notebook="q05_topic",
)
def other_characters_are_literal(bench: Bench) -> None:
    pairs = [
        (topic, pattern)
        for topic in ODD
        for pattern in ODD
        if topic.casefold() != pattern.casefold() or topic == pattern
    ]
    pairs += [(f"x.{topic}.y", f"x.{pattern}.*") for topic, pattern in pairs]
    traps = [
        ("aa", "a+"),
        ("ab", "a?"),
        ("1", "\\d"),
        ("x", "?"),
        ("x", "[!a]"),
        ("x", "[^a]"),
        ("xab", "ab"),
    ]
    traps += [
        ("axb", "a-b"),
        ("a", "a{1}"),
        ("a", "a|b"),
        ("a.b", "#"),
        ("a.b", "a.#"),
        ("a.b", "a.+"),
    ]
    traps += [
        (unicodedata.normalize("NFD", "né"), "né"),
        ("ﬁ", "fi"),
        ("①", "1"),
        ("x\x00y", "x"),
        ("x", "x\x00y"),
    ]
    pairs += traps + [(pattern, topic) for topic, pattern in traps if pattern not in ("*", ">")]
    pairs += [("$x.y", "*.y"), ("$x.y", ">"), ("$SYS", "*")]  # MQTT hides these from wildcards
    matching(bench, pairs, matches)


@check(
    rule="Case matters.",
    why="Names are keys. Folding them makes two topics one, and on another machine two again.",
    likely="Names are folded, or compared by a function that folds on some systems (fnmatch.fnmatch).",
    notebook="q05_topic",
)
def case_matters(bench: Bench) -> None:
    pairs = []
    for size in range(1, 4):
        name = Names(bench.rng).topic(size)
        for other in (name.upper(), name.capitalize(), name.title(), name.swapcase()):
            pairs += [
                (name, other),
                (other, name),
                (other, other),
                (f"{name}.x", f"{other}.>"),
                (f"x.{name}", f"*.{other}"),
            ]
    pairs += [("ß", "SS"), ("ß", "ẞ"), ("ς", "σ"), ("K", "k"), ("İ", "i̇"), ("ǆ", "ǅ")]
    matching(bench, pairs, matches)


@check(
    rule="matches() says what a NATS server does, for every pattern and topic of up to five tokens over `a` and `b`.",
    why="Examples find the faults one thinks of; all small cases find the others.",
    likely="A combination of wildcards, or of lengths, is handled apart.",
    notebook="q05_topic",
    limit=8.0,
)
def agrees_with_every_small_case(bench: Bench) -> None:
    patterns, topics = every_pattern("ab", 5), every_name("ab", 5)
    [seen] = play(bench, [{"op": "grid", "patterns": patterns, "topics": topics}])
    if 0 not in seen or seen[0]["k"] == "raised":
        said = raised_text(seen[0]) if 0 in seen else "never answers"
        raise Broken(Verdict(Status.FAILED, f"`matches` {said}."))
    wrong = [
        (topic, pattern, letter)
        for pattern, row in zip(patterns, seen[0]["v"], strict=True)
        for topic, letter in zip(topics, row, strict=True)
        if is_wrong(letter, matches(topic, pattern))
    ]
    if wrong:
        raise Broken(wrong_match(bench, wrong, matches))


@check(
    rule="Names of 10,000 tokens raise no RecursionError, in the validators and in matches().",
    why="A recursion as deep as the input is a crash that waits for somebody to send it.",
    likely="One call for each token: a loop needs no stack.",
    notebook="q05_topic",
    limit=14.0,
)
def long_names_are_no_trouble(bench: Bench) -> None:
    word = Names(bench.rng).token()
    topic = ".".join(f"{word}-{number}" for number in range(LONG))
    stars, tail = ".".join(["*"] * LONG), f"{topic}.>"
    asked = [("validate_topic", [topic]), *(("validate_pattern", [name]) for name in (topic, stars, tail))]
    asked += [
        ("matches", [topic, pattern]) for pattern in (topic, f"{topic}x", stars, f"{stars}.*", tail, ">", "*")
    ]
    [seen] = play(bench, [{"op": "ask", "f": function, "args": [names]} for function, names in asked])
    for number, (function, names) in enumerate(asked):
        call = f"{function}({', '.join(map(name_text, names))})"
        if number not in seen or seen[number]["k"] == "raised":
            raise Broken(Verdict(Status.FAILED, f"`{call}` does not come about."))
        letter, notes = seen[number]["v"]
        if letter == RAISED or (function != "matches" and letter == REFUSED):
            todo = "Still to do: " if notes[0]["type"] == "NotImplementedError" else ""
            place = quote(bench.source, notes[0]["line"], bench.file_name)
            message = f"{todo}`{call}` {raised_text(notes[0])}"
            raise Broken(Verdict(Status.FAILED, message, "an answer, however long the name", place))
    # How the others are answered is what the other checks are for.
    matching(bench, [(topic, topic), (topic, f"{topic}x"), (f"{topic}x", topic)], matches)


@check(
    rule="matches(topic, pattern) returns True or False, a real bool, and takes its arguments by name, too.",
    why="A match object or a list works in an `if`, and is a surprise in a set, in JSON, and in `is True`.",
    likely="The value of `and`, of re.fullmatch or of a list is returned as it is.",
    notebook="q05_topic",
)
def answers_are_bool(bench: Bench) -> None:
    pairs = [(topic, pattern) for topic in every_name("ab", 2) for pattern in every_pattern("ab", 2)]
    plan: list[Op] = [
        {"op": "ask", "f": "matches", "args": [list(pair) for pair in pairs]},
        {"op": "keywords"},
    ]
    [seen] = play(bench, plan)
    for number in (0, 1):
        if number not in seen or seen[number]["k"] == "raised":
            said = raised_text(seen[number]) if number in seen else "never answers"
            raise Broken(Verdict(Status.FAILED, f"`matches` {said}."))
    letters, notes = seen[0]["v"]
    for (topic, pattern), letter in zip(pairs, letters, strict=True):
        if letter not in (TRUE, FALSE):
            kind = notes[0] if notes else _kind(bench, topic, pattern)
            message = f"`matches({topic!r}, {pattern!r})` returns something of the type {kind['type']}."
            if letter == RAISED:
                todo = "Still to do: " if kind["type"] == "NotImplementedError" else ""
                message = f"{todo}`matches({topic!r}, {pattern!r})` {raised_text(kind)}"
            place = quote(bench.source, kind.get("line"), bench.file_name)
            raise Broken(Verdict(Status.FAILED, message, "True or False", place))
    if seen[1]["v"] != TRUE:
        raise Broken(Verdict(Status.FAILED, '`matches(pattern="a.*", topic="a.b")` is not True.', "True"))


def _kind(bench: Bench, topic: str, pattern: str) -> Record:
    """What one call of matches() returned or raised."""
    [seen] = play(bench, [{"op": "ask", "f": "matches", "args": [[topic, pattern]]}])
    kind: Record = seen[0]["v"][1][0]
    return kind
