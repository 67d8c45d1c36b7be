"""The PostgreSQL protocol, as far as a bystander must understand it: where messages end, what they ask, what
came of it, and whether a transaction is open.

Source: PostgreSQL manual, chapter "Frontend/Backend Protocol", section "Message Formats" (version 3).
"""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
LENGTH = struct.Struct("!I")
SENDS_OFF = frozenset(b"QSHXFpcf")  # messages after which a client waits for an answer, or goes
REQUESTS = frozenset(b"QS")  # those that are answered by ReadyForQuery


def messages(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    """(type, whole message) of every complete message; takes them out of the buffer."""
    while len(buffer) >= 5:
        size = 1 + LENGTH.unpack_from(buffer, 1)[0]
        if len(buffer) < size:
            return
        message = bytes(buffer[:size])
        del buffer[:size]
        yield message[0], message


def startup(buffer: bytearray) -> tuple[int, bytes] | None:
    """(code, whole message) of a first message, which has no type; None while it is not complete."""
    if len(buffer) < 8:
        return None
    size = LENGTH.unpack_from(buffer, 0)[0]
    if len(buffer) < size:
        return None
    message = bytes(buffer[:size])
    del buffer[:size]
    return LENGTH.unpack_from(message, 4)[0], message


def text_at(message: bytes, start: int) -> tuple[str, int]:
    """A zero-terminated text and where the next field begins."""
    end = message.index(b"\0", start)
    return message[start:end].decode("utf-8", "replace"), end + 1


def error_of(message: bytes) -> str:
    """`SQLSTATE text` of an ErrorResponse."""
    fields, at = {}, 5
    while at < len(message) and message[at]:
        kind = chr(message[at])
        fields[kind], at = text_at(message, at + 1)
    return f"{fields.get('C', '?????')} {fields.get('M', '')}"


@dataclass
class Requests:
    """What a client asks for, by statement names and portals."""

    statements: dict[str, str] = field(default_factory=dict)
    portals: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def note(self, kind: int, message: bytes) -> None:
        """Take in one message of the client."""
        if kind == ord("Q"):
            self.asked.append(text_at(message, 5)[0])
        elif kind == ord("P"):
            name, after = text_at(message, 5)
            self.statements[name] = text_at(message, after)[0]
        elif kind == ord("B"):
            portal, after = text_at(message, 5)
            self.portals[portal] = self.statements.get(text_at(message, after)[0], "")
        elif kind == ord("E"):
            self.asked.append(self.portals.get(text_at(message, 5)[0], ""))

    def take(self) -> str:
        """What was asked since the last time, as one line."""
        text = "; ".join(" ".join(one.split()) for one in self.asked)
        self.asked.clear()
        return text


@dataclass
class Answers:
    """What the server says, until it is ready again."""

    tags: list[str] = field(default_factory=list)
    error: str = ""

    def note(self, kind: int, message: bytes) -> None:
        if kind == ord("C"):
            self.tags.append(text_at(message, 5)[0])
        elif kind == ord("E"):
            self.error = error_of(message)

    def take(self) -> tuple[str, str]:
        """(command tags, error) since the last time."""
        taken = ", ".join(self.tags), self.error
        self.tags, self.error = [], ""
        return taken


@dataclass(frozen=True)
class Address:
    """Where a server listens: a Unix socket's path, or host and port."""

    path: str = ""
    host: str = ""
    port: int = 5432

    def dial(self) -> socket.socket:
        """A connection to it, encrypted where the server offers that over TCP. Raises OSError."""
        if self.path:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(self.path)
            except OSError:
                connection.close()
                raise
            return connection
        connection = socket.create_connection((self.host, self.port), 5.0)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(struct.pack("!II", 8, SSL_REQUEST))
        if connection.recv(1) != b"S":
            connection.settimeout(None)
            return connection
        # As libpq does by default (sslmode=prefer): encrypted, the certificate not verified.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        wrapped = context.wrap_socket(connection, server_hostname=self.host)
        wrapped.settimeout(None)
        return wrapped
