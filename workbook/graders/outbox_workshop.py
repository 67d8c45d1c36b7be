"""What all checks of one attempt share: the server, its databases, and scenes that several checks judge."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from urllib.parse import urlsplit

from workbook.graders.outbox_database import Database
from workbook.grading.check import NotGraded
from workbook.services import Postgres, ServiceError, postgres
from workbook.services.postgresql import VARIABLE

T = TypeVar("T")


class Workshop:
    """Starts nothing before it is needed. Databases are lent one scene at a time: locks of PostgreSQL that
    pumps take by number, and what they ask about other sessions, reach no further than their database.
    """

    def __init__(self, services: ExitStack) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._shared: Postgres | None = None
        self._sockets = Path()
        self._free: list[Database] = []
        self._made = 0
        self._own: tuple[Database, Postgres] | None = None
        self._own_in_use = threading.Lock()
        self._alone = threading.Lock()
        self._only_one = threading.Lock()  # for a server of somebody else's, where we have but a schema
        self._results: dict[str, tuple[threading.Lock, list[Any]]] = {}

    @property
    def several(self) -> bool:
        """Whether one scene may have two databases."""
        return VARIABLE not in os.environ

    @contextmanager
    def database(self, first_id: int = 1) -> Iterator[Database]:
        """A database with an empty table, for one scene. Raises NotGraded when there is no PostgreSQL."""
        with self._lock:
            if self._shared is None:
                self._shared = _entered(self._services)
                self._sockets = _sockets_of(self._shared, self._services)
            shared = self._shared
        if not shared.embedded:
            with self._only_one:
                database = Database(shared.url, self._sockets)
                try:
                    database.reset(first_id)
                    yield database
                finally:
                    database.close()
            return
        database = self._lend(shared.url)
        database.reset(first_id)
        yield database
        with self._lock:  # not after an error: sessions of a broken scene may still be about
            self._free.append(database)

    @contextmanager
    def server(self) -> Iterator[tuple[Database, Postgres | None]]:
        """A database and its own server, which may be killed and started again.

        Where the server is somebody else's it must be left alone: a database on that one, and None.
        """
        if VARIABLE in os.environ:
            with self.database() as database:
                yield database, None
            return
        with self._own_in_use:  # one such server is enough; who comes second finds it running
            if self._own is None:
                server = _entered(self._services)
                database = Database(server.url, _sockets_of(server, self._services))
                self._services.callback(database.close)
                self._own = database, server
            self._own[1].start()
            self._own[0].reset()
            yield self._own

    def _lend(self, url: str) -> Database:
        from psycopg import sql

        with self._lock:
            if self._free:
                return self._free.pop()
            self._made += 1
            name = f"pubsub_{self._made}"
            maker = Database(url, self._sockets)
            maker.run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            maker.close()
        made = Database(urlsplit(url)._replace(path=f"/{name}").geturl(), self._sockets)
        self._services.callback(made.close)
        return made

    @contextmanager
    def alone(self) -> Iterator[None]:
        """For a measurement: nobody else's who asks for the same runs at that time."""
        with self._alone:
            yield

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What `make` gives, made by the first who asks; others wait for it."""
        with self._lock:
            lock, made = self._results.setdefault(name, (threading.Lock(), []))
        with lock:
            if not made:
                made.append(make())
            first: T = made[0]
            return first


def _entered(stack: ExitStack) -> Postgres:
    try:
        return stack.enter_context(postgres())
    except ServiceError as error:
        raise NotGraded(str(error)) from None


def _sockets_of(service: Postgres, stack: ExitStack) -> Path:
    """A closed folder for the sockets of proxies: inside that of our server, which goes when we are killed."""
    if service.server is None:
        return Path(stack.enter_context(TemporaryDirectory(prefix="pubsub-proxies-")))
    folder = service.server.folder.path / "proxies"
    folder.mkdir(0o700)
    return folder


@contextmanager
def workshop() -> Iterator[Workshop]:
    """A workshop for one attempt."""
    with ExitStack() as services:
        yield Workshop(services)
