"""Figures of hot keys."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from sim.plots.curves import CLOSED, band, curves, draw_curves, draw_points, first, ink, known, places
from sim.plots.margin import End, name_curves, name_points
from sim.plots.palette import HUES, Theme
from sim.scenario import Result
from sim.theory_keys import split_bound


def load_against_partitions(results: Sequence[Result], axes: Axes, theme: Theme) -> None:
    """Whether more partitions cool the hot one down."""
    found = curves(results, "partitions", "max_over_mean")
    axes.set(xscale="log", yscale="log")
    draw_curves(axes, found, theme)
    base, xs = first(found), places(found)
    ends = []
    for name, ways in (("whole", 1), ("halved", 2)):
        floors = [split_bound(base.shares()[0], round(x), ways) for x in xs]
        axes.plot(xs, floors, color=ink(), **CLOSED)
        ends.append(End(xs[-1], floors[-1], f"floor, key {name}", ink()))
    axes.plot([], [], color=ink(), **CLOSED, label="floor: the heaviest key's share × partitions")
    drowned = 1.0 / base.utilisation
    text = f"the fullest partition drowns (utilisation {base.utilisation:.0%})"
    axes.axhspan(drowned, 1e4, color=HUES[theme]["rust"], alpha=0.1, linewidth=0, zorder=0, label=text)
    highest = max(point.high for points in found.values() for point in points)
    axes.set(title="Do more partitions cool the hot one down?", ylim=(0.93, 2.1 * max(highest, drowned)))
    axes.set(xlabel="partitions", ylabel="load of the fullest partition over the mean")
    axes.legend(loc="upper left")
    name_curves(axes, found, theme, also=ends)


def price_of_evenness(results: Sequence[Result], axes: Axes, theme: Theme) -> None:
    """What each mitigation gains in load and costs in order."""
    points = draw_points(results, axes, theme, "hot_utilisation", "reordered")
    colour = HUES[theme]["rust"]
    axes.axvspan(
        1.0, 1e3, color=colour, alpha=0.1, linewidth=0, zorder=0, label="the fullest partition drowns"
    )
    right = max(band(known(summary, "hot_utilisation"))[1] for summary in points.values())
    axes.set(
        title="What does evening out the load cost?", xlim=(0, 1.08 * max(1.2, right)), ylim=(-0.02, None)
    )
    axes.set(xlabel="load of the fullest partition: max/mean × utilisation")
    axes.set_ylabel("messages out of order within their key, share")
    axes.legend(loc="best", title="(n): partitions that hold the hottest key", title_fontsize=9.5)
    name_points(
        axes,
        points,
        theme,
        "hot_utilisation",
        "reordered",
        lambda summary: f"{summary.label} ({known(summary, 'fan_in').mean:.0f})",
    )
