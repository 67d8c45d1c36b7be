"""What a page may ask of the simulator, and that it answers with the numbers of the command line."""

from __future__ import annotations

import shutil
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from sim.scenario import ParameterError
from sim.studies import SCENARIOS
from sim.summary import estimate
from sim.sweep import by_scenario, sweep
from tests.site.conftest import needed
from workbook.playground.charts import CHARTS, form, labels
from workbook.playground.packing import NEEDED, PYODIDE, packed
from workbook.playground.runs import Run, read, start
from workbook.site_playground import playground_page


def finished(asked: dict[str, str]) -> Run:
    run = Run(read(asked))
    while (far := run.step(60.0))["done"] < far["of"]:
        pass
    return run


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_draws_all_its_curves_at_the_values_the_page_starts_with(name: str) -> None:
    run = finished({"scenario": name, "replications": "2"})
    curves = run.curves()
    assert [curve["label"] for curve in curves] == [
        one for one in labels(SCENARIOS[name]) if one in CHARTS[name].shown
    ]
    for curve in curves:
        assert len(curve["points"]) >= 4
        assert all(point["half"] is not None for point in curve["points"])


def test_a_page_computes_what_a_sweep_computes() -> None:
    run = finished({"scenario": "buffer-sizing", "messages": "400", "replications": "3", "seed": "7"})
    for label, scenarios in run.order.curves.items():
        groups = by_scenario(sweep(scenarios, 3, None, seed=7, streams="python"))
        means = [found.mean for one in scenarios if (found := estimate(groups[one], "loss"))]
        assert [p["mean"] for c in run.curves() if c["label"] == label for p in c["points"]] == means


def test_a_run_goes_on_a_little_at_a_time_and_draws_complete_replications_only() -> None:
    run = Run(read({"scenario": "hot-keys", "messages": "50", "replications": "2"}), clock=lambda: 0.0)
    cells = sum(len(curve) for curve in run.order.curves.values())
    for done in range(1, cells):
        assert run.step(0.0)["done"] == done
    assert run.step(0.0)["curves"][-1]["runs"] == 1
    assert run.step(0.0)["curves"][-1]["points"][0]["half"] is None


def test_a_closed_form_runs_beside_the_curve_that_has_one() -> None:
    closed = Run(read({"scenario": "slow-subscriber"})).closed()
    assert [(law["label"], law["relation"]) for law in closed] == [("drop-newest", "=")]
    assert closed[0]["line"][0]["y"] < closed[0]["line"][-1]["y"]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"scenario": "<script>"}, r"scenario must be one of slow-subscriber.*got '<script>'"),
        ({"scenario": "hot-keys", "colour": "red"}, "hot-keys has no parameter 'colour'"),
        ({"scenario": "hot-keys", "users": "-1"}, "users must be a whole number, at least 1"),
        ({"scenario": "hot-keys", "users": "1e9"}, "users must be a whole number"),
        ({"scenario": "hot-keys", "messages": "9000000"}, "messages is at most 20,000 in a page, got 9e"),
        ({"scenario": "hot-keys", "policies": "hash,../../etc"}, "policies must be among hash"),
        ({"scenario": "hot-keys", "policies": ","}, "choose at least one mitigation"),
        ({"scenario": "hot-keys", "mitigation": "hash"}, "choose it under policies"),
        ({"scenario": "hot-keys", "seed": "-4"}, "seed must be a whole number, at least 0"),
        ({"scenario": "hot-keys", "replications": "100000"}, "replications must be .* at most 100"),
        ({"scenario": "hot-keys", "prediction": "nan"}, "prediction must be a finite number"),
        ({"scenario": "slow-subscriber", "publish_rate": "inf"}, "publish_rate must be a finite number"),
        ({"scenario": "slow-subscriber", "slow": "5"}, "slow"),
    ],
)
def test_a_link_is_checked_like_any_input(asked: dict[str, str], sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        read(asked)


def test_a_page_gets_a_sentence_and_no_traceback() -> None:
    run, sentence = start('{"scenario": "hot-keys", "users": "many"}')
    assert run is None
    assert sentence.startswith("users must be a whole number")
    assert start('{"scenario": "hot-keys"}')[1] == ""


def test_every_slider_belongs_to_a_parameter_and_starts_where_the_page_does() -> None:
    for name, one in form()["scenarios"].items():
        sliders = {field["name"]: field for field in one["parameters"] if field["slider"]}
        assert sliders.keys() == CHARTS[name].sliders.keys()
        for field in sliders.values():
            assert field["slider"][0] <= float(field["value"]) <= field["slider"][1]


def test_what_is_packed_holds_the_simulator_without_its_figures(tmp_path: Path) -> None:
    """With something that is not Pyodide nothing can be compiled, and the sources are served."""
    there = tmp_path / "pyodide"
    there.mkdir()
    for name in NEEDED:
        (there / name).write_bytes(b"x")
    files = packed(there)
    ours = zipfile.ZipFile(BytesIO(files["assets/python/workbook.whl"])).namelist()
    assert "sim/studies.py" in ours
    assert "workbook/playground/runs.py" in ours
    assert not [name for name in ours if "plots" in name or "graders" in name]
    assert "simpy/core.py" in zipfile.ZipFile(BytesIO(files["assets/python/simpy.whl"])).namelist()
    assert packed(there) == files


def test_modules_are_compiled_by_the_python_that_imports_them() -> None:
    needed((PYODIDE / "pyodide.mjs").is_file(), "Pyodide is not installed; `npm ci` brings it.")
    needed(shutil.which("node"), "Node.js is not installed (Debian, Ubuntu: apt install nodejs).")
    files = packed()
    magic = set()
    for name in ("python_stdlib.zip", "simpy.whl", "workbook.whl"):
        with zipfile.ZipFile(BytesIO(files[f"assets/python/{name}"])) as archive:
            assert not [one for one in archive.namelist() if one.endswith(".py")]
            magic |= {archive.read(one)[:8] for one in archive.namelist() if one.endswith(".pyc")}
    assert len(magic) == 1  # of one Python, and flagged as never to be compared with a source
    assert magic.pop()[4:] == (0b01).to_bytes(4, "little")


def test_without_node_the_page_says_how_to_get_the_playground(tmp_path: Path) -> None:
    assert packed(tmp_path) == {}
    assert "run `npm ci`" in playground_page(there=False)
    assert "<script" not in playground_page(there=False)
