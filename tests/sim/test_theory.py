"""Closed forms give the published tables to the digit, and agree with a second way to compute them."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import combinations_with_replacement, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim import theory


def _digits(text: str) -> float:
    """Half a unit of the last digit printed, and a little."""
    mantissa, _, exponent = text.partition("e")
    decimals = len(mantissa.partition(".")[2])
    return 0.51 * 10.0 ** (-decimals + int(exponent or 0))


def _close(value: float, printed: str) -> bool:
    return abs(value - float(printed)) <= _digits(printed)


MM1K = [  # arrival rate, places, loss, mean level, mean sojourn at service rate 1
    (0.5, 4, ".03225806", None, "1.733333"),
    (0.8, 4, ".12184674", None, "2.224932"),
    (0.9, 4, ".16021587", None, "2.368712"),
    (1.0, 4, ".20000000", None, "2.5"),
    (1.2, 4, ".27864975", None, "2.725782"),
    (2.0, 4, ".51612903", None, "3.266667"),
    (0.5, 16, ".00000763", ".999870", "1.999756"),
    (0.8, 16, ".00575918", "3.608375", "4.536596"),
    (0.9, 16, ".02223905", "5.597426", "6.360820"),
    (1.0, 16, ".05882353", "8.0", "8.5"),
    (1.2, 16, ".17453346", "11.802412", "11.914891"),
    (2.0, 16, ".50000381", "15.000130", "15.000244"),
    (0.5, 64, "0.00000000", None, "2.000000"),
    (0.8, 64, "1.3e-7", None, "4.999960"),
    (0.9, 64, ".00011803", None, "9.924454"),
    (1.0, 64, ".01538462", None, "32.5"),
    (1.2, 64, ".16666786", None, "59.000548"),
    (2.0, 64, ".5", None, "63.0"),
]


@pytest.mark.parametrize(("rate", "places", "loss", "level", "sojourn"), MM1K)
def test_mm1k_gives_the_table(rate: float, places: int, loss: str, level: str | None, sojourn: str) -> None:
    found = theory.mm1k(rate, 1.0, places)
    assert _close(found.loss, loss)
    assert level is None or _close(found.level, level)
    assert _close(found.sojourn, sojourn)


@given(st.integers(1, 30), st.integers(1, 12), st.integers(1, 60))
def test_mm1k_is_the_textbook_formula_in_exact_arithmetic(arrivals: int, services: int, places: int) -> None:
    load = Fraction(arrivals, services)
    weights = [load**n for n in range(places + 1)]
    loss = weights[-1] / sum(weights)
    level = sum(n * w for n, w in enumerate(weights)) / sum(weights)
    found = theory.mm1k(float(arrivals), float(services), places)
    assert found.loss == pytest.approx(float(loss), rel=1e-11)
    assert found.level == pytest.approx(float(level), rel=1e-11)
    assert found.throughput == pytest.approx(float(arrivals * (1 - loss)), rel=1e-11)
    assert found.sojourn * found.throughput == pytest.approx(found.level)


def test_several_servers_give_the_table() -> None:
    found = theory.mmck(3.6, 1.0, 4, 16)
    assert _close(found.loss, ".027819")
    assert _close(found.level, "6.856569")
    assert _close(theory.mmck(3.6, 1.0, 4, 4).loss, ".270685")
    assert _close(theory.erlang_b(3.6, 4), ".270685")
    assert _close(theory.mmck(7.2, 1.0, 8, 64).loss, ".000192")


@pytest.mark.parametrize(
    ("servers", "wait", "sojourn"),
    [(4, ".787753", "2.969383"), (8, ".701533", "1.876916"), (16, ".591343", "1.36959")],
)
def test_erlang_c_gives_the_table(servers: int, wait: str, sojourn: str) -> None:
    found = theory.erlang_c(0.9 * servers, 1.0, servers)
    assert _close(found.wait_probability, wait)
    assert _close(found.sojourn, sojourn)


def test_one_server_of_erlang_c_is_mm1() -> None:
    found = theory.erlang_c(0.9, 1.0, 1)
    assert found.wait_probability == pytest.approx(0.9)
    assert found.sojourn == pytest.approx(10.0)


MD1N = [
    (0.8, 4, ".058764"),
    (0.8, 8, ".008790"),
    (0.8, 16, ".000271"),
    (0.9, 4, ".091356"),
    (0.9, 8, ".027264"),
    (0.9, 16, ".004337"),
    (1.0, 4, ".130437"),
    (1.0, 8, ".063830"),
    (1.0, 16, ".031579"),
    (1.2, 4, ".218621"),
    (1.2, 8, ".175943"),
    (1.2, 16, ".167100"),
    (0.8, 32, "2.743222e-7"),
    (0.9, 32, "1.519762e-4"),
    (1.2, 32, ".1666677"),
    (0.8, 64, "2.822695e-13"),
    (0.9, 64, "2.006e-7"),
    (1.2, 64, ".16666667"),
]


@pytest.mark.parametrize(("load", "places", "loss"), MD1N)
def test_md1n_gives_the_table(load: float, places: int, loss: str) -> None:
    assert _close(theory.md1n_loss(load, places), loss)


@pytest.mark.parametrize("places", [1, 2, 5, 12, 30])
def test_md1n_is_the_alternating_sum_in_exact_arithmetic(places: int) -> None:
    with localcontext() as context:
        context.prec = 120
        load, n = Decimal("0.8"), places - 1
        total = Decimal(0)
        for k in range(n + 1):
            power = Decimal(n - k) ** k if k else Decimal(1)
            total += (-1) ** k * power * ((n - k) * load).exp() * load**k / math.factorial(k)
        expected = 1 - total / (1 + load * total)
    assert theory.md1n_loss(0.8, places) == pytest.approx(float(expected), rel=1e-12)


def test_in_floats_that_sum_is_worthless_from_some_24_places_on() -> None:
    def naive(load: float, places: int) -> float:
        n = places - 1
        b = sum(
            (-1) ** k / math.factorial(k) * (n - k) ** k * math.exp((n - k) * load) * load**k
            for k in range(n)
        )
        return 1 - b / (1 + load * b)

    assert naive(0.8, 8) == pytest.approx(theory.md1n_loss(0.8, 8), rel=1e-6)
    assert abs(naive(0.8, 32) / theory.md1n_loss(0.8, 32) - 1) > 10


@pytest.mark.parametrize(
    ("arrival_rate", "level", "mean"),
    [(1.2, 17, "61.1268"), (1.2, 65, "300.0002"), (2.0, 65, "64.0"), (1.0, 17, "153"), (0.9, 17, "329.6217")],
)
def test_first_passage_gives_the_table(arrival_rate: float, level: int, mean: str) -> None:
    assert _close(theory.first_passage(arrival_rate, 1.0, level), mean)


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 40))
def test_first_passage_is_the_closed_form(arrivals: int, services: int, level: int) -> None:
    rate, speed = Fraction(arrivals), Fraction(services)
    if rate == speed:
        expected = Fraction(level * (level + 1), 2 * arrivals)
    else:
        gap = rate - speed
        expected = level / gap - speed / gap**2 * (1 - (speed / rate) ** level)
    found = theory.first_passage(float(arrivals), float(services), level)
    assert found == pytest.approx(float(expected), rel=1e-9)


def test_the_spectral_gap_is_the_chains() -> None:
    arrival_rate, places = 0.9, 16
    chain = np.diag([arrival_rate] * places, 1) + np.diag([1.0] * places, -1)
    chain -= np.diag(chain.sum(axis=1))
    gap = sorted(-np.linalg.eigvals(chain).real)[1]
    assert 1 / theory.relaxation_time(arrival_rate, 1.0, places) == pytest.approx(gap)
    assert _close(1 / theory.relaxation_time(0.9, 1.0, 16), ".0349")
    assert _close(theory.relaxation_time(0.9, 1.0, 16), "28.6")


def test_no_buffer_gets_below_the_floor_and_each_place_helps_less() -> None:
    for rate in (0.8, 0.9, 1.0, 1.2, 2.0):
        floor = theory.loss_floor(rate, 1.0)
        losses = [theory.mm1k(rate, 1.0, places).loss for places in (1, 2, 4, 8, 16, 32, 64, 128, 256)]
        gains = [a - b for a, b in pairwise(losses)]
        assert all(gain > -1e-12 for gain in gains)
        assert all(a > b - 1e-12 for a, b in pairwise(gains))
        assert min(losses) > floor - 1e-12
        assert losses[-1] == pytest.approx(floor, abs=1 / 256)


def _block_chain(subscribers: int, places: int) -> float:
    """Throughput under Block by the stationary law of all levels, at least one of which is full."""
    states = [s for s in combinations_with_replacement(range(places + 1), subscribers) if s[-1] == places]
    index = {state: i for i, state in enumerate(states)}
    flow = np.zeros((len(states), len(states)))
    published = np.zeros(len(states))
    for state, i in index.items():
        for position, level in enumerate(state):
            if level == 0:
                continue
            after = sorted([*state[:position], level - 1, *state[position + 1 :]])
            if after[-1] < places:
                after = [n + 1 for n in after]
                published[i] += 1.0
            flow[i, index[tuple(after)]] += 1.0
    flow -= np.diag(flow.sum(axis=1))
    system = np.vstack([flow.T, np.ones(len(states))])
    law = np.linalg.lstsq(system, np.append(np.zeros(len(states)), 1.0), rcond=None)[0]
    return float(law @ published)


@pytest.mark.parametrize(
    ("subscribers", "places"), [(1, 1), (1, 5), (2, 1), (2, 2), (2, 7), (3, 1), (4, 1), (6, 1)]
)
def test_block_throughput_is_the_chains(subscribers: int, places: int) -> None:
    found = theory.block_throughput(subscribers, places, 3.0)
    assert found == pytest.approx(3.0 * _block_chain(subscribers, places))


def test_block_throughput_of_one_place_is_the_harmonic_number() -> None:
    assert theory.block_throughput(4, 1) == pytest.approx(1 / (1 + 1 / 2 + 1 / 3 + 1 / 4))
    assert theory.block_throughput(3, 2) is None
    assert theory.block_throughput(3, 1) < _block_chain(3, 2) < 1.0


def test_a_burst_piles_up_and_drains() -> None:
    assert theory.burst(1000.0, 0.0, 800.0, 2.0) == theory.Burst(400.0, 0.5)
    assert theory.burst(1000.0, 600.0, 800.0, 2.0).drain == 2.0
    assert theory.burst(1000.0, 900.0, 800.0, 2.0).drain == math.inf
    assert theory.burst(700.0, 900.0, 800.0, 2.0) == theory.Burst(0.0, 0.0)


def test_an_on_off_source_gives_the_table() -> None:
    source = theory.OnOff(peak=4.0, off_rate=1.0, on_rate=0.5)
    for level, printed in zip(
        (0, 1, 5, 10, 20), (".88889", ".83156", ".63692", ".45637", ".23431"), strict=True
    ):
        assert _close(source.exceeds(1.5, level), printed)
    assert source.mean_rate == pytest.approx(4 / 3)


def test_token_bucket_bounds() -> None:
    assert theory.token_bucket(32.0, 800.0, 1000.0) == theory.Bound(32.0, 0.032)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.mm1k(0.0, 1.0, 4), "arrival_rate must be above 0, got 0.0"),
        (lambda: theory.mm1k(1.0, math.nan, 4), "service_rate must be above 0, got nan"),
        (lambda: theory.mmck(1.0, 1.0, 5, 4), "servers must be from 1 to the number of places, 4, got 5"),
        (lambda: theory.erlang_c(4.0, 1.0, 4), "offered load must be below the number of servers, 4, got 4"),
        (lambda: theory.token_bucket(1.0, 3.0, 2.0), "rate must be at most the service rate, 2, got 3"),
        (
            lambda: theory.OnOff(4.0, 1.0, 0.5).exceeds(5.0, 0),
            "between mean and peak rate, 1.33333 and 4, got 5",
        ),
        (lambda: theory.first_passage(1.0, 1.0, 0), "level must be above 0, got 0"),
    ],
)
def test_a_value_outside_a_formula_is_refused_by_name(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_erlang_b_is_the_truncated_poisson_law() -> None:
    for offered, servers in ((0.5, 1), (3.6, 4), (50.0, 60)):
        law = stats.poisson(offered)
        assert theory.erlang_b(offered, servers) == pytest.approx(law.pmf(servers) / law.cdf(servers))
