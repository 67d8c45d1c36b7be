"""Writes tests/interview/senior_45.jsonl: blocks of one question each, which fit whatever question is asked."""

from __future__ import annotations

import json
from pathlib import Path

BLOCK = 345.0  # seconds a question takes in this session, reading of the checklist included
SCORES = [(3, 3, 3), (3, 2, 3), (4, 4, 3), (2, 2, 1), (3, 3, 2), (3, 3, 4), (3, 2, 2), (2, 2, 2), (3, 3, 3)]
ANSWER = "I would say which queue is meant, who owns it, and what happens when it is full."


def lines() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [{"at": 0, "event": "started"}]
    for number, scores in enumerate(SCORES):
        start = number * BLOCK
        rows += [
            {"at": start + 60, "event": "drafted", "text": ANSWER[:40]},
            {"at": start + 120, "event": "answered", "text": ANSWER if number % 2 else ""},
            *({"at": start + 150 + n, "event": "marked", "kind": "point", "number": n} for n in (1, 2, 4)),
            {"at": start + 160, "event": "noted", "text": "spoke first, drew later"},
            {"at": start + 170, "event": "checked"},
            {"at": start + 290, "event": "answered"},
            {"at": start + 310, "event": "marked", "kind": "late", "number": 1},
        ]
        if scores[0] == 2:
            rows.append({"at": start + 312, "event": "marked", "kind": "flag", "number": 1})
        if scores[0] == 4:
            rows.append({"at": start + 312, "event": "marked", "kind": "signal", "number": 1})
        if number == 2:
            rows += [{"at": start + 315, "event": "paused"}, {"at": start + 325, "event": "resumed"}]
        content, tradeoffs, proof = scores
        rows += [
            {"at": start + 330, "event": "checked"},
            {
                "at": start + 345,
                "event": "scored",
                "content": content,
                "tradeoffs": tradeoffs,
                "proof": proof,
            },
        ]
    return rows


if __name__ == "__main__":
    path = Path(__file__).with_name("senior_45.jsonl")
    path.write_text("".join(json.dumps(row) + "\n" for row in lines()), encoding="utf-8")
