"""Mitigations of a hot key: which partition each message goes to, and what the producer must remember for it.

One function each, from a replication's messages to their partitions. Loads are compared by messages sent so
far, which a producer knows by itself, not by queue lengths, which it does not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sim.key_traffic import Traffic

Partitioner = Callable[[bytes, int], int]


@dataclass(frozen=True)
class Routes:
    """The partition of each message, and how many entries the producer keeps to choose it."""

    partitions: Sequence[int]
    remembered: int


def plain_hash(traffic: Traffic, partitions: int, partition_of: Partitioner) -> Routes:
    """hash(key) mod n: order per key is kept, a heavy key stays whole."""
    home = [partition_of(name, partitions) for name in traffic.names]
    return Routes([home[key] for key in traffic.keys], 0)


def salting(traffic: Traffic, partitions: int, partition_of: Partitioner) -> Routes:
    """hash(key + random salt): every key is spread, and loses its order."""
    homes = _Homes(traffic.names, partitions, partition_of)
    return Routes([homes[key, salt] for key, salt in zip(traffic.keys, traffic.salts, strict=True)], 0)


def hot_salting(traffic: Traffic, partitions: int, partition_of: Partitioner) -> Routes:
    """Salt only keys that fill half a partition's mean share by themselves: the others keep their order.

    Somebody must know which keys are hot; here the producer holds their list.
    """
    hot = {key for key, share in enumerate(traffic.shares) if share * partitions >= 0.5}
    homes = _Homes(traffic.names, partitions, partition_of)
    plain = [partition_of(name, partitions) for name in traffic.names]
    return Routes(
        [
            homes[key, salt] if key in hot else plain[key]
            for key, salt in zip(traffic.keys, traffic.salts, strict=True)
        ],
        len(hot),
    )


def composite_key(traffic: Traffic, partitions: int, partition_of: Partitioner) -> Routes:
    """hash(key + entity): order is kept within an entity, such as one order of a user, not within the key."""
    homes = _Homes(traffic.names, partitions, partition_of)
    return Routes([homes[key, entity] for key, entity in zip(traffic.keys, traffic.entities, strict=True)], 0)


def two_choices(traffic: Traffic, partitions: int, partition_of: Partitioner) -> Routes:
    """A new key takes the emptier of two partitions and stays there: needs a table of all keys."""
    sent = [0] * partitions
    home: dict[int, int] = {}
    routes = []
    for key in traffic.keys:
        partition = home.get(key)
        if partition is None:
            first, second = _candidates(traffic.names[key], partitions, partition_of)
            partition = home[key] = first if sent[first] <= sent[second] else second
        sent[partition] += 1
        routes.append(partition)
    return Routes(routes, len(home))


def key_grouping(traffic: Traffic, partitions: int, partition_of: Partitioner) -> Routes:
    """Partial key grouping: each message takes the emptier of its key's two partitions (Nasir et al., 2015)."""
    sent = [0] * partitions
    candidates = [_candidates(name, partitions, partition_of) for name in traffic.names]
    routes = []
    for key in traffic.keys:
        first, second = candidates[key]
        partition = first if sent[first] <= sent[second] else second
        sent[partition] += 1
        routes.append(partition)
    return Routes(routes, partitions)


def round_robin(traffic: Traffic, partitions: int, partition_of: Partitioner) -> Routes:
    """Each partition in turn, whatever the key: perfectly even, no order at all."""
    return Routes([number % partitions for number in range(len(traffic.keys))], 1)


SHARED_QUEUE = (
    "worker-per-message"  # no route: a message waits in one queue and has no partition until it starts
)
ROUTERS: dict[str, Callable[[Traffic, int, Partitioner], Routes]] = {
    "hash": plain_hash,
    "salting": salting,
    "hot-salting": hot_salting,
    "composite-key": composite_key,
    "two-choices": two_choices,
    "key-grouping": key_grouping,
    "round-robin": round_robin,
}
MITIGATIONS = (*ROUTERS, SHARED_QUEUE)


class _Homes(dict[tuple[int, int], int]):
    """The partition of each (key, suffix), hashed when first asked for."""

    def __init__(self, names: Sequence[bytes], partitions: int, partition_of: Partitioner) -> None:
        super().__init__()
        self._names, self._partitions, self._partition_of = names, partitions, partition_of

    def __missing__(self, pair: tuple[int, int]) -> int:
        key, suffix = pair
        self[pair] = partition = self._partition_of(b"%b#%d" % (self._names[key], suffix), self._partitions)
        return partition


def _candidates(name: bytes, partitions: int, partition_of: Partitioner) -> tuple[int, int]:
    """Two different partitions of one key, from two hashes; one partition has but itself."""
    first = partition_of(name, partitions)
    if partitions == 1:
        return first, first
    return first, (first + 1 + partition_of(b"second/" + name, partitions - 1)) % partitions
