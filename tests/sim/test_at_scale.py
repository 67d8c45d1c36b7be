"""The command for large runs: its numbers are the oracle's, and a bad word is one sentence."""

import re

import pytest

from sim.at_scale import main
from sim.oracle_keys import KeyRun, hot_keys
from sim.oracle_scenarios import slow_subscriber
from sim.reconnect_storm import ReconnectStorm
from sim.slow_subscriber import SlowSubscriber


def test_replications_follow_from_the_messages_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["slow-subscriber", "--messages", "3e3", "--duration=1", "--policy", "drop-oldest", "--seed", "7"]
    assert main(words) == 0
    told = capsys.readouterr().out
    found = slow_subscriber(SlowSubscriber(policy="drop-oldest", duration=1.0), 3, 7)
    assert f"drop-oldest: {found.messages:,} messages in 3 replications, seed 7" in told
    loss = found.interval("slow_loss")
    assert f"slow loss          {loss.mean:.6g} ± {loss.half_width:.2g} share" in told
    assert "MB" in told


def test_a_buffer_is_shown_beside_its_closed_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["buffer-sizing", "--messages", "4000", "--load", "1.2", "--buffer", "4"]) == 0
    told = capsys.readouterr().out
    assert "loss, exact        0.27865" in told
    assert "in 2 replications" in told  # at least two: one has no interval


def test_a_storm_says_what_the_engine_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reconnect-storm", "--clients", "3e2", "--backoff", "decorrelated"]) == 0
    result = ReconnectStorm(clients=300, backoff="decorrelated").run(1, 0, "numpy")
    told = capsys.readouterr().out
    assert f"time to all        {result.time_to_all:.6g} s" in told
    assert f"attempts           {result.attempts:,} attempts" in told


def test_keys_take_their_own_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["hot-keys", "--users", "1e4", "--messages", "1e4", "--partitions", "50", "--hot-share", "0.5"]
    assert main(words) == 0
    found = hot_keys(KeyRun(users=10_000, messages=10_000, partitions=50, hot_share=0.5))
    assert f"max over mean      {found.max_over_mean:.6g} load" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["storm"], "scenario must be one of slow-subscriber, .* got 'storm'"),
        (["slow-subscriber", "--policy", "grow"], "follows drop-newest, drop-oldest and block, got 'grow'"),
        (
            ["slow-subscriber", "--messages", "many"],
            "messages must be a whole number, at least 1, such as 1e6",
        ),
        (["slow-subscriber", "--messages", "0"], "messages must be a whole number, at least 1, .* got '0'"),
        (["slow-subscriber", "--messages"], "parameters are written --name value, got '--messages'"),
        (["buffer-sizing", "--colour", "red"], "buffer-sizing has no parameter 'colour'"),
        (["hot-keys", "--colour", "red"], "hot-keys has no parameter 'colour' here; it has mitigation, "),
        (["hot-keys", "--zipf", "much"], "zipf must be a number, got 'much'"),
        (["hot-keys", "--users", "1.5"], "users must be a whole number"),
    ],
)
def test_a_bad_word_is_one_sentence_and_exit_code_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    told = capsys.readouterr().err
    assert re.search(message, told)
    assert told.count("\n") == 1


def test_help_lists_the_scenarios(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "reconnect-storm" in capsys.readouterr().out
