"""Back-off kinds: how long a client sleeps after its n-th failure in a row, before it tries again.

Each takes the attempt (1 after the first failure), the previous sleep and a uniform draw from [0, 1), and
returns a sleep in the unit of `base` and `cap`. Taking the draw from outside lets every kind see the same
randomness. v = min(cap, base 2^attempt) is the window all but two of them are cut from.
"""

from collections.abc import Callable

LARGEST_POWER = 64  # beyond, the window has long met its cap and 2.0 ** attempt would overflow

BACKOFFS = ("none", "fixed", "exponential", "equal-jitter", "full-jitter", "decorrelated", "cap-outside")

Sleep = Callable[[int, float, float], float]


def backoff(name: str, base: float, cap: float) -> Sleep:
    """Return the function (attempt, previous sleep, uniform draw) -> sleep of one kind."""
    powers = [2.0**attempt for attempt in range(LARGEST_POWER + 1)]
    windows = [min(cap, base * power) for power in powers]
    last = LARGEST_POWER

    def none(attempt: int, previous: float, draw: float) -> float:
        return 0.0

    def fixed(attempt: int, previous: float, draw: float) -> float:
        return base

    def exponential(attempt: int, previous: float, draw: float) -> float:
        return windows[attempt if attempt < last else last]

    def equal_jitter(attempt: int, previous: float, draw: float) -> float:
        return windows[attempt if attempt < last else last] * (0.5 + 0.5 * draw)

    def full_jitter(attempt: int, previous: float, draw: float) -> float:
        return windows[attempt if attempt < last else last] * draw

    def decorrelated(attempt: int, previous: float, draw: float) -> float:
        # grows by 1.5 a step in the mean, not by 2; the first sleep starts from the base
        low = previous if previous > 0.0 else base
        return min(cap, base + (3.0 * low - base) * draw)

    def cap_outside(attempt: int, previous: float, draw: float) -> float:
        # the trap: capping after the draw puts ever more clients exactly on the cap, in step again
        return min(cap, base * powers[attempt if attempt < last else last] * draw)

    kinds: dict[str, Sleep] = {
        "none": none,
        "fixed": fixed,
        "exponential": exponential,
        "equal-jitter": equal_jitter,
        "full-jitter": full_jitter,
        "decorrelated": decorrelated,
        "cap-outside": cap_outside,
    }
    return kinds[name]
