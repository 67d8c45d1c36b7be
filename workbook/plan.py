"""What to do in the evenings that are left, and in an hour if that is all. Pure: what is known -> tasks with minutes.

The order: what is due, then what went badly, then what was never looked at, the level that is aimed at before the one
below it, questions and stages of katas in turn. An interview stands at the end of the last evening but one, so that
the last one can take up what it shows; with a single evening there is none, unless it is long.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from workbook.questions import LEVELS, Question
from workbook.review.store import Due
from workbook.standing import KataStanding

QUESTION = 10  # minutes: a notebook is written for ten
SAID = 5  # minutes: said aloud and compared with its key points, nothing run
STAGE = 30
SCENARIO = 20
INTERVIEW = 45
CARD = {"question": 3, "check": 1, "flag": 1}
MOST_REVIEW = 15  # minutes of an evening
SHORTEST, LONGEST = 20, 600  # minutes of an evening
MOST_EVENINGS = 60
BY_LEVEL = {"middle": ("slow-subscriber", "buffer-sizing"), "senior": ("hot-keys", "reconnect-storm")}


class BadPlan(ValueError):
    """Evenings, minutes or level that no plan can be made for; one sentence."""


@dataclass(frozen=True)
class Task:
    """One thing to do. `how`: a command or a file; `why`: what it is for."""

    what: str
    minutes: int
    how: str
    why: str


@dataclass(frozen=True)
class Evening:
    """What fits into one evening; `number` 0 is the hour that may be all there is."""

    number: int
    tasks: tuple[Task, ...]

    @property
    def minutes(self) -> int:
        return sum(task.minutes for task in self.tasks)


@dataclass(frozen=True)
class Known:
    """What is known about the learner. `seen`: questions whose card was reviewed; `weak`: those that went badly."""

    questions: tuple[Question, ...]
    due: tuple[Due, ...] = ()
    seen: frozenset[str] = frozenset()
    weak: tuple[str, ...] = ()
    katas: tuple[KataStanding, ...] = ()


def make_plan(known: Known, evenings: int, level: str, minutes: int) -> tuple[Evening, ...]:
    """Evenings of at most `minutes`; every task once. What does not fit is left out. Raises BadPlan."""
    if level not in LEVELS:
        raise BadPlan(f"the level is one of {', '.join(LEVELS)}, and {level!r} is none")
    if not 1 <= evenings <= MOST_EVENINGS:
        raise BadPlan(
            f"evenings is a number from 1 to {MOST_EVENINGS}, and it is {evenings}; name the days you will use"
        )
    if not SHORTEST <= minutes <= LONGEST:
        raise BadPlan(f"minutes of an evening are from {SHORTEST} to {LONGEST}, and they are {minutes}")
    waiting = list(_tasks(known, level))
    made = []
    for number in range(1, evenings + 1):
        tasks = list(_review(known)) if number == 1 else [_daily(level)]
        left = minutes - sum(task.minutes for task in tasks)
        last = _interview(level) if _interviewed(number, evenings, minutes) else None
        left -= last.minutes if last else 0
        for task in [*waiting]:
            if task.minutes <= left:
                waiting.remove(task)
                tasks.append(task)
                left -= task.minutes
        made.append(Evening(number, (*tasks, *([last] if last else []))))
    return tuple(made)


def hour(known: Known, level: str) -> Evening:
    """The sixty minutes before the interview: nothing is built any more, everything is said aloud."""
    tasks = [*_review(known, 10)]
    tasks.append(
        Task("Read the red flags and strong signals", 5, "docs/signals.md", "what is heard between the lines")
    )
    for question in _ordered(known, level):
        if sum(task.minutes for task in tasks) + SAID > 50:
            break
        why = "went badly before" if question.id in known.weak else f"{question.level} level"
        tasks.append(Task(f"Say the answer of {question.id}: {question.title}", SAID, _page(question), why))
    left = 60 - sum(task.minutes for task in tasks)
    command = f"pubsub review --kind check --level {level}"
    tasks.append(Task("Concept checks, one breath each", min(left, 10), command, "speed"))
    return Evening(0, tuple(tasks))


def _tasks(known: Known, level: str) -> Iterator[Task]:
    """Everything worth doing, the most urgent first."""
    questions = _ordered(known, level)
    weak = [_question(one, "went badly before") for one in questions if one.id in known.weak]
    fresh = [
        _question(one, f"{one.level} level, not looked at yet")
        for one in questions
        if one.id not in known.weak and one.id not in known.seen
    ]
    again = [
        _question(one, "known; say it once more")
        for one in questions
        if one.id not in known.weak and one.id in known.seen
    ]
    yield from weak
    turns = zip_longest(_stages(known, level), _scenarios(level))
    practice = [task for both in turns for task in both if task]
    share = max(1, math.ceil(len(fresh) / max(1, len(practice)))) if fresh else 1
    groups = [fresh[at : at + share] for at in range(0, len(fresh), share)]
    for group, task in zip_longest(groups, practice):
        yield from group or []
        if task:
            yield task
    yield from again


def _ordered(known: Known, level: str) -> list[Question]:
    """Those that went badly, then the level aimed at, then the one below; nothing above."""
    levels = list(LEVELS)
    at = levels.index(level)
    wanted = [level, *([levels[at - 1]] if at else [])]
    mine = [one for name in wanted for one in known.questions if one.level == name]
    weak = [one for name in known.weak for one in known.questions if one.id == name]
    return list({one.id: one for one in chain(weak, mine)}.values())


def _stages(known: Known, level: str) -> Iterator[Task]:
    """Stages that have not passed, one kata after the other, up to the level."""
    levels = list(LEVELS)
    for standing in known.katas:
        for stage in standing.stages:
            if stage.verdict is not None and stage.passed == stage.total:
                continue
            if levels.index(stage.stage.level) > levels.index(level):
                continue
            name = standing.kata.name
            what = f"Kata {name}, stage {stage.stage.number}: {stage.stage.title}"
            why = f"{stage.passed} of {stage.total} checks pass" if stage.passed else "live coding"
            yield Task(what, STAGE, f"pubsub grade {name} --watch", why)


def _scenarios(level: str) -> Iterator[Task]:
    for name, scenarios in reversed(BY_LEVEL.items()):
        if list(LEVELS).index(name) <= list(LEVELS).index(level):
            for scenario in scenarios:
                yield Task(
                    f"Scenario {scenario}: guess the curve, then look",
                    SCENARIO,
                    f"pubsub sim {scenario} --quick",
                    "an argument with a number",
                )


def _question(question: Question, why: str) -> Task:
    return Task(f"{question.id}: {question.title}", QUESTION, _page(question), why)


def _page(question: Question) -> str:
    return f"notebooks/{question.id}_{question.slug}.ipynb"


def _review(known: Known, most: int = MOST_REVIEW) -> Iterable[Task]:
    if known.due:
        number = min(sum(CARD[due.card.kind] for due in known.due), most)
        cards = f"{len(known.due)} card{'s' if len(known.due) > 1 else ''} due"
        yield Task("Review what is due", number, "pubsub review", cards)


def _daily(level: str) -> Task:
    return Task(
        "Review what is due by then", MOST_REVIEW, "pubsub review", "what was learned the evening before"
    )


def _interview(level: str) -> Task:
    return Task(
        "A mock interview",
        INTERVIEW,
        f"pubsub interview --level {level} --minutes {INTERVIEW}",
        "shows what is not yet said aloud; its result makes cards due",
    )


def _interviewed(number: int, evenings: int, minutes: int) -> bool:
    if evenings == 1:
        return minutes >= INTERVIEW + 75
    return number == evenings - 1 and minutes >= INTERVIEW + MOST_REVIEW


def as_lines(evenings: Sequence[Evening]) -> list[str]:
    """A plan as text: an evening, its tasks with minutes and reason, and below each what to type or open."""
    lines: list[str] = []
    for evening in evenings:
        name = f"Evening {evening.number}" if evening.number else "If an hour is all there is"
        lines += ["", f"{name} ({evening.minutes} minutes)"]
        for task in evening.tasks:
            lines.append(f"  {task.minutes:>3} min  {task.what} ({task.why})")
            lines.append(f"           {task.how}")
    return lines[1:]
