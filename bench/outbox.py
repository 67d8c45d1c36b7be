"""Rows a second of outbox pumps, beside the two limits: what PostgreSQL and what librdkafka can do alone.

    python bench/outbox.py             everything (about three minutes)
    python bench/outbox.py --quick     a tenth of the rows

Every pump runs in a process of its own against the embedded PostgreSQL (fsync off, a Unix socket) and a broker
that acknowledges after a fixed delay; what is measured is the time until the last row is marked.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

if __name__ == "__main__":  # python bench/outbox.py: the checkout is not on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import outbox_pump
from workbook.kafka_producer import KafkaProducer
from workbook.services import kafka, postgres

ROOT = Path(__file__).resolve().parents[1]
SOLUTION = ROOT / "solutions" / "outbox.py"
SERIAL = ROOT / "bench" / "outbox_serial.py"
RIGHT = ROOT / "tests" / "right_answers" / "outbox"
WRONG = ROOT / "tests" / "wrong_answers" / "outbox"
SCHEMA = (ROOT / "workbook" / "stubs" / "outbox_schema.sql").read_bytes()
DESIGNS = {
    "session locks, rolling (solution)": SOLUTION,
    "transaction locks, batches": RIGHT / "advisory_xact_locks.py",
    "head of the aggregate": RIGHT / "head_of_aggregate.py",
    "one leader, batches": RIGHT / "leader_lock.py",
    "worker threads": RIGHT / "worker_threads.py",
}
SKIP_LOCKED = {
    "SKIP LOCKED in autocommit": WRONG / "skip_locked_in_autocommit.py",
    "SKIP LOCKED in a transaction": WRONG / "skip_locked_without_the_aggregate.py",
    "solution": SOLUTION,
}
LAYOUTS = ("interleaved", "contiguous")
SPAWN = multiprocessing.get_context("forkserver")
SPAWN.set_forkserver_preload(["bench.outbox_pump"])


@dataclass(frozen=True)
class Run:
    """What a drained table tells."""

    rate: float  # rows a second
    published: int
    duplicates: int
    inversions: int  # first publications behind a later row of their aggregate
    memory: list[tuple[int, float]]


class Bench:
    """One database, one table, filled and drained again and again."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.log = folder / "log"
        self.client = psycopg.connect(url, autocommit=True)
        self.client.execute(SCHEMA)

    def fill(self, rows: int, aggregates: int, layout: str) -> None:
        """A fresh table: the aggregates take turns, or the rows of each lie together."""
        self.client.execute("TRUNCATE outbox RESTART IDENTITY")
        with (
            self.client.cursor() as cursor,
            cursor.copy("COPY outbox (aggregate_id, topic, payload) FROM STDIN") as copy,
        ):
            for number in range(rows):
                owner = number % aggregates if layout == "interleaved" else number * aggregates // rows
                copy.write_row((f"order-{owner}", "orders", b"x" * 100))

    def drain(
        self,
        pump: Path,
        rows: int,
        *,
        delay: float,
        layout: str,
        aggregates: int = 500,
        pumps: int = 1,
        batch_size: int = 100,
    ) -> Run:
        """Fill the table and let `pumps` of them publish it, acknowledgements after `delay` seconds."""
        self.fill(rows, aggregates, layout)
        self.log.write_bytes(b"")
        workers = []
        for _ in range(pumps):
            here, there = SPAWN.Pipe()
            arguments = (pump, self.url, delay, self.log, batch_size, there)
            worker = SPAWN.Process(target=outbox_pump.serve, args=arguments, daemon=True)
            worker.start()
            workers.append((worker, here))
        for _, pipe in workers:
            pipe.recv()
        start = time.monotonic()
        for _, pipe in workers:
            pipe.send("go")
        while (
            self.client.execute("SELECT FROM outbox WHERE processed_at IS NULL LIMIT 1").fetchone()
            is not None
        ):
            time.sleep(0.02)
        seconds = time.monotonic() - start
        memory: list[tuple[int, float]] = []
        for worker, pipe in workers:
            pipe.send("stop")
            memory = pipe.recv()
            worker.join()
        return Run(rows / seconds, *history(self.log), memory)


def history(log: Path) -> tuple[int, int, int]:
    """(publications, duplicates, inversions) of a log."""
    seen: set[int] = set()
    last: dict[str, int] = {}
    published = inversions = 0
    for line in log.read_text().splitlines():
        word, aggregate = line.split(" ", 1)
        number = int(word)
        published += 1
        if number in seen:
            continue
        seen.add(number)
        inversions += number < last.get(aggregate, 0)
        last[aggregate] = max(number, last.get(aggregate, 0))
    return published, published - len(seen), inversions


def database_alone(bench: Bench, rows: int) -> float:
    """Rows a second that are read and marked, 100 at a time, by one connection that does nothing else."""
    bench.fill(rows, 500, "interleaved")
    start = time.monotonic()
    with psycopg.connect(bench.url, autocommit=True) as connection:
        connection.execute("SET enable_bitmapscan = off")
        read = "SELECT id, aggregate_id, topic, payload FROM outbox WHERE processed_at IS NULL ORDER BY id LIMIT 100"
        while found := connection.execute(read).fetchall():
            connection.execute(outbox_pump.load(SOLUTION).MARK, {"ids": [row[0] for row in found]})
    return rows / (time.monotonic() - start)


def kafka_alone(records: int) -> float:
    """Records a second through KafkaProducer to the embedded brokers, the last acknowledgement included."""
    with kafka() as cluster, KafkaProducer(cluster.bootstrap, settings={"linger.ms": 5}) as producer:
        topic = f"{cluster.prefix}bench"
        producer.send(topic, key=b"", value=b"", headers={}).result(30)  # the topic is made on first use
        start = time.monotonic()
        futures = [
            producer.send(
                topic, key=b"order-%d" % (n % 500), value=b"x" * 100, headers={"outbox-id": b"%d" % n}
            )
            for n in range(records)
        ]
        for future in futures:
            future.result(60)
        return records / (time.monotonic() - start)


@contextmanager
def bench() -> Iterator[Bench]:
    with postgres() as db, tempfile.TemporaryDirectory() as folder:
        made = Bench(db.url, Path(folder))
        try:
            yield made
        finally:
            made.client.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    part = 10 if parser.parse_args().quick else 1
    with bench() as made:
        print("Rows a second, batch_size 100, one pump, 500 aggregates\n")
        print(f"{'acknowledged after':20}{'layout':14}{'solution':>10}{'serial':>10}{'times':>8}")
        for delay in (0.0, 0.002, 0.010):
            for layout in LAYOUTS:
                serial = made.drain(SERIAL, 1_000 // part, delay=delay, layout=layout).rate
                solution = made.drain(SOLUTION, 20_000 // part, delay=delay, layout=layout).rate
                row = f"{1000 * delay:.0f} ms"
                print(
                    f"{row:20}{layout:14}{solution:10,.0f}{serial:10,.0f}{solution / serial:8.1f}", flush=True
                )

        print("\nThe solution's memory, acknowledgements after 2 ms\n")
        run = made.drain(SOLUTION, 100_000 // part, delay=0.002, layout="interleaved")
        for messages, megabytes in run.memory[:: max(1, len(run.memory) // 5)]:
            print(f"{messages:10,} rows {megabytes:8.1f} MB")
        print(f"{100_000 // part:10,} rows at {run.rate:,.0f} rows a second")

        print("\nThe limits, alone\n")
        print(f"PostgreSQL, read and marked   {database_alone(made, 100_000 // part):10,.0f} rows a second")
        print(f"librdkafka, acknowledged      {kafka_alone(100_000 // part):10,.0f} records a second")

        print("\nDesigns, acknowledgements after 2 ms; three pumps are three processes\n")
        print(f"{'':36}{'interleaved':>12}{'contiguous':>12}{'three pumps':>13}")
        for name, path in DESIGNS.items():
            rates = [made.drain(path, 10_000 // part, delay=0.002, layout=layout).rate for layout in LAYOUTS]
            many = made.drain(path, 10_000 // part, delay=0.002, layout="interleaved", pumps=3)
            print(f"{name:36}{rates[0]:12,.0f}{rates[1]:12,.0f}{many.rate:13,.0f}", flush=True)

        print("\nWhat the locks are worth: 2,000 rows of 5 aggregates, two pumps, batch_size 10, 2 ms\n")
        print(f"{'':36}{'published':>12}{'twice':>12}{'out of order':>13}")
        for name, path in SKIP_LOCKED.items():
            run = made.drain(
                path, 2_000, delay=0.002, layout="interleaved", aggregates=5, pumps=2, batch_size=10
            )
            print(f"{name:36}{run.published:12,}{run.duplicates:12,}{run.inversions:13,}", flush=True)


if __name__ == "__main__":
    main()
