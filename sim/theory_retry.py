"""Closed forms for retries: giving up, attempts, sleeps, and how many clients meet in one window.

Pure functions, no simulation.
"""

import math

from sim.theory_keys import max_load_law


def give_up_probability(failure: float, retries: int) -> float:
    """Return P(a client gives up): 1 + `retries` attempts fail, each independently with `failure`."""
    _probability(failure)
    _not_negative(retries)
    return failure ** (retries + 1)


def mean_attempts(failure: float, retries: int) -> float:
    """Return the mean number of attempts, the last included: (1 - p^(r+1))/(1 - p), r + 1 if all fail."""
    _probability(failure)
    _not_negative(retries)
    if failure == 1.0:
        return retries + 1.0
    return (1.0 - failure ** (retries + 1)) / (1.0 - failure)


def mean_sleep(name: str, attempt: int, base: float, cap: float) -> float:
    """Return the mean sleep after the given failure in a row (1 for the first), in the unit of base and cap.

    With v = min(cap, base 2^attempt): exponential v, equal jitter 3v/4, full jitter v/2. Decorrelated jitter
    follows m' = (base + 3m)/2 from m = base, which grows by 1.5 a step and not by 2; that holds only while no
    draw can meet the cap, hence ValueError once base 3^attempt exceeds it.
    """
    if attempt < 1:
        raise ValueError(f"attempt must be at least 1, the first failure, got {attempt}")
    uncapped = base * 2.0**attempt
    window = min(cap, uncapped)
    if name == "none":
        return 0.0
    if name == "fixed":
        return base
    if name == "exponential":
        return window
    if name == "equal-jitter":
        return 0.75 * window
    if name == "full-jitter":
        return 0.5 * window
    if name == "cap-outside":
        return 0.5 * uncapped if uncapped <= cap else cap - cap * cap / (2.0 * uncapped)
    if base * 3.0**attempt > cap:
        raise ValueError(
            f"attempt {attempt} may sleep up to {base * 3.0**attempt:g}, above the cap {cap:g}; "
            "the mean of decorrelated jitter is known in closed form only before the cap"
        )
    mean = base
    for _ in range(attempt):
        mean = (base + 3.0 * mean) / 2.0
    return mean


def share_at_cap(attempt: int, base: float, cap: float) -> float:
    """Return which share of clients sleeps exactly `cap` if the cap is applied after drawing the jitter."""
    return max(0.0, 1.0 - cap / (base * 2.0**attempt))


def window_probability(clients: int, window: float, width: float, attempts: int) -> float:
    """Return P(exactly so many attempts in one bin): Binomial(clients, width/window), one attempt a client.

    Holds for full jitter, where a round of attempts is uniform over its window; without jitter every bin but
    one is empty and that one holds everybody.
    """
    share = _share(width, window)
    if not 0 <= attempts <= clients:
        return 0.0
    if share == 1.0:
        return float(attempts == clients)
    choose = math.lgamma(clients + 1) - math.lgamma(attempts + 1) - math.lgamma(clients - attempts + 1)
    return math.exp(choose + attempts * math.log(share) + (clients - attempts) * math.log1p(-share))


def window_peak_law(clients: int, window: float, width: float) -> dict[int, float]:
    """Return {attempts: P(the busiest bin of the window has so many)}: balls in bins, exactly.

    ValueError unless the bins' width divides the window.
    """
    _share(width, window)
    bins = round(window / width)
    if not math.isclose(bins * width, window, rel_tol=1e-9):
        raise ValueError(f"width must divide the window, got width {width:g} in window {window:g}")
    return max_load_law(clients, bins)


def connect_floor(clients: int, capacity: float, burst: float) -> float:
    """Return the least time in which a server lets so many clients in, whatever they do.

    `burst` connections at once, then `capacity` a time unit: a token bucket's greatest output (Cruz, 1991).
    """
    return max(0.0, (clients - burst) / capacity)


def _probability(value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"failure must be a probability from 0 to 1, got {value!r}")


def _not_negative(retries: int) -> None:
    if retries < 0:
        raise ValueError(f"retries must be at least 0, got {retries}")


def _share(width: float, window: float) -> float:
    if not 0.0 < width <= window:
        raise ValueError(f"width must lie above 0 and within the window {window:g}, got {width:g}")
    return width / window
