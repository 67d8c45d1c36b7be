"""Runs in the child: performs the scenes of the broker kata on a learner's module and reports what happened.

A scene is a list of operations, each done by a named thread. This file decides nothing: what should have come
out is known to the parent alone.
"""

from __future__ import annotations

import _thread
import gc
import sys
import time
import weakref
from typing import Any

Op = dict[str, Any]
_gate = _thread.allocate_lock
_now, _sleep = time.monotonic, time.sleep
_collect, _collector_off, _ident = gc.collect, gc.disable, _thread.get_ident
_plain_int = int.__add__


class Hostile:
    """A message that must be handed on and never looked at."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("a message was compared")

    def __hash__(self) -> int:
        raise RuntimeError("a message was hashed")

    def __bool__(self) -> bool:
        raise RuntimeError("a message was tested for truth")

    def __len__(self) -> int:
        raise RuntimeError("the length of a message was asked for")

    def __iter__(self) -> Any:
        raise RuntimeError("a message was iterated")

    def __copy__(self) -> Any:
        raise RuntimeError("a message was copied")

    def __reduce_ex__(self, protocol: object) -> Any:
        raise RuntimeError("a message was copied or pickled")


class Plain:
    """A message that can be referred to weakly."""


MAKERS: dict[str, Any] = {
    "none": lambda: None,
    "zero": lambda: 0,
    "false": lambda: False,
    "empty": lambda: "",
    "bytes": lambda: b"",
    "list": list,
    "tuple": lambda: ("a", 1),
    "pair": lambda: (None, object()),
    "nan": lambda: float("nan"),
    "error": lambda: StopIteration("an exception as a message"),
    "class": lambda: Plain,
    "exit": lambda: GeneratorExit(),
    "hostile": Hostile,
    "plain": Plain,
}


class Left(Exception):
    """Raised inside a block by the scene itself, to leave it by an exception."""


class Scene:
    """One broker, its scopes, and the threads that use it."""

    def __init__(self, kit: Any, module: Any, plan: dict[str, Any], number: int, patience: float) -> None:
        self.kit, self.module, self.number = kit, module, number
        self.company = kit.actors.Company(kit, patience)
        self.objects: list[
            tuple[str, Any]
        ] = []  # pairs (key, message), kept alive so that identities stay unique
        self.texts: dict[str, Any] = {}
        self.scopes: dict[str, Any] = {}
        self.subs: dict[str, Any] = {}
        self.open: list[str] = []
        self.gates: dict[str, Any] = {}
        self.plan = plan
        self.brokers: dict[str, Any] = {}

    # ---- messages

    def message(self, key: str) -> Any:
        if key in self.texts:
            return self.texts[key]
        kind, _, rest = key.partition(":")
        if rest and kind in MAKERS:
            thing = MAKERS[kind]()
        else:
            thing = "".join(list(key))
        self.texts[key] = thing
        self.objects.append((key, thing))
        return thing

    def key_of(self, thing: Any) -> Any:
        for key, known in self.objects:
            if known is thing:
                return key
        if type(thing) is str:
            return thing[:200]
        return "?" + type.__dict__["__name__"].__get__(type(thing))[:60]

    # ---- operations; each returns a JSON value

    def do(self, op: Op) -> Any:
        return getattr(self, "op_" + op["op"])(op)

    def broker(self, op: Op) -> Any:
        return self.brokers[op.get("b", "b")]

    def op_create(self, op: Op) -> None:
        make = self.module.Broker
        self.brokers[op.get("b", "b")] = make() if op["buffer"] is None else make(buffer=op["buffer"])

    def op_subscribe(self, op: Op) -> None:
        broker, policy = self.broker(op), op.get("policy")
        if policy is None:
            scope = broker.subscribe(op["topic"])
        elif policy == "Drop":
            scope = broker.subscribe(op["topic"], self.module.Drop())
        elif policy == "Block":
            scope = broker.subscribe(op["topic"], self.module.Block())
        elif policy[1] is None:
            scope = broker.subscribe(op["topic"], policy=self.module.Disconnect())
        else:
            scope = broker.subscribe(op["topic"], policy=self.module.Disconnect(after=policy[1]))
        self.scopes[op["sub"]] = scope

    def op_enter(self, op: Op) -> None:
        scope = self.scopes[op["sub"]]
        self.subs[op["sub"]] = type(scope).__enter__(scope)
        self.open.append(op["sub"])

    def op_leave(self, op: Op) -> None:
        scope = self.scopes[op["sub"]]
        if op["sub"] in self.open:
            self.open.remove(op["sub"])
        type(scope).__exit__(scope, None, None, None)

    def op_forget(self, op: Op) -> None:
        """Drop our own references to a scope, so that only the learner's are left."""
        self.scopes.pop(op["sub"], None)
        self.subs.pop(op["sub"], None)

    def op_publish(self, op: Op) -> None:
        publish = self.broker(op).publish
        for key in op["m"]:
            publish(op["topic"], self.message(key))

    def op_read(self, op: Op) -> Any:
        """Read at most op["n"] messages (None: to the end of the loop). Says whether the loop ended."""
        want, body = op["n"], op.get("body", {})
        if want == 0:
            return False
        for number, thing in enumerate(self.subs[op["sub"]], 1):
            self.kit.emit({"k": "got", "s": self.number, "n": op["i"], "m": self.key_of(thing)})
            thing = None
            for inner in body.get(str(number), ()):
                self.perform(inner)
            if number == want:
                return False
        return True

    def op_hold(self, op: Op) -> None:
        """Wait in the body of a reading loop until `release`: a slow handler."""
        gate = self.gates.setdefault(op["gate"], _gate())
        gate.acquire(False)
        gate.acquire()

    def op_join(self, op: Op) -> None:
        """Wait for another thread of the scene to be done."""
        other = self.company.actor(op["who"])
        while other.busy:
            other.changed.acquire(True, 0.02)

    def op_release(self, op: Op) -> None:
        gate = self.gates.setdefault(op["gate"], _gate())
        if gate.locked():
            gate.release()

    def op_dropped(self, op: Op) -> Any:
        value = self.subs[op["sub"]].dropped
        if not issubclass(type(value), int):
            return {"not an int": type.__dict__["__name__"].__get__(type(value))[:60]}
        value = _plain_int(value, 0)
        return value if -(2**53) < value < 2**53 else {"not an int": "an absurdly large number"}

    def op_block(self, op: Op) -> Any:
        """A real `with` block, left in the way that op["how"] names."""
        how = op["how"]
        if how == "return":
            return self.block_return(op)
        if how == "break":
            for _ in (1,):
                with self.broker(op).subscribe(op["topic"]) as sub:
                    self.subs[op["sub"]] = sub
                    self.inside(op, sub)
                    break
            return "broke out"
        error: BaseException = Left("raised inside the block")
        if how == "raise KeyboardInterrupt":
            error = KeyboardInterrupt("raised inside the block")
        elif how == "raise GeneratorExit":
            error = GeneratorExit("raised inside the block")
        elif how == "raise no arguments":
            error = KeyError()
        try:
            with self.broker(op).subscribe(op["topic"]) as sub:
                self.subs[op["sub"]] = sub
                self.inside(op, sub)
                raise error
        except BaseException as seen:
            if seen is not error:
                raise
            return "raised it"
        return "swallowed it"

    def block_return(self, op: Op) -> Any:
        with self.broker(op).subscribe(op["topic"]) as sub:
            self.subs[op["sub"]] = sub
            self.inside(op, sub)
            return "returned"

    def inside(self, op: Op, sub: Any) -> None:
        for inner in op.get("body", ()):
            self.perform(inner)

    def op_leave_raising(self, op: Op) -> Any:
        """Leave with an exception in flight; True when the block would swallow it."""
        scope = self.scopes[op["sub"]]
        if op["sub"] in self.open:
            self.open.remove(op["sub"])
        try:
            raise Left("in flight")
        except Left as error:
            try:
                return bool(type(scope).__exit__(scope, type(error), error, error.__traceback__))
            except Left as again:
                if again is not error:
                    raise
                return False

    def op_count(self, op: Op) -> Any:
        """Objects reachable from the broker, its class and its module."""
        broker = self.broker(op)
        return self.kit.actors.reachable([broker, type(broker), self.module.__dict__], self.module.__name__)

    def op_cycles(self, op: Op) -> None:
        """Subscribe, enter, publish, read and leave, on a fresh topic each time."""
        broker = self.broker(op)
        for number in range(op["begin"], op["end"]):
            topic = f"{op['topic']}.{number}"
            if op["what"] == "publish":
                broker.publish(topic, Plain())
                continue
            scope = broker.subscribe(topic)
            if op["what"] == "unentered":
                continue
            sub = type(scope).__enter__(scope)
            for _ in range(op["publishes"]):
                broker.publish(topic, Plain())
            if op["reads"]:
                for read, _ in enumerate(sub, 1):
                    if read == op["reads"]:
                        break
            if op["what"] == "raise":
                error = Left("in flight")
                try:
                    type(scope).__exit__(scope, Left, error, None)
                except Left:
                    pass
            else:
                type(scope).__exit__(scope, None, None, None)
            if op["drain"]:
                for _ in sub:
                    pass
            scope = sub = None

    def op_alive(self, op: Op) -> Any:
        """How many of the messages of this scene are still referred to by somebody else."""
        reference = weakref.ref(self.message(op["m"]))
        self.objects = [pair for pair in self.objects if pair[0] != op["m"]]
        self.texts.pop(op["m"])
        _collect()
        _collect()
        return reference() is not None

    def op_threads(self, _op: Any) -> Any:
        """How many threads of the learner's run, a second given to them to end."""
        until = _now() + 1.0
        while self.company.strangers() and _now() < until:
            _sleep(0.002)
        strangers = self.company.strangers()
        return [len(strangers), *[self.company.place_of(ident)["line"] for ident in strangers[:1]]]

    def op_wakeups(self, op: Op) -> Any:
        """How often the process's threads were switched in, and lines of the learner's run, in a while of idling."""
        before = self.switches()
        _sleep(op["seconds"])
        return self.switches() - before

    def switches(self) -> Any:
        total = 0
        for _, (_, text) in self.kit.actors._task_files().items() if self.kit.actors._LINUX else ():
            total += int(text.split(b"voluntary_ctxt_switches:\t", 1)[1].split(b"\n", 1)[0])
        return total - self.own_switches()

    def own_switches(self) -> Any:
        """Those of the child's main thread and of the thread that measures, which sleep on purpose."""
        files = self.kit.actors._task_files() if self.kit.actors._LINUX else {}
        mine = {self.kit.actors._native(), self.kit.actors._pid()}
        return sum(
            int(text.split(b"voluntary_ctxt_switches:\t", 1)[1].split(b"\n", 1)[0])
            for native, (_, text) in files.items()
            if native in mine
        )

    def op_pause(self, op: Op) -> None:
        """Let time pass, for whatever gives up after a while."""
        _sleep(op["seconds"])

    def op_inspect(self, _op: Any) -> Any:
        """What the contract's names are in this module."""
        found = {}
        for name in ("Broker", "Drop", "Block", "Disconnect"):
            thing = getattr(self.module, name, None)
            found[name] = (
                "missing" if thing is None else ("class" if isinstance(thing, type) else "not a class")
            )
        return found

    def op_call(self, op: Op) -> Any:
        """One call of the contract, for its signature."""
        module, what = self.module, op["what"]
        if what == "Disconnect":
            value = module.Disconnect(after=3).after
            return value if type(value) is int else "?"
        if what == "Drop":
            return repr(module.Drop()) == repr(module.Drop())
        if what == "Block":
            return repr(module.Block()) == repr(module.Block())
        broker = module.Broker(buffer=4)
        if what == "subscribe":
            scope = broker.subscribe("a topic")
            for name in ("__enter__", "__exit__"):
                if not hasattr(type(scope), name):
                    return f"subscribe() returned a {type(scope).__name__[:40]} without {name}"
        if what == "publish":
            broker.publish("a topic", "a message")
        return "fine"

    # ---- performing

    def perform(self, op: Op) -> None:
        """Do one operation in the current thread and report it."""
        emit = self.kit.emit
        try:
            value = self.do(op)
        except BaseException as error:
            emit({"k": "raised", "s": self.number, "n": op["i"], **self.kit.describe(error)})
            return
        emit({"k": "end", "s": self.number, "n": op["i"], "v": value})

    def play(self) -> Any:
        """All operations in order. A thread that should go on and does not ends the scene."""
        emit, company = self.kit.emit, self.company
        for op in self.plan["ops"]:
            actor = company.actor(op["a"])
            if actor.busy:
                emit({"k": "busy", "s": self.number, "n": op["i"]})
                return False
            actor.begin(lambda op=op: self.perform(op))
            if op["w"] == "done":
                if not company.wait(actor):
                    emit({"k": "stuck", "s": self.number, "n": op["i"], "at": company.place(actor)})
                    self.explain()
                    return False
                if actor.slept:
                    emit({"k": "slept", "s": self.number, "n": op["i"]})
            elif op["w"] == "measure":
                company.wait_long(actor)
            if op["w"] != "start":
                company.settle()
        for name in self.plan["finish"]:
            actor = company.actor(name)
            if actor.busy and not company.wait(actor):
                emit({"k": "waits", "s": self.number, "a": name, "at": company.place(actor)})
        return True

    def explain(self) -> None:
        """Report where every thread of this scene waits, for what, and who holds it."""
        threads = {name: actor.ident for name, actor in self.company.actors.items() if actor.busy}
        threads.update({f"thread of yours {n}": ident for n, ident in enumerate(self.company.strangers(), 1)})
        waits = self.kit.actors.waits
        told = waits.explain(waits.Blocks(self.kit.source), self.kit.file_name, threads)
        self.kit.emit({"k": "waiting", "s": self.number, "threads": told})

    def job(self, ops: list[Op]) -> Any:
        """Several operations as one job of one thread, each reported when it begins and when it ends."""

        def work() -> None:
            for op in ops:
                self.perform(op)

        return work

    def clear(self) -> None:
        """Leave what is open, so that nothing of this scene runs into the next."""
        for gate in self.gates.values():
            if gate.locked():
                gate.release()
        if self.open:
            cleaner = self.company.actor("(clean-up)")
            cleaner.begin(self.leave_all)
            self.company.wait(cleaner)
        self.company.dismiss()

    def leave_all(self) -> None:
        for name in list(self.open):
            scope = self.scopes[name]
            try:
                type(scope).__exit__(scope, None, None, None)
            except BaseException:
                continue  # a scene has been judged by then


MANY = 20_000  # objects
TIDY = 50  # meetings from one collection of garbage to the next


class Race(Scene):
    """A scene in which threads meet: what comes before, the meeting under one schedule, what comes after."""

    def perform(self, op: Op) -> None:
        """As any scene, and says when each operation begins."""
        self.kit.emit({"k": "begin", "s": self.number, "n": op["i"]})
        super().perform(op)

    def op_count(self, op: Op) -> Any:
        """As in any scene, up to a number that no broker of a meeting comes near: it is done for every schedule."""
        roots = [self.broker(op), type(self.broker(op)), self.module.__dict__]
        return self.kit.actors.reachable(roots, self.module.__name__, MANY)

    def op_churn(self, op: Op) -> list[Any]:
        """Enter, publish, read one, leave and read the rest, many times; what was read each time."""
        broker, topic, came = self.broker(op), op["topic"], []
        for key in op["m"]:
            scope = broker.subscribe(topic)
            sub = type(scope).__enter__(scope)
            broker.publish(topic, self.message(key))
            got: list[str] = []
            for thing in sub:
                got.append(self.key_of(thing))
                break
            type(scope).__exit__(scope, None, None, None)
            got.extend(self.key_of(thing) for thing in sub)
            came.append(got)
        return came

    def clear(self) -> None:
        """As any scene; now and then garbage is collected before, by a thread that may be left if it hangs."""
        if self.number % TIDY == 0:
            actor = self.company.actor("main")
            actor.begin(_collect)
            self.company.wait(actor)
        super().clear()

    def meet_freely(self) -> bool:
        """All threads at once, with nobody deciding the switches, which come as often as the interpreter can."""
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        actors = []
        for name, ops in self.plan["threads"].items():
            actor = self.company.actor(name)
            actor.begin(self.job(ops))
            actors.append(actor)
        # List, not generator: every one is waited for, also after one was found stuck.
        done = all([self.company.wait(actor) for actor in actors if actor.name not in self.plan["finish"]])  # noqa: C419
        sys.setswitchinterval(interval)
        return done

    def meet(self, slices: list[list[Any]], opcodes: bool) -> tuple[bool, Any]:
        """Run the whole scene; (went to its end, steps of the thread that is stopped and of those before it)."""
        kit, plan = self.kit, self.plan
        if not self.play_at_once(plan["before"]):
            return False, 0
        if plan["kind"] == "free":
            self.plan = plan
            if not self.meet_freely():
                self.explain()
                kit.emit({"k": "stuck", "s": self.number, "n": -1})
                return False, 0
            return self.play_at_once(plan["after"]), 0
        jobs = {name: self.job(ops) for name, ops in plan["threads"].items()}
        schedule = kit.actors.preemption.Schedule(self.company, jobs, kit.file_name, opcodes)
        for name, lines in slices:
            schedule.slice(name, lines)
        waiting = schedule.release(0.0 if plan["may_wait"] else self.company.patience)
        kit.emit({"k": "schedule", "s": self.number, "slices": schedule.told, "steps": schedule.steps})
        lead = len(plan["lead"])
        first = {
            "steps": schedule.threads[slices[lead][0]].steps,
            "lead": [[told["a"], told["ran"]] for told in schedule.told[:lead]],
        }
        if schedule.cut_off:
            kit.emit({"k": "untraced", "line": None})
        if waiting and not plan["may_wait"]:
            self.explain()
            kit.emit({"k": "stuck", "s": self.number, "n": -1, "waiting": waiting})
            return False, first
        return self.play_at_once(plan["after"]), first

    def play_at_once(self, ops: list[Op]) -> bool:
        """Operations of the main thread, one after the other, without looking in between."""
        actor = self.company.actor("main")
        actor.begin(self.job(ops))
        if self.company.wait(actor):
            return True
        self.explain()
        self.kit.emit({"k": "stuck", "s": self.number, "n": -1})
        return False


def seeded_slices(names: list[str], seed: int) -> list[list[Any]]:
    """A random schedule of short slices, the same for the same seed."""
    state, slices = seed * 2654435761 % 2**32 or 1, []
    for _ in range(40):
        state = (1103515245 * state + 12345) % 2**31
        slices.append([names[(state >> 16) % len(names)], 1 + (state >> 8) % 6])
    return slices


def schedules(plan: Op) -> Any:
    """Slices of every schedule to try; `send(steps of the stopped thread)` tells when to go on to the next role."""
    names = list(plan["threads"])
    if plan["kind"] == "free":
        for _ in range(plan["times"]):
            yield []
        return
    if plan["kind"] == "seeded":
        for seed in plan["seeds"]:
            yield seeded_slices(names, seed)
        return
    lead = [[name, None] for name in plan["lead"]]
    rest = [name for name in names if name not in plan["lead"]]
    if len(rest) == 1:
        heard = yield [*lead, [rest[0], None]]
        # Once more, with those who wait stopped some lines after they are woken.
        for more in range(8):
            stopped = [[name, ran + more] for name, ran in heard["lead"]]
            yield [*stopped, [rest[0], None], *lead]
        return
    one, two = rest
    for first, second in ((one, two), (two, one)):
        k = plan["from"]
        while True:
            heard = yield [*lead, [first, k - 1], [second, None], [first, None]]
            if heard["steps"] < k:
                break  # it has run through: there is no later line to stop at
            k += plan["step"]


def play_races(kit: Any, module: Any, plan: dict[str, Any]) -> None:
    """Perform every schedule of every meeting, each with a broker and threads of its own.

    Garbage is collected between the meetings only: a finalizer of the learner's that runs in the main thread would
    wait for a lock that a stopped thread holds.
    """
    number = 0
    _collector_off()
    kit.hold()
    for race in plan["races"]:
        every = schedules(race)
        slices = next(every)
        while slices is not None:
            scene = Race(kit, module, race, number, plan["patience"])
            kit.emit({"k": "meeting", "s": number, "race": race["id"], "slices": slices})
            went_on, first = scene.meet(slices, race["opcodes"])
            kit.emit({"k": "scene", "s": number, "ok": went_on})
            kit.flush()
            if not went_on:
                return
            scene.clear()
            number += 1
            try:
                slices = every.send(first)
            except StopIteration:
                slices = None


def play(kit: Any, module: Any, plan: dict[str, Any]) -> None:
    """Perform all scenes of a plan, each with threads of its own."""
    if "races" in plan:
        play_races(kit, module, plan)
        return
    for number, scene_plan in enumerate(plan["scenes"]):
        scene = Scene(kit, module, scene_plan, number, plan["patience"])
        went_on = scene.play()
        kit.emit({"k": "scene", "s": number, "ok": went_on})
        if not went_on:
            return
        scene.clear()
