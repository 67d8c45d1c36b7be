"""Results as figures: one function per figure, taking results and an Axes. The only importer of matplotlib.

A line is a mean with its 95 % band, a dashed line a closed form, and a policy has one colour and one marker in
every figure. Nothing here touches pyplot: no state is shared, and equal results give equal bytes.
"""

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.plots.buffer_sizing import backlog_against_burst, delay_against_buffer, loss_against_buffer
from sim.plots.hot_keys import load_against_partitions, price_of_evenness
from sim.plots.palette import THEMES, Theme, settings
from sim.plots.reconnect_storm import attempts_over_time, time_against_attempts, time_against_clients
from sim.plots.slow_subscriber import (
    life_of_a_connection,
    loss_against_slowness,
    neighbour_against_slowness,
    staleness_against_slowness,
    throughput_under_block,
)
from sim.scenario import Result
from sim.sweep import by_scenario

__all__ = ["DRAWINGS", "THEMES", "Theme", "caption", "figure", "save"]

WIDTH, HEIGHT, DPI = 8.0, 5.0, 100  # 800 pixels wide, the size at which it is looked at

DRAWINGS: dict[str, Callable[[Sequence[Any], Axes, Theme], None]] = {
    "slow-subscriber-loss": loss_against_slowness,
    "slow-subscriber-staleness": staleness_against_slowness,
    "slow-subscriber-neighbour": neighbour_against_slowness,
    "slow-subscriber-connection": life_of_a_connection,
    "slow-subscriber-block": throughput_under_block,
    "buffer-sizing-loss": loss_against_buffer,
    "buffer-sizing-delay": delay_against_buffer,
    "buffer-sizing-burst": backlog_against_burst,
    "hot-keys-load": load_against_partitions,
    "hot-keys-price": price_of_evenness,
    "reconnect-storm-time": time_against_clients,
    "reconnect-storm-price": time_against_attempts,
    "reconnect-storm-attempts": attempts_over_time,
    "reconnect-storm-flapping": attempts_over_time,
}


def figure(name: str, results: Sequence[Result], theme: Theme = "light") -> Figure:
    """Return the figure of that name, with its caption; ValueError if the results cannot show it."""
    if not results:
        raise ValueError(f"figure {name} needs results, got none")
    with matplotlib.rc_context(settings(theme)):
        drawn = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI)
        axes = drawn.add_axes((0.1, 0.225, 0.65, 0.66))
        DRAWINGS[name](results, axes, theme)
        drawn.text(0.012, 0.015, caption(results), fontsize=7.6, alpha=0.8, va="bottom", linespacing=1.4)
        return drawn


def save(stem: Path, name: str, results: Sequence[Result], theme: Theme = "light") -> None:
    """Write `stem`.svg and `stem`.png; equal results give equal bytes."""
    with matplotlib.rc_context(settings(theme)):
        drawn = figure(name, results, theme)
        drawn.savefig(stem.with_suffix(".svg"), metadata={"Date": None})
        drawn.savefig(stem.with_suffix(".png"), dpi=2 * DPI)


def caption(results: Sequence[Result]) -> str:
    """Say what would repeat the figure: replications, seed, streams, and the parameters all results share."""
    scenarios = list(by_scenario(results))
    first = results[0]
    shared = [
        f"{name} {value if isinstance(value, str) else f'{value:g}' if value is not None else 'none'}"
        for name, value in scenarios[0].parameters().items()
        if all(scenario.parameters()[name] == value for scenario in scenarios)
    ]
    runs = len(results) // len(scenarios)
    start = f"{first.scenario.name}: means of {runs} replications with 95 % bands"
    origin = f"seed {first.seed}, {first.streams} streams"
    return textwrap.fill("; ".join([start, origin, ", ".join(shared)]), 135)
