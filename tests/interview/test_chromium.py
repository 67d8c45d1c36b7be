"""A real browser as the candidate; slow, and only where there is one."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from tests.interview.bench import answers, setup
from workbook.interview.checklist import follow_up_text
from workbook.interview.desk import Desk
from workbook.interview.events import Ended
from workbook.interview.log import Running, open_sessions
from workbook.interview.page import SECOND_BROWSER
from workbook.interview.pair import PairPage
from workbook.interview.state import Phase

BROWSER = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine to be the candidate"),
]


def open_in_browser(link: str, profile: Path) -> str:
    """What stands on the page three seconds after its link was opened."""
    command = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"]
    done = subprocess.run(
        [*command, "--virtual-time-budget=3000", "--dump-dom", link],
        capture_output=True,
        text=True,
        timeout=120,
    )
    return unescape(done.stdout)


def test_a_pair_session_with_chromium_as_the_candidate(tmp_path: Path) -> None:
    with PairPage() as page, open_sessions(tmp_path) as sessions:
        running = Running(sessions, sessions.create(setup(minutes=12, mode="pair"), datetime.now(UTC)))
        desk = Desk(running, page=page)
        seen: set[Phase] = set()
        number = 0
        while True:
            state = desk.kept
            if state.phase not in seen:
                seen.add(state.phase)
                number += 1
                used = page.link
                shown = open_in_browser(page.link, tmp_path / f"profile-{number}")
                assert "left in all" in shown or state.phase is Phase.DONE
                expected = {
                    Phase.READY: "The interview begins in a moment.",
                    Phase.ASK: state.item.question if state.turns else "",
                    Phase.FOLLOW_UP: follow_up_text(state, state.turn) if state.turns else "",
                    Phase.SCORE: "Question 1",
                    Phase.DONE: "The interview is over. Thank you.",
                }[state.phase]
                assert expected in shown
                for hidden in (
                    "Confidential",
                    "secret text",
                    "Alarming",
                    "Pleasing",
                    "Undisclosed",
                    "Title of",
                ):
                    assert hidden not in shown
                assert SECOND_BROWSER in open_in_browser(used, tmp_path / f"other-{number}")
                page.renew()
            if state.phase is Phase.DONE:
                break
            for event in answers(state, points=0) or []:
                desk.send(event)
            if len(desk.kept.turns) > 1:
                desk.send(Ended())
    assert seen == {Phase.READY, Phase.ASK, Phase.FOLLOW_UP, Phase.SCORE, Phase.DONE}
