"""The published comparison of back-off kinds is reproduced, cell by cell."""

from dataclasses import replace
from math import sqrt
from statistics import fmean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.backoff import BACKOFFS
from sim.write_contention import WriteContention

# (mean, half-width of its 95 % interval) over 600 repetitions of the published simulator, calls and time in ms
MEASURED = {
    ("none", 10): ((51.0, 0.3), (381, 3)),
    ("none", 20): ((152.2, 1), (602, 4)),
    ("none", 50): ((689.5, 1.4), (1138, 4)),
    ("exponential", 10): ((50.6, 0.3), (3376, 101)),
    ("exponential", 20): ((149.6, 1.1), (14354, 234)),
    ("exponential", 50): ((622.8, 2.3), (36351, 251)),
    ("equal-jitter", 10): ((42.5, 0.2), (727, 14)),
    ("equal-jitter", 20): ((108.2, 0.3), (1647, 38)),
    ("equal-jitter", 50): ((347.3, 0.5), (4296, 46)),
    ("full-jitter", 10): ((39.0, 0.2), (466, 10)),
    ("full-jitter", 20): ((100.3, 0.3), (1006, 23)),
    ("full-jitter", 50): ((332.3, 0.4), (2881, 46)),
    ("decorrelated", 10): ((37.9, 0.2), (439, 7)),
    ("decorrelated", 20): ((101.0, 0.4), (821, 14)),
    ("decorrelated", 50): ((374.3, 1), (2208, 42)),
}
REPETITIONS = 100


def z_of_difference(values: list[float], mean: float, half_width: float) -> float:
    """Return how far two measured means lie apart, in standard errors of their difference."""
    error = sqrt(stdev(values) ** 2 / len(values) + (half_width / 1.96) ** 2)
    return (fmean(values) - mean) / error


@pytest.mark.parametrize(("cell", "row"), MEASURED.items())
def test_the_published_table_is_reproduced(
    cell: tuple[str, int], row: tuple[tuple[float, float], tuple[float, float]]
) -> None:
    kind, clients = cell
    scenario = WriteContention(backoff=kind, clients=clients)
    runs = [scenario.run(1, i) for i in range(REPETITIONS)]
    assert abs(z_of_difference([float(run.calls) for run in runs], *row[0])) < 4
    assert abs(z_of_difference([run.time for run in runs], *row[1])) < 4


def test_a_slower_network_by_two_percent_is_found() -> None:
    scenario = WriteContention(backoff="none", clients=50, network=10.2, deviation=2.04)
    times = [scenario.run(1, i).time for i in range(REPETITIONS)]
    assert z_of_difference(times, *MEASURED["none", 50][1]) > 4


def test_both_kinds_of_streams_obey_the_same_law() -> None:
    scenario = WriteContention(clients=20)
    runs = [scenario.run(2, i, "python") for i in range(REPETITIONS)]
    calls, time = MEASURED["full-jitter", 20]
    assert abs(z_of_difference([float(run.calls) for run in runs], *calls)) < 4
    assert abs(z_of_difference([run.time for run in runs], *time)) < 4


@given(kind=st.sampled_from(BACKOFFS), clients=st.integers(1, 15), seed=st.integers(0, 1_000))
@settings(deadline=None, max_examples=40)
def test_every_client_writes_once_and_each_failure_costs_a_call(kind: str, clients: int, seed: int) -> None:
    run = WriteContention(backoff=kind, clients=clients).run(seed)
    assert clients <= run.calls <= clients * (clients + 1)
    assert run.time > 0


def test_a_client_alone_needs_two_round_trips_and_a_single_call() -> None:
    run = WriteContention(clients=1, network=10.0, deviation=0.0).run(1)
    assert (run.calls, run.time) == (1, 40.0)


def test_clients_in_perfect_step_succeed_one_a_round() -> None:
    # no randomness at all: each round one of n writes counts, so n + (n - 1) + .. + 1 calls
    run = WriteContention(backoff="exponential", clients=12, deviation=0.0).run(1)
    assert run.calls == 12 * 13 // 2


def test_an_additional_client_moves_no_draw_of_the_others() -> None:
    # with pauses far apart nobody meets anybody: the first client's path is its own in both runs
    lone = WriteContention(clients=1).run(3)
    many = WriteContention(clients=2).run(3)
    assert many.time >= lone.time
    assert replace(many.scenario, clients=1).run(3) == lone
