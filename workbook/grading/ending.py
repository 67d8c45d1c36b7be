"""How a child ended, as one plain sentence."""

from __future__ import annotations

import re
import signal

from workbook.grading.client import Ended
from workbook.grading.inert import inert
from workbook.grading.verdict import Status, Verdict

GROWN = 2**28  # bytes: who holds this much when the time is up was not waiting but growing

SIGNALS = {
    signal.SIGSEGV: "a crash inside the interpreter or a C library: endless recursion, or ctypes",
    signal.SIGABRT: "something called abort",
    signal.SIGKILL: "killed; your code, or the machine for lack of memory",
    signal.SIGXFSZ: "it wrote a file of more than 256 MB",
    signal.SIGXCPU: "it used up its processor time",
}

MANNERS = {
    "spins": "one thread runs all the time and gets nowhere",
    "livelock": "several threads run all the time and none of them gets on, a livelock",
    "waits": "it waits for something that does not come",
    "slow": "it got on until the end, but is too slow",
    "": "it spins or waits",  # where the system does not tell
}


def last_line(fault: str, file_name: str) -> int | None:
    """The innermost line of the learner's file in the newest dump of the fault handler, or None."""
    pattern = re.compile(r'^  File "([^"]+)", line (\d+) in', re.MULTILINE)
    for name, line in pattern.findall(fault):
        if name == file_name:
            return int(line)
    return None


def quote(source: str, line: int | None, file_name: str) -> str:
    """`broker.py:12  the line itself`, or an empty text."""
    if line is None:
        return ""
    lines = source.splitlines()
    text = inert(lines[line - 1].strip(), 80) if 0 < line <= len(lines) else ""
    return f"{file_name}:{line}  {text}"


def sentence(ended: Ended, limit: float, place: str) -> Verdict | None:
    """The verdict for a child that did not end by itself as it should; None when it did."""
    at = f" It was at {place}" if place else ""
    printed = f" It printed {ended.printed:,} bytes." if ended.printed > 64 * 1024 else ""
    match ended.how:
        case "done":
            return None
        case "limit" if ended.resident > GROWN:
            held = ended.resident / 2**30
            return Verdict(
                Status.CRASHED,
                f"Held {held:.1f} GB of memory when its {limit:g} s were over, and was stopped.{at}",
            )
        case "limit":
            return Verdict(
                Status.TIMED_OUT,
                f"Did not finish within {round(limit, 1):g} s: {MANNERS[ended.manner]}.{at}{printed}",
            )
        case "memory":
            return Verdict(Status.CRASHED, f"Used more than 2 GB of memory and was stopped.{at}")
        case "swarm":
            return Verdict(
                Status.CRASHED, "Started more than 64 processes and was stopped, with all of them."
            )
        case "forged":
            return Verdict(
                Status.CRASHED,
                "Wrote into the grader's private channel; what stands there is not believed any more.",
            )
        case "silent":
            return Verdict(
                Status.CRASHED,
                f"Closed the grader's private channel before the check was finished.{at}",
            )
        case "warden":
            return Verdict(Status.CRASHED, "Stopped or killed the process that watches over it.")
        case "signal":
            number = -(ended.code or 0)
            try:
                name = signal.Signals(number).name
                why = SIGNALS.get(signal.Signals(number), "a signal it sent to itself, or got")
            except ValueError:
                name, why = f"signal {number}", "a signal"
            return Verdict(Status.CRASHED, f"The process was ended by {name} ({why}).{at}")
        case "exit":
            if ended.code == 97:
                return Verdict(
                    Status.CRASHED, "Closed the grader's private channel before the check was finished."
                )
            return Verdict(
                Status.CRASHED,
                f"Ended the process with exit status {ended.code} before the check was finished (os._exit?).{at}",
            )
    return Verdict(Status.CRASHED, f"The process ended in an unknown way ({ended.how!r}).")
