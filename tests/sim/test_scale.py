"""Runs beyond the engine's reach equal the engine's own where both can go: to the last bit, measure by measure."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import oracle_keys
from sim.backoff import BACKOFFS
from sim.buffer_sizing import BufferSizing
from sim.hot_keys import HotKeys
from sim.oracle_draws import Blocks
from sim.oracle_keys import COUNTERS, KeyRun, hot_keys
from sim.oracle_murmur2 import partitions_of
from sim.oracle_scenarios import Measured, buffer_sizing, slow_subscriber
from sim.oracle_storm import reconnect_storm
from sim.partitioner import murmur2_partition
from sim.reconnect_storm import ReconnectStorm
from sim.scenario import ParameterError, Scenario
from sim.slow_subscriber import SlowSubscriber
from sim.statistics import interval
from sim.theory import mm1k
from sim.theory_retry import connect_floor

TOPIC = SlowSubscriber(subscribers=3, duration=0.25)


def _assert_equal(found: Measured, scenario: Scenario, replications: int, seed: int, first: int = 0) -> None:
    """Every measure of every replication is the engine's."""
    results = [scenario.run(seed, first + number, "numpy") for number in range(replications)]
    assert found.messages == sum(getattr(result, "published") for result in results)  # noqa: B009 - of any kind
    for name, values in found.measures.items():
        expected = [getattr(result, name) for result in results]
        assert [None if math.isnan(value) else value for value in values.tolist()] == expected, name


@settings(max_examples=30)
@given(
    policy=st.sampled_from(["drop-newest", "drop-oldest", "block"]),
    slow=st.integers(0, 3),
    slowness=st.sampled_from([0.5, 1.25, 2.0, 6.0]),
    buffer=st.sampled_from([1, 2, 3, 8, 64]),
    warm_up=st.sampled_from([0.0, 0.1]),
    service=st.sampled_from(["exponential", "deterministic"]),
    seed=st.integers(0, 2**32),
)
def test_slow_subscribers_equal_the_engines_to_the_last_bit(seed: int, **parameters: Any) -> None:
    scenario = replace(TOPIC, **parameters)
    _assert_equal(slow_subscriber(scenario, 2, seed), scenario, 2, seed)


@pytest.mark.parametrize("buffer", [1, 4])
@pytest.mark.parametrize("warm_up", [0.0, 0.2])
def test_a_saturated_publisher_equals_the_engines(buffer: int, warm_up: float) -> None:
    scenario = replace(TOPIC, policy="block", publisher="saturated", buffer=buffer, warm_up=warm_up)
    _assert_equal(slow_subscriber(scenario, 5), scenario, 5, 1)


@settings(max_examples=20)
@given(
    load=st.sampled_from([0.3, 0.9, 1.0, 1.2, 3.0]),
    buffer=st.sampled_from([1, 2, 16, 64]),
    service=st.sampled_from(["exponential", "deterministic"]),
    seed=st.integers(0, 2**32),
)
def test_buffers_equal_the_engines_warm_up_included(
    load: float, buffer: int, service: str, seed: int
) -> None:
    scenario = BufferSizing(load=load, buffer=buffer, service=service, messages=600)
    _assert_equal(buffer_sizing(scenario, 3, seed), scenario, 3, seed)


def test_groups_of_replications_are_put_together_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.oracle_scenarios.GROUP", 4)
    scenario = replace(TOPIC, policy="drop-oldest", slow=1, buffer=8)
    _assert_equal(slow_subscriber(scenario, 10, 7, first_replication=3), scenario, 10, 7, first=3)


def test_a_long_run_in_lock_step_has_the_closed_form_in_its_interval() -> None:
    scenario = SlowSubscriber(
        subscribers=1, slow=1, slowness=1.25, publish_rate=0.9, fast_rate=1.25, buffer=16, duration=2_000.0,
        warm_up=400.0,
    )  # fmt: skip
    found = slow_subscriber(scenario, 500)
    assert found.messages > 800_000
    exact = mm1k(0.9, 1.0, 16)
    assert found.interval("slow_loss", 0.9999).covers(exact.loss)
    assert found.interval("slow_age", 0.9999).covers(exact.sojourn)
    assert found.interval("slow_loss").half_width < 0.05 * exact.loss
    oldest = slow_subscriber(replace(scenario, policy="drop-oldest"), 500)
    assert oldest.interval("slow_loss", 0.9999).covers(exact.loss)  # the same level, so as many are lost
    assert oldest.interval("slow_age").high < exact.sojourn  # but others, which were older


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"policy": "conflate"}, "follows drop-newest, drop-oldest and block, got 'conflate'; the engine"),
        (
            {"policy": "block", "publisher": "saturated", "service": "deterministic"},
            "a saturated publisher needs exponential handling times here: .* 625/s",
        ),
    ],
)
def test_what_has_no_recursion_is_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        slow_subscriber(replace(TOPIC, **change), 2)


def test_a_buffer_with_other_traffic_is_refused_by_name() -> None:
    with pytest.raises(ParameterError, match="follows traffic poisson to 1 worker, got burst to 2"):
        buffer_sizing(BufferSizing(traffic="burst", workers=2), 2)


def test_a_measure_that_did_not_happen_everywhere_has_no_interval() -> None:
    found = slow_subscriber(replace(TOPIC, slowness=0.5, duration=0.1), 2)
    with pytest.raises(ValueError, match="first_drop did not happen in every replication"):
        found.interval("first_drop")


STORM = ReconnectStorm(clients=150, capacity=60.0)
STORMS: dict[str, dict[str, Any]] = {
    "plain": {},
    "flapping": {"failed_before": 3},
    "retry ceiling": {"failure": 0.2, "retries": 3},
    "no retry": {"retries": 0},
    "outage": {"outage": 2.0, "first_jitter": 0.5},
    "horizon": {"horizon": 1.5},
    "horizon before anybody knocks": {"horizon": 1e-6},
}


@pytest.mark.parametrize("kind", BACKOFFS)
@pytest.mark.parametrize("name", STORMS)
def test_a_storm_equals_the_engines_in_every_measure(kind: str, name: str) -> None:
    scenario = replace(STORM, backoff=kind, **STORMS[name])
    for replication in range(2):
        assert reconnect_storm(scenario, 5, replication) == scenario.run(5, replication, "numpy")


def test_a_storm_forgets_draws_that_nobody_needs_any_more() -> None:
    scenario = replace(STORM, backoff="none")  # some fifty attempts a client: several blocks of draws
    assert reconnect_storm(scenario) == scenario.run(1, 0, "numpy")
    blocks = Blocks(1, 0, "jitter", 10, 8)
    actors = np.arange(10)
    late = blocks.of(actors, np.full(10, 17))
    blocks.forget(16)
    assert len(blocks) == 1
    assert blocks.of(actors, np.full(10, 17)).tolist() == late.tolist()
    with pytest.raises(IndexError, match="draws before number 16 are forgotten"):
        blocks.of(actors, np.full(10, 15))


@pytest.mark.parametrize("kind", ["equal-jitter", "full-jitter", "decorrelated"])
def test_a_larger_storm_keeps_to_its_floor_and_lets_everybody_in(kind: str) -> None:
    scenario = ReconnectStorm(backoff=kind, clients=20_000, capacity=1_000.0)
    found = reconnect_storm(scenario)
    assert found.time_to_all is not None
    assert found.time_to_all >= connect_floor(20_000, 1_000.0, scenario.burst)
    assert found.attempts - found.wasted == 20_000
    assert (found.cut_off, found.gave_up) == (0, 0)


KEYS: dict[str, dict[str, Any]] = {
    "hot set": {},
    "zipf": {"skew": "zipf", "zipf": 1.2},
    "one key": {"skew": "one-key"},
    "uniform": {"skew": "uniform"},
    "a hot set that is cold": {"hot_share": 0.01},
    "one partition": {"partitions": 1},
    "one key only": {"users": 1},
    "names of several lengths": {"users": 1_234, "partitions": 7},
}


@pytest.mark.parametrize("mitigation", COUNTERS)
@pytest.mark.parametrize("name", KEYS)
def test_loads_by_partition_equal_the_scenarios(
    mitigation: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size, value in (("KEYS", 30), ("MESSAGES", 300), ("NEAR", 20)):  # several blocks of each
        monkeypatch.setattr(oracle_keys, size, value)
    scenario = HotKeys(**{"mitigation": mitigation, "messages": 1_000, **KEYS[name]})
    expected, found = scenario.run(3, 1, "numpy"), hot_keys(KeyRun.of(scenario), 3, 1)
    assert tuple(found.loads.tolist()) == expected.loads
    assert found.remembered == expected.remembered
    assert found.max_over_mean == expected.max_over_mean
    assert found.hot_utilisation == expected.hot_utilisation
    assert (found.drowning > 0) == expected.unstable


@given(
    keys=st.lists(st.tuples(st.integers(0, 10**8 - 1), st.integers(0, 2**32 - 1)), min_size=1, max_size=20),
    partitions=st.integers(1, 65_535),
    suffix=st.none() | st.integers(0, 4_095),
    before=st.sampled_from([b"", b"second/", b"x"]),
)
def test_names_are_hashed_as_one_by_one(
    keys: list[tuple[int, int]], partitions: int, suffix: int | None, before: bytes
) -> None:
    numbers = np.array([number for _, number in keys], np.uint32)
    suffixes = None if suffix is None else np.full(len(keys), suffix)
    found = partitions_of(
        np.array([key for key, _ in keys]), numbers, partitions, before=before, suffixes=suffixes
    )
    end = b"" if suffix is None else b"#%d" % suffix
    assert found.tolist() == [
        murmur2_partition(b"%buser-%d-%08x%b" % (before, key, number, end), partitions)
        for key, number in keys
    ]


def test_a_million_keys_spread_as_the_law_of_sums_says() -> None:
    run = KeyRun(users=10**6, partitions=1_000, messages=10**6, skew="uniform")
    loads = hot_keys(run).loads * 1_000  # messages; 1,000 keys a partition, each with one message on average
    # the number of a partition's keys, and that of their messages, both vary by sqrt(1,000): 44.7 together
    assert loads.sum() == pytest.approx(10**6)
    assert interval(((loads - 1_000.0) ** 2).tolist(), 0.9999).covers(2_000.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mitigation": "prayer"}, "mitigation must be one of hash, .*got 'prayer'"),
        ({"users": 10**9}, "users must be a whole number from 1 to 100,000,000, got 1000000000"),
        ({"partitions": 0}, "partitions must be a whole number from 1 to 65,535, got 0"),
        ({"skew": "odd"}, "skew must be one of .*got 'odd'"),
    ],
)
def test_a_bad_key_run_names_the_value_and_the_rule(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        KeyRun(**change)


def test_a_hash_that_is_not_vectorised_is_refused() -> None:
    with pytest.raises(ParameterError, match="hashes with murmur2 only, got 'crc32'"):
        KeyRun.of(HotKeys(partitioner="crc32"))
