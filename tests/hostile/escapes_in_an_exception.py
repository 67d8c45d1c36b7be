"""failed

publish raises an exception whose text clears the screen, sets the title, moves the cursor and speaks Rich
markup.
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
        raise ValueError(
            "\x1b[2J\x1b[1;1H\x1b]0;76 passed\x07\x1b]8;;file:///etc/passwd\x1b\\click\x1b]8;;\x1b\\"
            "[bold green]PASSED[/bold green] [/] \r\x08\x00\x7f\x9b31m \u202e \ud800"
        )
