"""Closed forms for buffers: pure functions, no simulation.

Rates are per unit of time, places count every message held, the one being handled included. Sources: Kleinrock,
Queueing Systems I (1975) for the Markov queues; Brun and Garcia, J. Appl. Prob. 37 (2000) 1092 for M/D/1/N;
Cruz, IEEE Trans. Inf. Theory 37 (1991) 114 for the token bucket; Anick, Mitra and Sondhi, BSTJ 61 (1982) 1871
for the fluid source.
"""

import math
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True)
class Steady:
    """A finite queue in the long run."""

    loss: float  # share of arrivals that find no place (Poisson arrivals see time averages)
    level: float  # mean messages held
    sojourn: float  # mean time of an accepted message, waiting and handling
    throughput: float  # accepted messages per unit of time


def mm1k(arrival_rate: float, service_rate: float, places: int) -> Steady:
    """Return M/M/1/K: P_n proportional to load^n; sojourn by Little's law on what is accepted."""
    return mmck(arrival_rate, service_rate, 1, places)


def mmck(arrival_rate: float, service_rate: float, servers: int, places: int) -> Steady:
    """Return M/M/c/K, by balance of flows level by level; ValueError unless 1 <= servers <= places."""
    _positive(arrival_rate=arrival_rate, service_rate=service_rate)
    if not 1 <= servers <= places:
        raise ValueError(f"servers must be from 1 to the number of places, {places}, got {servers}")
    logs = accumulate(
        (math.log(arrival_rate / (service_rate * min(n, servers))) for n in range(1, places + 1)), initial=0.0
    )
    weights = _scaled(list(logs))
    total = math.fsum(weights)
    loss = weights[-1] / total
    level = math.fsum(n * weight for n, weight in enumerate(weights)) / total
    throughput = arrival_rate * math.fsum(weights[:-1]) / total
    return Steady(loss, level, level / throughput, throughput)


def md1n_loss(load: float, places: int) -> float:
    """Return the loss of M/D/1/N.

    Not by the alternating sum of Brun and Garcia, of which float64 leaves no digit from about 24 places on,
    but by the chain embedded at departures, with balance over each cut: only positive terms, stable.
    """
    _positive(load=load, places=places)
    most = places + int(load + 40 * math.sqrt(load + 1)) + 40
    arrivals = [math.exp(k * math.log(load) - load - math.lgamma(k + 1)) for k in range(most)]
    above = [*accumulate(reversed(arrivals))][::-1]  # above[k] = P(A >= k)
    excess = [*accumulate(reversed(above))][::-1]  # excess[k] = sum of above[k:] = E(A - k + 1)+
    left = [1.0]  # weight of leaving so many behind
    for j in range(places - 1):
        up = left[0] * above[j + 1] + math.fsum(left[i] * above[j - i + 2] for i in range(1, j + 1))
        left.append(up / arrivals[0])
    lost = math.fsum(weight * excess[places - max(i, 1) + 1] for i, weight in enumerate(left))
    return lost / (load * math.fsum(left) + left[0])


def erlang_b(offered: float, servers: int) -> float:
    """Return the blocking probability of M/M/c/c, by its recursion in the number of servers."""
    _positive(offered=offered)
    blocking = 1.0
    for n in range(1, servers + 1):
        blocking = offered * blocking / (n + offered * blocking)
    return blocking


@dataclass(frozen=True)
class Shared:
    """A queue shared by several workers, without a bound."""

    wait_probability: float
    sojourn: float


def erlang_c(arrival_rate: float, service_rate: float, servers: int) -> Shared:
    """Return M/M/c; ValueError if the workers cannot keep up."""
    _positive(arrival_rate=arrival_rate, service_rate=service_rate, servers=servers)
    offered = arrival_rate / service_rate
    if offered >= servers:
        raise ValueError(f"offered load must be below the number of servers, {servers}, got {offered:g}")
    blocking = erlang_b(offered, servers)
    wait = servers * blocking / (servers - offered * (1.0 - blocking))
    return Shared(wait, wait / (servers * service_rate - arrival_rate) + 1.0 / service_rate)


def relaxation_time(arrival_rate: float, service_rate: float, places: int) -> float:
    """Return 1/spectral gap of M/M/1/K: how fast it forgets where it began."""
    _positive(arrival_rate=arrival_rate, service_rate=service_rate, places=places)
    geometric = 2.0 * math.sqrt(arrival_rate * service_rate)
    return 1.0 / (arrival_rate + service_rate - geometric * math.cos(math.pi / (places + 1)))


def loss_floor(arrival_rate: float, service_rate: float) -> float:
    """Return the loss that no buffer goes below: what cannot be handled is lost, sooner or later."""
    _positive(arrival_rate=arrival_rate, service_rate=service_rate)
    return max(0.0, 1.0 - service_rate / arrival_rate)


def first_passage(arrival_rate: float, service_rate: float, level: int) -> float:
    """Return the mean time in which an empty M/M/1 first holds `level` messages.

    With K places the first overflow, and so the first drop or the disconnect, comes at level K + 1.
    The rate up from n-1 to n takes m_n = (1 + service_rate m_{n-1})/arrival_rate on average; their sum is
    n/(l-m) - m/(l-m)^2 (1 - (m/l)^n), and n(n+1)/(2l) at equal rates, without the cancellation close to it.
    """
    _positive(arrival_rate=arrival_rate, service_rate=service_rate, level=level)
    step, total = 0.0, 0.0
    for _ in range(level):
        step = (1.0 + service_rate * step) / arrival_rate
        total += step
    return total


def block_throughput(subscribers: int, places: int, service_rate: float = 1.0) -> float | None:
    """Return what a saturated publisher gets through when each of S like subscribers blocks it.

    One place: everybody waits for the slowest of S exponential handlers, so rate/H_S. One or two subscribers:
    rate, and 2K/(2K+1) of it, from the difference of their levels, which is uniform over 2K+1 values. None
    where there is no closed form; the throughput then lies between the one for one place and the rate.
    """
    _positive(subscribers=subscribers, places=places, service_rate=service_rate)
    if subscribers == 1:
        return service_rate
    if places == 1:
        return service_rate / math.fsum(1.0 / n for n in range(1, subscribers + 1))
    if subscribers == 2:
        return service_rate * 2 * places / (2 * places + 1)
    return None


@dataclass(frozen=True)
class Burst:
    """A burst of evenly spaced messages into a steady handler."""

    peak: float  # messages that pile up: the buffer that loses nothing
    drain: float  # time from the end of the burst to an empty buffer; inf if it never empties


def burst(peak_rate: float, base_rate: float, service_rate: float, length: float) -> Burst:
    """Return the deterministic pile-up: peak (p - m) T, drained at m - l; nothing piles up while p <= m."""
    _positive(peak_rate=peak_rate, service_rate=service_rate, length=length)
    peak = max(0.0, (peak_rate - service_rate) * length)
    spare = service_rate - base_rate
    return Burst(peak, peak / spare if spare > 0 else (math.inf if peak else 0.0))


@dataclass(frozen=True)
class Bound:
    """What no arrival pattern within an envelope exceeds."""

    backlog: float
    delay: float


def token_bucket(depth: float, rate: float, service_rate: float) -> Bound:
    """Return the bounds for traffic within a token bucket; ValueError if the rate exceeds the handler's."""
    _positive(depth=depth, rate=rate, service_rate=service_rate)
    if rate > service_rate:
        raise ValueError(f"rate must be at most the service rate, {service_rate:g}, got {rate:g}")
    return Bound(depth, depth / service_rate)


@dataclass(frozen=True)
class OnOff:
    """A fluid source: `peak` while on (mean length 1/off_rate), nothing while off (mean 1/on_rate)."""

    peak: float
    off_rate: float
    on_rate: float

    @property
    def mean_rate(self) -> float:
        return self.peak * self.on_rate / (self.off_rate + self.on_rate)

    def relaxation_time(self, service_rate: float) -> float:
        """Return about how long the backlog remembers: that of Brownian motion of like drift and variance.

        The flow's variance per unit of time is 2 p^2 ab/(a+b)^3; a reflected Brownian motion with drift -d and
        variance v has spectral gap d^2/(2 v).
        """
        drift = service_rate - self.mean_rate
        variance = 2 * self.peak**2 * self.off_rate * self.on_rate / (self.off_rate + self.on_rate) ** 3
        return 2 * variance / drift**2

    def exceeds(self, service_rate: float, level: float) -> float:
        """Return P(backlog > level) of an unbounded buffer: (mean/c) exp(-(a/(p-c) - b/c) level).

        ValueError unless mean rate < service rate < peak.
        """
        if not self.mean_rate < service_rate < self.peak:
            raise ValueError(
                f"service rate must lie between mean and peak rate, {self.mean_rate:g} and {self.peak:g}, "
                f"got {service_rate:g}"
            )
        decay = self.off_rate / (self.peak - service_rate) - self.on_rate / service_rate
        return self.mean_rate / service_rate * math.exp(-decay * level)


def _scaled(logs: list[float]) -> list[float]:
    largest = max(logs)
    return [math.exp(value - largest) for value in logs]


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"{name} must be above 0, got {value!r}")
