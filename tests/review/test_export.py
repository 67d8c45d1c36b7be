"""Progress goes to another machine and back: merged, nothing lost, in one piece, and a bad file changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.review.material import EVENING, MORNING, verdict
from workbook.export import CannotExport, CannotImport, export, import_file
from workbook.grading.verdict import Status
from workbook.merge import TABLES, rows
from workbook.progress import Progress
from workbook.review.schedule import Memory, Rating
from workbook.review.store import Reviews


def review(folder: Path, *steps: tuple[str, int, Rating]) -> None:
    """Reviews of cards, each on its day."""
    with Reviews.open(folder) as reviews:
        for card, day, rating in sorted(steps, key=lambda step: step[1]):
            at = MORNING + timedelta(days=day)
            reviews.record(reviews.memories().get(card) or Memory(card, at), rating, at)


def exported(folder: Path, path: Path) -> dict[str, Any]:
    export(path, EVENING, folder)
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def held(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Everything in the file of progress."""
    path = folder / "held.json"
    path.unlink(missing_ok=True)
    tables: dict[str, list[dict[str, Any]]] = exported(folder, path)["tables"]
    return tables


def send(source: Path, target: Path) -> list[str]:
    path = source / "sent.json"
    path.unlink(missing_ok=True)
    export(path, EVENING, source)
    return [str(one) for one in import_file(path, target)]


def interview(folder: Path, began: str, events: int, fate: str = "done", last: str = "") -> None:
    """A session with so many events; `last` replaces what the last one says."""
    send(folder, folder)  # makes the tables
    with Progress.open(folder) as progress:
        connection = progress.connection
        connection.execute("INSERT OR IGNORE INTO interview_bank VALUES ('b1', '[]')")
        number = connection.execute(
            "INSERT INTO interview (began, setup, bank, fate) VALUES (?, '{}', 'b1', ?)", (began, fate)
        ).lastrowid
        for event in range(1, events + 1):
            text = last if last and event == events else f'{{"event": {event}}}'
            connection.execute(
                "INSERT INTO interview_event VALUES (?, ?, ?, ?, ?)",
                (number, event, EVENING.isoformat(), float(event), text),
            )


def test_an_empty_home_takes_over_everything(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    review(one, ("q03", 0, Rating.GOOD), ("q03", 3, Rating.AGAIN), ("c38", 1, Rating.EASY))
    with Progress.open(one) as progress:
        verdict(progress, "broker", "topics_are_separate", Status.FAILED)
        progress.next_hint("broker", "topics_are_separate", 3)
        Reviews(progress).make_due(["r13"], "an interview", EVENING)
    interview(one, "2026-03-02T20:00:00+02:00", 3)
    said = send(one, other)
    assert said == [
        "verdicts: 1 added, 0 here already",
        "hints: 1 added, 0 here already",
        "reviews of cards: 3 added, 0 here already",
        "cards made due: 1 added, 0 here already",
        "interviews: 1 added, 0 here already",
    ]
    assert held(one) == held(other)


def test_importing_twice_adds_nothing_the_second_time(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    review(one, ("q03", 0, Rating.GOOD))
    interview(one, "2026-03-02T20:00:00+02:00", 3)
    send(one, other)
    before = held(other)
    assert send(one, other)[2] == "reviews of cards: 0 added, 1 here already"
    assert held(other) == before


STEPS = st.lists(
    st.tuples(st.sampled_from(["q03", "c38"]), st.integers(0, 30), st.sampled_from(Rating)),
    max_size=6,
    unique_by=lambda step: (step[0], step[1]),
)


@settings(max_examples=12, deadline=None)
@given(mine=STEPS, theirs=STEPS)
def test_the_order_of_two_imports_does_not_matter_and_all_reviews_count(
    tmp_path_factory: pytest.TempPathFactory,
    mine: list[tuple[str, int, Rating]],
    theirs: list[tuple[str, int, Rating]],
) -> None:
    root = tmp_path_factory.mktemp("merge")
    one, other = root / "one", root / "other"
    review(one, *mine)
    review(other, *theirs)
    export(root / "one.json", EVENING, one)
    export(root / "other.json", EVENING, other)
    import_file(root / "other.json", one)
    import_file(root / "one.json", other)
    assert held(one) == held(other)
    assert len(held(one)["review_log"]) == len({*mine, *theirs})


def test_a_review_after_an_import_is_kept_like_any_other(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    review(one, ("q03", 0, Rating.GOOD), ("q03", 4, Rating.GOOD))
    review(other, ("q03", 1, Rating.HARD), ("q03", 2, Rating.GOOD))
    send(one, other)
    review(other, ("q03", 30, Rating.GOOD))
    assert [row["number"] for row in held(other)["review_log"]] == [1, 2, 3, 4, 5]
    assert held(other)["review_card"][0]["reviews"] == 5


def test_a_card_made_due_on_one_machine_and_reviewed_later_on_the_other_is_done(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    with Reviews.open(one) as reviews:
        reviews.make_due(["q03"], "an interview", MORNING)
        reviews.make_due(["c38"], "an interview", MORNING)
    review(other, ("q03", 1, Rating.GOOD))
    send(one, other)
    assert [row["card"] for row in held(other)["review_due"]] == ["c38"]
    with Reviews.open(other) as reviews:
        assert reviews.memories()["q03"].due > MORNING + timedelta(days=1)
        assert reviews.memories()["c38"].due == MORNING


def test_older_verdicts_do_not_become_the_newest(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    with Progress.open(one) as progress:
        verdict(progress, "broker", "topics_are_separate", Status.FAILED)
    with Progress.open(other) as progress:
        verdict(progress, "broker", "topics_are_separate", Status.PASSED)
    send(one, other)
    with Progress.open(other) as progress:
        standing = progress.latest("broker")
    assert standing is not None
    assert standing.statuses == {"topics_are_separate": Status.PASSED}


def test_a_session_that_went_on_elsewhere_is_continued_here(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    interview(one, "2026-03-02T20:00:00+02:00", 5)
    interview(other, "2026-03-02T20:00:00+02:00", 2, fate="open")
    assert send(one, other)[4] == "interviews: 1 added, 0 here already"
    assert len(held(other)["interview_event"]) == 5
    assert [row["fate"] for row in held(other)["interview"]] == ["done"]
    assert send(other, one)[4] == "interviews: 0 added, 1 here already"


def test_a_session_that_went_two_ways_is_left_as_it_is_here_and_told(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    interview(one, "2026-03-02T20:00:00+02:00", 3, last='{"event": "x"}')
    interview(other, "2026-03-02T20:00:00+02:00", 3)
    before = held(other)
    assert send(one, other)[4] == (
        "interviews: 0 added, 0 here already, 1 went on differently here and were left alone"
    )
    assert held(other) == before


def test_an_open_session_stays_the_one_that_goes_on_here(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    interview(one, "2026-03-01T20:00:00+02:00", 1, fate="open")
    interview(other, "2026-03-02T20:00:00+02:00", 1, fate="open")
    send(one, other)
    assert [row["fate"] for row in held(other)["interview"]] == ["open", "left"]


BAD: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda d: d.update(format="other"), "is no export of progress"),
    (lambda d: d.update(tables=[]), "is no export of progress"),
    (lambda d: d.update(versions={"review": "1"}), "does not say which version wrote it"),
    (lambda d: d["versions"].update(review=99), "was written by a newer workbook (review 99, this one knows 1)"),
    (lambda d: d["versions"].update(moon=1), "was written by a newer workbook (moon 1, this one knows 0)"),
    (lambda d: d["tables"].update(moon=[]), "it has a table 'moon' that is not known here"),
    (lambda d: d["tables"].update(hint={}), "its table hint is no list of rows"),
    (lambda d: d["tables"].update(hint=[3]), "row 1 of its table hint has not the columns"),
    (lambda d: d["tables"]["review_log"][0].update(rating=9), "has a rating of 9"),
    (lambda d: d["tables"]["review_log"][0].update(rating=True), "has 'True' where rating belongs"),
    (lambda d: d["tables"]["review_log"][0].update(at="today"), "where a time with its zone belongs"),
    (lambda d: d["tables"]["review_log"][0].update(number=2**70), "where number belongs"),
    (lambda d: d["tables"]["review_card"][0].update(stability=float("inf")), "has inf where stability belongs"),
    (lambda d: d["tables"]["review_card"][0].update(card=None), "has 'None' where card belongs"),
    (lambda d: d["tables"]["verdict"][0].update(status="fine"), "has a status that is not known, 'fine'"),
    (lambda d: d["tables"]["interview"].clear(), "it has an event of interview 1, which is not in the file"),
    (lambda d: d["tables"]["interview_bank"].clear(), "refers to questions that are not in the file"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "sentence"), BAD)
def test_a_file_that_does_not_fit_gets_one_sentence_and_changes_nothing(
    change: Callable[[dict[str, Any]], object], sentence: str, tmp_path: Path
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    review(one, ("q03", 0, Rating.GOOD))
    with Progress.open(one) as progress:
        verdict(progress, "broker", "topics_are_separate", Status.FAILED)
    interview(one, "2026-03-02T20:00:00+02:00", 1)
    document = exported(one, tmp_path / "bad.json")
    change(document)
    (tmp_path / "bad.json").write_text(json.dumps(document), encoding="utf-8")
    review(other, ("c38", 0, Rating.GOOD))
    before = held(other)
    with pytest.raises(CannotImport) as error:
        import_file(tmp_path / "bad.json", other)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)
    assert held(other) == before


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"3", b"null", b'{"tables": {}}']
)
def test_a_file_that_is_no_export_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_bytes(content)
    with pytest.raises(CannotImport, match=r"is not JSON|is no export of progress"):
        import_file(tmp_path / "bad.json", tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotImport, match=r"nowhere.json cannot be read \(No such file or directory\)"):
        import_file(tmp_path / "nowhere.json", tmp_path)


def test_an_export_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("mine")
    with pytest.raises(CannotExport, match="is there already"):
        export(tmp_path / "mine.json", EVENING, tmp_path)
    with pytest.raises(CannotExport, match=r"cannot be written \(No such file or directory\)"):
        export(tmp_path / "nowhere" / "mine.json", EVENING, tmp_path)
    assert (tmp_path / "mine.json").read_text() == "mine"


def test_every_table_of_the_file_is_carried_along(tmp_path: Path) -> None:
    send(tmp_path, tmp_path)
    with Progress.open(tmp_path) as progress:
        found = progress.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        assert rows(progress.connection, "verdict") == []
    carried = {name for (name,) in found if not name.endswith("_version") and not name.startswith("sqlite_")}
    assert carried == set(TABLES)
