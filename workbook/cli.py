"""The command `pubsub`: parses, calls, prints."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from workbook.grading.attempt import Attempt, UnreadableFile, new_seed
from workbook.grading.check import Kata
from workbook.grading.results import as_json, write_json
from workbook.grading.verdict import AttemptResult, Status
from workbook.places import NoKatas, kata_folder
from workbook.progress import Progress, ProgressError

app = typer.Typer(add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False)
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

NAMES = "broker, wildcard, outbox"


def stop(sentence: str, code: int = 2) -> typer.Exit:
    """Print one sentence to standard error; raise what is returned."""
    errors.print(Text(sentence), soft_wrap=True)
    return typer.Exit(code)


def say(line: str) -> None:
    """Print a line as it is."""
    console.print(Text(line), soft_wrap=True)


def warn(line: str) -> None:
    """Print a line to standard error: something is left out, and the command goes on."""
    errors.print(Text(line), soft_wrap=True)


def find_kata(name: str) -> Kata:
    from workbook.graders.catalogue import find

    try:
        return find(name)
    except KeyError as error:
        raise stop(f"pubsub: {error.args[0]}.") from None


def folder() -> Path:
    try:
        return kata_folder()
    except NoKatas as error:
        raise stop(f"pubsub: {error}") from None


@app.callback(invoke_without_command=True)
def start(context: typer.Context) -> None:
    """Where you stand with the workbook; see the commands below for more."""
    if context.invoked_subcommand is None:
        show_standing()


def show_standing() -> None:
    from workbook.show import standing_lines
    from workbook.standing import next_step, standings

    here = folder()
    with ExitStack() as stack:
        progress: Progress | None = None
        try:
            progress = stack.enter_context(Progress.open())
        except ProgressError as error:
            errors.print(Text(str(error)), soft_wrap=True)
        katas = standings(here, progress)
    for standing in katas:
        for line in standing_lines(standing):
            console.print(line, soft_wrap=True)
        console.print()
    console.print(Text(f"Next: {next_step(katas, here)}", "bold"), soft_wrap=True)


@app.command()
def study() -> None:
    """Grade the katas that changed, then show where you stand and what to do next."""
    from workbook.standing import standings

    here = folder()
    try:
        with Progress.open() as progress:
            changed = [one.kata for one in standings(here, progress) if one.state == "edited"]
    except ProgressError:
        changed = []
    for kata in changed:
        grade_file(kata, here / f"{kata.name}.py", None)
    show_standing()


@app.command()
def grade(
    kata: Annotated[str, typer.Argument(help=f"which kata ({NAMES}); all of them when left out")] = "",
    file: Annotated[Path | None, typer.Option("--file", help="another file than the one in katas/")] = None,
    seed: Annotated[int | None, typer.Option(help="replay the inputs of an earlier run")] = None,
    results: Annotated[Path | None, typer.Option(help="write the verdicts to this file as JSON")] = None,
    every: Annotated[Path | None, typer.Option("--all", help="grade every .py file of this folder")] = None,
    out: Annotated[Path | None, typer.Option("--csv", help="with --all: write a row a file")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="grade again whenever the file is saved")] = False,
) -> None:
    """Grade a kata: verdicts as they come, a card for the first failure of each stage."""
    if (file or every) and not kata:
        raise stop(
            "pubsub grade: --file and --all need the name of the kata, as in `pubsub grade broker --file X`."
        )
    if out and not every:
        raise stop("pubsub grade: --csv goes with --all DIR.")
    if watch:
        if not kata or every or results:
            raise stop("pubsub grade: --watch takes one kata, and neither --all nor --results.")
        watch_file(find_kata(kata), file or folder() / f"{find_kata(kata).name}.py", seed)
    if every is not None:
        grade_class(find_kata(kata), every, out, seed)
        return
    from workbook.graders.catalogue import every as every_kata

    chosen = [find_kata(kata)] if kata else list(every_kata())
    documents: list[dict[str, Any]] = []
    worst = 0
    for one in chosen:
        path = file or folder() / f"{one.name}.py"
        result = grade_file(one, path, seed)
        documents.append(as_json(one, result))
        worst = max(worst, exit_code(result))
    if results is not None:
        try:
            write_json(results, documents)
        except OSError as error:
            raise stop(
                f"pubsub grade: {results} cannot be written ({error.strerror}); name another file."
            ) from None
    raise typer.Exit(worst)


def exit_code(result: AttemptResult) -> int:
    """0: nothing red; 1: something red; 2: something could not be graded."""
    statuses = {check.status for check in result.checks}
    if Status.NOT_GRADED in statuses:
        return 2
    return 1 if any(status.is_red for status in statuses) else 0


def grade_file(kata: Kata, path: Path, seed: int | None) -> AttemptResult:
    """Grade one file, print and record."""
    from workbook.show import Report

    with ExitStack() as stack:
        try:
            attempt = stack.enter_context(Attempt(kata, path, seed=seed))
        except UnreadableFile as error:
            raise stop(f"pubsub grade: {error}") from None
        progress: Progress | None = None
        try:
            progress = stack.enter_context(Progress.open())
        except ProgressError as error:
            errors.print(Text(str(error)), soft_wrap=True)
        report = Report(console, attempt)
        for result in attempt.results():
            report.add(result)
            if progress is not None:
                try:
                    progress.record(kata.name, attempt.sha256, attempt.seed, result)
                except ProgressError as error:
                    progress = None  # said once, then graded on without it
                    errors.print(Text(str(error)), soft_wrap=True)
        done = attempt.finish()
        report.end(done)
        return done


def watch_file(kata: Kata, path: Path, seed: int | None) -> None:
    """Grade now and after every save, until Ctrl-C."""
    from workbook.watch import saves

    console.print(Text(f"Watching {path}; Ctrl-C ends.", "dim"), soft_wrap=True)
    for content in saves(path):
        if content is None:
            console.print(Text(f"{path} is gone; waiting for it to come back.", "yellow"), soft_wrap=True)
        else:
            console.print()
            grade_file(kata, path, seed)


def grade_class(kata: Kata, every: Path, out: Path | None, seed: int | None) -> None:
    """Grade a folder of files for a teacher; they are not the learner's own and leave no trace in progress."""
    from workbook.classroom import rows, write_csv

    if not every.is_dir():
        raise stop(f"pubsub grade: --all needs a folder, and {every} is none.")
    seed = new_seed() if seed is None else seed
    table = []
    for row in rows(kata, every, seed):
        table.append(row)
        console.print(Text(f"{row.file:<32}{row.passed:>3} of {row.total:<4}{row.first}"), soft_wrap=True)
    if not table:
        raise stop(f"pubsub grade: there is no .py file in {every}.")
    console.print(Text(f"seed {seed}", "dim"))
    if out is not None:
        try:
            write_csv(kata, table, out)
        except OSError as error:
            raise stop(
                f"pubsub grade: {out} cannot be written ({error.strerror}); name another file."
            ) from None


@app.command()
def reset(kata: Annotated[str, typer.Argument(help=f"which kata ({NAMES})")]) -> None:
    """Put the stub of a kata back; what you wrote is kept as a copy."""
    from workbook.keep import CannotKeep
    from workbook.keep import reset as put_back

    one = find_kata(kata)
    here = folder()
    try:
        copy = put_back(one.name, here, datetime.now())
    except CannotKeep as error:
        raise stop(f"pubsub reset: {error}") from None
    if copy is None:
        console.print(Text(f"{here / one.name}.py is the stub."), soft_wrap=True)
    else:
        console.print(
            Text(f"{here / one.name}.py is the stub again; what you wrote is in {copy}."), soft_wrap=True
        )


@app.command()
def hint(
    kata: Annotated[str, typer.Argument(help=f"which kata ({NAMES})")],
    check: Annotated[str, typer.Argument(help="which check, as the report names it")],
) -> None:
    """The next hint for a check: a question back, then the concept, then nearly the code."""
    from workbook.graders.hints import rungs

    one = find_kata(kata)
    try:
        texts = rungs(one, one.check(check))
    except KeyError as error:
        raise stop(f"pubsub hint: {error.args[0]}.") from None
    number = 1
    try:
        with Progress.open() as progress:
            number = progress.next_hint(one.name, check, len(texts))
    except ProgressError as error:
        errors.print(Text(str(error)), soft_wrap=True)
    console.print(Text(f"Hint {number} of {len(texts)}: {texts[number - 1]}"), soft_wrap=True)


@app.command()
def solution(
    kata: Annotated[str, typer.Argument(help=f"which kata ({NAMES})")],
    give_up: Annotated[bool, typer.Option("--give-up", help="show it without a pass")] = False,
) -> None:
    """Show the reference solution, after a pass or on giving up. Your own file stays as it is."""
    from workbook.places import CHECKOUT

    one = find_kata(kata)
    core = {check.id for check in one.checks if check.stage != one.follow_up}
    passed: set[str] = set()
    try:
        with Progress.open() as progress:
            passed = progress.passed_ever(one.name)
    except ProgressError as error:
        errors.print(Text(str(error)), soft_wrap=True)
    if not give_up and not core <= passed:
        left = len(core - passed)
        raise stop(
            f"pubsub solution: {left} checks of {kata} have not passed yet; `--give-up` shows it all the same.",
            1,
        )
    path = CHECKOUT / "solutions" / f"{one.name}.py"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise stop(
            f"pubsub solution: {path} cannot be read ({error.strerror}); it lies in the checkout."
        ) from None
    console.out(text, highlight=False)
    console.print(Text(f"The trade-offs: {path.with_suffix('.md')}", "bold"), soft_wrap=True)


@app.command("start")
def start_kata(
    kata: Annotated[str, typer.Argument(help=f"which kata ({NAMES})")],
    where: Annotated[Path, typer.Argument(metavar="DIR", help="a folder that is new or empty")],
) -> None:
    """Make a clean folder for a candidate, in which plain `pytest` grades."""
    from workbook.candidate import CannotStart, start

    one = find_kata(kata)
    try:
        written = start(one.name, where)
    except CannotStart as error:
        raise stop(f"pubsub start: {error}") from None
    names = ", ".join(path.name for path in written)
    console.print(Text(f"{where} holds {names}. In it, `pytest` grades."), soft_wrap=True)
    console.print(
        Text("A candidate's code runs as you, with your rights: grade only what you would run."),
        soft_wrap=True,
    )


@app.command()
def interview(
    level: Annotated[
        str | None, typer.Option(help="junior, middle, senior or staff; senior when left out")
    ] = None,
    minutes: Annotated[int | None, typer.Option(help="how long; 45 when left out, the kata included")] = None,
    kata: Annotated[str | None, typer.Option(help=f"end with a kata ({NAMES})")] = None,
    pair: Annotated[bool, typer.Option("--pair", help="two people: the candidate sees a local page")] = False,
    paper: Annotated[
        Path | None, typer.Option(help="two people: write the candidate's cards to this file, to be printed")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="the same choice of questions again")] = None,
    new: Annotated[bool, typer.Option("--new", help="begin another session, even if one is open")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="line by line, for screen readers")] = False,
    script: Annotated[
        Path | None, typer.Option(help="events from this file, one JSON object a line; no terminal")
    ] = None,
    reports: Annotated[
        Path | None, typer.Option(metavar="DIR", help="where the report is written; beside the progress else")
    ] = None,
    theme: Annotated[str, typer.Option(help="auto, dark or light")] = "auto",
    suggest: Annotated[
        bool,
        typer.Option(
            "--suggest", help="mark key points a typed answer seems to cover; often right, not always"
        ),
    ] = False,
) -> None:
    """Hold a mock interview, alone or in a pair; one that was left, or killed, goes on where it was."""
    from workbook.interview.command import Options, Stop, hold

    options = Options(
        level, minutes, kata, pair, paper, seed, new, plain, script, reports, theme, suggest=suggest
    )
    try:
        hold(options, lambda row: console.print(Text(row), soft_wrap=True))
    except Stop as sentence:
        raise stop(f"pubsub interview: {sentence}") from None


@app.command("history")
def show_interviews(
    show: Annotated[int | None, typer.Option(metavar="N", help="the report on session N")] = None,
    as_data: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """All mock interviews with their scores, and the weakest topics."""
    from workbook.interview.command import Stop, show_history

    try:
        show_history(show, as_data, lambda text: console.out(text, highlight=False))
    except Stop as sentence:
        raise stop(f"pubsub history: {sentence}") from None


@app.command("check-notebooks")
def check_notebooks(
    where: Annotated[Path | None, typer.Argument(metavar="DIR", help="a folder of notebooks")] = None,
) -> None:
    """Check the format of all question notebooks: one sentence a fault."""
    from workbook.check_notebooks import check
    from workbook.places import notebooks

    faults = check(where or notebooks())
    for fault in faults:
        console.print(Text(fault), soft_wrap=True)
    if faults:
        raise typer.Exit(1)
    console.print(Text("Every notebook keeps the format."))


@app.command(
    "sim", context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False
)
def simulate(context: typer.Context) -> None:
    """Run a scenario of the simulator; `pubsub sim --list` names them."""
    from sim.__main__ import main as run

    raise typer.Exit(run(context.args, prog="pubsub sim"))


@app.command()
def doctor() -> None:
    """What works on this machine, a line a component, and what to do about what does not."""
    from workbook.doctor import examine

    fine = True
    for finding in examine():
        fine = fine and finding.works
        mark, style = ("+", "green") if finding.works else ("x", "red")
        console.print(Text(f"{mark} {finding.component:<13}{finding.text}", style), soft_wrap=True)
    raise typer.Exit(0 if fine else 1)


@app.command()
def review(
    kind: Annotated[str, typer.Option(help="only question, check or flag")] = "",
    level: Annotated[str, typer.Option(help="only junior, middle, senior or staff")] = "",
    new: Annotated[int, typer.Option(help="at most so many cards a day that you have never seen")] = 8,
    only_list: Annotated[bool, typer.Option("--list", help="show what is due and ask nothing")] = False,
) -> None:
    """Ask the questions, concept checks and red flags that are due today (spaced repetition, FSRS).

    What went badly in an interview or a kata is due first. Every rating is kept at once; q or Ctrl-C ends.
    """
    from workbook.review.command import Stop
    from workbook.review.command import review as ask_cards

    try:
        ask_cards(
            kind,
            level,
            new,
            only_list,
            input,
            lambda line: console.print(Text(line)),  # wrapped between words: it is for reading
            warn,
            lambda: datetime.now().astimezone(),
        )
    except Stop as error:
        raise stop(f"pubsub review: {error}") from None


@app.command()
def cards(
    anki: Annotated[
        Path | None, typer.Option(help="the deck to write; pubsub-cards.apkg if nothing is named")
    ] = None,
    table: Annotated[Path | None, typer.Option("--csv", help="a CSV file to write, a row a card")] = None,
) -> None:
    """Make an Anki deck, or CSV, of all cards. Ids are stable: a newer deck keeps the schedule of the older one."""
    from workbook.review.command import Stop, make_cards

    try:
        make_cards(anki, table, say, warn)
    except Stop as error:
        raise stop(f"pubsub cards: {error}") from None


@app.command()
def plan(
    evenings: Annotated[int, typer.Option(help="how many evenings are left")] = 2,
    level: Annotated[str, typer.Option(help="junior, middle, senior or staff")] = "senior",
    minutes: Annotated[int, typer.Option(help="minutes of an evening")] = 120,
) -> None:
    """What to do in the evenings that are left, from your progress and what is due; last, what to do in one hour."""
    from workbook.review.command import Stop, show_plan

    try:
        show_plan(evenings, level, minutes, say, warn, datetime.now().astimezone())
    except Stop as error:
        raise stop(f"pubsub plan: {error}") from None


@app.command("export")
def export_progress(
    file: Annotated[Path, typer.Argument(help="the JSON file to write; it must not exist yet")],
) -> None:
    """Write all of your progress (verdicts, hints, reviews, interviews) into one file, for another machine."""
    from workbook.export import CannotExport, export

    try:
        done = export(file, datetime.now().astimezone())
    except (CannotExport, ProgressError) as error:
        raise stop(f"pubsub export: {error}") from None
    say(f"{done.path} holds {', '.join(f'{number} {what}' for what, number in done.rows.items())}.")


@app.command("import")
def import_progress(
    file: Annotated[Path, typer.Argument(help="a file that `pubsub export` has written")],
) -> None:
    """Merge the progress in a file into yours and say what was done; nothing of either is lost."""
    from workbook.export import CannotImport, import_file

    try:
        done = import_file(file)
    except (CannotImport, ProgressError) as error:
        raise stop(f"pubsub import: {error}") from None
    for one in done:
        say(f"{one}.")


def main() -> None:
    """Entry point. Ctrl-C ends with one line."""
    try:
        app()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
