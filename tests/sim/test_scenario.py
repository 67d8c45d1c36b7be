"""Parameters check themselves and say what is wrong; results carry all that is needed to repeat them."""

import json
import math
import pickle
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from sim.buffer_sizing import BufferSizing
from sim.scenario import ParameterError, Scenario, grid
from sim.slow_subscriber import SlowSubscriber

SHORT = SlowSubscriber(duration=0.2)
SCENARIOS: list[type[Scenario]] = [SlowSubscriber, BufferSizing]


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("buffer", 0, "a whole number, at least 1, at most 10,000,000 (unit: messages)"),
        ("buffer", 1.5, "a whole number, at least 1, at most 10,000,000 (unit: messages)"),
        ("buffer", "64", "a whole number, at least 1, at most 10,000,000 (unit: messages)"),
        ("buffer", True, "a whole number, at least 1, at most 10,000,000 (unit: messages)"),
        ("publish_rate", 0.0, "a finite number, above 0 (unit: messages/s)"),
        ("publish_rate", math.nan, "a finite number, above 0 (unit: messages/s)"),
        ("publish_rate", math.inf, "a finite number, above 0 (unit: messages/s)"),
        ("publish_rate", None, "a finite number, above 0 (unit: messages/s)"),
        ("reconnect_after", -1.0, "a finite number, at least 0 or none (unit: s)"),
        ("service", "uniform", "one of exponential, deterministic (unit: name)"),
    ],
)
def test_a_bad_value_names_the_value_the_rule_and_the_unit(name: str, value: Any, rule: str) -> None:
    with pytest.raises(ParameterError) as caught:
        SlowSubscriber(**{name: value})
    assert str(caught.value) == f"{name} must be {rule}, got {value!r}"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SlowSubscriber(subscribers=2, slow=3), "slow must be at most subscribers, 2, got 3"),
        (
            lambda: SlowSubscriber(publisher="saturated"),
            "publisher saturated needs policy block, got 'drop-new",
        ),
        (lambda: BufferSizing(buffer=2, workers=3), "workers must be at most buffer, 2, got 3"),
        (lambda: BufferSizing(load=0), "load must be above 0 with traffic poisson, got 0"),
        (
            lambda: BufferSizing(traffic="token-bucket", load=2),
            "load must be at most 1 with a token bucket, got 2",
        ),
        (
            lambda: BufferSizing(traffic="on-off", peak=0.5),
            "needs load below 1 and peak above 1, got 0.9 and 0.5",
        ),
    ],
)
def test_rules_between_parameters_are_checked_too(make: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        make()


def test_a_whole_number_is_a_legal_rate_and_equals_the_same_float() -> None:
    assert SlowSubscriber(publish_rate=500) == SlowSubscriber(publish_rate=500.0)
    assert isinstance(SlowSubscriber(publish_rate=500).publish_rate, float)


def test_none_is_legal_only_where_the_rule_says_so() -> None:
    assert SlowSubscriber(reconnect_after=None).reconnect_after is None
    assert SlowSubscriber.from_text({"reconnect_after": "none"}).reconnect_after is None
    with pytest.raises(ParameterError, match=r"buffer must be a whole number.* got 'none'"):
        SlowSubscriber.from_text({"buffer": "none"})


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_is_printed_can_be_typed(scenario: type[Scenario]) -> None:
    base = scenario()
    typed = {name: str(value) for name, value in base.parameters().items()}
    assert scenario.from_text(typed) == base


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        ParameterError, match="slow-subscriber has no parameter 'bufer'; it has policy, subscr"
    ):
        SlowSubscriber.from_text({"bufer": "3"})


@given(name=st.sampled_from(sorted(SlowSubscriber.rules())), text=st.text(max_size=12))
def test_any_text_is_read_or_refused_in_one_sentence(name: str, text: str) -> None:
    sentence = ""
    try:
        SlowSubscriber.from_text({name: text})
    except ParameterError as error:
        sentence = str(error)
    assert sentence == "" or (" must be " in sentence and " got " in sentence and "\n" not in sentence)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_parameter_has_a_unit_a_help_and_a_legal_default(scenario: type[Scenario]) -> None:
    for name, rule in scenario.rules().items():
        assert rule.unit, name
        assert rule.help, name
        assert rule.words(), name
    scenario()
    replace(scenario(), **scenario.quick)


def test_a_scenario_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        SHORT.buffer = 3  # type: ignore[misc]


def test_a_grid_varies_the_last_axis_fastest() -> None:
    found = grid(SHORT, buffer=(1, 2), slowness=(1.0, 3.0))
    assert [(s.buffer, s.slowness) for s in found] == [(1, 1.0), (1, 3.0), (2, 1.0), (2, 3.0)]
    assert {s.duration for s in found} == {0.2}


def test_variants_differ_in_the_compared_parameter_only() -> None:
    variants = SHORT.variants()
    assert [v.policy for v in variants] == list(SlowSubscriber.rules()["policy"].choices)
    assert {replace(v, policy="drop-newest") for v in variants} == {SHORT}
    assert [v.load for v in BufferSizing(buffer=3).variants()] == [0.8, 0.9, 1.0, 1.2]


def test_a_result_carries_seed_versions_and_parameters_as_json() -> None:
    result = SHORT.run(seed=5, replication=2, streams="python")
    record = json.loads(json.dumps(result.to_dict()))
    assert (record["seed"], record["replication"], record["streams"]) == (5, 2, "python")
    assert record["versions"]["simpy"] == simpy.__version__
    assert "numpy" not in record["versions"]
    assert "numpy" in SHORT.run(seed=5, streams="numpy").to_dict()["versions"]
    assert record["parameters"] == SHORT.parameters()
    assert record["scalars"]["slow_loss"] == result.slow_loss
    assert record["arrays"]["slow_occupancy"] == list(result.slow_occupancy)
    assert set(record["scalars"]) | set(record["arrays"]) == set(result.units())


def test_a_run_can_be_repeated_and_its_result_sent_anywhere() -> None:
    result = SHORT.run(1)
    assert result == SHORT.run(seed=1, replication=0)
    assert pickle.loads(pickle.dumps(result)) == result
    assert result != SHORT.run(2)
    assert result != SHORT.run(1, replication=1)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_measure_is_ever_not_a_number(scenario: type[Scenario]) -> None:
    quick = replace(scenario(), **({"messages": 300} if scenario is BufferSizing else {"duration": 0.1}))
    for variant in quick.variants():
        result = variant.run(1)
        assert not any(value != value for value in result.scalars().values())
        assert not any(value != value for values in result.arrays().values() for value in values)
