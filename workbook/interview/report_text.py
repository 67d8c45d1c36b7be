"""A report as Markdown and as JSON. What people typed is inert in both: shown, never obeyed."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workbook.grading.inert import inert
from workbook.interview.anchors import BEST, TITLES
from workbook.interview.report import KataReport, Report, TurnReport
from workbook.interview.state import clock

LONGEST = 20_000


def plain(text: str) -> str:
    """Typed text as one line of Markdown that shows it letter by letter: no link, no tag, no markup, no control."""
    line = " ".join(inert(text, LONGEST).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = re.sub(r"([\\`*_{}\[\]()#+\-.!|~^$:=@/\"'])", r"\\\1", line)
    return re.sub(r"^(\d+)", r"\1&#8203;", line)  # a number at the start would be an item of a list


def as_markdown(report: Report) -> str:
    """The whole report."""
    began = f"{report.began:%d %B %Y, %H:%M}".lstrip("0")
    level = report.reached or "not settled"
    rows = [
        f"# Mock interview of {began}",
        "",
        f"**Level reached: {level}** (aimed at: {report.target}). {report.reason}",
        "",
        f"{clock(report.spent)} of {report.minutes} minutes, {len(report.turns)} questions, seed {report.seed}. "
        f"{report.ended or 'The session is not finished.'}",
        "",
        "## Questions",
        "",
        "| question | level | content | trade-offs | proof | points said | time of planned |",
        "|---|---|---:|---:|---:|---:|---:|",
        *(_row(turn) for turn in report.turns),
        "",
        *_section(
            "Topics", [f"{one.topic}: {one.mean:.1f} of {BEST} ({one.questions})" for one in report.topics]
        ),
        *_section("Strengths", report.strengths),
        *_section("Red flags", report.flags),
        *_kata(report.kata),
        *_section("Left unsaid", [row for turn in report.turns for row in _unsaid(turn)]),
        *_section(
            "The next evenings", [f"Evening {one.evening}: `{one.what}` ({one.why})" for one in report.plan]
        ),
        *_words(report),
    ]
    return "\n".join(rows).rstrip() + "\n"


def as_json(report: Report) -> str:
    """The report as one JSON document, in ASCII, so that no terminal obeys what is in it."""
    found: dict[str, Any] = asdict(report)
    found["began"] = report.began.isoformat(timespec="seconds")
    found["format"] = 1
    for turn in found["turns"]:
        for name in ("answer", "follow_up_answer", "note"):
            turn[name] = inert(turn[name], LONGEST)
    return json.dumps(found, indent=2, ensure_ascii=True) + "\n"


def write(report: Report, folder: Path) -> tuple[Path, Path]:
    """Write both forms; the paths. Nothing is overwritten: a name that is taken gets a number. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"interview-{report.began:%Y-%m-%d}-{report.session}"
    for number in range(1, 1000):
        name = stem if number == 1 else f"{stem}-{number}"
        paths = folder / f"{name}.md", folder / f"{name}.json"
        if not any(path.exists() for path in paths):
            for path, text in zip(paths, (as_markdown(report), as_json(report)), strict=True):
                with path.open("x", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
            return paths
    raise FileExistsError(0, "too many reports of this session", str(folder))


def _row(turn: TurnReport) -> str:
    scores = turn.scores
    marks = [str(getattr(scores, name)) for name in TITLES] if scores else ["-"] * len(TITLES)
    return (
        f"| {turn.title} | {turn.level} | {' | '.join(marks)} | {turn.said} of {turn.points} "
        f"| {clock(turn.speaking)} of {turn.minutes}:00 |"
    )


def _section(title: str, items: list[str] | tuple[str, ...]) -> list[str]:
    return [f"## {title}", "", *(f"- {item}" for item in items), ""] if items else []


def _unsaid(turn: TurnReport) -> list[str]:
    return [f"{turn.title}: **{label}.** {text}" for label, text in turn.unsaid]


def _kata(kata: KataReport | None) -> list[str]:
    if kata is None:
        return []
    items = []
    for number, (passed, total, seconds) in enumerate(kata.stages, 1):
        when = f"after {clock(seconds)}" if seconds is not None else "not passed"
        items.append(f"stage {number}: {passed} of {total} checks, {when}")
    title = f"Kata {kata.kata}: {clock(kata.seconds)}, graded {kata.runs} times"
    return _section(title, items or ["It was never graded."])


def _words(report: Report) -> list[str]:
    """What was typed, question by question."""
    rows: list[str] = []
    for turn in report.turns:
        typed = [
            ("Answer", turn.answer),
            ("Follow-up", turn.follow_up_answer),
            ("Note", turn.note),
        ]
        if any(text for _, text in typed):
            rows += [f"### {turn.title}", ""]
            rows += [row for name, text in typed if text for row in (f"{name}:", "", f"> {plain(text)}", "")]
    return ["## What was typed", "", *rows] if rows else []
