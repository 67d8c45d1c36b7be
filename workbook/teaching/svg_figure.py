"""A figure as a cell's output: an SVG that is small enough to be stored, and the same at every run."""

from io import StringIO
from typing import Any

import matplotlib
from IPython.display import SVG
from matplotlib.figure import Figure

# Letters as outlines make a figure four times as large; a browser has letters of its own.
SETTINGS: Any = {"svg.fonttype": "none", "svg.hashsalt": "pubsub-workbook"}


def svg_figure(figure: Figure) -> SVG:
    """Return the figure as SVG without date or version; equal figures give equal text."""
    written = StringIO()
    with matplotlib.rc_context(SETTINGS):
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return SVG(written.getvalue())  # type: ignore[no-untyped-call]
