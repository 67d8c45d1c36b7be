"""The three scores: what a 1, 2, 3 and 4 answer contains, and what makes an answer strong or weak."""

from __future__ import annotations

from dataclasses import dataclass

ANCHORS: dict[str, tuple[str, str, str, str]] = {
    "content": (
        "Wrong, or about something else; at most one key point.",
        "The core is right, but more than half of the key points are missing or had to be pulled out.",
        "Most key points without help, and nothing wrong that matters.",
        "All that counts, in an order that can be followed, with the edge cases named before they are asked for.",
    ),
    "tradeoffs": (
        "One way, as if there were no other.",
        "Names another way, but not what either costs.",
        "Names what the choice costs and when the other one would be better.",
        "Ties the choice to numbers or to the case at hand, and says what would change the decision.",
    ),
    "proof": (
        "Claims only: 'that is how it is done'.",
        "An example from a book or an article, told at second hand.",
        "A case of one's own, or an experiment, a measurement, a document that shows it.",
        "Says how it was found out, what surprised, and how anybody could check it.",
    ),
}
TITLES = {"content": "Content", "tradeoffs": "Trade-offs named", "proof": "Proof or experience"}
BEST = 4
STRONG = 3.0  # mean of the three, content at least 3, no red flag
WEAK = 2.0  # mean below this, or content 1
HOLDS = 2.5  # mean of a level's answers from which on the level is held


@dataclass(frozen=True)
class Scores:
    """Three whole numbers from 1 to 4. ValueError names the one that is not."""

    content: int
    tradeoffs: int
    proof: int

    def __post_init__(self) -> None:
        for name, title in TITLES.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= BEST:
                raise ValueError(
                    f"{title} is scored with a whole number from 1 to {BEST}, got {value!r}; "
                    "what each contains is written beside it"
                )

    @property
    def mean(self) -> float:
        return (self.content + self.tradeoffs + self.proof) / 3


def is_strong(scores: Scores, flags: int) -> bool:
    """The next question is a level up."""
    return scores.mean >= STRONG and scores.content >= 3 and not flags


def is_weak(scores: Scores) -> bool:
    """The next question is a level down."""
    return scores.mean < WEAK or scores.content == 1
