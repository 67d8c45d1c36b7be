"""random_traffic_agrees_with_the_model

A ring buffer that finds its slot with a bit mask. With a size such as 3 or 5 the mask leaves slots out,
and a message is written over another that waits. Sizes 1, 2, 4 and 16 work.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from threading import Condition
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Drop:
    pass


@dataclass(frozen=True)
class Block:
    pass


@dataclass(frozen=True)
class Disconnect:
    after: int = 1


@dataclass(frozen=True, eq=False)
class State:
    size: int
    policy: Any
    ring: tuple = ()
    head: int = 0
    tail: int = 0
    dropped: int = 0
    row: int = 0
    ended: bool = False


def offer(state: State, message: object) -> State | None:
    """The state after a publication, or None when the publisher has to wait."""
    if state.ended:
        return state
    if state.tail - state.head < state.size:
        ring = list(state.ring or (None,) * state.size)
        ring[state.tail & (state.size - 1)] = message
        return replace(state, ring=tuple(ring), tail=state.tail + 1, row=0)
    match state.policy:
        case Block():
            return None
        case Disconnect(after):
            dropped = replace(state, dropped=state.dropped + 1, row=state.row + 1)
            return end(dropped) if dropped.row >= after else dropped
        case _:
            return replace(state, dropped=state.dropped + 1)


def take(state: State) -> tuple[State, tuple] | None:
    """The state after a read and what was read (nothing at the end), or None when the reader has to wait."""
    if state.tail > state.head:
        first = state.ring[state.head & (state.size - 1)]
        return replace(state, head=state.head + 1), (first,)
    return (state, ()) if state.ended else None


def end(state: State) -> State:
    return replace(state, ended=True)


@dataclass(eq=False)
class Subscription(Generic[T]):
    state: State
    changed: Condition = field(default_factory=Condition)

    @property
    def dropped(self) -> int:
        return self.state.dropped

    def __iter__(self):
        while True:
            with self.changed:
                while (taken := take(self.state)) is None:
                    self.changed.wait()
                self.state, read = taken
                self.changed.notify_all()
            if not read:
                return
            yield from read

    def publish(self, message: T) -> bool:
        with self.changed:
            while (after := offer(self.state, message)) is None:
                self.changed.wait()
            self.state = after
            self.changed.notify_all()
            return self.state.ended

    def end(self) -> None:
        with self.changed:
            self.state = end(self.state)
            self.changed.notify_all()


class Scope(ExitStack, Generic[T]):
    """An exit stack runs what leaving has to do, and nothing when it is closed a second time."""

    def __init__(self, broker: Broker[T], topic: str, policy: Any) -> None:
        super().__init__()
        self.broker = broker
        self.topic = topic
        self.policy = policy

    def __enter__(self):
        super().__enter__()
        subscription: Subscription[T] = Subscription(State(self.broker.size, self.policy))
        self.broker.add(self.topic, subscription)
        self.callback(self.broker.remove, self.topic, subscription)
        self.callback(subscription.end)
        return subscription


class Broker(Generic[T]):
    def __init__(self, *, buffer: int = 16) -> None:
        if buffer < 1:
            raise ValueError(f"buffer must be at least 1, got {buffer}")
        self.size = buffer
        self.changed = Condition()
        self.topics: dict[str, tuple[Subscription[T], ...]] = {}

    def subscribe(
        self, topic: str, policy: Drop | Block | Disconnect = Drop()
    ) -> AbstractContextManager[Subscription[T]]:
        return Scope(self, topic, policy)

    def add(self, topic, subscription):
        with self.changed:
            self.topics[topic] = (*self.topics.get(topic, ()), subscription)

    def remove(self, topic, subscription):
        with self.changed:
            members = tuple(s for s in self.topics.pop(topic, ()) if s is not subscription)
            if members:
                self.topics[topic] = members

    def publish(self, topic: str, message: T) -> None:
        with self.changed:
            members = self.topics.get(topic, ())
        for member in members:
            if member.publish(message):
                self.remove(topic, member)
