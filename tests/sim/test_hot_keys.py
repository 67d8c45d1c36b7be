"""Hot keys are checked against exact queues, published bounds, a measured table and the order each keeps."""

from collections import Counter, defaultdict
from dataclasses import replace
from math import log, sqrt
from random import Random
from statistics import fmean, median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.hot_keys import HotKeys, late_share, partitioned, shared_queue
from sim.key_traffic import SKEWS, key_shares, traffic
from sim.partitioner import murmur2_partition
from sim.routing import MITIGATIONS, ROUTERS
from sim.scenario import ParameterError
from sim.statistics import z_score
from sim.streams import Streams
from sim.theory_keys import mean_max_load, one_choice_gap, round_robin_sojourn

SMALL = HotKeys(messages=2_000, partitions=8, users=50)


# --- traffic


@given(
    skew=st.sampled_from(SKEWS),
    keys=st.integers(1, 300),
    hot_keys=st.floats(0.001, 1),
    hot_share=st.floats(0.001, 1),
    zipf=st.floats(0, 5),
)
def test_shares_sum_to_one_and_fall(
    skew: str, keys: int, hot_keys: float, hot_share: float, zipf: float
) -> None:
    shares = key_shares(skew, keys, hot_keys=hot_keys, hot_share=hot_share, zipf=zipf)
    assert len(shares) == keys
    assert sum(shares) == pytest.approx(1.0)
    assert list(shares) == sorted(shares, reverse=True)


def test_five_percent_of_users_carry_four_fifths_of_the_traffic() -> None:
    shares = key_shares("hot-set", 100)
    assert sum(shares[:5]) == pytest.approx(0.8)
    assert shares[0] == pytest.approx(0.16)
    assert shares[5:] == pytest.approx([0.2 / 95] * 95)


@pytest.mark.parametrize("kind", ["numpy", "python"])
def test_drawn_keys_follow_their_shares(kind: str) -> None:
    shares = key_shares("zipf", 20, zipf=1.2)
    seen = Counter(traffic(shares, 40_000, 1, 1, Streams(5, 0, kind)).keys)
    for key in range(20):
        spread = sqrt(40_000 * shares[key] * (1 - shares[key]))
        assert abs(seen[key] - 40_000 * shares[key]) < 4 * spread


# --- queues


@pytest.mark.parametrize("load", [0.5, 0.8])
@pytest.mark.parametrize("partitions", [1, 4])
def test_round_robin_waits_like_queues_with_erlang_gaps(load: float, partitions: int) -> None:
    scenario = HotKeys(mitigation="round-robin", partitions=partitions, utilisation=load, messages=8_000)
    delays = [scenario.run(2, i).mean_delay for i in range(20)]
    assert abs(z_score(delays, scenario.exact()["mean_delay"])) < 4
    if partitions == 1:
        assert round_robin_sojourn(load, 1) == pytest.approx(1 / (1 - load))


@pytest.mark.parametrize(("load", "workers"), [(0.5, 1), (0.7, 4), (0.9, 8)])
def test_a_shared_queue_waits_as_erlang_says(load: float, workers: int) -> None:
    scenario = HotKeys(mitigation="worker-per-message", partitions=workers, utilisation=load, messages=20_000)
    delays = [scenario.run(3, i).mean_delay for i in range(20)]
    assert abs(z_score(delays, scenario.exact()["mean_delay"])) < 4


def test_the_closed_forms_of_both_even_mitigations_meet_known_values() -> None:
    shared = [
        HotKeys(mitigation="worker-per-message", partitions=c, utilisation=0.9).exact()["mean_delay"]
        for c in (1, 4, 8, 16)
    ]
    assert shared == pytest.approx([10.0, 2.969383, 1.876916, 1.36959], abs=1e-6)
    # many partitions in turn: gaps hardly vary, D/M/1; its root for load 1/2 solves s = exp(-2 (1 - s))
    root = 1 - 1 / round_robin_sojourn(0.5, 100_000)
    assert log(root) == pytest.approx(-2 * (1 - root), abs=1e-4)


def test_under_plain_hashing_each_partition_is_a_queue_of_its_own() -> None:
    # Poisson messages split by key stay Poisson: partition p is M/M/1 at its own load
    scenario = HotKeys(partitions=4, users=40, skew="uniform", utilisation=0.5, messages=20_000)
    differences = []
    for replication in range(20):
        names = traffic(scenario.shares(), 0, 1, 1, Streams(4, replication)).names
        on = Counter(murmur2_partition(name, 4) for name in names)
        shares = [count / 40 for count in on.values()]
        exact = sum(share / (1 - share * 4 * 0.5) for share in shares)  # in mean service times of 1 ms
        differences.append(scenario.run(4, replication).mean_delay - exact)
    assert abs(z_score(differences, 0.0)) < 4


def test_a_planted_error_of_two_percent_in_the_service_rate_is_found() -> None:
    scenario = HotKeys(mitigation="worker-per-message", partitions=4, utilisation=0.7, messages=12_000)
    # the same arrivals, served 2 % more slowly
    slow = replace(scenario, service_rate=1000 / 1.02, utilisation=0.7 * 1.02)
    right = [scenario.run(5, i).mean_delay for i in range(40)]
    wrong = [slow.run(5, i).mean_delay for i in range(40)]
    assert abs(z_score(right, scenario.exact()["mean_delay"])) < 4
    assert z_score(wrong, scenario.exact()["mean_delay"]) > 4


@given(
    gaps=st.lists(st.floats(0, 3), min_size=1, max_size=30),
    data=st.data(),
)
@settings(deadline=None)
def test_partitions_work_in_order_and_never_idle_with_work(gaps: list[float], data: st.DataObject) -> None:
    arrivals = [sum(gaps[: i + 1]) for i in range(len(gaps))]
    services = [data.draw(st.floats(0, 3)) for _ in gaps]
    where = [data.draw(st.integers(0, 2)) for _ in gaps]
    finished = partitioned(arrivals, services, where, 3)
    for partition in range(3):
        mine = [i for i, p in enumerate(where) if p == partition]
        before = 0.0
        for i in mine:
            assert finished[i] == max(before, arrivals[i]) + services[i]
            before = finished[i]
    workers, shared = shared_queue(arrivals, services, 3)
    starts = [end - service for end, service in zip(shared, services, strict=True)]
    assert all(start >= arrival - 1e-9 for start, arrival in zip(starts, arrivals, strict=True))
    assert starts == pytest.approx(sorted(starts), abs=1e-9)
    assert set(workers) <= {0, 1, 2}


def test_an_overloaded_partition_falls_behind_by_what_it_cannot_do() -> None:
    # one key of 40 % on 8 partitions at 60 %: that partition is offered 8 x 0.4 x 0.6 = 1.92 of what it can do
    # and more from the others; backlog = (offered - 1) x time x rate
    scenario = HotKeys(
        skew="one-key", hot_share=0.4, users=2_000, partitions=8, utilisation=0.6, messages=20_000
    )
    runs = [scenario.run(6, i) for i in range(10)]
    time = 20_000 / (8 * 0.6)  # in mean service times
    for run in runs:
        assert run.unstable == 1
        assert run.backlog == pytest.approx((run.hot_utilisation - 1) * time, rel=0.05)


# --- loads


@pytest.mark.parametrize("mitigation", MITIGATIONS)
def test_no_mitigation_beats_the_floor_of_splitting_the_heaviest_key(mitigation: str) -> None:
    scenario = HotKeys(
        mitigation=mitigation, skew="zipf", zipf=1.4, users=500, messages=4_000, salts=3, entities=3
    )
    loads = [scenario.run(7, i).max_over_mean for i in range(10)]
    spread = 4 * sqrt(0.3 * 16 / 4_000)  # of the heaviest key's sampled share, times partitions
    assert fmean(loads) > scenario.floors()["max_over_mean"] - spread


@pytest.mark.parametrize(
    ("zipf", "partitions", "measured"),
    [(1.4, 16, 0.1018), (1.4, 64, 0.1487), (2.0, 8, 0.1790), (2.0, 16, 0.2415), (2.0, 64, 0.2884)],
)
def test_partial_key_grouping_sits_on_its_lower_bound(zipf: float, partitions: int, measured: float) -> None:
    scenario = HotKeys(
        mitigation="key-grouping",
        skew="zipf",
        zipf=zipf,
        users=10_000,
        partitions=partitions,
        messages=20_000,
    )
    # the second key may share a partition with the first: the bound is met by most names, not by all
    imbalance = median((scenario.run(8, i).max_over_mean - 1) / partitions for i in range(5))
    bound = (scenario.floors()["max_over_mean"] - 1) / partitions
    assert imbalance == pytest.approx(bound, abs=0.012)
    assert imbalance == pytest.approx(measured, abs=0.012)


def test_as_many_light_keys_as_partitions_fall_like_balls_in_bins() -> None:
    shares = key_shares("uniform", 64)
    loads = []
    for replication in range(400):
        names = traffic(shares, 0, 1, 1, Streams(9, replication)).names
        loads.append(float(max(Counter(murmur2_partition(name, 64) for name in names).values())))
    assert abs(z_score(loads, mean_max_load(64, 64))) < 4


# max/mean load, 5 % of the users with 80 % of the traffic: median of 8 hash seeds over 200,000 messages
MEASURED = {
    (100, 8): (2.74, 1.46, 1.33, 1.80, 1.28),
    (100, 16): (4.10, 2.69, 1.97, 2.14, 1.72),
    (100, 64): (10.62, 10.29, 6.82, 5.34, 2.84),
    (1000, 16): (1.87, 1.31, 1.00, 1.39, 1.23),
    (1000, 64): (3.34, 2.14, 1.23, 2.05, 1.56),
}
COLUMNS = (("hash", 1), ("two-choices", 1), ("key-grouping", 1), ("salting", 4), ("salting", 16))


@pytest.mark.parametrize(("cell", "row"), MEASURED.items())
def test_the_measured_table_of_mitigations_is_reproduced(
    cell: tuple[int, int], row: tuple[float, ...]
) -> None:
    users, partitions = cell
    shares = key_shares("hot-set", users)
    drawn = {
        salts: [traffic(shares, 12_000, 1, salts, Streams(10, replication)) for replication in range(24)]
        for salts in {salts for _, salts in COLUMNS}
    }
    for (mitigation, salts), measured in zip(COLUMNS, row, strict=True):
        loads = []
        for one in drawn[salts]:
            sent = Counter(ROUTERS[mitigation](one, partitions, murmur2_partition).partitions)
            loads.append(max(sent.values()) * partitions / 12_000)
        random = Random(0)
        medians = sorted(median(random.choices(loads, k=8)) for _ in range(1_000))
        # fewer messages than measured: the fullest of n partitions gains by chance
        chance = one_choice_gap(12_000, partitions) * partitions / 12_000
        assert medians[2] - chance - 0.02 <= measured <= medians[-3] + 0.02, (mitigation, salts, medians[500])
    even = HotKeys(mitigation="round-robin", partitions=partitions, users=users, messages=6_400)
    assert even.run(1).max_over_mean == even.exact()["max_over_mean"] == 1.0


def test_a_hot_set_of_many_users_is_harmless_and_one_heavy_key_is_not() -> None:
    crowd = HotKeys(users=50_000, partitions=12, messages=20_000).run(11)
    assert crowd.max_over_mean < 1.15
    single = HotKeys(skew="one-key", hot_share=0.3, users=5_000, partitions=12, messages=20_000)
    loads = [single.run(11, i).max_over_mean for i in range(5)]
    assert fmean(loads) == pytest.approx(0.3 * 12 + 0.7, rel=0.02)


# --- order and price


def test_hand_made_finishing_times_count_the_late_ones() -> None:
    #       a  b  a  a  b
    groups = [0, 1, 0, 0, 1]
    assert late_share(groups, [5.0, 1.0, 3.0, 4.0, 2.0]) == 1 / 5  # only the first a is overtaken
    assert late_share(groups, [1.0, 2.0, 3.0, 4.0, 5.0]) == 0.0
    assert late_share(groups, [9.0, 8.0, 7.0, 6.0, 5.0]) == 3 / 5
    assert late_share(groups, [2.0, 2.0, 2.0, 2.0, 2.0]) == 0.0  # together is not late


@given(
    pairs=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=30),
)
def test_late_messages_equal_a_naive_count(pairs: list[tuple[int, int]]) -> None:
    groups, finished = [g for g, _ in pairs], [float(f) for _, f in pairs]
    naive = sum(
        any(groups[j] == groups[i] and finished[j] < finished[i] for j in range(i + 1, len(pairs)))
        for i in range(len(pairs))
    )
    assert late_share(groups, finished) == naive / len(pairs)


@pytest.mark.parametrize("mitigation", MITIGATIONS)
def test_each_mitigation_keeps_exactly_the_order_it_promises(mitigation: str) -> None:
    run = replace(SMALL, mitigation=mitigation, utilisation=0.8).run(12)
    keeps_key = mitigation in ("hash", "two-choices")
    keeps_entity = keeps_key or mitigation == "composite-key"
    assert (run.reordered == 0.0) == keeps_key
    assert (run.reordered_in_entity == 0.0) == keeps_entity


def test_salting_only_hot_keys_leaves_the_others_their_order() -> None:
    scenario = HotKeys(mitigation="hot-salting", messages=5_000)
    drawn = traffic(scenario.shares(), 5_000, 16, 16, Streams(13, 0))
    routes = ROUTERS["hot-salting"](drawn, 16, murmur2_partition)
    partitions = defaultdict(set)
    for key, partition in zip(drawn.keys, routes.partitions, strict=True):
        partitions[key].add(partition)
    assert routes.remembered == 5
    assert all(len(partitions[key]) > 4 for key in range(5))
    assert all(len(partitions[key]) == 1 for key in partitions if key >= 5)


def test_fan_in_counts_the_partitions_that_hold_a_key() -> None:
    runs = {m: replace(SMALL, mitigation=m, salts=3).run(14) for m in MITIGATIONS}
    assert runs["hash"].fan_in == runs["two-choices"].fan_in == 1
    assert runs["key-grouping"].fan_in <= 2
    assert runs["salting"].fan_in <= 3
    assert runs["round-robin"].fan_in == 8
    assert 1.0 == runs["hash"].mean_fan_in < runs["salting"].mean_fan_in <= 3.0


def test_a_producer_remembers_every_key_only_for_sticky_choices() -> None:
    remembered = {m: replace(SMALL, mitigation=m).run(15).remembered for m in MITIGATIONS}
    assert remembered["hash"] == remembered["salting"] == remembered["composite-key"] == 0
    assert remembered["two-choices"] > 40
    assert remembered["key-grouping"] == 8


# --- the scenario as a whole


@pytest.mark.parametrize("streams", ["numpy", "python"])
def test_equal_arguments_give_equal_results(streams: str) -> None:
    assert SMALL.run(16, 2, streams) == SMALL.run(16, 2, streams)
    assert SMALL.run(16, 2, streams) != SMALL.run(17, 2, streams)


def test_a_mitigation_moves_no_draw() -> None:
    # one partition: every mitigation is the same queue, so the same draws give the same delays
    runs = {replace(SMALL, mitigation=m, partitions=1).run(18).mean_delay for m in MITIGATIONS}
    assert len(runs) == 1


def test_loads_are_told_by_partition_fullest_first() -> None:
    run = SMALL.run(19)
    assert len(run.loads) == 8
    assert fmean(run.loads) == pytest.approx(1.0)
    assert list(run.loads) == sorted(run.loads, reverse=True)
    assert run.hot_utilisation == pytest.approx(run.loads[0] * 0.5)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"partitions": 0}, "partitions must be a whole number, at least 1"),
        ({"mitigation": "hope"}, "mitigation must be one of hash, salting, .* got 'hope'"),
        ({"utilisation": 0.0}, r"utilisation must be a finite number, above 0, at most 2 \(unit: share"),
        ({"hot_share": 1.5}, "hot_share must be a finite number, above 0, at most 1"),
    ],
)
def test_a_bad_parameter_names_the_value_the_rule_and_the_unit(values: dict, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        HotKeys(**values)
