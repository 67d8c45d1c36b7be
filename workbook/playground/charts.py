"""What the playground shows of each scenario: one chart, the parameters with a slider, values that answer at once.

Runs in the browser as well: the standard library and `sim` only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sim.scenario import Rule, Scenario
from sim.studies import SCENARIOS, defaults
from sim.summary import label_of

REPLICATIONS = Rule(int, "replications", "of every point", at_least=1, at_most=100)
SEED = Rule(int, "number", "of all random streams", at_least=0, at_most=2**53)


@dataclass(frozen=True)
class Chart:
    """A measure against a parameter, a curve for each policy. `most` holds what a page may be asked to compute."""

    title: str
    x: str
    x_label: str
    measure: str
    y_label: str
    points: tuple[float, ...]
    shown: tuple[str, ...]  # the policies that are drawn at first
    sliders: Mapping[str, tuple[float, float]]  # from, to
    quick: Mapping[str, Any]
    most: Mapping[str, float]
    log_x: bool = False
    log_y: bool = False
    y_least: float | None = None
    y_most: float | None = None


CHARTS: dict[str, Chart] = {
    "slow-subscriber": Chart(
        title="What does a slow subscriber lose?",
        x="slowness",
        x_label="handling time of a slow subscriber, fast ones = 1",
        measure="slow_loss",
        y_label="lost, share of messages",
        points=(1.0, 1.5, 2.0, 3.0, 4.0),
        shown=("drop-newest", "block"),
        sliders={"buffer": (1, 256), "publish_rate": (100, 2000), "fast_rate": (200, 4000)},
        quick={"duration": 0.5, "warm_up": 0.2, "subscribers": 2},
        most={"subscribers": 32, "duration": 10, "warm_up": 10, "publish_rate": 5_000, "fast_rate": 20_000},
        y_least=0.0,
        y_most=1.0,
    ),
    "buffer-sizing": Chart(
        title="What does a bigger buffer save?",
        x="buffer",
        x_label="buffer, messages",
        measure="loss",
        y_label="lost, share of messages",
        points=(1, 4, 16, 64),
        shown=("0.8", "1", "1.2"),
        sliders={"service_rate": (100, 5000), "workers": (1, 16), "messages": (500, 20_000)},
        quick={"messages": 1_000, "buffer": 16},
        most={"messages": 50_000, "workers": 1_000},
        log_x=True,
        y_least=0.0,
    ),
    "hot-keys": Chart(
        title="Do more partitions cool the hot one down?",
        x="partitions",
        x_label="partitions",
        measure="max_over_mean",
        y_label="load of the fullest partition over the mean",
        points=(4, 8, 16, 32, 64),
        shown=("hash", "salting", "composite-key"),
        sliders={"hot_share": (0, 1), "users": (10, 1000), "salts": (1, 64)},
        quick={"messages": 1_000},
        most={"messages": 20_000, "users": 10_000, "partitions": 512},
        log_x=True,
        log_y=True,
    ),
    "reconnect-storm": Chart(
        title="How long until everybody is back?",
        x="clients",
        x_label="clients cut off at once",
        measure="time_to_all",
        y_label="time until all are connected, s",
        points=(50, 100, 200, 300),
        shown=("fixed", "exponential", "full-jitter"),
        sliders={"capacity": (10, 500), "base": (0.1, 10), "cap": (1, 60)},
        quick={"clients": 100, "capacity": 60.0},
        most={"clients": 2_000, "horizon": 3_600},
        log_x=True,
        log_y=True,
    ),
}


def values(name: str) -> dict[str, Any]:
    """The value of every parameter of a scenario at which the page starts."""
    return defaults(name, quick=True) | dict(CHARTS[name].quick)


def labels(kind: type[Scenario]) -> tuple[str, ...]:
    """The policies that a scenario compares, as people read them."""
    return tuple(label_of(scenario, kind.compared) for scenario in kind().variants())


def form() -> dict[str, Any]:
    """Everything the page needs to ask: plain data."""
    return {
        "scenarios": {name: _form(name, kind) for name, kind in SCENARIOS.items()},
        "seed": 1,
        "replications": 5,
    }


def _form(name: str, kind: type[Scenario]) -> dict[str, Any]:
    chart, start = CHARTS[name], values(name)
    return {
        "question": kind.question,
        "compared": kind.compared,
        "labels": labels(kind),
        "shown": chart.shown,
        "chart": {
            "title": chart.title,
            "x": chart.x,
            "x_label": chart.x_label,
            "y_label": chart.y_label,
            "log_x": chart.log_x,
            "log_y": chart.log_y,
            "y_least": chart.y_least,
            "y_most": chart.y_most,
        },
        "parameters": [
            {
                "name": parameter,
                "help": rule.help,
                "unit": rule.unit,
                "value": "none" if start[parameter] is None else f"{start[parameter]}",
                "choices": rule.choices,
                "whole": rule.kind is int,
                "slider": chart.sliders.get(parameter),
            }
            for parameter, rule in kind.rules().items()
            if parameter != kind.compared
        ],
    }
