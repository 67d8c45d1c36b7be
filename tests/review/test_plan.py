"""A plan fits into its evenings, begins with what is due and what went badly, and repeats nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.suggestions import read_questions
from tests.review.material import BROKER, CHECK
from workbook.grading.verdict import Status
from workbook.places import STUBS
from workbook.plan import BadPlan, Evening, Known, as_lines, hour, make_plan
from workbook.questions import LEVELS
from workbook.review.store import Due
from workbook.standing import standings

QUESTIONS = tuple(read_questions().values())
KATAS = tuple(standings(STUBS, None))
BEGINNER = Known(QUESTIONS, katas=KATAS)


def whats(evenings: tuple[Evening, ...]) -> list[str]:
    return [task.what for evening in evenings for task in evening.tasks]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 8), st.sampled_from(list(LEVELS)), st.integers(20, 240), st.data())
def test_every_evening_keeps_its_minutes_and_no_question_or_stage_comes_twice(
    evenings: int, level: str, minutes: int, data: st.DataObject
) -> None:
    ids = [question.id for question in QUESTIONS]
    weak = tuple(data.draw(st.lists(st.sampled_from(ids), unique=True, max_size=4)))
    seen = frozenset(data.draw(st.lists(st.sampled_from(ids), unique=True)))
    made = make_plan(replace(BEGINNER, weak=weak, seen=seen), evenings, level, minutes)
    assert [evening.number for evening in made] == list(range(1, evenings + 1))
    assert all(evening.minutes <= minutes for evening in made)
    once = [what for what in whats(made) if what.startswith(("q", "Kata", "Scenario"))]
    assert len(set(once)) == len(once)
    assert sum(what == "A mock interview" for what in whats(made)) <= 1


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(LEVELS)), st.integers(0, 40))
def test_the_hour_is_at_most_an_hour(level: str, cards: int) -> None:
    assert 40 <= hour(replace(BEGINNER, due=(Due(CHECK, None),) * cards), level).minutes <= 60


def test_what_is_due_comes_first_then_what_went_badly() -> None:
    known = replace(BEGINNER, due=(Due(BROKER, None), Due(CHECK, None)), weak=("q03",))
    [evening] = make_plan(known, 1, "senior", 90)
    assert [task.what for task in evening.tasks[:2]] == [
        "Review what is due",
        "q03: A minimal in-process broker",
    ]
    assert (evening.tasks[0].minutes, evening.tasks[1].why) == (4, "went badly before")


def test_the_level_aimed_at_comes_before_the_one_below_and_nothing_above_it() -> None:
    plan = make_plan(BEGINNER, 30, "middle", 120)
    asked = [what[:3] for what in whats(plan) if what.startswith("q")]
    levels = {question.id: question.level for question in QUESTIONS}
    assert {levels[one] for one in asked} == {"middle", "junior"}
    assert [levels[one] for one in asked] == sorted(
        (levels[one] for one in asked), key=["middle", "junior"].index
    )


def test_a_known_question_comes_last_and_says_so() -> None:
    known = replace(BEGINNER, seen=frozenset({"q17"}))
    tasks = [task for evening in make_plan(known, 30, "senior", 120) for task in evening.tasks]
    known_at = next(at for at, task in enumerate(tasks) if task.what.startswith("q17"))
    assert tasks[known_at].why == "known; say it once more"
    assert all(not task.why.endswith("not looked at yet") for task in tasks[known_at:])


def test_the_interview_leaves_an_evening_to_work_on_what_it_shows() -> None:
    for evenings in (2, 3, 5):
        plan = make_plan(BEGINNER, evenings, "senior", 120)
        held = [evening.number for evening in plan if evening.tasks[-1].what == "A mock interview"]
        assert held == [evenings - 1]
    assert "A mock interview" not in whats(make_plan(BEGINNER, 1, "senior", 60))
    assert "A mock interview" in whats(make_plan(BEGINNER, 1, "senior", 120))


def test_stages_that_pass_are_not_planned_and_none_above_the_level() -> None:
    solved = replace(
        KATAS[0],
        stages=tuple(replace(stage, passed=stage.total, verdict=Status.PASSED) for stage in KATAS[0].stages),
    )
    plan = make_plan(replace(BEGINNER, katas=(solved, *KATAS[1:])), 30, "middle", 120)
    stages = [what for what in whats(plan) if what.startswith("Kata")]
    assert stages
    assert not any(what.startswith("Kata broker") for what in stages)
    levels = {
        f"Kata {kata.kata.name}, stage {one.stage.number}": one.stage.level
        for kata in KATAS
        for one in kata.stages
    }
    assert {levels[what.partition(":")[0]] for what in stages} <= {"junior", "middle"}


def test_without_notebooks_or_katas_there_is_still_a_plan() -> None:
    assert whats(make_plan(Known(()), 1, "junior", 60)) == []
    assert hour(Known(()), "junior").tasks


@pytest.mark.parametrize(
    ("evenings", "level", "minutes", "sentence"),
    [
        (0, "senior", 90, "evenings is a number from 1 to 60, and it is 0"),
        (2, "boss", 90, "the level is one of junior, middle, senior, staff, and 'boss' is none"),
        (2, "senior", 5, "minutes of an evening are from 20 to 600, and they are 5"),
    ],
)
def test_a_bad_plan_names_the_value_and_the_rule(
    evenings: int, level: str, minutes: int, sentence: str
) -> None:
    with pytest.raises(BadPlan, match=sentence):
        make_plan(BEGINNER, evenings, level, minutes)


def test_a_plan_as_text_says_what_to_type_or_open() -> None:
    lines = as_lines([*make_plan(BEGINNER, 1, "senior", 60), hour(BEGINNER, "senior")])
    assert lines[0].startswith("Evening 1 (")
    assert any(line.startswith("If an hour is all there is (60") for line in lines)
    named = [line.strip() for line in lines if line.strip().startswith("notebooks/")]
    assert named
    assert all(Path(STUBS.parent.parent / name).is_file() for name in named)
