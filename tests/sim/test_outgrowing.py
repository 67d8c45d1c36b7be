"""The page on outgrowing one machine: its Dask example runs, and its other listings are Python that fits the seam."""

import ast
import re
import subprocess
import sys
from concurrent.futures import Executor, Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from coins import Coin

from sim.at_scale import RUNS
from sim.sweep import sweep

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "outgrowing_one_machine.md").read_text()
LISTINGS = re.findall(r"```python\n(.*?)```", PAGE, re.S)


def _listing(word: str) -> str:
    (found,) = (listing for listing in LISTINGS if word in listing)
    return found


def test_the_dask_example_runs_and_says_that_results_are_equal(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed: pip install 'pubsub-workbook[dask]'")
    study = tmp_path / "study.py"
    study.write_text(_listing("LocalCluster"))
    done = subprocess.run(
        [sys.executable, str(study)], capture_output=True, text=True, timeout=300, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "equal to this process: True" in done.stdout
    assert done.stdout.count("a fast one gets") == 4


def test_the_adapter_for_ray_is_an_executor_that_a_sweep_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a stand-in of the three calls it makes: Ray itself is too large to install for a test."""

    def remote(fn: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            future: Future[Any] = Future()
            future.set_result(fn(*args, **kwargs))
            return SimpleNamespace(future=lambda: future)

        return SimpleNamespace(remote=call)

    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(remote=remote))  # type: ignore[arg-type]
    names: dict[str, Any] = {}
    exec(_listing("class RayExecutor"), names)
    executor: Executor = names["RayExecutor"]()
    assert sweep([Coin()], 9, executor) == sweep([Coin()], 9)


@pytest.mark.parametrize("number", range(len(LISTINGS)))
def test_what_the_page_imports_from_the_simulator_is_there(number: int) -> None:
    for node in ast.walk(ast.parse(LISTINGS[number])):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sim"):
            module = __import__(node.module or "", fromlist=["*"])
            assert all(hasattr(module, name.name) for name in node.names)


def test_every_large_run_of_the_page_is_one_the_command_has() -> None:
    shown = re.findall(r"python -m sim\.at_scale (\S+)", PAGE)
    assert sorted(shown) == sorted(RUNS)
