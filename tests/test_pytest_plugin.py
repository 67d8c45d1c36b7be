"""`pytest katas/` works as with any test, and shows a card instead of our code."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests import bank
from tests.runs import kata_folder, run
from workbook.grading.verdict import Status
from workbook.progress import Progress

SOLUTION = (bank.SOLUTIONS / "broker.py").read_text(encoding="utf-8")
# Right for a message or two, wrong for many: only checks that send more notice.
BROKEN = SOLUTION.replace(
    "self._buffer.popleft()", "self._buffer.popleft() if len(self._buffer) < 12 else self._buffer.pop()"
)
CHECK = "katas/broker.py::order_of_one_publisher"


@pytest.fixture
def katas(tmp_path: Path) -> Path:
    """A folder with the solution, a long buffer of its read from the wrong end."""
    assert BROKEN != SOLUTION
    kata_folder(tmp_path, broker=BROKEN)
    return tmp_path


def test_one_check_is_one_test_that_can_be_named(katas: Path) -> None:
    done = run(katas, "pytest", CHECK)
    assert done.returncode == 1
    assert "1 failed" in done.stdout


def test_a_failing_check_shows_its_card(katas: Path) -> None:
    done = run(katas, "pytest", CHECK, "--seed", "5")
    for word in ("Rule", "History", "Expected", "Seen", "Likely", "--seed 5", "Reread"):
        assert word in done.stdout


@pytest.mark.parametrize(
    "verbosity", ["-q", "-v", "-vv", "--tb=long", "--tb=native", "--full-trace", "--showlocals"]
)
def test_no_frame_or_source_of_the_grader_is_shown(katas: Path, verbosity: str) -> None:
    done = run(katas, "pytest", CHECK, verbosity)
    for word in (
        "Traceback",
        "workbook/grading",
        "workbook/graders",
        "raise Broken",
        "def judge",
        "expect_model",
    ):
        assert word not in done.stdout + done.stderr


def test_a_keyword_chooses_checks(katas: Path) -> None:
    done = run(katas, "pytest", "katas/", "-k", "live_once or topics_are", "-v")
    assert "live_once_entered PASSED" in done.stdout
    assert "topics_are_separate PASSED" in done.stdout
    assert "2 passed" in done.stdout


def test_the_first_failure_stops_when_asked(katas: Path) -> None:
    done = run(
        katas, "pytest", "katas/broker.py", "-x", "-k", "one_subscriber or every_subscriber or order_of"
    )
    assert "1 failed" in done.stdout
    assert "stopping after 1 failures" in done.stdout


def test_last_failed_runs_only_what_failed(katas: Path) -> None:
    choice = ("katas/broker.py", "-k", "live_once or order_of or topics_are")
    cache = ("-p", "cacheprovider", "-o", f"cache_dir={katas / 'cache'}")
    first = run(katas, "pytest", *choice, *cache)
    assert "1 failed, 2 passed" in first.stdout.replace("2 passed, 1 failed", "1 failed, 2 passed")
    again = run(katas, "pytest", *choice, *cache, "--lf")
    assert "1 failed" in again.stdout
    assert "passed" not in again.stdout


def test_junit_tells_failures_and_skips_apart(tmp_path: Path) -> None:
    kata_folder(tmp_path, broker=BROKEN)
    run(tmp_path, "pytest", CHECK, "katas/broker.py::topics_are_separate", "--junitxml", "out.xml")
    suite = ElementTree.parse(tmp_path / "out.xml").getroot()[0]
    failed = [case.attrib["name"] for case in suite.iter("testcase") if case.find("failure") is not None]
    assert failed == ["order_of_one_publisher"]
    assert (suite.attrib["errors"], suite.attrib["failures"], suite.attrib["tests"]) == ("0", "1", "2")
    assert "Traceback" not in (tmp_path / "out.xml").read_text()


def test_results_are_written_as_the_schema_says(katas: Path) -> None:
    run(katas, "pytest", CHECK, "--results", "results.json", "--seed", "7")
    document = json.loads((katas / "results.json").read_text())
    assert {key: document[key] for key in ("schema", "kata", "seed")} == {
        "schema": 1,
        "kata": "broker",
        "seed": 7,
    }
    assert len(document["sha256"]) == 64
    [stage] = document["stages"]
    assert {key: stage[key] for key in ("n", "title", "level", "verdict")} == {
        "n": 1,
        "title": "broadcast",
        "level": "junior",
        "verdict": "failed",
    }
    [check] = stage["checks"]
    assert set(check) == {"id", "rule", "stage", "status", "message", "seconds"}
    assert (check["id"], check["status"]) == ("order_of_one_publisher", "failed")


def test_the_learners_file_is_never_imported_into_pytest(tmp_path: Path) -> None:
    trap = f"import os\nopen({str(tmp_path / 'pid')!r}, 'a').write(f'{{os.getppid()}}\\n')\nimport sys\nsys.exit(3)\n"
    kata_folder(tmp_path, broker=trap)
    done = run(
        tmp_path,
        "pytest",
        "katas/broker.py",
        "-k",
        "contract",
        "--doctest-modules",
        "-o",
        "python_files=*.py",
    )
    assert "1 failed" in done.stdout
    assert "SystemExit" in done.stdout


@pytest.mark.parametrize(("chosen", "loaded"), [("live_once", False), ("test_mine or live_once", True)])
def test_hypothesis_is_loaded_only_where_a_test_uses_it(tmp_path: Path, chosen: str, loaded: bool) -> None:
    kata_folder(tmp_path, broker=SOLUTION)
    (tmp_path / "test_mine.py").write_text("def test_mine():\n    import hypothesis\n")
    session = f"pytest.main(['-p', 'no:nbval', '-k', {chosen!r}])"
    done = run(tmp_path, "python", "-c", f"import pytest, sys; {session}; print('hypothesis' in sys.modules)")
    assert "passed" in done.stdout
    assert done.stdout.splitlines()[-1] == str(loaded)


def test_pytest_on_everything_collects_katas_once_and_other_tests_as_ever(tmp_path: Path) -> None:
    kata_folder(tmp_path, broker=SOLUTION)
    (tmp_path / "test_mine.py").write_text("def test_mine():\n    assert True\n")
    done = run(tmp_path, "pytest", ".", "-k", "test_mine or live_once")
    assert "2 passed" in done.stdout


def test_a_file_of_that_name_elsewhere_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "broker.py").write_text("def test_here():\n    assert True\n")
    done = run(tmp_path, "pytest", "broker.py")
    assert "1 passed" in done.stdout


@pytest.mark.parametrize("machine", ["", "true"], ids=["a person's", "a CI's"])
def test_the_first_failure_of_a_stage_is_a_card_and_the_others_a_line(tmp_path: Path, machine: str) -> None:
    kata_folder(tmp_path)
    done = run(
        tmp_path,
        "pytest",
        "katas/broker.py",
        "-k",
        "contract or one_subscriber or topics_are or default_buffer",
        CI=machine,  # there pytest's list at the end is not cut to the width
    )
    assert done.stdout.count("Rule  ") == 2
    assert done.stdout.count("Still to do") >= 4


def test_verdicts_are_kept_as_progress(katas: Path, home: Path) -> None:
    run(katas, "pytest", CHECK)
    with Progress.open(home) as progress:
        latest = progress.latest("broker")
    assert latest is not None
    assert latest.statuses == {"order_of_one_publisher": Status.FAILED}


def test_a_progress_folder_that_cannot_be_made_costs_one_sentence(katas: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    done = run(katas, "pytest", CHECK, PUBSUB_HOME=str(tmp_path / "taken"))
    assert done.stdout.count("Progress is not kept") == 1
    assert "1 failed" in done.stdout


def test_a_seed_replays_the_same_inputs(katas: Path) -> None:
    runs = [run(katas, "pytest", CHECK, "--seed", "11").stdout for _ in range(2)]
    cards = [
        [line for line in text.splitlines() if line.startswith(("History", "Expected", "Seen"))]
        for text in runs
    ]
    assert cards[0] == cards[1] != []
