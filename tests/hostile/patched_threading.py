"""failed

Threads start nothing, joins return at once and locks are always free, so that no test with threads can
run.
"""

import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Drop:
    pass


@dataclass(frozen=True)
class Block:
    pass


@dataclass(frozen=True)
class Disconnect:
    after: int = 1


class Nothing:
    """Neither receives nor counts."""

    dropped = 0

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        return None

    def __iter__(self):
        return iter(())


class Broker:
    def __init__(self, *, buffer=16):
        pass

    def subscribe(self, topic, policy=Drop()):
        return Nothing()

    def publish(self, topic, message):
        pass


class Open:
    def acquire(self, *args, **kwargs):
        return True

    def release(self):
        return None

    __enter__ = acquire

    def __exit__(self, *exc_info):
        return None


threading.Thread.start = lambda self: None
threading.Thread.join = lambda self, timeout=None: None
threading.Thread.is_alive = lambda self: False
threading.Event.wait = lambda self, timeout=None: True
threading.Condition.wait = lambda self, timeout=None: True
threading.Lock = threading.RLock = Open
