"""Tables and summaries say what replications and closed forms say, and no more digits than they know."""

from dataclasses import replace
from math import inf

import pytest

from sim.hot_keys import HotKeys
from sim.reconnect_storm import ReconnectStorm
from sim.statistics import Interval, interval
from sim.summary import Summary, Theory, estimate, summarise, theory
from sim.table import number, table

BASE = HotKeys(messages=200, partitions=4, users=10)
UNITS = {"max_over_mean": "ratio", "mean_delay": "ms"}


def summary(mitigation: str, found: dict[str, Interval | None], known: dict[str, Theory]) -> Summary:
    return Summary(replace(BASE, mitigation=mitigation), 3, found, known)


def test_a_table_holds_means_intervals_and_the_closed_form_below_them() -> None:
    rows = [
        summary("hash", {"max_over_mean": Interval(2.5, 0.25, 0.95, 3), "mean_delay": None}, {}),
        summary(
            "round-robin",
            {"max_over_mean": Interval(1.0, 0.0, 0.95, 3), "mean_delay": Interval(1234.5678, 12.3, 0.95, 3)},
            {"mean_delay": Theory("=", 1230.0), "max_over_mean": Theory(">=", 1.5)},
        ),
    ]
    assert table(rows, ("max_over_mean", "mean_delay"), UNITS).splitlines() == [
        "mitigation     max over mean  mean delay",
        "                       ratio          ms",
        "-------------  -------------  ----------",
        "hash             2.50 ± 0.25           -",
        "round-robin                1  1,235 ± 12",
        "  closed form          ≥ 1.5       1,230",
    ]


def test_a_floor_that_all_policies_share_stands_once() -> None:
    floor = {"max_over_mean": Theory(">=", 1.25)}
    rows = [summary(m, {"max_over_mean": Interval(2.0, 0.1, 0.95, 3)}, floor) for m in ("hash", "salting")]
    lines = table(rows, ("max_over_mean",), UNITS).splitlines()
    assert [line.split("  ")[0] for line in lines[3:]] == ["hash", "salting", "closed form, all"]
    assert lines[-1].endswith("≥ 1.25")


def test_a_single_run_has_no_interval_and_says_so() -> None:
    rows = [summary("hash", {"max_over_mean": Interval(2.0, inf, 0.95, 1)}, {})]
    assert "2 (1 run)" in table(rows, ("max_over_mean",), UNITS)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1234.5, "1,234"),
        (0.25, "0.25"),
        (0.00123456, "0.001235"),
        (1e-9, "1.00e-09"),
        (5e8, "5.00e+08"),
    ],
)
def test_numbers_have_four_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_a_summary_is_the_interval_over_replications() -> None:
    results = [BASE.run(1, i) for i in range(4)]
    found = summarise(results)
    assert found.label == "hash"
    assert found.replications == 4
    assert found.estimates["mean_delay"] == interval([result.mean_delay for result in results])
    assert set(found.estimates) == set(results[0].scalars())


def test_a_measure_that_some_replication_lacks_has_no_mean() -> None:
    storm = ReconnectStorm(clients=20, failure=0.9, retries=2, burst=20)
    results = [storm.run(1, i) for i in range(3)]
    assert any(result.time_to_all is None for result in results)
    assert estimate(results, "time_to_all") is None
    assert estimate(results, "attempts") is not None


def test_a_summary_of_several_scenarios_is_refused() -> None:
    results = [BASE.run(1), replace(BASE, mitigation="salting").run(1)]
    with pytest.raises(ValueError, match="replications of one scenario, got 2 scenarios"):
        summarise(results)


def test_an_exact_law_goes_before_a_bound() -> None:
    even = replace(BASE, mitigation="round-robin")
    assert even.floors()["max_over_mean"] == 1.0
    assert theory(even)["max_over_mean"] == Theory("=", 1.0)
    assert theory(BASE)["max_over_mean"].relation == ">="
