"""Figures of the reconnect storm."""

from collections.abc import Sequence
from math import log10
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from sim.plots.curves import CLOSED, curves, draw_curves, draw_points, ink, look
from sim.plots.margin import name_curves, name_points
from sim.plots.palette import Theme
from sim.reconnect_storm import BIN
from sim.scenario import Result
from sim.summary import estimate, label_of
from sim.sweep import by_scenario

SHOWN = 300  # bins: half a minute
FULL = 0.86  # of a strip's height, for the highest bar
FLOOR = "floor: (clients − burst) / capacity"


def time_against_clients(results: Sequence[Result], axes: Axes, theme: Theme) -> None:
    """How long until everybody is back, against how many were cut off."""
    found = curves(results, "clients", "time_to_all")
    axes.set(xscale="log", yscale="log")
    draw_curves(axes, found, theme)
    points = next(iter(found.values()))
    floors = [(point.x, point.scenario.floors()["time_to_all"]) for point in points]
    axes.plot(*zip(*[(x, y) for x, y in floors if y > 0], strict=True), color=ink(), **CLOSED, label=FLOOR)
    axes.set(title="How long until everybody is back?")
    axes.set(xlabel="clients cut off at once", ylabel="time until all are connected, s")
    name_curves(axes, found, theme)


def time_against_attempts(results: Sequence[Result], axes: Axes, theme: Theme) -> None:
    """What each back-off costs the server, and what it costs the clients."""
    axes.set(xscale="log", yscale="log")
    points = draw_points(results, axes, theme, "attempts_per_client", "time_to_all")
    floor = next(iter(points.values())).theory["time_to_all"].value
    if floor > 0:
        axes.axhline(floor, color=ink(), **CLOSED, label=FLOOR)
    axes.set(title="Which back-off is kind to clients and server?")
    axes.set(xlabel="connection attempts per client", ylabel="time until all are connected, s")
    name_points(axes, points, theme, "attempts_per_client", "time_to_all")


def attempts_over_time(results: Sequence[Result], axes: Axes, theme: Theme) -> None:
    """What the server sees: attempts per 100 ms, one strip per back-off, heights on a log scale."""
    strips = [(group, _mean_load(group)) for group in by_scenario(results).values()]
    top = log10(1 + max(max(load) for _, load in strips))

    def height(attempts: float) -> float:
        return FULL * log10(1 + attempts) / top

    edges = [BIN * at for at in range(SHOWN + 1)]
    for row, (group, load) in enumerate(reversed(strips)):
        scenario = group[0].scenario
        label, peak = label_of(scenario, scenario.compared), estimate(group, "retry_peak")
        colour, _ = look(label, (), theme)
        bars = [row + height(attempts) for attempts in load]
        axes.stairs(bars, edges, baseline=row, fill=True, color=colour, linewidth=0)
        axes.axhline(row, color=ink(), linewidth=0.6)
        text = f"{label}\nretries peak at {peak.mean:,.0f}" if peak else label
        _beside(axes, 1.015, row + 0.38, text, color=colour, fontsize=9.5, linespacing=1.35)
    for tick in [10**n for n in range(1, 7) if log10(1 + 10**n) < top]:
        level = len(strips) - 1 + height(tick)
        _beside(axes, -0.008, level, f"{tick:,} –", ha="right", fontsize=8)
    before = strips[0][0][0].scenario.parameters()["failed_before"]
    title = (
        f"What does the server see, after {before} failures in a row?"
        if before
        else "What does the server see?"
    )
    axes.set(title=title, xlim=(0, BIN * SHOWN), ylim=(0, len(strips)))
    axes.set(xlabel="time since everybody was cut off, s", ylabel="attempts per 100 ms, log scale")
    axes.yaxis.set_major_locator(NullLocator())
    axes.yaxis.labelpad = 34
    axes.grid(visible=False, axis="y")


def _beside(axes: Axes, x: float, y: float, text: str, **style: Any) -> None:
    axes.text(x, y, text, transform=axes.get_yaxis_transform(), va="center", **style)


def _mean_load(group: Sequence[Any]) -> list[float]:
    """Return the mean attempts per bin over the replications, as many bins as are shown."""
    loads = [(*result.load, *[0] * SHOWN)[:SHOWN] for result in group]
    return [sum(column) / len(loads) for column in zip(*loads, strict=True)]
