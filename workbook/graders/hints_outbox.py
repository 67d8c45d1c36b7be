"""Outbox: for each check a question back, and nearly the code."""

HINTS: dict[str, tuple[str, str]] = {
    "contract_is_in_place": (
        "Which name, parameter or default in your file differs from the brief at its top?",
        "`def __init__(self, connect, producer, *, batch_size=100, poll_interval=1.0, ack_timeout=10.0)`, `run_once(self)`, `run(self, stop)`.",
    ),
    "rows_are_published_as_they_are": (
        "What does a consumer need to tell customers apart, and which column holds it?",
        "`producer.send(row.topic, key=row.aggregate_id.encode(), value=row.payload, headers=...)`; psycopg gives bytea as bytes.",
    ),
    "header_is_the_id": (
        "By what would a consumer know that it has seen this very row before?",
        '`headers={"outbox-id": str(row.id).encode("ascii")}`.',
    ),
    "rows_are_marked_after_the_acknowledgement": (
        "At the line where you set processed_at: who has told you that the broker has the message?",
        "`future.result(timeout=...)` first, `UPDATE outbox SET processed_at = now() WHERE id = ...` after it.",
    ),
    "an_unacknowledged_row_is_not_marked": (
        "Which ways lead to your UPDATE, and does one of them come from an except or a finally?",
        "`try: future.result(left) except (PublishError, TimeoutError) as error: failed.append((row, error)) else: done.append(row.id)`.",
    ),
    "uncommitted_rows_are_not_published": (
        "What does your SELECT do when it meets a row, or a gap, of a transaction that is still open?",
        "A plain `SELECT ... WHERE processed_at IS NULL` shows committed rows and waits for nobody; lock no table.",
    ),
    "late_commits_with_smaller_ids_are_published": (
        "Two transactions take ids 7 and 8, and 8 commits first: which rows does your next query ask for?",
        "`WHERE processed_at IS NULL ORDER BY id`, each time anew; remember no highest id.",
    ),
    "one_pump_keeps_order": (
        "What puts your rows in order, and does it order numbers or texts, ids or times?",
        "`ORDER BY id` in the outermost query; sort what RETURNING gives: it has no order.",
    ),
    "any_payload_is_published": (
        "Where does a value of the table meet the text of a statement, or a test for truth?",
        '`connection.execute("... WHERE id = ANY(%s)", [ids])`: always parameters; `if row is None`, never `if not payload`.',
    ),
    "kafka_takes_what_the_pump_sends": (
        "Which of the things you do with the future or the arguments would a real client refuse?",
        "Topic a str, key and value bytes, header values bytes; then only result(), exception(), done(), add_done_callback().",
    ),
    "schema_is_left_alone": (
        "Could two versions of your pump run against this table at the same time?",
        "Use processed_at, attempts and last_error, and advisory locks for the rest: they need no column.",
    ),
    "backlog_is_drained_without_pauses": (
        "When exactly do you know that nothing is left to do?",
        "Wait only after a look that found no row you could take: `while not stop.is_set(): if not self._batch(): stop.wait(poll_interval)`.",
    ),
    "empty_table_is_polled_not_hammered": (
        "What does your loop do between two looks at an empty table, and for how long?",
        "`stop.wait(self._poll_interval)`: neither nothing, nor a number of your own.",
    ),
    "stop_is_prompt": (
        "In which of your lines can the thread stay for longer than a second?",
        "`stop.wait(seconds)` for every pause; acknowledgements in slices: `wait(futures, timeout=0.05)` until done, late, or stop.",
    ),
    "late_acknowledgements_at_stop_are_marked": (
        "Ten messages are under way when stop is set: what becomes of them?",
        "After the loop: `end = monotonic() + 0.5`, collect what is acknowledged by then, mark it, return.",
    ),
    "no_idle_transaction": (
        "Which statement began the transaction that is open while you wait, and what would end it?",
        "`connection.autocommit = True` with `with connection.transaction():` around what belongs together; or commit before every wait.",
    ),
    "no_transaction_after_run_once": (
        "After an empty batch, and after an exception: which line commits, or closes the connection?",
        "`with self._connect() as connection: ...` commits, rolls back and closes; session locks: pg_advisory_unlock in a finally.",
    ),
    "run_once_counts_what_it_published": (
        "What do you add up: rows that were read, rows that were sent, or rows that were marked?",
        "`return cursor.rowcount` of the UPDATE that marks, added up.",
    ),
    "batch_size_is_a_bound": (
        "If the first row fails, what do you take in its place?",
        "`LIMIT %s` on rows, with batch_size, once for each run_once; what fails is not made up for.",
    ),
    "batch_size_below_one_is_refused": (
        "What would your SELECT find with LIMIT 0?",
        '`if batch_size < 1: raise ValueError(f"batch_size must be at least 1, got {batch_size}")`.',
    ),
    "autocommit_or_not_is_the_same": (
        "Which of your statements relies on a transaction that began by itself, or on one that did not?",
        "Say it yourself: `connection.autocommit = True` right after connect(), and `with connection.transaction():` where you need one.",
    ),
    "crash_points_lose_nothing": (
        "Put your finger on each line in turn: if the process dies here, which row is marked and not published?",
        "Read, send, wait, and only then UPDATE and commit; nothing that marks is committed earlier.",
    ),
    "crash_points_keep_order": (
        "Two rows of one aggregate are under way and the process dies: which of them may the broker have?",
        "Keep a line of rows for each aggregate and send its next row when the one before it is acknowledged.",
    ),
    "a_retry_keeps_its_header": (
        "What of the header is different when the same row is sent a second time, by another process?",
        "Nothing but the id goes in: no uuid, no counter, no attempt number.",
    ),
    "a_lost_acknowledgement_is_published_again": (
        "The broker is silent: which of the two possible worlds do you assume?",
        "On a time-out leave processed_at alone, count the attempt, and let a later batch read the row again.",
    ),
    "error_after_the_broker_took_it_is_published_again": (
        "Does an error prove that the broker does not have the message?",
        "Treat every PublishError as `perhaps`: pending, attempts + 1, again later.",
    ),
    "two_pumps_publish_once": (
        "From when until when does your lock on a row last, and when do you send?",
        "Hold it from before the rows are read until after they are marked: one transaction, or an advisory lock of the session.",
    ),
    "three_pumps_publish_once": (
        "You got the lock: is what you read before it still true?",
        "Take the lock in one statement and read `processed_at IS NULL` in the next: only a new snapshot shows the others' marks.",
    ),
    "many_pumps_keep_order": (
        "Pump 1 has rows 1 to 5 of an aggregate: what does SKIP LOCKED hand to pump 2?",
        "Lock the aggregate, not its rows: `pg_try_advisory_lock(hashtextextended(aggregate_id, 0))`; or let one pump lead.",
    ),
    "next_row_waits_for_the_acknowledgement": (
        "How many messages of one aggregate are under way at the same time in your batch?",
        "Send the first row of each aggregate; on its acknowledgement send the second of that aggregate, and so on.",
    ),
    "pumps_of_one_process_share_nothing": (
        "Which of your variables exists once, though there are two pumps?",
        "Everything in `__init__` as `self....`; no class attribute, no global, no mutable default.",
    ),
    "a_stuck_pump_holds_up_no_other_aggregate": (
        "A pump whose messages are never acknowledged: when does it let go of what it holds?",
        "After ack_timeout give the lock back, and back off without it; a leader steps down when its batch failed.",
    ),
    "a_killed_pump_is_replaced": (
        "What of a claim is left in the table when the process that made it is gone?",
        "Claims that end with the connection: row locks, pg_advisory_lock. Nothing that has to be written back.",
    ),
    "a_failed_row_stays_pending_and_says_why": (
        "After a failed batch, what would you want to read in the row?",
        "`UPDATE outbox SET attempts = attempts + 1, last_error = %s WHERE id = %s`, committed whatever else happens.",
    ),
    "later_rows_of_a_failed_aggregate_wait": (
        "The first row of an aggregate backs off: does your next query still know that the second belongs behind it?",
        "Back off by aggregate, not by row: leave out all rows of aggregates whose first row waits for its next try.",
    ),
    "other_aggregates_go_on": (
        "Where does control go after the first exception in your batch?",
        "Catch it for the one row, drop the rest of its aggregate from this batch, go on with the others.",
    ),
    "failing_aggregates_beyond_a_batch": (
        "Seven aggregates fail and a batch has three rows: which rows does your query return, again and again?",
        "`WHERE processed_at IS NULL AND aggregate_id <> ALL(%s)` with those that back off, before the LIMIT.",
    ),
    "acknowledged_rows_stay_marked": (
        "What else is undone when the failure of one row rolls the transaction back?",
        "Catch what fails by row, mark all that were acknowledged in any case, then commit.",
    ),
    "no_acknowledgement_is_a_failure": (
        "From which moment does your time-out run, for the last row of the batch?",
        "`deadline = monotonic() + ack_timeout` at each send; `future.result(deadline - monotonic())`.",
    ),
    "late_acknowledgements_do_no_harm": (
        "An old future gets its result while a new one of the same row is under way: whose is the answer?",
        "Keep what is under way by future, forget it at its time-out, and ignore answers of futures you do not know.",
    ),
    "retries_are_bounded_and_never_parked": (
        "How long does your pump wait before the next try, after 3 failures, and after 2000?",
        "`random.uniform(0.5, 1) * min(4.0, 0.2 * 2 ** min(attempts, 10))`, and no `WHERE attempts < ...`.",
    ),
    "send_may_raise": (
        "Is the call of send itself inside your try?",
        "`try: future = producer.send(...) except PublishError as error: fail(row, error)`; the same path as a failed future.",
    ),
    "run_once_survives_publication_errors": (
        "Which exceptions can still leave run_once when every publication fails?",
        "Collect failures as values (row, text) and write them down; raise none of them.",
    ),
    "database_outage_is_survived": (
        "What happens to your loop, and to the connection in your hand, when a statement raises OperationalError?",
        "`while not stop.is_set(): try: with connect() as connection: serve(connection) except psycopg.Error: stop.wait(back_off())`.",
    ),
    "outage_at_start_is_survived": (
        "Which line of run is executed before the first one that is guarded?",
        "Put the first connect() inside the same try as everything else.",
    ),
    "waits_are_random_and_bounded": (
        "A hundred pumps lose the database at the same moment: when does each of them come back?",
        "`random.uniform(0, min(4.0, 0.1 * 2 ** failures))`: cap first, then draw.",
    ),
    "terminated_backend_is_survived": (
        "How do you find out that a connection is dead, and what do you do with it then?",
        "On psycopg.Error close it, forget it and all locks that it held, and call connect() again.",
    ),
    "work_resumes_after_an_outage": (
        "How long is your tenth wait?",
        "Cap the wait at less than 5 s: `min(4.0, first * 2 ** n)`.",
    ),
    "ten_times_serial_interleaved": (
        "How many acknowledgements are you waiting for at any one time?",
        "Send the first row of every aggregate in the batch, then `wait(futures, return_when=FIRST_COMPLETED)`; mark with one UPDATE for many ids.",
    ),
    "ten_times_serial_contiguous": (
        "Of how many aggregates are the 100 lowest ids, when twenty rows of each lie together?",
        "`row_number() OVER (PARTITION BY aggregate_id ORDER BY id)` over a window of pending rows; order by that, then by id.",
    ),
}
