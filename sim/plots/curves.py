"""From replications to what is drawn: curves with bands, closed forms beside them, points with error bars."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isfinite
from typing import Any

import matplotlib
from matplotlib.axes import Axes

from sim.plots.palette import HUES, MARKERS, Theme, hue
from sim.scenario import Result
from sim.statistics import Interval
from sim.summary import Summary, estimate, label_of, summarise
from sim.sweep import by_scenario

CLOSED: dict[str, Any] = {"linestyle": (0, (5, 3)), "linewidth": 1.5, "zorder": 5}
DOTTED: dict[str, Any] = {"linestyle": ":", "linewidth": 1.5}
STEPS = 12  # of a closed form between two points that were run


@dataclass(frozen=True)
class Point:
    """One scenario's estimate of the measure drawn, at its place on the x axis."""

    x: float
    mean: float
    low: float
    high: float
    scenario: Any


Curves = dict[str, list[Point]]


def curves(results: Sequence[Result], x: str, measure: str, by: str = "") -> Curves:
    """Group replications into curves, by the compared parameter or another one.

    Points without a value are left out; ValueError if none has one.
    """
    found: Curves = {}
    for group in by_scenario(results).values():
        measured, scenario = estimate(group, measure), group[0].scenario
        if measured is not None:
            label = label_of(scenario, by or scenario.compared)
            at, (low, high) = float(getattr(scenario, x)), band(measured)
            found.setdefault(label, []).append(Point(at, measured.mean, low, high, scenario))
    if not found:
        raise ValueError(f"no scenario has a value of {measure}: there is nothing to draw")
    return {label: sorted(points, key=lambda point: point.x) for label, points in found.items()}


def draw_curves(axes: Axes, found: Curves, theme: Theme, closed: str = "") -> None:
    """Draw every curve with its band, and the closed form of a measure where a curve has one."""
    logarithmic = axes.get_yscale() == "log"
    known = False
    for label, points in found.items():
        shown = [point for point in points if point.mean > 0 or not logarithmic]
        colour, marker = look(label, list(found), theme)
        xs = [point.x for point in shown]
        lows = [max(point.low, point.mean / 1e3) if logarithmic else point.low for point in shown]
        axes.fill_between(xs, lows, [point.high for point in shown], color=colour, alpha=0.22, linewidth=0)
        axes.plot(xs, [point.mean for point in shown], color=colour, marker=marker, markeredgewidth=0)
        exact = closed_form(points, closed) if closed else []
        if exact:
            axes.plot([x for x, _ in exact], [y for _, y in exact], color=ink(), **CLOSED)
            known = True
    if known:
        axes.plot([], [], color=ink(), **CLOSED, label="closed form")


def closed_form(points: Sequence[Point], measure: str) -> list[tuple[float, float]]:
    """Return the closed form along a curve, between its points as well."""
    scenario = points[0].scenario
    varied = [
        name
        for name, value in scenario.parameters().items()
        if any(point.scenario.parameters()[name] != value for point in points)
    ]
    found = []
    for axis in varied[:1]:
        whole = isinstance(getattr(scenario, axis), int)
        for x in dense([point.x for point in points]):
            if whole and x != round(x):
                continue
            exact = replace(scenario, **{axis: round(x) if whole else x}).exact()
            if measure in exact:
                found.append((x, exact[measure]))
    return found


def draw_points(results: Sequence[Result], axes: Axes, theme: Theme, x: str, y: str) -> dict[str, Summary]:
    """Draw one point with error bars per policy; return the summaries that have both values."""
    found = [summarise(group) for group in by_scenario(results).values()]
    points = {s.label: s for s in found if s.estimates[x] is not None and s.estimates[y] is not None}
    if not points:
        raise ValueError(f"no scenario has a value of {x} and of {y}: there is nothing to draw")
    for label, summary in points.items():
        at, up = known(summary, x), known(summary, y)
        colour, marker = look(label, list(points), theme)
        (left, right), (low, high) = band(at), band(up)
        axes.errorbar(
            at.mean,
            up.mean,
            xerr=[[at.mean - left], [right - at.mean]],
            yerr=[[up.mean - low], [high - up.mean]],
            color=colour,
            marker=marker,
            markersize=9,
            elinewidth=1.6,
            markeredgewidth=0,
            zorder=6,
        )
    return points


def known(summary: Summary, measure: str) -> Interval:
    """Return an estimate that must be there; ValueError if it is not."""
    found = summary.estimates[measure]
    if found is None:
        raise ValueError(f"{measure} has no value under {summary.scenario}")
    return found


def band(found: Interval) -> tuple[float, float]:
    """Return the interval's ends; a single replication has none and shrinks to its value."""
    return (found.low, found.high) if isfinite(found.half_width) else (found.mean, found.mean)


def dense(xs: Sequence[float]) -> list[float]:
    """Return the places with eleven more between each two."""
    between = [a + (b - a) * step / STEPS for a, b in pairwise(xs) for step in range(STEPS)]
    return [*between, xs[-1]]


def first(found: Curves) -> Any:
    """Return some scenario of the curves, for the parameters they share."""
    return next(iter(found.values()))[0].scenario


def places(found: Curves) -> list[float]:
    """Return every place on the x axis that was run."""
    return sorted({point.x for points in found.values() for point in points})


def look(label: str, among: Sequence[str], theme: Theme) -> tuple[str, str]:
    """Return the colour and the marker of a policy."""
    name = hue(label, among)
    return HUES[theme][name], MARKERS[name]


def ink() -> str:
    """Return the colour of text in the current theme: closed forms are drawn in it."""
    return str(matplotlib.rcParams["text.color"])
