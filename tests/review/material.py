"""A small set of cards and times, for tests that need no notebooks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from workbook.grading.verdict import CheckResult, Status, Verdict
from workbook.progress import Progress
from workbook.reference import Place
from workbook.review.cards import Card

EVENING = datetime(2026, 3, 2, 20, 30, tzinfo=timezone(timedelta(hours=2)))  # 18:30 UTC
MORNING = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
BROKER = Card("q03", "question", "junior", "Sketch one.", "A map.", ("**Lock.** One.",), kata="broker")
OUTBOX = Card("q15", "question", "middle", "What is lost?", "Memory.", kata="outbox")
CHECK = Card("c38", "check", "junior", "What does `Queue(0)` hold?", "Everything.")
FLAG = Card(
    "r13", "flag", "senior", "No transaction. Wrong?", "Yes.", (), (Place("kata", "outbox", "two_pumps_publish_once"),)
)  # fmt: skip
CARDS = (BROKER, CHECK, OUTBOX, FLAG)


def verdict(progress: Progress, kata: str, check: str, status: Status) -> None:
    """Grade one check of a kata, now."""
    progress.record(kata, "abc", 1, CheckResult(check, 3, "a rule", Verdict(status, "why"), 0.1))
