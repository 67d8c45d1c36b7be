"""Figures in notebooks are compared from run to run, so equal figures have to give equal text."""

from matplotlib.figure import Figure

from sim.plots import figure
from sim.slow_subscriber import SlowSubscriber
from sim.sweep import sweep
from workbook.teaching.svg_figure import svg_figure


def drawn() -> Figure:
    scenarios = [SlowSubscriber(slowness=slowness, duration=0.1) for slowness in (1.0, 2.0)]
    return figure("slow-subscriber-staleness", sweep(scenarios, 2))


def test_equal_figures_give_equal_text_without_date_or_version() -> None:
    first, second = svg_figure(drawn()).data, svg_figure(drawn()).data
    assert first == second
    assert "<dc:date>" not in first
    assert "Matplotlib" not in first


def test_words_stay_words_and_make_the_figure_small() -> None:
    found = svg_figure(drawn()).data
    assert "How stale is what a slow subscriber still gets?" in found
    assert len(found) < 20_000


def test_what_is_added_to_a_figure_is_seen() -> None:
    marked = drawn()
    marked.axes[0].annotate("you predicted 3", (1, 0.1))
    assert "you predicted 3" in svg_figure(marked).data
