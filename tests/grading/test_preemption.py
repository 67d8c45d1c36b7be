"""Threads whose switches are decided: none is lost on its way, none that may go on is taken for one that waits."""

from __future__ import annotations

import _thread
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests import bank
from workbook.grading import actors
from workbook.grading.preemption import Steered
from workbook.grading.verdict import Status

ROOT = Path(__file__).parents[2]
FUTURES = (bank.HERE / "right_answers" / "broker" / "future_chain.py").read_text(encoding="utf-8")
PATIENCE = 30.0  # only how long a failing test takes

# The first thread is inside settrace, in an audit hook, for as long as the second needs to start and end its tracing.
AT_ONCE = """
import sys, threading
from types import SimpleNamespace
from workbook.grading.preemption import Steered

inside, over, ran = threading.Event(), threading.Event(), []

def hook(event, arguments):
    if event == "sys.settrace" and not inside.is_set():
        inside.set()
        over.wait(30)

def steer(name):
    Steered(SimpleNamespace(name=name), "none.py", False).run(lambda: ran.append(name))

def second():
    inside.wait(30)
    try:
        steer("second")
    finally:
        over.set()

sys.addaudithook(hook)
threads = [threading.Thread(target=second), threading.Thread(target=steer, args=["first"])]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(ran))
"""


@dataclass
class Kit:
    """What a company needs of the child's."""

    writing: bool = False
    file_name: str = "none.py"
    source: str = ""
    idle_actors: dict[str, Any] = field(default_factory=dict)
    faults: list[BaseException] = field(default_factory=list)

    def flush(self) -> None:
        pass

    def fault(self, error: BaseException) -> None:
        self.faults.append(error)


@pytest.fixture
def kit() -> Kit:
    return Kit()


@pytest.fixture
def company(kit: Kit) -> actors.Company:
    return actors.Company(kit, patience=0.05)


@pytest.fixture
def closed() -> Iterator[Any]:
    """A lock that is taken; whoever waits for it is let through in the end."""
    lock = _thread.allocate_lock()
    lock.acquire()
    yield lock
    if lock.locked():
        lock.release()


def test_two_threads_may_begin_and_end_their_tracing_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_ONCE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("['first', 'second']\n", "")


def test_a_broker_is_not_failed_for_the_time_that_switching_tracing_takes(tmp_path: Path) -> None:
    slow = """
import sys, time
sys.addaudithook(lambda event, _: time.sleep(0.0005) if event == "sys.settrace" else None)
"""
    file = tmp_path / "broker.py"
    file.write_text(FUTURES + slow, encoding="utf-8")
    [result] = bank.grade("broker", file, "race_drop_counts").values()
    assert result.status is Status.PASSED, result.verdict


def test_a_finalizer_that_takes_a_lock_does_not_stop_who_decides_the_switches(tmp_path: Path) -> None:
    noted = """
import gc, threading

class Note:
    def __init__(self, lock):
        self.lock, self.itself = lock, self  # only the collector finds it

    def __del__(self):
        with self.lock:
            pass

def publish(self, topic, message, publish=Broker.publish):
    Note(self._lock)
    publish(self, topic, message)

Broker.publish = publish
gc.set_threshold(1)
"""
    file = tmp_path / "broker.py"
    file.write_text(
        FUTURES.replace("self._lock = Lock()", "self._lock = threading.RLock()") + noted, encoding="utf-8"
    )
    [result] = bank.grade("broker", file, "race_drop_counts").values()
    assert result.status is Status.PASSED, result.verdict


def test_a_job_that_raises_is_reported_and_its_thread_goes_on(company: actors.Company, kit: Kit) -> None:
    actor, error, done = company.actor("one"), ValueError("a fault of ours"), []

    def broken() -> None:
        raise error

    actor.begin(broken)
    assert company.wait(actor)
    assert kit.faults == [error]
    actor.begin(lambda: done.append(True))
    assert company.wait(actor)
    assert done == [True]


def test_a_thread_that_may_go_on_while_it_is_about_to_stop_goes_on(company: actors.Company) -> None:
    class Late(Steered):
        """Is allowed to go on just after it has found that it may not."""

        def __getattribute__(self, name: str) -> Any:
            value = super().__getattribute__(name)
            if name == "allowance" and value == 0:
                self.allow(None)
            return value

    steered = Late(company.actor("one"), "none.py", False)
    thread = threading.Thread(target=steered._step, args=[1], daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_a_thread_that_waits_for_ever_is_told_from_one_that_is_done(
    company: actors.Company, closed: Any
) -> None:
    waits, ends = company.actor("waits"), company.actor("ends")
    waits.begin(closed.acquire)
    ends.begin(list)
    assert company.wait(ends)
    assert not company.wait(waits)


def test_a_machine_that_stood_still_is_no_quiet(
    company: actors.Company, closed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.actor("waits").begin(closed.acquire)
    clock, looks = iter(range(0, 10_000, 10)), []  # ten seconds from one look to the next
    monkeypatch.setattr(actors, "_now", lambda: float(next(clock)))
    assert not company.quiet_for(0.5, lambda: looks.append(None) or len(looks) > 20)


def test_a_thread_counts_as_halted_only_when_no_other_runs(company: actors.Company, closed: Any) -> None:
    waits, runs, stop, looks = company.actor("waits"), company.actor("runs"), [], []

    def run() -> None:
        while not stop:
            pass

    waits.begin(closed.acquire)
    runs.begin(run)
    seen = company.halted(waits, lambda: looks.append(None) or len(looks) > 5)
    stop.append(True)
    assert company.wait(runs)
    assert not seen
    assert company.halted(waits, lambda: False)
