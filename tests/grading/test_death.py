"""Nothing of a grading run survives a `kill -9`: no server, no warden, no pump, no file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests import bank
from workbook.services.folder import PREFIX, places

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the promise is made for Linux only")

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # only how long a failing test takes
GRADING = """
import sys
from pathlib import Path
from workbook.graders.catalogue import find
from workbook.grading.attempt import Attempt
with Attempt(find(sys.argv[1]), Path(sys.argv[2])) as attempt:
    print(attempt.result(sys.argv[3]).status, flush=True)
    attempt.finish()
"""


def below(root: int) -> set[int]:
    """Process ids of everything that `root` started, directly or not."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parents[int(name)] = int(
                    Path(f"/proc/{name}/stat").read_bytes().rsplit(b")", 1)[1].split()[1]
                )
            except OSError:
                continue
    found, grew = {root}, True
    while grew:
        more = {pid for pid, parent in parents.items() if parent in found and pid not in found}
        found |= more
        grew = bool(more)
    return found - {root}


def files() -> set[Path]:
    """Private folders of servers, and of wardens' children."""
    temporary = Path(tempfile.gettempdir())
    servers = {path for base in (*places(), temporary) for path in base.glob(f"{PREFIX}*")}
    return servers | set(temporary.glob("pubsub-child-*")) | set(temporary.glob("pubsub-proxies-*"))


@pytest.mark.parametrize(
    ("kata", "first", "processes"),
    [
        ("broker", "one_subscriber_receives", 2),  # wardens and what they started
        ("wildcard", "validators_accept_valid_names", 2),
        ("outbox", "header_is_the_id", 4),  # and the server
    ],
)
def test_nothing_survives_the_death_of_a_grading_run(kata: str, first: str, processes: int) -> None:
    before = files()
    grading = subprocess.Popen(
        [sys.executable, "-c", GRADING, kata, str(bank.right(kata)[0]), first],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert grading.stdout is not None
    with grading, grading.stdout:
        assert grading.stdout.readline() == "passed\n"  # so what it needs is up
        watched = [os.pidfd_open(pid) for pid in below(grading.pid) if alive(pid)]
        made = files() - before
        grading.send_signal(signal.SIGKILL)
    assert len(watched) >= processes
    assert made
    until = time.monotonic() + PATIENCE
    for descriptor in watched:
        assert ended(descriptor, until), json.dumps(sorted(map(str, made)))
    while any(path.exists() for path in made):
        assert time.monotonic() < until, sorted(path for path in made if path.exists())


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def ended(descriptor: int, until: float) -> bool:
    """Whether a process ends before it is too late; closes the descriptor."""
    import select

    try:
        return bool(select.select([descriptor], [], [], max(0.0, until - time.monotonic()))[0])
    finally:
        os.close(descriptor)
