"""The judgements of a history, beside naive ones of a few lines."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbook.graders import outbox_judge as judge
from workbook.graders.outbox_database import Row
from workbook.graders.outbox_history import Event, Send, name_of, of_aggregate, outcome, told
from workbook.graders.outbox_scene import Scene
from workbook.grading.check import Broken

ROWS = [Row(number, "AB"[number % 2], "t", b"%d" % number) for number in range(1, 7)]
STEPS = st.lists(st.tuples(st.sampled_from(["send", "ack"]), st.sampled_from(ROWS)), max_size=14)


def scene(steps: list[tuple[str, Row]]) -> Scene:
    """A scene in which this happened; no pump and no database."""
    play = Scene(cast(Any, None), cast(Any, None))
    play.rows.update((row.id, row) for row in ROWS)
    for number, (kind, row) in enumerate(steps):
        headers = (("outbox-id", str(row.id).encode()),)
        send = Send(
            number, "pump 1", number, row.topic, row.aggregate.encode(), row.payload, headers, (), row
        )
        if kind == "send":
            play.sends.append(send)
        play.events.append(Event(number, "pump 1", kind, f"{kind} {name_of(row)}", send))
    return play


def passes(judgement: Any, play: Scene) -> bool:
    try:
        judgement(play)
    except Broken:
        return False
    return True


@given(STEPS)
def test_order_is_judged_by_first_publications_only(steps: list[tuple[str, Row]]) -> None:
    firsts = list(dict.fromkeys(row.id for kind, row in steps if kind == "ack"))
    lines = [[number for number in firsts if number % 2 == side] for side in (0, 1)]
    assert passes(judge.in_order, scene(steps)) == all(line == sorted(line) for line in lines)


@given(STEPS)
def test_a_row_sent_twice_is_a_duplicate_whoever_sent_it(steps: list[tuple[str, Row]]) -> None:
    sent = [row.id for kind, row in steps if kind == "send"]
    assert passes(judge.nothing_twice, scene(steps)) == (len(sent) == len(set(sent)))


@given(STEPS)
def test_a_row_may_be_sent_when_all_earlier_ones_of_its_aggregate_are_acknowledged(
    steps: list[tuple[str, Row]],
) -> None:
    acknowledged: set[int] = set()
    right = True
    for kind, row in steps:
        if kind == "ack":
            acknowledged.add(row.id)
        else:
            right &= all(
                one.id in acknowledged for one in ROWS if one.aggregate == row.aggregate and one.id < row.id
            )
    assert passes(judge.one_at_a_time, scene(steps)) == right


def test_the_card_of_a_broken_order_shows_that_aggregate_up_to_the_break() -> None:
    play = scene([("send", ROWS[0]), ("ack", ROWS[2]), ("ack", ROWS[1]), ("ack", ROWS[0]), ("ack", ROWS[4])])
    with pytest.raises(Broken) as caught:
        judge.in_order(play)
    verdict = caught.value.verdict
    assert verdict.message == "Row 1 of B was published after row 3."
    assert (verdict.expected, verdict.seen) == ("first publications: 1, 3, 5", "3, 1, 5")
    assert [line.split(maxsplit=2)[2] for line in verdict.history] == [
        "send row 1 of B",
        "ack row 3 of B",
        "ack row 1 of B",
    ]


def test_a_wrong_type_is_named_with_what_it_should_be() -> None:
    play = scene([])
    play.sends.append(Send(1, "pump 1", 0.0, "t", b"", b"1", (), ("key is a str, not bytes",), ROWS[0]))
    with pytest.raises(Broken) as caught:
        judge.as_they_are(play)
    assert caught.value.verdict.message == "Row 1 of B: the key is a str, not bytes."


def asks(text: str, session: int = 1) -> Event:
    return Event(0.0, "pump 1", "asks", text, None, False, session)


def answers(text: str, session: int = 1, failed: bool = False) -> Event:
    return Event(0.0, "pump 1", "answers", text, None, failed, session)


def test_a_request_and_its_answer_are_one_line_also_when_two_connections_talk_at_once() -> None:
    lines = told([asks("UPDATE a"), asks("SELECT b", 2), answers("SELECT 3", 2), answers("UPDATE 1")])
    assert [line.split() for line in lines] == [
        ["pump", "1", "UPDATE", "a", "1", "row"],
        ["pump", "1", "SELECT", "b", "3", "rows"],
    ]


def test_a_card_about_one_aggregate_leaves_out_what_changed_nothing() -> None:
    events = [
        asks("SELECT a"), answers("SELECT 2"), asks("COMMIT"), answers("COMMIT"),
        asks("UPDATE a"), answers("UPDATE 0"), asks("COMMIT"), answers("COMMIT"),
        asks("UPDATE b"), answers("UPDATE 2"), asks("COMMIT"), answers("COMMIT"),
        asks("UPDATE c"), answers("57P01 terminating", failed=True),
    ]  # fmt: skip
    assert [" ".join(line.split()) for line in told(events, of_aggregate("A"))] == [
        "pump 1 UPDATE b 2 rows",
        "pump 1 COMMIT",
        "pump 1 UPDATE c 57P01 terminating",
    ]


def test_only_counts_of_rows_are_shown_of_what_a_statement_did() -> None:
    assert [outcome(tags) for tags in ("BEGIN", "SELECT 1", "INSERT 0 6", "UPDATE 2, COMMIT", "")] == [
        "", "1 row", "6 rows", "2 rows", "",
    ]  # fmt: skip
