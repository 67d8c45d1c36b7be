"""Figures of buffer sizing."""

from collections.abc import Sequence
from dataclasses import replace

from matplotlib.axes import Axes

from sim.plots.curves import CLOSED, DOTTED, curves, draw_curves, first, ink, places
from sim.plots.margin import name_curves
from sim.plots.palette import Theme
from sim.scenario import Result
from sim.table import number


def loss_against_buffer(results: Sequence[Result], axes: Axes, theme: Theme) -> None:
    """What a bigger buffer saves, and the floor below which none gets."""
    found = curves(results, "buffer", "loss", by="load")
    axes.set(xscale="log", yscale="log")
    draw_curves(axes, found, theme, closed="loss")
    for label, points in found.items():
        floor = points[0].scenario.floor
        if floor > 0:
            text = f"no buffer at load {label} loses less than 1 − μ/λ = {number(floor)}"
            axes.axhline(floor, color=ink(), **DOTTED, zorder=1, label=text)
    axes.set(title="What does a bigger buffer save?", ylim=(1e-5, 1.0))
    axes.set(xlabel="buffer, messages", ylabel="lost, share of messages")
    axes.legend(loc="lower left")
    name_curves(axes, found, theme, "load {}".format, closed="loss")


def delay_against_buffer(results: Sequence[Result], axes: Axes, theme: Theme) -> None:
    """What a bigger buffer costs."""
    found = curves(results, "buffer", "delay", by="load")
    axes.set(xscale="log", yscale="log")
    draw_curves(axes, found, theme, closed="delay")
    xs, base = places(found), first(found)
    full = [x / base.capacity_rate for x in xs]
    axes.plot(xs, full, color=ink(), **DOTTED, label="a full buffer: buffer / service rate")
    axes.set(title="What does a bigger buffer cost?")
    axes.set(xlabel="buffer, messages", ylabel="mean delay, s")
    name_curves(axes, found, theme, "load {}".format)


def backlog_against_burst(results: Sequence[Result], axes: Axes, theme: Theme) -> None:
    """How many places a burst needs."""
    found = curves(results, "burst_length", "peak", by="peak")
    draw_curves(axes, found, theme)
    for points in found.values():
        steady = [replace(point.scenario, service="deterministic").exact()["peak"] for point in points]
        axes.plot([point.x for point in points], steady, color=ink(), **CLOSED)
    axes.plot([], [], color=ink(), **CLOSED, label="(peak rate − service rate) × length")
    axes.set(title="How many places does a burst need?", ylim=(0, None), xlim=(0, None))
    axes.set(xlabel="length of the burst, s", ylabel="most messages held")
    name_curves(axes, found, theme, "peak {} × capacity".format, ticks=False)
