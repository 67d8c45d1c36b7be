"""All sessions, one line each, with a bar for their mean score; data first, text after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from workbook.interview.anchors import BEST
from workbook.interview.log import DONE, Kept
from workbook.interview.report import TopicResult, report

WIDTH = 20  # characters of a bar
WEAKEST = 5


@dataclass(frozen=True)
class Past:
    """One session in the history. `fate`: "done", "open" or "left"."""

    session: int
    began: datetime
    fate: str
    target: str
    reached: str
    questions: int
    minutes: float
    mean: float | None
    topics: tuple[TopicResult, ...]


def past(kept: Kept) -> Past:
    found = report(kept)
    scored = sum(turn.scores is not None for turn in found.turns)
    return Past(
        kept.id,
        kept.began,
        kept.fate,
        found.target,
        found.reached,
        scored,
        found.spent / 60,
        found.mean,
        found.topics,
    )


def bar(mean: float | None) -> str:
    """A bar from 1 to 4, a mark for each step; legible without colour."""
    if mean is None:
        return "." * WIDTH
    full = round((mean - 1) / (BEST - 1) * WIDTH)
    return "#" * full + "." * (WIDTH - full)


def weakest(every: Iterable[Past]) -> list[TopicResult]:
    """The topics with the lowest means over all sessions, at most five."""
    sums: dict[str, tuple[int, float]] = {}
    for one in every:
        for topic in one.topics:
            count, total = sums.get(topic.topic, (0, 0.0))
            sums[topic.topic] = count + topic.questions, total + topic.questions * topic.mean
    means = [TopicResult(topic, count, total / count) for topic, (count, total) in sums.items()]
    return sorted(means, key=lambda one: (one.mean, one.topic))[:WEAKEST]


def lines(every: Sequence[Past]) -> list[str]:
    """The history as lines of at most 80 characters."""
    if not every:
        return ["No interview yet; `pubsub interview --level middle` holds one."]
    rows = [f"{'':>3}  {'begun':<16}  {'aimed at':<8}  {'reached':<8}  {'mean':>4}  1{'-' * (WIDTH - 2)}4"]
    for one in every:
        mean = "-" if one.mean is None else f"{one.mean:.1f}"
        fate = "" if one.fate == DONE else f"  {one.fate}"
        rows.append(
            f"{one.session:>3}  {one.began:%Y-%m-%d %H:%M}  {one.target:<8}  {one.reached or '-':<8}  {mean:>4}  "
            f"{bar(one.mean)}{fate}"
        )
    weak = weakest(every)
    if weak:
        rows += ["", "Weakest topics so far:"]
        rows += [f"  {one.topic:<28}{one.mean:>4.1f}  {bar(one.mean)}" for one in weak]
    return rows
