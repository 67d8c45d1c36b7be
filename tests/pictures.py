"""`make pictures`: the four pictures of the README, drawn from what they show.

A kata's card and the interview's screen as SVG from their own text, a figure of the simulator from a quick run,
the site's page from a browser (left as it is where Playwright or Chromium is absent).
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.interview.stage import NOW, stage
from tests.site.conftest import QUIET, browser_there, build
from tests.site.server import served
from workbook.interview.bank import read_bank
from workbook.interview.log import open_sessions
from workbook.interview.state import Setup
from workbook.places import notebooks

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
PAGE = "questions/q08_slow_subscriber/"


def card() -> None:
    """The card of a race, as a terminal shows it."""
    text = (ROOT / "tests" / "golden" / "card_race.txt").read_text(encoding="utf-8")
    with open("/dev/null", "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=112, file=nowhere, force_terminal=True)
        console.print(Text("$ pytest katas/broker.py::race_enter_enter", style="bold"))
        console.print(Text(text), highlight=False)
        console.save_svg(str(PICTURES / "kata.svg"), title="katas/broker.py", theme=MONOKAI)


def figure() -> None:
    """How old what is delivered gets, by policy."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "sim", "slow-subscriber", "--quick", "--out", folder], check=True, cwd=ROOT
        )
        shutil.copy(Path(folder) / "slow-subscriber-staleness.svg", PICTURES / "simulator.svg")


async def interview() -> None:
    """The checklist after an answer."""
    bank, _ = read_bank(notebooks())
    with tempfile.TemporaryDirectory() as folder:
        with open_sessions(Path(folder)) as sessions:
            sessions.create(Setup("senior", 45, 4, bank, "", "alone", ()), NOW)
        async with stage(Path(folder), size=(100, 30)) as on:
            await on.press("f2")
            await on.wait(42)
            await on.type("It depends on what a lost message costs")
            await on.press("f2")
            await on.press("space", "down", "down", "space")
            svg = on.app.export_screenshot(title="pubsub interview")
    (PICTURES / "interview.svg").write_text(svg, encoding="utf-8")


def site() -> None:
    """A question's page."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("The picture of the site is left as it is: pip install playwright, and Chromium, draw it.")
        return
    browser = browser_there()
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder)).check_returncode()
        with served(Path(folder)) as address, sync_playwright() as play:
            chromium = play.chromium.launch(executable_path=browser, args=QUIET)
            page = chromium.new_page(viewport={"width": 1180, "height": 760}, color_scheme="light")
            page.goto(address + PAGE)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=PICTURES / "site.png")
            chromium.close()


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    card()
    figure()
    asyncio.run(interview())
    site()
    for path in sorted(PICTURES.iterdir()):
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
