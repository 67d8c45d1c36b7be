"""Wildcard, stage 4: scale. Work is counted (calls and lines of Python, bytes at the peak), never timed.

What this cannot see is work that C code does without Python lines and without memory, such as one regular
expression that runs over the text of all patterns.
"""

from __future__ import annotations

import statistics
from typing import Any

from workbook.graders.wildcard_names import LONG, Names, every_pattern
from workbook.graders.wildcard_oracle import matches
from workbook.graders.wildcard_scene import Op, Scene, judge, name_text, play, raised_text
from workbook.grading.check import Bench, Broken, Check, Record, collector
from workbook.grading.ending import quote
from workbook.grading.verdict import Status, Verdict

CHECKS: list[Check] = []
check = collector(CHECKS, 4)

RATIO = 4.0  # a thousand times the patterns: a binary search takes two to three times the steps, and may
STEPS = 60  # on top: what a small measurement may vary by
BYTES = 8192
SLACK = 50  # objects that something made once, at the first use, may hold
MOST = 300_000  # steps after which nobody needs to count on


def _families(word: str, rng: Any) -> list[str]:
    """Templates of patterns whose first token is never `word`: like and unlike each other, long and short."""
    shared = ".".join(f"s{rng.randrange(100)}" for _ in range(3))
    return [
        "%d.created.done",
        f"a%d.{word}.created",
        f"{word}%d.*.created",
        f"{word[:-1]}.%d.created",
        f"{word}x.%d.>",
        f"{shared}.%d",
        f"{shared}.*.%d.>",
        f"{shared}.%d.*.{word}",
        "z.*.%d",
        "b%d.>",
        f"{word.upper()}.*.%d.created",
        f"c%d.{'x.' * 5}{word}",
        f"q.{word}.%d",
    ]


def _own(word: str) -> list[str]:
    """A few patterns that do concern the topics."""
    return [f"{word}.*.created.*", f"{word}.>", f"{word}.a.b.c", f"{word}.*.shipped.*"]


def _index(word: str) -> list[Op]:
    scene = Scene()
    for pattern in _own(word):
        scene.add(pattern, f"n:{pattern}")
    return scene.ops


def _fill(templates: list[str], begin: int, end: int) -> Op:
    return {"op": "fill", "templates": templates, "from": begin, "to": end}


def _topics(names: Names, word: str, count: int) -> list[str]:
    return [f"{word}.{names.token()}.created.{names.token()}" for _ in range(count)]


def _value(bench: Bench, record: Record | None, what: str) -> Any:
    """What an operation yielded. Raises Broken when it raised, or never came about."""
    if record is None:
        raise Broken(Verdict(Status.FAILED, f"{what} does not come about."))
    if record["k"] == "raised":
        place = quote(bench.source, record["line"], bench.file_name)
        raise Broken(Verdict(Status.FAILED, f"{what} {raised_text(record)}.", "no error", place))
    return record["v"]


def _costs(bench: Bench, ops: list[Op]) -> list[tuple[float, float]]:
    """Median steps and bytes of every `work` among the operations, whose answers have to be right.

    Ends with (MOST, 0) where a match took more steps than anybody needs to count.
    """
    [seen] = play(bench, ops)
    patterns = [op["p"] for op in ops if op["op"] == "add"]
    costs = []
    for number, op in enumerate(ops):
        value = _value(bench, seen.get(number), f"`{op['op']}`")
        if op["op"] != "work":
            continue
        for topic, (steps, _, found) in zip(op["topics"], value, strict=False):
            want = sum(matches(topic, pattern) for pattern in patterns)
            if found != want and steps < MOST:
                message = f"`match({name_text(topic)})` finds {found} values among many patterns."
                raise Broken(Verdict(Status.FAILED, message, f"{want} values", f"{found} values"))
        steps, memory = (statistics.median(row[at] for row in value) for at in (0, 1))
        costs.append((steps, memory))
        if max(row[0] for row in value) >= MOST:
            return [*costs[:-1], (MOST, 0)]  # counting stopped there
    return costs


def _expect_flat(costs: list[tuple[float, float]], sizes: list[int], told: str) -> None:
    """The work stays where it was at the first size. Raises Broken."""
    history = tuple(
        f"{size:>9,} others   {_steps(cost[0]):>17} steps   {int(cost[1]):>9,} bytes"
        for size, cost in zip(sizes, costs, strict=False)
    )
    limit = f"about the same as with {sizes[0]:,} (at most {RATIO:g} times as much)"
    steps, memory = costs[0]
    for size, (many_steps, many_memory) in zip(sizes, costs, strict=False):
        if many_steps > RATIO * steps + STEPS or many_steps >= MOST:
            times = f"{many_steps / steps:,.0f} times the steps" if steps < MOST else f"{_steps(MOST)} steps"
            message = f"With {size:,} {told}, a match takes {times}."
            raise Broken(Verdict(Status.FAILED, message, limit, f"{_steps(many_steps)} steps", history))
        if many_memory > RATIO * max(memory, 0) + BYTES:
            message = f"With {size:,} {told}, a match needs {int(many_memory):,} bytes while it runs."
            likely = "Something as large as the index is copied, sorted or put together for every match."
            seen = f"{int(many_memory):,} bytes"
            raise Broken(Verdict(Status.FAILED, message, limit, seen, history, likely))


def _steps(number: float) -> str:
    return f"{int(number):,}" if number < MOST else f"more than {MOST:,}"


@check(
    rule="Patterns that have no beginning in common with a topic cost its match nothing, be it 100 or 100,000.",
    why="A broker has many subscriptions, and a message concerns few of them.",
    likely="All patterns are looked at, or all of the same length; walk the tokens of the topic instead.",
    notebook="q05_topic",
    limit=20.0,
)
def other_prefixes_cost_nothing(bench: Bench) -> None:
    names = Names(bench.rng)
    word = names.token()
    templates = _families(word, bench.rng)
    for sizes in ([100, 1_400], [100, 100_000]):
        ops = _index(word)
        for begin, end in zip([0, *sizes], sizes, strict=False):
            topics = _topics(names, word, 5)
            ops += [
                _fill(templates, begin, end),
                {"op": "work", "topics": topics, "warm": True, "most": MOST},
            ]
        _expect_flat(_costs(bench, ops), sizes, "other patterns")


@check(
    rule="A longer topic costs in proportion: twice the tokens at most about four times the work.",
    why="Topics come from outside. What grows exponentially with them is a way to stop the broker.",
    likely="Every combination of tokens and `*` is tried.",
    notebook="q05_topic",
    limit=8.0,
)
def cost_grows_only_with_the_topic(bench: Bench) -> None:
    names = Names(bench.rng)
    word = names.token()
    scene, lengths = Scene(), [4, 8, 16, 32, 64, 128]
    for pattern in [*every_pattern([word], 4), ".".join([word] * 200), ".".join(["*"] * 90 + [">"])]:
        scene.add(pattern, f"n:{pattern}")
    ops = [*scene.ops, _fill(_families(word, bench.rng), 0, 100)]
    for length in lengths:
        topics = [".".join([word] * (length - 1) + [names.token()]) for _ in range(2)]
        ops.append({"op": "work", "topics": topics, "again": "x", "most": MOST})
    costs = _costs(bench, ops)
    history = [
        f"{size:>6} tokens   {_steps(cost[0]):>17} steps" for size, cost in zip(lengths, costs, strict=False)
    ]
    for number in range(1, len(costs)):
        before, after = costs[number - 1][0], costs[number][0]
        if after > RATIO * before + STEPS or after >= MOST:
            message = f"A match with {lengths[number]} tokens takes {_steps(after)} steps, "
            message += f"one with {lengths[number - 1]} tokens {_steps(before)}."
            limit = f"at most {RATIO:g} times as many steps"
            told = tuple(history[: number + 1])
            raise Broken(Verdict(Status.FAILED, message, limit, f"{after / before:,.1f} times as many", told))


@check(
    rule="Topics that were never asked for before are no dearer than others: remembering answers does not help.",
    why="Topics hold ids, so most of them come once. A cache in front of a scan is a scan.",
    likely="A cache of answers hides a look at every pattern.",
    notebook="q05_topic",
    limit=8.0,
)
def fresh_topics_are_no_cheaper(bench: Bench) -> None:
    names = Names(bench.rng)
    word = names.token()
    templates = _families(word, bench.rng)
    groups = [templates[:4], templates[4:9], templates[9:], templates]
    for group in groups:
        ops, sizes = _index(word), [100, 1_000, 8_000]
        for begin, end in zip([0, *sizes], sizes, strict=False):
            topics = _topics(names, word, 5)
            ops += [_fill(group, begin, end), {"op": "work", "topics": topics, "again": "x", "most": MOST}]
        _expect_flat(_costs(bench, ops), sizes, "other patterns and a topic that is new")


def _expect_no_more(bench: Bench, ops: list[Op], told: str, steps: tuple[str, ...]) -> None:
    """The last count is no higher than the first. Raises Broken."""
    [seen] = play(bench, ops)
    counts = []
    for number, op in enumerate(ops):
        value = _value(bench, seen.get(number), f"`{op['op']}`")
        if op["op"] == "count":
            counts.append(value)
        if op["op"] == "len" and value != op["want"]:
            raise Broken(
                Verdict(Status.FAILED, f"`len(index)` is wrong {told}.", str(op["want"]), str(value))
            )
        if op["op"] == "add_all" and set(value) != {"V"}:
            name = op["names"][next(at for at, letter in enumerate(value) if letter != "V")]
            raise Broken(Verdict(Status.FAILED, f"`add({name_text(name)}, value)` raises no ValueError."))
    if counts[-1] > counts[0] + SLACK:
        raise Broken(
            Verdict(
                Status.FAILED,
                f"{counts[-1] - counts[0]:,} objects stay behind {told}.",
                expected=f"{counts[0]:,} objects reachable from index, class and module",
                seen=f"{counts[-1]:,} objects",
                history=steps,
            )
        )


@check(
    rule="An index from which everything was removed is as small as a new one, what it remembered included.",
    why="Subscribers come and go for months; what they leave behind is a leak with a long fuse.",
    likely="Empty nodes, empty lists for patterns, or cached answers stay after the last removal.",
    notebook="q09_unsubscribe",
    limit=6.0,
)
def removing_everything_leaves_nothing(bench: Bench) -> None:
    names = Names(bench.rng)
    word = names.token()
    families = _families(word, bench.rng)
    for number, templates in enumerate(
        [families[0::2], families[1::2], [f"{word}.*", "*.>", ">", "*", word]]
    ):
        many = 300
        ops: list[Op] = [{"op": "new"}, {"op": "count"}, _fill(templates, 0, many)]
        ops += [{"op": "match", "t": topic} for topic in _topics(names, word, 40)]
        ops += [{"op": "match", "t": f"{at}.created.done"} for at in range(60)]
        ops += [_fill(templates, 0, 50), {"op": "len", "want": many + 50}]
        ops += [{**_fill(templates, 0, 50), "op": "empty", "step": 3}]
        ops += [{**_fill(templates, 0, many), "op": "empty", "step": 1 + number % 5}]
        ops += [{"op": "len", "want": 0}, {"op": "count"}]
        steps = (
            f"add       {many} pairs, such as {name_text(templates[0].replace('%d', '7'))}",
            "match     100 topics",
            "remove    all of it",
        )
        _expect_no_more(bench, ops, "after everything was removed", steps)


@check(
    rule="An add that raises leaves nothing behind.",
    why="Whoever sends nonsense in a loop must not be able to fill the memory with it.",
    likely="The pattern is stored, or its nodes are made, before all of it was looked at.",
    notebook="q05_topic",
    limit=6.0,
)
def a_refused_add_leaves_nothing(bench: Bench) -> None:
    names = Names(bench.rng)
    word = names.token()
    bad = []
    for number in range(60):
        one, two = names.token(), names.token()
        bad += [
            f"{one}.{two}..{number}",
            f"{one}.{two}.{number}.",
            f"{word}.{one}.>.{two}",
            f"{one}.{two}.a*",
        ]
        bad += [f"{one}.{two} {number}", f".{one}.{two}", f"{word}.a.{one}.{two}.>x"]
    ops = [
        *_index(word),
        {"op": "count"},
        {"op": "add_all", "names": bad},
        {"op": "len", "want": 4},
        {"op": "count"},
    ]
    _expect_no_more(
        bench, ops, f"after {len(bad)} adds that were refused", (f"add       {name_text(bad[0])}, ...",)
    )


@check(
    rule="Patterns of 10,000 tokens are added, matched and removed without a RecursionError.",
    why="A recursion as deep as the input is a crash that waits for somebody to send it.",
    likely="Walking or pruning the tree calls itself for every token.",
    notebook="q05_topic",
    limit=20.0,
)
def deep_patterns_are_no_trouble(bench: Bench) -> None:
    word = Names(bench.rng).token()
    literal, stars = ".".join([word] * LONG), ".".join(["*"] * LONG)
    tail, other = f"{literal}.>", ".".join([word] * (LONG - 1)) + ".other"
    mixed = ".".join([word, "*"] * (LONG // 2))
    patterns = [literal, stars, tail, other, mixed, ">", f"{word}.*"]
    scene = Scene()
    for number, pattern in enumerate(patterns):
        scene.add(pattern, f"n:{number}")
    scene.match(literal, f"{literal}.{word}", other, word)
    for number, pattern in enumerate(patterns):
        scene.remove(pattern, f"n:{number}")
        scene.length()
    scene.match(literal)
    again = [{"op": "add", "p": pattern, "v": "n:1"} for pattern in (literal, stars)]
    [seen] = play(bench, [*scene.ops, *again, {"op": "forget"}])
    judge(bench, scene.ops, seen)
    _value(bench, seen.get(len(scene.ops) + 2), "Letting go of an index that holds long patterns")
