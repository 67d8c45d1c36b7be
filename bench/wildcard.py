"""The topic index of solutions/wildcard.py against its rivals: add, match and remove, time and memory.

    python bench/wildcard.py            100, 10,000 and 100,000 patterns (two or three minutes)
    python bench/wildcard.py 100 1000   other numbers

Rivals: a linear scan with `matches`, fnmatch, compiled regular expressions, and the trie of paho-mqtt
(pip install -e '.[bench]'), which has `/`, `+` and `#` for our `.`, `*` and `>`. All of them get the same
patterns and the same topics, each topic once. They take turns in short rounds, so that whatever else the
machine does hits all alike; what is printed are medians, and ratios within one round. Times are processor time.
"""

from __future__ import annotations

import fnmatch
import gc
import importlib.util
import re
import statistics
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from time import process_time
from types import ModuleType
from typing import Any, Protocol

from paho.mqtt.matcher import MQTTMatcher

NUMBERS = (100, 10_000, 100_000)
ROUNDS = 21
LENGTHS = (2, 4, 8, 16, 32)


def solution() -> ModuleType:
    path = Path(__file__).parents[1] / "solutions" / "wildcard.py"
    spec = importlib.util.spec_from_file_location("wildcard_solution", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


WILDCARD = solution()


class Rival(Protocol):
    def add(self, pattern: str, value: int) -> None: ...
    def remove(self, pattern: str, value: int) -> None: ...
    def match(self, topic: str) -> list[int]: ...


class Trie:
    """The reference solution."""

    name, topics = "solution (trie)", 100

    def __init__(self) -> None:
        self.index: Any = WILDCARD.TopicIndex()
        self.add, self.remove, self.match = self.index.add, self.index.remove, self.index.match


class Paho:
    """One value a pattern, no validation, and the topics as MQTT writes them."""

    name, topics = "paho MQTTMatcher", 100

    def __init__(self) -> None:
        self.matcher: Any = MQTTMatcher()

    def add(self, pattern: str, value: int) -> None:
        self.matcher[pattern] = value

    def remove(self, pattern: str, value: int) -> None:
        del self.matcher[pattern]

    def match(self, topic: str) -> list[int]:
        return list(self.matcher.iter_match(topic))


class Linear:
    """A dict of patterns, each asked with `matches`."""

    name, topics = "linear scan", 1

    def __init__(self) -> None:
        self.pairs: dict[str, int] = {}

    def add(self, pattern: str, value: int) -> None:
        self.pairs[pattern] = value

    def remove(self, pattern: str, value: int) -> None:
        del self.pairs[pattern]

    def match(self, topic: str) -> list[int]:
        matches = WILDCARD.matches
        return [value for pattern, value in self.pairs.items() if matches(topic, pattern)]


class Fnmatch(Linear):
    """As quick as it is wrong: its `*` crosses dots, and `>` is a letter to it."""

    name, topics = "fnmatch (wrong)", 1

    def match(self, topic: str) -> list[int]:
        fits = fnmatch.fnmatchcase
        return [value for pattern, value in self.pairs.items() if fits(topic, pattern)]


class Regex:
    """One compiled expression a pattern."""

    name, topics = "compiled regex", 1

    def __init__(self) -> None:
        self.pairs: dict[str, tuple[re.Pattern[str], int]] = {}

    def add(self, pattern: str, value: int) -> None:
        parts = {"*": r"[^.]+", ">": r".+"}
        text = r"\.".join(parts.get(token) or re.escape(token) for token in pattern.split("."))
        self.pairs[pattern] = re.compile(text, re.DOTALL), value

    def remove(self, pattern: str, value: int) -> None:
        del self.pairs[pattern]

    def match(self, topic: str) -> list[int]:
        return [value for expression, value in self.pairs.values() if expression.fullmatch(topic)]


RIVALS: tuple[Any, ...] = (Trie, Paho, Linear, Fnmatch, Regex)


def patterns(number: int, rng: Random) -> list[str]:
    """Orders and users by region, id and event: one in ten for all regions, one in ten for all events."""
    made = []
    for identifier in range(number):
        region = "*" if rng.random() < 0.1 else rng.choice(("eu", "us", "apac"))
        event = ">" if rng.random() < 0.1 else rng.choice(("created", "shipped", "paid"))
        made.append(f"{rng.choice(('orders', 'users'))}.{region}.{identifier}.{event}")
    rng.shuffle(made)
    return made


def topics(number: int, rng: Random) -> Iterator[str]:
    """Topics without end, each for the id of some pattern, every second one of another kind than it wants."""
    while True:
        kind, region = rng.choice(("orders", "users")), rng.choice(("eu", "us", "apac"))
        yield f"{kind}.{region}.{rng.randrange(number)}.{rng.choice(('created', 'shipped', 'paid'))}"


def pairs_for(rival: type, names: list[str], values: list[int]) -> list[tuple[str, int]]:
    """The values are the same objects at every call: the index tells them apart by identity."""
    return [(translated(name, rival), value) for name, value in zip(names, values, strict=True)]


def translated(name: str, rival: type) -> str:
    return name.translate(str.maketrans(".*>", "/+#")) if rival is Paho else name


def timed(call: Callable[..., object], arguments: list[Any]) -> float:
    """Seconds of processor time for each call."""
    begin = process_time()
    for argument in arguments:
        call(*argument)
    return (process_time() - begin) / len(arguments)


def memory(rival: Any, names: list[str]) -> float:
    """Bytes for each pattern, the strings themselves and the values apart; of 10,000 at most, for it is slow."""
    names = names[:10_000]
    pairs = pairs_for(rival, names, list(range(len(names))))
    re.purge()
    gc.collect()
    tracemalloc.start()
    held = rival()
    for name, value in pairs:
        held.add(name, value)
    gc.collect()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return size / len(pairs)


def compare(number: int) -> None:
    rng = Random(number)
    names, values = patterns(number, rng), list(range(number))
    held = {rival: rival() for rival in RIVALS}
    added, removed = {}, {}
    for rival in RIVALS:
        re.purge()
        pairs = pairs_for(rival, names, values)
        added[rival] = timed(held[rival].add, pairs)
    stream = topics(number, rng)
    for _ in range(3):
        topic = next(stream)
        right = sorted(held[Linear].match(topic))
        assert right == sorted(held[Trie].match(topic)) == sorted(held[Regex].match(topic))
        assert right == sorted(held[Paho].match(translated(topic, Paho)))
    rounds: dict[Any, list[float]] = {rival: [] for rival in RIVALS}
    for turn in range(ROUNDS):
        for rival in RIVALS:
            if turn >= 5 and rival.topics < 100 and number > 10_000:
                continue  # a scan of so many is known by then
            asked = [(translated(next(stream), rival),) for _ in range(rival.topics)]
            rounds[rival].append(timed(held[rival].match, asked))
    for rival in RIVALS:
        pairs = pairs_for(rival, names, values)
        rng.shuffle(pairs)
        removed[rival] = timed(held[rival].remove, pairs)
    print(f"\n{number:,} patterns\n")
    print(
        "| | add, us | match, us | matches a second | solution is faster by | remove, us | bytes a pattern |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|")
    for rival in RIVALS:
        each = statistics.median(rounds[rival])
        ratio = statistics.median(
            theirs / ours for theirs, ours in zip(rounds[rival], rounds[Trie], strict=False)
        )
        print(
            f"| {rival.name} | {added[rival] * 1e6:.1f} | {each * 1e6:.1f} | {1 / each:,.0f} | "
            f"{'' if rival is Trie else f'{ratio:,.1f}'} | {removed[rival] * 1e6:.1f} | {memory(rival, names):,.0f} |"
        )


def growth(numbers: list[int]) -> None:
    """Match time by number of patterns and length of the topic."""
    print("\nSolution, us a match, by tokens of the topic\n")
    print("| patterns | " + " | ".join(f"{length} tokens" for length in LENGTHS) + " |")
    print("|---:|" + "---:|" * len(LENGTHS))
    held = {}
    for number in numbers:
        held[number] = Trie()
        for value in range(number):
            held[number].add(".".join(f"t{value >> 4 * step & 15}" for step in range(5)) + f".{value}", value)
        held[number].add(".".join("c" * 16) + ".>", -1)
    rounds: dict[tuple[int, int], list[float]] = {}
    for turn in range(ROUNDS):
        for number in numbers:
            for length in LENGTHS:
                asked = [
                    (".".join([*"c" * (length - 1), f"x{turn}.{n}"[:9].replace(".", "-")]),)
                    for n in range(100)
                ]
                rounds.setdefault((number, length), []).append(timed(held[number].match, asked))
    for number in numbers:
        cells = " | ".join(f"{statistics.median(rounds[number, length]) * 1e6:.1f}" for length in LENGTHS)
        print(f"| {number:,} | {cells} |")


if __name__ == "__main__":
    chosen = [int(word) for word in sys.argv[1:]] or list(NUMBERS)
    for chosen_number in chosen:
        compare(chosen_number)
    growth(chosen)
