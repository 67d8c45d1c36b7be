"""The reconnect storm without events, for a million clients: batches of attempts that cannot meet their effects.

What a refused client does next is drawn whatever the server answers, so the time of every client's next
attempt is known as soon as that of this one is. No attempt can still appear before the earliest of these next
ones: all that are pending before it make one batch, in order of time. Draws and float operations are the
engine's, in its order, and the result equals `ReconnectStorm.run`, to the last bit.
"""

from __future__ import annotations

from math import inf, nextafter
from typing import TYPE_CHECKING

from sim.oracle_draws import Blocks, generator
from sim.reconnect_storm import BIN, SPREAD, WATCHED, ReconnectStorm, ReconnectStormResult
from sim.streams import Streams

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]
    Flags = NDArray[np.bool_]

LARGEST_POWER = 64  # beyond, a window has long met its cap


def reconnect_storm(scenario: ReconnectStorm, seed: int = 1, replication: int = 0) -> ReconnectStormResult:
    """Return what the engine's replication returns under numpy streams; times in s.

    Some 400 bytes a client under a back-off with jitter: draws are kept until no client needs them any more.
    """
    import numpy as np

    draws = _Draws(scenario, seed, replication)
    door = Bucket(scenario.capacity, scenario.burst, scenario.outage)
    log = _Log(scenario.failed_before)
    last = scenario.failed_before + (inf if scenario.retries is None else scenario.retries)
    ids, slept = np.arange(scenario.clients), np.zeros(scenario.clients)
    failures, slept = draws.history(ids, slept)
    at = draws.first(ids)
    after, slept = draws.following(ids, at, failures, slept)
    away = 0  # of those still in the arrays
    while ids.size > away:
        limit = max(float(after.min()), nextafter(float(at.min()), inf))
        chosen = (at < min(limit, scenario.horizon)).nonzero()[0]
        if not chosen.size:
            break  # nobody knocks before the horizon
        chosen = chosen[at[chosen].argsort(kind="stable")]
        times, before = at[chosen], failures[chosen]
        accepted = door.admit(times, draws.fail(ids[chosen], before))
        arrived = times[accepted] + draws.reply(ids[chosen[accepted]], before[accepted])
        log.add(times, before, accepted, arrived)
        given = ~accepted & (before >= last)
        log.gave_up += int(np.count_nonzero(given))
        again = chosen[~accepted & ~given]
        at[again] = after[again]
        failures[again] += 1
        after[again], slept[again] = draws.following(ids[again], at[again], failures[again], slept[again])
        gone = chosen[accepted | given]
        at[gone] = after[gone] = inf
        away += len(gone)
        if away > len(ids) // 8 or draws.grown:
            stay = at < inf
            ids, at, failures, after, slept = ids[stay], at[stay], failures[stay], after[stay], slept[stay]
            away = 0
            draws.forget(failures)
    return log.result(scenario, seed, replication)


class Bucket:
    """The server's token bucket, attempt by attempt: the order of these operations decides who gets in."""

    def __init__(self, rate: float, burst: int, opens: float) -> None:
        self._rate, self._burst, self._opens = rate, float(burst), opens
        self._tokens, self._filled = float(burst), opens

    def admit(self, times: Floats, fails: Flags | None) -> Flags:
        """Return which of these attempts, in order of time, are let in."""
        import numpy as np

        rate, burst, tokens, filled = self._rate, self._burst, self._tokens, self._filled
        counts = times >= self._opens
        if fails is not None:
            counts &= ~fails
        answers = []
        for now in times[counts].tolist():
            tokens += (now - filled) * rate
            if tokens > burst:
                tokens = burst
            filled = now
            if tokens < 1.0:
                answers.append(False)
            else:
                tokens -= 1.0
                answers.append(True)
        self._tokens, self._filled = tokens, filled
        counts[counts] = np.array(answers, dtype=bool)
        return counts


class _Draws:
    """What each client would draw: its network delays, its sleeps, whether an attempt fails."""

    def __init__(self, scenario: ReconnectStorm, seed: int, replication: int) -> None:
        self._scenario, self._seed, self._replication = scenario, seed, replication
        self._network = Blocks(seed, replication, "network", scenario.clients, 16, self._delays)
        self._jitter = Blocks(seed, replication, "jitter", scenario.clients, 8)
        self._failure = Blocks(seed, replication, "failure", scenario.clients, 8)
        self._all = (self._network, self._jitter, self._failure)
        self._kept = 2  # one block of delays and of jitter: there is nothing to forget yet

    def history(self, ids: Indices, slept: Floats) -> tuple[Indices, Floats]:
        """Return the failures in a row each client has had before, and the sleep after the last of them."""
        import numpy as np

        failures = np.zeros(len(ids), np.int64)
        for _ in range(self._scenario.failed_before):
            slept = self._sleep(ids, failures, slept)
            failures += 1
        return failures, slept

    def first(self, ids: Indices) -> Floats:
        """Return when each client's first attempt arrives."""
        import numpy as np

        spread = self._scenario.first_jitter
        notices = (
            spread * generator(self._seed, self._replication, "first attempt").random(len(ids))
            if spread
            else np.zeros(len(ids))
        )
        return np.add(notices, self._network.of(ids, np.zeros(len(ids), np.int64)))

    def following(self, ids: Indices, at: Floats, failures: Indices, slept: Floats) -> tuple[Floats, Floats]:
        """Return when each client's next attempt arrives if this one is refused, and the sleep before it."""
        sleep = self._sleep(ids, failures, slept)
        done = 2 * (failures - self._scenario.failed_before)
        delay = (self._network.of(ids, done + 1) + sleep) + self._network.of(ids, done + 2)
        return at + delay, sleep

    def reply(self, ids: Indices, failures: Indices) -> Floats:
        """Return the delay after which a client knows the answer."""
        return self._network.of(ids, 2 * (failures - self._scenario.failed_before) + 1)

    def fail(self, ids: Indices, failures: Indices) -> Flags | None:
        """Return which attempts fail whatever the server's load; None if none can."""
        if not self._scenario.failure:
            return None
        draws = self._failure.of(ids, failures - self._scenario.failed_before)
        found: Flags = draws < self._scenario.failure
        return found

    @property
    def grown(self) -> bool:
        """Whether more is kept than after the last `forget`."""
        return sum(map(len, self._all)) > self._kept

    def forget(self, failures: Indices) -> None:
        """Drop what only clients with fewer failures would need."""
        if failures.size:
            least = int(failures.min())
            self._jitter.forget(least)
            self._network.forget(2 * (least - self._scenario.failed_before))
            self._failure.forget(least - self._scenario.failed_before)
        self._kept = sum(map(len, self._all))

    def _delays(self, normals: Floats) -> Floats:
        import numpy as np

        normals *= SPREAD * self._scenario.network
        normals += self._scenario.network
        return np.abs(normals, out=normals)

    def _sleep(self, ids: Indices, failures: Indices, slept: Floats) -> Floats:
        """Return each sleep after one more failure, as `backoff` defines the kinds."""
        import numpy as np

        kind, base, cap = self._scenario.backoff, self._scenario.base, self._scenario.cap
        if kind in ("none", "fixed"):
            return np.full(len(ids), base if kind == "fixed" else 0.0)
        grown = base * np.exp2(np.minimum(failures + 1, LARGEST_POWER))
        if kind == "exponential":
            return np.minimum(cap, grown)
        draw = self._jitter.of(ids, failures)
        if kind == "equal-jitter":
            return np.minimum(cap, grown) * (0.5 + 0.5 * draw)
        if kind == "full-jitter":
            return np.minimum(cap, grown) * draw
        if kind == "cap-outside":
            return np.minimum(cap, grown * draw)
        low = np.where(slept > 0.0, slept, base)  # decorrelated
        return np.minimum(cap, base + (3.0 * low - base) * draw)


class _Log:
    """What the server and the clients saw, batch by batch."""

    def __init__(self, failed_before: int) -> None:
        import numpy as np

        self._failed_before = failed_before
        self._bins = np.zeros((3, 0), np.int64)  # attempts, retries, clients let in, per bin
        self._connected: list[Floats] = []
        self.gave_up = 0

    def add(self, times: Floats, failures: Indices, accepted: Flags, arrived: Floats) -> None:
        """Count a batch, in order of time; `arrived` is when those let in know it."""
        import numpy as np

        at = (times / BIN).astype(np.int64)
        missing = int(at[-1]) + 1 - self._bins.shape[1]
        if missing > 0:
            self._bins = np.pad(self._bins, ((0, 0), (0, missing)))
        bins = self._bins[:, at[0] : at[-1] + 1]
        for row, some in zip(
            bins, (np.ones_like(accepted), failures > self._failed_before, accepted), strict=True
        ):
            row += np.bincount(at[some] - at[0], minlength=bins.shape[1])
        self._connected.append(arrived)

    def result(self, scenario: ReconnectStorm, seed: int, replication: int) -> ReconnectStormResult:
        """Return the measures of the engine's result."""
        import numpy as np

        connected = np.sort(np.concatenate([*self._connected, np.empty(0)]))
        connected = connected[connected <= scenario.horizon]
        n, (load, retries, let_in) = scenario.clients, self._bins

        def time_to(share: float) -> float | None:
            needed = max(1, round(share * n))
            return float(connected[needed - 1]) if len(connected) >= needed else None

        attempts = int(load.sum())
        return ReconnectStormResult(
            **scenario.origin(Streams(seed, replication, "numpy")),
            time_to_all=time_to(1.0),
            time_to_half=time_to(0.5),
            time_to_95=time_to(0.95),
            attempts=attempts,
            wasted=attempts - int(let_in.sum()),
            attempts_per_client=attempts / n,
            retry_peak=int(retries.max(initial=0)),
            gave_up=self.gave_up,
            cut_off=n - len(connected) - self.gave_up,
            load=tuple(load[:WATCHED].tolist()),
            accepted=tuple(let_in[:WATCHED].tolist()),
        )
