"""A sweep on a real Dask cluster: the same results, also when a worker is killed in the middle."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from coins import Coin

from sim.__main__ import main
from sim.executors import check_place, dask_executor, executor
from sim.scenario import ParameterError, grid
from sim.sweep import sweep

distributed = pytest.importorskip(
    "distributed", reason="Dask is not installed: pip install 'pubsub-workbook[dask]'"
)
# Dask's own: it opens files and sockets that it leaves to the collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore:unclosed", "ignore::DeprecationWarning"
)

GRID = grid(Coin(), bias=(0.2, 0.9), coins=(5, 100, 20))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two workers in processes of their own, each restarted when it dies."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as made:
        yield made


def test_results_are_equal_here_and_on_a_cluster(cluster: Any) -> None:
    with executor(f"dask:{cluster.scheduler_address}", 1) as workers:
        assert sweep(GRID, 7, workers, seed=3) == sweep(GRID, 7, seed=3)


def test_a_killed_worker_costs_no_result(cluster: Any) -> None:
    killed: list[int] = []

    def kill_one(done: int, total: int) -> None:
        if not killed and done < total:
            killed.append(next(iter(cluster.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)

    with dask_executor(cluster.scheduler_address) as workers:
        # a chunk is 0.2 s of work at most: with so many cells there is much left to do at the first result
        results = sweep(GRID, 1_000, workers, seed=3, progress=kill_one)
    assert len(killed) == 1
    assert results == sweep(GRID, 1_000, seed=3)


def test_a_small_sweep_is_cut_for_the_workers_there_are(
    cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dask_executor(cluster.scheduler_address) as workers:
        cluster.wait_for_workers(2)  # one may be on its way back from another test
        submit, sizes = workers.submit, []

        def counted(fn: Any, cells: Any, *rest: Any) -> Any:
            sizes.append(len(cells))
            return submit(fn, cells, *rest)

        monkeypatch.setattr(workers, "submit", counted)
        sweep(GRID, 40, workers)
    assert sizes[:4] == [60, 60, 60, 60]  # of 240 cells; they hand back what they do not reach in time
    assert sum(sizes) >= 240


def test_a_bare_client_is_refused_with_the_way_out(cluster: Any) -> None:
    with (
        distributed.Client(cluster.scheduler_address, set_as_default=False) as client,
        pytest.raises(TypeError, match=r"client\.get_executor\(\)"),
    ):
        sweep(GRID, 2, client)


def test_the_command_runs_on_a_cluster_and_says_the_same(
    cluster: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    order = ["buffer-sizing", "--quick", "--messages", "500", "--replications", "3"]
    assert main([*order, "--jobs", "1"]) == 0
    here = capsys.readouterr().out
    assert main([*order, "--executor", f"dask:{cluster.scheduler_address}"]) == 0
    assert capsys.readouterr().out == here


def test_a_scheduler_that_does_not_answer_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.executors.PATIENCE", 0.5)
    with (
        pytest.raises(
            ParameterError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1 .*dask scheduler"
        ),
        dask_executor("tcp://127.0.0.1:1"),
    ):
        raise AssertionError("there is no such scheduler")


def test_an_address_without_a_port_is_the_same_sentence_at_once() -> None:
    with (
        pytest.raises(ParameterError, match=r"no Dask scheduler answers at tcp://x \(missing port number"),
        dask_executor("tcp://x"),
    ):
        raise AssertionError("there is no such scheduler")


@pytest.mark.parametrize("place", ["dask:", "ray:x", "tcp://127.0.0.1:1"])
def test_any_other_place_is_refused(place: str) -> None:
    with pytest.raises(ParameterError, match="executor must be dask:ADDRESS"):
        check_place(place)


def test_without_dask_the_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.executors.find_spec", lambda name: None)
    with pytest.raises(ParameterError, match=r"pip install 'pubsub-workbook\[dask\]'"):
        check_place("dask:tcp://127.0.0.1:8786")
