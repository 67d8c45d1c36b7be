"""failed

Replaces every hook for exceptions by one that ends the process with status 0, then raises in publish.
"""

import os
import sys
import threading
from dataclasses import dataclass


def leave(*args):
    os._exit(0)


sys.excepthook = sys.unraisablehook = threading.excepthook = leave


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
        raise ValueError("anybody there?")
