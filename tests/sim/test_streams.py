"""A draw belongs to a name, never to an order of calls; both kinds follow the same laws."""

import subprocess
import sys
from collections import Counter
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.streams import KINDS, Streams, resolve_kind

MANY = 20_000


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_name_gives_the_same_draws_again(kind: str) -> None:
    first = list(islice(Streams(3, 2, kind).exponential("gap", 5), 3_000))
    assert first == list(islice(Streams(3, 2, kind).exponential("gap", 5), 3_000))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "other",
    [("gap", 1, 1, 0), ("service", 0, 1, 0), ("gap", 0, 2, 0), ("gap", 0, 1, 1)],
    ids=["actor", "purpose", "seed", "replication"],
)
def test_another_name_gives_other_draws(kind: str, other: tuple[str, int, int, int]) -> None:
    purpose, actor, seed, replication = other
    assert next(Streams(1, 0, kind).uniform("gap", 0)) != next(
        Streams(seed, replication, kind).uniform(purpose, actor)
    )


@given(seed=st.integers(0, 2**64), replication=st.integers(0, 10**6), kind=st.sampled_from(KINDS))
def test_drawing_from_one_stream_moves_no_other(seed: int, replication: int, kind: str) -> None:
    streams = Streams(seed, replication, kind)
    alone = list(islice(streams.normal("delay", "a"), 40))
    busy = Streams(seed, replication, kind)
    mine, other = busy.normal("delay", "a"), busy.normal("delay", "b")
    assert alone == [(next(mine), next(other))[0] for _ in range(40)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("draw", "law"),
    [
        (lambda s: s.exponential("law", mean=0.5), stats.expon(scale=0.5)),
        (lambda s: s.uniform("law", low=-2.0, high=3.0), stats.uniform(-2.0, 5.0)),
        (lambda s: s.normal("law", mean=10.0, deviation=2.0), stats.norm(10.0, 2.0)),
    ],
    ids=["exponential", "uniform", "normal"],
)
def test_both_kinds_follow_the_law(kind: str, draw: object, law: object) -> None:
    values = list(islice(draw(Streams(1, 0, kind)), MANY))
    assert stats.kstest(values, law.cdf).pvalue > 0.01
    neighbours = stats.pearsonr(values[:-1], values[1:]).statistic
    assert abs(neighbours) < 4 / MANY**0.5


@pytest.mark.parametrize("kind", KINDS)
def test_integers_are_equally_likely(kind: str) -> None:
    counts = Counter(islice(Streams(1, 0, kind).integers("key", below=7), MANY))
    assert sorted(counts) == list(range(7))
    assert stats.chisquare(list(counts.values())).pvalue > 0.01


def test_streams_of_neighbouring_names_are_uncorrelated() -> None:
    names = [list(islice(Streams(1, r, "numpy").uniform("gap", a), 2_000)) for r in (0, 1) for a in (0, 1)]
    for i, first in enumerate(names):
        for second in names[:i]:
            assert abs(stats.pearsonr(first, second).statistic) < 4 / 2_000**0.5


def test_an_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="streams must be one of numpy, python, auto, got 'random'"):
        Streams(1, 0, "random")


def test_auto_takes_numpy_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_kind("auto") == "numpy"
    monkeypatch.setattr("sim.streams.find_spec", lambda name: None)
    assert resolve_kind("auto") == "python"


def test_python_draws_are_the_same_on_every_machine() -> None:
    draws = Streams(1, 0, "python").exponential("gap")
    assert list(islice(draws, 3)) == pytest.approx(
        [1.0399487728375973, 0.0457706528143403, 0.028988061499930183], rel=1e-12
    )


def test_scenarios_need_nothing_but_simpy_with_python_streams() -> None:
    program = """
import sys
from concurrent.futures import Executor
from sim.buffer_sizing import BufferSizing
from sim.slow_subscriber import SlowSubscriber
from sim.statistics import interval
from sim.sweep import sweep
results = sweep([BufferSizing(messages=200), SlowSubscriber(duration=0.1)], 2, streams="python")
assert {result.streams for result in results} == {"python"}
heavy = {"numpy", "scipy", "matplotlib", "rich", "typer"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)
