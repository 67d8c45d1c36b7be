"""The screen on a stage: a fixed bank, a clock that is moved by hand, keys, and what is then seen as text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from textual.pilot import Pilot

from tests.interview.bench import setup
from workbook.interview.desk import Desk, Suggest
from workbook.interview.log import Running, Sessions, open_sessions
from workbook.interview.pair import PairPage
from workbook.interview.terminal import InterviewScreen
from workbook.interview.time_keeper import TimeKeeper

SCREENS = Path(__file__).with_name("screens")
SIZE = (80, 24)
NOW = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Stage:
    """One screen that is being played on."""

    def __init__(
        self, sessions: Sessions, app: InterviewScreen, desk: Desk, pilot: Pilot[None], hand: Hand
    ) -> None:
        self.sessions, self.app, self.desk, self._pilot, self._hand = sessions, app, desk, pilot, hand

    async def press(self, *keys: str) -> None:
        await self._pilot.press(*keys)
        await self.settle()

    async def type(self, text: str) -> None:
        await self.press(*({" ": "space"}.get(letter, letter) for letter in text))

    async def wait(self, seconds: float) -> None:
        """Time goes by, and the screen notices."""
        self._hand.seconds += seconds
        self.app.tick()
        await self.settle()

    async def settle(self) -> None:
        await self._pilot.pause()
        await self.app.workers.wait_for_complete()
        await self._pilot.pause()

    async def pause(self) -> None:
        """Let the screen draw; for when a dialog waits for an answer."""
        await self._pilot.pause()

    async def keys(self, *keys: str) -> None:
        """As `press`, without waiting for a dialog to end."""
        await self._pilot.press(*keys)
        await self._pilot.pause()

    def seen(self) -> str:
        """The screen as text."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips).rstrip() + "\n"


@asynccontextmanager
async def stage(
    folder: Path,
    kata: str = "",
    mode: str = "alone",
    theme: str = "dark",
    page: PairPage | None = None,
    suggest: Suggest | None = None,
    size: tuple[int, int] = SIZE,
) -> AsyncIterator[Stage]:
    """A screen over the open session of `folder`, or a new one."""
    hand = Hand()
    with open_sessions(folder) as sessions:
        kept = sessions.unfinished() or sessions.create(setup(kata=kata, mode=mode), NOW)
        desk = Desk(Running(sessions, kept), TimeKeeper(kept.state.now, hand, hand), page, suggest)
        app = InterviewScreen(desk, theme)
        async with app.run_test(size=size) as pilot:
            on = Stage(sessions, app, desk, pilot, hand)
            await on.settle()
            yield on
