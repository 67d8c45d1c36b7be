"""The report says what was reached and why; what people typed in it is shown and never obeyed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.interview.bench import play, setup
from workbook.interview.anchors import Scores
from workbook.interview.history import Past, bar, lines, past, weakest
from workbook.interview.log import DONE, OPEN, Kept
from workbook.interview.report import Report, report
from workbook.interview.report_text import as_json, as_markdown, plain, write
from workbook.interview.session import begin
from workbook.interview.state import State

NOW = datetime(2026, 11, 3, 19, 5, tzinfo=UTC)
EVIL = (
    "<script>alert(1)</script> [link](javascript:alert(1)) ![x](http://evil) `code` **bold** # h\n"
    "- item\n1. one\n> quote\n|a|b|\n|-|-|\n\x1b[31mred\x00 \u202eback https://a.example <http://b.example> &lt;"
)


def whole(scores: tuple[int, int, int] = (3, 2, 3), kata: str = "", **options: object) -> State:
    state = begin(setup(kata=kata, **options))  # type: ignore[arg-type]
    for after, _ in play(state, 55, scores):
        state = after
    return state


def of(state: State) -> Report:
    return report(Kept(4, NOW, DONE, state, ()))


def with_scores(*means: tuple[str, int]) -> Report:
    """A report on answers of these levels, each with the same score three times."""
    state = begin(setup())
    bank = {level: [item for item in state.setup.bank if item.level == level] for level, _ in means}
    from workbook.interview.state import Turn

    turns = tuple(
        Turn(bank[level].pop().id, 0.0, scores=Scores(score, score, score)) for level, score in means
    )
    return of(replace(state, turns=turns))


def test_the_level_reached_is_the_highest_that_is_held() -> None:
    found = with_scores(("middle", 3), ("senior", 3), ("senior", 2), ("staff", 4))
    assert found.reached == "senior"
    assert found.reason == (
        "middle: 1 answer, mean 3.0; senior: 2 answers, mean 2.5; staff: 1 answer, mean 4.0. "
        "A level is held from a mean of 2.5 over at least 2 answers."
    )


def test_one_answer_is_too_little_to_tell() -> None:
    found = with_scores(("middle", 4), ("senior", 4))
    assert found.reached == ""
    assert "too little to tell" in found.reason
    assert "**Level reached: not settled**" in as_markdown(found)


def test_no_level_may_be_held() -> None:
    found = with_scores(("middle", 2), ("middle", 2))
    assert (
        found.reached,
        found.reason.endswith("No level was held with a mean of 2.5 over at least 2 answers."),
    ) == (
        "",
        True,
    )


def test_a_session_without_scores_has_a_report_too() -> None:
    found = of(begin(setup()))
    assert found.reason == "No question was scored."
    assert as_markdown(found)
    assert json.loads(as_json(found))["mean"] is None


def test_weak_answers_make_the_plan_the_weakest_first_with_their_scenario() -> None:
    state = begin(setup())
    from workbook.interview.state import Turn

    turns = (
        Turn("q19", 0.0, scores=Scores(2, 2, 2)),
        Turn("q16", 0.0, scores=Scores(4, 4, 4)),
        Turn("q11", 0.0, scores=Scores(1, 1, 1), flags=(1, 2)),
        Turn("q12", 0.0, scores=Scores(4, 4, 4), flags=(1,)),
    )
    found = of(replace(state, turns=turns))
    assert found.low == ("q11", "q19", "q12")
    assert [(step.evening, step.what, step.why) for step in found.plan] == [
        (1, "notebooks/q11_lock_during_delivery.ipynb, then say the answer aloud", "1.0 of 4, 2 red flags"),
        (1, "notebooks/q19_partition_keys.ipynb, then say the answer aloud", "2.0 of 4"),
        (1, "pubsub sim hot-keys", "shows title of partition_keys in figures"),
        (2, "notebooks/q12_in_process_or_broker.ipynb, then say the answer aloud", "4.0 of 4, 1 red flag"),
    ]
    assert found.flags[0] == "Title of lock_during_delivery: Alarming flag one of q11."
    assert found.strengths == ("Title of nats_or_kafka: 4.0 of 4",)


def test_every_scenario_of_the_plan_can_be_run() -> None:
    from sim.__main__ import main
    from workbook.questions import SCENARIOS

    for scenario in SCENARIOS:
        with pytest.raises(SystemExit) as ended:
            main([scenario.replace("_", "-"), "--help"])
        assert ended.value.code == 0


def test_the_kata_is_told_stage_by_stage() -> None:
    text = as_markdown(of(whole(kata="broker")))
    assert "- stage 1: 3 of 3 checks, after 00:55" in text
    assert "- stage 2: 4 of 4 checks, after 00:56" in text


def test_topics_and_what_was_left_unsaid_are_told() -> None:
    found = of(whole())
    assert {topic.topic for topic in found.topics} >= {"middle"}
    assert all(1 <= topic.mean <= 4 for topic in found.topics)
    turn = found.turns[0]
    assert len(turn.unsaid) == 1  # three said, one when pushed
    assert f"**{turn.unsaid[0][0]}.**" in as_markdown(found)


def blocks(text: str) -> list[str]:
    """The kinds of tokens of a Markdown text, inline ones included, tables and autolinks switched on."""
    parser = MarkdownIt("gfm-like", {"linkify": True, "html": True})
    found = []
    for token in parser.parse(text):
        found += [token.type, *(child.type for child in token.children or [])]
    return found


@given(
    st.text(max_size=80)
    | st.sampled_from([EVIL, "# h", "- x", "1. x", "1) x", "    code", "---", "a\n===", "~~x~~"])
)
def test_typed_text_is_a_plain_paragraph_whatever_is_typed(typed: str) -> None:
    shown = plain(typed)
    assert "\n" not in shown
    assert shown.isprintable() or "\u200b" in shown
    allowed = {"paragraph_open", "inline", "paragraph_close", "text", "text_special"}
    assert set(blocks(shown)) <= allowed
    assert set(blocks(f"> {shown}")) <= allowed | {"blockquote_open", "blockquote_close"}


def test_typed_text_is_inert_in_both_reports() -> None:
    state = whole()
    turn = replace(state.turns[0], answer=EVIL, follow_up_answer=EVIL, note=EVIL)
    found = of(replace(state, turns=(turn, *state.turns[1:])))
    text, document = as_markdown(found), as_json(found)
    for secret in ("<script", "\x1b", "\x00", "\u202e"):
        assert secret not in text
    kinds = set(blocks(text))
    assert not kinds & {"html_inline", "html_block", "link_open", "image", "code_block", "fence"}
    assert document.isascii()
    assert "\x1b" not in document
    assert "alert(1)" in json.loads(document)["turns"][0]["answer"]


def test_reports_are_written_beside_one_another_and_never_over(tmp_path: Path) -> None:
    found = of(whole())
    first, data = write(found, tmp_path / "new" / "folder")
    assert first.name == "interview-2026-11-03-4.md"
    before = first.read_bytes()
    second, _ = write(replace(found, seed=99), first.parent)
    assert second.name == "interview-2026-11-03-4-2.md"
    assert first.read_bytes() == before
    assert json.loads(data.read_text(encoding="utf-8"))["format"] == 1


def history(mean: int, number: int, fate: str = DONE) -> Past:
    found = whole((mean, mean, mean))
    return past(Kept(number, NOW, fate, found, ()))


def test_the_history_has_a_line_and_a_bar_a_session() -> None:
    rows = lines([history(2, 1), history(4, 2, OPEN)])
    assert rows[1] == "  1  2026-11-03 19:05  senior    -          2.0  #######............."
    assert rows[2].endswith("  open")
    assert "####################" in rows[2]
    assert all(len(row) <= 80 for row in rows)
    assert "Weakest topics so far:" in rows
    assert lines([]) == ["No interview yet; `pubsub interview --level middle` holds one."]


def test_bars_go_from_one_to_four() -> None:
    assert (bar(1), bar(4), bar(None)) == ("." * 20, "#" * 20, "." * 20)
    assert bar(2.5) == "#" * 10 + "." * 10


def test_the_weakest_topics_are_weighed_by_their_questions() -> None:
    found = weakest([history(1, 1), history(4, 2)])
    assert len(found) <= 5
    assert [topic.mean for topic in found] == sorted(topic.mean for topic in found)
