"""axe-core on every type of page, light and dark, wide and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.site.conftest import needed
from workbook.places import CHECKOUT

AXE = CHECKOUT / "node_modules" / "axe-core" / "axe.min.js"
PAGES = {
    "the first page": "",
    "how to study": "how_to_study/",
    "a plan": "plan/",
    "the questions": "questions/",
    "a question": "questions/q03_minimal_broker/",
    "a question with figures": "questions/q10_buffer_size/",
    "a question with Go": "questions/q24_bridging/",
    "the katas": "katas/",
    "a kata": "katas/broker/",
    "the proof": "katas/proof/",
    "the threat model": "threat_model/",
    "the scenarios": "scenarios/",
    "a scenario": "scenarios/buffer_sizing/",
    "the playground": "playground/",
    "concept checks": "concept_checks/",
    "signals": "signals/",
    "the packet": "packet/",
    "corrections": "corrections/",
    "reading": "reading/",
}
RUN = """() => axe.run(document, {resultTypes: ['violations']}).then(found => found.violations.map(
    one => `${one.id} (${one.impact}): ${one.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(' | ')}`))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_on_any_type_of_page(
    window: Callable[..., Any], address: str, scheme: str, width: int
) -> None:
    needed(AXE.is_file(), "axe-core is not installed; `npm ci` brings it.")
    page = window("", color_scheme=scheme, viewport={"width": width, "height": 800})
    found = {}
    for words, path in PAGES.items():
        page.goto(address + path)
        if path == "playground/" and page.locator("#play").count():
            page.wait_for_selector("#play .curve", timeout=240_000)
        page.add_script_tag(path=str(AXE))
        if violations := page.evaluate(RUN):
            found[words] = violations
    assert found == {}
