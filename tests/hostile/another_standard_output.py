"""failed

Puts objects in place of sys.stdout and sys.stderr that raise when written to.
"""

import sys
from dataclasses import dataclass


class Refuses:
    def __getattr__(self, name):
        raise SystemExit("no output")


sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = Refuses()


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
        print("hello")
