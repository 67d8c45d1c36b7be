"""The steps that threads of a race take, as the checks of stages 4 and 5 write them down."""

from __future__ import annotations

from typing import Any

from workbook.graders.broker_race import Meeting
from workbook.graders.broker_scene import Names, Scene
from workbook.grading.check import Bench

LIMIT, SILENCE = 12.0, 3.0  # seconds; on an idle machine a check takes one, or two


def meeting(bench: Bench, name: str, buffer: int = 16) -> tuple[Meeting, Scene, Names]:
    scene = Scene(buffer=buffer)
    return Meeting(name, scene), scene, Names(bench.rng)


def publish(scene: Scene, by: str, topic: str, *keys: str) -> dict[str, Any]:
    return scene.op("publish", by, topic=topic, m=list(keys), b="b")


def subscribe(scene: Scene, by: str, sub: str, topic: str, policy: Any = None) -> list[dict[str, Any]]:
    return [
        scene.op("subscribe", by, sub=sub, topic=topic, policy=policy, b="b"),
        scene.op("enter", by, sub=sub),
    ]
