"""failed

publish raises an exception that is its own cause, through a chain of two.
"""

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
        first, second = ValueError("one"), ValueError("two")
        first.__cause__, second.__cause__ = second, first
        first.__context__, second.__context__ = second, first
        raise first
