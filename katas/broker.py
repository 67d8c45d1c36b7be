"""Kata: a publish/subscribe broker inside one process, used by many threads at once.

Fill in this file; there is no other one to open. Add whatever you need, but keep the names and signatures
of Broker and of the three policies.

    pytest katas/broker.py           what works so far, one test for each rule
    pytest katas/broker.py::CHECK    one rule only
    pubsub hint broker CHECK         a question back, then the idea, then nearly the code

How it is used:

    broker: Broker[str] = Broker(buffer=4)
    with broker.subscribe("orders") as subscription:
        broker.publish("orders", "order 42")      # usually from another thread
        for message in subscription:              # waits for the next message
            print(message, subscription.dropped)
            break                                 # leaving the block ends the subscription

Stages
  1  Broadcast            junior   topics, fan-out, order, waiting for the next message
  2  Bounded, not blocked middle   a full buffer drops and counts, a slow reader harms nobody
  3  Lifetime             middle   leaving the block, draining, no leaks
  4  Concurrency          senior   all of it with every interleaving of threads
  5  Follow-up: policies  senior   Block and Disconnect, chosen per subscription

Stages 1 to 4 use only the policy Drop. Stage 5 counts as not attempted for as long as
`raise NotImplementedError("stage 5")` stands in subscribe for every other policy.

The contract: every rule that is graded, and nothing else is

Shape
- Broker(buffer=16), subscribe(topic, policy=Drop()) and publish(topic, message), as written below; a broker
  made without an argument has the default buffer of 16, a subscription without a policy drops.
- subscribe() returns a context manager: any class, or a generator with @contextmanager. Entering it starts
  the subscription and gives the object to read from; leaving the block ends it. Calling subscribe() alone
  starts nothing: a scope that is never entered receives nothing and leaves nothing behind.
- A scope is entered at most once, and whoever entered it keeps a reference to it until it is left.
- The object to read from is iterable: iter(subscription) is all that is ever called on it, as a for loop
  does (no next() on the subscription itself, no truth test). It has `dropped`, an int attribute or property,
  which can still be read after the block was left.
- Topics are strings. Two equal strings are the same topic, and nothing in a topic's name is special.
- Brokers share nothing with each other.

Delivery
- A subscription is live from the moment the block is entered, before anything is read from it. Messages
  published before that are never delivered to it.
- Every subscription of the topic gets every message once; two subscriptions of one thread are two
  subscriptions. Other topics see nothing of it. Publishing to a topic nobody subscribes to is harmless.
- The messages of one publisher (a thread) arrive in the order in which it published them. In which order the
  subscriptions of a topic are served, and how two publishers interleave, is free.
- A message is any object. It is handed on as it is, the very object: never copied, compared, hashed or
  tested for truth. None, 0, "" and an object whose __eq__ raises are ordinary messages.

Reading
- A reader with nothing to read waits, and the next message, or the end, wakes it.
- One thread at a time reads a subscription. Leaving a loop (`break`) ends only the loop: a later loop over
  the same subscription goes on where the earlier one stopped, and no message is lost or repeated.
- Waiting means sleeping until there is something to do. There is no busy waiting: no looking again and
  again, not even with sleeps or short time-outs in between.

Full buffers
- `buffer` is how many messages may wait for one subscription: exactly that many fit, and the next one does
  not. Below 1 it is a ValueError. A message handed to the reading loop no longer waits.
- With Drop, a message that does not fit is dropped for that subscription (so the newest goes, those that
  wait stay), and `dropped` of that subscription grows by one. Every message is either delivered or counted.
- A slow subscription costs no other one a message.
- publish never raises because of a subscriber, and it waits only for Block subscriptions of its own topic.

Leaving
- Leaving the block by any way (its end, return, break, an exception) ends the subscription. An exception
  passes on unchanged. Leaving never waits for a reader.
- A reader in another thread still gets what was buffered, then its loop ends: also when it is blocked waiting
  at that moment, also when the buffer is full, also when it starts reading only later.
- After a loop has ended in this way nothing more comes, and any later loop ends at once.
- A publish that overlaps entering or leaving may or may not reach that subscription. One that starts after
  the block was left never does, and never counts as dropped.
- Calling __exit__ again after it returned is harmless. Leaving one subscription changes nothing for others,
  those of the same topic and the same thread included.
- The scope may be left by another thread than the one that entered it or reads it.
- Nothing is left behind in the broker, in its class or in this module by a topic whose subscriptions have all
  been left, nor by publishing to a topic without any. Statistics kept per topic count as left behind.

Threads
- All of this holds while many threads publish, enter, read and leave at once.
- A reader may publish, subscribe or leave from inside its loop. (Publishing into its own full Block
  subscription would wait for itself by definition; that is not graded.)
- The broker starts no process. If it starts threads, those of a subscription are gone within a second after
  the block was left, also when nobody reads the rest.

Policies (stage 5), chosen per subscription, any mixture on one topic
- Block: publish waits until there is room, or until that subscription ends; then it goes on to the remaining
  subscriptions and returns normally. Meanwhile other topics go on, and so do entering, reading and leaving.
  Whether the topic's other subscriptions get the message before or after that wait is free.
- Disconnect(after=n): a message that does not fit is dropped and counted, the last one included; one that
  fits starts the row anew. At the n-th drop in a row the subscription ends: it leaves the broker at once,
  later publishes do not count, what is buffered is still read, then the loop ends. The block may be left
  as usual afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Drop:
    """A message that does not fit is dropped and counted; the newest goes."""


@dataclass(frozen=True)
class Block:
    """publish waits until there is room or the subscription ends."""


@dataclass(frozen=True)
class Disconnect:
    """The subscription ends at the `after`-th drop in a row."""

    after: int = 1


class Subscription(Generic[T]):
    """What the `with` block gives: iterate it to receive. Yours to build: rename it, or use another type."""

    @property
    def dropped(self) -> int:
        """How many messages did not fit so far; readable after leaving, too."""
        # TODO: stage 2, count what publish had to drop for this subscription.
        raise NotImplementedError

    def __iter__(self) -> Iterator[T]:
        """Hand out the messages in order, wait for the next one, stop when the subscription has ended."""
        # TODO: stage 1, receive; stage 3, the end.
        raise NotImplementedError


class Broker(Generic[T]):
    """Hands every message of a topic to all who subscribe to it at that moment."""

    def __init__(self, *, buffer: int = 16) -> None:
        """`buffer` messages may wait for each subscription; ValueError below 1."""
        # TODO: stage 1, what the broker has to remember; stage 2, the size of a buffer.
        raise NotImplementedError

    def subscribe(
        self,
        topic: str,
        policy: Drop | Block | Disconnect = Drop(),
    ) -> AbstractContextManager[Subscription[T]]:
        """A scope: entering it starts a subscription to `topic`, leaving it ends the subscription."""
        if not isinstance(policy, Drop):
            # TODO: stage 5, the other policies. Until then these two lines stay as they are.
            raise NotImplementedError("stage 5")
        # TODO: stage 1, entering; stage 3, leaving.
        raise NotImplementedError

    def publish(self, topic: str, message: T) -> None:
        """Hand `message` to every subscription of `topic`; wait for none of them, unless it blocks."""
        # TODO: stage 1, fan-out; stage 2, full buffers; stage 5, the policy of each subscription.
        raise NotImplementedError
