"""Outages of the database, and what a pump does while one lasts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from types import TracebackType

from workbook.graders.outbox_pump import Pump
from workbook.graders.outbox_scene import Scene
from workbook.services import Postgres

LONGEST = 5.0  # seconds a wait may last
HOT = 0.008  # seconds: a loop whose waits are shorter than that in the middle does not wait


@dataclass
class Outage:
    """The database is away for a block. how: kill (-9), stop (in order), or cut: the network between.

    Without a server of our own only the network can be cut.
    """

    play: Scene
    pumps: list[Pump]
    server: Postgres | None
    how: str
    began: float = 0.0

    def __enter__(self) -> Outage:
        self.began = time.monotonic()
        self.play.note("the outage begins", "database")
        if self.server is None:
            for pump in self.pumps:
                if pump.proxy is not None:
                    pump.proxy.refuses = True
                    pump.proxy.cut()
        elif self.how == "kill":
            self.server.kill()
        else:
            self.server.stop()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.server is not None:
            with self.play.bench.uncounted():
                self.server.start()
        for pump in self.pumps:
            if pump.proxy is not None:
                pump.proxy.refuses = False
        self.play.note("the outage is over", "database")

    def noticed(self, pump: Pump, times: int = 1) -> None:
        """Wait until the pump has failed to connect that often in this outage."""
        what = "the pump does not try to connect again"
        self.play.until(lambda: sum(at > self.began for at in pump.refused) >= times, what, 7.0 * times)


@dataclass(frozen=True)
class Wait:
    """A wait between a failed connection and the next try; `asked` is exact where it was one wait for stop."""

    measured: float
    asked: float | None


def waits_of(pump: Pump, span: tuple[float, float]) -> list[Wait]:
    """The waits of a pump in an outage, in order."""
    started, ended = span
    waits = []
    for failed in pump.refused:
        again = next((at for at in pump.connects if at > failed), None)
        if again is None or failed < started or again > ended:
            continue
        asked = [seconds for at, seconds in pump.waits if failed <= at <= again]
        waits.append(Wait(again - failed, asked[0] if len(asked) == 1 else None))
    return waits


def not_hot(play: Scene, pump: Pump, span: tuple[float, float]) -> None:
    """Raise Broken for a pump that tries again and again without waiting."""
    waits = [wait.measured for wait in waits_of(pump, span)]
    if len(waits) >= 20 and (median(waits) < HOT or len(waits) > 60 * (span[1] - span[0])):
        message = f"In an outage of {span[1] - span[0]:.1f} s the pump tried to connect {len(waits)} times."
        raise play.broken(
            message, "a wait before each try", f"{median(waits) * 1000:.0f} ms between two tries"
        )


def bounded(play: Scene, pump: Pump) -> None:
    """Raise Broken for a wait of more than 5 s."""
    for at, seconds in pump.waits:
        failed = [when for when in pump.refused if when <= at]
        if seconds is not None and seconds > LONGEST + 0.05 and failed and at - failed[-1] < 1.0:
            message = f"In an outage {pump.who} waits {seconds:.1f} s before its next try."
            raise play.broken(message, "at most 5 s", f"{seconds:.1f} s", clock=True)
    for failed_at in pump.refused:
        again = next((at for at in pump.connects if at > failed_at), time.monotonic())
        if again - failed_at > LONGEST + 1.5:
            message = f"In an outage {pump.who} waited {again - failed_at:.1f} s before its next try."
            raise play.broken(message, "at most 5 s", f"{again - failed_at:.1f} s", clock=True)


def telling(waits: list[Wait]) -> int:
    """How many waits it takes to tell random ones from others: few where it is known what was asked for."""
    return 3 if all(wait.asked is not None for wait in waits) else 6


def not_the_same(play: Scene, one: list[Wait], two: list[Wait], where: str) -> None:
    """Raise Broken when the waits of two outages agree one by one, as no random ones do."""
    pairs = list(zip(one, two, strict=False))
    if len(pairs) < 3:
        return
    exact = [(a.asked, b.asked) for a, b in pairs if a.asked is not None and b.asked is not None]
    if len(exact) == len(pairs):
        same = all(abs(a - b) < 0.004 for a, b in exact)
    else:
        near = [abs(a.measured - b.measured) <= max(0.02, 0.03 * a.measured) for a, b in pairs]
        same = len(near) >= 5 and sum(near) >= len(near) - 1
    if same:
        message = f"The waits {where} are the same."
        raise play.broken(message, "random waits", f"{_row(one)} and {_row(two)} s", events=[])


def _row(waits: list[Wait]) -> str:
    return ", ".join(f"{wait.measured if wait.asked is None else wait.asked:.2f}" for wait in waits[:6])
