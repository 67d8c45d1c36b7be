"""Memories survive, are made due by interviews and katas, and a file that will not do gets one sentence."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.review.material import BROKER, CARDS, CHECK, EVENING, FLAG, MORNING, OUTBOX, verdict
from workbook.grading.verdict import Status
from workbook.places import CHECKOUT
from workbook.progress import Progress, ProgressError
from workbook.review.schedule import Memory, Rating
from workbook.review.store import VERSION, Reviews, make_due


def asked(reviews: Reviews, now: datetime = EVENING, new: int = 0) -> list[str]:
    return [one.card.id for one in reviews.due(CARDS, now, new)]


def learn(reviews: Reviews, card: str, now: datetime, rating: Rating = Rating.GOOD) -> Memory:
    return reviews.record(reviews.memories().get(card) or Memory(card, now), rating, now)


def test_a_review_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    with Reviews.open(tmp_path) as reviews:
        after = learn(reviews, "q03", MORNING)
    with Reviews.open(tmp_path) as reviews:
        assert reviews.memories() == {"q03": after}


def test_new_cards_come_in_order_and_no_more_than_asked_for(tmp_path: Path) -> None:
    with Reviews.open(tmp_path) as reviews:
        assert asked(reviews, new=2) == ["q03", "c38"]
        assert asked(reviews) == []
        learn(reviews, "q03", EVENING)
        assert reviews.seen_since(EVENING.replace(hour=0)) == 1
        assert asked(reviews, new=2) == ["c38", "q15"]


def test_what_is_due_later_on_the_same_day_is_due_today(tmp_path: Path) -> None:
    with Reviews.open(tmp_path) as reviews:
        due = learn(reviews, "q03", MORNING).due
        before = due.astimezone(EVENING.tzinfo).replace(hour=1)
        assert asked(reviews, before) == ["q03"]
        assert asked(reviews, before - timedelta(days=1)) == []


def test_an_interview_makes_cards_due_and_the_reason_is_kept_until_the_review(tmp_path: Path) -> None:
    with Reviews.open(tmp_path) as reviews:
        learn(reviews, "q15", MORNING)
        assert asked(reviews) == []
        known = reviews.memories()["q15"]
    make_due(["q15", "c38", "q15"], "interview of 2 March: content 1 of 4\x1b[2J", EVENING, tmp_path)
    with Reviews.open(tmp_path) as reviews:
        [first, second] = reviews.due(CARDS, EVENING, 0)
        assert {first.card.id, second.card.id} == {"q15", "c38"}
        assert first.why == "interview of 2 March: content 1 of 4\\x1b[2J"
        assert reviews.weak() == ("c38", "q15")
        assert reviews.memories()["q15"].stability == known.stability
        learn(reviews, "q15", EVENING)
        assert asked(reviews) == ["c38"]
        assert reviews.weak() == ("c38",)


def test_what_was_made_due_comes_before_what_is_scheduled(tmp_path: Path) -> None:
    with Reviews.open(tmp_path) as reviews:
        learn(reviews, "q03", MORNING - timedelta(days=40))
        reviews.make_due(["r13"], "said so", EVENING)
        assert asked(reviews) == ["r13", "q03"]


def test_a_card_that_is_gone_from_the_workbook_is_not_asked(tmp_path: Path) -> None:
    make_due(["q99"], "a notebook of yesterday", EVENING, tmp_path)
    with Reviews.open(tmp_path) as reviews:
        assert asked(reviews) == []


def test_a_red_check_makes_the_katas_question_due_and_the_flag_that_names_it(tmp_path: Path) -> None:
    now = datetime.now(UTC) + timedelta(seconds=1)
    with Progress.open(tmp_path) as progress:
        reviews = Reviews(progress)
        verdict(progress, "outbox", "two_pumps_publish_once", Status.FAILED)
        verdict(progress, "broker", "topics_are_separate", Status.PASSED)
        reviews.follow_katas(CARDS, now)
        due = {one.card.id: one.why for one in reviews.due(CARDS, now, 0)}
        assert due == dict.fromkeys((OUTBOX.id, FLAG.id), "outbox: two_pumps_publish_once is red")
        for card in due:
            learn(reviews, card, now)
        reviews.follow_katas(CARDS, now)
        assert asked(reviews, now) == []  # each verdict counts once
        assert BROKER.id not in reviews.memories()


def test_a_kata_that_was_put_right_makes_nothing_due(tmp_path: Path) -> None:
    with Progress.open(tmp_path) as progress:
        reviews = Reviews(progress)
        verdict(progress, "outbox", "two_pumps_publish_once", Status.FAILED)
        verdict(progress, "outbox", "two_pumps_publish_once", Status.PASSED)
        reviews.follow_katas(CARDS, datetime.now(UTC))
        assert reviews.memories() == {}


def test_two_windows_the_review_that_comes_second_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with Reviews.open(tmp_path) as one, Reviews.open(tmp_path) as other:
        memory = learn(one, "q03", MORNING)
        learn(other, "q03", MORNING + timedelta(days=3))
        with pytest.raises(ProgressError, match=r"q03 was reviewed in another window meanwhile"):
            one.record(memory, Rating.AGAIN, MORNING + timedelta(days=3))
        assert one.memories()["q03"].reviews == 2


def test_a_clock_that_runs_backwards_is_named_and_nothing_is_kept(tmp_path: Path) -> None:
    with Reviews.open(tmp_path) as reviews:
        after = learn(reviews, "q03", MORNING)
        with pytest.raises(ProgressError, match=r"This review is not kept: .* set the clock right"):
            reviews.record(after, Rating.GOOD, MORNING - timedelta(days=1))
        assert reviews.memories() == {"q03": after}


def test_a_kill_loses_at_most_the_review_being_written(tmp_path: Path) -> None:
    code = """
import sys
from datetime import timedelta
from pathlib import Path
from tests.review.material import MORNING
from workbook.review.schedule import Memory, Rating
from workbook.review.store import Reviews
with Reviews.open(Path(sys.argv[1])) as reviews:
    for number in range(100_000):
        reviews.record(Memory(f"x{number}", MORNING), Rating.GOOD, MORNING)
        print(number, flush=True)
"""
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT
    )
    assert child.stdout is not None
    for line in child.stdout:
        if int(line) >= 20:
            break
    os.kill(child.pid, signal.SIGKILL)
    said = max([20, *map(int, child.stdout.read().split())])
    child.stdout.close()
    child.wait()
    with Reviews.open(tmp_path) as reviews:
        assert len(reviews.memories()) in (said + 1, said + 2)
        assert reviews.seen_since(MORNING) == len(reviews.memories())


def test_cards_of_a_newer_workbook_are_named_and_left_alone(tmp_path: Path) -> None:
    with Reviews.open(tmp_path) as reviews:
        learn(reviews, "q03", MORNING)
    with sqlite3.connect(tmp_path / "progress.sqlite3") as connection:
        connection.execute("UPDATE review_version SET version = ?", (VERSION + 1,))
    connection.close()
    with (
        pytest.raises(ProgressError, match=r"written by a newer workbook \(version 2"),
        Reviews.open(tmp_path),
    ):
        pass


def test_a_damaged_memory_is_named_and_left_alone(tmp_path: Path) -> None:
    with Reviews.open(tmp_path) as reviews:
        learn(reviews, "q03", MORNING)
    with sqlite3.connect(tmp_path / "progress.sqlite3") as connection:
        connection.execute("UPDATE review_card SET due = 'soon'")
    connection.close()
    with (
        Reviews.open(tmp_path) as reviews,
        pytest.raises(ProgressError, match="damaged and was left as it is"),
    ):
        reviews.due(CARDS, EVENING, 0)


def test_a_full_disk_is_one_sentence_and_keeps_what_was_there(tmp_path: Path) -> None:
    with Progress.open(tmp_path) as progress:
        reviews = Reviews(progress)
        kept = learn(reviews, "q03", MORNING)
        pages = progress.connection.execute("PRAGMA page_count").fetchone()[0]
        progress.connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(ProgressError, match=r"the disk is full; free some space"):
            reviews.make_due([f"x{number}" for number in range(1000)], "y" * 200, EVENING)
        assert reviews.memories()["q03"] == kept


def test_a_database_that_another_program_holds_is_one_sentence(tmp_path: Path) -> None:
    with Progress.open(tmp_path) as progress:
        reviews = Reviews(progress)
        other = sqlite3.connect(tmp_path / "progress.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        progress.connection.execute("PRAGMA busy_timeout = 0")
        try:
            with pytest.raises(ProgressError, match="another program holds it"):
                reviews.make_due([CHECK.id], "why", EVENING)
        finally:
            other.execute("ROLLBACK")
            other.close()
