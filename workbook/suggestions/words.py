"""Text -> concepts: stems of words that carry meaning, with the field's synonyms under one name.

The synonyms are those of the field, not of one question: whoever says mutex means lock. Nothing is downloaded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

WORD = re.compile(r"[a-z0-9]+(?:[._'-][a-z0-9]+)*")
CLAUSE = re.compile(r"[.!?;:]+\s+|\n+")
ENDINGS = (
    "ations",
    "ation",
    "ingly",
    "ments",
    "ment",
    "ness",
    "ings",
    "ing",
    "edly",
    "ions",
    "ion",
    "ies",
    "ied",
)
SHORT_ENDINGS = ("ers", "ed", "er", "es", "ly", "al", "s", "e", "y")

# Words that hold a sentence together and say little about its subject.
FUNCTION = frozenset(
    """a about above after again against all also although always am an and any anyone anything are as at away back be
    because been before behind being below best better between both but by call can cannot could did do does doing
    done down during each either else even ever every everyone everything few first for from further get gets given
    goes going gone got had has have having he her here him his how however i if in indeed inside instead into is it
    its itself just keep kept last least less let like made make makes many may me mean means meanwhile might mine
    more most much must my need needs never no nobody none nor not nothing now of off often on once one only onto or
    other others otherwise our ours out over own per put rather really right said same say says see seen she should
    simply since so some somebody someone something soon still such take taken takes than that the their theirs them
    then there therefore these they thing things this those though through thus till to together too two under until
    up upon us use used uses using very want was way ways we well were what whatever when where whether which while
    who whoever whole whom whose why will with within without would yet you your yours""".split()  # noqa: SIM905 - a column of two hundred quoted words is harder to read
)

# name of the concept -> words that stand for it, before stemming
SYNONYMS = {
    "lock": "lock locks locked locking mutex mutexes critical",
    "drop": "drop drops dropped dropping discard discarded discards throw throws thrown lose loses lost losing loss",
    "bound": "bound bounded limit limits limited limiting cap capped maximum max finite size-limited",
    "queue": "queue queues buffer buffers buffered inbox mailbox channel channels",
    "map": "map maps dictionary dict registry table-of-subscribers hash-map hashmap",
    "subscriber": "subscriber subscribers consumer consumers reader readers receiver receivers member members listener",
    "leave": "leave leaves leaving left unsubscribe unsubscribes unsubscribed unsubscribing exit exits deregister",
    "subscribe": "subscribe subscribes subscribed subscribing join joining register registered registers",
    "wait": "wait waits waiting waited block blocks blocking blocked stuck stall stalls stalled hang hangs",
    "offer": "offer offers put_nowait non-blocking nonblocking try-put trysend",
    "handler": "handler handlers callback callbacks user-code",
    "snapshot": "snapshot snapshots copy copies copied copying",
    "close": "close closes closed closing cancel cancelled cancellation end-of-stream",
    "policy": "policy policies choice decision overflow overflows",
    "count": "count counts counted counting counter counters",
    "freeze": "freeze freezes frozen freezing",
    "scope": "scope scopes with-statement with-block defer finally context-manager",
    "memory": "memory ram in-memory volatile",
    "disk": "disk disks fsync fsynced fsynced sync synced persisted persistent persist durable durability",
    "quorum": "quorum majority replicated replicas replication",
    "ack": "ack acks acked acknowledge acknowledges acknowledged acknowledgement "
    "acknowledgements confirm confirmed confirms",
    "outbox": "outbox",
    "transaction": "transaction transactions transactional atomic atomically",
    "commit": "commit commits committed committing",
    "crash": "crash crashes crashed crashing die dies died dying dead death kill killed",
    "repeat": "repeat repeats repeated repeating repetition twice duplicate duplicates "
    "duplicated redelivery redelivered redeliver resend",
    "id": "id ids identifier identifiers message-id",
    "idempotent": "idempotent idempotence idempotency idempotently",
    "unique": "unique uniqueness constraint primary-key",
    "version": "version versions sequence versioned",
    "old": "old older stale earlier outdated",
    "remember": "remember remembers retention retain retained retains store stores stored storing",
    "external": "external outside e-mail e-mails email emails mail mails payment payments provider",
    "boundary": "boundary boundaries border borders edge wall",
    "partition": "partition partitions partitioned",
    "group": "group groups",
    "idle": "idle idles spare spares nothing-to-do",
    "heartbeat": "heartbeat heartbeats liveness alive",
    "poll": "poll polls polling polled",
    "broker": "broker brokers server servers kafka",
    "assign": "assign assigns assigned assignment assigner elected computes assignor rebalance rebalances",
    "offset": "offset offsets position positions",
    "effect": "effect effects side-effect side-effects",
    "rate": "rate rates throttle throttled throttling quota quotas token-bucket speed limiter",
    "schema": "schema schemas contract contracts",
    "upcaster": "upcaster upcasters upcast convert converted converts",
    "audit": "audit audited",
    "end": "end ends ended finish finished finishes done",
    "separate": "separate separated separately isolated isolate isolates isolation apart own",
    "deadletter": "dead-letter dead-letters dlq poison poisoned parked park",
    "order": "order ordered ordering overtake overtakes overtaking",
    "key": "key keys keyed",
    "erase": "erase erased erasure delete deleted shred shredded crypto-shredding crypto-shredded "
    "tombstone tombstones personal privacy gdpr",
    "requirement": "requirement requirements ask asks asking",
    "cost": "cost costs price",
    "wake": "wake wakes wake-up wakes-up notification notifications notify hint signal signals",
    "origin": "origin echo loop loops loops circle circles",
    "drain": "drain drains drained draining stop stopping stops shutdown cancellation",
    "backlog": "backlog pending unsent oldest",
    "alert": "alert alerts alarm alarms monitored monitoring monitor lag",
    "access": "access acl acls permission permissions rights",
    "at-least-once": "at-least-once",
    "at-most-once": "at-most-once",
    "exactly-once": "exactly-once",
    "migrate": "migration migrate migrating rollout",
    "register-entry": "entry entries",
    "team": "team teams",
    "owner": "owner owners owned",
    "compatible": "compatible compatibility",
    "trace": "trace traces tracing headers header",
    "row": "row rows table",
    "mark": "mark marks marked marking",
    "publish": "publish publishes published publishing publisher publishers publication send sends sent sending",
    "unlimited": "unlimited unbounded infinite",
    "replay": "replay replays rebuild rebuilds rebuilt",
    "retry": "retry retries retried attempt attempts",
    "upsert": "upsert upserts",
    "slow": "slow slower slowest",
    "event": "event events message messages",
}  # fmt: skip


def stem(word: str) -> str:
    """The word without its ending; crude, but the same for both sides."""
    for ending in (*ENDINGS, *SHORT_ENDINGS):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


@cache
def _names() -> dict[str, str]:
    names: dict[str, str] = {}
    for name, words in SYNONYMS.items():
        for word in words.split():
            names.setdefault(word, name)
            names.setdefault(stem(word), name)
    return names


@dataclass(frozen=True)
class Clause:
    """A sentence or part of one: its concepts, each with the word that stood for it, and how much is glue."""

    concepts: dict[str, str]
    glue: float  # share of words that only hold the sentence together


def concept(word: str) -> str | None:
    """The name under which a word is compared; None for a word that says nothing about the subject."""
    if word in _names():
        return _names()[word]
    if word in FUNCTION or len(word) < 2:
        return None
    stemmed = stem(word)
    return _names().get(stemmed, stemmed)


def words(text: str) -> list[str]:
    """Words in lower case; what is joined by a hyphen is one word and its parts."""
    found = []
    for word in WORD.findall(text.lower().replace("’", "'").replace("'s ", " ")):
        found.append(word)
        if "-" in word and word not in _names():
            found += word.split("-")
    return found


def clauses(text: str) -> list[Clause]:
    """The sentences of a text, as concepts."""
    found = []
    for part in CLAUSE.split(text):
        tokens = words(part)
        if not tokens:
            continue
        concepts: dict[str, str] = {}
        for token in tokens:
            if name := concept(token):
                concepts.setdefault(name, token)
        glue = sum(concept(token) is None for token in tokens) / len(tokens)
        found.append(Clause(concepts, glue))
    return found
