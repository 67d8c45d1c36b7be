"""Intervals over independent replications, paired differences, warm-up.

Messages within one run are correlated, so an interval comes from replications, never from counting messages
as if they were coin tosses: for the loss of a queue that naive binomial interval covers 43 to 48 % instead
of 95 %.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

NORMAL = NormalDist()
BATCH = 5  # the 5 of MSER-5


@dataclass(frozen=True)
class Interval:
    """A mean and its Student-t confidence interval over `n` replications."""

    mean: float
    half_width: float
    level: float
    n: int

    @property
    def low(self) -> float:
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        return self.mean + self.half_width

    def covers(self, value: float) -> bool:
        return self.low <= value <= self.high


def interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """Return the t-interval for the mean of independent values; ValueError for fewer than two."""
    n = len(values)
    if n < 2:
        raise ValueError(f"an interval needs at least 2 replications, got {n}")
    half_width = t_quantile(0.5 + level / 2, n - 1) * stdev(values) / math.sqrt(n)
    return Interval(fmean(values), half_width, level, n)


def paired_difference(a: Sequence[float], b: Sequence[float], level: float = 0.95) -> Interval:
    """Return the interval for mean(a - b), replication by replication.

    Under common random numbers the differences vary less than either side. ValueError if the lengths differ.
    """
    if len(a) != len(b):
        raise ValueError(f"paired values must be equally many, got {len(a)} and {len(b)}")
    return interval([x - y for x, y in zip(a, b, strict=True)], level)


def z_score(values: Sequence[float], exact: float) -> float:
    """Return how far the mean of independent values lies from the exact value, as a standard normal score.

    The t statistic is mapped to the normal score of equal tail probability, so that a bound such as |z| < 4
    means the same for 5 replications and for 500.
    """
    n = len(values)
    spread = stdev(values) / math.sqrt(n)
    difference = fmean(values) - exact
    if spread == 0.0:
        return 0.0 if difference == 0.0 else math.copysign(math.inf, difference)
    tail = t_cdf(-abs(difference / spread), n - 1)
    return math.copysign(-NORMAL.inv_cdf(max(tail, 1e-300)), difference)


def warm_up(series: Sequence[float]) -> int:
    """Return how many leading observations to cut (MSER-5).

    The cut minimises the squared standard error of what remains, over batches of five; it is looked for in
    the first half only, as the criterion is unreliable when little remains (White, Cobb and Spratt, 2000).
    """
    batches = [fmean(series[i : i + BATCH]) for i in range(0, len(series) - BATCH + 1, BATCH)]
    best_cut, best_score = 0, math.inf
    total = squares = 0.0
    for cut in range(len(batches) - 1, -1, -1):
        total += batches[cut]
        squares += batches[cut] ** 2
        remaining = len(batches) - cut
        score = (squares - total * total / remaining) / remaining**2
        if cut <= len(batches) // 2 and score <= best_score:
            best_cut, best_score = cut, score
    return best_cut * BATCH


def t_quantile(probability: float, degrees: int) -> float:
    """Return the Student-t quantile, to about 1e-10; ValueError outside (0, 1)."""
    if not 0.0 < probability < 1.0:
        raise ValueError(f"probability must lie between 0 and 1, got {probability!r}")
    if probability < 0.5:
        return -t_quantile(1.0 - probability, degrees)
    low, high = 0.0, 1.0
    while t_cdf(high, degrees) < probability:
        low, high = high, 2 * high
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if t_cdf(middle, degrees) < probability else (low, middle)
    return (low + high) / 2


def t_cdf(t: float, degrees: int) -> float:
    """Return P(T <= t) for Student's t with so many degrees of freedom."""
    total = degrees + t * t
    tail = _incomplete_beta(degrees / 2, 0.5, degrees / total, t * t / total) / 2
    return 1.0 - tail if t > 0 else tail


def _incomplete_beta(a: float, b: float, x: float, rest: float) -> float:
    """Regularised incomplete beta at x = 1 - rest, by its continued fraction (Numerical Recipes, 6.4)."""
    if x <= 0.0 or rest <= 0.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _incomplete_beta(b, a, rest, x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest)
    tiny = 1e-300
    c, d = 1.0, 1.0 / max(1.0 - (a + b) * x / (a + 1), tiny)
    fraction = d
    for m in range(1, 10_000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + numerator * d
            c = 1.0 + numerator / c
            d, c = 1.0 / (d if abs(d) > tiny else tiny), c if abs(c) > tiny else tiny
            fraction *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return math.exp(log_front) * fraction / a
