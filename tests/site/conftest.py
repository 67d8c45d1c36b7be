"""The site, built once as a user would, served below a path, and Chromium to look at it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.site.server import served
from workbook.places import CHECKOUT

FORCED = os.environ.get("PUBSUB_FORCE_SITE") == "1"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def needed(there: object, sentence: str) -> None:
    """Skip with the sentence where something is missing; fail where nothing may be (PUBSUB_FORCE_SITE=1)."""
    if not there:
        (pytest.fail if FORCED else pytest.skip)(sentence)


def browser_there() -> str | None:
    """The path of a Chromium of this machine."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def build(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`mkdocs build --strict` into the folder."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    variables = {**os.environ, "NO_MKDOCS_2_WARNING": "1", **environment}
    return subprocess.run(command, cwd=CHECKOUT, env=variables, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as it is built on this machine."""
    needed(find_spec("mkdocs"), "mkdocs is not installed; `make site` installs it with the extra `site`.")
    folder = tmp_path_factory.mktemp("site")
    done = build(folder)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return folder


@pytest.fixture(scope="session")
def address(built: Path) -> Iterator[str]:
    """Where the site is served."""
    with served(built) as found:
        yield found


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """A browser without a window. Gone when the tests of the site are: its event loop runs in this very thread."""
    needed(find_spec("playwright"), "Playwright is not installed; the extra `browser` brings it.")
    found = browser_there()
    needed(found, "Chromium is not installed (Debian, Ubuntu: apt install chromium).")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, headless=True, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def window(chromium: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Opens windows that remember nothing of one another; what went wrong in them fails the test at its end."""
    contexts, wrong = [], []

    def opened(path: str = "", **options: Any) -> Any:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: wrong.append(asked.url) if _outside(asked.url, address) else None)
        page.goto(address + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def _outside(url: str, address: str) -> bool:
    return not url.startswith((address, "data:", f"blob:{address[: address.index('/', 8)]}"))
