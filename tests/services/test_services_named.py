"""Services that the environment names: refused, reached, isolated, cleaned up.

The servers named here are embedded ones, entered before the variable is set.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import nats as client
import psycopg
import pytest
from confluent_kafka import Producer
from service_scenes import output

from workbook.services import Kafka, Nats, Postgres, ServiceError, ServiceWarning, kafka, nats, postgres
from workbook.services.nats_wire import Wire
from workbook.services.postgresql_schema import within

VARIABLES = ("PUBSUB_DATABASE_URL", "PUBSUB_KAFKA", "PUBSUB_NATS_URL")


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with pytest.MonkeyPatch.context() as patch:
        for name in VARIABLES:
            patch.delenv(name, raising=False)
        with postgres() as db, psycopg.connect(db.url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE pubsub_mine")
            connection.execute("CREATE ROLE reader LOGIN")
            yield db


@pytest.fixture
def mine(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> str:
    url = server.url.replace("/postgres?", "/pubsub_mine?")
    monkeypatch.setenv("PUBSUB_DATABASE_URL", url)
    return url


def schemas(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pubsub%'").fetchall()
    return [name for (name,) in found]


def sentence(error: pytest.ExceptionInfo[ServiceError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    assert text.endswith(".")
    assert "; " in text
    return text


# PostgreSQL


def test_a_run_works_in_a_schema_of_its_own_and_leaves_none(mine: str) -> None:
    with postgres() as db:
        assert not db.embedded
        with psycopg.connect(db.url) as connection:
            connection.execute("CREATE TABLE outbox ()")
            where = connection.execute(
                "SELECT schemaname FROM pg_tables WHERE tablename = 'outbox'"
            ).fetchall()
            assert where == [(db.schema,)]
        assert schemas(mine) == [db.schema]
    assert schemas(mine) == []


def test_two_runs_in_one_database_do_not_disturb_each_other(mine: str) -> None:
    with postgres() as one, postgres() as two:
        for db in (one, two):
            with psycopg.connect(db.url) as connection:
                connection.execute("CREATE TABLE outbox ()")
        assert sorted(schemas(mine)) == sorted([one.schema, two.schema])


def test_a_transaction_that_somebody_left_open_does_not_hold_up_the_end(mine: str) -> None:
    with postgres() as db:
        forgotten = psycopg.connect(db.url)
        forgotten.execute("CREATE TABLE t ()")
        forgotten.commit()
        forgotten.execute("SELECT * FROM t")
    assert schemas(mine) == []
    forgotten.close()


def test_the_schema_of_a_killed_run_goes_at_the_next_start_and_no_other(mine: str) -> None:
    dead = output(
        "import os; from workbook.services import postgres; "
        "scope = postgres(); print(scope.__enter__().schema, flush=True); os.kill(os.getpid(), 9)",
        env={"PUBSUB_DATABASE_URL": mine},
        fails=True,
    ).strip()
    assert schemas(mine) == [dead]
    with psycopg.connect(mine) as connection:
        connection.execute("CREATE SCHEMA pubsub_runner")  # somebody's, with a name that is only similar
    with postgres() as living, postgres() as another:
        assert sorted(schemas(mine)) == sorted([living.schema, another.schema, "pubsub_runner"])
    with psycopg.connect(mine) as connection:
        connection.execute("DROP SCHEMA pubsub_runner")


def test_the_end_of_the_server_inside_the_block_is_no_second_error(server: Postgres, mine: str) -> None:
    def scene() -> None:
        with postgres():
            server.kill()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        scene()
    server.start()
    with postgres():
        pass
    assert schemas(mine) == []


@pytest.mark.parametrize("name", ["orders", "postgres", "Pubsub_x", "my_pubsub_x"])
def test_a_database_of_another_name_is_refused(
    server: Postgres, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("PUBSUB_DATABASE_URL", server.url.replace("/postgres?", f"/{name}?"))
    with pytest.raises(ServiceError) as error, postgres():
        pass
    assert f"PostgreSQL is refused: PUBSUB_DATABASE_URL names the database '{name}'" in sentence(error)
    assert "starts with pubsub_" in sentence(error)


def test_a_url_that_names_no_database_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBSUB_DATABASE_URL", "postgresql://localhost")
    with pytest.raises(ServiceError) as error, postgres():
        pass
    assert "names the database None" in sentence(error)


@pytest.mark.parametrize(
    "url", ["pubsub_x", "mysql://u:secret@h/pubsub_x", "postgresql://u:secret@h:port/pubsub_x"]
)
def test_a_wrong_database_url_is_one_sentence_without_the_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("PUBSUB_DATABASE_URL", url)
    with pytest.raises(ServiceError) as error, postgres():
        pass
    assert sentence(error).startswith("PostgreSQL cannot be reached")
    assert "PUBSUB_DATABASE_URL" in sentence(error)
    assert "secret" not in sentence(error)


def test_a_database_that_nobody_serves_is_one_sentence_without_the_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("PUBSUB_DATABASE_URL", f"postgresql://u:secret@127.0.0.1:{port}/pubsub_x")
    with pytest.raises(ServiceError) as error, postgres():
        pass
    assert f"PostgreSQL cannot be reached at postgresql://127.0.0.1:{port}/pubsub_x" in sentence(error)
    assert "Connection refused" in sentence(error)
    assert "unset PUBSUB_DATABASE_URL" in sentence(error)
    assert "secret" not in sentence(error)


def test_a_user_who_may_make_no_schema_is_told_which_right_is_missing(
    mine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBSUB_DATABASE_URL", mine.replace("postgres@", "reader@"))
    with pytest.raises(ServiceError) as error, postgres():
        pass
    assert "permission denied for database pubsub_mine" in sentence(error)
    assert "run `GRANT CREATE ON DATABASE pubsub_mine TO reader` there" in sentence(error)


def test_a_user_who_does_not_exist_is_one_sentence(mine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBSUB_DATABASE_URL", mine.replace("postgres@", "stranger@"))
    with pytest.raises(ServiceError) as error, postgres():
        pass
    assert 'role "stranger" does not exist' in sentence(error)


def test_options_of_the_url_stay_beside_the_search_path() -> None:
    url = within("postgresql://u@h/pubsub_x?options=-c%20statement_timeout%3D5s&sslmode=require", "s")
    assert url == (
        "postgresql://u@h/pubsub_x?options=-c%20statement_timeout%3D5s%20-csearch_path%3Ds&sslmode=require"
    )


# Kafka


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kafka]:
    monkeypatch.delenv("PUBSUB_KAFKA", raising=False)
    with kafka() as started:
        monkeypatch.setenv("PUBSUB_KAFKA", started.bootstrap)
        yield started


def test_a_named_cluster_is_used_under_a_prefix_of_ones_own(cluster: Kafka) -> None:
    with kafka() as named:
        assert not named.embedded
        assert named.bootstrap == cluster.bootstrap
        assert named.prefix != cluster.prefix


def test_topics_that_cannot_be_deleted_are_a_warning_that_names_them(cluster: Kafka) -> None:
    # The embedded brokers know no topic administration, as some real clusters forbid it.
    def scene() -> str:
        with kafka() as named:
            producer = Producer({"bootstrap.servers": named.bootstrap})
            producer.produce(f"{named.prefix}orders", b"")
            assert producer.flush(30) == 0
            producer.close()
            return named.prefix

    with pytest.warns(ServiceWarning) as warned:
        prefix = scene()
    message = str(warned[0].message)
    assert f"Kafka at {cluster.bootstrap} still holds {prefix}orders" in message
    assert f"delete what starts with {prefix} there" in message


@pytest.mark.parametrize("servers", ["http://host:9092", "host:port", "a b", "host:9092,", "host:9092/path"])
def test_a_wrong_list_of_bootstrap_servers_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, servers: str
) -> None:
    monkeypatch.setenv("PUBSUB_KAFKA", servers)
    with pytest.raises(ServiceError) as error, kafka():
        pass
    assert f"PUBSUB_KAFKA is {servers!r} and not a list of bootstrap servers" in sentence(error)
    assert "host:port[,host:port]" in sentence(error)


def test_a_cluster_that_nobody_serves_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("PUBSUB_KAFKA", f"127.0.0.1:{port}")
    with pytest.raises(ServiceError) as error, kafka():
        pass
    assert sentence(error).startswith(f"Kafka cannot be reached at 127.0.0.1:{port}: ")
    assert "Connection refused" in sentence(error)
    assert "unset PUBSUB_KAFKA" in sentence(error)
    assert capfd.readouterr() == ("", "")


# NATS


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nats]:
    monkeypatch.delenv("PUBSUB_NATS_URL", raising=False)
    with nats() as started:
        monkeypatch.setenv("PUBSUB_NATS_URL", started.url)
        yield started


def streams(bus: Nats) -> list[str]:
    with closing(Wire(bus.url)) as wire:
        return wire.ask("$JS.API.STREAM.NAMES").get("streams") or []


def test_streams_of_a_run_are_deleted_and_no_others(bus: Nats) -> None:
    async def add(prefix: str) -> None:
        connection = await client.connect(bus.url)
        stream = connection.jetstream()
        await stream.add_stream(name="somebody", subjects=["everything.>"])
        await stream.add_stream(name=f"{prefix}_orders", subjects=[f"{prefix}.>"])
        await connection.close()

    with nats() as named:
        assert not named.embedded
        asyncio.run(add(named.prefix))
        assert sorted(streams(bus)) == [f"{named.prefix}_orders", "somebody"]
    assert streams(bus) == ["somebody"]


def test_a_server_that_is_gone_at_the_end_is_a_warning_that_names_the_prefix(bus: Nats) -> None:
    def scene() -> str:
        with nats() as named:
            bus.kill()
            return named.prefix

    with pytest.warns(ServiceWarning) as warned:
        prefix = scene()
    assert f"may still hold streams whose names start with {prefix}" in str(warned[0].message)


@pytest.mark.parametrize(
    "url", ["host:4222", "http://u:secret@host", "nats://", "nats://u:secret@[h", "nats://h:p"]
)
def test_a_wrong_nats_url_is_one_sentence_without_the_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("PUBSUB_NATS_URL", url)
    with pytest.raises(ServiceError) as error, nats():
        pass
    assert "not the URL of a NATS server" in sentence(error)
    assert "set PUBSUB_NATS_URL to nats://host:port" in sentence(error)
    assert "secret" not in sentence(error)


def test_a_nats_server_that_nobody_serves_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("PUBSUB_NATS_URL", f"nats://secret@127.0.0.1:{port}")
    with pytest.raises(ServiceError) as error, nats():
        pass
    assert sentence(error).startswith(f"NATS cannot be reached at nats://127.0.0.1:{port}: ")
    assert "Connection refused" in sentence(error)
    assert "secret" not in sentence(error)


def test_a_wrong_token_is_one_sentence(bus: Nats, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBSUB_NATS_URL", f"nats://guess@127.0.0.1:{urlsplit(bus.url).port}")
    with pytest.raises(ServiceError) as error, nats():
        pass
    assert "Authorization Violation" in sentence(error)
    assert "check that it runs and lets you in" in sentence(error)
    assert "guess" not in sentence(error)


@contextmanager
def answering(reply: bytes) -> Iterator[int]:
    """A server on a free port that says one thing to whoever calls."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            caller, _ = listening.accept()
            with caller:
                caller.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    ("reply", "reason"),
    [(b"220 mail ready\r\n", "what answers there is not a NATS server"), (b"", "it closed the connection")],
)
def test_something_else_on_the_port_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, reply: bytes, reason: str
) -> None:
    with answering(reply) as port:
        monkeypatch.setenv("PUBSUB_NATS_URL", f"nats://127.0.0.1:{port}")
        with pytest.raises(ServiceError) as error, nats():
            pass
    assert reason in sentence(error)
