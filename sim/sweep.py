"""Scenarios x replications over any `concurrent.futures.Executor`, with the same results on each.

Only `executor.submit` and `concurrent.futures.as_completed` are used, so a process pool, Dask (through
`client.get_executor()`), MPI and Ray all fit the one seam. A worker keeps running cells until `CHUNK` seconds
have passed and hands back what it did not reach: a task is worth its overhead whatever a cell costs, and
nobody has to guess that cost.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import ceil
from typing import Any, TypeVar

from sim.scenario import Result, Scenario
from sim.streams import AUTO, Streams

CHUNK = 0.2  # seconds; a Dask task costs a few ms, a process pool's 0.2 ms
IN_FLIGHT = 64  # tasks, where the executor does not say how many workers it has

Progress = Callable[[int, int], None]
T = TypeVar("T")


@dataclass(frozen=True)
class Cell:
    """One replication of one scenario: everything a worker needs, seed included."""

    position: int
    scenario: Scenario
    seed: int
    replication: int
    streams: str


class Interrupted(KeyboardInterrupt):
    """The sweep was stopped; `results` holds the cells that had finished, in order."""

    def __init__(self, results: tuple[Result, ...], total: int) -> None:
        super().__init__(f"stopped after {len(results)} of {total} cells")
        self.results = results


def sweep(
    scenarios: Sequence[Scenario],
    replications: int = 20,
    executor: Executor | None = None,
    *,
    seed: int = 1,
    streams: str = AUTO,
    progress: Progress | None = None,
    first_replication: int = 0,
) -> tuple[Result, ...]:
    """Run every scenario `replications` times; return the results by scenario, then by replication.

    Without an executor the cells run here, one after the other; the results are equal either way. The
    executor stays the caller's to close. `progress(done, total)` is called in this thread. On Ctrl-C tasks
    not yet begun are cancelled and `Interrupted` carries what had finished. TypeError for an executor whose
    futures `as_completed` cannot wait for, ValueError for fewer than one replication.
    """
    if replications < 1:
        raise ValueError(f"replications must be at least 1, got {replications}")
    kind = Streams(seed, 0, streams).kind  # resolved once: a worker without numpy must fail, not differ
    cells = [
        Cell(position, scenario, seed, first_replication + replication, kind)
        for position, (scenario, replication) in enumerate(
            (scenario, replication) for scenario in scenarios for replication in range(replications)
        )
    ]
    found: dict[int, Result] = {}
    done = _here(cells) if executor is None else _there(cells, _accepted(executor))
    try:
        for position, result in done:
            found[position] = result
            if progress is not None:
                progress(len(found), len(cells))
    except KeyboardInterrupt:
        raise Interrupted(tuple(found[p] for p in sorted(found)), len(cells)) from None
    return tuple(found[p] for p in sorted(found))


def by_scenario(results: Sequence[Result]) -> dict[Scenario, tuple[Result, ...]]:
    """Group results by their scenario, in the order in which scenarios first appear."""
    groups: dict[Scenario, list[Result]] = {}
    for result in results:
        groups.setdefault(result.scenario, []).append(result)
    return {scenario: tuple(group) for scenario, group in groups.items()}


@contextmanager
def process_pool(jobs: int, grace: float = 3.0) -> Iterator[ProcessPoolExecutor]:
    """A pool of worker processes that ends with this process, whatever ends it.

    Workers do not hear Ctrl-C. When the body raises, tasks not begun are cancelled and workers in the
    middle of one have `grace` seconds to finish it; then, or at a second Ctrl-C, they are terminated.
    """
    context = multiprocessing.get_context("spawn")  # a fork would copy locks held by other threads
    pool = _Pool(jobs, mp_context=context, initializer=_follow_parent)
    try:
        yield pool
    except BaseException:
        workers = list((pool._processes or {}).values())  # public only from Python 3.14 on
        # cancelled first: terminating workers that still have cancelled tasks leaves Python 3.11's pool hanging
        pool.shutdown(wait=False, cancel_futures=True)
        end = time.monotonic() + grace
        with suppress(KeyboardInterrupt):
            for worker in workers:
                worker.join(max(0.0, end - time.monotonic()))
        for worker in workers:
            worker.terminate()
            worker.join()
        raise
    else:
        pool.shutdown()


@dataclass(frozen=True)
class Chunk:
    """What came back from a task: results by position, the cells it did not reach, and its time in seconds."""

    results: tuple[tuple[int, Result], ...]
    rest: tuple[Cell, ...]
    seconds: float


def run_chunk(cells: Sequence[Cell], seconds: float) -> Chunk:
    """Run cells until the time is used up, at least one."""
    results: list[tuple[int, Result]] = []
    start = time.perf_counter()
    elapsed = 0.0
    for cell in cells:
        if results and elapsed >= seconds:
            break
        results.append((cell.position, run_cell(cell)))
        elapsed = time.perf_counter() - start
    return Chunk(tuple(results), tuple(cells[len(results) :]), elapsed)


def run_cell(cell: Cell) -> Result:
    """Run one cell; an exception that escapes says in which cell it was."""
    try:
        return cell.scenario.run(cell.seed, cell.replication, cell.streams)
    except Exception as error:
        error.add_note(f"in {cell.scenario}, seed {cell.seed}, replication {cell.replication}")
        raise


def _here(cells: Sequence[Cell]) -> Iterator[tuple[int, Result]]:
    return ((cell.position, run_cell(cell)) for cell in cells)


def _there(cells: Sequence[Cell], executor: Executor) -> Iterator[tuple[int, Result]]:
    todo = deque(cells)
    running: set[Future[Chunk]] = set()
    done, seconds = 0, 0.0
    try:
        while todo or running:
            in_flight = _in_flight(executor)  # workers come and go
            while todo and len(running) < in_flight:
                left = len(cells) - done  # those in flight included: a task may hand most of its own back
                enough = ceil(CHUNK * done / seconds) if seconds else left
                guided = left // (2 * in_flight)  # large at first, small at the end
                share = min(max(guided, enough, 1), ceil(left / in_flight))
                if len(todo) < share and 2 * len(running) >= in_flight:
                    break  # enough is going on to wait for what comes back, rather than send crumbs
                share = min(share, len(todo))
                running.add(executor.submit(run_chunk, [todo.popleft() for _ in range(share)], CHUNK))
            future = next(as_completed(running))
            running.remove(future)
            chunk = future.result()
            done, seconds = done + len(chunk.results), seconds + chunk.seconds
            todo.extendleft(reversed(chunk.rest))
            yield from chunk.results
    finally:
        for future in running:
            future.cancel()


def _in_flight(executor: Executor) -> int:
    """How many tasks to have under way: two for each worker, so that none waits for us."""
    workers = getattr(executor, "_max_workers", None)
    client: Any = getattr(executor, "_client", None)
    if workers is None and hasattr(client, "ncores"):
        workers = sum(client.ncores().values())  # Dask's; 0 where it starts workers on demand
    return 2 * workers if isinstance(workers, int) and workers > 0 else IN_FLIGHT


def _accepted(executor: Executor) -> Executor:
    kinds = [kind.__module__.partition(".")[0] for kind in type(executor).__mro__]
    if "distributed" in kinds and hasattr(executor, "get_executor"):
        raise TypeError(
            "a bare Dask Client cannot run a sweep, as concurrent.futures.as_completed does not know its "
            "futures; pass client.get_executor() instead"
        )
    if not callable(getattr(executor, "submit", None)):
        raise TypeError(f"executor must have a submit method like a ProcessPoolExecutor's, got {executor!r}")
    return executor


class _Pool(ProcessPoolExecutor):
    """Starts its workers, which `submit` does, with SIGINT held back: they inherit that.

    A worker that ignored the signal only once it runs would still die of a Ctrl-C while it starts.
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        if not hasattr(signal, "pthread_sigmask"):
            return super().submit(fn, *args, **kwargs)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def wait_for_the_end() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait_for_the_end, daemon=True).start()
