"""The scheduler that runs a small race in every order."""

from __future__ import annotations

import threading
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbook import steps


class Counter:
    """Two threads add one each, read and write as two steps."""

    def __init__(self) -> None:
        self.total = 0
        self.lock = steps.Lock()

    def bare(self) -> None:
        seen = self.total
        self.total = seen + 1

    def locked(self) -> None:
        with self.lock:
            seen = self.total
            self.total = seen + 1


def totals(method: str) -> list[int]:
    made: list[Counter] = []

    def race() -> tuple[steps.Actor, ...]:
        made.append(Counter())
        return getattr(made[-1], method), getattr(made[-1], method)

    return [made[-1].total for _ in steps.interleavings(race)]


def test_without_a_lock_an_update_is_lost_in_four_orders_of_six() -> None:
    assert sorted(totals("bare")) == [1, 1, 1, 1, 2, 2]


def test_with_a_lock_no_order_loses_an_update() -> None:
    found = totals("locked")
    assert set(found) == {2}
    assert len(found) > 2  # a thread that comes to a held lock makes orders of its own


def count_to(lines: int) -> steps.Actor:
    body = "".join(f"    x = {number}\n" for number in range(lines))
    space: dict[str, steps.Actor] = {}
    exec(compile(f"def f():\n{body}", "<made>", "exec"), space)
    return space["f"]


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 4), st.integers(1, 4))
def test_the_orders_are_as_many_as_the_formula_says_and_all_different(first: int, second: int) -> None:
    runs = list(steps.interleavings(lambda: (count_to(first), count_to(second))))
    assert len(runs) == comb(first + second, first)
    assert len({tuple(who for who, _ in run.lines) for run in runs}) == len(runs)


class Crossed:
    def __init__(self) -> None:
        self.a, self.b = steps.Lock(), steps.Lock()

    def one(self) -> None:
        with self.a:  # noqa: SIM117 - two lines, so that the other can come between
            with self.b:
                pass

    def two(self) -> None:
        with self.b:  # noqa: SIM117 - as above
            with self.a:
                pass


def test_a_deadlock_is_an_outcome_and_leaves_no_thread_behind() -> None:
    def race() -> tuple[steps.Actor, ...]:
        crossed = Crossed()
        return crossed.one, crossed.two

    before = threading.active_count()
    runs = list(steps.interleavings(race))
    stuck = [run for run in runs if run.deadlock]
    assert stuck
    assert len(stuck) < len(runs)
    assert not any(run.crashed for run in runs)
    assert str(stuck[0]).endswith("-> deadlock: each waits for the other's lock")
    assert threading.active_count() == before


class Guarded:
    def __init__(self) -> None:
        self.lock = steps.Lock()

    def fails(self) -> None:
        with self.lock:
            raise ValueError("on purpose")

    def works(self) -> None:
        with self.lock:
            pass


def test_an_exception_is_an_outcome_and_gives_the_lock_back() -> None:
    def race() -> tuple[steps.Actor, ...]:
        guarded = Guarded()
        return guarded.fails, guarded.works

    runs = list(steps.interleavings(race))
    assert {str(run.errors[0]) for run in runs} == {"on purpose"}
    assert {run.errors[1] for run in runs} == {None}
    assert all(run.crashed and not run.deadlock for run in runs)


def test_a_run_prints_as_a_column_a_thread() -> None:
    runs = list(steps.interleavings(lambda: (Counter().bare, Counter().bare)))
    assert str(runs[0]).splitlines() == [
        f"{'bare':<34}bare",
        f"{'----':<34}----",
        "seen = self.total",
        "self.total = seen + 1",
        " " * 34 + "seen = self.total",
        " " * 34 + "self.total = seen + 1",
    ]


class Hidden:
    """Blocks in a lock of the standard library, which the scheduler cannot see."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def one(self) -> None:
        with self.lock:
            pass


def test_a_lock_the_scheduler_cannot_see_is_named_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "PATIENCE", 0.05)
    hidden = Hidden()

    def race() -> tuple[steps.Actor, ...]:
        return hidden.one, hidden.one

    with hidden.lock, pytest.raises(RuntimeError, match=r"one waits for something the scheduler cannot see"):
        list(steps.interleavings(race))


def test_outside_a_race_the_lock_is_a_lock() -> None:
    lock = steps.Lock()
    with lock:
        assert lock.locked()
        other = threading.Thread(target=lock.acquire)
        other.start()
    other.join()
    assert lock.locked()
    lock.release()
