"""Kill a running pump a thousand times while a writer inserts, then look at what was published.

    python bench/crash.py                   1,000 kills (a few minutes)
    python bench/crash.py 50 --seed 7       fewer, and other moments
    python bench/crash.py --pump FILE       another answer than the reference solution

Each life of the pump ends with kill -9, after a random number of publications or while it starts; the next one
starts at once. The writer goes on meanwhile: transactions of several rows, two open at a time, so that
ids are committed out of order, and some are rolled back. At last a pump is left alone until the table is
drained. Then: nothing committed may be missing, nothing else may have been published, every row is marked, and
the first publications of each aggregate are in the order of its ids. Rows published twice are what at-least-once
means; they are counted. Ends with 1 when a rule is broken.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import threading
import time
from pathlib import Path
from random import Random

import psycopg

if __name__ == "__main__":  # python bench/crash.py: the checkout is not on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import outbox_pump
from workbook.services import postgres

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = (ROOT / "workbook" / "stubs" / "outbox_schema.sql").read_bytes()
A_LINE = 7  # bytes of the log, about
ACKNOWLEDGED_AFTER = 0.002
BACKLOG = 2_000  # the writer pauses when more rows than this are pending
INSERT = "INSERT INTO outbox (aggregate_id, topic, payload) VALUES (%s, 't', 'x') RETURNING id"
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["bench.outbox_pump"])


class Writer(threading.Thread):
    """Business transactions until `done` is set; remembers what was committed."""

    def __init__(self, url: str, random: Random) -> None:
        super().__init__(daemon=True)
        self.committed: dict[int, str] = {}
        self.rolled_back = 0
        self.failure: psycopg.Error | None = None
        self.done = threading.Event()
        self._random = random
        self._sides = [psycopg.connect(url), psycopg.connect(url)]

    def run(self) -> None:
        try:
            self._write()
        except psycopg.Error as error:
            self.failure = error
        finally:
            for connection in self._sides:
                connection.close()  # what is open is rolled back

    def _write(self) -> None:
        # Each connection has aggregates of its own: within one, ids are committed in their order, as a business
        # that locks the aggregate first has it; between them they are not.
        open_rows: list[dict[int, str]] = [{}, {}]
        while not self.done.is_set():
            side = self._random.randrange(2)
            connection, rows = self._sides[side], open_rows[side]
            for _ in range(self._random.randint(1, 5)):
                aggregate = f"{'ab'[side]}{self._random.randrange(10)}"
                (number,) = connection.execute(INSERT, [aggregate]).fetchone() or (0,)
                rows[number] = aggregate
            if self._random.random() < 0.7:
                if self._random.random() < 0.1:
                    connection.rollback()
                    self.rolled_back += len(rows)
                else:
                    connection.commit()
                    self.committed.update(rows)
                rows.clear()
                self._breathe(connection)

    def _breathe(self, connection: psycopg.Connection) -> None:
        """Let the pump keep up: a backlog that only grows would make every life the same."""
        pending = "SELECT count(*) FROM (SELECT FROM outbox WHERE processed_at IS NULL LIMIT 2000) AS backlog"
        (number,) = connection.execute(pending).fetchone() or (0,)
        connection.rollback()
        self.done.wait(0.2 if number >= BACKLOG else 0.002)


def kill_again_and_again(kills: int, pump: Path, url: str, log: Path, random: Random) -> None:
    lived = before = 0
    for number in range(1, kills + 1):
        here, there = CONTEXT.Pipe()
        life = CONTEXT.Process(target=outbox_pump.serve, args=(pump, url, ACKNOWLEDGED_AFTER, log, 20, there))
        life.start()
        here.recv()
        here.send("go")
        if random.random() < 0.1:
            time.sleep(random.uniform(0.0, 0.05))  # while it starts
        else:
            # So many publications after the first one and a moment more: no matter how fast the machine is.
            grown(log, before + random.randrange(1, 60 * A_LINE))
            time.sleep(random.uniform(0.0, 0.005))
        life.kill()
        life.join()
        here.close()
        after = log.stat().st_size
        lived += after > before
        before = after
        if number % max(1, kills // 10) == 0:
            print(f"{number:6,} kills, {lived:6,} of them after something was published", flush=True)


def grown(log: Path, size: int) -> None:
    """Wait until the log has that size; at most 5 s, for the writer may be the slower one."""
    end = time.monotonic() + 5.0
    while log.stat().st_size < size and time.monotonic() < end:
        time.sleep(0.0005)


def drain(pump: Path, url: str, log: Path) -> float:
    """Leave one pump alone until nothing is pending; seconds that took."""
    start = time.monotonic()
    last = CONTEXT.Process(target=outbox_pump.serve, args=(pump, url, ACKNOWLEDGED_AFTER, log, 20, None))
    last.start()
    with psycopg.connect(url, autocommit=True) as client:
        while client.execute("SELECT FROM outbox WHERE processed_at IS NULL LIMIT 1").fetchone() is not None:
            if time.monotonic() - start > 60 or not last.is_alive():
                break
            time.sleep(0.02)
    last.kill()
    last.join()
    return time.monotonic() - start


def judge(log: Path, committed: dict[int, str], url: str) -> list[str]:
    """Print what happened; a sentence for each rule that broke."""
    published = [int(line.split(" ", 1)[0]) for line in log.read_text().splitlines()]
    first = list(dict.fromkeys(published))
    last: dict[str, int] = {}
    behind = 0
    for number in first:
        aggregate = committed.get(number, "")
        behind += number < last.get(aggregate, 0)
        last[aggregate] = max(number, last.get(aggregate, 0))
    with psycopg.connect(url) as client:
        (unmarked,) = client.execute("SELECT count(*) FROM outbox WHERE processed_at IS NULL").fetchone() or (
            0,
        )
    if not first:
        return ["nothing was published"]
    counts = {
        "rows that were committed and never published": len(committed.keys() - set(first)),
        "rows that were published and never committed": len(set(first) - committed.keys()),
        "first publications out of order": behind,
        "rows that are still pending": unmarked,
    }
    print(f"\n{len(committed):9,} rows committed, {len(first):,} published")
    print(
        f"{len(published) - len(first):9,} publications were repetitions ({len(published) / len(first) - 1:.2%})"
    )
    for what, count in counts.items():
        print(f"{count:9,} {what}")
    return [what for what, count in counts.items() if count]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("kills", nargs="?", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pump", type=Path, default=ROOT / "solutions" / "outbox.py")
    options = parser.parse_args()
    with postgres() as db, tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        log.touch()
        with psycopg.connect(db.url, autocommit=True) as client:
            client.execute(SCHEMA)
        writer = Writer(db.url, Random(options.seed))
        writer.start()
        kill_again_and_again(options.kills, options.pump, db.url, log, Random(options.seed + 1))
        writer.done.set()
        writer.join()
        if writer.failure is not None:
            raise writer.failure
        seconds = drain(options.pump, db.url, log)
        broken = judge(log, writer.committed, db.url)
        print(f"{writer.rolled_back:9,} rows rolled back; the last pump needed {seconds:.1f} s")
    print("Every rule held." if not broken else f"BROKEN: {'; '.join(broken)}.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
