"""`pubsub review`, `cards`, `plan`, `export` and `import`, run as people run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.review.material import EVENING, MORNING, verdict
from tests.runs import BIN, kata_folder, run
from workbook.grading.verdict import Status
from workbook.progress import Progress, home
from workbook.review.command import Stop, review
from workbook.review.store import Reviews, make_due

COMMANDS = ("review", "cards", "plan", "export", "import")
LATE = ("fsrs", "genanki", "textual", "psycopg", "confluent_kafka")


def typing(folder: Path, typed: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`pubsub` with something typed into it."""
    return subprocess.run(
        [str(BIN / "pubsub"), *arguments],
        cwd=folder,
        input=typed,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "80", "TERM": "dumb"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_review_lists_what_is_due_and_why(tmp_path: Path) -> None:
    make_due(["q15"], "an interview", MORNING)
    done = run(tmp_path, "pubsub", "review", "--list", "--new", "2")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "3 cards today, 2 of them new."
    assert lines[1].startswith("q15")
    assert "(an interview)" in " ".join(done.stdout.split())


def test_a_review_is_kept_and_the_card_is_not_asked_again_today(tmp_path: Path) -> None:
    done = typing(tmp_path, "\n3\nq\n", "review", "--kind", "check", "--level", "junior", "--new", "2")
    assert done.returncode == 0, done.stderr
    assert "Ratings kept: 1. Wrong at first: 0. Left for later: 1." in done.stdout
    with Reviews.open() as reviews:
        [card] = reviews.memories()
    listed = run(tmp_path, "pubsub", "review", "--kind", "check", "--level", "junior", "--new", "2", "--list")
    assert listed.stdout.startswith("1 card today, 1 of them new.")
    assert card not in listed.stdout


def test_a_red_check_of_a_kata_makes_its_flag_due(tmp_path: Path) -> None:
    with Progress.open() as progress:
        verdict(progress, "outbox", "two_pumps_publish_once", Status.FAILED)
    done = run(tmp_path, "pubsub", "review", "--kind", "flag", "--new", "0", "--list")
    assert "r13" in done.stdout
    assert "outbox: two_pumps_publish_once is red" in " ".join(done.stdout.split())


def test_nothing_due_says_what_to_do_instead(tmp_path: Path) -> None:
    done = run(tmp_path, "pubsub", "review", "--new", "0")
    assert done.returncode == 0
    assert "Nothing is due today." in done.stdout


def test_cards_make_a_deck_and_a_table(tmp_path: Path) -> None:
    done = run(tmp_path, "pubsub", "cards", "--anki", "deck.apkg", "--csv", "cards.csv")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "deck.apkg").stat().st_size > 1000
    assert (tmp_path / "cards.csv").read_text(encoding="utf-8").startswith("id,kind,level")
    again = run(tmp_path, "pubsub", "cards", "--csv", "cards.csv")
    assert again.returncode == 2
    assert "cards.csv is there already" in again.stderr


def test_a_plan_needs_no_progress_and_ends_with_an_hour(tmp_path: Path) -> None:
    kata_folder(tmp_path)
    done = run(tmp_path, "pubsub", "plan", "--evenings", "2", "--level", "senior")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Evening 1 (")
    assert "Evening 2 (" in done.stdout
    assert "Kata broker, stage 1" in done.stdout
    assert "If an hour is all there is (" in done.stdout


def test_progress_travels_in_a_file(tmp_path: Path) -> None:
    typing(tmp_path, "\n3\n", "review", "--new", "1")
    done = run(tmp_path, "pubsub", "export", "mine.json")
    assert done.returncode == 0, done.stderr
    assert "1 reviews of cards" in done.stdout
    other = {"PUBSUB_HOME": str(tmp_path / "other")}
    assert "reviews of cards: 1 added" in run(tmp_path, "pubsub", "import", "mine.json", **other).stdout
    assert (
        "reviews of cards: 0 added, 1 here already" in run(tmp_path, "pubsub", "import", "mine.json").stdout
    )


@pytest.mark.parametrize(
    ("kind", "level", "new", "sentence"),
    [
        ("joke", "", 1, "--kind is one of question, check, flag, and 'joke' is none."),
        ("", "boss", 1, "--level is one of junior, middle, senior, staff, and 'boss' is none."),
        ("", "", -1, "--new is a number of cards from 0 on, and it is -1."),
    ],
)
def test_a_review_that_cannot_be_names_the_value_and_the_rule(
    kind: str, level: str, new: int, sentence: str
) -> None:
    with pytest.raises(Stop) as stop:
        review(kind, level, new, False, input, print, print, lambda: EVENING)
    assert str(stop.value) == sentence


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["plan", "--evenings", "0"], "pubsub plan: evenings is a number from 1 to 60, and it is 0"),
        (["import", "nowhere.json"], "pubsub import: nowhere.json cannot be read"),
        (["cards", "--anki", "no/deck.apkg"], "pubsub cards: no/deck.apkg cannot be written"),
    ],
)
def test_what_will_not_do_is_one_sentence(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    done = run(tmp_path, "pubsub", *arguments)
    assert done.returncode == 2
    told = [line for line in done.stderr.splitlines() if not line.startswith("Left out: ")]
    assert len(told) == 1
    assert told[0].startswith(sentence)


@pytest.mark.parametrize("arguments", [["review"], ["plan"], ["export", "x.json"]])
def test_a_damaged_file_of_progress_is_named_and_left_alone(arguments: list[str], tmp_path: Path) -> None:
    home().mkdir(exist_ok=True)
    path = home() / "progress.sqlite3"
    path.write_bytes(b"no database" * 400)
    done = run(tmp_path, "pubsub", *arguments)
    assert "is damaged or no progress file" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert path.read_bytes() == b"no database" * 400


def test_every_command_documents_itself() -> None:
    code = f"""
from typer.testing import CliRunner
from workbook.cli import app
for name in {COMMANDS!r}:
    print(name, len(CliRunner().invoke(app, [name, "--help"]).stdout.splitlines()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = dict(line.split() for line in done.stdout.splitlines())
    assert tuple(lines) == COMMANDS
    assert all(int(number) > 6 for number in lines.values())


def test_the_command_line_loads_nothing_that_only_one_command_needs() -> None:
    code = f"import sys, workbook.cli; print([name for name in {LATE!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
