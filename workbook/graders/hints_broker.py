"""Broker: for each check a question back, and nearly the code."""

HINTS: dict[str, tuple[str, str]] = {
    "contract_is_in_place": (
        "Which name or parameter in your file differs from the brief at its top?",
        "`class Broker: def __init__(self, *, buffer=16)`, `subscribe(self, topic, policy=Drop())`, `publish(self, topic, message)`.",
    ),
    "one_subscriber_receives": (
        "Follow one message by hand: which object does publish put it into, and which one does your loop read?",
        "Keep `topic -> subscriptions`; entering appends the subscription, publish appends to each one's own deque.",
    ),
    "every_subscriber_gets_every_message": (
        "How many buffers does a topic with three subscribers have in your file?",
        "Make the deque in the subscription, not in the topic: one buffer for each.",
    ),
    "topics_are_separate": (
        "What exactly do you compare when you look for the subscribers of a topic?",
        "`self._topics.get(topic, ())`: the whole name, as a dictionary key, and nothing cleverer.",
    ),
    "nothing_from_before_entering": (
        "Where does a message live that was published while nobody listened?",
        "Nowhere: publish only walks the subscriptions that are there; registering belongs into `__enter__`.",
    ),
    "live_once_entered": (
        "Which line of yours registers the subscription, and when does it run if nobody iterates yet?",
        "Register in `__enter__` (or before the `yield` of a @contextmanager), never in `__iter__`.",
    ),
    "order_of_one_publisher": (
        "At which end do you put messages in, and at which do you take them out?",
        "`append` on the right and `popleft` on the left of one deque, both under the lock.",
    ),
    "publishing_to_nobody_is_harmless": (
        "What does your lookup do for a topic it has never seen?",
        "`for subscription in self._topics.get(topic, ()): ...`.",
    ),
    "any_object_is_a_message": (
        "Which value ends your loop, and could a publisher send that value?",
        "`_END = object()` and `if item is _END`; or no sentinel at all, but an `ended` flag and a condition.",
    ),
    "messages_are_never_compared": (
        "Where do you use ==, `in`, `if message` or a set on something that came from a publisher?",
        "Ask the buffer (`if self._buffer`) or identities (`is`), never the message.",
    ),
    "brokers_share_nothing": (
        "When is your registry made: once for the class, or once for each instance?",
        "`self._topics = {}` in `__init__`; no class attribute, no mutable default.",
    ),
    "two_subscriptions_of_one_thread": (
        "What is the key of a subscription in your registry, and can two have the same?",
        "Keep the subscription objects themselves, in a list or as keys of a dict: identity is a fine key.",
    ),
    "waiting_reader_is_woken": (
        "Who tells the reader that its buffer is not empty any more?",
        "Read: `with cond: while not buffer and not ended: cond.wait()`. Publish: `with cond: buffer.append(m); cond.notify()`.",
    ),
    "a_later_loop_goes_on": (
        "If the loop is left after the first message, where is the second one at that moment?",
        "Take one message at a time, under the lock, just before you `yield` it.",
    ),
    "unentered_scope_receives_nothing": (
        "What does subscribe() do besides making an object?",
        "Nothing else: register in `__enter__`.",
    ),
    "buffer_below_one_is_refused": (
        "What does `queue.Queue(0)` mean?",
        "`if buffer < 1: raise ValueError(f'buffer must be at least 1, got {buffer}')`.",
    ),
    "buffer_holds_exactly_its_size": (
        "With a buffer of 1, how many messages wait after two publishes? Count by hand.",
        "`if len(self._buffer) < self._size: append`, else drop; and no sentinel in the same buffer.",
    ),
    "default_buffer_is_sixteen": (
        "Which number stands in your signature, and is it used?",
        "`def __init__(self, *, buffer: int = 16)`, and hand it to every subscription.",
    ),
    "newest_is_dropped": (
        "Of five messages for a buffer of three, which three does yours keep?",
        "Do not use `deque(maxlen=...)`: it throws away the oldest. Test the length, then append or count.",
    ),
    "drops_are_counted_per_subscription": (
        "Whose attribute is your counter?",
        "`self.dropped = 0` in the subscription; `self.dropped += 1` in the branch that does not append, under the lock.",
    ),
    "publish_never_waits_for_a_slow_reader": (
        "Which call in publish can wait, and for whom?",
        "No `put()`, no `put(timeout=...)`: look at the length under the lock and decide at once.",
    ),
    "slow_subscriber_costs_no_other": (
        "What does your loop over the subscribers do after the first full buffer?",
        "Neither `return` nor `break`: handle the full one and go on with the next.",
    ),
    "room_comes_back_after_reading": (
        "Who raises the number of free places, and when?",
        "Use `len(buffer)` as the truth; if you count places, give one back in the same step that takes the message out.",
    ),
    "message_in_hand_does_not_wait": (
        "While the loop body runs, is its message still in your buffer?",
        "`message = buffer.popleft()` first, then `yield message` outside the lock.",
    ),
    "random_traffic_agrees_with_the_model": (
        "Play the history on the card with pencil and paper: at which line does your buffer differ from the rule?",
        "One method that appends or drops, one that takes out, both under one lock; everything else calls these two.",
    ),
    "leaving_ends_the_subscription": (
        "After leaving, who still has a reference through which publish finds the subscription?",
        "Remove it from the registry in `__exit__`, and set `ended` under the same lock as the append.",
    ),
    "buffered_messages_are_drained_after_leaving": (
        "What does your loop look at first: the flag or the buffer?",
        "`if self._buffer: take one` comes before `if self._ended: return`.",
    ),
    "blocked_reader_is_released": (
        "Who wakes the reader that sleeps on an empty buffer when its block is left?",
        "`with cond: self._ended = True; cond.notify_all()`.",
    ),
    "full_buffer_does_not_hide_the_end": (
        "If the end travels through the buffer, where does it go when the buffer is full?",
        "Keep the end beside the buffer, as a flag; or let the queue of the sentinel be unbounded and count places apart.",
    ),
    "leaving_unread_returns_at_once": (
        "Which call in `__exit__` waits, and what if the reader never comes back?",
        "Set the flag, notify, return. No `put`, no `join` on a thread that waits for a reader.",
    ),
    "return_break_and_exception_leave": (
        "Which of your lines are skipped when the body raises?",
        "`try: yield subscription finally: end it`; or a class whose `__exit__` ignores its arguments.",
    ),
    "exception_passes_unchanged": (
        "What does your `__exit__` return?",
        "None or False; and catch nothing around the `yield`.",
    ),
    "exit_again_is_harmless": (
        "What does your second `__exit__` remove?",
        "`if self._ended: return` under the lock; or `dict.pop(key, None)` and `discard`.",
    ),
    "dropped_readable_after_leaving": (
        "Where does the counter live once the subscription is out of the registry?",
        "In the subscription object itself, which the caller still holds.",
    ),
    "leaving_one_keeps_the_others": (
        "What exactly is removed: an object, or everything that looks like it?",
        "Remove by identity: `subs[:] = [s for s in subs if s is not self]`, or `del subs[self]` with the object as key.",
    ),
    "ended_loop_stays_ended": (
        "If a first loop consumed your sentinel, what does a second one find?",
        "A flag stays; a sentinel must be put back by whoever takes it out.",
    ),
    "topics_leave_nothing_behind": (
        "What is left in your registry when the last subscriber of a topic has gone?",
        "`if not subs: del self._topics[topic]`, under the lock that entering uses, too.",
    ),
    "publishing_leaves_nothing_behind": (
        "What does `defaultdict` do when you only look?",
        "`self._topics.get(topic, ())`, and no statistics by topic.",
    ),
    "unentered_scopes_leave_nothing_behind": (
        "What does subscribe() change in the broker?",
        "Nothing before `__enter__`.",
    ),
    "reader_may_publish_inside_its_loop": (
        "Which lock do you hold while the body of the loop runs?",
        "None: leave the `with` block before `yield`.",
    ),
    "reader_may_subscribe_inside_its_loop": (
        "Which lock do you hold while the body of the loop runs?",
        "None: leave the `with` block before `yield`; entering then takes the lock as from anywhere.",
    ),
    "reader_may_leave_inside_its_loop": (
        "Does leaving wait for the reader? Who is the reader here?",
        "Leaving sets the flag and notifies; it joins nobody and holds no lock that the loop holds.",
    ),
    "no_busy_waiting": (
        "How often does your idle reader wake up in a second?",
        "`cond.wait()` without a time-out, in `while nothing and not ended`; publish and leave notify.",
    ),
    "threads_are_gone_after_leaving": (
        "For what does your own thread wait, and who wakes it at the end?",
        "Best have none. Else: leaving puts what the thread waits for, and it returns even with messages left.",
    ),
    "starts_no_process": (
        "Which of your imports starts processes?",
        "threading.Lock, threading.Condition, collections.deque: nothing more is needed.",
    ),
    "random_lifetimes_agree_with_the_model": (
        "Play the history on the card with pencil and paper: whose entry is touched that should not be?",
        "A subscription's identity is its only key; every change of the registry happens under one lock.",
    ),
    "race_publish_publish": (
        "Between your look at the length and your append, what can another publisher do?",
        "`with lock: if len(buffer) < size: buffer.append(m) else: dropped += 1`: one block, one lock.",
    ),
    "race_drop_counts": (
        "How many steps is `self.dropped += 1`?",
        "Count under the same lock as the decision to drop.",
    ),
    "race_publish_enter": (
        "What is iterated while somebody enters?",
        "Iterate over a snapshot made under the lock (`tuple(...)`), or hold the lock while you only append.",
    ),
    "race_publish_leave": (
        "Between your look at the flag and your append, what can leaving do?",
        "Flag and append under one lock: `with sub.lock: if not sub.ended: append`; leaving sets it under the same one.",
    ),
    "race_publish_read": (
        "Between looking into the empty buffer and going to sleep, what can happen?",
        "Look and wait inside one `with cond:`; append and notify inside the same.",
    ),
    "race_enter_enter": (
        "If two find the topic missing, how many entries are made?",
        "`with lock: self._topics.setdefault(topic, []).append(sub)`.",
    ),
    "race_enter_leave": (
        "Between finding the topic empty and deleting it, who may come in?",
        "Add, remove, test for empty and delete under one lock of the broker.",
    ),
    "race_leave_leave": (
        "Two leave, both see the other: who deletes the topic?",
        "Removing, testing for empty and deleting are one block under one lock.",
    ),
    "race_read_leave": (
        "The reader has seen no end and not yet gone to sleep: what if the end comes now?",
        "`with cond: while not buffer and not ended: cond.wait()`, and the flag is set inside `with cond:`.",
    ),
    "race_publish_order": (
        "Is there a moment in which your message is in no buffer and not with its publisher?",
        "Append directly, under the lock; no parking place that another thread may empty first.",
    ),
    "three_threads": (
        "Read the schedule on the card: which of the three used something the second had just changed?",
        "One lock for registry and buffers is right and simple; more locks need an order that is written down.",
    ),
    "churn_of_many_threads": (
        "Which of your compound steps is not under a lock?",
        "List every attribute two threads touch, and name the lock for each; there must be exactly one.",
    ),
    "no_deadlock": (
        "Which two locks of yours can one thread hold at once, and in which order?",
        "Always registry first, subscription second; never wait, yield or call out while holding either.",
    ),
    "block_waits_for_room": (
        "What does your publish do with a full buffer when the policy is Block?",
        "`while len(buffer) >= size and not ended: room.wait()`; reading does `room.notify()`.",
    ),
    "block_keeps_every_message": (
        "After the wait, do you look again whether there is room?",
        "`while`, not `if`; then append.",
    ),
    "block_is_released_by_leaving": (
        "Whom does leaving wake?",
        "Both: `ready.notify_all(); room.notify_all()`.",
    ),
    "blocked_publish_goes_on_to_the_rest": (
        "What happens in your loop after the subscriber you waited for has ended?",
        "`continue` with the next one; do not return, do not raise.",
    ),
    "block_holds_up_no_other_topic": (
        "Which lock do you hold while you wait for room?",
        "Only one that the condition itself gives away while waiting.",
    ),
    "block_lets_others_enter_read_and_leave": (
        "Who needs the lock that your blocked publish holds?",
        "Snapshot the subscribers, give the registry's lock back, then wait on the subscription's own condition.",
    ),
    "disconnect_at_the_nth_drop_in_a_row": (
        "With after=1, how many drops does your subscription survive?",
        "`row += 1; if row >= policy.after: end()`.",
    ),
    "disconnect_row_starts_anew": (
        "Where is the row set back?",
        "`row = 0` in the branch that appends.",
    ),
    "disconnect_counts_the_last_drop": (
        "Does the last drop pass your counter?",
        "`dropped += 1` first, then look at the row.",
    ),
    "disconnect_reads_what_was_buffered": (
        "What does ending do to the buffer?",
        "Nothing: the same end as leaving, which lets the reader drain.",
    ),
    "disconnect_leaves_the_broker_at_once": (
        "Who takes a disconnected subscription out of the registry?",
        "publish itself, right after the drop that ended it; a later leave finds nothing to do.",
    ),
    "disconnected_block_may_be_left": (
        "What does `__exit__` do when somebody else has ended the subscription?",
        "The same idempotent end: `pop(..., None)`.",
    ),
    "policies_are_per_subscription": (
        "Where is the policy kept?",
        "In the subscription; publish asks each one.",
    ),
    "race_block_leave": (
        "Between the publisher's last look and its sleep, what can the end do?",
        "Look, wait, set and notify inside one `with cond:`.",
    ),
    "race_block_read": (
        "Between the publisher's last look and its sleep, what can a reader do?",
        "Taking a message out and `room.notify()` happen under the lock of the wait.",
    ),
    "race_two_blocked_publishers": (
        "If one place comes free and two wait, who is woken, and what if it is the wrong one?",
        "One condition for room, one for messages; `notify_all` at the end; `while` around every wait.",
    ),
    "race_disconnect_publish": (
        "If two publishers drop at once, how often is the subscription ended?",
        "Row, counter and end under the subscription's lock; after the end nothing counts.",
    ),
}  # fmt: skip
