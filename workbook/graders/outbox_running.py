"""What several checks look at while a pump runs: idle transactions, and how long it takes to stop."""

from __future__ import annotations

import time
from collections.abc import Callable

from workbook.graders.outbox_proxy import Session
from workbook.graders.outbox_pump import Pump
from workbook.graders.outbox_scene import Scene
from workbook.grading.check import Broken

IDLE = 0.3  # seconds in a transaction, with the process asleep, that make it idle
SURELY_IDLE = 1.0  # the same for a process that is never quite asleep
NEVER = 600.0  # seconds: longer than any check
PROMPT = 1.0  # seconds from stop to the return of run, as the contract says
LATE = 5.0  # seconds after which it is too late even for a machine that has no time for anybody


def idle_in_transaction(pump: Pump, seconds: float) -> Session | None:
    """A connection that has been in a transaction for so long, asking nothing."""
    now = time.monotonic()
    for session in pump.sessions():
        if session.status in ("T", "E") and not session.waiting and now - session.since >= seconds:
            return session
    return None


def watch_idle(play: Scene, pump: Pump, seconds: float, doing: str) -> None:
    """Watch for a while in which no acknowledgement is awaited. Raises Broken for an idle transaction."""
    until = time.monotonic() + seconds
    quiet_since, last = time.monotonic(), None
    while time.monotonic() < until:
        asleep, state = play.state()
        if not asleep or state != last:
            quiet_since, last = time.monotonic(), state
        calm = time.monotonic() - quiet_since
        if (calm >= IDLE and idle_in_transaction(pump, IDLE)) or idle_in_transaction(pump, SURELY_IDLE):
            asked = [event.text for event in play.events if event.kind == "asks" and event.who == pump.who]
            message = f"A connection is idle in a transaction while the pump {doing}."
            raise play.broken(
                message, "no open transaction", f"open since `{asked[-1]}`" if asked else "open"
            )
        time.sleep(0.01)
    play.look()


def returns_promptly(play: Scene, pump: Pump, while_it: str) -> None:
    """Set stop; run must return within a second. A process that has work to do is given more, in vain or not."""
    play.now()
    lost_before = play.lost
    pump.stop()
    play.until(lambda: bool(pump.stopped), "the child does not answer")
    quiet_since, last = time.monotonic(), None
    while pump.busy:
        play.look()
        play.now()
        now = time.monotonic()
        asleep, state = play.state()
        if not asleep or state != last:
            quiet_since, last = now, state
        late = now - pump.stopped
        if (late > PROMPT + 0.2 and now - quiet_since > 0.5) or late - (play.lost - lost_before) > LATE:
            raise not_prompt(play, pump, while_it)
        time.sleep(0.01)
    play.look()
    play.now()
    # A second, and as much again for a busy machine, and what that is known to have cost.
    if pump.left - pump.stopped - (play.lost - lost_before) > 2 * PROMPT:
        raise not_prompt(play, pump, while_it)


def not_prompt(play: Scene, pump: Pump, while_it: str) -> Broken:
    took = f"it returned after {pump.left - pump.stopped:.1f} s" if not pump.busy else "it still runs"
    place = play.where()
    message = f"`run` does not return within a second of stop while it {while_it}."
    return play.broken(message, "it returns within 1 s", f"{took}; {place}" if place else took, clock=True)


def soon(done: Callable[[], bool], seconds: float = 0.5) -> bool:
    """Whether `done()` holds by then."""
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True
