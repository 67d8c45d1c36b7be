"""A sleeping laptop costs no time, and is told once."""

from __future__ import annotations

from workbook.interview.time_keeper import TimeKeeper


class Clocks:
    def __init__(self) -> None:
        self.here, self.wall = 1000.0, 5_000_000.0

    def go(self, here: float, wall: float | None = None) -> None:
        self.here += here
        self.wall += here if wall is None else wall

    def keeper(self, start: float = 0.0) -> TimeKeeper:
        return TimeKeeper(start, lambda: self.here, lambda: self.wall)


def test_time_goes_on_where_the_kept_session_ended() -> None:
    clocks = Clocks()
    keeper = clocks.keeper(120.0)
    clocks.go(1.5)
    assert keeper.read() == 121.5
    assert keeper.notice() == ""


def test_what_a_laptop_sleeps_does_not_count_and_is_told_once() -> None:
    clocks = Clocks()
    keeper = clocks.keeper()
    clocks.go(1.0, wall=34 * 60)
    assert keeper.read() == 1.0
    assert (
        keeper.notice()
        == "This machine slept, or the program was stopped, for 34 minutes; it does not count."
    )
    assert keeper.notice() == ""


def test_a_stopped_program_does_not_count_either() -> None:
    clocks = Clocks()
    keeper = clocks.keeper()
    clocks.go(75.0)
    assert keeper.read() == 0.0
    assert "for 75 s; it does not count" in keeper.notice()
    clocks.go(2.0)
    assert keeper.read() == 2.0


def test_a_clock_that_is_set_back_takes_nothing_away() -> None:
    clocks = Clocks()
    keeper = clocks.keeper()
    clocks.go(2.0, wall=-3600)
    assert keeper.read() == 2.0
    clocks.go(-5.0)
    assert keeper.read() == 2.0
    assert keeper.notice() == ""
