"""How long the playground makes one wait, in a real browser: python bench/playground.py [--rounds 5]

Builds the site, serves it from this machine, and opens the page in Chromium with nothing remembered. First result:
from the request for the page until a curve is drawn (and until all its repetitions are in). Later ones: from a step
of a slider until all repetitions of the new curves are in, the pause of 0.15 s for further steps included. Medians.
Needs the extra `browser`, Chromium, and `npm ci`.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from tests.site.conftest import QUIET, browser_there, build  # noqa: E402 - needs the path
from tests.site.server import served  # noqa: E402 - needs the path
from workbook.playground.charts import CHARTS  # noqa: E402 - needs the path

PATIENCE = 120_000  # ms
FIRST, LATER = 6.0, 1.0  # seconds: what was promised
IDLE = "#play[data-state=idle]"
DRAWN = "#play tbody tr"
# Waits for the result in the page itself: asking from outside costs a turn on the machine for each look.
STEP = """slider => new Promise(done => {
  const place = document.querySelector("#play"), start = performance.now();
  let begun = false;
  new MutationObserver(() => {
    if (place.dataset.state === "running") begun = true;
    else if (begun) done((performance.now() - start) / 1000);
  }).observe(place, { attributes: true, attributeFilter: ["data-state"] });
  slider.value = Number(slider.value) + (Number(slider.value) < 50 ? 7 : -7);
  slider.dispatchEvent(new Event("input"));
})"""


def one(browser: Any, address: str, scenario: str, steps: int) -> tuple[float, float, list[float]]:
    """Open one scenario; seconds until a curve, until all of it, and after each step of its first slider."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        start = time.perf_counter()
        page.goto(f"{address}playground/#scenario={scenario}", wait_until="commit")
        page.wait_for_selector(DRAWN, state="attached")
        drawn = time.perf_counter() - start
        page.wait_for_selector(IDLE)
        whole = time.perf_counter() - start
        slider = page.locator("#play input[type=range]").first
        return drawn, whole, [slider.evaluate(STEP) for _ in range(steps)]
    finally:
        context.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    order = parser.parse_args()
    from playwright.sync_api import sync_playwright  # not everybody has it

    slow = False
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder)).check_returncode()
        with served(Path(folder)) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_there(), args=QUIET)
            print(f"{'scenario':<18}{'first curve':>12}{'all of it':>11}{'after a step':>14}   seconds")
            for scenario in CHARTS:
                found = [one(browser, address, scenario, order.rounds) for _ in range(order.rounds)]
                drawn, whole = (median(each[part] for each in found) for part in (0, 1))
                later = median(step for each in found for step in each[2])
                slow |= drawn > FIRST or later > LATER
                print(f"{scenario:<18}{drawn:>12.2f}{whole:>11.2f}{later:>14.2f}", flush=True)
            browser.close()
    print(
        f"bars: {FIRST:g} s until the first result, {LATER:g} s for later ones: {'missed' if slow else 'met'}"
    )
    return slow


if __name__ == "__main__":
    sys.exit(main())
