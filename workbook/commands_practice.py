"""Commands about practice: interview, history, review, cards, plan, export, import."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from workbook.commands import NAMES, app, console, say, stop, warn
from workbook.progress import ProgressError


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
