"""How a scene that went wrong is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from workbook.graders.outbox_database import Row
from workbook.graders.outbox_history import PUBLISHED, Event, Send, begin, name_of, of_aggregate, told
from workbook.graders.outbox_pump import Pump
from workbook.grading.check import Bench, Broken
from workbook.grading.ending import quote
from workbook.grading.inert import inert
from workbook.grading.verdict import Status, Verdict


class Blame:
    """The part of a scene that speaks to the learner. Methods return the exception to raise, `blame` raises."""

    bench: Bench
    changed: threading.Condition
    events: list[Event]
    sends: list[Send]
    pumps: list[Pump]

    def broken(
        self,
        message: str,
        expected: str = "",
        seen: str = "",
        row: Row | None = None,
        *,
        events: Sequence[Event] | None = None,
        clock: bool = False,
        likely: str = "",
    ) -> Broken:
        """A rule broke. The history is that of one aggregate where `row` is given; `clock`: with times."""
        about = of_aggregate(row.aggregate) if row is not None else None
        history = told(self.events if events is None else events, about, clock)
        return Broken(Verdict(Status.FAILED, message, expected, seen, history, likely))

    def blame(self, pump: Pump, call: str) -> None:
        """Raise Broken for a call that raised."""
        result = pump.result or {}
        text = inert(str(result.get("text", "")), 90)
        said = inert(str(result.get("type")), 50) + (f": {text}" if text else "")
        place = quote(self.bench.source, result.get("line"), self.bench.file_name)
        if result.get("type") == "NotImplementedError":
            raise Broken(Verdict(Status.FAILED, f"Still to do: `{call}` raises {said}.", "no error", place))
        raise self.broken(f"`{call}` raised {said}.", "no error", place)

    def in_vain(self, what: str, seconds: float) -> Broken:
        """For a wait that took too long."""
        message = f"Waited {seconds:.1f} s in vain: {what}."
        return Broken(Verdict(Status.TIMED_OUT, message, seen=self.where(), history=told(self.events)))

    def undrained(self, row: Row, seconds: float, last_error: str | None = None) -> Broken:
        """For a row that is not marked, however long one waits; what the table says about it helps."""
        times = sum(send.row == row for send in self.sends)
        unseen = not self.sends and last_error  # it speaks to a broker that is not ours
        state = (
            "never acknowledged"
            if unseen
            else "never sent"
            if not times
            else "sent once"
            if times == 1
            else f"sent {times} times"
        )
        if any(event.kind in PUBLISHED and event.row == row for event in self.events):
            state += ", acknowledged"
        message = f"{begin(name_of(row))} is still pending after {seconds:.1f} s ({state})."
        history = told(self.events, of_aggregate(row.aggregate))
        said = f"last_error = {inert(last_error, 80)!r}; " if last_error else ""
        return Broken(
            Verdict(Status.TIMED_OUT, message, "published and marked", said + self.where(), history)
        )

    def where(self) -> str:
        """Where the pumps are, in words."""
        busy = [pump for pump in self.pumps if pump.busy and not pump.dead and pump.child.ended is None]
        for pump in busy:
            pump.place = None
            pump.child.order(do="where", p=pump.name)
        deadline = time.monotonic() + 0.3
        with self.changed:
            while any(pump.place is None for pump in busy) and time.monotonic() < deadline:
                self.changed.wait(0.05)
        places = []
        for pump in busy:
            place = quote(self.bench.source, (pump.place or {}).get("line"), self.bench.file_name)
            if place:
                places.append(f"{pump.who} is at {place}")
        return "; ".join(places)
