"""threads_are_gone_after_leaving

The thread that owns the state is started with the first subscription and stays when the last one was
left.
"""

import threading
from collections import deque
from dataclasses import dataclass
from queue import SimpleQueue


@dataclass(frozen=True)
class Drop:
    pass


@dataclass(frozen=True)
class Block:
    pass


@dataclass(frozen=True)
class Disconnect:
    after: int = 1


class Owner:
    """All but `requests` and `closing` is touched by the owning thread only."""

    def __init__(self, size):
        self.requests = SimpleQueue()
        self.closing = False
        self.size = size
        self.topics = {}

    def serve(self):
        while True:
            request = self.requests.get()
            if request is None:
                return
            action, arguments = request
            action(*arguments)

    def enter(self, topic, box, answer):
        self.topics.setdefault(topic, []).append(box)
        answer.put(None)

    def leave(self, topic, box, answer):
        self.end(topic, box)
        answer.put(None)

    def end(self, topic, box):
        if box.ended:
            return
        box.ended = True
        boxes = self.topics[topic]
        boxes.remove(box)
        if not boxes:
            del self.topics[topic]
        if box.reader is not None:
            reader, box.reader = box.reader, None
            reader.put(None)
        while box.blocked:
            box.blocked.popleft()[1].one_less()

    def publish(self, topic, message, answer):
        wait = Countdown(answer)
        for box in list(self.topics.get(topic, ())):
            if box.reader is not None:
                reader, box.reader = box.reader, None
                box.row = 0
                reader.put((message,))
            elif len(box.messages) < self.size:
                box.messages.append(message)
                box.row = 0
            elif isinstance(box.policy, Block):
                wait.count += 1
                box.blocked.append((message, wait))
            else:
                box.dropped += 1
                box.row += 1
                if isinstance(box.policy, Disconnect) and box.row >= box.policy.after:
                    self.end(topic, box)
        wait.one_less()

    def take(self, box, answer):
        if box.messages:
            answer.put((box.messages.popleft(),))
            if box.blocked:
                message, wait = box.blocked.popleft()
                box.messages.append(message)
                wait.one_less()
        elif box.ended:
            answer.put(None)
        else:
            box.reader = answer


class Countdown:
    """Answers a publisher when the last Block subscription took its message."""

    def __init__(self, answer):
        self.count = 1
        self.answer = answer

    def one_less(self):
        self.count -= 1
        if not self.count:
            self.answer.put(None)


class Box:
    def __init__(self, policy):
        self.policy = policy
        self.messages = deque()
        self.blocked = deque()
        self.reader = None
        self.ended = False
        self.dropped = 0
        self.row = 0


class Subscription:
    def __init__(self, door, owner, box):
        self._door = door
        self._owner = owner
        self._box = box

    @property
    def dropped(self):
        return self._box.dropped

    def __iter__(self):
        while (found := self._take()) is not None:
            yield found[0]

    def _take(self):
        with self._door:
            if self._owner.closing:
                return (self._box.messages.popleft(),) if self._box.messages else None
            answer = SimpleQueue()
            self._owner.requests.put((self._owner.take, (self._box, answer)))
        return answer.get()


class Scope:
    def __init__(self, broker, topic, policy):
        self._broker = broker
        self._topic = topic
        self._box = Box(policy)
        self._left = False

    def __enter__(self):
        self._owner = self._broker._hire()
        self._broker._ask(self._owner, self._owner.enter, self._topic, self._box)
        return Subscription(self._broker._door, self._owner, self._box)

    def __exit__(self, *exc_info):
        if not self._left:
            self._left = True
            self._broker._ask(self._owner, self._owner.leave, self._topic, self._box)
            self._broker._release()


class Broker:
    def __init__(self, *, buffer=16):
        if buffer < 1:
            raise ValueError(f"buffer must be at least 1, got {buffer}")
        self._size = buffer
        self._door = threading.Lock()
        self._owner = None
        self._scopes = 0

    def subscribe(self, topic, policy=Drop()):
        return Scope(self, topic, policy)

    def publish(self, topic, message):
        answer = SimpleQueue()
        with self._door:
            if self._owner is None:
                return
            self._owner.requests.put((self._owner.publish, (topic, message, answer)))
        answer.get()

    def _hire(self):
        with self._door:
            if self._owner is None:
                self._owner = Owner(self._size)
                threading.Thread(target=self._owner.serve, daemon=True).start()
            self._scopes += 1
            return self._owner

    def _ask(self, owner, action, *arguments):
        answer = SimpleQueue()
        owner.requests.put((action, (*arguments, answer)))
        answer.get()

    def _release(self):
        with self._door:
            self._scopes -= 1
            if not self._scopes:
                self._owner.closing = True
                self._owner = None
