"""Hot partition keys: when does one partition drown, what helps, and what does the help cost?

Scenario: messages with keys arrive at random (Poisson) and go to partitions, each worked off in order by one
consumer with exponential handling times. A few keys carry most of the traffic. Mitigations are compared by
the load of the fullest partition, and by their price: messages of one key overtaking each other, and the
number of partitions over which a key is strewn.

Expect: under plain hashing the fullest partition carries at least n times the heaviest key's share; it
drowns once max/mean load times utilisation reaches 1, however idle the others are, and more partitions make
it worse. Whatever splits a key evens out the load and gives up the key's order.

When useful: before choosing a partition key, before "just add partitions", before salting.

First-in first-out queues need no event loop: the recursion of Lindley gives every finishing time exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapreplace
from itertools import accumulate, islice
from math import ceil
from statistics import fmean
from typing import ClassVar

from sim.key_traffic import SKEWS, key_shares, traffic
from sim.partitioner import PARTITIONERS
from sim.routing import MITIGATIONS, ROUTERS, SHARED_QUEUE, Routes
from sim.scenario import Result, Scenario, measure, parameter
from sim.streams import AUTO, Streams
from sim.theory import erlang_c
from sim.theory_keys import round_robin_sojourn, split_bound


@dataclass(frozen=True, kw_only=True)
class HotKeysResult(Result):
    """One replication of `HotKeys`."""

    max_over_mean: float = measure(unit="ratio", help="messages of the fullest partition over the mean")
    hot_utilisation: float = measure(
        unit="ratio", help="offered load of the fullest partition; its queue grows without end from 1 on"
    )
    unstable: int = measure(unit="0 or 1", help="1 if the fullest partition is offered more than it can do")
    mean_delay: float = measure(unit="ms", help="from publication to the end of handling, start-up included")
    p99_delay: float = measure(unit="ms", help="delay that 99 % of the messages do not exceed")
    backlog: int = measure(unit="messages", help="not finished when the last message is published")
    reordered: float = measure(unit="share", help="messages that finish after a later one of their key")
    reordered_in_entity: float = measure(
        unit="share", help="messages that finish after a later one of the same entity of their key"
    )
    fan_in: int = measure(unit="partitions", help="partitions to read for all messages of the heaviest key")
    mean_fan_in: float = measure(unit="partitions", help="the same, mean over the keys that were seen")
    remembered: int = measure(unit="entries", help="what the producer must remember to route")
    loads: tuple[float, ...] = measure(unit="ratio", help="load over the mean, by partition, fullest first")


@dataclass(frozen=True, kw_only=True)
class HotKeys(Scenario):
    """Keys of unequal weight on partitions, under one mitigation."""

    name: ClassVar[str] = "hot-keys"
    question: ClassVar[str] = "When does one partition drown, what helps, and what does the help cost?"
    compared: ClassVar[str] = "mitigation"
    quick: ClassVar[dict[str, int]] = {"messages": 4_000}

    mitigation: str = parameter(
        "hash", unit="name", help="how a message finds its partition", choices=MITIGATIONS
    )
    partitions: int = parameter(
        16, unit="partitions", help="each with one consumer", at_least=1, at_most=4096
    )
    users: int = parameter(100, unit="keys", help="different keys", at_least=1, at_most=1_000_000)
    skew: str = parameter("hot-set", unit="name", help="how traffic is spread over keys", choices=SKEWS)
    hot_users: float = parameter(
        0.05, unit="share of keys", help="size of the hot set (skew hot-set)", above=0, at_most=1
    )
    hot_share: float = parameter(
        0.8,
        unit="share of messages",
        help="traffic of the hot set, or of the one hot key",
        above=0,
        at_most=1,
    )
    zipf: float = parameter(
        1.0, unit="exponent", help="the i-th key weighs i^-zipf (skew zipf)", at_least=0, at_most=10
    )
    salts: int = parameter(16, unit="salts", help="values of the random salt", at_least=1, at_most=4096)
    entities: int = parameter(
        16, unit="entities per key", help="orders, devices or sessions of one user", at_least=1, at_most=4096
    )
    utilisation: float = parameter(
        0.5, unit="share of capacity", help="offered load of all partitions together", above=0, at_most=2
    )
    service_rate: float = parameter(
        1000.0, unit="messages/s", help="one consumer's speed, handling times exponential", above=0
    )
    messages: int = parameter(20_000, unit="messages", help="published", at_least=1, at_most=10_000_000)
    partitioner: str = parameter(
        "murmur2", unit="name", help="hash of the client: Java, or librdkafka", choices=tuple(PARTITIONERS)
    )

    def shares(self) -> tuple[float, ...]:
        """Return each key's share of the traffic, heaviest first."""
        return key_shares(
            self.skew, self.users, hot_keys=self.hot_users, hot_share=self.hot_share, zipf=self.zipf
        )

    def exact(self) -> dict[str, float]:
        """Closed forms where there are any: both even mitigations, delays in the steady state."""
        if self.mitigation == "round-robin":
            found = {"max_over_mean": ceil(self.messages / self.partitions) * self.partitions / self.messages}
            if self.utilisation < 1:
                found["mean_delay"] = round_robin_sojourn(self.utilisation, self.partitions) * self._service()
            return found
        if self.mitigation == SHARED_QUEUE and self.utilisation < 1:
            return {
                "mean_delay": erlang_c(self.utilisation * self.partitions, 1.0, self.partitions).sojourn
                * self._service()
            }
        return {}

    def floors(self) -> dict[str, float]:
        """Return what no measure's mean can go below: the heaviest key's share, cut as far as allowed."""
        ways = {
            "hash": 1,
            "two-choices": 1,
            "key-grouping": 2,
            "salting": self.salts,
            "hot-salting": self.salts,
            "composite-key": self.entities,
        }.get(self.mitigation, self.partitions)
        return {"max_over_mean": split_bound(self.shares()[0], self.partitions, ways)}

    def run(self, seed: int, replication: int = 0, streams: str = AUTO) -> HotKeysResult:
        """Simulate one replication; delays in ms."""
        source = Streams(seed, replication, streams)
        service, n = self._service(), self.partitions
        drawn = traffic(self.shares(), self.messages, self.entities, self.salts, source)
        gap = service / (n * self.utilisation)
        arrivals = list(accumulate(islice(source.exponential("gap", mean=gap), self.messages)))
        services = list(islice(source.exponential("service", mean=service), self.messages))
        if self.mitigation == SHARED_QUEUE:
            workers, finished = shared_queue(arrivals, services, n)
            routes = Routes(workers, remembered=0)
        else:
            routes = ROUTERS[self.mitigation](drawn, n, PARTITIONERS[self.partitioner])
            finished = partitioned(arrivals, services, routes.partitions, n)
        delays = sorted(end - start for start, end in zip(arrivals, finished, strict=True))
        sent = [0] * n
        for partition in routes.partitions:
            sent[partition] += 1
        loads = tuple(sorted((count * n / self.messages for count in sent), reverse=True))
        fan_in = _fan_in(drawn.keys, routes.partitions)
        groups = [
            key * self.entities + entity for key, entity in zip(drawn.keys, drawn.entities, strict=True)
        ]
        return HotKeysResult(
            **self.origin(source),
            max_over_mean=loads[0],
            hot_utilisation=loads[0] * self.utilisation,
            unstable=int(loads[0] * self.utilisation >= 1.0),
            mean_delay=fmean(delays),
            p99_delay=delays[ceil(0.99 * len(delays)) - 1],
            backlog=sum(end > arrivals[-1] for end in finished),
            reordered=late_share(drawn.keys, finished),
            reordered_in_entity=late_share(groups, finished),
            fan_in=fan_in.get(0, 0),
            mean_fan_in=fmean(fan_in.values()),
            remembered=routes.remembered,
            loads=loads,
        )

    def _service(self) -> float:
        return 1000.0 / self.service_rate  # ms


def partitioned(
    arrivals: Sequence[float], services: Sequence[float], where: Sequence[int], partitions: int
) -> list[float]:
    """Return when each message finishes if each partition works in order, one message at a time."""
    free = [0.0] * partitions
    finished = []
    for arrival, service, partition in zip(arrivals, services, where, strict=True):
        start = free[partition]
        if start < arrival:
            start = arrival
        free[partition] = end = start + service
        finished.append(end)
    return finished


def shared_queue(
    arrivals: Sequence[float], services: Sequence[float], workers: int
) -> tuple[list[int], list[float]]:
    """Return each message's worker and finishing time if whoever is free first takes the next message."""
    free = [(0.0, worker) for worker in range(workers)]
    where, finished = [], []
    for arrival, service in zip(arrivals, services, strict=True):
        start, worker = free[0]
        end = (start if start > arrival else arrival) + service
        heapreplace(free, (end, worker))
        where.append(worker)
        finished.append(end)
    return where, finished


def late_share(groups: Sequence[int], finished: Sequence[float]) -> float:
    """Return the share of messages that finish after a later message of their group (RFC 4737, section 3)."""
    earliest: dict[int, float] = {}
    late = 0
    for group, end in zip(reversed(groups), reversed(finished), strict=True):
        best = earliest.get(group)
        if best is None or end < best:
            earliest[group] = end
        elif end > best:
            late += 1
    return late / len(groups)


def _fan_in(keys: Sequence[int], where: Sequence[int]) -> dict[int, int]:
    """Return how many partitions hold messages of each key that was seen."""
    partitions: dict[int, int] = {}
    for key, _ in set(zip(keys, where, strict=True)):
        partitions[key] = partitions.get(key, 0) + 1
    return partitions
