"""The session asks as design says, whatever happens to it."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.interview.bench import BANK, play, setup
from workbook.interview.anchors import STRONG, Scores, is_strong, is_weak
from workbook.interview.bank import LADDER, from_json, to_json
from workbook.interview.checklist import KINDS, entries, follow_up_text
from workbook.interview.events import (
    Answered,
    Checked,
    ClockRan,
    Drafted,
    Ended,
    Event,
    KataBegan,
    KataEnded,
    KataGraded,
    Marked,
    Noted,
    Paused,
    Resumed,
    Scored,
    Started,
    from_dict,
    to_dict,
)
from workbook.interview.session import Refused, begin, replay, step
from workbook.interview.state import KATA_MINUTES, SPEAKING, BadSetup, Phase, Setup, State

texts = st.text(max_size=20)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Started),
    st.builds(ClockRan),
    st.builds(Drafted, texts),
    st.builds(Answered, texts),
    st.builds(Answered, texts),
    st.builds(Marked, st.sampled_from([*KINDS, "other"]), st.integers(-1, 8), st.booleans()),
    st.builds(Noted, texts),
    st.builds(Checked),
    st.builds(Checked),
    st.builds(Scored, st.integers(0, 5), st.integers(1, 4), st.integers(1, 4)),
    st.builds(Scored, st.integers(1, 4), st.integers(1, 4), st.integers(1, 4)),
    st.builds(Paused),
    st.builds(Resumed),
    st.builds(KataBegan, texts),
    st.builds(KataGraded, st.tuples(st.integers(0, 3), st.integers(0, 2)), st.just((3, 2))),
    st.builds(KataEnded),
)
# Mostly whole questions, so that long sessions are met and not only their first minutes.
question = st.builds(
    lambda marks, flags, scores: [
        Answered("said"),
        *marks,
        Checked(),
        Answered(),
        *flags,
        Checked(),
        Scored(*scores),
    ],
    st.lists(st.builds(Marked, st.just("point"), st.integers(1, 5)), max_size=5),
    st.lists(st.builds(Marked, st.sampled_from(["late", "flag", "signal"]), st.integers(1, 2)), max_size=2),
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4)),
)
logs = st.lists(
    st.one_of(st.lists(events, min_size=1, max_size=3), question, st.just([Ended()])), max_size=12
).map(lambda parts: [Started(), *(one for part in parts for one in part)])
gaps = st.lists(st.floats(-100, 400, allow_nan=False), min_size=1, max_size=20)
setups = st.tuples(  # arguments of setup(): a bank is too much to print
    st.sampled_from(LADDER),
    st.integers(30, 120),
    st.sampled_from(["", "broker", "wildcard", "outbox"]),
    st.sampled_from(["alone", "pair", "paper"]),
    st.integers(0, 2**31),
)


def valid(state: State) -> None:
    """What holds at every moment."""
    assert len(set(state.asked)) == len(state.asked)
    assert 0 <= state.spent <= state.now
    assert state.level in LADDER
    assert LADDER.index(state.level) <= LADDER.index(state.setup.level) + 1 or state.turns
    assert (state.phase is Phase.DONE) == bool(state.ended)
    for turn in state.turns:
        item = state.setup.item(turn.item)
        assert set(turn.points) <= {point.id for point in item.points}
        assert len(set(turn.points)) == len(turn.points)
        assert set(turn.flags) <= set(range(1, len(item.red_flags) + 1))
        assert set(turn.signals) <= set(range(1, len(item.strong_signals) + 1))
        assert 0 <= turn.speaking <= state.spent + 1e-6
    for turn in state.turns[:-1]:  # what is scored was asked, and only the last may be without a score
        assert turn.scores is not None or turn is state.turns[-1]
    if state.phase in (*SPEAKING, Phase.CHECK, Phase.FOLLOW_CHECK, Phase.SCORE):
        assert state.turns
        assert state.turn.scores is None
        for kind in KINDS:
            entries(state, kind)
    if state.phase is Phase.FOLLOW_UP:
        assert follow_up_text(state, state.turn)
        assert state.turn.pushed == "" or state.turn.pushed in {point.id for point in state.item.points}
    if state.phase is Phase.KATA:
        assert state.kata is not None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(setups, logs, gaps)
def test_any_events_leave_a_valid_state_and_its_log_replays_to_it(
    arguments: tuple[str, int, str, str, int], log: list[Event], gaps: list[float]
) -> None:
    made = setup(*arguments)
    state, now, kept = begin(made), 0.0, []
    valid(state)
    for number, event in enumerate(log):
        now += gaps[number % len(gaps)]
        before = state
        try:
            state = step(state, event, now)
        except Refused:
            continue
        kept.append((event, now))
        assert state.now >= before.now
        assert state.spent >= before.spent
        assert state.now == max(before.now, now)
        valid(state)
    assert replay(made, kept) == state
    written = [(from_dict(json.loads(json.dumps(to_dict(event)))), now) for event, now in kept]
    assert replay(made, written) == state


@given(events)
def test_an_event_survives_json(event: Event) -> None:
    assert from_dict(json.loads(json.dumps(to_dict(event)))) == event


def test_the_bank_survives_json() -> None:
    assert from_json(to_json(BANK)) == BANK


@pytest.mark.parametrize(
    ("target", "first"),
    [("junior", "junior"), ("middle", "junior"), ("senior", "middle"), ("staff", "senior")],
)
def test_it_starts_a_level_below_and_junior_stays(target: str, first: str) -> None:
    state = step(begin(setup(target)), Started(), 0)
    assert state.item.level == first


def levels(scores: tuple[int, int, int], target: str = "senior", minutes: int = 120) -> list[str]:
    state = begin(setup(target, minutes))
    for after, _event in play(state, 10, scores):
        state = after
    return [state.setup.item(one).level for one in state.asked]


def test_strong_answers_go_up_to_one_level_above_the_one_aimed_at() -> None:
    assert levels((4, 4, 4))[:4] == ["middle", "senior", "staff", "staff"]
    assert levels((4, 4, 4), "middle")[:4] == ["junior", "middle", "senior", "senior"]


def test_weak_answers_go_down() -> None:
    assert levels((1, 1, 1), "staff")[:4] == ["senior", "middle", "junior", "junior"]


def test_answers_between_stay_and_an_exhausted_level_leads_to_the_next() -> None:
    found = levels((3, 2, 2), minutes=240)
    assert found[:8] == ["middle"] * 8
    assert found[8:15] == ["senior"] * 7
    assert found[15:18] == ["staff"] * 3
    assert found[18:] == ["junior"] * 7


def test_a_red_flag_makes_no_strong_answer() -> None:
    assert is_strong(Scores(4, 4, 4), 0)
    assert not is_strong(Scores(4, 4, 4), 1)
    assert not is_strong(Scores(2, 4, 4), 0)
    assert Scores(3, 3, 3).mean == STRONG
    assert is_weak(Scores(1, 4, 4))
    assert not is_weak(Scores(2, 2, 2))


def test_a_question_that_does_not_fit_into_the_time_is_not_asked() -> None:
    state = begin(setup(minutes=12))
    for after, _event in play(state, 60):
        state = after
    assert len(state.turns) == 2
    assert all(turn.began + state.setup.item(turn.item).minutes * 60 <= 12 * 60 for turn in state.turns)
    assert state.ended == "No further question fits into the time that is left."


def test_the_follow_up_is_about_a_point_that_was_left_out() -> None:
    state = step(begin(setup()), Started(), 0)
    state = step(state, Answered("x"), 1)
    for number in (1, 2, 4, 5):
        state = step(state, Marked("point", number), 2)
    state = step(state, Checked(), 3)
    assert state.turn.pushed == state.item.points[2].id
    assert state.item.points[2].label in follow_up_text(state, state.turn)
    assert entries(state, "late") == (state.item.points[2].id,)


def test_the_follow_up_is_the_notebooks_where_all_was_said() -> None:
    state = step(begin(setup(mode="pair")), Started(), 0)
    for number in range(1, 6):
        state = step(state, Marked("point", number), 2)
    state = step(state, Answered(), 3)
    assert state.phase is Phase.FOLLOW_UP
    assert follow_up_text(state, state.turn) == state.item.follow_up


def test_alone_the_checklist_opens_after_the_answer() -> None:
    state = step(begin(setup()), Started(), 0)
    with pytest.raises(Refused, match="No point can be ticked now: the answer is awaited"):
        step(state, Marked("point", 1), 1)


def test_a_pause_costs_no_time() -> None:
    state = step(begin(setup()), Started(), 0)
    state = step(state, Paused(), 10)
    with pytest.raises(Refused, match="paused"):
        step(state, Answered(), 20)
    state = step(state, Resumed(), 500)
    state = step(state, Answered(), 505)
    assert (state.spent, state.turn.speaking, state.now) == (15, 15, 505)


def test_time_that_runs_backwards_stands_still() -> None:
    state = step(begin(setup()), Started(), 100)
    state = step(state, ClockRan(), 40)
    assert state.now == 100
    with pytest.raises(Refused, match="cannot stand at nan"):
        step(state, ClockRan(), math.nan)


def test_the_minutes_include_the_kata() -> None:
    state = begin(setup(minutes=45, kata="broker"))
    for after, _event in play(state, 30):
        state = after
        if state.phase is Phase.KATA_READY:
            break
    assert state.spent >= (45 - KATA_MINUTES["broker"] - 5) * 60
    for after, _event in play(state, 240):
        state = after
    assert state.kata is not None
    assert state.kata.reached == (240, 241)
    assert state.kata.runs == 2
    assert state.asked[-2:] == ("kata-broker-1", "kata-broker-2")  # the third does not fit any more
    assert state.ended == "The kata and its questions are through."


def test_a_grading_that_says_nothing_is_refused() -> None:
    state = begin(setup(minutes=30, kata="broker"))
    for after, _event in play(state, 100):
        state = after
        if state.phase is Phase.KATA_READY:
            break
    state = step(state, KataBegan(), state.now)
    for passed, total in [((), ()), ((1,), (1, 2)), ((3,), (2,)), ((-1,), (2,)), ((0,), (0,))]:
        with pytest.raises(Refused):
            step(state, KataGraded(passed, total), state.now)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"level": "expert"}, "no level 'expert'; the levels are junior, middle, senior, staff"),
        ({"minutes": 4}, "takes from 5 to 240 minutes, got 4"),
        ({"minutes": 24, "kata": "broker"}, "with the kata broker takes from 25 to 240 minutes, got 24"),
        ({"kata": "cache"}, "no kata 'cache'"),
        ({"mode": "trio"}, "no mode 'trio'"),
    ],
)
def test_a_bad_setup_names_the_value_and_the_rule(change: dict[str, object], says: str) -> None:
    with pytest.raises(BadSetup, match=says):
        Setup(**{"level": "senior", "minutes": 45, "seed": 1, "bank": BANK, **change})


def test_a_session_without_questions_is_refused() -> None:
    with pytest.raises(BadSetup, match="check-notebooks"):
        Setup("senior", 45, 1, ())


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ([], "an event is a JSON object, got list"),
        ({"event": "jumped"}, "there is no event 'jumped'; the events are started,"),
        ({"event": "answered", "words": "x"}, "has no 'words'; it has text"),
        ({"event": "scored", "content": 3}, "needs tradeoffs and proof"),
        (
            {"event": "marked", "kind": "point", "number": True},
            "number of the event marked is a whole number",
        ),
        ({"event": "kata_graded", "passed": [1, "x"], "total": [1, 1]}, "a list of whole numbers"),
    ],
)
def test_a_bad_event_names_the_value_and_the_rule(found: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        from_dict(found)


@pytest.mark.parametrize("scores", [(0, 1, 1), (1, 5, 1), (1, 1, True)])
def test_scores_are_whole_numbers_from_1_to_4(scores: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="is scored with a whole number from 1 to 4, got"):
        Scores(*scores)


def test_a_text_without_end_is_refused() -> None:
    state = step(begin(setup()), Started(), 0)
    with pytest.raises(Refused, match="at most 20,000 characters, this one has 20,001"):
        step(state, Answered("x" * 20_001), 1)
