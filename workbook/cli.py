"""The command `pubsub`: parses, calls, prints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from workbook import commands_katas, commands_practice  # noqa: F401 - importing them adds their commands
from workbook.commands import app, console


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


def main() -> None:
    """Entry point. Ctrl-C ends with one line."""
    try:
        app()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
