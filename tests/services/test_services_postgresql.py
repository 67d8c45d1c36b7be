"""The embedded PostgreSQL: private, whole after a kill, alone with its own binaries."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from service_scenes import IS_ROOT, gone, output, watched

from workbook.services import Postgres, ServiceError, postgres, postgresql
from workbook.services.account import ordinary_account


@pytest.fixture(autouse=True)
def _embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PUBSUB_DATABASE_URL", raising=False)


@pytest.fixture(scope="module")
def shared() -> Iterator[Postgres]:
    """One server for the tests that leave it as it was."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PUBSUB_DATABASE_URL", raising=False)
        with postgres() as db:
            yield db


def ask(db: Postgres, question: str) -> object:
    with psycopg.connect(db.url) as connection:
        return connection.execute(question).fetchone()[0]


def socket_folder(db: Postgres) -> Path:
    return Path(parse_qs(urlsplit(db.url).query)["host"][0])


def owner(pid: int) -> int:
    return os.stat(f"/proc/{pid}").st_uid


def test_the_version_is_the_one_from_pip(shared: Postgres) -> None:
    assert str(ask(shared, "SHOW server_version")).startswith("18.")


def test_it_listens_on_no_network_address(shared: Postgres) -> None:
    assert ask(shared, "SHOW listen_addresses") == ""


def test_nobody_else_can_reach_the_socket_or_the_data(shared: Postgres) -> None:
    for folder in (socket_folder(shared), socket_folder(shared).with_name("data")):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    socket = socket_folder(shared) / ".s.PGSQL.5432"
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700


def test_change_data_capture_is_possible(shared: Postgres) -> None:
    assert ask(shared, "SHOW wal_level") == "logical"


def test_the_block_is_a_clean_one_and_says_so(shared: Postgres) -> None:
    assert shared.embedded
    assert ask(shared, "SELECT current_schema()") == shared.schema
    assert ask(shared, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


def test_the_handle_shows_no_inner_parts_when_printed(shared: Postgres) -> None:
    assert repr(shared) == f"Postgres(url={shared.url!r}, schema='public')"


@pytest.mark.skipif(not IS_ROOT, reason="only root can check that the server does not run as root")
def test_as_root_the_server_runs_under_an_ordinary_account(shared: Postgres) -> None:
    account = ordinary_account()
    assert account is not None
    assert owner(shared.server.process.pid) == 0
    assert owner(int(str(ask(shared, "SELECT pg_backend_pid()")))) == account.uid != 0


def test_several_at_once_do_not_know_of_each_other(shared: Postgres) -> None:
    with postgres() as other:
        with psycopg.connect(other.url) as connection:
            connection.execute("CREATE TABLE only_here ()")
        assert ask(shared, "SELECT count(*) FROM pg_tables WHERE tablename = 'only_here'") == 0
        other.kill()
        assert ask(shared, "SELECT 1") == 1


def test_a_killed_server_comes_back_with_what_was_committed_and_nothing_else() -> None:
    with postgres() as db:
        client = psycopg.connect(db.url)
        client.execute("CREATE TABLE t AS SELECT 'committed' AS word")
        client.commit()
        client.execute("INSERT INTO t VALUES ('not committed')")
        db.kill()
        with pytest.raises(psycopg.OperationalError):
            client.execute("SELECT 1")
        client.close()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(db.url)
        db.start()
        assert ask(db, "SELECT string_agg(word, ',') FROM t") == "committed"

        db.stop()
        db.start()
        db.start()  # while it runs: nothing happens
        assert ask(db, "SELECT count(*) FROM t") == 1


def test_a_kill_ends_sessions_that_are_busy_and_the_block_leaves_nothing() -> None:
    with postgres() as db:
        folder = socket_folder(db).parent
        client = psycopg.connect(db.url)
        backend = watched(client.info.backend_pid)
        client.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 1000000000000)")
        db.kill()
        assert gone(backend)
        client.close()
    assert not folder.exists()
    if Path("/proc/sysvipc/shm").exists():
        assert f" {folder}" not in Path("/proc/sysvipc/shm").read_text()


def test_no_shared_memory_is_left_by_a_server_that_was_killed() -> None:
    def segments() -> set[str]:
        lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
        return {line.split()[1] for line in lines}

    if not Path("/proc/sysvipc/shm").exists():
        pytest.skip("this system does not list its shared memory in /proc")
    with postgres() as db:
        (line,) = (socket_folder(db).with_name("data") / "postmaster.pid").read_text().splitlines()[6:7]
        mine = line.split()[1]
        assert mine in segments()
        db.kill()
        assert mine in segments()
    assert mine not in segments()


def test_it_does_not_end_with_the_thread_that_started_it() -> None:
    entered = []
    scope = postgres()
    thread = threading.Thread(target=lambda: entered.append(scope.__enter__()))
    thread.start()
    thread.join()
    try:
        assert ask(entered[0], "SELECT 1") == 1
    finally:
        scope.__exit__(None, None, None)


def test_a_forked_copy_of_the_process_that_ends_leaves_the_server_alone() -> None:
    assert output("""
import os, sys, psycopg
from workbook.services import postgres
with postgres() as db:
    child = os.fork()
    if child == 0:
        db.kill()
        sys.exit(0)  # runs the end of the block, too
    os.waitpid(child, 0)
    print(psycopg.connect(db.url).execute("SELECT 'alive'").fetchone()[0])
""").split() == ["alive"]


def test_a_postgresql_of_the_system_or_the_environment_is_never_picked_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("postgres", "initdb", "pg_ctl", "locale"):
        decoy = tmp_path / name
        decoy.write_text(f"#!/bin/sh\necho '{name} of the system' >&2\nexit 3\n")
        decoy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for name in ("PGDATA", "LD_LIBRARY_PATH", "PGSHAREDIR", "LC_ALL", "TZ"):
        monkeypatch.setenv(name, str(tmp_path))
    with postgres() as db:
        assert str(ask(db, "SHOW server_version")).startswith("18.")
        assert str(tmp_path) not in str(ask(db, "SHOW data_directory"))


@pytest.mark.skipif(
    not IS_ROOT, reason="only root runs the server under an account that cannot reach its files"
)
def test_binaries_in_a_closed_home_are_copied_to_where_the_account_can_execute_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = postgresql.find_package()
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(package, closed / package.name, ignore=shutil.ignore_patterns("include"))
    shutil.copytree(f"{package}.libs", closed / f"{package.name}.libs")
    monkeypatch.setattr(postgresql, "find_package", lambda: closed / package.name)
    with postgres() as db:
        assert ask(db, "SELECT 1") == 1
        db.kill()
        db.start()
        assert ask(db, "SELECT 1") == 1


def test_what_the_environment_names_cannot_be_killed() -> None:
    db = Postgres(None, "postgresql:///pubsub_x", "pubsub_run_x")
    for act in (db.kill, db.stop, db.start):
        with pytest.raises(
            ServiceError, match=r"cannot be .* here: .* environment names.*; unset the variable"
        ):
            act()
