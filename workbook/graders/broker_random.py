"""Random traffic against the model, shrunk before it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from workbook.graders.broker_scene import Names, Scene, judge, play
from workbook.grading.check import Bench, Broken

SCENES = 90
SHRINKING_ROUNDS = 14

Step = tuple[str, str, int]  # what, subscription, count


@dataclass
class Traffic:
    """A sequence of steps that can be made shorter: every step stands for itself, those without effect fall out."""

    buffer: int
    topics: tuple[str, ...]
    messages: tuple[str, ...]
    steps: tuple[Step, ...] = field(default=())
    policies: tuple[Any, ...] = (None,)

    def scene(self) -> Scene:
        """Steps -> operations. Reads ask for no more than waits, so that nothing blocks."""
        scene, names = Scene(buffer=self.buffer), iter(self.messages)
        waiting: dict[str, int] = {}
        topic_of: dict[str, str] = {}
        left: set[str] = set()
        for what, sub, count in self.steps:
            if what == "join" and sub not in topic_of:
                topic_of[sub] = self.topics[count % len(self.topics)]
                waiting[sub] = 0
                policy = self.policies[(len(topic_of) + count) % len(self.policies)]
                scene.join(sub, topic_of[sub], policy)
            elif what == "publish":
                topic = self.topics[count % len(self.topics)]
                scene.publish(topic, next(names))
                for name, own in topic_of.items():
                    if own == topic and name not in left:
                        waiting[name] = min(waiting[name] + 1, self.buffer)
            elif what == "read" and waiting.get(sub, 0):
                number = 1 + count % waiting[sub]
                waiting[sub] -= number
                scene.read(sub, number)
            elif what == "dropped" and sub in topic_of:
                scene.dropped(sub)
            elif what == "leave" and sub in topic_of and sub not in left:
                left.add(sub)
                scene.leave(sub)
            elif what == "drain" and sub in left:
                waiting[sub] = 0
                scene.drain(sub)
        for sub in topic_of:
            scene.dropped(sub)
            if sub not in left:
                scene.leave(sub)
            scene.drain(sub)
        return scene

    def shorter(self) -> Iterator[Traffic]:
        """All versions with a run of steps left out, longest runs first."""
        size = len(self.steps)
        run = size // 2
        while run:
            for start in range(0, size, run):
                steps = self.steps[:start] + self.steps[start + run :]
                yield replace(self, steps=steps)
            run //= 2


def traffic(rng: Random, leaving: bool, policies: bool) -> Traffic:
    """One random traffic of at most 60 steps over at most six subscriptions and two topics."""
    names = Names(rng)
    kinds = ["join", "publish", "publish", "publish", "read", "read", "dropped"]
    kinds += ["join", "join", "leave", "leave", "drain"] if leaving else []
    subs = ["a", "b", "c", "d", "e", "f"][: rng.randrange(1, 7)]
    steps: list[Step] = [("join", "a", 0)]
    steps += [(rng.choice(kinds), rng.choice(subs), rng.randrange(6)) for _ in range(rng.randrange(8, 60))]
    main, other = names.topic(), names.topic()
    topics = (main, main, main, main, main, other)  # most steps meet on one topic
    buffer = rng.choice((1, 1, 2, 3, 4, 20))
    chosen = (None, ["Disconnect", 1], "Drop", ["Disconnect", 3]) if policies else (None,)
    return Traffic(buffer, topics, tuple(names.messages(60)), tuple(steps), chosen)


def expect_random(bench: Bench, *, leaving: bool, policies: bool = False) -> None:
    """Play many random traffics; raise Broken with the shortest one found that breaks a rule."""
    cases = [traffic(bench.rng, leaving, policies) for _ in range(SCENES)]
    broken = first_broken(bench, cases)
    if broken is None:
        return
    case, verdict = broken
    for _ in range(SHRINKING_ROUNDS):
        try:
            smaller = first_broken(bench, list(case.shorter()))
        except Broken:
            break  # the time of the check is up: what was found so far is shown
        if smaller is None:
            break
        case, verdict = smaller
    raise verdict


def first_broken(bench: Bench, cases: list[Traffic]) -> tuple[Traffic, Broken] | None:
    """The first case that breaks a rule, with how; None when all hold."""
    start = 0
    while start < len(cases):
        scenes = [case.scene() for case in cases[start:]]
        outcomes = play(bench, *scenes)
        for offset, seen in enumerate(outcomes):
            try:
                judge(bench, scenes[offset], seen)
            except Broken as broken:
                return cases[start + offset], broken
        start += len(outcomes)
    return None
