"""The closed forms for retries are checked against the draws they describe and against plain simulation."""

import math
from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.backoff import BACKOFFS, backoff
from sim.statistics import z_score
from sim.theory_retry import (
    connect_floor,
    give_up_probability,
    mean_attempts,
    mean_sleep,
    share_at_cap,
    window_peak_law,
    window_probability,
)

BASE, CAP = 0.1, 30.0


@pytest.mark.parametrize(("failure", "retries"), [(0.5, 0), (0.5, 3), (0.9, 5)])
def test_giving_up_and_attempts_follow_the_retry_ceiling(failure: float, retries: int) -> None:
    random = Random(3)
    gave_up, attempts = [], []
    for _ in range(20_000):
        tries = 1
        while (failed := random.random() < failure) and tries <= retries:
            tries += 1
        gave_up.append(float(failed))
        attempts.append(float(tries))
    assert abs(z_score(gave_up, give_up_probability(failure, retries))) < 4
    if retries:
        assert abs(z_score(attempts, mean_attempts(failure, retries))) < 4
    else:
        assert mean_attempts(failure, retries) == 1.0


def test_a_server_that_never_answers_takes_every_attempt() -> None:
    assert mean_attempts(1.0, 4) == 5.0
    assert give_up_probability(1.0, 4) == 1.0


@pytest.mark.parametrize("name", BACKOFFS)
@pytest.mark.parametrize("attempt", [1, 3, 5])
def test_sleeps_have_their_closed_mean(name: str, attempt: int) -> None:
    sleep, random = backoff(name, BASE, CAP), Random(5)
    sleeps = []
    for _ in range(20_000):
        previous = 0.0
        for number in range(1, attempt + 1):
            previous = sleep(number, previous, random.random())
        sleeps.append(previous)
    exact = mean_sleep(name, attempt, BASE, CAP)
    if name in ("none", "fixed", "exponential"):
        assert set(sleeps) == {exact}
    else:
        assert abs(z_score(sleeps, exact)) < 4


def test_decorrelated_jitter_grows_by_half_a_step_not_by_doubling() -> None:
    means = [mean_sleep("decorrelated", attempt, 1.0, 1e9) for attempt in (10, 11)]
    assert means[1] / means[0] == pytest.approx(1.5, abs=0.01)
    assert mean_sleep("full-jitter", 11, 1.0, 1e9) / mean_sleep("full-jitter", 10, 1.0, 1e9) == 2.0


@pytest.mark.parametrize(("attempt", "share"), [(9, 0.42), (12, 0.93), (16, 0.995)])
def test_capping_after_the_draw_puts_clients_in_step_again(attempt: int, share: float) -> None:
    assert share_at_cap(attempt, BASE, CAP) == pytest.approx(share, abs=0.01)
    sleep, random = backoff("cap-outside", BASE, CAP), Random(7)
    at_cap = [float(sleep(attempt, 0.0, random.random()) == CAP) for _ in range(10_000)]
    assert abs(z_score(at_cap, share_at_cap(attempt, BASE, CAP))) < 4
    inside = backoff("full-jitter", BASE, CAP)
    assert not any(inside(attempt, 0.0, random.random()) == CAP for _ in range(10_000))


@given(
    attempt=st.integers(1, 10_000),
    draw=st.floats(0, 1, exclude_max=True),
    previous=st.floats(0, CAP),
    name=st.sampled_from(BACKOFFS),
)
def test_no_sleep_is_negative_or_above_the_cap(attempt: int, draw: float, previous: float, name: str) -> None:
    assert 0.0 <= backoff(name, BASE, CAP)(attempt, previous, draw) <= CAP


def test_a_window_of_full_jitter_is_binomial() -> None:
    clients, bins, random = 50, 10, Random(11)
    counts = [sum(random.random() < 1 / bins for _ in range(clients)) for _ in range(4_000)]
    for attempts in range(10):
        seen = [float(count == attempts) for count in counts]
        assert abs(z_score(seen, window_probability(clients, 1.0, 0.1, attempts))) < 4
    assert math.fsum(window_probability(clients, 1.0, 0.1, k) for k in range(clients + 1)) == pytest.approx(1)
    assert window_probability(clients, 0.1, 0.1, clients) == 1.0
    assert window_probability(clients, 1.0, 0.1, clients + 1) == 0.0


def test_ten_thousand_clients_spread_over_thirty_seconds_peak_near_fifty() -> None:
    law = window_peak_law(10_000, 30.0, 0.1)
    mean = math.fsum(peak * probability for peak, probability in law.items())
    assert 49 < mean < 53
    random, peaks = Random(13), []
    for _ in range(100):
        bins = [0] * 300
        for _ in range(10_000):
            bins[int(random.random() * 300)] += 1
        peaks.append(float(max(bins)))
    assert abs(z_score(peaks, mean)) < 4
    assert fmean(peaks) < 60


def test_a_server_lets_nobody_in_faster_than_its_token_bucket() -> None:
    assert connect_floor(1_000, 100.0, 50.0) == 9.5
    assert connect_floor(10, 100.0, 50.0) == 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: give_up_probability(1.2, 1), "failure must be a probability from 0 to 1, got 1.2"),
        (lambda: mean_attempts(0.5, -1), "retries must be at least 0, got -1"),
        (lambda: mean_sleep("full-jitter", 0, 1, 2), "attempt must be at least 1, the first failure, got 0"),
        (
            lambda: mean_sleep("decorrelated", 9, 0.1, 30),
            "attempt 9 may sleep up to 1968.3, above the cap 30",
        ),
        (lambda: window_probability(9, 1.0, 2.0, 1), "width must lie above 0 and within the window 1, got 2"),
        (lambda: window_peak_law(9, 1.0, 0.3), "width must divide the window, got width 0.3 in window 1"),
    ],
)
def test_a_bad_argument_names_the_value_and_the_rule(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
