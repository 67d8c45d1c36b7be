"""The closed forms for keys are checked against enumeration, independent recursions and measured tables."""

import math
from collections import Counter
from itertools import pairwise, product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.statistics import z_score
from sim.theory_keys import (
    fluid_tail,
    grouping_imbalance_bound,
    max_load_at_most,
    max_load_at_most_of_choices,
    max_load_law,
    mean_max_load,
    moved_share,
    one_choice_gap,
    split_bound,
    supermarket_sojourn,
)


def throw(balls: int, bins: int, choices: int, random: Random) -> list[int]:
    """Throw balls into the emptiest of some random bins, drawn with replacement."""
    load = [0] * bins
    for _ in range(balls):
        best = random.randrange(bins)
        for _ in range(choices - 1):
            other = random.randrange(bins)
            if load[other] < load[best]:
                best = other
        load[best] += 1
    return load


def enumerated_law(balls: int, bins: int) -> dict[int, float]:
    """Try every way in which the balls can fall."""
    ways = Counter(max(Counter(fall).values()) for fall in product(range(bins), repeat=balls))
    return {load: count / bins**balls for load, count in sorted(ways.items())}


@pytest.mark.parametrize(("balls", "bins"), [(1, 1), (3, 2), (4, 3), (6, 4), (7, 3), (2, 5)])
def test_the_max_load_law_equals_enumeration(balls: int, bins: int) -> None:
    assert max_load_law(balls, bins) == pytest.approx(enumerated_law(balls, bins), abs=1e-12)


@given(balls=st.integers(1, 60), bins=st.integers(1, 40), load=st.integers(0, 60))
@settings(max_examples=100, deadline=None)
def test_both_exact_methods_agree_for_a_single_choice(balls: int, bins: int, load: int) -> None:
    # independent: a characteristic function here, a chain over profiles there; keep the chain's states few
    load = min(load, 3)
    chain = max_load_at_most_of_choices(balls, bins, load, choices=1)
    assert max_load_at_most(balls, bins, load) == pytest.approx(chain, abs=1e-11)


@given(balls=st.integers(1, 5_000), bins=st.integers(1, 300))
@settings(max_examples=30, deadline=None)
def test_a_max_load_law_sums_to_one_and_never_beats_the_pigeon_hole(balls: int, bins: int) -> None:
    law = max_load_law(balls, bins)
    assert math.fsum(law.values()) == pytest.approx(1.0, abs=1e-7)
    assert min(law) >= balls / bins


@pytest.mark.parametrize(
    ("bins", "measured", "repetitions"),
    [
        (256, {4: 0.385, 5: 0.478, 6: 0.112}, 1_000),
        (65_536, {7: 0.533, 8: 0.403, 9: 0.047}, 300),
        (2**20, {8: 0.15, 9: 0.75, 10: 0.10}, 20),
    ],
)
def test_the_law_explains_measured_shares_of_the_fullest_bin(
    bins: int, measured: dict[int, float], repetitions: int
) -> None:
    law = max_load_law(bins, bins)
    for load, share in measured.items():
        spread = math.sqrt(law[load] * (1 - law[load]) / repetitions)
        assert abs(share - law[load]) < 4 * spread


def test_leading_terms_are_no_substitute_for_the_law() -> None:
    n = 2**20
    leading = math.log(n) / math.log(math.log(n))
    assert leading == pytest.approx(5.27, abs=0.01)
    assert mean_max_load(n, n) / leading > 1.6


@pytest.mark.parametrize(("choices", "load"), [(1, 4), (2, 2), (2, 3), (3, 2)])
def test_simulated_balls_follow_the_exact_chain(choices: int, load: int) -> None:
    random = Random(20)
    hits = [float(max(throw(64, 64, choices, random)) <= load) for _ in range(1_000)]
    assert abs(z_score(hits, max_load_at_most_of_choices(64, 64, load, choices))) < 4


def test_a_second_choice_removes_one_ball_in_most_falls() -> None:
    two = [max_load_at_most_of_choices(256, 256, load, 2) for load in (1, 2, 3, 4)]
    exactly = [after - before for before, after in pairwise(two)]
    assert exactly == pytest.approx([0.1032, 0.8941, 0.0027], abs=1e-4)
    assert mean_max_load(256, 256) - 2.9 > 1.8


def test_the_fluid_limit_gives_the_tail_of_a_large_number_of_bins() -> None:
    # d = 1 has the Poisson tail in the limit: an answer that owes nothing to the solver
    poisson = 1 - math.exp(-1) * sum(1 / math.factorial(k) for k in range(3))
    assert fluid_tail(1, 3) == pytest.approx(poisson, rel=1e-9)
    bins = 20_000
    shares = [sum(1 for load in throw(bins, bins, 2, Random(seed)) if load >= 3) / bins for seed in range(20)]
    assert abs(z_score(shares, fluid_tail(2, 3))) < 4
    # bins holding 4 are few and nearly independent: 33.7 % of measured falls had one
    assert 1 - math.exp(-65_536 * fluid_tail(2, 4)) == pytest.approx(0.337, abs=0.05)


def test_one_choice_drifts_apart_and_two_choices_do_not() -> None:
    bins = 16
    short, long = 100 * bins, 1_000 * bins

    def gaps(balls: int, choices: int, repetitions: int) -> list[float]:
        return [max(throw(balls, bins, choices, Random(i))) - balls / bins for i in range(repetitions)]

    assert abs(z_score(gaps(short, 1, 200), mean_max_load(short, bins) - 100)) < 4
    assert abs(z_score(gaps(long, 1, 40), one_choice_gap(long, bins))) < 4
    assert one_choice_gap(long, bins) / one_choice_gap(short, bins) == pytest.approx(math.sqrt(10))
    assert abs(z_score(gaps(short, 2, 200), 1.28)) < 4
    assert abs(z_score(gaps(long, 2, 40), 1.30)) < 4


def test_the_gap_formula_meets_the_exact_law_when_balls_are_many() -> None:
    for bins in (2, 32, 64):
        assert one_choice_gap(200 * bins, bins) == pytest.approx(
            mean_max_load(200 * bins, bins) - 200, rel=0.03
        )
    # two bins: the expected maximum of two standard normal variables is 1/sqrt(pi)
    assert one_choice_gap(200, 2) == pytest.approx(10 / math.sqrt(math.pi), rel=1e-9)


SUPERMARKET = {
    0.5: (2.0, 1.2657, 1.1252),
    0.7: (3.3333, 1.6145, 1.3568),
    0.8: (5.0, 1.9474, 1.5809),
    0.9: (10.0, 2.6141, 2.0279),
    0.95: (20.0, 3.3830, 2.5351),
    0.99: (100.0, 5.4320, 3.8578),
}


@pytest.mark.parametrize(("load", "sojourns"), SUPERMARKET.items())
def test_the_supermarket_table_is_reproduced(load: float, sojourns: tuple[float, ...]) -> None:
    assert [supermarket_sojourn(load, d) for d in (1, 2, 3)] == pytest.approx(sojourns, abs=5e-5)


def test_the_supermarket_sum_is_littles_law_on_the_fixed_point() -> None:
    # tail shares obey s_{i+1} = load s_i^d; jobs in the system over the arrival rate is the sojourn
    load, choices, share, jobs = 0.8, 2, 1.0, 0.0
    for _ in range(40):
        share = load * share**choices
        jobs += share
    assert supermarket_sojourn(load, choices) == pytest.approx(jobs / load)


@given(
    heaviest=st.floats(0, 1), partitions=st.integers(1, 100), ways=st.integers(1, 100), more=st.integers(1, 9)
)
def test_splitting_a_key_further_never_raises_its_bound(
    heaviest: float, partitions: int, ways: int, more: int
) -> None:
    bound = split_bound(heaviest, partitions, ways)
    assert 1.0 <= split_bound(heaviest, partitions, ways + more) <= bound <= max(1.0, partitions * heaviest)


def test_partial_key_grouping_sits_on_its_published_bound() -> None:
    assert grouping_imbalance_bound(0.36, 16) == pytest.approx(0.36 / 2 - 1 / 16)
    assert grouping_imbalance_bound(0.1, 16) == 0.0


@pytest.mark.parametrize(
    ("before", "after", "share"), [(6, 8, 0.75), (6, 12, 0.5), (5, 5, 0.0), (3, 4, 0.75)]
)
def test_changing_the_number_of_partitions_moves_most_keys(before: int, after: int, share: float) -> None:
    assert moved_share(before, after) == pytest.approx(share)
    hashes = range(math.lcm(before, after))
    assert sum(h % before != h % after for h in hashes) / len(hashes) == pytest.approx(share)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: supermarket_sojourn(1.0, 2), r"load must lie in \[0, 1\) for a stable queue, got 1.0"),
        (lambda: max_load_at_most(0, 4, 1), "balls must be at least 1, got 0"),
        (lambda: split_bound(1.5, 4), "heaviest must be a share from 0 to 1, got 1.5"),
        (lambda: max_load_at_most_of_choices(9, 2_000, 1, 2), "at most 1024 .* got 2000; use fluid_tail"),
    ],
)
def test_a_bad_argument_names_the_value_and_the_rule(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
