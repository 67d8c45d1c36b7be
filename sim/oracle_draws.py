"""The engine's own random draws, as arrays: what replication r of a sweep would draw, for many r at once.

A named stream gives the same numbers however it is cut into batches, so an array filled from it holds exactly
what the engine meets one by one. Needs numpy, and stands for streams of the kind `numpy` only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from sim.streams import Streams

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def generator(seed: int, replication: int, purpose: str, actor: int | str = 0) -> Any:
    """Return numpy's generator behind one named stream, at its first draw."""
    return Streams(seed, replication, "numpy")._numpy(purpose, actor)  # the one place that knows its name


class Exponentials:
    """Exponential draws of one purpose and actor in many replications: a row per draw, a column for each."""

    def __init__(
        self, seed: int, replications: Iterable[int], purpose: str, actor: int = 0, *, mean: float
    ) -> None:
        self._mean = mean
        self._fills = [generator(seed, r, purpose, actor).standard_exponential for r in replications]

    def __len__(self) -> int:
        return len(self._fills)

    def take(self, rows: int) -> Floats:
        """Return the next draws, rows x replications, in the unit of the mean."""
        import numpy as np

        drawn = np.empty((len(self._fills), rows))  # a replication's draws lie together while they are made
        for fill, place in zip(self._fills, drawn, strict=True):
            fill(out=place)
        return np.multiply(drawn.T, self._mean, order="C")


class Constant:
    """The same number for ever, in the shape of `Exponentials`."""

    def __init__(self, value: float, columns: int) -> None:
        self._value, self._columns = value, columns

    def take(self, rows: int) -> Floats:
        """Return rows x columns of the number."""
        import numpy as np

        return np.full((rows, self._columns), self._value)


class Blocks:
    """The draws of `sim.script.Draws` as arrays: `size` a block for each of many actors, drawn when first needed.

    Uniform, or normal and then what `change` makes of them in place.
    """

    def __init__(
        self,
        seed: int,
        replication: int,
        purpose: str,
        actors: int,
        size: int,
        change: Callable[[Floats], Floats] | None = None,
    ) -> None:
        self._origin, self._count, self._size = (seed, replication, purpose), actors * size, size
        self._change = change
        self._blocks: dict[int, Floats] = {}
        self._first = 0  # the first block that is not forgotten

    def __len__(self) -> int:
        return len(self._blocks)

    def of(self, actors: NDArray[np.int64], index: NDArray[np.int64]) -> Floats:
        """Return each of these actors' draw with that number, from 0; IndexError for one forgotten."""
        import numpy as np

        found = np.empty(len(actors))
        block, place = np.divmod(index, self._size)
        place += actors * self._size
        for number in range(int(block.min(initial=0)), int(block.max(initial=-1)) + 1):
            at = (block == number).nonzero()[0]
            if at.size:
                found[at] = self._block(number)[place[at]]
        return found

    def forget(self, index: int) -> None:
        """Drop the blocks that hold only draws before that number."""
        self._first = max(self._first, index // self._size)
        for number in [number for number in self._blocks if number < self._first]:
            del self._blocks[number]

    def _block(self, number: int) -> Floats:
        if number < self._first:
            raise IndexError(f"draws before number {self._first * self._size} are forgotten")
        if number not in self._blocks:
            rng = generator(*self._origin, number)
            if self._change is None:
                self._blocks[number] = rng.random(self._count)
            else:
                self._blocks[number] = self._change(rng.standard_normal(self._count))
        return self._blocks[number]
