"""What is asked about a kata when it is written: the trade-offs of solutions/*.md, as questions."""

from __future__ import annotations

from workbook.interview.bank import Item
from workbook.notebook_text import Point

PREFIX = "kata-"


def after_kata(kata: str) -> tuple[Item, ...]:
    """The questions about a kata, in order. KeyError for an unknown one."""
    items = []
    for number, (title, level, question, answer, points) in enumerate(_QUESTIONS[kata], 1):
        one = f"{PREFIX}{kata}-{number}"
        items.append(
            Item(
                id=one,
                title=title,
                level=level,
                minutes=3,
                topics=(f"kata {kata}",),
                kata=kata,
                scenario="",
                question=question,
                why="",
                answer=answer,
                points=tuple(
                    Point(f"{one}:{place}", label, text) for place, (label, text) in enumerate(points, 1)
                ),
                follow_up="",
                follow_up_answer="",
                follow_up_points=(),
                red_flags=_FLAGS,
                strong_signals=_SIGNALS,
            )
        )
    return tuple(items)


_FLAGS = (
    "Cannot say why a line of one's own is there.",
    "Changes the code until the grader is content, without a guess at the cause.",
)
_SIGNALS = (
    "Names what the own code gets wrong, or leaves open, before being asked.",
    "Says how a fault would show, and how it could be provoked.",
)
_Questions = tuple[tuple[str, str, str, str, tuple[tuple[str, str], ...]], ...]
_QUESTIONS: dict[str, _Questions] = {
    "broker": (
        (
            "One lock or many",
            "senior",
            "Your broker, with one lock around everything: when does that hurt, and what would you do first?",
            "It hurts when publishers of unrelated topics wait for each other. I would measure before I touch it, "
            "because in CPython the interpreter's lock is taken anyway. Then a lock for each topic, with a count of "
            "users, so that the last one to leave does not delete what somebody has just entered.",
            (
                (
                    "Unrelated topics wait",
                    "The harm is waiting between topics that have nothing to do with each other.",
                ),
                ("Measure first", "Under the interpreter's lock, finer locks may win nothing."),
                (
                    "A lock a topic",
                    "Then entering and the removal of an empty topic race; count users in and out.",
                ),
            ),
        ),
        (
            "Snapshot against lock",
            "senior",
            "Suppose publish copied the list of subscriptions and delivered outside the lock. What breaks?",
            "A copy goes stale: a subscription that has left is still named by it, so each needs its own ended flag, "
            "read under the same lock as the append. And two publishers with two copies may reach two subscribers in "
            "different orders. What it buys is that no slow delivery is under the registry's lock.",
            (
                ("Delivery after leaving", "The old copy still names a subscription that is gone."),
                (
                    "Flag and append together",
                    "The check and the append stand under one lock, else it is check-then-act.",
                ),
                (
                    "Order between subscribers",
                    "Two publishers can be seen in two orders; allowed here, and worth saying.",
                ),
            ),
        ),
        (
            "Knowing that it is right",
            "staff",
            "How do you convince yourself, and me, that the concurrent part is right?",
            "Not by hammering it, since most of these races outlive any stress test. I stop one thread before each of "
            "its lines in turn, let another run through, and compare what came out with a simple model. And I say the "
            "invariant aloud for each lock: what it guards, and who may hold it while waiting for what.",
            (
                ("Stress is weak", "A race that needs one exact moment survives millions of random runs."),
                ("Steer the threads", "Stop at each line, run the other, look."),
                ("A model beside it", "A naive list-based broker tells what should have come out."),
            ),
        ),
    ),
    "wildcard": (
        (
            "Scan or trie",
            "senior",
            "When is a plain scan over all patterns the better choice, and when does it stop being one?",
            "Up to a few hundred patterns, or where matching is not on the way of every message, the scan: ten lines, "
            "nothing to prune. Its cost grows with all patterns, matching or not. A trie costs the nodes that "
            "the topic reaches, and asks for care with removal and recursion.",
            (
                ("Cost of the scan", "Grows with the number of patterns, matching or not."),
                (
                    "Cost of the trie",
                    "The nodes reached: one for each token, more where stars stand beside literals.",
                ),
                ("What the trie asks for", "Pruning, equal pairs, no recursion as deep as a topic."),
            ),
        ),
        (
            "A cache in front",
            "senior",
            "Somebody puts a cache of results in front of your index. What do you ask?",
            "Whether topics ever come again: with ids in them they hardly do. Every add and remove throws results "
            "away, and without a bound the cache is a leak that anybody who names topics can fill.",
            (
                ("Do topics repeat", "Ids in names make hits rare."),
                ("Invalidation", "A change of patterns makes results wrong at once."),
                ("A bound", "Unbounded, it grows with every name anybody invents."),
            ),
        ),
        (
            "Readers without a lock",
            "staff",
            "Your index has to be read by many threads while patterns come and go. How?",
            "Either one lock and a small bounded cache, as the NATS server does, or nodes that are never changed: copy "
            "the path from the root to the change, then swap the root. Readers then keep a consistent, slightly old "
            "tree; writers pay with copies.",
            (
                ("A lock", "Simple; readers wait for writers."),
                ("Copied paths", "Immutable nodes and one swap of the root: readers never wait."),
                (
                    "What a reader sees",
                    "A tree that is consistent but may be a moment old; say whether that is allowed.",
                ),
            ),
        ),
    ),
    "outbox": (
        (
            "What a row lock covers",
            "senior",
            "Two pumps run your code. Why is SKIP LOCKED alone not enough?",
            "A row lock lives as long as its transaction, and in autocommit that has ended before anything is sent. "
            "With a transaction around it nothing goes out twice, but the second pump takes the next rows of the same "
            "aggregate, and their order is gone. What has to be claimed is the aggregate.",
            (
                ("Locks end with transactions", "In autocommit the claim is over before the send."),
                ("Order within an aggregate", "Skipping locked rows takes later rows of the same aggregate."),
                (
                    "Claim the aggregate",
                    "Lock it, then read in a new statement; unlock after the marks are committed.",
                ),
            ),
        ),
        (
            "Ids and commits",
            "senior",
            "Why may the pump not remember the last id and ask for what is larger?",
            "Ids are given out at the insert and seen at the commit, and these orders differ. A row with a smaller id "
            "can appear later; a mark in the sand never returns to it. So I ask for rows that are not processed yet. A "
            "gap tells nothing, for it may be a rollback.",
            (
                ("Two orders", "Numbers are taken at the insert, rows appear at the commit."),
                ("Ask what is unprocessed", "Not what is larger than the last one."),
                ("Gaps mean nothing", "Waiting for a number that was rolled back waits for ever."),
            ),
        ),
        (
            "After a crash",
            "staff",
            "The pump dies between the acknowledgement and the mark. What does the consumer see, and what must it do?",
            "The row is published again with the same outbox id, and so may be whatever else was under way. The "
            "consumer drops ids that it knows, in the same transaction as the effect. The batch size is how many "
            "repetitions one crash can cost.",
            (
                ("Again, same id", "At least once: a row is marked only when it was acknowledged."),
                ("Dedupe with the effect", "The id is remembered in the transaction that does the work."),
                ("Price of a batch", "What is in flight is what a crash repeats."),
            ),
        ),
    ),
}
