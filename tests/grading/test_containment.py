"""A submission that attacks or breaks its own process ends in one plain sentence, and nothing survives it."""

from __future__ import annotations

import os
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import bank
from workbook.grading.child import Kit
from workbook.grading.client import Ended
from workbook.grading.ending import sentence
from workbook.grading.verdict import Status, Verdict

SOLUTION = (bank.SOLUTIONS / "broker.py").read_text(encoding="utf-8")
CHECK = "one_subscriber_receives"
PUBLISH = "    def publish("


@dataclass(frozen=True)
class Attack:
    """A right broker with `before` run at import, or `inside` run at each publish."""

    name: str
    status: Status
    words: str
    before: str = ""
    inside: str = ""

    def source(self) -> str:
        text = SOLUTION.replace("from __future__ import annotations\n", "")
        if self.inside:
            wrapped = textwrap.indent(textwrap.dedent(self.inside), " " * 4)
            text += f"\n_publish = Broker.publish\ndef _attack(self, topic, message):\n{wrapped}\n"
            text += "    return _publish(self, topic, message)\nBroker.publish = _attack\n"
        return text + "\n" + textwrap.dedent(self.before)


ATTACKS = [
    Attack("exit at import", Status.CRASHED, "exit status 0", "import os; os._exit(0)"),
    Attack("sys.exit at import", Status.CRASHED, "while it was imported (SystemExit)", "import sys; sys.exit()"),
    Attack("exit in publish", Status.CRASHED, "exit status 7", inside="import os; os._exit(7)"),
    Attack("sys.exit in publish", Status.FAILED, "raised SystemExit", inside="raise SystemExit(0)"),
    Attack("own BaseException", Status.FAILED, "raised Odd", "class Odd(BaseException): pass", "raise Odd('x')"),
    Attack("spin at import", Status.TIMED_OUT, "one thread runs all the time and gets nowhere", "while True: pass"),
    Attack("spin in publish", Status.TIMED_OUT, "one thread runs all the time and gets nowhere", inside="while True: pass"),
    Attack("wait at import", Status.TIMED_OUT, "it waits for something that does not come", "import threading; threading.Event().wait()"),
    Attack(
        "livelock",
        Status.TIMED_OUT,
        "none of them gets on, a livelock",
        "import threading\nturn = [0]\ndef polite(me):\n    while True: turn[0] = 1 - me",
        inside="threading.Thread(target=polite, args=(1,), daemon=True).start(); polite(0)",
    ),
    Attack("deadlock", Status.FAILED, "never returns", inside="import threading; threading.Lock().acquire() or 0\nl = threading.Lock(); l.acquire(); l.acquire()"),
    Attack("segfault", Status.CRASHED, "SIGSEGV", inside="import ctypes; ctypes.string_at(0)"),
    Attack("kill itself", Status.CRASHED, "SIGKILL", inside="import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
    Attack("stop itself", Status.TIMED_OUT, "Did not finish", inside="import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"),
    Attack("memory at once", Status.CRASHED, "memory", inside="x = bytearray(10**11)"),
    Attack("memory in steps", Status.CRASHED, "memory", inside="x = []\nwhile True: x.append(bytearray(2**24))"),
    Attack("endless output", Status.TIMED_OUT, "It printed", inside="while True: print('x' * 1000)"),
    Attack("close all descriptors", Status.CRASHED, "private channel", inside="import os; os.closerange(0, 256)"),
    Attack(
        "write to all descriptors",
        Status.CRASHED,
        "private channel",
        inside="""
        import os
        for fd in range(3, 64):
            try: os.write(fd, b'{"k":"done"}\\n')
            except OSError: pass
        """,
    ),
    Attack("fork", Status.FAILED, "started a process", inside="import os\nif os.fork() == 0: os._exit(0)"),
    Attack("fork and go on", Status.FAILED, "started a process", inside="import os; os.fork()"),
    Attack("subprocess", Status.FAILED, "started a process", inside="import subprocess; subprocess.Popen(['sleep', '600'])"),
    Attack(
        "daemon",
        Status.FAILED,
        "started a process",
        inside="""
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                open(os.environ['HOME'] + '/daemon' if 'HOME' in os.environ else '/dev/null', 'w')
                time.sleep(600)
            os._exit(0)
        """,
    ),
    Attack("syntax error", Status.FAILED, "cannot be imported: SyntaxError", "def broken(:"),
    Attack("missing module", Status.FAILED, "ModuleNotFoundError", "import no_such_module_anywhere"),
    Attack("recursion", Status.FAILED, "RecursionError", inside="return _attack(self, topic, message)"),
    Attack("patched builtins", Status.PASSED, "", "import builtins; builtins.isinstance = lambda *a: True"),
    Attack("patched json", Status.PASSED, "", "import json; json.dumps = json.loads = None"),
    Attack("hang at exit", Status.PASSED, "", "import atexit, time; atexit.register(time.sleep, 600)"),
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_ends_in_its_own_sentence(attack: Attack, tmp_path: Path) -> None:
    path = tmp_path / "broker.py"
    path.write_text(attack.source(), encoding="utf-8")
    result = bank.grade("broker", path, CHECK)[CHECK]
    assert (result.status, attack.words in result.verdict.message) == (attack.status, True), result.verdict
    if os.getloadavg()[0] < (os.cpu_count() or 1):  # what is not let run on a loaded machine gets more time
        assert result.seconds < 3.0 + 1.5  # the check's limit, a second, and half a one for the rest


def test_no_process_of_a_submission_survives(tmp_path: Path) -> None:
    path = tmp_path / "broker.py"
    marker = f"{os.getpid()}.{tmp_path.name}"
    spawn = f"""
    import os, subprocess, sys
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "{marker}"], start_new_session=True)
    """
    path.write_text(Attack("", Status.FAILED, "", inside=spawn).source(), encoding="utf-8")
    bank.grade("broker", path, CHECK)
    assert [line for line in command_lines() if marker in line] == []


def command_lines() -> list[str]:
    lines = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                lines.append(
                    Path(f"/proc/{name}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                )
            except OSError:
                continue  # it ended meanwhile
    return lines


def test_the_other_checks_still_run_after_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "broker.py"
    inside = "import os\nif type(message) is not str: os._exit(3)"
    path.write_text(Attack("", Status.FAILED, "", inside=inside).source(), encoding="utf-8")
    results = bank.grade("broker", path, CHECK, "any_object_is_a_message", "order_of_one_publisher")
    assert {check: result.status for check, result in results.items()} == {
        CHECK: Status.PASSED,
        "any_object_is_a_message": Status.CRASHED,
        "order_of_one_publisher": Status.PASSED,
    }


def test_escapes_and_markup_in_a_message_are_shown_inert(tmp_path: Path) -> None:
    path = tmp_path / "broker.py"
    inside = r"raise RuntimeError('\x1b[2J\x1b]0;owned\x07 [bold red]PASSED[/] \u202e')"
    path.write_text(Attack("", Status.FAILED, "", inside=inside).source(), encoding="utf-8")
    verdict = bank.grade("broker", path, CHECK)[CHECK].verdict
    shown = "".join([verdict.message, verdict.expected, verdict.seen, *verdict.history])
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    assert r"\x1b[2J" in shown


def test_a_submission_sees_a_scrubbed_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "abc")
    path = tmp_path / "broker.py"
    path.write_text(
        Attack("", Status.PASSED, "", "import os; assert 'SECRET_TOKEN' not in os.environ").source()
    )
    assert bank.grade("broker", path, CHECK)[CHECK].verdict == Verdict(Status.PASSED)


def test_slowness_a_wait_a_loop_and_a_livelock_are_told_apart() -> None:
    said = {
        manner: sentence(Ended("limit", manner=manner), 3.0, "")
        for manner in ("slow", "waits", "spins", "livelock")
    }
    assert all(verdict is not None and verdict.status is Status.TIMED_OUT for verdict in said.values())
    words = {manner: verdict.message.partition(": ")[2] for manner, verdict in said.items() if verdict}
    assert words == {
        "slow": "it got on until the end, but is too slow.",
        "waits": "it waits for something that does not come.",
        "spins": "one thread runs all the time and gets nowhere.",
        "livelock": "several threads run all the time and none of them gets on, a livelock.",
    }


def test_a_record_arrives_though_no_thread_can_be_started_to_watch() -> None:
    def refuse(seconds: float, file: int) -> None:
        raise RuntimeError("unable to start watchdog thread")

    reading, writing = os.pipe()
    kit = Kit(writing, -1, "token ", "broker.py", None)
    kit._arm, kit._fault, kit._armed = refuse, 2, -1.0  # as when the memory of the process is used up
    kit.emit({"k": "raised"})
    os.close(writing)
    with open(reading, encoding="ascii") as answer:
        assert answer.read() == 'token {"k":"raised"}\n'
