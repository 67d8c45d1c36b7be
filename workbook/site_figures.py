"""The simulator's part of the site: a page for each scenario, with the figures that have been made.

Simulating takes minutes, so building the site does not do it: a page shows the figures that lie in `out/figures`,
and says how to make them where there are none yet.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from sim.scenario import Scenario
from workbook.places import CHECKOUT
from workbook.questions import SCENARIOS as SCENARIOS
from workbook.questions import Question
from workbook.site_pages import related, ways

FOLDER = CHECKOUT / "out" / "figures"
SUFFIXES = {"light": ".svg", "dark": "-dark.svg"}  # as `python -m sim` names the files of a figure


def scenario(name: str) -> type[Scenario]:
    """The scenario class of the module of that name."""
    wanted = name.replace("_", "-")
    for _, kind in inspect.getmembers(importlib.import_module(f"sim.{name}"), inspect.isclass):
        if issubclass(kind, Scenario) and getattr(kind, "name", "") == wanted:
            return kind
    raise LookupError(f"sim/{name}.py has no scenario {wanted!r}")


def figures(name: str, folder: Path = FOLDER) -> dict[str, list[Path]]:
    """The figures of a scenario that are there in every theme, in the simulator's order: what is shown -> files."""
    if not any(folder.glob("*.svg")):
        return {}
    from sim.plots import DRAWINGS  # only here: matplotlib takes long to import

    found = {}
    for stem, draw in DRAWINGS.items():
        files = [folder / f"{stem}{suffix}" for suffix in SUFFIXES.values()]
        if stem.startswith(f"{scenario(name).name}-") and all(file.is_file() for file in files):
            found[(inspect.getdoc(draw) or stem).splitlines()[0].rstrip(".")] = files
    return found


def scenario_page(name: str, folder: Path = FOLDER, questions: Sequence[Question] = ()) -> str:
    """What the scenario asks, what to expect, its figures, its parameters."""
    kind = scenario(name)
    parts = [f"# {_words(name)}", f"> {kind.question}\n{{ .asked }}", *_brief(name)]
    parts += [related([question for question in questions if question.scenario == name]), "## Figures"]
    play = f"../../playground/#scenario={kind.name}"
    parts.append(f'Change the values and see: <a href="{play}">playground</a>.')
    shown = figures(name, folder)
    parts += [_pictures(what, files) for what, files in shown.items()]
    if not shown:
        command = f"python -m sim {kind.name} --quick --theme both --out out/figures"
        parts.append(f"They have not been made on this machine yet; this makes them: `{command}`")
    defaults = kind().parameters()
    rows = [
        f"| `{parameter}` | {rule.help} | {_value(defaults[parameter])} | {rule.unit} |"
        for parameter, rule in kind.rules().items()
    ]
    table = "\n".join(["| parameter | what it is | default | unit |", "|---|---|---|---|", *rows])
    return "\n\n".join(part for part in [*parts, f"## Parameters\n\n{table}"] if part) + "\n"


def scenarios_page(folder: Path = FOLDER) -> str:
    """All scenarios with their questions, and the first figure of each where there is one."""
    cards = []
    for name in SCENARIOS:
        shown = [_pictures(what, files) for what, files in figures(name, folder).items()]
        cards.append((f"[{_words(name)}]({name}.md)", scenario(name).question, *shown[:1]))
    return (
        "# Four arguments, settled by simulation\n\n"
        "Each scenario is a discrete-event simulation of an argument that comes up in interviews. Where theory has a "
        "closed form, it is drawn dashed beside what was simulated. In the [playground](../playground.md) you change "
        f"the values.\n\n{ways(cards)}\n"
    )


def _pictures(what: str, files: Sequence[Path]) -> str:
    """A figure in every theme, of which the site shows one."""
    return "\n\n".join(
        f"![{what}]({file.name}#only-{theme}){{ .figure loading=lazy }}"
        for theme, file in zip(SUFFIXES, files, strict=True)
    )


def _brief(name: str) -> Iterator[str]:
    """The module's docstring says what to expect, and when the scenario is useful."""
    text = " ".join((inspect.getdoc(importlib.import_module(f"sim.{name}")) or "").split())
    for label in ("Expect", "When useful"):
        if match := re.search(rf"{label}: (.*?)(?= (?:Expect|When useful): |$)", text):
            yield f"**{label}.** {_sentence(match[1])}"


def _value(value: object) -> str:
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _words(name: str) -> str:
    return _sentence(name.replace("_", " "))
