"""Random use of an index against the model, shrunk before it is shown."""

from __future__ import annotations

from random import Random

from workbook.graders.wildcard_names import every_name, every_pattern
from workbook.graders.wildcard_oracle import matches
from workbook.graders.wildcard_scene import Op, Scene, expect_shrunk
from workbook.grading.check import Bench

CASES = 80
PATTERNS = every_pattern("ab", 3)
# With several faults each: what finds only some of them is the matter of other checks.
INVALID = (">..a* .b", ".\t*b.>.", "a*. .>..>")
TOPICS = every_name("ab", 3)
BAD_TOPICS = ("a..>b.* ", ".*. >", "*. a..>")
VALUES = ("none", "zero", "list:1", "list:2", "equal:1", "equal:2", "hostile:1", "plain:1", "plain:2")


def case(rng: Random) -> list[Op]:
    """At most 50 operations over a few patterns, so that pairs meet again."""
    scene = Scene()
    topics = rng.sample(TOPICS, 3)
    covering = [pattern for pattern in PATTERNS if any(matches(topic, pattern) for topic in topics)]
    chosen = rng.sample(covering, rng.randrange(2, 7)) + rng.sample(PATTERNS, 2)
    values = rng.sample(VALUES, rng.randrange(1, 5))
    for _ in range(rng.randrange(6, 50)):
        pattern = rng.choice(chosen) if rng.random() < 0.97 else rng.choice(INVALID)
        match rng.choice(("add", "add", "remove", "match", "match", "match", "len")):
            case "add":
                scene.add(pattern, rng.choice(values))
            case "remove":
                scene.remove(pattern, rng.choice(values))
            case "match":
                scene.match(rng.choice(topics) if rng.random() < 0.97 else rng.choice(BAD_TOPICS))
            case "len":
                scene.length()
    scene.length()
    scene.match(*topics)
    return scene.ops


def expect_random(bench: Bench) -> None:
    """Play many random cases. Raises Broken with the shortest one found that breaks a rule."""
    expect_shrunk(bench, [case(bench.rng) for _ in range(CASES)])
