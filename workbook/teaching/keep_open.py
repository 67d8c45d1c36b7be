"""A service for a whole notebook: cells come one after the other, and no `with` block spans two of them."""

import atexit
from contextlib import AbstractContextManager, ExitStack
from typing import TypeVar

T = TypeVar("T")

_open = ExitStack()  # one for the process, since that is how long they stay
atexit.register(_open.close)


def keep_open(context: AbstractContextManager[T]) -> T:
    """Enter `context` now and leave it when Python ends, the last entered first; what it gives is returned.

    Raises what entering raises; nothing is kept then.
    """
    return _open.enter_context(context)
