"""How often suggestions for typed answers are right: precision and recall on labelled answers.

    python -m bench.suggestions            the frozen half, which nothing was tuned on
    python -m bench.suggestions --tuning   the half on which the constants of workbook/suggestions were chosen
    python -m bench.suggestions --errors   also every wrong and every missing suggestion, with its words

A pair is an answer and a key point of its question. Precision: of the pairs suggested, how many were labelled as
covered; recall: of those labelled, how many were suggested. The interval is Wilson's, at 95 %, over pairs.
Goal: precision .85, recall .75; below that, suggestions stay off unless asked for.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbook.places import CHECKOUT, notebooks
from workbook.questions import Question, examine
from workbook.suggestions.match import THRESHOLD, Part, Suggester, Suggestion

ANSWERS = CHECKOUT / "tests" / "review"
KINDS = ("right", "partial", "wrong", "stuffed")
GOAL = (0.85, 0.75)


@dataclass(frozen=True)
class Labelled:
    """A short answer, and the ids of the key points that somebody found in it."""

    id: str
    question: str
    part: Part
    kind: str
    covers: frozenset[str]
    text: str


@dataclass(frozen=True)
class Count:
    """Pairs: suggested and covered, suggested only, covered only."""

    hits: int = 0
    false: int = 0
    missed: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.hits + other.hits, self.false + other.false, self.missed + other.missed)

    @property
    def precision(self) -> float:
        return self.hits / (self.hits + self.false) if self.hits + self.false else 1.0

    @property
    def recall(self) -> float:
        return self.hits / (self.hits + self.missed) if self.hits + self.missed else 1.0


def read_answers(path: Path) -> tuple[Labelled, ...]:
    """The labelled answers of a file of JSON lines."""
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return tuple(Labelled(**{**row, "covers": frozenset(row["covers"])}) for row in rows)


def read_questions() -> dict[str, Question]:
    found = (examine(path)[0] for path in sorted(notebooks().glob("*.ipynb")))
    return {question.id: question for question in found if question}


def judge(
    answers: Sequence[Labelled], questions: dict[str, Question], threshold: float = THRESHOLD
) -> dict[str, tuple[tuple[Suggestion, ...], Count]]:
    """For each answer: what was suggested, and how that compares with its labels."""
    suggester = Suggester(questions.values())
    made = {}
    for answer in answers:
        found = suggester.suggest(questions[answer.question], answer.text, answer.part, threshold)
        ids = {one.point.id for one in found}
        count = Count(len(ids & answer.covers), len(ids - answer.covers), len(answer.covers - ids))
        made[answer.id] = (found, count)
    return made


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Wilson's interval for a share, at 95 %."""
    if not of:
        return 0.0, 1.0
    z, share = 1.96, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return middle - half, middle + half


def report(answers: Sequence[Labelled], judged: dict[str, tuple[tuple[Suggestion, ...], Count]]) -> list[str]:
    """A line for each kind of answer, then the whole."""
    lines = [f"{'kind':<9}{'answers':>8}{'covered':>9}{'suggested':>11}{'wrong':>7}{'missed':>8}"]
    for kind in KINDS:
        mine = [judged[answer.id][1] for answer in answers if answer.kind == kind]
        sums = sum(mine, Count())
        lines.append(
            f"{kind:<9}{len(mine):>8}{sums.hits + sums.missed:>9}{sums.hits + sums.false:>11}"
            f"{sums.false:>7}{sums.missed:>8}"
        )
    total = sum((count for _, count in judged.values()), Count())
    for name, value, of, goal in (
        ("precision", total.precision, total.hits + total.false, GOAL[0]),
        ("recall", total.recall, total.hits + total.missed, GOAL[1]),
    ):
        low, high = wilson(total.hits, of)
        lines.append(f"{name:<9} {value:.3f}  [{low:.3f}, {high:.3f}]  goal {goal:.2f}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tuning", action="store_true", help="the half the constants were chosen on")
    parser.add_argument("--errors", action="store_true", help="list every wrong and every missing suggestion")
    chosen = parser.parse_args()
    name = "tuning" if chosen.tuning else "frozen"
    answers = read_answers(ANSWERS / f"answers_{name}.jsonl")
    judged = judge(answers, read_questions())
    print(f"{name} half, threshold {THRESHOLD}")
    print("\n".join(report(answers, judged)))
    if chosen.errors:
        for answer in answers:
            found = {one.point.id: one for one in judged[answer.id][0]}
            for point in sorted(set(found) - answer.covers):
                print(f"wrong  {answer.id} {answer.kind:<8}{point}: {', '.join(found[point].words)}")
            for point in sorted(answer.covers - set(found)):
                print(f"missed {answer.id} {answer.kind:<8}{point}")


if __name__ == "__main__":
    main()
