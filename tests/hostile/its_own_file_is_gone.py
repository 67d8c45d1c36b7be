"""failed

Takes away all rights to its own file and then the file, when it is a copy outside the folder `hostile`.
"""

import os
from dataclasses import dataclass

if os.path.basename(os.path.dirname(os.path.abspath(__file__))) != "hostile":
    os.chmod(__file__, 0)
    os.unlink(__file__)


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
