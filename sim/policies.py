"""What a subscriber does about a message that finds its buffer full: one small class per answer."""

from collections.abc import Callable
from typing import NoReturn

from sim.subscriber import Policy, Subscriber


class DropNewest(Policy):
    """The message that found no place is dropped: what is waiting stays, and grows old."""

    def decide(self, subscriber: Subscriber, now: float, born: float, service: float, key: int) -> None:
        subscriber.drop(now)


class DropOldest(Policy):
    """The oldest waiting message gives way. One being handled does not, so with one place the newest goes."""

    def decide(self, subscriber: Subscriber, now: float, born: float, service: float, key: int) -> None:
        if subscriber.waiting:
            subscriber.waiting.popleft()
            subscriber.waiting.append((born, service))
        subscriber.drop(now)


class ConflateByKey(Policy):
    """A newer message replaces the waiting one of its key, in its place; a full buffer drops the oldest.

    The replaced message counts as dropped: nobody will see that value.
    """

    always = True

    def __init__(self) -> None:
        self._appended = 0  # messages that ever waited; the queue holds the last of them
        self._places: dict[int, tuple[int, list[float]]] = {}

    def decide(self, subscriber: Subscriber, now: float, born: float, service: float, key: int) -> None:
        waiting = subscriber.waiting
        place, entry = self._places.get(key, (-1, []))
        if place >= self._appended - len(waiting):
            entry[:] = born, service
            subscriber.drop(now)
        elif not subscriber.level:
            subscriber.accept(now, born, service)
        elif subscriber.level < subscriber.capacity:
            subscriber.accept(now, born, service)
            self._wait(subscriber, born, service, key)
        else:
            subscriber.drop(now)
            if waiting:
                waiting.popleft()
                waiting.append((born, service))
                self._wait(subscriber, born, service, key)

    def _wait(self, subscriber: Subscriber, born: float, service: float, key: int) -> None:
        entry = [born, service]
        subscriber.waiting[-1] = entry
        self._places[key] = (self._appended, entry)
        self._appended += 1


class Block(Policy):
    """The publisher waits until there is a place: nothing is lost, and everybody gets the slowest's rate."""

    blocks = True

    def decide(self, subscriber: Subscriber, now: float, born: float, service: float, key: int) -> NoReturn:
        raise RuntimeError("a full blocking subscriber was offered a message; publish through its Topic")


class DisconnectAfter(Policy):
    """The n-th message that finds no place ends the connection: all that is held is lost, and so is it.

    With `reconnect_after` the subscriber is back that much later, with an empty buffer; what was published
    meanwhile is lost to it. Without, it stays away.
    """

    def __init__(self, overflows: int = 1, reconnect_after: float | None = None) -> None:
        if overflows < 1:
            raise ValueError(f"overflows must be at least 1, got {overflows}")
        self._allowed, self._reconnect_after = overflows, reconnect_after
        self._overflows = 0
        self._back: float | None = None

    def decide(self, subscriber: Subscriber, now: float, born: float, service: float, key: int) -> None:
        if subscriber.connected_since is None:
            if self._back is None or now < self._back:
                subscriber.lost += 1
                return
            subscriber.reconnect(self._back)
            self._overflows = 0
            subscriber.accept(now, born, service)
            return
        self._overflows += 1
        if self._overflows < self._allowed:
            subscriber.drop(now)
            return
        subscriber.disconnect(now)
        subscriber.lost += 1
        if self._reconnect_after is not None:
            self._back = now + self._reconnect_after


class GrowBuffer(Policy):
    """The buffer doubles, up to a ceiling if there is one; beyond it the newest is dropped."""

    def __init__(self, ceiling: int | None = None) -> None:
        self._ceiling = ceiling

    def decide(self, subscriber: Subscriber, now: float, born: float, service: float, key: int) -> None:
        doubled = 2 * subscriber.capacity
        capacity = doubled if self._ceiling is None else min(doubled, self._ceiling)
        if capacity > subscriber.capacity:
            subscriber.grow(capacity)
            subscriber.accept(now, born, service)
        else:
            subscriber.drop(now)


MAKERS: dict[str, Callable[[], Policy]] = {
    "drop-newest": DropNewest,
    "drop-oldest": DropOldest,
    "conflate": ConflateByKey,
    "block": Block,
    "disconnect": DisconnectAfter,
    "grow": GrowBuffer,
}
