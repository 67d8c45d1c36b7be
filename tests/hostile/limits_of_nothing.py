"""failed

Sets its own limits for files, processes and core dumps to nothing.
"""

import resource
from dataclasses import dataclass

for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
    try:
        resource.setrlimit(kind, (0, 0))
    except (OSError, ValueError):
        pass


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
