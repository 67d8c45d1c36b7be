"""Figures of the slow subscriber."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from sim.plots.curves import DOTTED, Curves, curves, dense, draw_curves, first, ink, places
from sim.plots.margin import name_curves
from sim.plots.palette import Theme
from sim.scenario import Result

SLOWNESS = "slowness: handling time, times a fast neighbour's"


def loss_against_slowness(results: Sequence[Result], axes: Axes, theme: Theme) -> None:
    """What a slow subscriber loses under each policy."""
    found = curves(results, "slowness", "slow_loss")
    draw_curves(axes, found, theme, closed="slow_loss")
    axes.set(title="What does a slow subscriber lose?", ylim=(-0.03, 1.03))
    axes.set(xlabel=SLOWNESS, ylabel="lost, share of messages")
    _overload(axes, found)
    name_curves(axes, found, theme)


def staleness_against_slowness(results: Sequence[Result], axes: Axes, theme: Theme) -> None:
    """How old what a slow subscriber gets is under each policy."""
    found = curves(results, "slowness", "slow_age")
    axes.set_yscale("log")
    draw_curves(axes, found, theme, closed="slow_age")
    axes.set(title="How stale is what a slow subscriber still gets?")
    axes.set(xlabel=SLOWNESS, ylabel="mean age when handled, s")
    _overload(axes, found)
    name_curves(axes, found, theme)


def neighbour_against_slowness(results: Sequence[Result], axes: Axes, theme: Theme) -> None:
    """What a slow subscriber costs its fast neighbours."""
    found = curves(results, "slowness", "fast_throughput")
    draw_curves(axes, found, theme, closed="fast_throughput")
    base, xs = first(found), dense(places(found))
    own = [min(base.publish_rate, base.fast_rate / x) for x in xs]
    axes.plot(xs, own, color=ink(), **DOTTED, label="what the slow one can handle")
    axes.set(title="What does a slow subscriber cost a fast neighbour?", ylim=(0, None))
    axes.set(xlabel=SLOWNESS, ylabel="handled by a fast subscriber, messages/s")
    _overload(axes, found)
    name_curves(axes, found, theme)


def life_of_a_connection(results: Sequence[Result], axes: Axes, theme: Theme) -> None:
    """How long a slow subscriber stays connected if an overflow disconnects it."""
    found = curves(results, "slowness", "connection")
    axes.set_yscale("log")
    draw_curves(axes, found, theme, closed="connection")
    axes.set(title="How long until a slow subscriber is disconnected?")
    axes.set(xlabel=SLOWNESS, ylabel="mean life of a connection, s")
    name_curves(axes, found, theme)


def throughput_under_block(results: Sequence[Result], axes: Axes, theme: Theme) -> None:
    """What a publisher gets through that waits for everybody, against their number."""
    found = curves(results, "subscribers", "fast_throughput", by="buffer")
    axes.set_xscale("log")
    draw_curves(axes, found, theme, closed="fast_throughput")
    axes.set(title="Block: what does one more subscriber cost everybody?", ylim=(0, None))
    axes.set(xlabel="identical subscribers, random handling times", ylabel="throughput, messages/s")
    name_curves(axes, found, theme, lambda label: "1 place: μ / H(S)" if label == "1" else f"{label} places")


def _overload(axes: Axes, found: Curves) -> None:
    """Mark from which slowness on a subscriber cannot keep up."""
    base = first(found)
    limit = base.fast_rate / base.publish_rate
    axes.axvline(limit, color=ink(), linewidth=0.9, alpha=0.6)
    axes.annotate(
        "cannot keep up →",
        (limit, 1.0),
        (4, 3),
        ("data", "axes fraction"),
        "offset points",
        va="bottom",
        fontsize=9,
        alpha=0.85,
        annotation_clip=False,
    )
