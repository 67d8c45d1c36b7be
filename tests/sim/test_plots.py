"""Every figure is drawn from real results and read by machine: nothing overlaps, nothing leaves the page."""

from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from sim.backoff import BACKOFFS
from sim.plots import DRAWINGS, THEMES, caption, figure, save
from sim.plots.curves import closed_form, curves, look
from sim.plots.margin import GAP, apart, plain
from sim.plots.palette import HUES, MARKERS, POLICIES, settings
from sim.policies import MAKERS
from sim.routing import MITIGATIONS
from sim.scenario import Result
from sim.studies import SCENARIOS, defaults, studies, variants
from sim.sweep import by_scenario, sweep

TINY = {
    "slow-subscriber": {"duration": 0.4, "warm_up": 0.1, "subscribers": 2},
    "buffer-sizing": {"messages": 400},
    "hot-keys": {"messages": 400},
    "reconnect-storm": {"clients": 40, "capacity": 20.0},
}


@pytest.fixture(scope="module")
def shown() -> dict[str, tuple[Result, ...]]:
    """Two replications of everything that each figure shows, as the command makes them."""
    found = {}
    for name, kind in SCENARIOS.items():
        base = kind(**(defaults(name, quick=True) | TINY[name]))
        wanted = studies(base, variants(base, chosen=False), quick=True)
        scenarios = dict.fromkeys(scenario for study in wanted for scenario in study.scenarios)
        groups = by_scenario(sweep(tuple(scenarios), 2))
        for study in wanted:
            found[study.figure] = tuple(result for s in study.scenarios for result in groups[s])
    return found


def texts(drawn: Figure) -> list[tuple[str, Bbox]]:
    """Return every text that is drawn with its box in pixels."""
    canvas = FigureCanvasAgg(drawn)
    canvas.draw()
    renderer = canvas.get_renderer()
    beyond = set()  # ticks outside the limits exist, but are not drawn
    for axes in drawn.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            margin = 1e-9 * (high - low)
            beyond |= {
                tick.label1
                for tick in axis.get_major_ticks()
                if not low - margin <= tick.get_loc() <= high + margin
            }
    return [
        (text.get_text(), text.get_window_extent(renderer))
        for text in drawn.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in beyond
    ]


def test_every_figure_of_every_study_can_be_drawn(shown: dict[str, tuple[Result, ...]]) -> None:
    assert set(shown) == set(DRAWINGS)


# the theme moves nothing, so one dark figure will do
@pytest.mark.parametrize(
    ("name", "theme"), [*((name, "light") for name in DRAWINGS), ("hot-keys-price", "dark")]
)
def test_a_figure_asks_a_question_names_its_axes_and_no_text_overlaps_or_leaves_the_page(
    name: str, theme: str, shown: dict[str, tuple[Result, ...]]
) -> None:
    with rc_context(settings(theme)):
        drawn = figure(name, shown[name], theme)
        found = texts(drawn)
    (axes,) = drawn.axes
    assert axes.get_title(loc="left").endswith("?")
    assert axes.get_xlabel()
    assert axes.get_ylabel()
    page = drawn.bbox
    for text, box in found:
        assert page.x0 <= box.x0, text
        assert box.x1 <= page.x1, text
        assert page.y0 <= box.y0, text
        assert box.y1 <= page.y1, text
    for (one, a), (two, b) in combinations(found, 2):
        slack = 1.5  # pixels: boxes include the space above and below letters
        apart_x = a.x1 - slack <= b.x0 or b.x1 - slack <= a.x0
        apart_y = a.y1 - slack <= b.y0 or b.y1 - slack <= a.y0
        assert apart_x or apart_y, f"{one!r} overlaps {two!r}"


def test_equal_results_give_equal_bytes(tmp_path: Path) -> None:
    def drawn(stem: str) -> tuple[bytes, bytes]:
        base = SCENARIOS["hot-keys"](messages=200, users=20)
        results = sweep(variants(base, chosen=False), 2, seed=3)
        save(tmp_path / stem, "hot-keys-price", results)
        return (tmp_path / f"{stem}.svg").read_bytes(), (tmp_path / f"{stem}.png").read_bytes()

    assert drawn("once") == drawn("again")


def test_a_closed_form_is_dashed_in_the_ink_of_the_page(shown: dict[str, tuple[Result, ...]]) -> None:
    for theme in THEMES:
        (axes,) = figure("buffer-sizing-loss", shown["buffer-sizing-loss"], theme).axes
        dashed = [line for line in axes.lines if line.is_dashed() and len(line.get_xdata()) > 20]
        assert len(dashed) == 4  # one a load
        assert {line.get_color() for line in dashed} == {settings(theme)["text.color"]}


def test_a_closed_form_is_the_scenarios_own_between_the_points_too(
    shown: dict[str, tuple[Result, ...]],
) -> None:
    (found,) = [
        points
        for label, points in curves(shown["buffer-sizing-loss"], "buffer", "loss", by="load").items()
        if label == "1.2"
    ]
    exact = dict(closed_form(found, "loss"))
    assert exact[3.0] == replace(found[0].scenario, buffer=3).exact()["loss"]
    assert len(exact) > len(found)


def test_a_caption_repeats_what_is_needed_to_repeat_the_figure(
    shown: dict[str, tuple[Result, ...]],
) -> None:
    text = caption(shown["hot-keys-price"]).replace("\n", " ")
    assert "means of 2 replications with 95 % bands" in text
    assert "seed 1, numpy streams" in text
    assert "messages 400" in text
    assert "mitigation" not in text  # that is what varies


def test_a_figure_without_results_says_so() -> None:
    with pytest.raises(ValueError, match="figure hot-keys-load needs results, got none"):
        figure("hot-keys-load", ())


def test_a_measure_nobody_has_says_so(shown: dict[str, tuple[Result, ...]]) -> None:
    calm = SCENARIOS["slow-subscriber"](policy="disconnect", slowness=0.1, duration=0.2)
    with pytest.raises(ValueError, match="no scenario has a value of connection"):
        figure("slow-subscriber-connection", sweep((calm,), 2))


# --- colours


MACHADO = {  # Machado, Oliveira and Fernandes (2009), severity 1: what is left without one kind of cone
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.01182, 0.04294, 0.968881),
    ),
    "no blue": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.3039),
    ),
}


def linear(colour: str) -> tuple[float, ...]:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return tuple(p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)


def luminance(colour: str) -> float:
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))


def lab(rgb: tuple[float, ...]) -> tuple[float, float, float]:
    to_xyz = (
        (0.4124564, 0.3575761, 0.1804375),
        (0.2126729, 0.7151522, 0.072175),
        (0.0193339, 0.119192, 0.9503041),
    )
    white = (0.95047, 1.0, 1.08883)
    x, y, z = (
        sum(w * c for w, c in zip(row, rgb, strict=True)) / reference
        for row, reference in zip(to_xyz, white, strict=True)
    )
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("sight", MACHADO)
def test_any_two_colours_differ_for_every_kind_of_sight(sight: str, theme: str) -> None:
    seen = {}
    for name, colour in HUES[theme].items():
        left = (sum(w * c for w, c in zip(row, linear(colour), strict=True)) for row in MACHADO[sight])
        seen[name] = lab(tuple(min(1.0, max(0.0, part)) for part in left))
    for (one, a), (two, b) in combinations(seen.items(), 2):
        distance = sum((p - q) ** 2 for p, q in zip(a, b, strict=True)) ** 0.5
        assert distance > 15, f"{one} and {two}"  # 2.3 is just noticeable


@pytest.mark.parametrize("theme", THEMES)
def test_every_colour_stands_out_from_its_page(theme: str) -> None:
    paper = luminance(settings(theme)["axes.facecolor"])
    for name, colour in HUES[theme].items():
        light, dark = sorted((luminance(colour), paper), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3.0, name  # WCAG 2.2, 1.4.11


@pytest.mark.parametrize("group", [tuple(MAKERS), MITIGATIONS, BACKOFFS])
def test_policies_shown_together_have_colours_and_markers_of_their_own(group: tuple[str, ...]) -> None:
    assert set(group) <= set(POLICIES)
    looks = [look(name, group, "light") for name in group]
    assert len({colour for colour, _ in looks}) == len({marker for _, marker in looks}) == len(group)
    assert len(set(MARKERS.values())) == len(MARKERS)


# --- names at the margin


def test_names_are_moved_apart_and_stay_on_the_page() -> None:
    assert apart([0.5, 0.5, 0.5], 0.1) == pytest.approx([0.5, 0.6, 0.7])
    assert apart([0.97, 0.98, 1.0], 0.1) == pytest.approx([0.8, 0.9, 1.0])
    assert apart([0.1, 0.9], 0.1) == [0.1, 0.9]
    crowded = apart([0.99] * 10, GAP)
    assert crowded == sorted(crowded)
    assert max(crowded) <= 1.0
    assert min(b - a for a, b in pairwise(crowded)) == pytest.approx(GAP)


@pytest.mark.parametrize(("value", "text"), [(1000.0, "1,000"), (0.01, "0.01"), (1e-5, "10⁻⁵"), (0.5, "0.5")])
def test_ticks_are_plain_numbers(value: float, text: str) -> None:
    assert plain(value) == text
