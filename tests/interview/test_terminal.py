"""The full screen: what is seen, by keyboard alone, with nothing lost and nothing hidden by colour."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.interview.bench import play as script
from tests.interview.bench import setup
from tests.interview.scenes import every
from tests.interview.stage import NOW, SCREENS, Stage, stage
from workbook.interview import terminal
from workbook.interview.events import Drafted, KataGraded
from workbook.interview.kata_round import Grading, NotGraded
from workbook.interview.log import Running, open_sessions
from workbook.interview.pair import PairPage
from workbook.interview.state import Phase
from workbook.interview.theme import background
from workbook.places import STUBS


def test_every_scene_looks_as_its_picture() -> None:
    found = every()
    assert sorted(found) == sorted(path.stem for path in SCREENS.glob("*.txt"))
    for name, text in found.items():
        assert text == (SCREENS / f"{name}.txt").read_text(encoding="utf-8"), name
        assert all(len(line) <= 80 for line in text.splitlines())
        assert len(text.splitlines()) <= 24


def play(folder: Path, scene: Callable[[Stage], Awaitable[None]], **options: object) -> None:
    async def run() -> None:
        async with stage(folder, **options) as on:  # type: ignore[arg-type]
            await scene(on)

    asyncio.run(run())


def test_what_was_typed_is_there_again_after_a_kill(tmp_path: Path) -> None:
    """The first screen is thrown away without a word; the second one finds the draft."""

    async def first(on: Stage) -> None:
        await on.press("f2")
        await on.type("half a thought")
        await on.wait(2)
        await on.wait(2)

    async def second(on: Stage) -> None:
        assert "half a thought" in on.seen()
        await on.type(" and the rest")
        await on.press("f2")
        assert on.desk.kept.turn.answer == "half a thought and the rest"

    play(tmp_path, first)
    play(tmp_path, second)


def test_leaving_keeps_what_was_typed_and_ends_nothing(tmp_path: Path) -> None:
    async def leave(on: Stage) -> None:
        await on.press("f2")
        await on.type("nearly")
        await on.keys("ctrl+c")
        await on.keys("l")

    async def back(on: Stage) -> None:
        assert on.desk.kept.phase is Phase.ASK
        assert "nearly" in on.seen()

    play(tmp_path, leave)
    play(tmp_path, back)


def test_a_pause_keeps_what_was_typed_a_moment_ago(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        await on.press("f2")
        await on.type("just now")
        await on.press("f3")
        assert "just now" not in on.seen()
        await on.press("f3")
        assert "just now" in on.seen()

    play(tmp_path, scene)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_without_colour_the_same_can_be_read(
    tmp_path: Path, theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def scene(on: Stage) -> None:
        await on.press("f2", "f2")
        await on.press("space")
        assert "[x] Secret label 1" in on.seen()
        assert "[ ] Secret label 2" in on.seen()
        grey = {
            (color.red, color.green, color.blue)
            for line in on.app.screen._compositor.render_strips()
            for segment in line.apply_filter(on.app._filters[-1], on.app.current_theme.background or "")
            if segment.style and segment.style.color and (color := segment.style.color.get_truecolor())
        }
        assert grey
        assert all(red == green == blue for red, green, blue in grey)

    play(tmp_path, scene, theme=theme)


def test_light_and_dark_change_with_a_key_and_follow_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(on: Stage) -> None:
        assert on.app.theme == "textual-light"
        await on.press("f8")
        assert on.app.theme == "textual-dark"

    play(tmp_path, scene, theme="light")
    monkeypatch.setenv("COLORFGBG", "0;15")
    assert background() == "light"
    monkeypatch.setenv("COLORFGBG", "15;0")
    assert background() == "dark"
    monkeypatch.delenv("COLORFGBG")
    assert background() == "dark"


def test_an_event_that_cannot_be_kept_is_told_and_the_answer_stays(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        await on.press("f2")
        await on.type("precious")
        connection = on.sessions._connection
        connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0]}")
        for text in ["x" * 3000] * 20 + [""] * 200:  # until the last byte of the last page is used
            sentence = on.desk.send(Drafted(text))
        assert "the disk is full; free some space." in sentence
        await on.press("f2")
        assert on.desk.kept.phase is Phase.ASK
        assert "the disk is full" in " ".join(on.seen().split())
        assert "precious" in on.seen()
        connection.execute("PRAGMA max_page_count = 1000000")
        await on.press("f2")
        assert on.desk.kept.turn.answer == "precious"

    play(tmp_path, scene)


def test_suggestions_are_told_with_their_words_and_tick_nothing(tmp_path: Path) -> None:
    def suggest(item: str, text: str, part: str) -> dict[str, tuple[str, ...]]:
        assert (text, part) == ("lock", "answer")
        return {f"{item}:p2": ("lock", "m\x1b[31map")}

    async def scene(on: Stage) -> None:
        await on.press("f2")
        await on.type("lock")
        await on.press("f2")
        assert "[ ] Secret label 2 of q11. secret text 2 of q11 Said, perhaps: lock" in on.seen()
        assert "\x1b" not in on.seen()
        assert on.desk.kept.turn.points == ()

    play(tmp_path, scene, suggest=suggest)


def to_the_kata(folder: Path) -> None:
    """A session whose questions are through."""
    with open_sessions(folder) as sessions:
        running = Running(sessions, sessions.create(setup(kata="broker"), NOW))
        for state, event in script(running.state, 55):
            running.send(event, state.now)
            if state.phase is Phase.KATA_READY:
                return


def test_the_kata_round_grades_on_demand_and_when_the_file_is_saved(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded: list[bytes] = []

    def grade(kata: str, path: Path) -> Grading:
        graded.append(path.read_bytes())
        return Grading(KataGraded((len(graded), 0), (2, 3)), (f"stage 1: {len(graded)} of 2",))

    monkeypatch.setattr(terminal, "grade", grade)  # the real one is tested in test_kata_round.py

    async def scene(on: Stage) -> None:
        await on.press("f2")
        path = home / "interviews" / "session-1-broker" / "broker.py"
        assert path.read_text(encoding="utf-8") == (STUBS / "broker.py").read_text(encoding="utf-8")
        assert str(path) in on.seen().replace("\n", "").replace(" ", "")
        await on.wait(30)
        await on.press("f5")
        assert "stage 1: 1 of 2" in on.seen()
        path.write_text("# my broker\n")
        await on.wait(30)
        assert "stage 1: 2 of 2" in on.seen()
        assert graded[1] == b"# my broker\n"
        assert on.desk.kept.kata is not None
        assert on.desk.kept.kata.reached == (60.0, None)
        await on.press("f2")
        assert on.desk.kept.turn.item == "kata-broker-1"

    to_the_kata(tmp_path)
    play(tmp_path, scene)


def test_a_kata_that_cannot_be_graded_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def grade(kata: str, path: Path) -> Grading:
        raise NotGraded("The file is gone; put it back.")

    monkeypatch.setattr(terminal, "grade", grade)

    async def scene(on: Stage) -> None:
        await on.press("f2")
        await on.press("f5")
        assert "The file is gone; put it back." in on.seen()
        assert on.desk.kept.kata is not None
        assert on.desk.kept.kata.runs == 0

    to_the_kata(tmp_path)
    play(tmp_path, scene)


def test_the_interviewer_is_told_what_becomes_of_the_page(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        assert on.desk.page is not None
        link = on.desk.page.link
        assert link.rpartition("/")[2] in on.seen().replace("\n", "").replace(" ", "")
        assert "The candidate has not opened the page yet." in on.seen()
        on.desk.page.join(link.rpartition("/")[2])
        on.desk.page.state()
        await on.wait(1)
        assert "The candidate's page is open." in on.seen()
        await on.press("f6")
        assert on.desk.page.link != link
        assert on.desk.page.link.rpartition("/")[2] in on.seen().replace("\n", "").replace(" ", "")

    with PairPage() as page:
        play(tmp_path, scene, mode="pair", page=page)


def test_a_wide_and_a_tiny_terminal_show_the_question(tmp_path: Path) -> None:
    async def scene(on: Stage) -> None:
        await on.press("f2")
        assert "Question q11: what happens" in on.seen()

    play(tmp_path / "wide", scene, size=(160, 50))
    play(tmp_path / "tiny", scene, size=(40, 16))
