"""Intervals are FSRS's, with a fuzz that is the same at every replay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fsrs import Card, Scheduler
from fsrs import Rating as Fsrs
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.review.material import EVENING, MORNING
from workbook.review.schedule import LONGEST, Memory, Rating, fuzz_range, fuzzed, replayed, reviewed

RATINGS = st.lists(
    st.tuples(st.sampled_from(Rating), st.integers(min_value=1, max_value=60 * 24 * 90)),
    min_size=1,
    max_size=12,
)


def log(steps: list[tuple[Rating, int]]) -> list[tuple[Rating, datetime]]:
    at, found = MORNING, []
    for rating, minutes in steps:
        at += timedelta(minutes=minutes)
        found.append((rating, at))
    return found


@settings(max_examples=60, deadline=None)
@given(RATINGS)
def test_stability_and_difficulty_are_those_of_the_package(steps: list[tuple[Rating, int]]) -> None:
    scheduler = Scheduler(
        learning_steps=[timedelta(minutes=10)], relearning_steps=[timedelta(minutes=10)], enable_fuzzing=False
    )
    card = Card(card_id=1, due=MORNING)
    for rating, at in log(steps):
        card, _ = scheduler.review_card(card, Fsrs(int(rating)), at)
    memory = replayed("q03", log(steps))
    assert memory is not None
    assert (memory.stability, memory.difficulty) == (card.stability, card.difficulty)
    assert memory.state == int(card.state)


@settings(max_examples=60, deadline=None)
@given(RATINGS)
def test_a_replay_gives_the_same_memory_and_a_due_date_in_the_future(steps: list[tuple[Rating, int]]) -> None:
    first, second = replayed("q03", log(steps)), replayed("q03", log(steps))
    assert first == second
    assert first is not None
    assert first.last is not None
    assert first.last < first.due <= first.last + timedelta(days=LONGEST)
    assert first.reviews == len(steps)


@given(st.integers(min_value=0, max_value=LONGEST), st.text(max_size=5), st.integers(0, 50))
def test_the_fuzz_stays_in_the_range_and_depends_on_card_and_count_only(
    days: int, card: str, count: int
) -> None:
    interval = timedelta(days=days)
    low, high = fuzz_range(days)
    assert low <= fuzzed(interval, card, count).days <= high <= LONGEST
    assert fuzzed(interval, card, count) == fuzzed(interval, card, count)


def test_cards_learned_together_come_back_on_different_days() -> None:
    days = {fuzzed(timedelta(days=30), f"c{number:02}", 3).days for number in range(20)}
    assert len(days) > 3
    assert fuzz_range(30) == (27, 33)


def test_short_intervals_are_left_alone() -> None:
    assert fuzzed(timedelta(minutes=10), "q03", 1) == timedelta(minutes=10)
    assert fuzz_range(2) == (2, 2)


def test_again_comes_back_in_ten_minutes_and_good_in_days() -> None:
    new = Memory("q03", MORNING)
    assert reviewed(new, Rating.AGAIN, MORNING).due == MORNING + timedelta(minutes=10)
    assert reviewed(new, Rating.GOOD, MORNING).due >= MORNING + timedelta(days=1)


def test_a_time_in_another_zone_is_the_same_moment() -> None:
    assert reviewed(Memory("q03", EVENING), Rating.GOOD, EVENING) == reviewed(
        Memory("q03", EVENING), Rating.GOOD, EVENING.astimezone(UTC)
    )


def test_a_time_without_a_zone_and_a_clock_that_runs_backwards_are_named() -> None:
    with pytest.raises(ValueError, match="has a time zone"):
        reviewed(Memory("q03", MORNING), Rating.GOOD, datetime(2026, 3, 2, 6, 0))
    after = reviewed(Memory("q03", MORNING), Rating.GOOD, MORNING)
    with pytest.raises(ValueError, match="set the clock right"):
        reviewed(after, Rating.GOOD, MORNING - timedelta(minutes=1))


def test_nothing_reviewed_is_no_memory() -> None:
    assert replayed("q03", []) is None
