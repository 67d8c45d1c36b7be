"""A schema of one's own in somebody's database, gone when its block is left or its process is dead."""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, LiteralString
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from workbook.services.errors import ServiceError, shown

if TYPE_CHECKING:
    import psycopg

NAME = "PostgreSQL"
VARIABLE = "PUBSUB_DATABASE_URL"
FORM = f"set {VARIABLE} to postgresql://user:password@host:port/pubsub_something, or unset it"
PREFIX = "pubsub_run_"

# Dead runs: their schemas are there, but nobody holds the advisory lock that goes with the name.
SCHEMAS: LiteralString = r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pubsub\_run\_%'"
# What an open transaction of a crashed client would make DROP SCHEMA wait for.
END_USERS: LiteralString = """
    SELECT pg_terminate_backend(l.pid)
    FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND l.pid <> pg_backend_pid()
"""


@contextmanager
def schema_of_ones_own(url: str) -> Iterator[tuple[str, str]]:
    """A new schema in the database of the URL: (a URL whose connections work in it, its name).

    Refuses a database whose name does not start with `pubsub_`. Raises ServiceError for that, a URL that is
    none, and a server that cannot be reached or does not let us in. Schemas of killed runs are dropped.
    """
    schema = PREFIX + secrets.token_hex(6)
    with _connect(url) as guard:  # its advisory lock says that this run lives
        _prepare(guard, schema)
        try:
            yield within(url, schema), schema
        finally:
            if not _drop(guard, schema):
                # The connection may have died with the server's restart: once more with a fresh one.
                with suppress(ServiceError), _connect(url) as again:
                    _drop(again, schema)


def within(url: str, schema: str) -> str:
    """The URL with the schema as search path, other options kept."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    query["options"] = f"{query.get('options', '')} -csearch_path={schema}".strip()
    return parts._replace(query=urlencode(query, quote_via=quote)).geturl()


def _connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    import psycopg  # late: it is slow to load, and the embedded server needs none of it
    from psycopg.conninfo import conninfo_to_dict

    if not url.startswith(("postgresql://", "postgres://")):
        problem = f"cannot be reached: {VARIABLE} is {shown(url)} and not the URL of a PostgreSQL database"
        raise ServiceError(NAME, problem, FORM)
    try:
        database = conninfo_to_dict(url).get("dbname")
    except psycopg.Error as error:
        problem = f"cannot be reached: {VARIABLE} is not a valid URL ({_line(error)})"
        raise ServiceError(NAME, problem, FORM) from None
    if not str(database or "").startswith("pubsub_"):
        raise ServiceError(
            NAME,
            f"is refused: {VARIABLE} names the database {database!r}, and only one whose name starts with "
            "pubsub_ is used, so that no other is touched by accident",
            "run `createdb pubsub_workbook` and name that one, or unset the variable",
        )
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=5)
    except psycopg.Error as error:
        raise ServiceError(
            NAME,
            f"cannot be reached at {shown(url)}: {_line(error)}",
            f"check that it runs and lets you in, or unset {VARIABLE} to use the embedded one",
        ) from None


def _prepare(guard: psycopg.Connection[tuple[object, ...]], schema: str) -> None:
    import psycopg
    from psycopg import sql

    user, database = guard.info.user, guard.info.dbname
    try:
        for (name,) in guard.execute(SCHEMAS).fetchall():
            if guard.execute("SELECT pg_try_advisory_lock(%s)", [_key(str(name))]).fetchone() == (True,):
                _drop(guard, str(name))
                guard.execute("SELECT pg_advisory_unlock(%s)", [_key(str(name))])
        guard.execute("SELECT pg_advisory_lock(%s)", [_key(schema)])  # until this connection ends
        guard.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    except psycopg.Error as error:
        raise ServiceError(
            NAME,
            f"does not let {user} make a schema in {database}: {_line(error)}",
            f"run `GRANT CREATE ON DATABASE {database} TO {user}` there",
        ) from None


def _drop(guard: psycopg.Connection[tuple[object, ...]], schema: str) -> bool:
    """Whether the schema is gone."""
    import psycopg
    from psycopg import sql

    try:
        guard.execute(END_USERS, [schema])
        guard.execute("SET lock_timeout = '5s'")
        guard.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))
    except psycopg.Error:
        return False
    return True


def _key(schema: str) -> int:
    return zlib.crc32(schema.encode())


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
