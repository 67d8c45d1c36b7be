"""The playground from end to end: Python in the page, sliders, predictions, links, stopping."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.__main__ import simulate
from sim.arguments import read
from sim.studies import variants
from sim.summary import estimate, label_of
from sim.sweep import by_scenario
from tests.site.conftest import needed
from workbook.playground.charts import CHARTS
from workbook.playground.packing import PYODIDE

Window = Callable[..., Any]
LOAD = 240_000  # ms; an idle machine needs a few seconds
IDLE = "#play[data-state=idle]"


@pytest.fixture
def play(window: Window) -> Callable[..., Any]:
    needed((PYODIDE / "pyodide.mjs").is_file(), "Pyodide is not installed; `npm ci` brings it.")

    def opened(link: str = "", **options: Any) -> Any:
        page = window(f"playground/{link}", **options)
        page.set_default_timeout(LOAD)
        page.wait_for_selector(IDLE)
        return page

    return opened


def means(page: Any) -> dict[tuple[str, float], float]:
    """Every point that is drawn, with all its digits."""
    rows = page.locator("#play tbody tr").evaluate_all(
        "rows => rows.map(row => [row.dataset.label, Number(row.dataset.x), Number(row.dataset.mean)])"
    )
    return {(label, x): mean for label, x, mean in rows}


def test_page_and_command_line_give_the_same_numbers(play: Callable[..., Any]) -> None:
    page = play("#scenario=buffer-sizing&messages=300&buffer=8&replications=3&seed=11")
    command = page.locator("#play code").text_content().split()
    assert command[:3] == ["pubsub", "sim", "buffer-sizing"]
    order = read([*command[2:], "--jobs", "1"], "pubsub sim")
    assert order is not None
    compared = variants(order.scenario, order.chosen)
    results, _ = simulate(order, compared, compared)
    found = means(page)
    for scenario, group in by_scenario(results).items():
        label = label_of(scenario, scenario.compared)
        if label in CHARTS["buffer-sizing"].shown:
            loss = estimate(group, "loss")
            assert loss is not None
            assert found[label, 8.0] == pytest.approx(loss.mean, rel=1e-6)


def test_a_slider_moves_the_loss_the_way_theory_says(play: Callable[..., Any]) -> None:
    page = play("#scenario=slow-subscriber&replications=2")
    before = means(page)
    assert page.locator("#play .closed").count() == 1
    assert page.locator("#play .mean").count() == 2
    assert page.locator("#play .band").count() == 1  # what block loses is 0 in every run
    slider = page.get_by_role("slider", name="fast rate")
    slider.focus()
    page.keyboard.press("Home")  # handlers at their slowest
    page.wait_for_function("document.querySelector('#play').dataset.state === 'running'")
    page.wait_for_selector(IDLE)
    after = means(page)
    assert after["drop-newest", 2.0] > before["drop-newest", 2.0]
    assert after["block", 2.0] == before["block", 2.0] == 0
    assert "fast_rate=200" in page.url


def test_a_prediction_is_drawn_and_compared_and_a_link_keeps_it(play: Callable[..., Any]) -> None:
    page = play("#scenario=hot-keys&messages=200&replications=2&prediction=3.5&policies=hash")
    assert page.locator("#play .prediction").count() == 1
    assert "you said 3.5; simulated: hash" in page.locator("#play .verdict").inner_text()
    page.get_by_label("salting", exact=True).check()
    page.wait_for_selector('#play .curve[data-label="salting"]')
    page.wait_for_selector(IDLE)
    found, link = means(page), page.url[page.url.index("#") :]
    assert means(play(link)) == found


def test_a_bad_link_gets_a_sentence_and_the_form_mends_it(play: Callable[..., Any]) -> None:
    page = play("#scenario=hot-keys&users=%3Cimg%20src=x%3E&messages=100&replications=1")
    alert = page.locator("#play .fault")
    assert alert.inner_text().startswith("users must be a whole number")
    assert page.locator("#play img").count() == 0
    page.locator("#p-users").fill("50")
    page.keyboard.press("Tab")
    page.wait_for_selector("#play .curve")
    assert not alert.is_visible()


def test_a_run_can_be_stopped_and_the_page_never_freezes(play: Callable[..., Any]) -> None:
    page = play("#scenario=hot-keys&messages=100&replications=1")
    page.evaluate("location.hash = '#scenario=reconnect-storm&clients=2000&replications=100'")
    page.get_by_role("button", name="Stop").wait_for()
    page.evaluate(
        """() => new Promise(done => { let left = 30;
        (function tick() { left-- ? setTimeout(tick, 20) : done() })() })"""
    )
    assert (
        page.locator("#play").get_attribute("data-state") == "running"
    )  # the page's own clock went on meanwhile
    page.get_by_role("button", name="Stop").click()
    assert page.locator("#play .status").last.inner_text().startswith("Stopped")
    page.locator("#p-scenario").select_option("hot-keys")
    page.wait_for_selector("#play .curve")
