"""Two NATS servers with JetStream as two regions: the west is joined to the east by a leaf node connection.

    east, west = keep_open(regions())
    west.kill(); west.start()     # a region goes and comes back; what it had stored is there

Each is a JetStream domain of its own, named as the region is, so that a stream of one can be mirrored in the
other: `ExternalStream(api=f"$JS.{east.name}.API")`.
"""

import json
import re
import secrets
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workbook.services.account import Account, ordinary_account
from workbook.services.errors import ServiceError
from workbook.services.folder import Folder
from workbook.services.launch import launch
from workbook.services.nats_server import NAME, ROOM, find_program
from workbook.services.server import PATIENCE, Handle, Server

LEAFNODES = re.compile(r"Listening for leafnode connections on [\d.]+:(\d+)")
LINKED = "Leafnode connection created"
OTHERWISE = "as a server of yours cannot stand for two regions"


@dataclass(frozen=True)
class Region(Handle):
    """A server that can be killed and started again where it was, and the domain of its streams."""

    name: str
    url: str


@contextmanager
def regions() -> Iterator[tuple[Region, Region]]:
    """East and west for the block, both on this machine. ServiceError when they cannot be had."""
    token, password = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    leafnodes = f"listen: {{}}, authorization: {{{{ user: west, password: {json.dumps(password)} }}}}"
    east, ports = _start("east", token, leafnodes)
    try:
        link = json.dumps(f"nats-leaf://west:{password}@127.0.0.1:{ports['leafnodes']}")
        west, others = _start("west", token, f"reconnect: 1, remotes: [{{{{ url: {link} }}}}]")
        try:
            _await_link(west)
            yield (
                Region(east, "east", f"nats://{token}@127.0.0.1:{ports['nats']}"),
                Region(west, "west", f"nats://{token}@127.0.0.1:{others['nats']}"),
            )
        finally:
            west.end()
    finally:
        east.end()


def _start(name: str, token: str, leafnodes: str) -> tuple[Server, dict[str, int]]:
    """A server that runs, and the ports it chose; it will come back on the same."""
    account, program = ordinary_account() or Account("yours"), find_program()

    def build(folder: Folder) -> Server:
        for inner in ("run", "streams"):
            folder.inner(inner, account)
        _configure(folder, account, name, token, leafnodes, {})
        command = (str(program), "-c", str(folder.path / "run" / "nats.conf"))
        signals = (signal.SIGTERM, signal.SIGKILL)
        return Server(
            NAME, folder, account, (), command, lambda pid: bool(_ports(folder, pid)), ("[FTL]",), *signals
        )

    def copy(server: Server) -> None:
        moved = shutil.copyfile(program, server.folder.path / program.name)
        moved.chmod(0o755)
        server.command = (str(moved), *server.command[1:])

    server = launch(NAME, account, OTHERWISE, ROOM, build, copy)
    (file,) = (server.folder.path / "run").glob("*.ports")
    ports = _ports(server.folder, int(file.stem.rpartition("_")[2]))
    # the file of ports does not name the one for leaf nodes
    if found := LEAFNODES.search((server.folder.path / "server.log").read_text(encoding="utf-8")):
        ports["leafnodes"] = int(found[1])
    _configure(server.folder, account, name, token, leafnodes, ports)
    return server, ports


def _await_link(server: Server) -> None:
    """Wait until the leaf node is connected: a mirror made before would ask again only after seconds."""
    log, deadline = server.folder.path / "server.log", time.monotonic() + PATIENCE
    while LINKED not in log.read_text(encoding="utf-8"):
        if time.monotonic() > deadline:
            raise ServiceError(NAME, f"did not join its two regions within {PATIENCE:.0f} s", "try again")
        time.sleep(0.002)


def _configure(
    folder: Folder, account: Account, name: str, token: str, leafnodes: str, ports: dict[str, int]
) -> None:
    """Write the settings; -1 stands for a port that is free."""
    path = folder.path / "run" / "nats.conf"
    path.write_text(
        f"server_name: {name}\n"
        f'listen: "127.0.0.1:{ports.get("nats", -1)}"\n'
        f"authorization: {{ token: {json.dumps(token)} }}\n"
        f"jetstream: {{ domain: {name}, store_dir: {json.dumps(str(folder.path / 'streams'))} }}\n"
        f"leafnodes: {{ {leafnodes.format(_listen(ports))} }}\n"
        f"ports_file_dir: {json.dumps(str(folder.path / 'run'))}\n"
    )
    account.own(path)


def _listen(ports: dict[str, int]) -> str:
    return json.dumps(f"127.0.0.1:{ports.get('leafnodes', -1)}")


def _ports(folder: Folder, pid: int) -> dict[str, int]:
    """What the server says it listens on; empty until it does."""
    path: Path = folder.path / "run" / f"nats-server_{pid}.ports"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {kind: int(urls[0].rpartition(":")[2]) for kind, urls in found.items() if urls}
