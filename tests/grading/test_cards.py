"""The failure cards, one of each kind, as people read them.

`PUBSUB_WRITE_GOLDEN=1 pytest tests/grading/test_cards.py` writes them anew; read what changed before committing.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import bank
from workbook.graders.catalogue import find
from workbook.grading.attempt import Attempt
from workbook.grading.card import card
from workbook.places import STUBS

GOLDEN = Path(__file__).parent.parent / "golden"
SOLUTION = (bank.SOLUTIONS / "broker.py").read_text(encoding="utf-8")
WRONG = bank.HERE / "wrong_answers" / "broker"
ATTACK = """
_publish = Broker.publish
def _attack(self, topic, message):
    {0}
    return _publish(self, topic, message)
Broker.publish = _attack
"""


def wrong(name: str) -> str:
    return (WRONG / f"{name}.py").read_text(encoding="utf-8")


CARDS = {
    "failed": ("newest_is_dropped", wrong("the_oldest_is_dropped")),
    "stuck": ("blocked_reader_is_released", wrong("nobody_wakes_the_reader_at_the_end")),
    "raised": ("exit_again_is_harmless", wrong("the_second_exit_raises")),
    "leak": ("topics_leave_nothing_behind", wrong("empty_topics_stay")),
    "race": ("race_enter_enter", wrong("a_new_topic_is_made_twice")),
    "crashed": ("one_subscriber_receives", SOLUTION + ATTACK.format("import os; os._exit(3)")),
    "timed_out": ("one_subscriber_receives", SOLUTION + ATTACK.format("while True: pass")),
    "process": ("starts_no_process", SOLUTION + ATTACK.format("import subprocess; subprocess.run(['true'])")),
    "not_loaded": ("contract_is_in_place", "import no_such_module_anywhere\n"),
    "to_do": ("one_subscriber_receives", (STUBS / "broker.py").read_text(encoding="utf-8")),
}


@pytest.mark.parametrize("name", CARDS)
def test_a_card_reads_as_it_should(name: str, tmp_path: Path) -> None:
    check, source = CARDS[name]
    path = tmp_path / "broker.py"
    path.write_text(source, encoding="utf-8")
    kata = find("broker")
    with Attempt(kata, path, seed=7, only=[check]) as attempt:
        result = attempt.result(check)
    text = card(kata, kata.check(check), result, 7) + "\n"
    golden = GOLDEN / f"card_{name}.txt"
    if os.environ.get("PUBSUB_WRITE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 19


def test_a_deadlock_card_says_who_waits_for_what_and_who_holds_it(tmp_path: Path) -> None:
    """Which of several deadlocking schedules is met first may differ; what its card tells does not."""
    path = tmp_path / "broker.py"
    path.write_text(wrong("publish_and_leave_lock_in_opposite_order"), encoding="utf-8")
    kata = find("broker")
    with Attempt(kata, path, seed=7, only=["no_deadlock"]) as attempt:
        text = card(kata, kata.check("no_deadlock"), attempt.result("no_deadlock"), 7)
    assert "Deadlock: each waits for what another holds" in text
    assert text.count("held by") == 2
