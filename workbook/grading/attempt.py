"""One file against the checks of one kata: two children at a time, within a budget."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from workbook.grading.check import Broken, Check, Kata, NotGraded, Record
from workbook.grading.client import Ended, Warden
from workbook.grading.ending import last_line, quote, sentence
from workbook.grading.inert import inert
from workbook.grading.verdict import PASSED, AttemptResult, CheckResult, Status, Verdict

CHILDREN = 2
WAITING = 4  # checks that mostly wait, beside those
MEMORY = 2 * 2**30  # bytes a child may use
SHORT_LIMIT = 0.6  # seconds a check gets once three have timed out
BUDGET = 26.0  # seconds a hopeless file may use; a file with no time-out is not bounded by it
FORGIVEN = 3.0  # times its limit a check may go on for on a machine that has no processor free for it
MAX_SOURCE = 2**20


class UnreadableFile(Exception):
    """The learner's file cannot be read; the text is the sentence to show."""


def read_source(path: Path) -> str:
    """The learner's file as text, bytes that are no UTF-8 kept as surrogates. Raises UnreadableFile."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be read ({error.strerror}); name a file that exists.") from None
    if len(data) > MAX_SOURCE:
        raise UnreadableFile(f"{path} has {len(data):,} bytes; a kata has at most {MAX_SOURCE:,}.")
    return data.decode("utf-8", "surrogateescape")


def digest(source: str) -> str:
    """The sha256 of a source, which progress is kept by."""
    return hashlib.sha256(source.encode("utf-8", "surrogateescape")).hexdigest()


def new_seed() -> int:
    return secrets.randbelow(2**31)


@dataclass
class _Budget:
    """What a file has used up. Once three checks timed out, limits are short; see SHORT_LIMIT."""

    started: float = field(default_factory=time.monotonic)
    time_outs: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, verdict: Verdict, seconds: float, limit: float) -> None:
        """What a check has cost; a crash that took all its time, such as memory that grows, counts as a time-out."""
        if verdict.status is Status.TIMED_OUT or (verdict.status is Status.CRASHED and seconds > 0.8 * limit):
            with self._lock:
                self.time_outs += 1

    def limit(self, check: Check) -> float:
        """Seconds this check may take. 0 when nothing is left."""
        if self.time_outs == 0:
            return check.limit
        left = BUDGET - (time.monotonic() - self.started)
        if self.time_outs < 3:
            return min(check.limit, max(SHORT_LIMIT, left))
        return max(0.0, min(check.limit, SHORT_LIMIT, left))

    @property
    def patience(self) -> float:
        """Seconds of complete quiet after which a thread counts as stuck."""
        return 0.5 if self.time_outs < 3 else 0.2


class ChildBench:
    """What a judge gets (see check.Bench)."""

    def __init__(
        self,
        kata: Kata,
        check: Check,
        source: str,
        path: Path,
        seed: int,
        warden: Warden,
        limit: float,
        patience: float,
        attempt: Attempt,
    ) -> None:
        self.rng = Random(f"{seed} {kata.name} {check.id}")
        self.source = source
        self.file_name = path.name
        self.output = ""
        self._kata, self._path, self._warden = kata, path, warden
        self._until = time.monotonic() + limit
        self._limit, self._patience = limit, patience
        self._silence = min(limit, check.silence) if check.silence else None
        self._attempt = attempt
        self._forgiven = 0.0

    @property
    def shop(self) -> Any:
        """See Bench.shop."""
        return self._attempt.shop()

    @property
    def left(self) -> float:
        """See Bench.left."""
        return max(0.0, self._until - time.monotonic())

    def forgive(self, seconds: float) -> None:
        """See Bench.forgive."""
        seconds = min(seconds, FORGIVEN * self._limit - self._forgiven)
        if seconds > 0:
            self._forgiven += seconds
            self._until += seconds

    @contextlib.contextmanager
    def uncounted(self) -> Iterator[None]:
        """See Bench.uncounted."""
        started = time.monotonic()
        try:
            yield
        finally:
            self._until += time.monotonic() - started

    @contextlib.contextmanager
    def beside(self) -> Iterator[ChildBench]:
        """See Bench.beside."""
        other = copy(self)
        other._warden = self._attempt.lend()
        try:
            yield other
        finally:
            self._attempt.take_back(other._warden)

    def play(self, plan: Mapping[str, Any]) -> list[Record]:
        """See Bench.play."""
        records: list[Record] = []
        ended = self.run(plan, records.append)
        self.require_end(ended, records)
        return records

    def run(self, plan: Mapping[str, Any], on_record: Callable[[Record], None], slack: float = 0.0) -> Ended:
        """See Bench.run."""
        left = max(0.2, self._until - time.monotonic()) + slack
        silence = min(left, self._silence or left)
        request = {
            "file": str(self._path),
            "module": self._kata.name,
            "source": self.source,
            "player": str(self._kata.player),
            "preload": list(self._kata.preload),
            "limit": left,
            "silence": silence,
            "memory": MEMORY,
            "plan": {"patience": self._patience, **plan},
        }
        ended = self._warden.run(request, on_record)
        self.output = ended.output or self.output
        return ended

    def send(self, line: str) -> None:
        """A line to the child that runs."""
        self._warden.send({"to_child": line})

    def kill(self) -> None:
        """`kill -9` for the child that runs."""
        self._warden.send({"kill": True})

    def require_end(self, ended: Ended, records: list[Record]) -> None:
        """Raise Broken unless the child loaded the file, played the whole plan and left no process."""
        history = tuple(f"printed   {inert(line, 90)}" for line in ended.output.splitlines()[-3:])
        for record in records:
            if record.get("k") == "not-loaded":
                raise Broken(not_loaded(record, self.source, self.file_name))
        place = quote(self.source, last_line(ended.fault, str(self._path)), self.file_name)
        limit = self._limit if ended.manner == "slow" else self._silence or self._limit
        verdict = sentence(ended, limit, place)
        started = next((record for record in records if record.get("k") == "process"), None)
        fault = next((record for record in records if record.get("k") == "fault"), None)
        if verdict is None and fault is not None:
            said = f"{inert(str(fault['type']))}: {inert(str(fault['text']))} at {fault['at']}"
            verdict = Verdict(Status.CRASHED, f"The scene could not be performed ({said}).")
        # No record of its own tells it: a child that is out of memory may not be able to send a second one.
        if verdict is None and any(
            record.get("k") == "memory"
            or (record.get("k") == "raised" and record.get("type") == "MemoryError")
            for record in records
        ):
            verdict = Verdict(Status.CRASHED, "Ran out of memory: the limit is 2 GB.")
        if verdict is None and (started or ended.left):
            where = quote(self.source, started["line"], self.file_name) if started else ""
            what = f"It started a process ({started['event']})" if started else "It left a process running"
            verdict = Verdict(Status.FAILED, f"{what}; the kata needs none, and it was killed.", seen=where)
        if verdict is not None:
            raise Broken(
                Verdict(
                    verdict.status, verdict.message, verdict.expected, verdict.seen, history, verdict.likely
                )
            )


def not_loaded(record: Record, source: str, file_name: str) -> Verdict:
    """The verdict for a file that could not be imported."""
    kind, text = inert(str(record["type"]), 60), inert(str(record["text"]), 160)
    place = quote(source, record["line"], file_name)
    if kind in ("SystemExit", "KeyboardInterrupt", "GeneratorExit"):
        return Verdict(
            Status.CRASHED, f"The file ended the program while it was imported ({kind}).", seen=place
        )
    if kind == "MemoryError":
        return Verdict(Status.CRASHED, "The file ran out of memory while it was imported: the limit is 2 GB.")
    said = f"{kind}: {text}" if text else kind
    return Verdict(Status.FAILED, f"The file cannot be imported: {said}", seen=place)


class Attempt:
    """Grades one file. Results come as futures, so that reports can show them in any order.

    Use as a context manager: leaving it ends every child. `only` names the checks to run (all by default).
    """

    def __init__(
        self, kata: Kata, path: Path, *, seed: int | None = None, only: Iterable[str] | None = None
    ) -> None:
        self.kata = kata
        self.path = path.absolute()
        self.seed = new_seed() if seed is None else seed
        self.source = read_source(path)
        self.sha256 = digest(self.source)
        wanted = set(only) if only is not None else {check.id for check in kata.checks}
        self.checks = tuple(check for check in kata.checks if check.id in wanted)
        self._budget = _Budget()
        self._local = threading.local()
        self._wardens: list[Warden] = []
        self._closed = False
        self._spare: list[Warden] = []
        self._workshop = contextlib.ExitStack()
        self._shop: Any = None
        self._opening = threading.Lock()
        self._pool = ThreadPoolExecutor(CHILDREN, thread_name_prefix="grading")
        self._waiting = ThreadPoolExecutor(WAITING, thread_name_prefix="waiting")
        self._core: list[Future[CheckResult]] = []
        self._futures: dict[str, Future[CheckResult]] = {}
        # The longest waits first: they are what the end of everything waits for.
        for check in sorted(self.checks, key=lambda check: -check.limit if check.waits else 0.0):
            future = (self._waiting if check.waits else self._pool).submit(self._grade, check)
            self._futures[check.id] = future
            if check.stage != kata.follow_up:
                self._core.append(future)

    def result(self, check_id: str) -> CheckResult:
        """Wait for one check. Raises KeyError for an unknown id."""
        return self._futures[check_id].result()

    def results(self) -> Iterator[CheckResult]:
        """All results in the order of the kata, each as soon as it and all before it are there."""
        for check in self.checks:
            yield self.result(check.id)

    def finish(self) -> AttemptResult:
        """Wait for everything."""
        return AttemptResult(self.kata.name, self.sha256, self.seed, tuple(self.results()))

    def __enter__(self) -> Attempt:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Cancel what has not begun, end every child."""
        self._closed = True
        for future in self._futures.values():
            future.cancel()
        with ThreadPoolExecutor(8) as closing:  # each takes a moment to end
            list(closing.map(Warden.close, list(self._wardens)))
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._waiting.shutdown(wait=True, cancel_futures=True)
        for warden in self._wardens:
            warden.close()
        self._workshop.close()

    def shop(self) -> Any:
        """What the kata's workshop gives; opens it at the first call."""
        with self._opening:
            if self._shop is None and self.kata.workshop is not None:
                self._shop = self._workshop.enter_context(self.kata.workshop())
            return self._shop

    def lend(self) -> Warden:
        """A warden that nobody uses, to be taken back."""
        with self._opening:
            if self._spare:
                return self._spare.pop()
            warden = Warden()
            self._wardens.append(warden)
            return warden

    def take_back(self, warden: Warden) -> None:
        with self._opening:
            self._spare.append(warden)

    def _warden(self) -> Warden:
        warden = getattr(self._local, "warden", None)
        if warden is None:
            warden = self._local.warden = Warden()
            self._wardens.append(warden)
        return warden

    def _grade(self, check: Check) -> CheckResult:
        started = time.monotonic()
        verdict = self._verdict(check)
        seconds = time.monotonic() - started
        self._budget.note(verdict, seconds, check.limit)
        return CheckResult(check.id, check.stage, check.rule, verdict, seconds)

    def _verdict(self, check: Check) -> Verdict:
        if self.kata.follow_up_needs_core and check.stage == self.kata.follow_up:
            with contextlib.suppress(CancelledError):
                if not all(future.result().status is Status.PASSED for future in self._core):
                    return Verdict(Status.NOT_ATTEMPTED, "Opens when all earlier stages pass.")
        limit = self._budget.limit(check)
        if limit <= 0:
            return Verdict(Status.TIMED_OUT, f"Not run any more: the file used up its {BUDGET:g} s waiting.")
        bench = ChildBench(
            self.kata,
            check,
            self.source,
            self.path,
            self.seed,
            self._warden(),
            limit,
            self._budget.patience,
            self,
        )
        try:
            check.judge(bench)
        except Broken as broken:
            return broken.verdict
        except NotGraded as missing:
            return Verdict(Status.NOT_GRADED, str(missing))
        except Exception as error:
            # A fault of ours must never look like a pass, nor like the learner's fault.
            if self._closed:
                return Verdict(Status.NOT_GRADED, "Grading was interrupted.")
            return Verdict(
                Status.NOT_GRADED,
                f"The grader itself failed ({type(error).__name__}: {inert(str(error))}); please report this.",
            )
        return PASSED
