import subprocess
import sys

import pytest

from workbook.teaching.keep_open import keep_open

SCRIPT = """
from contextlib import contextmanager
from workbook.teaching.keep_open import keep_open

@contextmanager
def named(name):
    yield name
    print("left", name)

print("kept", keep_open(named("first")), keep_open(named("second")))
"""


def test_what_is_kept_open_is_left_when_python_ends_the_last_first() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["kept first second", "left second", "left first", ""]


class Refuses:
    left = False

    def __enter__(self) -> None:
        raise OSError("no port is free")

    def __exit__(self, *_: object) -> None:
        self.left = True


def test_what_cannot_be_entered_raises_as_it_does_in_a_with_block() -> None:
    refuses = Refuses()
    with pytest.raises(OSError, match="no port is free"):
        keep_open(refuses)
    assert not refuses.left
