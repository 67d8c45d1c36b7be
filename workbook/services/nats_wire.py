"""The NATS protocol over a plain socket: enough to see whether a server lets us in, and to ask it something.

nats-py is asynchronous and checks subjects itself; what is asked here is the server, from any thread, also
one that runs an event loop (a notebook).
"""

from __future__ import annotations

import json
import secrets
import socket
import ssl
from typing import Any
from urllib.parse import unquote, urlsplit

PATIENCE = 5.0  # seconds for an answer


class RefusedError(Exception):
    """The server answered, and not as hoped."""


class Wire:
    """One connection. Raises OSError and RefusedError; ValueError for a URL that is none."""

    def __init__(self, url: str, **options: object) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("nats", "tls") or not parts.hostname:
            raise ValueError("it should look like nats://host:4222")
        self._socket = socket.create_connection((parts.hostname, parts.port or 4222), timeout=PATIENCE)
        try:
            self._received = b""
            greeting = self.line()
            if not greeting.startswith(b"INFO "):
                raise RefusedError("what answers there is not a NATS server")
            self.info: dict[str, Any] = json.loads(greeting[5:])
            if parts.scheme == "tls" or self.info.get("tls_required"):
                context = ssl.create_default_context()
                self._socket = context.wrap_socket(self._socket, server_hostname=parts.hostname)
            hello = _hello(parts.username, parts.password) | options
            self.send(f"CONNECT {json.dumps(hello)}\r\nPING\r\n".encode())
            self.until_pong()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def line(self) -> bytes:
        """The next line, without its end."""
        while b"\r\n" not in self._received:
            self._fill()
        line, _, self._received = self._received.partition(b"\r\n")
        return line

    def exactly(self, size: int) -> bytes:
        while len(self._received) < size:
            self._fill()
        data, self._received = self._received[:size], self._received[size:]
        return data

    def until_pong(self) -> None:
        while (line := self.line()) != b"PONG":
            if line.startswith(b"-ERR"):
                raise RefusedError(line[5:].decode(errors="replace").strip("'"))

    def ask(self, subject: str, question: object = None) -> dict[str, Any]:
        """Request and reply in JSON. Raises RefusedError when nobody listens there."""
        inbox = f"_INBOX.{secrets.token_hex(8)}"
        data = b"" if question is None else json.dumps(question).encode()
        self.send(f"SUB {inbox} 1\r\nPUB {subject} {inbox} {len(data)}\r\n".encode() + data + b"\r\n")
        while not (line := self.line()).startswith((b"MSG", b"HMSG", b"-ERR")):
            if line == b"PING":
                self.send(b"PONG\r\n")
        if not line.startswith(b"MSG"):
            raise RefusedError(line.decode(errors="replace"))
        answer = self.exactly(int(line.split()[-1]) + 2)
        self.send(b"UNSUB 1\r\n")
        result: dict[str, Any] = json.loads(answer)
        return result

    def _fill(self) -> None:
        data = self._socket.recv(1 << 20)
        if not data:
            raise RefusedError("it closed the connection")
        self._received += data


def _hello(user: str | None, password: str | None) -> dict[str, object]:
    hello: dict[str, object] = {"verbose": False, "pedantic": False, "lang": "python", "version": "1"}
    if password is not None:
        hello |= {"user": unquote(user or ""), "pass": unquote(password)}
    elif user:
        hello |= {"auth_token": unquote(user)}
    return hello
