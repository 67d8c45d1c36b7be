"""Colours and markers: one per policy, the same in every figure, told apart by colour-blind readers too.

Chosen, and tested, so that any two differ clearly in normal vision and without red, green or blue cones, and
each stands out from its page; dark pages have lighter tints. Closed forms are black, or light on a dark page.
"""

from collections.abc import Sequence
from typing import Any, Literal

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")

HUES: dict[Theme, dict[str, str]] = {
    "light": {
        "rust": "#b84300",
        "navy": "#00508c",
        "green": "#2b8a57",
        "orange": "#da7a00",
        "pink": "#c17ab3",
        "sky": "#0a97f0",
        "umber": "#463800",
        "slate": "#6a6070",
    },
    "dark": {
        "rust": "#fd8462",
        "navy": "#2f95f5",
        "green": "#50ecb0",
        "orange": "#ffb602",
        "pink": "#c98fd0",
        "sky": "#bef5ff",
        "umber": "#8a8300",
        "slate": "#7d8f95",
    },
}
MARKERS = dict(zip(HUES["light"], "oDs^vPXh", strict=True))  # a second difference, for print and for the eye

POLICIES: dict[str, str] = {
    # a full buffer
    "drop-newest": "rust",
    "drop-oldest": "orange",
    "conflate": "green",
    "block": "navy",
    "disconnect": "pink",
    "grow": "slate",
    # a hot key
    "hash": "rust",
    "salting": "orange",
    "hot-salting": "umber",
    "composite-key": "green",
    "two-choices": "pink",
    "key-grouping": "sky",
    "round-robin": "slate",
    "worker-per-message": "navy",
    # a refused client
    "none": "slate",
    "fixed": "umber",
    "exponential": "rust",
    "equal-jitter": "orange",
    "full-jitter": "navy",
    "decorrelated": "green",
    "cap-outside": "pink",
}


def hue(label: str, among: Sequence[str]) -> str:
    """Return the hue of a policy by its name; of a number by its place among those shown."""
    return POLICIES.get(label) or ("sky", "navy", "orange", "rust", "pink", "green")[among.index(label) % 6]


def settings(theme: Theme) -> Any:
    """Return matplotlib's settings for a theme (its own type for them names each), for repeatable SVG too."""
    ink, paper, faint = (
        ("#1b1b1f", "#ffffff", "#d9d9de") if theme == "light" else ("#e4e4ea", "#1e2129", "#3a3f4b")
    )
    return {
        "svg.hashsalt": "pubsub-workbook",
        "svg.fonttype": "path",
        "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
        "font.size": 10.5,
        "text.color": ink,
        "axes.labelcolor": ink,
        "axes.edgecolor": ink,
        "axes.facecolor": paper,
        "axes.titlesize": 13,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 22.0,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.grid.which": "major",
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "grid.color": faint,
        "grid.linewidth": 0.7,
        "figure.facecolor": paper,
        "savefig.facecolor": paper,
        "xtick.color": ink,
        "ytick.color": ink,
        "xtick.minor.visible": False,
        "ytick.minor.visible": False,
        "legend.frameon": False,
        "legend.fontsize": 9.5,
        "lines.linewidth": 1.9,
        "lines.markersize": 5.5,
    }
