"""What a subscriber has measured up to a moment; the difference of two moments is a period."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, zip_longest

BINS = 1024
FINEST = 2.0**40  # bins per unit of time to begin with; a power of two, so that folding is exact


class Ages:
    """A histogram whose range doubles as needed: 1,024 bins, at least half of them in use."""

    def __init__(self) -> None:
        self.bins = [0] * BINS
        self.scale = FINEST  # bins per unit of time

    def add(self, age: float) -> None:
        """Count one age; a hot path writes out the first line and calls `widen` itself."""
        try:
            self.bins[int(age * self.scale)] += 1
        except IndexError:
            self.widen(age)

    def widen(self, age: float) -> None:
        """Fold the bins in pairs until the age fits, then count it."""
        while age * self.scale >= BINS:
            self.bins[:] = folded(self.bins) + [0] * (BINS // 2)
            self.scale /= 2
        self.bins[int(age * self.scale)] += 1


def folded(bins: Sequence[int]) -> list[int]:
    """Return the counts of bins twice as wide."""
    return [a + b for a, b in zip_longest(bins[::2], bins[1::2], fillvalue=0)]


@dataclass(frozen=True)
class Meter:
    """Totals of one subscriber from the start of the run to `time`."""

    time: float
    delivered: int
    dropped: int  # found the buffer full, or gave way to a newer message
    lost: int  # to a disconnect: held when it came, or published while away
    level: int  # messages held now, the one being handled included
    time_at: tuple[float, ...]  # time spent at each level
    age_sum: float  # over delivered messages, from publication to the end of handling
    ages: tuple[int, ...]  # counts of ages in bins of `bin`
    bin: float

    def since(self, earlier: "Meter") -> "Meter":
        """Return the totals of the period from `earlier` to now."""
        before, width = list(earlier.ages), earlier.bin
        while width < self.bin:
            before, width = folded(before), 2 * width
        return Meter(
            self.time - earlier.time,
            self.delivered - earlier.delivered,
            self.dropped - earlier.dropped,
            self.lost - earlier.lost,
            self.level - earlier.level,
            tuple(a - b for a, b in zip_longest(self.time_at, earlier.time_at, fillvalue=0.0)),
            self.age_sum - earlier.age_sum,
            tuple(a - b for a, b in zip_longest(self.ages, before, fillvalue=0)),
            self.bin,
        )

    @property
    def offered(self) -> int:
        """Messages the subscriber had to deal with; conservation makes it the number published to it."""
        return self.delivered + self.dropped + self.lost + self.level

    @property
    def loss(self) -> float:
        """Share of offered messages that were dropped or lost; 0 if nothing was offered."""
        return (self.dropped + self.lost) / self.offered if self.offered else 0.0

    @property
    def throughput(self) -> float:
        return self.delivered / self.time if self.time else 0.0

    @property
    def area(self) -> float:
        """Messages held, integrated over time."""
        return sum(n * t for n, t in enumerate(self.time_at))

    @property
    def mean_level(self) -> float:
        total = sum(self.time_at)
        return self.area / total if total else 0.0

    @property
    def peak(self) -> int:
        """The highest level held for any time."""
        return max((n for n, t in enumerate(self.time_at) if t > 0.0), default=0)

    @property
    def mean_age(self) -> float | None:
        return self.age_sum / self.delivered if self.delivered else None

    @property
    def longest_age(self) -> float | None:
        """The longest age, rounded down to a bin."""
        return max((n * self.bin for n, count in enumerate(self.ages) if count), default=None)

    def age_quantile(self, share: float) -> float | None:
        """Return the age that so large a share of delivered messages does not exceed, to one bin."""
        if not self.delivered:
            return None
        sums = list(accumulate(self.ages))
        wanted = share * sums[-1]
        index = bisect_left(sums, max(wanted, 1e-9))
        below = sums[index - 1] if index else 0
        return (index + (wanted - below) / self.ages[index]) * self.bin

    def occupancy(self, most: int = 128) -> tuple[float, ...]:
        """Return the share of time at each level, levels grouped evenly into at most so many bins."""
        total = sum(self.time_at) or 1.0
        return tuple(t / total for t in grouped(self.time_at[: self.peak + 1], most))

    def age_histogram(self, most: int = 128) -> tuple[tuple[int, ...], float]:
        """Return the counts of ages in at most so many bins, and the width of a bin."""
        counts, width = list(self.ages), self.bin
        while counts and not counts[-1]:
            counts.pop()
        while len(counts) > most:
            counts, width = folded(counts), 2 * width
        return tuple(counts), width


def pooled(meters: Sequence[Meter]) -> Meter | None:
    """Return the totals of several subscribers, so that rates and means are per subscriber; None for none."""
    if not meters:
        return None
    width = max(meter.bin for meter in meters)
    ages = [0] * BINS
    for meter in meters:
        counts, own = list(meter.ages), meter.bin
        while own < width:
            counts, own = folded(counts), 2 * own
        ages[: len(counts)] = [a + b for a, b in zip(ages, counts, strict=False)]
    return Meter(
        sum(meter.time for meter in meters),
        sum(meter.delivered for meter in meters),
        sum(meter.dropped for meter in meters),
        sum(meter.lost for meter in meters),
        sum(meter.level for meter in meters),
        tuple(sum(times) for times in zip_longest(*(meter.time_at for meter in meters), fillvalue=0.0)),
        sum(meter.age_sum for meter in meters),
        tuple(ages),
        width,
    )


def grouped(values: Sequence[float], most: int) -> list[float]:
    """Return sums over equal groups, as few values per group as give at most `most` groups."""
    size = -(-len(values) // most) or 1
    return [sum(values[i : i + size]) for i in range(0, len(values), size)]
