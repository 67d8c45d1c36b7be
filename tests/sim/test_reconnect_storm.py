"""Storms are checked against binomial windows, the retry ceiling, the server's token bucket and each other."""

from dataclasses import replace
from itertools import islice
from math import sqrt
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simpy import Environment

from sim.backoff import BACKOFFS
from sim.reconnect_storm import BIN, SPREAD, Door, ReconnectStorm
from sim.scenario import ParameterError
from sim.script import Draws, play
from sim.statistics import z_score
from sim.streams import Streams
from sim.theory_retry import connect_floor, share_at_cap, window_peak_law, window_probability

SMALL = ReconnectStorm(clients=60, capacity=30.0, burst=5)


# --- in step or spread


def test_without_jitter_everybody_comes_in_the_same_window_of_every_round() -> None:
    # the server is down all along; a round is a pause of 0.99 s and two network delays of 0.01 s
    storm = ReconnectStorm(backoff="fixed", clients=200, outage=100.0, retries=4, base=0.99, network=0.01)
    run = storm.run(1)
    rounds = [at for at, attempts in enumerate(run.load) if attempts]
    # round n arrives at 0.01 + 1.01 n s, give or take some 5 ms: well within a bin of 0.1 s
    assert rounds == [0, 10, 20, 30, 40]
    assert [run.load[at] for at in rounds] == [200] * 5
    assert run.retry_peak == 200


def test_full_jitter_fills_each_bin_of_its_window_like_a_binomial() -> None:
    # a single retry, its window cut by the cap to 2 s; the network adds next to nothing
    storm = ReconnectStorm(
        clients=400, outage=100.0, retries=1, failed_before=5, base=1.0, cap=2.0, network=1e-9
    )
    runs = [storm.run(2, i) for i in range(25)]
    counts = [attempts - (400 if at == 0 else 0) for run in runs for at, attempts in enumerate(run.load[:20])]
    assert sum(counts) == 25 * 400
    assert abs(z_score([float(c) for c in counts[::20]], 400 * 0.1 / 2.0)) < 4
    for attempts in range(14, 27):
        exact = window_probability(400, 2.0, BIN, attempts)
        spread = sqrt(exact * (1 - exact) / len(counts))
        assert abs(sum(c == attempts for c in counts) / len(counts) - exact) < 4 * spread
    law = window_peak_law(400, 2.0, BIN)
    peak = sum(peak * probability for peak, probability in law.items())
    assert abs(z_score([float(run.retry_peak) for run in runs], peak)) < 4


def test_a_cap_outside_the_jitter_puts_clients_in_step_again() -> None:
    storm = ReconnectStorm(
        backoff="cap-outside", clients=500, outage=100.0, retries=1, failed_before=8, base=0.1, cap=10.0
    )
    peaks = [float(storm.run(3, i).retry_peak) for i in range(10)]
    # attempt 9 is drawn from 51.2 s: 80 % sleep the cap exactly, a fifth is spread over the time before
    assert abs(z_score(peaks, 500 * share_at_cap(9, 0.1, 10.0))) < 4
    inside = [replace(storm, backoff="full-jitter").run(3, i).retry_peak for i in range(10)]
    assert max(inside) < 25 < 350 < min(peaks)


def test_jitter_on_the_first_attempt_spreads_it() -> None:
    storm = ReconnectStorm(clients=1000, first_jitter=5.0, capacity=1e6, burst=1000, network=1e-9)
    run = storm.run(4)
    assert run.attempts == 1000
    assert max(run.load) < 50
    assert len(run.load) == 50


# --- ceiling and failures


@pytest.mark.parametrize(("failure", "retries"), [(0.5, 2), (0.8, 5)])
def test_the_retry_ceiling_gives_up_as_often_as_the_closed_form_says(failure: float, retries: int) -> None:
    storm = ReconnectStorm(clients=150, burst=150, failure=failure, retries=retries)
    runs = [storm.run(5, i) for i in range(25)]
    exact = storm.exact()
    assert abs(z_score([float(run.gave_up) for run in runs], exact["gave_up"])) < 4
    assert abs(z_score([float(run.attempts) for run in runs], exact["attempts"])) < 4


def test_without_a_ceiling_nobody_gives_up() -> None:
    storm = ReconnectStorm(clients=150, burst=150, failure=0.5)
    runs = [storm.run(6, i) for i in range(40)]
    assert all(run.gave_up == 0 and run.time_to_all is not None for run in runs)
    assert abs(z_score([float(run.attempts) for run in runs], storm.exact()["attempts"])) < 4


def test_a_ceiling_leaves_clients_cut_off_after_a_long_outage() -> None:
    run = replace(SMALL, outage=60.0, retries=3).run(7)
    assert run.gave_up == 60
    assert run.time_to_all is run.time_to_half is None
    patient = replace(SMALL, outage=60.0).run(7)
    assert patient.gave_up == 0
    assert patient.time_to_all is not None


def test_who_is_not_back_by_the_horizon_is_reported_as_cut_off() -> None:
    run = replace(SMALL, outage=1000.0, horizon=50.0).run(8)
    assert (run.cut_off, run.gave_up, run.time_to_all) == (60, 0, None)


# --- the server


@given(
    arrivals=st.lists(st.floats(0, 10), min_size=1, max_size=60),
    rate=st.floats(0.1, 20),
    burst=st.integers(1, 10),
)
def test_the_door_never_lets_in_more_than_its_token_bucket(
    arrivals: list[float], rate: float, burst: int
) -> None:
    door = Door(rate, burst, opens=0.0)
    let_in = [now for now in sorted(arrivals) if door.knock(now, first=True, fails=False)]
    for i in range(len(let_in)):
        for j in range(i, len(let_in)):
            assert j - i + 1 <= burst + rate * (let_in[j] - let_in[i]) + 1e-6
    assert sum(door.load) == len(arrivals)
    assert sum(door.accepted) == len(let_in)


def test_a_door_that_is_always_knocked_at_lets_in_all_it_may() -> None:
    door = Door(10.0, 3, opens=1.0)
    let_in = [step for step in range(5_000) if door.knock(step / 1_000, first=False, fails=False)]
    assert let_in[:4] == [1000, 1001, 1002, 1100]
    assert len(let_in) == 3 + 39


@given(
    kind=st.sampled_from(BACKOFFS),
    clients=st.integers(1, 40),
    capacity=st.floats(5, 200),
    burst=st.integers(1, 20),
    outage=st.sampled_from([0.0, 1.5]),
    seed=st.integers(0, 100),
)
@settings(deadline=None, max_examples=40)
def test_everybody_gets_back_never_before_the_floor_and_every_attempt_is_accounted_for(
    kind: str, clients: int, capacity: float, burst: int, outage: float, seed: int
) -> None:
    storm = ReconnectStorm(
        backoff=kind, clients=clients, capacity=capacity, burst=burst, outage=outage, base=0.2, cap=3.0
    )
    run = storm.run(seed)
    assert run.time_to_all is not None
    assert run.time_to_all >= storm.floors()["time_to_all"] - 1e-6
    assert run.wasted == run.attempts - clients
    assert run.gave_up == run.cut_off == 0
    assert sum(run.load) <= run.attempts
    assert run.time_to_half <= run.time_to_95 <= run.time_to_all


def test_hammering_finishes_close_to_the_floor_and_wastes_most() -> None:
    storm = ReconnectStorm(clients=300, capacity=60.0, burst=20)
    runs = {v.backoff: v.run(9) for v in storm.variants()}
    floor = connect_floor(300, 60.0, 20)
    assert runs["none"].time_to_all < 1.05 * floor
    assert runs["none"].wasted > 10 * runs["full-jitter"].wasted
    assert runs["exponential"].time_to_all > 5 * runs["full-jitter"].time_to_all
    assert runs["exponential"].retry_peak > 8 * runs["full-jitter"].retry_peak


# --- scripts and draws


def test_a_script_sleeps_what_it_yields() -> None:
    env, seen = Environment(), []

    def script():
        for delay in (1.0, 0.0, 2.5):
            yield delay
            seen.append(env.now)

    play(env, script())
    play(env, iter(()))
    env.run()
    assert seen == [1.0, 1.0, 3.5]


def test_draws_of_an_actor_do_not_depend_on_the_others() -> None:
    def draws(actors: int) -> Draws:
        return Draws(lambda block: Streams(1).uniform("test", block), actors, size=4)

    few, many = draws(2), draws(50)
    late = list(islice(many.of(49), 11))
    assert list(islice(few.of(1), 11)) == list(islice(many.of(1), 11))
    assert list(islice(many.of(49), 11)) == late
    assert len({*late, *islice(many.of(1), 11)}) == 22


# --- the scenario as a whole


@pytest.mark.parametrize("streams", ["numpy", "python"])
@pytest.mark.parametrize("kind", BACKOFFS)
def test_equal_arguments_give_equal_results(kind: str, streams: str) -> None:
    storm = replace(SMALL, backoff=kind)
    assert storm.run(10, 1, streams) == storm.run(10, 1, streams)


def test_a_back_off_kind_moves_no_draw() -> None:
    # an ample server: nobody is refused, so what remains is the network, the same for every kind
    storm = replace(SMALL, burst=60)
    assert len({v.run(11).time_to_all for v in storm.variants()}) == 1


def test_both_kinds_of_streams_obey_the_same_law() -> None:
    a = [SMALL.run(12, i, "numpy").attempts for i in range(60)]
    b = [SMALL.run(12, i, "python").attempts for i in range(60)]
    spread = sqrt((fmean((x - fmean(a)) ** 2 for x in a) + fmean((x - fmean(b)) ** 2 for x in b)) / 60)
    assert abs(fmean(a) - fmean(b)) < 4 * spread


def test_network_delays_have_the_mean_they_are_given() -> None:
    storm = ReconnectStorm(clients=2_000, burst=2_000, network=0.04)
    run = storm.run(13)
    # out and back, the latest of 2,000: two normal delays, some 3.4 standard deviations late
    assert run.time_to_half == pytest.approx(0.08, rel=0.02)
    assert run.time_to_all == pytest.approx(0.08 + 3.4 * sqrt(2) * SPREAD * 0.04, rel=0.1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"clients": 0},
            r"clients must be a whole number, at least 1, at most 1,000,000 \(unit: clients\), got 0",
        ),
        ({"backoff": "prayer"}, "backoff must be one of none, fixed, exponential"),
        ({"base": 20.0}, r"base must be at most cap, 10 \(unit: s\), got 20"),
        ({"retries": -1}, "retries must be a whole number, at least 0"),
    ],
)
def test_a_bad_parameter_names_the_value_the_rule_and_the_unit(values: dict, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        ReconnectStorm(**values)
