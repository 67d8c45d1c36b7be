"""failed

Takes the standard library out of sys.modules or puts rubbish in its place.
"""

import sys
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


for name in ("json", "os", "threading", "time", "_thread", "gc", "traceback", "types", "inspect", "select"):
    sys.modules[name] = None
for name in [name for name in sys.modules if name.startswith(("workbook", "tests", "pytest", "_pytest"))]:
    del sys.modules[name]
sys.modules["__main__"] = sys
