"""Scenes of which a picture is kept: `python -m tests.interview.scenes` draws them anew, to be looked at."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from tests.interview.stage import SCREENS, stage


async def alone(folder: Path) -> dict[str, str]:
    """One question from the first key to the last, by keyboard alone."""
    seen: dict[str, str] = {}
    async with stage(folder) as on:
        seen["ready"] = on.seen()
        await on.press("f2")
        await on.wait(42)
        await on.type("A lock around the map")
        await on.wait(2)
        seen["ask"] = on.seen()
        await on.press("f2")
        await on.press("space", "down", "down", "space")
        seen["check"] = on.seen()
        await on.press("f2")
        await on.wait(30)
        seen["follow_up"] = on.seen()
        await on.press("f2")
        await on.press("space", "down", "space")
        seen["follow_check"] = on.seen()
        await on.press("f2")
        await on.press("3", "2", "f2")
        seen["score_missing"] = on.seen()
        await on.press("f3")
        seen["paused"] = on.seen()
        await on.press("f3")
        await on.keys("f4")
        seen["note"] = on.seen()
        await on.press("escape")
        await on.press("4", "f2")
        for _ in range(8):
            await on.wait(50)
        seen["over_time"] = on.seen()
        await on.wait(400)
        seen["slept"] = on.seen()
        await on.keys("f10")
        seen["leave"] = on.seen()
        await on.press("e")
        seen["done"] = on.seen()
    return seen


async def together(folder: Path) -> dict[str, str]:
    """What the interviewer sees."""
    seen: dict[str, str] = {}
    async with stage(folder, mode="paper") as on:
        await on.press("f2")
        await on.press("space")
        seen["pair_ask"] = on.seen()
        await on.press("f2")
        seen["pair_follow_up"] = on.seen()
        await on.press("f2")
        seen["pair_score"] = on.seen()
    return seen


def every() -> dict[str, str]:
    """All pictures by name."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        return {**asyncio.run(alone(Path(one))), **asyncio.run(together(Path(other)))}


if __name__ == "__main__":
    SCREENS.mkdir(exist_ok=True)
    for name, text in every().items():
        (SCREENS / f"{name}.txt").write_text(text, encoding="utf-8")
