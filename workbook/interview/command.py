"""`pubsub interview` and `pubsub history`: joins session, clock, page and screen; prints through what it is handed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from workbook.interview import history
from workbook.interview.bank import read_bank
from workbook.interview.desk import Desk, Suggest
from workbook.interview.kata_questions import after_kata
from workbook.interview.log import Kept, Running, Sessions, only_one, open_sessions
from workbook.interview.pair import CannotServe, PairPage
from workbook.interview.report import Report, report
from workbook.interview.report_text import as_json, as_markdown, write
from workbook.interview.script import BadScript, Line, play, read_script
from workbook.interview.state import BadSetup, Phase, Setup
from workbook.places import notebooks
from workbook.progress import ProgressError, home

Say = Callable[[str], None]


class Stop(Exception):
    """The command ends here; the text is the sentence to print."""


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line; None where the default holds."""

    level: str | None = None
    minutes: int | None = None
    kata: str | None = None
    pair: bool = False
    paper: Path | None = None
    seed: int | None = None
    new: bool = False
    plain: bool = False
    script: Path | None = None
    reports: Path | None = None
    theme: str = "auto"
    suggest: bool = False
    bank: Path | None = None


def hold(options: Options, say: Say) -> None:
    """Hold a session, or go on with the one that is open; then write its report. Raises Stop."""
    if options.theme not in ("auto", "dark", "light"):
        raise Stop(f"There is no theme {options.theme!r}; the themes are auto, dark, light.")
    if options.pair and options.paper:
        raise Stop("--pair shows a page and --paper prints a sheet; take one of them.")
    lines = _script(options.script)
    if not (lines is not None or options.plain or (sys.stdin.isatty() and sys.stdout.isatty())):
        raise Stop("The full screen needs a terminal; use --plain for lines, or --script FILE for none.")
    try:
        with ExitStack() as stack:
            sessions = stack.enter_context(open_sessions())
            stack.enter_context(only_one())
            kept = None if options.new else sessions.unfinished()
            if kept is None:
                kept = sessions.create(_setup(options, say), datetime.now().astimezone())
            else:
                say(_goes_on(kept, options))
            _run(sessions, kept, options, lines, say, stack)
            done = sessions.load(kept.id)
            if done.state.phase is Phase.DONE:
                _finish(done, options, say)
            else:
                say(f"Session {kept.id} stays open; `pubsub interview` goes on with it.")
    except (ProgressError, BadSetup, CannotServe) as error:
        raise Stop(str(error)) from None


def show_history(session: int | None, as_data: bool, say: Say) -> None:
    """All sessions, or the report on one; as JSON if asked for. Raises Stop."""
    try:
        with open_sessions() as sessions:
            if session is not None:
                try:
                    found = report(sessions.load(session))
                except KeyError:
                    raise Stop(f"There is no session {session}; `pubsub history` lists them.") from None
                say((as_json if as_data else as_markdown)(found).rstrip("\n"))
                return
            every, faults = [], []
            for one in sessions.ids():
                try:
                    every.append(history.past(sessions.load(one)))
                except ProgressError as error:
                    faults.append(str(error))
    except ProgressError as error:
        raise Stop(str(error)) from None
    if as_data:
        say(json.dumps([asdict(one) for one in every], indent=2, default=datetime.isoformat))
        return
    for row in [*history.lines(every), *faults]:
        say(row)


def _setup(options: Options, say: Say) -> Setup:
    """The setup of a new session; the paper sheet is written here."""
    from workbook.grading.attempt import new_seed

    items, faults = read_bank(options.bank or notebooks())
    for fault in faults:
        say(fault)
    kata = options.kata or ""
    setup = Setup(
        level=options.level or "senior",
        minutes=45 if options.minutes is None else options.minutes,
        seed=new_seed() if options.seed is None else options.seed,
        bank=items,
        kata=kata,
        mode="paper" if options.paper else "pair" if options.pair else "alone",
    )
    if kata:  # its name was checked above
        setup = Setup(
            setup.level, setup.minutes, setup.seed, setup.bank, setup.kata, setup.mode, after_kata(kata)
        )
    if options.paper:
        from workbook.interview.paper import write_sheet

        try:
            write_sheet(setup, options.paper)
        except FileExistsError:
            raise Stop(
                f"{options.paper} exists and is left as it is; name another file for the sheet."
            ) from None
        except OSError as error:
            raise Stop(f"{options.paper} cannot be written ({error.strerror}); name another file.") from None
        say(f"Print {options.paper} and give it to the candidate; you name the cards.")
    return setup


def _goes_on(kept: Kept, options: Options) -> str:
    """The sentence for a session that goes on, and what becomes of options that were meant for a new one."""
    setup = kept.state.setup
    place = f"at question {len(kept.state.turns)}" if kept.state.turns else "before its first question"
    what = f"The {setup.level} session of {kept.began:%d %B, %H:%M} goes on {place}"
    asked = (options.level, options.minutes, options.kata, options.seed)
    differs = [
        one
        for one, has in zip(asked, (setup.level, setup.minutes, setup.kata, setup.seed), strict=True)
        if one is not None and one != has
    ]
    if differs or options.pair != (setup.mode == "pair") or (options.paper and setup.mode != "paper"):
        return f"{what}, with the options it was begun with; `--new` begins another."
    return f"{what}; `--new` begins another."


def _script(path: Path | None) -> list[Line] | None:
    try:
        return None if path is None else read_script(path)
    except BadScript as error:
        raise Stop(str(error)) from None


def _run(
    sessions: Sessions, kept: Kept, options: Options, lines: list[Line] | None, say: Say, stack: ExitStack
) -> None:
    running = Running(sessions, kept)
    if lines is not None:
        try:
            left = play(running, lines, kept.log)
        except BadScript as error:
            raise Stop(str(error)) from None
        if left:
            say(f"The session ended before the script did; {left} of its lines were not used.")
        return
    page = stack.enter_context(PairPage()) if kept.state.setup.mode == "pair" else None
    desk = Desk(running, page=page, suggest=_suggest(options) if options.suggest else None)
    if options.plain:
        from workbook.interview.plain import Plain

        Plain(desk, say, _Lines(desk, say).read).run()
        return
    from workbook.interview.terminal import InterviewScreen
    from workbook.interview.theme import background

    InterviewScreen(desk, background() if options.theme == "auto" else options.theme).run()


def _suggest(options: Options) -> Suggest:
    """What a typed answer seems to cover, by the words; read from the notebooks as they are now."""
    from workbook.questions import examine
    from workbook.suggestions.match import Suggester

    paths = sorted((options.bank or notebooks()).glob("*.ipynb"))
    questions = {question.id: question for path in paths if (question := examine(path)[0]) is not None}
    suggester = Suggester(questions.values())

    def suggest(item: str, text: str, part: str) -> dict[str, tuple[str, ...]]:
        if item not in questions:
            return {}
        found = suggester.suggest(questions[item], text, "answer" if part == "answer" else "follow-up")
        return {one.point.id: one.words for one in found}

    return suggest


class _Lines:
    """Lines of standard input; the clock is kept while nobody types."""

    def __init__(self, desk: Desk, say: Say) -> None:
        self._desk, self._say = desk, say
        self._queue: SimpleQueue[str] = SimpleQueue()
        Thread(target=self._pump, name="standard input", daemon=True).start()

    def _pump(self) -> None:
        for line in sys.stdin:
            self._queue.put(line)
        self._queue.put("")

    def read(self) -> str:
        """The next line. Raises EOFError when there is none."""
        while True:
            try:
                line = self._queue.get(timeout=1.0)
            except Empty:
                if sentence := self._desk.tick():
                    self._say(sentence)
                continue
            if not line:
                raise EOFError
            return line


def _finish(kept: Kept, options: Options, say: Say) -> None:
    """Write the report and say the essence of it. Raises Stop."""
    found = report(kept)
    for row in _essence(found):
        say(row)
    if found.low:
        from workbook.review.store import make_due

        try:
            make_due(
                found.low, f"scored low in the interview of {found.began:%d %B}", datetime.now().astimezone()
            )
        except ProgressError as error:
            say(str(error))
        else:
            say(f"`pubsub review` asks {', '.join(found.low)} next.")
    folder = options.reports or home() / "interviews"
    try:
        markdown, _ = write(found, folder)
    except OSError as error:
        raise Stop(
            f"The report cannot be written to {folder} ({error.strerror}); the session is kept, and "
            f"`pubsub history --show {kept.id}` prints it."
        ) from None
    say(f"The report is {markdown}, and beside it as JSON.")


def _essence(found: Report) -> list[str]:
    rows = [f"Level reached: {found.reached or 'not settled'} (aimed at: {found.target}). {found.reason}"]
    rows += [f"Red flag: {flag}" for flag in found.flags]
    rows += [f"Evening {step.evening}: {step.what} ({step.why})" for step in found.plan]
    return rows
