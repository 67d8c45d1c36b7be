"""Nothing survives: not the end of the process that started it, however it ends, nor a crash half-way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from service_scenes import gone, output, program, watched

from workbook.services import nats
from workbook.services.account import ordinary_account
from workbook.services.folder import make_folder
from workbook.services.server import SUPERVISOR

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the promise is made for Linux only")

EVERYTHING = """
import json, os, threading, psycopg
from workbook.services import kafka, nats, postgres
with postgres() as db, kafka() as cluster, nats() as bus:
    client = psycopg.connect(db.url)
    client.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 1000000000000)")
    postmaster = (db.server.folder.path / "data" / "postmaster.pid").read_text().split()[0]
    with open(f"/proc/{bus.server.process.pid}/task/{bus.server.process.pid}/children") as file:
        server = int(file.read())
    print(json.dumps({
        "pids": [db.server.process.pid, int(postmaster), client.info.backend_pid, bus.server.process.pid, server],
        "folders": [str(db.server.folder.path), str(bus.server.folder.path)],
    }), flush=True)
    threading.Event().wait()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_no_server_and_no_folder_survives_a_signal_to_the_process_that_started_them(
    number: signal.Signals,
) -> None:
    with program(EVERYTHING) as process:
        told = json.loads(process.stdout.readline())
        pids = [watched(pid) for pid in told["pids"]]
        assert all(Path(folder).exists() for folder in told["folders"])
        process.send_signal(number)
        process.communicate()
    assert gone(*pids)
    assert not any(Path(folder).exists() for folder in told["folders"])


def test_a_copy_that_was_forked_before_does_not_keep_the_servers_alive() -> None:
    text = EVERYTHING.replace(
        "    print(json",
        """    inherited = os.fork()
    if inherited == 0:
        threading.Event().wait()
    print(json""",
    ).replace('"folders"', '"copy": inherited, "folders"')
    with program(text) as process:
        told = json.loads(process.stdout.readline())
        pids = [watched(pid) for pid in told["pids"]]
        process.kill()
        try:
            assert gone(*pids)
            assert not any(Path(folder).exists() for folder in told["folders"])
        finally:
            os.kill(told["copy"], signal.SIGKILL)
        process.communicate()


def test_os_exit_inside_the_block_leaves_nothing() -> None:
    supervisor_and_folder = """
import os
from workbook.services import nats
scope = nats()
bus = scope.__enter__()
print(bus.server.process.pid, bus.server.folder.path, flush=True)
input()
os._exit(0)
"""
    with program(supervisor_and_folder) as process:
        pid, folder = process.stdout.readline().split()
        supervisor = watched(int(pid))
        process.communicate("go on\n")
    assert gone(supervisor)
    assert not Path(folder).exists()


def test_a_kill_in_the_middle_of_the_start_leaves_nothing() -> None:
    with program("""
import os, signal
from workbook.services import postgres, server
def die(self, deadline, since):
    print(self.process.pid, self.folder.path, flush=True)
    input()
    os.kill(os.getpid(), signal.SIGKILL)
server.Server._await_ready = die
postgres().__enter__()
""") as process:
        pid, folder = process.stdout.readline().split()
        supervisor = watched(int(pid))
        assert Path(folder).exists()
        process.communicate("go on\n")
    assert gone(supervisor)
    assert not Path(folder).exists()


def test_when_the_supervisor_is_killed_its_server_ends_and_the_block_can_still_be_left() -> None:
    with nats() as bus:
        supervisor = bus.server.process
        children = Path(f"/proc/{supervisor.pid}/task/{supervisor.pid}/children").read_text()
        server = watched(int(children))
        supervisor.kill()
        assert gone(server)
        folder = bus.server.folder.path
        assert folder.exists()
        bus.start()  # and even used again
        assert bus.server.running
    assert not folder.exists()


def test_the_next_start_sweeps_what_dead_runs_left_and_nothing_of_the_living() -> None:
    left = output("""
import os
from workbook.services.account import ordinary_account
from workbook.services.folder import make_folder
from workbook.services.server import SUPERVISOR
folder = make_folder("nats", ordinary_account(), 0)
(folder.path / "data").write_text("of nobody any more")
print(folder.path, flush=True)
os._exit(0)
""").strip()
    assert Path(left).exists()
    with nats() as living:
        assert not Path(left).exists()
        with nats():
            assert living.server.folder.path.exists()


def test_a_sweep_touches_no_link_and_nothing_of_other_accounts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    base = tmp_path / "base"
    base.mkdir()
    base.chmod(0o777)
    (base / "pubsub-service-nats-12345678").symlink_to(precious)
    (base / "pubsub-service-nats-file").write_text("")
    monkeypatch.setattr("workbook.services.folder.places", lambda: [base])
    monkeypatch.setattr("workbook.services.account.Account.may_enter", lambda *_: True)
    monkeypatch.setattr("workbook.services.folder.LONGEST", 1000)
    account = ordinary_account()
    assert account is not None
    folder = make_folder("nats", account, 0)
    assert precious.exists()
    assert len(list(base.iterdir())) == 3
    folder.remove()


def test_the_supervisor_ends_a_program_that_ignores_being_asked_and_all_that_it_started(
    tmp_path: Path,
) -> None:
    stubborn = "trap '' QUIT TERM INT HUP; sh -c 'echo $$; exec sleep 1000' >&2 & wait; sleep 1000"
    folder = tmp_path / "its"
    folder.mkdir()
    lock = os.open(folder, os.O_RDONLY)
    order = {
        "parent": os.getpid(),
        "lock": lock,
        "folder": str(folder),
        "uid": None,
        "gid": None,
        "stop": signal.SIGTERM,
        "end": signal.SIGQUIT,
        "env": {"PATH": "/usr/bin:/bin"},
        "commands": [["/bin/sh", "-c", stubborn]],
    }
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(SUPERVISOR), json.dumps(order)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=[lock],
    ) as process:
        os.close(lock)
        word, shell = process.stdout.readline().split()
        assert word == "running"
        pids = [watched(int(shell)), watched(int(process.stderr.readline()))]
        process.stdin.close()
        assert gone(*pids)
    assert process.returncode == 0
    assert not folder.exists()
