"""mkdocs hook: notebooks, stubs and figures -> pages made in memory. Nothing is run, nothing is written twice.

mkdocs loads this file by its path (`hooks:` in mkdocs.yml) and calls the functions whose names start with `on_`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbook.notebook_cells import FormatFault
from workbook.places import STUBS, notebooks, stub
from workbook.questions import KATAS, LEVELS, Question, read_all
from workbook.site_figures import FOLDER, SCENARIOS, figures, scenario_page, scenarios_page
from workbook.site_pages import kata_page, katas_page, question_page, questions_page

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

PLAIN = re.compile(r'<span class="(?:n|p|w|o)">([^<]*)</span>')

KEPT = re.compile(r"(<(?:pre|script|style|textarea)\b.*?</(?:pre|script|style|textarea)>)", re.DOTALL)
MARGIN = re.compile(r"\s*\n\s*")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages that will be made into the navigation."""
    from mkdocs.exceptions import PluginError

    try:
        questions = read_all(notebooks())
    except FormatFault as fault:
        raise PluginError(str(fault)) from None
    by_level = [
        {
            level.capitalize(): [
                {question.title: _path(question)} for question in questions if question.level == level
            ]
        }
        for level in LEVELS
    ]
    config.nav = [
        {"Start": ["index.md", "how_to_study.md"]},
        {"Questions": ["questions/index.md", *(group for group in by_level if any(group.values()))]},
        {"Katas": ["katas/index.md", *({name.capitalize(): f"katas/{name}.md"} for name in katas())]},
        {"Scenarios": ["scenarios/index.md", *(f"scenarios/{name}.md" for name in SCENARIOS)]},
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Make the pages."""
    from mkdocs.structure.files import File

    for path, content in pages().items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_content(html: str, page: Any, config: MkDocsConfig, files: Files) -> str:
    """Take out the markup of names, operators and punctuation, whose colours say little: it is a third of a page."""
    return PLAIN.sub(r"\1", html)


def on_post_page(output: str, page: Any, config: MkDocsConfig) -> str:
    """Take out the indentation of the theme's templates, a quarter of a page, wherever it means nothing."""
    pieces = KEPT.split(output)
    pieces[::2] = [MARGIN.sub("\n", piece) for piece in pieces[::2]]
    return "".join(pieces)


def on_serve(server: Any, config: MkDocsConfig, builder: Any) -> Any:
    """Build again when a notebook or a stub changes."""
    for folder in (notebooks(), STUBS):
        server.watch(str(folder))
    return server


def katas() -> list[str]:
    """The katas that have a stub, in the order they are met."""
    return [name for name in KATAS if (STUBS / f"{name}.py").is_file()]


def pages(drawn: Path = FOLDER) -> dict[str, str | bytes]:
    """Every page and file that is made: its path below the site -> its content."""
    questions = read_all(notebooks())
    made: dict[str, str | bytes] = {"questions/index.md": questions_page(questions)}
    for question in questions:
        made[_path(question)], stored = question_page(question)
        made |= {f"questions/{name}": svg for name, svg in stored.items()}
    made["katas/index.md"] = katas_page({name: stub(name) for name in katas()})
    made |= {f"katas/{name}.md": kata_page(name, stub(name)) for name in katas()}
    made["scenarios/index.md"] = scenarios_page()
    for name in SCENARIOS:
        made[f"scenarios/{name}.md"] = scenario_page(name, drawn)
        files = [file for both in figures(name, drawn).values() for file in both]
        made |= {f"scenarios/{file.name}": file.read_bytes() for file in files}
    return made


def _path(question: Question) -> str:
    return f"questions/{question.id}_{question.slug}.md"
