"""The proxy between a pump and a real PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from workbook.graders.outbox_database import Database
from workbook.graders.outbox_proxy import Gone, Moment, Proxy
from workbook.graders.outbox_workshop import Workshop

PATIENCE = 30.0  # only how long a failing test takes


@pytest.fixture(scope="module")
def shop() -> Iterator[Workshop]:
    with ExitStack() as services:
        yield Workshop(services)


@pytest.fixture
def database(shop: Workshop) -> Iterator[Database]:
    with shop.database(98) as made:
        yield made


class Watched:
    """A proxy and what it told; `gate` is called for each moment before it passes."""

    def __init__(self, database: Database) -> None:
        self.moments: list[Moment] = []
        self.gate = lambda moment: None
        self.database = database
        self.proxy: Proxy = database.proxy(self.moment)

    def moment(self, moment: Moment) -> None:
        self.gate(moment)
        self.moments.append(moment)

    def connect(self, **more: object) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.database.through(self.proxy), **more)  # type: ignore[arg-type]

    def told(self, kind: str) -> list[str]:
        return [moment.text for moment in self.moments if moment.kind == kind]


@pytest.fixture
def watched(database: Database) -> Iterator[Watched]:
    made = Watched(database)
    yield made
    made.proxy.close()


def test_statements_and_what_came_of_them_are_told_in_order(watched: Watched) -> None:
    watched.database.insert([("a", "t", b"x"), ("b", "t", b"y")])
    with watched.connect() as connection:
        connection.execute("UPDATE outbox SET attempts = %s", [1])
    assert watched.told("asks") == ["BEGIN", "UPDATE outbox SET attempts = $1", "COMMIT"]
    assert watched.told("answers")[-3:] == ["BEGIN", "UPDATE 2", "COMMIT"]


def test_an_open_transaction_is_seen_from_outside(watched: Watched) -> None:
    with watched.connect() as connection:
        connection.execute("SELECT 1")
        [session] = watched.proxy.sessions()
        assert (session.status, session.waiting) == ("T", 0)
        connection.commit()
        assert session.status == "I"


def test_a_large_value_passes_unchanged_in_both_directions(watched: Watched) -> None:
    large = bytes(range(256)) * 8000
    with watched.connect() as connection:
        assert connection.execute("SELECT %s::bytea", [large]).fetchone() == (large,)
        with connection.pipeline():
            cursors = [connection.execute("SELECT %s::int", [number]) for number in range(50)]
        assert [cursor.fetchone() for cursor in cursors] == [(number,) for number in range(50)]


def test_a_request_does_not_reach_the_server_while_it_is_held(watched: Watched) -> None:
    [row] = watched.database.insert([("a", "t", b"x")])
    reached, free = threading.Event(), threading.Event()

    def gate(moment: Moment) -> None:
        if moment.text == "COMMIT" and moment.kind == "asks":
            reached.set()
            assert free.wait(PATIENCE)

    watched.gate = gate

    def pump() -> None:
        with watched.connect() as connection:
            connection.execute("UPDATE outbox SET processed_at = now()")

    thread = threading.Thread(target=pump)
    thread.start()
    assert reached.wait(PATIENCE)
    assert not watched.database.is_marked(row.id)
    free.set()
    thread.join()
    assert watched.database.is_marked(row.id)


def test_nothing_of_a_killed_pump_passes_and_its_transaction_is_rolled_back(watched: Watched) -> None:
    [row] = watched.database.insert([("a", "t", b"x")])

    def gate(moment: Moment) -> None:
        if moment.text == "COMMIT" and moment.kind == "asks":
            raise Gone

    watched.gate = gate
    connection = watched.connect()
    connection.execute("UPDATE outbox SET processed_at = now()")
    with pytest.raises(psycopg.OperationalError):
        connection.commit()
    connection.close()
    assert not watched.database.is_marked(row.id)


def test_an_outage_ends_connections_and_refuses_new_ones_until_it_is_over(watched: Watched) -> None:
    connection = watched.connect(autocommit=True)
    watched.proxy.refuses = True
    watched.proxy.cut()
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT pg_sleep(60)")  # at the latest when the proxy has come to it
    connection.close()
    with pytest.raises(psycopg.OperationalError):
        watched.connect()
    watched.proxy.refuses = False
    with watched.connect() as again:
        assert again.execute("SELECT 1").fetchone() == (1,)


def test_ids_are_as_asked_for_and_go_on(database: Database) -> None:
    first = database.insert([("a", "t", b""), ("b", "t", b"\x00\xff")])
    second = database.insert([("a", "t", b"z")])
    assert [row.id for row in (*first, *second)] == [98, 99, 100]
    assert database.pending() == [98, 99, 100]
    assert {row.aggregate for row in database.stored().values()} == {"a", "b"}


def test_sessions_and_locks_of_pumps_are_told_from_those_of_the_grader(watched: Watched) -> None:
    assert (watched.database.sessions(), watched.database.locks()) == ([], [])
    with watched.connect(autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(7)")
        assert len(watched.database.sessions()) == 1
        assert watched.database.locks() == ["advisory"]
        watched.database.end_sessions()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_no_session_of_an_earlier_scene_is_about_in_a_later_one(shop: Workshop) -> None:
    with shop.database() as database, ExitStack() as connections:
        for _ in range(10):
            for _ in range(4):
                pump = connections.enter_context(psycopg.connect(database.direct(), autocommit=True))
                pump.execute("SELECT pg_advisory_lock_shared(7)")
            database.end_sessions()
            assert (database.sessions(), database.locks()) == ([], [])


def test_two_scenes_at_once_have_databases_of_their_own(shop: Workshop) -> None:
    with shop.database() as one, shop.database() as two:
        one.insert([("a", "t", b"x")])
        assert (len(one.pending()), len(two.pending())) == (1, 0)
