"""A review in the terminal: front, then back, then a rating that is kept at once; any way of leaving loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.review.material import BROKER, CHECK, EVENING, FLAG
from workbook.review.session import AGAIN_AT_MOST, Outcome, run
from workbook.review.store import Due, Reviews

DUE = (Due(BROKER, None), Due(CHECK, None), Due(FLAG, None, "an interview"))


def held(folder: Path, typed: Iterable[str], due: tuple[Due, ...] = DUE) -> tuple[Outcome, str]:
    """A session whose learner types these lines, then ends the input; the clock goes on a minute a look."""
    lines, shown = iter(typed), list[str]()

    def ask(prompt: str) -> str:
        shown.append(prompt)
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    with Reviews.open(folder) as reviews:
        return run(due, reviews, ask, shown.append, ticking()), "\n".join(shown)


def ticking() -> Callable[[], datetime]:
    minutes = iter(range(10_000))
    return lambda: EVENING + timedelta(minutes=next(minutes))


def known(folder: Path) -> dict[str, int]:
    with Reviews.open(folder) as reviews:
        return {card: memory.reviews for card, memory in reviews.memories().items()}


def test_the_back_is_shown_only_after_the_learner_has_spoken(tmp_path: Path) -> None:
    _, shown = held(tmp_path, [])
    assert "Sketch one." in shown
    assert "A map." not in shown
    _, shown = held(tmp_path, [""])
    assert "A map." in shown
    assert "  - Lock. One." in shown


def test_every_rating_is_kept_and_the_next_date_is_told(tmp_path: Path) -> None:
    outcome, shown = held(tmp_path, ["", "3", "", "4", "", "2"])
    assert outcome == Outcome(kept=3)
    assert known(tmp_path) == {"q03": 1, "c38": 1, "r13": 1}
    assert "Again in " in shown
    assert "due because of an interview" in shown
    assert "Shown by outbox: two_pumps_publish_once." in shown


def test_what_went_wrong_comes_again_at_the_end_but_not_for_ever(tmp_path: Path) -> None:
    outcome, _ = held(tmp_path, ["", "1", "", "3", "", "3", "", "3"])
    assert outcome == Outcome(kept=4, again=1)
    assert known(tmp_path)["q03"] == 2
    outcome, _ = held(tmp_path / "other", ["", "1"] * 10, DUE[:1])
    assert outcome == Outcome(kept=AGAIN_AT_MOST, again=1)


@pytest.mark.parametrize("typed", [["", "3", "q"], ["", "3", "", "Q"], ["", "3"], ["", "3", "", "x", "q"]])
def test_leaving_keeps_what_was_rated_and_counts_what_is_left(typed: list[str], tmp_path: Path) -> None:
    outcome, _ = held(tmp_path, typed)
    assert outcome == Outcome(kept=1, left=2)
    assert known(tmp_path) == {"q03": 1}


def test_ctrl_c_is_a_way_of_leaving(tmp_path: Path) -> None:
    def ask(prompt: str) -> str:
        raise KeyboardInterrupt

    with Reviews.open(tmp_path) as reviews:
        assert run(DUE, reviews, ask, print, ticking()) == Outcome(left=3)


def test_a_skipped_card_is_left_as_it_was(tmp_path: Path) -> None:
    outcome, _ = held(tmp_path, ["", "s", "", "3", "", "3"])
    assert outcome == Outcome(kept=2, left=1)
    assert "q03" not in known(tmp_path)


def test_anything_else_is_asked_again(tmp_path: Path) -> None:
    outcome, shown = held(tmp_path, ["", "5", "good", "3"], DUE[:1])
    assert outcome == Outcome(kept=1)
    assert "'5' is none of 1, 2, 3, 4, s and q." in shown
