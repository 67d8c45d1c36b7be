"""The simulator's part of the site: a page for each scenario, with the figures that have been made.

Simulating takes minutes, so building the site does not do it: a page shows the figures that lie in `out/figures`,
`<scenario>-<what>-light.svg` and `-dark.svg`, such as `slow-subscriber-loss-dark.svg`, and says so where there
are none yet.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from sim.scenario import Scenario
from workbook.places import CHECKOUT
from workbook.questions import SCENARIOS as SCENARIOS

FOLDER = CHECKOUT / "out" / "figures"
THEMES = ("light", "dark")


def scenario(name: str) -> type[Scenario]:
    """The scenario class of the module of that name."""
    wanted = name.replace("_", "-")
    for _, kind in inspect.getmembers(importlib.import_module(f"sim.{name}"), inspect.isclass):
        if issubclass(kind, Scenario) and getattr(kind, "name", "") == wanted:
            return kind
    raise LookupError(f"sim/{name}.py has no scenario {wanted!r}")


def figures(name: str, folder: Path = FOLDER) -> dict[str, list[Path]]:
    """The figures of a scenario that are there in every theme: what each shows -> its files."""
    start = f"{scenario(name).name}-"
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob(f"{start}*-light.svg")):
        what = path.name.removeprefix(start).removesuffix("-light.svg")
        both = [folder / f"{start}{what}-{theme}.svg" for theme in THEMES]
        if all(one.is_file() for one in both):
            found[what] = both
    return found


def scenario_page(name: str, folder: Path = FOLDER) -> str:
    """What the scenario asks, what to expect, its figures, its parameters."""
    kind = scenario(name)
    parts = [f"# {_words(name)}", f"> {kind.question}\n{{ .asked }}", *_brief(name), "## Figures"]
    shown = figures(name, folder)
    for what, files in shown.items():
        parts += [
            f"![{_words(name)}: {what}]({file.name}#only-{theme}){{ .figure loading=lazy }}"
            for theme, file in zip(THEMES, files, strict=True)
        ]
    if not shown:
        parts.append("The figures of this scenario have not been made on this machine yet.")
    defaults = kind().parameters()
    rows = [
        f"| `{parameter}` | {rule.help} | {_value(defaults[parameter])} | {rule.unit} |"
        for parameter, rule in kind.rules().items()
    ]
    table = "\n".join(["| parameter | what it is | default | unit |", "|---|---|---|---|", *rows])
    return "\n\n".join([*parts, f"## Parameters\n\n{table}"]) + "\n"


def scenarios_page() -> str:
    """All scenarios with their questions."""
    links = [f"- [{_words(name)}]({name}.md): {scenario(name).question}" for name in SCENARIOS]
    return (
        "# Four arguments, settled by simulation\n\n"
        "Each scenario is a discrete-event simulation of an argument that comes up in interviews. Where theory has a "
        "closed form, it is drawn dashed beside what was simulated.\n\n" + "\n".join(links) + "\n"
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
