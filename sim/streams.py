"""Named random streams: a draw belongs to (seed, replication, purpose, actor), not to an order of calls.

Adding a subscriber therefore moves no other draw, and two policies under the same seed see the same
arrivals and services (common random numbers). For that the policy must never be part of a name.

Two kinds follow the same laws with different numbers: `numpy` (fast batches) and `python` (`random.Random`,
for places without numpy, such as a browser). `auto` takes numpy where it is installed.
"""

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

KINDS = ("numpy", "python")
AUTO = "auto"
FIRST_BATCH, LARGEST_BATCH = 16, 1024  # an actor that draws little should hold little


def resolve_kind(kind: str) -> str:
    """Return `numpy` or `python` for what a user asked; ValueError for anything else."""
    if kind == AUTO:
        return "numpy" if find_spec("numpy") is not None else "python"
    if kind not in KINDS:
        raise ValueError(f"streams must be one of {', '.join((*KINDS, AUTO))}, got {kind!r}")
    return kind


@dataclass(frozen=True)
class Streams:
    """All random streams of one replication.

    Each method returns an endless iterator that starts at the stream's first draw; bind its `__next__` on a
    hot path. Ask once per (purpose, actor): the same name gives the same numbers again, and two laws under
    one name are correlated.
    """

    seed: int
    replication: int = 0
    kind: str = AUTO

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", resolve_kind(self.kind))

    def exponential(self, purpose: str, actor: int | str = 0, *, mean: float = 1.0) -> Iterator[float]:
        """Exponential draws with the given mean."""
        if self.kind == "numpy":
            rng = self._numpy(purpose, actor)
            return _batches(lambda n: (rng.standard_exponential(n) * mean).tolist())
        random, log = self._python(purpose, actor).random, math.log
        return _batches(lambda n: [-log(1.0 - random()) * mean for _ in range(n)])

    def uniform(
        self, purpose: str, actor: int | str = 0, *, low: float = 0.0, high: float = 1.0
    ) -> Iterator[float]:
        """Uniform draws from [low, high)."""
        width = high - low
        if self.kind == "numpy":
            rng = self._numpy(purpose, actor)
            return _batches(lambda n: (low + width * rng.random(n)).tolist())
        random = self._python(purpose, actor).random
        return _batches(lambda n: [low + width * random() for _ in range(n)])

    def normal(
        self, purpose: str, actor: int | str = 0, *, mean: float = 0.0, deviation: float = 1.0
    ) -> Iterator[float]:
        """Normal draws."""
        if self.kind == "numpy":
            rng = self._numpy(purpose, actor)
            return _batches(lambda n: (mean + deviation * rng.standard_normal(n)).tolist())
        gauss = self._python(purpose, actor).gauss
        return _batches(lambda n: [mean + deviation * gauss(0.0, 1.0) for _ in range(n)])

    def integers(self, purpose: str, actor: int | str = 0, *, below: int) -> Iterator[int]:
        """Whole numbers from 0 to below - 1, equally likely."""
        if self.kind == "numpy":
            rng = self._numpy(purpose, actor)
            return _batches(lambda n: rng.integers(below, size=n).tolist())
        randrange = self._python(purpose, actor).randrange
        return _batches(lambda n: [randrange(below) for _ in range(n)])

    def _material(self, purpose: str, actor: int | str) -> int:
        name = f"{self.seed}/{self.replication}/{purpose}/{actor}"
        return int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "big")

    def _numpy(self, purpose: str, actor: int | str) -> Any:
        import numpy  # only where it is used: the same file runs in a browser without it

        return numpy.random.Generator(numpy.random.SFC64(self._material(purpose, actor)))

    def _python(self, purpose: str, actor: int | str) -> Random:
        return Random(self._material(purpose, actor))


def _batches(draw: Callable[[int], list[T]]) -> Iterator[T]:
    def sizes() -> Iterator[list[T]]:
        size = FIRST_BATCH
        while True:
            yield draw(size)
            size = min(2 * size, LARGEST_BATCH)

    return chain.from_iterable(sizes())
