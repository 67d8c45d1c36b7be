"""Commands about katas: where you stand, grade, reset, hint, solution, start."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from workbook.commands import NAMES, app, console, errors, find_kata, folder, stop
from workbook.grading.attempt import Attempt, UnreadableFile, new_seed
from workbook.grading.check import Kata
from workbook.grading.results import as_json, write_json
from workbook.grading.verdict import AttemptResult, Status
from workbook.progress import Progress, ProgressError


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
