"""The embedded NATS server: private, durable, on the same port after a kill."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import stat
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import nats as client
import pytest
from service_scenes import IS_ROOT

from workbook.services import Nats, ServiceError, nats, nats_server
from workbook.services.nats_wire import RefusedError, Wire


@pytest.fixture(autouse=True)
def _embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PUBSUB_NATS_URL", raising=False)


@pytest.fixture
def bus() -> Iterator[Nats]:
    with nats() as started:
        yield started


def play(bus: Nats, scene: Callable[[client.NATS], Awaitable[object]]) -> object:
    async def connected() -> object:
        connection = await client.connect(bus.url)
        try:
            return await scene(connection)
        finally:
            await connection.close()

    return asyncio.run(connected())


def test_a_message_reaches_a_subscriber_through_the_real_client(bus: Nats) -> None:
    async def scene(connection: client.NATS) -> bytes:
        subscription = await connection.subscribe(f"{bus.prefix}.*")
        await connection.publish(f"{bus.prefix}.orders", b"42")
        return (await subscription.next_msg()).data

    assert play(bus, scene) == b"42"


def test_a_stream_survives_a_kill_and_the_server_comes_back_on_its_port(bus: Nats) -> None:
    async def store(connection: client.NATS) -> None:
        stream = connection.jetstream()
        await stream.add_stream(name=bus.prefix, subjects=[f"{bus.prefix}.>"])
        await stream.publish(f"{bus.prefix}.orders", b"42")

    async def count(connection: client.NATS) -> int:
        return (await connection.jetstream().stream_info(bus.prefix)).state.messages

    play(bus, store)
    bus.kill()
    with pytest.raises(ConnectionRefusedError):
        Wire(bus.url)
    bus.start()
    assert play(bus, count) == 1
    bus.stop()
    bus.start()
    assert play(bus, count) == 1


def test_without_the_token_nobody_gets_in(bus: Nats) -> None:
    address = urlsplit(bus.url)
    for url in (f"nats://127.0.0.1:{address.port}", f"nats://guess@127.0.0.1:{address.port}"):
        with pytest.raises(RefusedError, match="Authorization Violation"):
            Wire(url)


def test_the_token_is_in_no_argument_and_in_no_file_that_others_can_read(bus: Nats) -> None:
    token = urlsplit(bus.url).username
    assert token
    arguments = Path(f"/proc/{bus.server.process.pid}/cmdline")
    if arguments.exists():
        assert token not in arguments.read_text()
    folder = bus.server.folder.path
    assert token not in " ".join(bus.server.command)
    assert stat.S_IMODE((folder / "run").stat().st_mode) == 0o700
    assert token in (folder / "run" / "nats.conf").read_text()
    assert token not in repr(bus).replace(bus.url, "")


def test_several_at_once_share_neither_port_nor_streams(bus: Nats) -> None:
    with nats() as other:
        assert urlsplit(other.url).port != urlsplit(bus.url).port
        assert other.prefix != bus.prefix
        other.kill()
        Wire(bus.url).close()


def test_the_folder_is_gone_after_the_block() -> None:
    with nats() as bus:
        folder = bus.server.folder.path
        assert folder.exists()
    assert not folder.exists()


def test_a_port_that_somebody_took_meanwhile_is_named_in_the_error(bus: Nats) -> None:
    bus.stop()
    with socket.create_server(("127.0.0.1", urlsplit(bus.url).port)), pytest.raises(ServiceError) as error:
        bus.start()
    message = str(error.value)
    assert message.startswith("NATS did not start")
    assert f"127.0.0.1:{urlsplit(bus.url).port}" in message
    assert "address already in use" in message
    assert message.endswith("end the program that has the port, or leave the block and enter it anew.")
    assert "\n" not in message
    bus.start()  # once the port is free again
    Wire(bus.url).close()


@pytest.mark.skipif(
    not IS_ROOT, reason="only root runs the server under an account that cannot reach its files"
)
def test_a_program_in_a_closed_home_is_copied_to_where_the_account_can_execute_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    program = Path(shutil.copy(nats_server.find_program(), closed))
    monkeypatch.setattr(nats_server, "find_program", lambda: program)
    with nats() as bus:
        Wire(bus.url).close()


def test_a_nats_server_on_the_path_is_never_picked_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    decoy = tmp_path / "nats-server"
    decoy.write_text("#!/bin/sh\nexit 3\n")
    decoy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with nats() as bus:
        Wire(bus.url).close()
