"""Closed forms for keys on partitions: balls in bins, several choices, the lower bounds of splitting a key.

Pure functions, no simulation. Hashing keys to partitions is throwing balls (keys) into bins (partitions).
"""

import cmath
import math
from statistics import NormalDist

NEGLIGIBLE = 1e-18  # states of the exact chain less likely than this are left out
MANY = 32  # bins from which on the characteristic function of their sum, once negligible, stays so
LARGEST_CHAIN = 1024  # bins; beyond, the chain takes minutes


def max_load_at_most(balls: int, bins: int, load: int) -> float:
    """Return P(no bin holds more than `load` balls), each ball in a random bin; exact to about 1e-10.

    Loads are independent Poisson variables given their sum, so the probability is
    F(load)^bins P(S = balls) / P(Poisson(balls) = balls), where F is the Poisson distribution function of
    mean balls/bins and S a sum of `bins` Poisson variables cut at `load`. P(S = balls) comes from the
    characteristic function of S: the trapezoidal rule is exact for a lattice variable, up to the tail that
    aliases, here beyond 12 standard deviations.
    """
    _at_least_one(balls=balls, bins=bins)
    if load * bins < balls:
        return 0.0
    if load >= balls:
        return 1.0
    mean = balls / bins
    low = max(0, math.floor(mean - 12 * math.sqrt(mean) - 16))  # what lies below is beyond the tail, too
    pmf = [math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(low, load + 1)]
    below = math.fsum(pmf)
    tail = _poisson_tail(mean, load) if load > mean else 1.0 - below
    nodes = 2 * math.ceil(12 * math.sqrt(balls) + 16)
    total = 0.0
    for node in range(nodes // 2 + 1):
        angle = 2 * math.pi * node / nodes
        turn = cmath.exp(1j * angle)
        value = 0j
        for probability in reversed(pmf):
            value = value * turn + probability
        size = abs(value / below) ** bins
        if size < 1e-18:
            if bins >= MANY:
                break
            continue
        # the characteristic function of one cut variable, to the power of the bins, turned back by the sum
        phase = bins * (cmath.phase(value) + angle * low) - angle * balls
        term = size * math.cos(phase)
        total += term if node in (0, nodes // 2) else 2 * term
    log_all = bins * math.log1p(-tail)
    log_sum = balls * math.log(balls) - balls - math.lgamma(balls + 1)
    return min(1.0, max(0.0, math.exp(log_all - log_sum) * total / nodes))


def max_load_law(balls: int, bins: int) -> dict[int, float]:
    """Return {load: P(the fullest bin holds exactly so many)}, leaving out probabilities below 1e-9."""
    law: dict[int, float] = {}
    load, before = -(-balls // bins), 0.0
    while before < 1.0 - 1e-9:
        now = max_load_at_most(balls, bins, load)
        if now - before > 1e-9:
            law[load] = now - before
        load, before = load + 1, max(before, now)
    return law


def mean_max_load(balls: int, bins: int) -> float:
    """Return the expected load of the fullest bin, each ball in a random bin."""
    return math.fsum(load * probability for load, probability in max_load_law(balls, bins).items())


def max_load_at_most_of_choices(balls: int, bins: int, load: int, choices: int) -> float:
    """Return P(no bin holds more than `load` balls) if each ball takes the emptiest of some random bins.

    Bins are drawn with replacement. Exact chain over how many bins hold at least 2, 3, .. load balls;
    ValueError beyond 1024 bins, where it would take minutes (use `fluid_tail` there).
    """
    _at_least_one(balls=balls, bins=bins, choices=choices)
    if bins > LARGEST_CHAIN:
        raise ValueError(
            f"bins must be at most {LARGEST_CHAIN} for the exact chain, got {bins}; use fluid_tail"
        )
    if load < 1:
        return 0.0
    # state: bins holding at least 2, .., load balls; those holding at least 1 follow from the balls thrown
    power = [(count / bins) ** choices for count in range(bins + 1)]
    law: dict[tuple[int, ...], float] = {(0,) * (load - 1): 1.0}
    for thrown in range(balls):
        following: dict[tuple[int, ...], float] = {}
        for state, probability in law.items():
            at_least = (bins, thrown - sum(state), *state)
            for level in range(load):
                step = power[at_least[level]] - power[at_least[level + 1]]
                if probability * step < NEGLIGIBLE:
                    continue
                moved = state
                if level:
                    moved = (*state[: level - 1], state[level - 1] + 1, *state[level:])
                following[moved] = following.get(moved, 0.0) + probability * step
        law = following
    return math.fsum(law.values())


def fluid_tail(choices: int, level: int, balls_per_bin: float = 1.0, steps: int = 2_000) -> float:
    """Return the share of bins holding at least `level` balls, for ever more bins and several choices.

    Solves ds_i/dt = s_{i-1}^d - s_i^d with s_0 = 1 (Mitzenmacher, 1996) by Runge-Kutta steps of fourth order.
    """
    _at_least_one(choices=choices, steps=steps)
    if level <= 0:
        return 1.0
    width = balls_per_bin / steps
    share = [1.0] + [0.0] * level

    def slope(at: list[float]) -> list[float]:
        return [0.0] + [at[i - 1] ** choices - at[i] ** choices for i in range(1, level + 1)]

    def moved(by: list[float], factor: float) -> list[float]:
        return [s + factor * d for s, d in zip(share, by, strict=True)]

    for _ in range(steps):
        one = slope(share)
        two = slope(moved(one, width / 2))
        three = slope(moved(two, width / 2))
        four = slope(moved(three, width))
        share = [
            s + width * (a + 2 * b + 2 * c + d) / 6
            for s, a, b, c, d in zip(share, one, two, three, four, strict=True)
        ]
    return share[level]


def one_choice_gap(balls: int, bins: int) -> float:
    """Return the expected excess of the fullest bin over the mean, for many balls per bin.

    Loads minus their mean tend to normal variables of variance balls/bins that sum to zero, so the excess is
    sqrt(balls/bins) times the expected maximum of so many standard normal variables: it grows for ever. With
    two choices it does not grow at all (Berenbrink, Czumaj, Steger and Voecking, 2000).
    """
    _at_least_one(balls=balls, bins=bins)
    return math.sqrt(balls / bins) * _mean_max_normal(bins)


def supermarket_sojourn(load: float, choices: int) -> float:
    """Return the mean sojourn, in mean service times, if each job joins the shortest of some random queues.

    sum over i >= 1 of load^((d^i - d)/(d - 1)), for ever more queues (Mitzenmacher, IEEE TPDS 2001); a single
    choice is M/M/1. ValueError unless 0 <= load < 1.
    """
    _at_least_one(choices=choices)
    if not 0.0 <= load < 1.0:
        raise ValueError(f"load must lie in [0, 1) for a stable queue, got {load!r}")
    if choices == 1:
        return 1.0 / (1.0 - load)
    total, exponent = 0.0, 0
    while True:
        term = load**exponent
        if term < 1e-17:
            return total
        total += term
        exponent = choices * exponent + choices  # (d^(i+1) - d)/(d - 1) from (d^i - d)/(d - 1)


def round_robin_sojourn(load: float, partitions: int) -> float:
    """Return the mean sojourn, in mean service times, if Poisson messages go to partitions in turn.

    Each partition is GI/M/1 with Erlang gaps: 1/(1 - s), where s = (n r/(n r + 1 - s))^n at load r on n
    partitions (Kleinrock I, 1975, section 6.4). ValueError unless 0 < load < 1.
    """
    _at_least_one(partitions=partitions)
    if not 0.0 < load < 1.0:
        raise ValueError(f"load must lie above 0 and below 1 for a stable queue, got {load!r}")
    low, high = (
        0.0,
        1.0,
    )  # the root below 1; the map lies above the diagonal left of it, below it on the right
    rate = partitions * load
    for _ in range(200):
        middle = (low + high) / 2
        if (rate / (rate + 1.0 - middle)) ** partitions > middle:
            low = middle
        else:
            high = middle
    return 1.0 / (1.0 - low)


def split_bound(heaviest: float, partitions: int, ways: int = 1) -> float:
    """Return the least possible max/mean load if the heaviest key may go to at most so many partitions.

    The key's share of all messages, cut in `ways` equal parts, against the mean 1/partitions: plain hashing
    is ways = 1, partial key grouping ways = 2, salting with k salts ways = k.
    """
    if not 0.0 <= heaviest <= 1.0:
        raise ValueError(f"heaviest must be a share from 0 to 1, got {heaviest!r}")
    _at_least_one(partitions=partitions, ways=ways)
    return max(1.0, heaviest * partitions / min(ways, partitions))


def grouping_imbalance_bound(heaviest: float, partitions: int) -> float:
    """Return the least possible (max - mean)/messages under partial key grouping: max(0, p1/2 - 1/n).

    Nasir et al., ICDE 2015: two partitions share the heaviest key and receive nothing else.
    """
    return (split_bound(heaviest, partitions, ways=2) - 1.0) / partitions


def moved_share(before: int, after: int) -> float:
    """Return the share of keys that change partition when hash mod `before` becomes hash mod `after`.

    A hash keeps its partition iff both remainders agree: min(a, b) of every lcm(a, b) hash values.
    """
    _at_least_one(before=before, after=after)
    return 1.0 - min(before, after) / math.lcm(before, after)


def _mean_max_normal(count: int) -> float:
    """Expected maximum of standard normal variables: Simpson's rule on P(max > x) - P(max < -x)."""
    cdf = NormalDist().cdf
    steps, edge = 2_000, 10.0
    width = edge / steps

    def integrand(x: float) -> float:
        return 1.0 - cdf(x) ** count - cdf(-x) ** count

    inner = math.fsum(integrand(i * width) * (4 if i % 2 else 2) for i in range(1, steps))
    return (integrand(0.0) + inner + integrand(edge)) * width / 3


def _poisson_tail(mean: float, load: int) -> float:
    """P(Poisson(mean) > load), summed from small terms so that it stays accurate when tiny."""
    k = load + 1
    term = math.exp(k * math.log(mean) - mean - math.lgamma(k + 1))
    total = 0.0
    while term > total * 1e-17:
        total += term
        k += 1
        term *= mean / k
    return total


def _at_least_one(**values: int) -> None:
    for name, value in values.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
