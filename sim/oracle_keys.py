"""Hot keys at a size the scenario does not reach: a hundred million keys over ten thousand partitions.

The same names, hashes and draws as `HotKeys`, over arrays: loads by partition equal the scenario's to the last
bit. Delays are left to the scenario. A hundred million keys take 10 bytes each, 16 with two candidates.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sim.hot_keys import HotKeys
from sim.oracle_draws import generator
from sim.oracle_murmur2 import partitions_of
from sim.scenario import ParameterError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]
    Words = NDArray[np.uint32]

KEYS = 2**15  # worked on at once: their words stay in a core's cache
MESSAGES = 2**21  # at once: the more draws are sorted together, the closer in memory are the sums they meet
NEAR = 2**13  # sums that are searched at once
LARGEST = {"users": 10**8, "partitions": 2**16 - 1, "messages": 10**9, "salts": 4096, "entities": 4096}


@dataclass(frozen=True, kw_only=True)
class KeyRun:
    """Parameters of `HotKeys` with the same meaning and units, and higher limits; murmur2 only."""

    mitigation: str = "hash"
    partitions: int = 10_000
    users: int = 10**8
    messages: int = 10**8
    skew: str = "hot-set"
    hot_users: float = 0.05
    hot_share: float = 0.8
    zipf: float = 1.0
    salts: int = 16
    entities: int = 16
    utilisation: float = 0.5

    def __post_init__(self) -> None:
        if self.mitigation not in COUNTERS:
            raise ParameterError(f"mitigation must be one of {', '.join(COUNTERS)}, got {self.mitigation!r}")
        for name, most in LARGEST.items():
            value = getattr(self, name)
            if not 1 <= value <= most:
                raise ParameterError(f"{name} must be a whole number from 1 to {most:,}, got {value!r}")
        rules = HotKeys.rules()
        for name in ("skew", "hot_users", "hot_share", "zipf", "utilisation"):
            rules[name].checked(name, getattr(self, name))

    @classmethod
    def of(cls, scenario: HotKeys) -> KeyRun:
        """Return the scenario's parameters; ParameterError for a hash other than murmur2."""
        if scenario.partitioner != "murmur2":
            raise ParameterError(f"the oracle hashes with murmur2 only, got {scenario.partitioner!r}")
        return cls(**{field.name: getattr(scenario, field.name) for field in fields(cls)})


@dataclass(frozen=True)
class KeyLoads:
    """What one replication measured."""

    run: KeyRun
    loads: Floats  # load over the mean, by partition, fullest first
    remembered: int  # entries the producer must keep to route

    @property
    def max_over_mean(self) -> float:
        """Messages of the fullest partition over the mean."""
        return float(self.loads[0])

    @property
    def hot_utilisation(self) -> float:
        """Offered load of the fullest partition; its queue grows without end from 1 on."""
        return self.max_over_mean * self.run.utilisation

    @property
    def drowning(self) -> int:
        """How many partitions are offered at least what their consumer can handle."""
        return int((self.loads * self.run.utilisation >= 1.0).sum())


def hot_keys(run: KeyRun, seed: int = 1, replication: int = 0) -> KeyLoads:
    """Count one replication's messages by partition."""
    import numpy as np

    keys = _Keys(run, seed, replication)
    sent, remembered = COUNTERS[run.mitigation](keys)
    loads = np.sort(np.asarray(sent) * run.partitions / run.messages)[::-1]
    return KeyLoads(run, loads, remembered)


class _Keys:
    """The keys of a replication: their shares, their names, and the messages that carry them."""

    def __init__(self, run: KeyRun, seed: int, replication: int) -> None:
        self.run, self._origin = run, (seed, replication)

    def sums(self) -> Floats:
        """Return the running sums of the shares, heaviest key first, as `traffic` adds them up."""
        import numpy as np

        sums, whole = np.empty(self.run.users), 1.0
        for turn in range(2 if self.run.skew == "zipf" else 1):  # the weights' sum first, where it is not 1
            total = 0.0
            for start, end in _blocks(self.run.users, KEYS):
                part = self.shares(start, end) / whole
                part[0] += total
                np.add.accumulate(part, out=sums[start:end])
                total = float(sums[end - 1])
            whole = total if turn == 0 else whole
        sums[-1] = 1.0  # as there: whatever rounding made of it
        return sums

    def shares(self, start: int, end: int) -> Floats:
        """Return the shares of some keys; under zipf their weights, whose sum is not 1."""
        import numpy as np

        run = self.run
        if run.skew == "zipf":
            return np.arange(start + 1.0, end + 1.0) ** -run.zipf
        if run.skew == "uniform" or run.users == 1:
            return np.full(end - start, 1.0 / run.users)
        hot = 1 if run.skew == "one-key" else min(run.users - 1, max(1, round(run.hot_users * run.users)))
        heavy, light = run.hot_share / hot, (1.0 - run.hot_share) / (run.users - hot)
        if heavy < light:
            heavy, light, hot = light, heavy, run.users - hot
        return np.where(np.arange(start, end) < hot, heavy, light)

    def numbers(self) -> Iterator[tuple[int, int, Words]]:
        """Yield blocks of keys, from and to, and the random numbers in their names."""
        import numpy as np

        draw = generator(*self._origin, "key name").integers
        for start, end in _blocks(self.run.users, KEYS):
            yield start, end, draw(2**32, size=end - start).astype(np.uint32)

    def homes(self) -> Iterator[tuple[int, int, Counts, Words]]:
        """Yield blocks of keys, from and to, with the partition each name hashes to and its number."""
        import numpy as np

        for start, end, numbers in self.numbers():
            yield start, end, partitions_of(np.arange(start, end), numbers, self.run.partitions), numbers

    def messages(self, in_order: bool) -> Iterator[Counts]:
        """Yield the keys of blocks of messages; in order of key where theirs does not matter, which is faster."""
        import numpy as np

        sums, draw = self.sums(), generator(*self._origin, "key").random
        for start, end in _blocks(self.run.messages, MESSAGES):
            draws = draw(end - start)
            if in_order:
                order = draws.argsort()
                keys = np.empty(len(draws), np.int64)
                keys[order] = _find(sums, draws[order])
                yield keys
            else:
                draws.sort()
                yield _find(sums, draws)

    def suffixes(self, purpose: str, below: int) -> Iterator[Counts]:
        """Yield the salts or entities of the same blocks of messages."""
        draw = generator(*self._origin, purpose).integers
        for start, end in _blocks(self.run.messages, MESSAGES):
            yield draw(below, size=end - start)


Counted = tuple[Any, int]  # messages by partition, entries remembered


def _hash(keys: _Keys) -> Counted:
    import numpy as np

    home = np.empty(keys.run.users, np.uint16)
    for start, end, homes, _ in keys.homes():
        home[start:end] = homes
    sent = np.zeros(keys.run.partitions, np.int64)
    for block in keys.messages(in_order=False):
        sent += np.bincount(home[block], minlength=len(sent))
    return sent, 0


def _suffixed(keys: _Keys, purpose: str, below: int, salted: int) -> Counted:
    """Hash each message's key with its suffix, for so many of the heaviest keys; the others' alone."""
    import numpy as np

    number = np.empty(keys.run.users, np.uint32)
    for start, end, numbers in keys.numbers():
        number[start:end] = numbers
    sent = np.zeros(keys.run.partitions, np.int64)
    for block, suffixes in zip(keys.messages(in_order=True), keys.suffixes(purpose, below), strict=True):
        hot = block < salted
        for some, ends in ((block[hot], suffixes[hot]), (block[~hot], None)):
            homes = partitions_of(some, number[some], len(sent), suffixes=ends)
            sent += np.bincount(homes, minlength=len(sent))
    return sent, 0


def _salting(keys: _Keys) -> Counted:
    return _suffixed(keys, "salt", keys.run.salts, keys.run.users)


def _composite_key(keys: _Keys) -> Counted:
    return _suffixed(keys, "entity", keys.run.entities, keys.run.users)


def _hot_salting(keys: _Keys) -> Counted:
    import numpy as np

    whole = 1.0
    if keys.run.skew == "zipf":
        whole = sum(float(keys.shares(start, end).sum()) for start, end in _blocks(keys.run.users, KEYS))
    hot = sum(
        int(np.count_nonzero(keys.shares(start, end) / whole * keys.run.partitions >= 0.5))
        for start, end in _blocks(keys.run.users, KEYS)
    )
    return _suffixed(keys, "salt", keys.run.salts, hot)[0], hot


def _candidates(keys: _Keys) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Return each key's two different partitions; of one partition, that."""
    import numpy as np

    n = keys.run.partitions
    first, second = np.empty((2, keys.run.users), np.uint16)
    for start, end, homes, numbers in keys.homes():
        first[start:end] = second[start:end] = homes
        if n > 1:
            step = partitions_of(np.arange(start, end), numbers, n - 1, before=b"second/")
            second[start:end] = (homes + 1 + step) % n
    return first, second


def _two_choices(keys: _Keys) -> Counted:
    first, second = _candidates(keys)
    sent = [0] * keys.run.partitions
    home = array("i", [-1]) * keys.run.users  # of the keys seen
    known = 0
    for block in keys.messages(in_order=True):
        for key, a, b in zip(block.tolist(), first[block].tolist(), second[block].tolist(), strict=True):
            chosen = home[key]
            if chosen < 0:
                home[key] = chosen = a if sent[a] <= sent[b] else b
                known += 1
            sent[chosen] += 1
    return sent, known


def _key_grouping(keys: _Keys) -> Counted:
    first, second = _candidates(keys)
    sent = [0] * keys.run.partitions
    for block in keys.messages(in_order=True):
        for a, b in zip(first[block].tolist(), second[block].tolist(), strict=True):
            sent[a if sent[a] <= sent[b] else b] += 1
    return sent, keys.run.partitions


def _round_robin(keys: _Keys) -> Counted:
    each, more = divmod(keys.run.messages, keys.run.partitions)
    return [each + (number < more) for number in range(keys.run.partitions)], 1


COUNTERS: dict[str, Callable[[_Keys], Counted]] = {
    "hash": _hash,
    "salting": _salting,
    "hot-salting": _hot_salting,
    "composite-key": _composite_key,
    "two-choices": _two_choices,
    "key-grouping": _key_grouping,
    "round-robin": _round_robin,
}


def _find(sums: Floats, draws: Floats) -> Counts:
    """Return sums.searchsorted(draws, "right") for sorted draws, a stretch of the sums after the other."""
    import numpy as np

    found = np.empty(len(draws), np.int64)
    ends = draws.searchsorted(sums[NEAR - 1 :: NEAR], side="left").tolist()
    for number, (start, end) in enumerate(pairwise([0, *ends, len(draws)])):
        if start < end:
            at = number * NEAR
            found[start:end] = sums[at : at + NEAR].searchsorted(draws[start:end], side="right")
            found[start:end] += at
    return found


def _blocks(count: int, size: int) -> Iterator[tuple[int, int]]:
    return ((start, min(start + size, count)) for start in range(0, count, size))
