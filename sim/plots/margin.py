"""Names at the right margin instead of a legend's keys, and axes in plain numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isclose, log10

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from sim.plots.curves import Curves, closed_form, known, look, places
from sim.plots.palette import Theme
from sim.summary import Summary

GAP = 0.058  # of the axes' height, between two names


@dataclass(frozen=True)
class End:
    """What is named: where it is, in data coordinates, and how."""

    x: float
    y: float
    text: str
    colour: str


def name_curves(
    axes: Axes,
    found: Curves,
    theme: Theme,
    name: Callable[[str], str] = str,
    also: Sequence[End] = (),
    ticks: bool = True,
    closed: str = "",
) -> None:
    """Name each curve, and what else ends there, at the right margin; tick the places that were run.

    A curve that ends in zeros, which a logarithmic scale cannot show, is named at the end of its closed form.
    """
    if ticks:
        axes.xaxis.set_major_locator(FixedLocator(places(found)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,g}"))
        axes.xaxis.set_minor_locator(NullLocator())
    labels = list(found)
    ends = []
    for label, points in found.items():
        x, y = points[-1].x, points[-1].mean
        if closed and y <= 0 and axes.get_yscale() == "log":
            x, y = (closed_form(points, closed) or [(x, y)])[-1]
        ends.append(End(x, y, name(label), look(label, labels, theme)[0]))
    _write(axes, [*ends, *also])


def name_points(
    axes: Axes,
    points: dict[str, Summary],
    theme: Theme,
    x: str,
    y: str,
    name: Callable[[Summary], str] = lambda summary: summary.label,
) -> None:
    """Name each point at the right margin, with a line that leads there."""
    labels = list(points)
    plain_numbers(axes.xaxis, axes.get_xlim())
    _write(
        axes,
        [
            End(known(s, x).mean, known(s, y).mean, name(s), look(label, labels, theme)[0])
            for label, s in points.items()
        ],
    )


def plain_numbers(axis: Axis, limits: tuple[float, float]) -> None:
    """Write a logarithmic scale in plain numbers, at 1, 2 and 5 of each decade where they are few."""
    if axis.get_scale() == "log":
        few = log10(limits[1] / limits[0]) < 2.5
        axis.set_major_locator(LogLocator(10, subs=(1, 2, 5) if few else (1,), numticks=20))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}" if few else plain(value)))
        axis.set_minor_locator(NullLocator())


def plain(value: float) -> str:
    """Write a tick: powers of ten below a thousandth as such, all else in digits."""
    exponent = round(log10(value))
    if exponent < -3 and isclose(value, 10.0**exponent):
        return f"10{str(exponent).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
    return f"{value:,g}"


def _write(axes: Axes, ends: Sequence[End]) -> None:
    """Write names at the height of what they name, moved apart where they would overlap."""
    plain_numbers(axes.yaxis, axes.get_ylim())
    if axes.get_legend() is None and axes.get_legend_handles_labels()[1]:
        axes.legend(loc="best")
    to_axes = axes.transData + axes.transAxes.inverted()
    bottom = axes.get_ylim()[0]
    logarithmic = axes.get_yscale() == "log"
    placed = []
    for end in ends:
        at, height = to_axes.transform((end.x, max(end.y, bottom) if logarithmic else end.y))
        placed.append((min(max(height, 0.0), 1.0), at, end))
    placed.sort(key=lambda entry: entry[0])
    heights = apart([height for height, _, _ in placed], GAP)
    for (height, at, end), moved in zip(placed, heights, strict=True):
        axes.plot(
            [at, 1.03],
            [height, moved],
            transform=axes.transAxes,
            color=end.colour,
            linewidth=0.8,
            alpha=0.7,
            clip_on=False,
            zorder=2,
        )
        axes.text(
            1.04, moved, end.text, transform=axes.transAxes, color=end.colour, va="center", fontsize=9.8
        )


def apart(heights: Sequence[float], gap: float) -> list[float]:
    """Return sorted heights moved so that neighbours are a gap apart, none above 1 if there is room."""
    moved = list(heights)
    for index in range(1, len(moved)):
        moved[index] = max(moved[index], moved[index - 1] + gap)
    ceiling = 1.0
    for index in range(len(moved) - 1, -1, -1):
        moved[index] = min(moved[index], ceiling)
        ceiling = moved[index] - gap
    return moved
