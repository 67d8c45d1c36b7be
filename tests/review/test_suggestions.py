"""Suggestions for typed answers: explained by words, blind to stuffing, never a traceback, as good as is claimed."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.suggestions import ANSWERS, GOAL, KINDS, Count, judge, read_answers, read_questions, report, wilson
from workbook.suggestions.match import ON_BY_DEFAULT, Suggester
from workbook.suggestions.words import clauses, concept, words

QUESTIONS = read_questions()
BROKER = QUESTIONS["q03"]
SUGGESTER = Suggester(QUESTIONS.values())
HALVES = {name: read_answers(ANSWERS / f"answers_{name}.jsonl") for name in ("frozen", "tuning")}


def labels(text: str) -> list[str]:
    return [one.point.label for one in SUGGESTER.suggest(BROKER, text)]


def test_a_sentence_that_says_a_point_suggests_it_with_its_words() -> None:
    text = "Every subscription has a bounded queue of its own, so a slow reader cannot fill the memory."
    [found] = SUGGESTER.suggest(BROKER, text)
    assert found.point.id == "q03:a-bounded-queue-each"
    assert {"bounded", "queue", "reader"} <= set(found.words)
    assert all(word in text.lower() for word in found.words)
    assert 0.0 < found.score <= 1.0


def test_a_synonym_of_the_field_counts_as_the_word() -> None:
    assert concept("mutex") == concept("locked") == "lock"
    assert concept("discarded") == concept("lost") == "drop"


def test_a_word_that_only_holds_a_sentence_together_is_no_concept() -> None:
    assert concept("the") is None
    assert [clause.concepts for clause in clauses("It is what it is.")] == [{}]


def test_a_row_of_keywords_suggests_nothing() -> None:
    keywords = " ".join(f"{point.label} {point.text}" for point in BROKER.key_points)
    stuffed = " ".join(word for word in words(keywords) if concept(word))
    assert labels(stuffed) == []
    assert len(labels(". ".join(point.text for point in BROKER.key_points))) >= 6


def test_one_word_in_common_suggests_nothing() -> None:
    assert labels("It has to do with the registry, as I said before.") == []


def test_an_empty_answer_suggests_nothing() -> None:
    assert labels("") == []


def test_the_follow_up_has_points_of_its_own() -> None:
    found = SUGGESTER.suggest(BROKER, "In Python a queue of size zero is unbounded.", "follow-up")
    assert {one.point.id for one in found} <= {point.id for point in BROKER.follow_up_points}


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=300))
def test_any_text_gets_points_of_the_question_in_its_order(text: str) -> None:
    found = [one.point for one in SUGGESTER.suggest(BROKER, text)]
    assert found == [point for point in BROKER.key_points if point in found]


@pytest.mark.parametrize("half", HALVES)
def test_a_label_names_a_key_point_of_the_answers_question(half: str) -> None:
    for answer in HALVES[half]:
        question = QUESTIONS[answer.question]
        points = question.key_points if answer.part == "answer" else question.follow_up_points
        assert answer.covers <= {point.id for point in points}, answer.id
        assert answer.kind in KINDS


def test_there_are_enough_labelled_answers_of_every_kind_and_none_twice() -> None:
    answers = [*HALVES["frozen"], *HALVES["tuning"]]
    assert len(answers) >= 150
    assert len({answer.id for answer in answers}) == len({answer.text for answer in answers}) == len(answers)
    assert len(HALVES["frozen"]) >= len(answers) // 2 - 1
    for half in HALVES.values():
        assert min(Counter(answer.kind for answer in half)[kind] for kind in KINDS) >= 8


def test_stuffed_answers_of_the_frozen_half_get_nothing_and_the_rest_is_mostly_right() -> None:
    judged = judge(HALVES["frozen"], QUESTIONS)
    assert all(not judged[answer.id][0] for answer in HALVES["frozen"] if answer.kind == "stuffed")
    total = sum((count for _, count in judged.values()), Count())
    assert total.precision > 0.75
    assert total.recall > 0.7


def test_suggestions_are_on_by_default_only_if_the_frozen_half_reaches_the_goal() -> None:
    total = sum((count for _, count in judge(HALVES["frozen"], QUESTIONS).values()), Count())
    reached = total.precision >= GOAL[0] and total.recall >= GOAL[1]
    assert reached or not ON_BY_DEFAULT


def test_the_bench_counts_pairs() -> None:
    total = Count(hits=3, false=1, missed=2)
    assert (total.precision, total.recall) == (0.75, 0.6)
    assert (Count().precision, Count().recall) == (1.0, 1.0)
    low, high = wilson(8, 10)
    assert (round(low, 2), round(high, 2)) == (0.49, 0.94)
    lines = report(HALVES["frozen"], judge(HALVES["frozen"], QUESTIONS))
    assert lines[1].split()[:2] == ["right", str(sum(one.kind == "right" for one in HALVES["frozen"]))]
