"""A timer for an actor: one SimPy event that is armed again and again."""

from collections.abc import Callable
from math import inf, nextafter

from simpy import Environment, Event
from simpy.events import NORMAL, URGENT, EventPriority

DEPARTURE, ARRIVAL = URGENT, NORMAL  # at equal times departures come first


class Alarm:
    """Calls `action` when it rings; nothing is allocated per ring but SimPy's heap entry.

    SimPy cannot take an event off its heap: `cancel` leaves the armed event there without an action and goes
    on with a fresh one. `arm(delay)` is therefore looked up on the alarm at each call, never kept.
    """

    __slots__ = ("_action", "_env", "_event", "_priority", "arm")

    arm: Callable[[float], None]  # ring after a delay; RuntimeError if already armed

    def __init__(
        self, env: Environment, action: Callable[[Event], None], priority: EventPriority = ARRIVAL
    ) -> None:
        self._env, self._action, self._priority = env, action, priority
        self._refresh()

    @property
    def armed(self) -> bool:
        return bool(self._event.callbacks)

    def arm_at(self, when: float) -> None:
        """Ring at `when`, never after it, though now + (when - now) may round up; that would break ties.

        Where no delay leads to that very float it rings one rounding early: whoever then finds nothing due
        arms it again, and from so close the sum is exact.
        """
        now = self._env.now
        delay = when - now
        while now + delay < when:
            delay = nextafter(delay, inf)
        while now + delay > when:
            delay = nextafter(delay, -inf)
        self.arm(delay)

    def cancel(self) -> None:
        """Do not ring; nothing happens if not armed."""
        if self.armed:
            self._event.callbacks = []
            self._refresh()

    def _refresh(self) -> None:
        event = self._event = Event(self._env)
        event._ok, event._value = True, None  # as Timeout does: SimPy then only runs the callbacks
        actions, schedule, priority = [self._action], self._env.schedule, self._priority

        def arm(delay: float) -> None:  # a closure: this runs once per message
            if event.callbacks:
                raise RuntimeError("an alarm rings once per arm; cancel it before arming it for another time")
            event.callbacks = actions
            schedule(event, priority, delay)

        self.arm = arm
