"""Wildcard, stage 3: the index."""

from __future__ import annotations

from workbook.graders.wildcard_names import Names, every_name, every_pattern
from workbook.graders.wildcard_oracle import matches
from workbook.graders.wildcard_random import expect_random
from workbook.graders.wildcard_scene import Op, Scene, expect, expect_shrunk, first_broken
from workbook.grading.check import Bench, Check, collector

CHECKS: list[Check] = []
check = collector(CHECKS, 3)


@check(
    rule="match() finds the values of all patterns that cover the topic, and no others: what matches() says, for many.",
    why="An index is an optimisation. It may not have an opinion of its own.",
    likely="One branch hides another: a literal hides `*`, or `>` is looked for at the end only.",
    notebook="q05_topic",
    limit=6.0,
)
def index_agrees_with_matches(bench: Bench) -> None:
    patterns, topics = every_pattern("ab", 4), every_name("ab", 4)
    bench.rng.shuffle(patterns)
    scene = Scene()
    for pattern in patterns:
        scene.add(pattern, pattern)
    scene.match(*topics)
    scene.length()
    found = first_broken(bench, [scene.ops])
    if found is None:
        return
    if found[1].verdict.message.startswith("Still to do"):
        raise found[1]
    # The same in small: every pattern alone, then every two of them that cover a topic.
    expect_shrunk(bench, [_few([pattern], topics[:14]) for pattern in every_pattern("ab", 3)])
    for topic in topics:
        covering = [pattern for pattern in every_pattern("ab", 3) if matches(topic, pattern)]
        pairs = [[one, two] for one in covering for two in covering if one != two]
        expect_shrunk(bench, [_few(pair, [topic]) for pair in pairs])
    raise found[1]


def _few(patterns: list[str], topics: list[str]) -> list[Op]:
    scene = Scene()
    for pattern in patterns:
        scene.add(pattern, pattern)
    scene.match(*topics)
    return scene.ops


@check(
    rule="Every pair that was added counts: the same value under several patterns, and the same pair several times.",
    why="Two subscriptions are two subscriptions, also when they look alike; whoever merges them loses messages.",
    likely="Pairs are kept in a set or a dict, or the results are made unique.",
    notebook="q05_topic",
)
def pairs_are_counted(bench: Bench) -> None:
    word, scene = Names(bench.rng).token(), Scene()
    topic = f"{word}.a"
    scene.length()
    for count, pattern in enumerate([topic, f"{word}.*", f"{word}.>", ">", "*.a", "*.*"]):
        scene.add(pattern, "plain:1")
        scene.add(pattern, *["plain:2"] * count)
        scene.length()
        scene.match(topic)
    scene.add(topic, "plain:1", "plain:1")
    scene.length()
    scene.match(topic, f"{word}.b", "b.a", f"{word}.a.a")
    expect(bench, scene)


@check(
    rule="remove() takes away one pair that was added with this pattern and this value, and leaves all others.",
    why="Unsubscribing one must never unsubscribe its neighbours.",
    likely="All pairs of the pattern go, or pruning takes nodes that others still need.",
    notebook="q09_unsubscribe",
)
def remove_takes_one_pair_away(bench: Bench) -> None:
    word = Names(bench.rng).token()
    chosen = [
        f"{word}.a",
        f"{word}.a.b",
        f"{word}.*",
        f"{word}.>",
        word,
        "*",
        ">",
        "*.a",
        f"{word}.*.b",
        "*.>",
    ]
    topics = [word, f"{word}.a", f"{word}.b", f"{word}.a.b", "b.a", "b.b.b"]
    scenes = []
    for first in chosen:
        scene = Scene()
        for pattern in chosen:
            scene.add(pattern, f"n:{pattern}")
        scene.add(first, "plain", f"n:{first}")
        for _ in range(2):
            scene.remove(first, f"n:{first}")
            scene.length()
            scene.match(*topics)
        scene.remove(first, "plain")
        scene.match(*topics)
        scene.add(first, "plain")
        scene.match(*topics)
        scenes.append(scene.ops)
    for one in chosen:
        for two in chosen:
            if one != two:
                scene = Scene()
                scene.add(one, "plain:1")
                scene.add(two, "plain:2")
                scene.remove(one, "plain:1")
                scene.match(*topics)
                scene.length()
                scenes.append(scene.ops)
    expect_shrunk(bench, scenes)


@check(
    rule="Removing a pair that is not there is a KeyError, also when its pattern is invalid, and changes nothing.",
    why="A removal that silently does nothing hides that the caller and the index disagree.",
    likely="Nobody looks whether the value was found, or an invalid pattern is refused with another error.",
    notebook="q09_unsubscribe",
)
def removing_an_absent_pair_is_a_key_error(bench: Bench) -> None:
    word = Names(bench.rng).token()
    held = [f"{word}.a.b", f"{word}.*", f"{word}.>", "*.a"]
    absent = [
        word,
        f"{word}.a",
        f"{word}.a.b.c",
        f"{word}.a.*",
        f"{word}.b",
        "*",
        ">",
        "*.b",
        f"{word}.*.>",
        "b",
        "*.a.>",
    ]
    invalid = [
        "",
        ".",
        f"{word}.",
        f".{word}",
        f"{word}..a",
        f"{word} .a",
        f"{word}*",
        f"{word}.>.b",
        ">.a",
        ">>",
    ]
    scenes = []
    for pattern in [*held, *absent, *invalid]:
        scene = Scene()
        scene.remove(pattern, "plain:1")
        for one in held:
            scene.add(one, "plain:1")
        scene.remove(pattern, "plain:2")
        if pattern in held:
            scene.remove(pattern, "plain:1")
        scene.remove(pattern, "plain:1")
        scene.length()
        scene.match(f"{word}.a.b", f"{word}.a", "b.a", f"{word}.b")
        scenes.append(scene.ops)
    expect_shrunk(bench, scenes)


@check(
    rule="Values are compared by identity only: they may be equal, unhashable, false, or raise when compared.",
    why="A value is usually a handler or a connection; what its __eq__ does is no business of an index.",
    likely="`value in list`, list.remove, a dict or a set compare or hash the values; `if value` tests them for truth.",
    notebook="q05_topic",
)
def values_are_compared_by_identity(bench: Bench) -> None:
    word = Names(bench.rng).token()
    kinds = ["none", "zero", "false", "float", "one", "true", "text", "words", "list", "dict", "tuple", "nan"]
    kinds += ["equal", "class", "ellipsis", "missing", "error", "hostile", "plain"]
    scenes = []
    for kind in kinds:
        scene = Scene()
        scene.add(f"{word}.*", f"{kind}:1")
        scene.match(f"{word}.a")
        scene.length()
        scene.add(f"{word}.*", f"{kind}:1")
        scene.remove(f"{word}.*", f"{kind}:1")
        scene.match(f"{word}.a")
        scene.remove(f"{word}.*", f"{kind}:1")
        scene.remove(f"{word}.*", f"{kind}:1")
        scene.match(f"{word}.a")
        scenes.append(scene.ops)
    for kind in ("list", "dict", "tuple", "nan", "equal", "hostile", "error", "words"):
        scene = Scene()
        scene.add(f"{word}.>", *(f"{kind}:{number}" for number in range(3)))
        scene.remove(f"{word}.>", f"{kind}:3")
        scene.remove(f"{word}.>", f"{kind}:1")
        scene.match(f"{word}.a")
        scene.remove(f"{word}.>", f"{kind}:1")
        scene.add(f"{word}.>", f"{kind}:4", f"{kind}:1")
        scene.remove(f"{word}.>", f"{kind}:0")
        scene.match(f"{word}.a")
        scene.length()
        scenes.append(scene.ops)
    scene = Scene()
    scene.add(word, *kinds)
    for kind in ("false", "one", "float", "text"):
        scene.remove(word, kind)
        scene.match(word)
    scenes.append(scene.ops)
    expect_shrunk(bench, scenes)


@check(
    rule="add() refuses an invalid pattern, match() an invalid topic: a ValueError, and nothing has changed.",
    why="A pattern that can never match should fail where it is written, not be silent for ever.",
    likely="The names are not validated by the index, or only after something was stored.",
    notebook="q05_topic",
)
def invalid_names_are_refused_by_the_index(bench: Bench) -> None:
    word = Names(bench.rng).token()
    patterns = [
        "",
        ".",
        f"{word}.",
        f".{word}",
        f"{word}..a",
        f"{word} .a",
        f"{word}\u00a0",
        f"{word}*",
        f"a.>{word}",
    ]
    patterns += [">.a", f"{word}.>.b", ">>", "\t", "a.\n"]
    topics = [
        "",
        ".",
        f"{word}.",
        f".{word}",
        f"{word}..a",
        f"{word} ",
        "*",
        f"{word}.>",
        f"{word}.a*",
        ">",
        "a.\u2003",
    ]
    scenes = []
    for held in ((), (f"{word}.a", "*.a"), (">", f"{word}.>")):
        for pattern in patterns:
            scene = Scene()
            for one in held:
                scene.add(one, f"n:{one}")
            scene.add(pattern, "plain")
            scene.length()
            scene.match(f"{word}.a", word)
            scenes.append(scene.ops)
        for topic in topics:
            scene = Scene()
            for one in held:
                scene.add(one, f"n:{one}")
            scene.match(topic)
            scene.length()
            scenes.append(scene.ops)
    expect_shrunk(bench, scenes)


@check(
    rule="match() returns a list that is the caller's: changing it changes no index, and the next match is right.",
    why="A caller that sorts or empties its result must not unsubscribe anybody.",
    likely="The list that is stored for a pattern, or a cached one, is handed out itself; or it is no list at all.",
    notebook="q05_topic",
)
def match_returns_a_fresh_list(bench: Bench) -> None:
    word = Names(bench.rng).token()
    scenes = []
    for held in (
        (f"{word}.a",),
        (f"{word}.*",),
        (">",),
        (),
        (f"{word}.a", "*.*", ">"),
        (f"{word}.>", f"{word}.a"),
    ):
        scene = Scene()
        for pattern in held:
            scene.add(pattern, f"n:{pattern}")
        for topic in (f"{word}.a", f"{word}.a", "b", f"{word}.b", "b"):
            scene.match(topic, spoil=True)
        scene.length()
        scene.match(f"{word}.a", "b")
        for pattern in held:
            scene.remove(pattern, f"n:{pattern}")
        scene.match(f"{word}.a", spoil=True)
        scene.match(f"{word}.a", "b", f"{word}.b")
        scenes.append(scene)
    expect(bench, *scenes)


@check(
    rule="Two indexes share nothing.",
    why="State in the class is state of everybody.",
    likely="The pairs are kept in a class attribute, in a mutable default argument, or in the module.",
    notebook="q05_topic",
)
def indexes_share_nothing(bench: Bench) -> None:
    word, scene = Names(bench.rng).token(), Scene()
    scene.op("new", x="other")
    scene.add(f"{word}.*", "plain:1")
    scene.length(x="other")
    scene.match(f"{word}.a", x="other")
    scene.add(f"{word}.>", "plain:2", x="other")
    scene.remove(f"{word}.*", "plain:1", x="other")
    scene.match(f"{word}.a")
    scene.match(f"{word}.a", x="other")
    scene.length()
    scene.op("new", x="third")
    scene.length(x="third")
    scene.match(f"{word}.a", x="third")
    scene.remove(f"{word}.>", "plain:2", x="other")
    for index in ("index", "other", "third"):
        scene.match(f"{word}.a", x=index)
        scene.length(x=index)
    expect(bench, scene)


@check(
    rule="Whatever is added and removed in whatever order, the index agrees with a list of pairs.",
    why="Most faults of an index need a history: added twice, removed in between, asked before and after.",
    likely="A count, a cache or a pruned branch is not brought up to date.",
    notebook="q05_topic",
    limit=6.0,
)
def random_operations_agree_with_the_model(bench: Bench) -> None:
    expect_random(bench)
