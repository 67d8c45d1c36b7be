"""A subscriber with several workers behind one buffer."""

from collections.abc import Iterator
from heapq import heappop, heappush
from math import inf

from simpy import Environment

from sim.subscriber import Policy, Subscriber


class Pool(Subscriber):
    """Takes messages in order, up to `workers` at a time; they may finish out of order (M/M/c/K)."""

    __slots__ = ("_busy", "_workers")

    def __init__(
        self, env: Environment, capacity: int, services: Iterator[float], policy: Policy, workers: int
    ) -> None:
        super().__init__(env, capacity, services, policy)
        if not 1 <= workers <= capacity:
            raise ValueError(f"workers must be from 1 to the capacity, {capacity}, got {workers}")
        self._workers = workers
        self._busy: list[tuple[float, float]] = []  # (due, born), a heap

    def offer(self, now: float, born: float, key: int) -> None:
        self.advance(now)
        service = self._next_service()
        if self.level < self.limit:
            self.accept(now, born, service)
        else:
            self._decide(self, now, born, service, key)

    def accept(self, now: float, born: float, service: float) -> None:
        self.spend(now)
        self.level += 1
        if len(self._busy) < self._workers:
            self._begin(now, born, service)
        else:
            self.waiting.append((born, service))

    def depart(self) -> None:
        due, self._born = heappop(self._busy)
        self.record(due)
        self.due = self._busy[0][0] if self._busy else inf
        if self.waiting:
            born, service = self.waiting.popleft()
            self._begin(due, born, service)

    def disconnect(self, now: float) -> None:
        super().disconnect(now)
        self._busy.clear()

    def _begin(self, now: float, born: float, service: float) -> None:
        heappush(self._busy, (now + service, born))
        self.due = self._busy[0][0]
