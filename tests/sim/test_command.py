"""The command is used as a user would: what it prints, what it writes, how it complains, how it stops."""

import ast
import csv
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from select import select

import pytest

import sim
from sim.__main__ import main
from sim.arguments import OPTIONS, read
from sim.progress import progress_bar
from sim.scenario import ParameterError
from sim.studies import HEADLINES, SCENARIOS, defaults, studies, variants

TINY = {
    "slow-subscriber": ["--duration", "0.2", "--warm-up", "0.05", "--subscribers", "2"],
    "buffer-sizing": ["--messages", "200"],
    "hot-keys": ["--messages", "200", "--users", "20"],
    "reconnect-storm": ["--clients", "20", "--capacity", "20"],
}
RUN = ["--replications", "2", "--jobs", "1"]


def complaint(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """Return what the command says of bad arguments: one line, and exit code 2."""
    assert main(argv) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("python -m sim: ")
    return line.removeprefix("python -m sim: ")


# --- what it prints


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_prints_its_question_and_a_row_for_every_policy(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--quick", *TINY[name], *RUN]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.startswith(SCENARIOS[name].question)
    base = SCENARIOS[name](**defaults(name, quick=True))
    rows = [line.split("  ")[0] for line in said.out.splitlines()]
    for variant in base.variants():
        value = getattr(variant, variant.compared)
        assert (value if isinstance(value, str) else f"{value:g}") in rows
    assert "closed form" in said.out
    assert "2 replications, seed 1, numpy streams" in said.out
    for measure in HEADLINES[name]:
        assert measure.replace("_", " ") in said.out


def test_a_policy_that_is_named_is_run_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hot-keys", "--mitigation", "salting", *TINY["hot-keys"], *RUN]) == 0
    out = capsys.readouterr().out
    assert "\nsalting" in out
    assert "\nhash" not in out


def test_parameters_that_were_changed_are_repeated_with_their_units(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["hot-keys", *TINY["hot-keys"], "--replications", "1", "--jobs", "1", "--seed", "7"])
    out = capsys.readouterr().out
    assert "with users 20 keys, messages 200 messages" in out
    assert "1 replication, seed 7" in out


def test_the_list_says_what_each_scenario_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(SCENARIOS)
    assert all(line.endswith("?") for line in lines)


@pytest.mark.parametrize("name", SCENARIOS)
def test_help_tells_every_parameter_with_its_unit_and_default(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main([name, "--help"])
    assert stop.value.code == 0
    out = " ".join(capsys.readouterr().out.split())
    assumed = defaults(name, quick=False)
    for parameter, rule in SCENARIOS[name].rules().items():
        assert f"--{parameter.replace('_', '-')} " in out
        value = assumed[parameter]
        shown = "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
        assert f"unit: {rule.unit}; default: {shown}" in out
    for option in (*OPTIONS, "out", "quick"):
        assert f"--{option} " in out


def test_no_parameter_is_called_like_an_option() -> None:
    for scenario in SCENARIOS.values():
        assert not {*OPTIONS, "out", "quick", "list", "help"} & scenario.rules().keys()


def test_everything_a_table_shows_is_measured() -> None:
    for name, kind in SCENARIOS.items():
        tiny = {key.removeprefix("--").replace("-", "_"): value for key, value in _pairs(TINY[name])}
        result = kind.from_text(tiny).run(1)
        assert set(HEADLINES[name]) <= set(result.scalars())


def _pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    return zip(words[::2], words[1::2], strict=True)


# --- what it assumes


def test_what_is_typed_wins_over_quick_and_over_defaults() -> None:
    order = read(["hot-keys", "--quick", "--messages", "123", "--replications=9"], "sim")
    assert order is not None
    assert order.scenario.parameters()["messages"] == 123
    assert order.replications == 9
    quick = read(["hot-keys", "--quick"], "sim")
    full = read(["hot-keys"], "sim")
    assert quick is not None
    assert full is not None
    assert quick.scenario.parameters()["messages"] < full.scenario.parameters()["messages"]
    assert quick.replications < full.replications == 20


def test_names_may_be_typed_with_underscores_and_values_may_be_none() -> None:
    order = read(["reconnect-storm", "--failed_before=3", "--retries", "none"], "sim")
    assert order is not None
    assert order.scenario.parameters()["failed_before"] == 3
    assert order.scenario.parameters()["retries"] is None


def test_every_figure_includes_what_was_asked_for() -> None:
    # the value a user types lies on the x axis of the sweep
    base = SCENARIOS["hot-keys"](partitions=12)
    load, price = studies(base, variants(base, chosen=False), quick=True)
    assert set(price.scenarios) <= set(load.scenarios)


def test_parameters_that_leave_no_choice_are_run_alone() -> None:
    order = read(["buffer-sizing", "--traffic", "on-off"], "sim")
    assert order is not None
    assert variants(order.scenario, order.chosen) == (order.scenario,)


# --- how it complains


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        ([], "name a scenario: slow-subscriber, buffer-sizing, hot-keys, reconnect-storm"),
        (["fast-subscriber"], "invalid choice: 'fast-subscriber'"),
        (["hot-keys", "--users", "0"], r"users must be a whole number, at least 1, .* \(unit: keys\), got 0"),
        (["hot-keys", "--users", "many"], "users must be a whole number, .* got 'many'"),
        (["hot-keys", "--user", "3"], "unrecognized arguments: --user 3"),
        (["hot-keys", "--users"], "argument --users: expected one argument"),
        (["hot-keys", "--mitigation", "hope"], "mitigation must be one of hash, .* got 'hope'"),
        (["reconnect-storm", "--base", "99"], r"base must be at most cap, 10 \(unit: s\), got 99"),
        (["hot-keys", "--replications", "0"], "replications must be a whole number, at least 1"),
        (["hot-keys", "--jobs", "none"], "jobs must be a whole number, at least 1"),
        (["hot-keys", "--streams", "dice"], "streams must be one of numpy, python, auto .* got 'dice'"),
    ],
)
def test_a_bad_argument_gets_one_sentence_and_exit_code_2(
    argv: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert re.search(sentence, complaint(capsys, *argv))


def test_a_folder_that_cannot_be_made_gets_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    said = complaint(capsys, "hot-keys", "--out", str(file))
    assert said.startswith("out must be a folder that can be written to, got ")


def test_streams_that_are_not_installed_get_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sim.arguments.find_spec", lambda name: None)
    said = complaint(capsys, "hot-keys", "--streams", "numpy")
    assert said == "streams numpy needs numpy, which is not installed: say --streams python"


# --- what it writes


def test_files_hold_everything_that_repeats_the_run(tmp_path: Path) -> None:
    argv = ["hot-keys", "--quick", *TINY["hot-keys"], *RUN, "--seed", "5", "--streams", "python"]
    assert main([*argv, "--out", str(tmp_path), "--theme", "both"]) == 0
    stems = ("hot-keys-load", "hot-keys-price")
    names = {f"{stem}{theme}.{kind}" for stem in stems for theme in ("", "-dark") for kind in ("svg", "png")}
    assert {path.name for path in tmp_path.iterdir()} == names | {"hot-keys.csv", "hot-keys.json"}
    with (tmp_path / "hot-keys.csv").open() as file:
        rows = list(csv.DictReader(file))
    document = json.loads((tmp_path / "hot-keys.json").read_text())
    assert len(rows) == len(document["results"]) == 2 * 8 * 3  # replications, mitigations, partitions
    assert {row["seed"] for row in rows} == {"5"}
    assert {row["streams"] for row in rows} == {"python"}
    assert "simpy=" in rows[0]["versions"]
    assert (document["seed"], document["streams"], document["complete"]) == (5, "python", True)
    assert document["versions"]["simpy"]
    assert document["units"]["mean_delay"] == "ms"
    summary = document["summaries"][0]
    assert summary["parameters"]["mitigation"] == "hash"
    assert summary["closed_forms"]["max_over_mean"]["relation"] == ">="
    found = summary["estimates"]["mean_delay"]
    assert found["low"] <= found["mean"] <= found["high"]
    first = document["results"][0]
    again = SCENARIOS["hot-keys"](**first["parameters"]).run(
        first["seed"], first["replication"], first["streams"]
    )
    assert again.scalars() == first["scalars"]


def test_the_same_command_writes_the_same_bytes_in_one_process_or_two(tmp_path: Path) -> None:
    argv = ["hot-keys", "--quick", *TINY["hot-keys"], "--replications", "2"]
    assert main([*argv, "--jobs", "1", "--out", str(tmp_path / "1")]) == 0
    two = [sys.executable, "-m", "sim", *argv, "--jobs", "2", "--out", str(tmp_path / "2")]
    subprocess.run(two, check=True, capture_output=True)
    for path in (tmp_path / "1").iterdir():
        assert path.read_bytes() == (tmp_path / "2" / path.name).read_bytes(), path.name


def test_a_table_alone_needs_no_matplotlib_and_no_numpy() -> None:
    code = (
        "import sys; from sim.__main__ import main; "
        f"main({['hot-keys', *TINY['hot-keys'], *RUN, '--streams', 'python']!r}); "
        "print(sorted({'matplotlib', 'numpy', 'rich'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_only_the_plots_import_matplotlib_and_what_runs_in_a_browser_needs_simpy_only() -> None:
    allowed = {"streams.py": {"numpy"}, "progress.py": {"rich"}, "executors.py": {"distributed"}}
    root = Path(sim.__file__).parent
    for path in root.rglob("*.py"):
        found = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                found.add(str(node.module).partition(".")[0])
        others = found - set(sys.stdlib_module_names) - {"sim", "simpy"}
        if path.parent.name == "plots":
            others -= {"matplotlib"}
        if path.name.startswith("oracle") or path.name == "at_scale.py":
            others -= {"numpy"}
        assert others <= allowed.get(path.name, set()), path


# --- how it goes on, and stops


def test_there_is_no_progress_bar_unless_somebody_looks() -> None:
    assert not sys.stderr.isatty()
    with progress_bar("title") as progress:
        assert progress is None


def test_ctrl_c_ends_every_worker_and_keeps_what_had_finished(tmp_path: Path) -> None:
    # stderr is a terminal, so the progress bar tells when some runs have finished
    argv = [
        sys.executable,
        "-m",
        "sim",
        "hot-keys",
        "--messages",
        "3000",
        "--replications",
        "500",
        "--jobs",
        "2",
    ]
    ours, theirs = pty.openpty()
    command = subprocess.Popen(
        [*argv, "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(theirs)
    seen = ""
    while not re.search(r"\b[1-9]\d*/\d{4}", seen):
        seen += os.read(ours, 4096).decode(errors="replace")
    os.killpg(command.pid, signal.SIGINT)  # as a terminal does: the workers get it too
    rest = _until_closed(ours)  # workers hold the terminal as well: it closes when the last of them is gone
    out, _ = command.communicate(timeout=60)
    assert command.returncode == 130
    assert re.search(r"stopped after \d+ of 20000 cells; what had finished is kept", seen + rest)
    assert "Traceback" not in seen + rest
    assert "written to" in out
    document = json.loads((tmp_path / "hot-keys.json").read_text())
    with (tmp_path / "hot-keys.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert document["complete"] is False
    assert 0 < len(rows) == len(document["results"]) < 20_000


def _until_closed(terminal: int) -> str:
    read_so_far = ""
    try:
        while True:
            assert select([terminal], [], [], 60.0)[0], "some process still holds the terminal after 60 s"
            read_so_far += os.read(terminal, 4096).decode(errors="replace")
    except OSError:  # how Linux says that the other end of a terminal is closed
        pass
    finally:
        os.close(terminal)
    return read_so_far


def test_ctrl_c_before_anything_has_finished_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sim.__main__.run", interrupted)
    assert main(["hot-keys"]) == 130
    assert capsys.readouterr().err == "stopped\n"


def test_a_rule_of_the_command_is_a_parameter_error() -> None:
    with pytest.raises(ParameterError):
        read(["hot-keys", "--seed", "-1"], "sim")
