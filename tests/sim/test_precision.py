"""Replications are added until the interval is small enough, or a cap is reached and said."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from coins import Coin

from sim.__main__ import main
from sim.precision import refine, replicate
from sim.slow_subscriber import SlowSubscriber
from sim.sweep import by_scenario, sweep

FAIR = Coin(coins=50)


def test_a_rough_question_needs_no_more_than_the_start() -> None:
    found = replicate(FAIR, "heads", 0.5)
    assert found.reached
    assert found.results == sweep([FAIR], 20)


def test_a_sharper_question_gets_the_replications_it_needs() -> None:
    found = replicate(FAIR, "heads", 0.01)
    assert found.reached
    assert found.interval.half_width <= 0.01 * found.interval.mean
    assert 400 < len(found.results) < 1_000  # (1.96 x 0.141 / 0.01)^2 = 768
    assert found.results == sweep([FAIR], len(found.results))


def test_every_executor_runs_the_same_replications() -> None:
    with ThreadPoolExecutor(2) as threads:
        assert replicate(FAIR, "heads", 0.02, threads) == replicate(FAIR, "heads", 0.02)


def test_a_cap_is_said() -> None:
    found = replicate(FAIR, "heads", 0.001, at_most=50)
    assert not found.reached
    assert len(found.results) == 50
    never = replicate(Coin(bias=0.0), "heads", 0.1, at_most=40)
    assert never.reached  # no heads in any replication: an interval of width zero around zero
    assert never.interval.half_width == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"precision": 0.0}, "precision must be above 0, a share of the mean, got 0.0"),
        ({"precision": 0.1, "start": 1}, "start must be from 2 to at_most, 1000, got 1"),
        ({"precision": 0.1, "start": 9, "at_most": 5}, "start must be from 2 to at_most, 5, got 9"),
    ],
)
def test_bad_numbers_name_the_value_and_the_rule(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replicate(FAIR, "heads", **arguments)  # type: ignore[arg-type]


def test_a_measure_that_did_not_happen_has_no_mean() -> None:
    calm = SlowSubscriber(slowness=0.1, duration=0.1)
    with pytest.raises(ValueError, match="first_drop did not happen in replication 0: it has no mean"):
        replicate(calm, "first_drop", 0.1, start=2)


def test_every_group_gets_the_replications_it_needs_and_no_others() -> None:
    rare = Coin(bias=0.01, coins=50)
    groups = by_scenario(sweep([FAIR, rare], 20, seed=5))
    refined, missed = refine(groups, ["heads"], 0.02, at_most=400)
    assert 100 < len(refined[FAIR]) < 400
    assert refined[FAIR] == sweep([FAIR], len(refined[FAIR]), seed=5)
    assert len(refined[rare]) == 400
    assert [(one.scenario, one.measure) for one in missed] == [(rare, "heads")]
    assert missed[0].share > 0.02


def test_a_measure_without_spread_or_without_a_mean_asks_for_nothing() -> None:
    groups = by_scenario(sweep([Coin(bias=0.0)], 20))
    assert refine(groups, ["heads"], 0.01) == (groups, ())


def test_the_command_says_whether_every_interval_is_small_enough(capsys: pytest.CaptureFixture[str]) -> None:
    order = [
        "buffer-sizing",
        "--quick",
        "--messages",
        "20",
        "--replications",
        "3",
        "--jobs",
        "1",
        "--load",
        "1.2",
    ]
    assert main([*order, "--precision", "40%"]) == 0
    assert "every interval is within 0.4 of its mean" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["0", "0%", "-1%", "101%", "much"])
def test_a_precision_that_is_no_share_is_refused(text: str) -> None:
    assert main(["buffer-sizing", f"--precision={text}"]) == 2
