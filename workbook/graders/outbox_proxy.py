"""A proxy between one pump and PostgreSQL, through which the grader sees and holds what the pump does there.

Every request passes `on_moment` before the server gets it, every answer before the pump gets it. While
on_moment waits, the pump's database waits; when it raises Gone, all its connections end, nothing forwarded.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from workbook.graders.outbox_wire import (
    CANCEL_REQUEST,
    GSS_REQUEST,
    REQUESTS,
    SENDS_OFF,
    SSL_REQUEST,
    Address,
    Answers,
    Requests,
    messages,
    startup,
)

READY, CHUNK = ord("Z"), 1 << 18


class Gone(Exception):
    """Raised by on_moment: the pump was killed, so nothing of it passes any more."""


@dataclass(frozen=True)
class Moment:
    """Something that is about to pass: kind opens, asks, answers, refused or closed."""

    kind: str
    session: int
    text: str = ""  # asks: the statements; answers: command tags or `SQLSTATE text`
    failed: bool = False  # answers: an error
    status: str = ""  # answers: I (idle), T (in a transaction), E (in one that failed)


@dataclass
class Session:
    """One connection. `status` as in Moment; `waiting` requests are not yet answered; both since `since`."""

    number: int
    client: socket.socket
    server: socket.socket
    started: bool = False
    status: str = ""
    waiting: int = 0
    since: float = field(default_factory=time.monotonic)
    from_client: bytearray = field(default_factory=bytearray)
    from_server: bytearray = field(default_factory=bytearray)
    unsent: bytearray = field(default_factory=bytearray)  # of the client, until it waits for an answer
    requests: Requests = field(default_factory=Requests)
    answers: Answers = field(default_factory=Answers)


class Proxy:
    """Listens for the connections of one pump. `refuses` is an outage: every connection ends at once."""

    def __init__(self, upstream: Address, path: str, on_moment: Callable[[Moment], None]) -> None:
        """Raises OSError when there can be no socket at `path`."""
        self.upstream = upstream
        self.path = path
        self.refuses = False
        self._on_moment = on_moment
        self._sessions: dict[int, Session] = {}
        self._count = 0
        self._lock = threading.Lock()  # for _sessions as a collection and _cut
        self._cut = self._closed = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(64)
        self._select = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._select.register(self._listener, selectors.EVENT_READ)
        self._select.register(self._woken, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="outbox proxy", daemon=True)
        self._thread.start()

    def sessions(self) -> list[Session]:
        """All connections that are open."""
        with self._lock:
            return list(self._sessions.values())

    def cut(self) -> None:
        """End all connections, as a network does."""
        with self._lock:
            self._cut = True
        self._nudge()

    def close(self) -> None:
        """End everything. on_moment must not wait any more."""
        self._closed = True
        self._nudge()
        self._thread.join()
        self._wake.close()
        self._woken.close()
        with contextlib.suppress(OSError):
            os.unlink(self.path)

    def _nudge(self) -> None:
        with contextlib.suppress(OSError):
            self._wake.send(b"!")

    def _run(self) -> None:
        try:
            while not self._closed:
                for key, _ in self._select.select():
                    self._serve(key)
                with self._lock:
                    cut, self._cut = self._cut, False
                if cut:
                    self._end_all()
        except Gone:
            pass
        finally:
            self._end_all()
            self._listener.close()
            self._select.close()

    def _serve(self, key: selectors.SelectorKey) -> None:
        if key.fileobj is self._listener:
            self._accept()
        elif key.fileobj is self._woken:
            self._woken.recv(100)
        else:
            session: Session = key.data
            if session.number not in self._sessions:
                return  # ended by what else happened in this round
            try:
                if key.fileobj is session.client:
                    self._client_sent(session)
                else:
                    self._server_sent(session)
            except (OSError, ValueError, IndexError, struct.error):
                self._end(session)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        self._count += 1
        number = self._count
        server = None
        if not self.refuses:
            with contextlib.suppress(OSError):
                server = self.upstream.dial()
        if server is None:
            client.close()
            self._on_moment(Moment("refused", number))
            return
        session = Session(number, client, server)
        with self._lock:
            self._sessions[number] = session
        self._select.register(client, selectors.EVENT_READ, session)
        self._select.register(server, selectors.EVENT_READ, session)

    def _client_sent(self, session: Session) -> None:
        data = session.client.recv(CHUNK)
        if not data:
            self._end(session)
            return
        session.from_client += data
        if not session.started and not self._client_starts(session):
            return
        for kind, message in messages(session.from_client):
            session.unsent += message
            session.requests.note(kind, message)
            if kind not in SENDS_OFF:
                continue
            if kind in REQUESTS:
                session.waiting += 1
                session.since = time.monotonic()
                self._on_moment(Moment("asks", session.number, session.requests.take()))
            session.server.sendall(session.unsent)
            session.unsent.clear()

    def _client_starts(self, session: Session) -> bool:
        """Deal with what comes before the first ordinary message; True when that may follow."""
        while (first := startup(session.from_client)) is not None:
            code, message = first
            if code in (SSL_REQUEST, GSS_REQUEST):
                session.client.sendall(b"N")
                continue
            if code != CANCEL_REQUEST:
                session.waiting = 1
                self._on_moment(Moment("opens", session.number))
            session.server.sendall(message)
            session.started = True
            return True
        return False

    def _server_sent(self, session: Session) -> None:
        data = session.server.recv(CHUNK)
        if not data:
            self._end(session)
            return
        session.from_server += data
        ready = bytearray()
        for kind, message in messages(session.from_server):
            session.answers.note(kind, message)
            if kind == READY:
                self._answered(session, chr(message[5]))
            ready += message
        session.client.sendall(ready)

    def _answered(self, session: Session, status: str) -> None:
        tags, error = session.answers.take()
        self._on_moment(Moment("answers", session.number, error or tags, bool(error), status))
        session.status, session.since = status, time.monotonic()
        session.waiting = max(0, session.waiting - 1)

    def _end(self, session: Session) -> None:
        with self._lock:
            if self._sessions.pop(session.number, None) is None:
                return
        for side in (session.client, session.server):
            with contextlib.suppress(KeyError, ValueError):
                self._select.unregister(side)
            side.close()
        if not self._closed:
            with contextlib.suppress(Gone):
                self._on_moment(Moment("closed", session.number))

    def _end_all(self) -> None:
        for session in self.sessions():
            self._end(session)
