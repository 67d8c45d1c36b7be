"""failed

Prints what would repaint a terminal, and bytes that are no text.
"""

import os
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
        os.write(1, b"\x1b[2J\x1b[H\x1b[32m76 passed\x1b[0m\x1b]0;owned\x07[bold green]PASSED[/]\r\n\xff\xfe\x00\x9b\x1b[?25l\n")
