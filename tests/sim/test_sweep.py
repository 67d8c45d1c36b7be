"""One seam for every executor: equal results, honest refusals, nothing left behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import pytest
from coins import Coin

from sim.scenario import grid
from sim.sweep import CHUNK, IN_FLIGHT, Cell, Interrupted, by_scenario, process_pool, run_chunk, sweep

GRID = grid(Coin(), bias=(0.2, 0.9), coins=(5, 100, 20))


class Immediate(Executor):
    """Runs each task when it is submitted, and records how many cells each was given."""

    def __init__(self) -> None:
        self.shares: list[int] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.shares.append(len(args[0]))
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@pytest.mark.parametrize("kind", ["numpy", "python"])
def test_results_are_equal_serial_in_threads_and_in_processes(kind: str) -> None:
    serial = sweep(GRID, 7, seed=3, streams=kind)
    with ThreadPoolExecutor(3) as threads:
        assert sweep(GRID, 7, threads, seed=3, streams=kind) == serial
    with process_pool(2) as processes:
        assert sweep(GRID, 7, processes, seed=3, streams=kind) == serial
    assert sweep(GRID, 7, Immediate(), seed=3, streams=kind) == serial


def test_results_come_by_scenario_then_by_replication() -> None:
    results = sweep(GRID, 3)
    assert [r.scenario for r in results] == [s for s in GRID for _ in range(3)]
    assert [r.replication for r in results] == [0, 1, 2] * len(GRID)
    groups = by_scenario(results)
    assert list(groups) == list(GRID)
    assert all([r.replication for r in group] == [0, 1, 2] for group in groups.values())


def test_later_replications_continue_the_earlier_ones() -> None:
    whole = sweep(GRID[:1], 6)
    assert sweep(GRID[:1], 4) + sweep(GRID[:1], 2, first_replication=4) == whole


def test_progress_counts_every_cell_once() -> None:
    for executor in (None, Immediate()):
        seen: list[tuple[int, int]] = []
        sweep(GRID, 4, executor, progress=lambda done, total: seen.append((done, total)))  # noqa: B023
        assert seen == [(n, 24) for n in range(1, 25)]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that moves by 10 ms whenever somebody looks: every cell takes that long."""
    ticks = count()
    monkeypatch.setattr("sim.sweep.time.perf_counter", lambda: next(ticks) * 0.01)


@pytest.mark.usefixtures("clock")
def test_a_task_stops_after_its_time_and_hands_back_the_rest() -> None:
    cells = [Cell(n, Coin(), 1, n, "python") for n in range(50)]
    chunk = run_chunk(cells, 0.0999)
    assert [position for position, _ in chunk.results] == list(range(10))
    assert chunk.rest == tuple(cells[10:])
    assert chunk.seconds == pytest.approx(0.1)
    assert len(run_chunk(cells, 0.0).results) == 1
    assert not run_chunk(cells, 60.0).rest


@pytest.mark.usefixtures("clock")
def test_tasks_last_the_chunk_but_for_the_last_few() -> None:
    executor = Immediate()
    sweep(GRID, 1_000, executor)
    assert CHUNK >= 0.2
    assert len(executor.shares) <= 6_000 * 0.01 / CHUNK + 2 * IN_FLIGHT


def test_a_bare_dask_client_is_refused_with_the_way_out() -> None:
    client = type("Client", (), {"__module__": "distributed.client", "get_executor": None, "submit": None})()
    with pytest.raises(TypeError, match=r"bare Dask Client .* pass client.get_executor\(\) instead"):
        sweep(GRID, 1, client)


def test_an_executor_must_be_able_to_submit() -> None:
    with pytest.raises(TypeError, match=r"executor must have a submit method.*, got 4"):
        sweep(GRID, 1, 4)  # type: ignore[arg-type]


def test_fewer_than_one_replication_is_refused() -> None:
    with pytest.raises(ValueError, match="replications must be at least 1, got 0"):
        sweep(GRID, 0)


@pytest.mark.parametrize("executor", [None, "threads"])
def test_a_failure_says_in_which_cell_it_was(executor: str | None) -> None:
    with ThreadPoolExecutor(2) as threads, pytest.raises(ZeroDivisionError, match="no coins left") as caught:
        sweep([Coin(fail_at=2)], 5, threads if executor else None, seed=9)
    assert caught.value.__notes__ == [f"in {Coin(fail_at=2)}, seed 9, replication 2"]


def test_an_interrupted_sweep_keeps_what_had_finished() -> None:
    with pytest.raises(Interrupted, match="stopped after 8 of 10 cells") as caught:
        sweep([Coin(), Coin(stop_at=3)], 5)
    assert [r.replication for r in caught.value.results] == [0, 1, 2, 3, 4, 0, 1, 2]


def test_tasks_not_begun_are_cancelled_when_a_sweep_is_interrupted() -> None:
    class Lazy(Immediate):
        def __init__(self) -> None:
            super().__init__()
            self.futures: list[Future[Any]] = []

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            if not self.futures:
                future.set_exception(KeyboardInterrupt())
            self.futures.append(future)
            return future

    executor = Lazy()
    with pytest.raises(Interrupted):
        sweep(GRID, 50, executor)
    assert len(executor.futures) > 5
    assert all(future.cancelled() for future in executor.futures[1:])


SCRIPT = """
import sys, time
sys.path[:0] = {path!r}
from coins import Coin
from sim.sweep import Interrupted, process_pool, sweep

if __name__ == "__main__":
    def tell(done, total):
        if done == 1:
            print("begun", flush=True)
    try:
        with process_pool(2) as pool:
            sweep([Coin(coins=200_000)], 100_000, pool, streams="python", progress=tell)
    except Interrupted as stopped:
        print("kept", len(stopped.results), flush=True)
        sys.exit(130)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_a_stopped_sweep(how: signal.Signals, tmp_path: Path) -> None:
    script = tmp_path / "long_sweep.py"
    script.write_text(SCRIPT.format(path=[str(Path(__file__).parent), os.getcwd()]))
    with subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        try:
            assert parent.stdout is not None
            assert parent.stdout.readline() == "begun\n"
            workers = psutil.Process(parent.pid).children(recursive=True)
            if how is signal.SIGINT:
                os.killpg(parent.pid, how)  # as a terminal does: to the workers, too
            else:
                parent.send_signal(how)
            rest, complaints = parent.communicate(timeout=60)
        finally:
            parent.kill()
    if how is signal.SIGINT:
        assert parent.returncode == 130
        assert int(rest.removeprefix("kept ")) >= 1
        assert complaints == ""
    assert workers
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert not alive


def test_a_pool_ends_its_workers_when_the_body_fails() -> None:
    def fail() -> None:
        with process_pool(2, grace=0.2) as pool:
            pool.submit(time.sleep, 60)
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        fail()
    assert not multiprocessing.active_children()
