"""Who sends how much: the share of the traffic that each key carries, and one replication's messages."""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, islice

from sim.streams import Streams

SKEWS = ("hot-set", "one-key", "zipf", "uniform")


@dataclass(frozen=True)
class Traffic:
    """The messages of one replication, by message number; a mitigation changes nothing here."""

    names: Sequence[bytes]  # of each key, as it is hashed
    shares: Sequence[float]  # of each key, heaviest first
    keys: Sequence[int]
    entities: Sequence[int]  # the order, device or session within the key that the message is about
    salts: Sequence[int]


def key_shares(
    skew: str, keys: int, *, hot_keys: float = 0.05, hot_share: float = 0.8, zipf: float = 1.0
) -> tuple[float, ...]:
    """Return each key's share of all messages, heaviest first; the shares sum to 1.

    hot-set: a fraction `hot_keys` of the keys carries `hot_share` of the traffic, evenly. one-key: a single
    key carries `hot_share`. zipf: the i-th key weighs i^-zipf. uniform: all alike.
    """
    if skew == "zipf":
        weights = [rank**-zipf for rank in range(1, keys + 1)]
        total = sum(weights)
        return tuple(weight / total for weight in weights)
    if skew == "uniform" or keys == 1:
        return (1.0 / keys,) * keys
    hot = 1 if skew == "one-key" else min(keys - 1, max(1, round(hot_keys * keys)))
    heavy, light = hot_share / hot, (1.0 - hot_share) / (keys - hot)
    return tuple(sorted([heavy] * hot + [light] * (keys - hot), reverse=True))


def traffic(shares: Sequence[float], messages: int, entities: int, salts: int, streams: Streams) -> Traffic:
    """Draw so many messages; keys have other names, hence other collisions, in every replication."""
    numbers = islice(streams.integers("key name", below=2**32), len(shares))
    names = [b"user-%d-%08x" % (key, number) for key, number in enumerate(numbers)]
    sums = list(accumulate(shares))
    sums[-1] = 1.0  # whatever rounding made of it: a draw below 1 must find a key
    keys = [bisect(sums, draw) for draw in islice(streams.uniform("key"), messages)]
    return Traffic(
        names=names,
        shares=shares,
        keys=keys,
        entities=list(islice(streams.integers("entity", below=entities), messages)),
        salts=list(islice(streams.integers("salt", below=salts), messages)),
    )
