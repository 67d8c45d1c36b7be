"""What every command of `pubsub` needs: the app it is added to, and ways to say things."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from workbook.grading.check import Kata
from workbook.places import NoKatas, kata_folder

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
