"""What a session showed, as plain data: the level reached and why, topics, strengths, flags, what was left unsaid.

A level is held when two of its questions or more were answered with a mean of at least 2.5 (anchors.HOLDS); the
level reached is the highest that is held. One answer is too little to tell, and the reason says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workbook.interview.anchors import HOLDS, Scores, is_strong
from workbook.interview.bank import LADDER
from workbook.interview.checklist import follow_up_text
from workbook.interview.kata_questions import PREFIX
from workbook.interview.log import Kept
from workbook.interview.state import KataRun, State, Turn
from workbook.questions import SLUGS

ENOUGH = 2  # answers of a level before it can be held
AN_EVENING = 2  # notebooks an evening, half an hour each


@dataclass(frozen=True)
class LevelResult:
    level: str
    questions: int
    mean: float

    @property
    def held(self) -> bool:
        return self.questions >= ENOUGH and self.mean >= HOLDS


@dataclass(frozen=True)
class TopicResult:
    topic: str
    questions: int
    mean: float


@dataclass(frozen=True)
class TurnReport:
    """One question. `unsaid`: labels and texts of the key points that were never said."""

    id: str
    title: str
    level: str
    minutes: int
    speaking: float
    scores: Scores | None
    said: int
    points: int
    unsaid: tuple[tuple[str, str], ...]
    flags: tuple[str, ...]
    signals: tuple[str, ...]
    question: str
    answer: str
    follow_up: str
    follow_up_answer: str
    note: str


@dataclass(frozen=True)
class KataReport:
    """`stages`: checks passed, checks there are, seconds until all of them passed or None."""

    kata: str
    seconds: float
    runs: int
    folder: str
    stages: tuple[tuple[int, int, float | None], ...]


@dataclass(frozen=True)
class Step:
    """One thing to do on one of the next evenings, and why."""

    evening: int
    what: str
    why: str


@dataclass(frozen=True)
class Report:
    session: int
    began: datetime
    target: str
    mode: str
    seed: int
    minutes: int
    spent: float
    ended: str
    reached: str  # "" where no level is held
    reason: str
    mean: float | None
    levels: tuple[LevelResult, ...]
    topics: tuple[TopicResult, ...]
    turns: tuple[TurnReport, ...]
    strengths: tuple[str, ...]
    flags: tuple[str, ...]
    kata: KataReport | None
    plan: tuple[Step, ...]
    low: tuple[str, ...]  # ids of questions to be asked again soon


def report(kept: Kept) -> Report:
    """The report on a session, finished or not."""
    state = kept.state
    turns = tuple(_turn(state, turn) for turn in state.turns)
    scored = [turn for turn in turns if turn.scores is not None]
    levels = tuple(_levels(scored))
    reached, reason = _reached(levels)
    kata = _kata(state.setup.kata, state.kata) if state.kata else None
    asked = [turn for turn in scored if not turn.id.startswith(PREFIX)]
    low = tuple(turn.id for turn in sorted(asked, key=_mean) if _is_low(turn))
    return Report(
        session=kept.id,
        began=kept.began,
        target=state.setup.level,
        mode=state.setup.mode,
        seed=state.setup.seed,
        minutes=state.setup.minutes,
        spent=state.spent,
        ended=state.ended,
        reached=reached,
        reason=reason,
        mean=_average([_mean(turn) for turn in scored]) if scored else None,
        levels=levels,
        topics=tuple(_topics(state, scored)),
        turns=turns,
        strengths=tuple(_strengths(scored)),
        flags=tuple(f"{turn.title}: {flag}" for turn in turns for flag in turn.flags),
        kata=kata,
        plan=tuple(_plan(state, low, kata)),
        low=low,
    )


def _turn(state: State, turn: Turn) -> TurnReport:
    item = state.setup.item(turn.item)
    unsaid = [point for point in item.points if point.id not in (*turn.points, *turn.late)]
    return TurnReport(
        id=item.id,
        title=item.title,
        level=item.level,
        minutes=item.minutes,
        speaking=turn.speaking,
        scores=turn.scores,
        said=len(turn.points),
        points=len(item.points),
        unsaid=tuple((point.label, point.text) for point in unsaid),
        flags=tuple(item.red_flags[number - 1] for number in turn.flags),
        signals=tuple(item.strong_signals[number - 1] for number in turn.signals),
        question=item.question,
        answer=turn.answer or turn.draft,
        follow_up=follow_up_text(state, turn),
        follow_up_answer=turn.follow_up_answer,
        note=turn.note,
    )


def _mean(turn: TurnReport) -> float:
    return turn.scores.mean if turn.scores else 0.0


def _average(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _is_low(turn: TurnReport) -> bool:
    return _mean(turn) < HOLDS or bool(turn.flags)


def _levels(turns: Sequence[TurnReport]) -> list[LevelResult]:
    found = []
    for level in LADDER:
        means = [_mean(turn) for turn in turns if turn.level == level]
        if means:
            found.append(LevelResult(level, len(means), _average(means)))
    return found


def _reached(levels: Sequence[LevelResult]) -> tuple[str, str]:
    """The level, and the sentence that says why."""
    if not levels:
        return "", "No question was scored."
    parts = [
        f"{one.level}: {one.questions} {'answer' if one.questions == 1 else 'answers'}, mean {one.mean:.1f}"
        for one in levels
    ]
    shown = "; ".join(parts)
    held = [one.level for one in levels if one.held]
    if held:
        return held[-1], f"{shown}. A level is held from a mean of {HOLDS} over at least {ENOUGH} answers."
    if all(one.questions < ENOUGH for one in levels):
        return "", f"{shown}. That is too little to tell: {ENOUGH} answers of a level are needed."
    return "", f"{shown}. No level was held with a mean of {HOLDS} over at least {ENOUGH} answers."


def _topics(state: State, turns: Sequence[TurnReport]) -> list[TopicResult]:
    means: dict[str, list[float]] = {}
    for turn in turns:
        for topic in state.setup.item(turn.id).topics:
            means.setdefault(topic, []).append(_mean(turn))
    found = [TopicResult(topic, len(some), _average(some)) for topic, some in means.items()]
    return sorted(found, key=lambda one: (one.mean, one.topic))


def _strengths(turns: Sequence[TurnReport]) -> list[str]:
    strong = [
        f"{turn.title}: {_mean(turn):.1f} of 4"
        for turn in turns
        if turn.scores is not None and is_strong(turn.scores, len(turn.flags))
    ]
    return strong + [f"{turn.title}: {signal}" for turn in turns for signal in turn.signals]


def _kata(name: str, run: KataRun) -> KataReport:
    stages = tuple(zip(run.passed, run.total, run.reached, strict=True))
    return KataReport(name, run.seconds, run.runs, run.folder, stages)


def _plan(state: State, low: Sequence[str], kata: KataReport | None) -> list[Step]:
    """The weakest first; a scenario goes with its question, an unfinished kata comes last."""
    steps = []
    for place, one in enumerate(low):
        item = state.setup.item(one)
        evening = place // AN_EVENING + 1
        file = f"notebooks/{one}_{SLUGS[int(one[1:]) - 1]}.ipynb"
        turn = next(turn for turn in state.turns if turn.item == one)
        mean = turn.scores.mean if turn.scores else 0.0
        flags = f", {len(turn.flags)} red flag{'s' if len(turn.flags) > 1 else ''}" if turn.flags else ""
        steps.append(Step(evening, f"{file}, then say the answer aloud", f"{mean:.1f} of 4{flags}"))
        if item.scenario:
            steps.append(
                Step(
                    evening,
                    f"pubsub sim {item.scenario.replace('_', '-')}",
                    f"shows {item.title.lower()} in figures",
                )
            )
    if kata is not None and (not kata.stages or any(some < every for some, every, _ in kata.stages)):
        number = next((n for n, (some, every, _) in enumerate(kata.stages, 1) if some < every), 1)
        steps.append(
            Step(
                max((step.evening for step in steps), default=0) + 1,
                f"katas/{kata.kata}.py, stage {number}",
                "its checks did not all pass in the kata round",
            )
        )
    return steps
