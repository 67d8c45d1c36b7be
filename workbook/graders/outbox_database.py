"""The real database of a scene, as the grader uses it beside the pumps: filling, looking, terminating."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

from workbook.graders.outbox_proxy import Moment, Proxy
from workbook.graders.outbox_wire import Address
from workbook.places import STUBS

if TYPE_CHECKING:  # the driver takes a third of a second to load: only where it is used
    import psycopg
    from psycopg import sql

PORTS = itertools.cycle(range(10_000, 60_000))  # part of a socket's name only
END_WITHIN = 5.0  # seconds that a session of the pumps' may take to end

# Everything a pump must not make: relations (tables, indexes, temporary ones), columns, triggers, functions.
CATALOGUE: LiteralString = """
    SELECT 'relation ' || c.relname || ' of ' || n.nspname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%%'
    UNION ALL
    SELECT 'column ' || a.attname || ' of ' || c.relname
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%%'
        AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT 'function ' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
"""

# Locks of the pumps' sessions that outlast a statement; their own transaction's virtual id is none.
LOCKS: LiteralString = """
    SELECT l.locktype || CASE WHEN l.relation IS NULL THEN '' ELSE ' ' || l.relation::regclass::text END
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE a.application_name = %s AND l.granted AND l.locktype <> 'virtualxid'
"""


NewRow = tuple[str, str, bytes]  # aggregate, topic, payload


@dataclass(frozen=True)
class Row:
    """A row as the grader inserted it."""

    id: int
    aggregate: str
    topic: str
    payload: bytes


@dataclass(frozen=True)
class Stored:
    """A row as it stands in the table."""

    id: int
    aggregate: str
    marked: bool
    attempts: int
    last_error: str | None


class Database:
    """A database with an empty outbox after `reset`. Methods may be called from any thread."""

    def __init__(self, url: str, sockets: Path) -> None:
        """`sockets` is a folder for those of proxies."""
        self._sockets = sockets
        from psycopg.conninfo import conninfo_to_dict

        self._info = conninfo_to_dict(url)
        self._schema = _schema_of(self._info)
        self.tag = f"pubsub-{secrets.token_hex(4)}"  # the application name of the pumps' sessions
        self._next = 1
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None

    @property
    def address(self) -> Address:
        host, port = str(self._info.get("host", "localhost")), int(str(self._info.get("port", 5432)))
        return Address(f"{host}/.s.PGSQL.{port}") if host.startswith("/") else Address("", host, port)

    def proxy(self, on_moment: Callable[[Moment], None]) -> Proxy:
        """A proxy to this database."""
        return Proxy(self.address, str(self._sockets / f".s.PGSQL.{next(PORTS)}"), on_moment)

    def through(self, proxy: Proxy) -> str:
        """How a pump connects by way of a proxy."""
        port = proxy.path.rsplit(".", 1)[1]
        return self._conninfo(host=str(self._sockets), port=port, application_name=self.tag)

    def direct(self) -> str:
        """How a pump connects without anybody between."""
        return self._conninfo(application_name=self.tag)

    def _conninfo(self, **more: Any) -> str:
        from psycopg.conninfo import make_conninfo

        return make_conninfo("", **{**self._info, **more})

    def connect(self) -> psycopg.Connection[Any]:
        """One more connection of the grader's, in autocommit mode."""
        import psycopg

        return psycopg.connect(self._conninfo(), autocommit=True)

    def run(self, statement: LiteralString | sql.Composed, values: Sequence[Any] = ()) -> list[Any]:
        """Execute a statement on the grader's connection, made anew where the server ended it."""
        import psycopg

        with self._lock:
            try:
                return self._run(statement, values)
            except psycopg.OperationalError:
                return self._run(statement, values)  # the server was restarted since

    def _run(self, statement: LiteralString | sql.Composed, values: Sequence[Any]) -> list[Any]:
        cursor = self._open().execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []

    def _open(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = self.connect()
        return self._connection

    def close(self) -> None:
        import psycopg

        with self._lock, suppress(psycopg.Error):
            if self._connection is not None:
                self._connection.close()

    # ---- setting up

    def reset(self, first_id: int = 1) -> None:
        """End the pumps' sessions and make the table anew; the first row gets `first_id`."""
        from psycopg import sql

        self.end_sessions()
        name = sql.Identifier(self._schema)
        table = sql.SQL((STUBS / "outbox_schema.sql").read_text(encoding="utf-8"))
        again = sql.SQL(
            "SET client_min_messages = error; DROP SCHEMA IF EXISTS {} CASCADE; CREATE SCHEMA {}; {}"
        )
        self.run(again.format(name, name, table))
        self._next = first_id

    def number(self, rows: Iterable[NewRow]) -> list[Row]:
        """Give rows their ids, in this order; nothing is written yet."""
        with self._lock:
            made = [Row(self._next + number, *row) for number, row in enumerate(rows)]
            self._next += len(made)
            return made

    def skip_to(self, first_id: int) -> None:
        """Leave a gap: the next row gets this id, or the one after the last where that is higher."""
        with self._lock:
            self._next = max(self._next, first_id)

    def write(self, rows: Sequence[Row], into: psycopg.Connection[Any] | None = None) -> None:
        """Insert rows; committed at once, or as `into` commits."""
        if into is not None:
            _copy(rows, into)
            return
        with self._lock:
            _copy(rows, self._open())

    def insert(self, rows: Iterable[NewRow]) -> list[Row]:
        """Number and write rows."""
        made = self.number(rows)
        self.write(made)
        return made

    # ---- looking

    def stored(self) -> dict[int, Stored]:
        found = self.run(
            "SELECT id, aggregate_id, processed_at IS NOT NULL, attempts, last_error FROM outbox"
        )
        return {row[0]: Stored(*row) for row in found}

    def pending(self) -> list[int]:
        return [row[0] for row in self.run("SELECT id FROM outbox WHERE processed_at IS NULL ORDER BY id")]

    def is_marked(self, row_id: int) -> bool:
        return bool(self.run("SELECT 1 FROM outbox WHERE id = %s AND processed_at IS NOT NULL", [row_id]))

    def catalogue(self) -> set[str]:
        """What there is in the database besides PostgreSQL's own."""
        return {row[0] for row in self.run(CATALOGUE)}

    def locks(self) -> list[str]:
        """Locks that the pumps' sessions hold."""
        return [row[0] for row in self.run(LOCKS, [self.tag])]

    def sessions(self) -> list[int]:
        """Process ids of the servers behind the pumps' connections."""
        return [
            row[0]
            for row in self.run("SELECT pid FROM pg_stat_activity WHERE application_name = %s", [self.tag])
        ]

    def end_sessions(self) -> None:
        """pg_terminate_backend for every session of the pumps, and wait until those have ended."""
        told: LiteralString = """
            SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s
        """
        ended = {row[0] for row in self.run(told, [self.tag])}
        until = time.monotonic() + END_WITHIN
        while ended & set(self.sessions()) and time.monotonic() < until:
            time.sleep(0.002)  # PostgreSQL's own way of waiting looks every 100 ms


def _copy(rows: Sequence[Row], connection: psycopg.Connection[Any]) -> None:
    """COPY takes the ids it is given, where INSERT would need to override the identity."""
    columns: LiteralString = "COPY outbox (id, aggregate_id, topic, payload) FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor, cursor.copy(columns) as copy:
        copy.set_types(["int8", "text", "text", "bytea"])
        for row in rows:
            copy.write_row((row.id, row.aggregate, row.topic, row.payload))


def _schema_of(info: dict[str, Any]) -> str:
    """The schema in which connections work: the one of the search path, else public."""
    _, found, rest = str(info.get("options", "")).partition("search_path=")
    return rest.split()[0] if found else "public"
