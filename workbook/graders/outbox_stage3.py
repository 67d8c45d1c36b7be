"""Outbox, stage 3: many pumps."""

from __future__ import annotations

from collections.abc import Callable, Collection

from workbook.graders import outbox_judge as judge
from workbook.graders.outbox_broker import HOLD, Answer
from workbook.graders.outbox_database import NewRow
from workbook.graders.outbox_history import Send
from workbook.graders.outbox_holds import held_points
from workbook.graders.outbox_rows import Rows
from workbook.graders.outbox_scene import Scene, scene
from workbook.grading.check import Bench, Check, collector

CHECKS: list[Check] = []
check = collector(CHECKS, 3)
LIMIT = 12.0
HOLD_LIMIT = 25.0  # three checks share some thirty interleavings


@check(
    rule="While nothing fails, two pumps together publish every row exactly once.",
    why="Two pumps are what a rolling deployment is, even where one is meant.",
    likely="SKIP LOCKED outside a transaction: the locks are gone when the statement ends, before anything is sent.",
    notebook="q18_consumer_groups",
    limit=HOLD_LIMIT,
)
def two_pumps_publish_once(bench: Bench) -> None:
    held_points(bench, "twice")


@check(
    rule="While nothing fails, any number of pumps together publish every row exactly once.",
    why="What works with two by luck fails with three.",
    likely="Rows are read before the lock is taken, so what another pump has just marked is sent again.",
    notebook="q18_consumer_groups",
    limit=20.0,
)
def three_pumps_publish_once(bench: Bench) -> None:
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        play.broker.answer = lambda send: Answer(after=bench.rng.choice((0.0, 0.001, 0.004)))
        _storm(play, rows.mixed(rows.aggregates(8), 12), 3)
        judge.nothing_twice(play)
        judge.nothing_lost(play)
        judge.as_they_are(play)


def _storm(play: Scene, rows: list[NewRow], pumps: int) -> None:
    """Pumps in processes of their own, all at once, while rows are still coming."""
    third = len(rows) // 3
    play.insert(rows[:third])
    made = [play.pump(batch_size=5, autocommit=number == 1) for number in range(pumps)]
    for pump in made:
        pump.start()
    play.insert(rows[third : 2 * third])
    play.until(lambda: len(play.sends) >= third // 2, "few rows are sent")
    play.insert(rows[2 * third :])
    play.drain()
    for pump in made:
        play.leave(pump)


@check(
    rule="With any number of pumps the rows of one aggregate are published in the order of their ids.",
    why="A partition keeps the order in which it was written; nobody puts it right behind the pumps.",
    likely="SKIP LOCKED hands the later rows of an aggregate to a second pump while the first has the earlier ones.",
    notebook="q14_ordering",
    limit=HOLD_LIMIT,
)
def many_pumps_keep_order(bench: Bench) -> None:
    held_points(bench, "order")
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        names = rows.aggregates(4)
        # The earlier a row, the later its acknowledgement: whoever overtakes is seen.
        first: dict[bytes, int] = {}

        def answer(send: Send) -> Answer:
            place = first[send.key] = first.get(send.key, 0) + 1
            return Answer(after=max(0.0, 0.012 - 0.001 * place))

        play.broker.answer = answer
        _storm(play, rows.mixed(names, 15), 2)
        judge.in_order(play)


@check(
    rule="A row is sent only after every earlier row of its aggregate that the pump can see was published.",
    why="Two messages under way can change places by a retry inside the client, or be lost one by one.",
    likely="The batch is sent as a whole and awaited at its end; only one message of an aggregate may be under way.",
    notebook="q14_ordering",
    limit=HOLD_LIMIT,
)
def next_row_waits_for_the_acknowledgement(bench: Bench) -> None:
    # Held are all first rows, so that whatever else a batch takes is one too many; then those of two aggregates.
    for held in (3, 2):
        with scene(bench, "run") as play:
            rows = Rows(bench.rng)
            names = rows.aggregates(3)
            made = play.insert(rows.mixed(names, 3))
            slow = {next(row for row in made if row.aggregate == name).id for name in names[:held]}
            play.broker.answer = _holding(slow)
            pumps = [play.pump(batch_size=4), play.pump()]
            for pump in pumps:
                pump.start()
            play.until(lambda: bool(play.broker.held()), "no row is sent")
            play.settle(0.15, 0.6)
            judge.one_at_a_time(play)
            play.broker.answer = lambda send: Answer()
            play.broker.release_all()
            play.drain()
            for pump in pumps:
                play.leave(pump)
            judge.one_at_a_time(play)
    held_points(bench, "one at a time")


def _holding(slow: Collection[int]) -> Callable[[Send], Answer]:
    return lambda send: HOLD if send.row is not None and send.row.id in slow else Answer()


@check(
    rule="Pumps share nothing but the table; two in one process are two pumps.",
    why="State in a class or a module is shared by all, and seen by none of the tests.",
    likely="A connection, a lock or the memory of what failed lives in the class or the module.",
    notebook="q18_consumer_groups",
    limit=15.0,
)
def pumps_of_one_process_share_nothing(bench: Bench) -> None:
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        names = rows.aggregates(6)
        child = play.child()
        pumps = [play.pump(child, batch_size=4), play.pump(child, batch_size=4)]
        play.insert(rows.mixed(names, 8))
        for pump in pumps:
            pump.start()
        play.drain()
        judge.nothing_twice(play)
        judge.in_order(play)
        play.leave(pumps[0])
        play.drain(play.insert(rows.mixed(names, 2)))
        play.leave(pumps[1])
        judge.nothing_twice(play)
        judge.in_order(play)
    if bench.shop.several:
        _two_tables(bench)


def _two_tables(bench: Bench) -> None:
    """Two pumps of one process on tables with the same ids and aggregates: one broker is away, one is not."""
    with scene(bench, "run", first_id=1) as play, bench.shop.database(1) as other:
        rows = Rows(bench.rng)
        names = rows.aggregates(3)
        mine, theirs = rows.turns(names, 2), rows.turns(names, 2)
        play.insert(mine)
        unlucky = play.pump()
        lucky = play.pump(unlucky.child, database=other)

        def answer(send: Send) -> Answer:
            return Answer("fail", text="away", took=False) if send.pump == unlucky.who else Answer()

        play.broker.answer = answer
        unlucky.start()
        play.until(lambda: len(play.sends) >= 4, "rows are not sent")
        other.insert(theirs)
        lucky.start()
        play.until(
            lambda: not other.pending(),
            "a pump on a table of its own does nothing while another one backs off",
            6.0,
        )
        mixed_up = [
            send for send in play.sends if send.pump == lucky.who and send.value in {row[2] for row in mine}
        ]
        if mixed_up:
            raise play.broken(
                "A pump sent a row of another pump's table.", "rows of its own table", "another's"
            )
        play.leave(lucky)
        play.leave(unlucky)


@check(
    rule="A pump that is stuck holds up no row for good: others take over when its acknowledgements have timed out.",
    why="One bad network card must not stop the events of a whole company.",
    likely="A lock is kept after a time-out, or a future is awaited without end.",
    notebook="q18_consumer_groups",
    limit=15.0,
)
def a_stuck_pump_holds_up_no_other_aggregate(bench: Bench) -> None:
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        names = rows.aggregates(4)
        play.insert(rows.turns(names, 2))
        stuck = play.pump(batch_size=3, ack_timeout=0.4)
        fine = play.pump(batch_size=3, ack_timeout=0.4)
        play.broker.answer = lambda send: Answer("none", took=False) if send.pump == stuck.who else Answer()
        stuck.start()
        play.until(lambda: bool(play.sends), "no row is sent")
        fine.start()
        play.drain(stalled=None)
        play.leave(fine)
        play.leave(stuck)
        judge.nothing_lost(play)
        judge.in_order(play)


@check(
    rule="A pump that was killed holds up no row for good: others take over when its connection has ended.",
    why="A lock that outlives its holder needs a human being.",
    likely="A claim is written into the table and committed, and nobody ever takes it back.",
    notebook="q18_consumer_groups",
    limit=LIMIT,
)
def a_killed_pump_is_replaced(bench: Bench) -> None:
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        names = rows.aggregates(4)
        doomed = play.pump(batch_size=4)
        heir = play.pump(batch_size=4)
        play.broker.answer = lambda send: HOLD if send.pump == doomed.who else Answer()
        play.insert(rows.turns(names, 3))
        doomed.start()
        play.until(lambda: bool(play.broker.held()), "no row is sent")
        heir.start()
        play.settle(0.1, 0.4)
        play.kill(doomed)
        play.drain()
        play.leave(heir)
        judge.nothing_lost(play)
        judge.in_order(play)
        judge.same_header(play)
