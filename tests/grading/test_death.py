"""Nothing of a grading run survives a `kill -9`: no server, no warden, no pump, no file."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
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
        until = time.monotonic() + PATIENCE
        while not (made := files() - before):  # a child's folder comes and goes with it
            assert time.monotonic() < until
        watched = psutil.Process(grading.pid).children(recursive=True)
        grading.send_signal(signal.SIGKILL)
    assert len(watched) >= processes
    assert made
    until = time.monotonic() + PATIENCE
    assert psutil.wait_procs(watched, PATIENCE)[1] == [], sorted(map(str, made))
    while any(path.exists() for path in made):
        assert time.monotonic() < until, sorted(path for path in made if path.exists())
