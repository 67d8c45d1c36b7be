"""mkdocs hook: notebooks, stubs and figures -> pages made in memory. Nothing is run, nothing is written twice.

mkdocs loads this file by its path (`hooks:` in mkdocs.yml) and calls the functions whose names start with `on_`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbook import site_html, site_places
from workbook.notebook_cells import FormatFault
from workbook.places import CHECKOUT, STUBS, notebooks, stub
from workbook.playground.packing import packed
from workbook.questions import KATAS, LEVELS, Question, read_all
from workbook.site_deck import DECK, deck, with_cards
from workbook.site_figures import FOLDER, SCENARIOS, figures, scenario_page, scenarios_page
from workbook.site_packet import packet_page
from workbook.site_pages import kata_page, katas_page, question_page, questions_page
from workbook.site_plan import plan_page
from workbook.site_playground import playground_page
from workbook.site_proof import proof_page

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

MATRIX = CHECKOUT / "docs" / "matrix.json"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages that will be made into the navigation."""
    from mkdocs.exceptions import PluginError

    questions_by_page.cache_clear()
    try:
        questions = questions_by_page().values()
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
    briefs = ({name.capitalize(): f"katas/{name}.md"} for name in katas())
    scenarios = (f"scenarios/{name}.md" for name in SCENARIOS)
    config.nav = [
        {"Start": ["index.md", "how_to_study.md", "plan.md"]},
        {"Questions": ["questions/index.md", *(group for group in by_level if any(group.values()))]},
        {"Katas": ["katas/index.md", *briefs, "katas/proof.md", "threat_model.md"]},
        {
            "Scenarios": [
                "scenarios/index.md",
                "playground.md",
                *scenarios,
                "outgrowing_one_machine.md",
            ]
        },
        {"Rehearse": ["concept_checks.md", "signals.md", "packet.md"]},
        {"Sources": ["corrections.md", "reading.md"]},
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Make the pages."""
    from mkdocs.exceptions import PluginError
    from mkdocs.structure.files import File

    try:
        made = pages()
    except ValueError as error:
        raise PluginError(str(error)) from None
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Link the places that a page of reference names, and let concept checks be turned."""
    path = page.file.src_uri
    if path not in site_places.PAGES:
        return markdown
    linked = site_places.linked(markdown, list(questions_by_page().values()))
    downloads = files.get_file_from_path(DECK) is not None
    return with_cards(linked, downloads) if path == "concept_checks.md" else linked


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Leave out markup that says little, and make check boxes of key points."""
    question = questions_by_page().get(page.file.src_uri)
    points = [point.id for point in (*question.key_points, *question.follow_up_points)] if question else []
    return site_html.content(html, points)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Take out what means nothing, and mend what the theme's templates leave to assistive technology."""
    return site_html.whole(output)


def on_serve(server: Any, config: MkDocsConfig, builder: Any) -> Any:
    """Build again when a notebook or a stub changes."""
    for folder in (notebooks(), STUBS):
        server.watch(str(folder))
    return server


@cache
def questions_by_page() -> dict[str, Question]:
    """All questions, by the path of their page; read once a build."""
    return {_path(question): question for question in read_all(notebooks())}


def katas() -> list[str]:
    """The katas that have a stub, in the order they are met."""
    return [name for name in KATAS if (STUBS / f"{name}.py").is_file()]


def pages(drawn: Path = FOLDER, matrix: Path = MATRIX) -> dict[str, str | bytes]:
    """Every page and file that is made: its path below the site -> its content. ValueError is one sentence."""
    questions = list(questions_by_page().values())
    made: dict[str, str | bytes] = {"questions/index.md": questions_page(questions)}
    for question in questions:
        made[_path(question)], stored = question_page(question)
        made |= {f"questions/{name}": svg for name, svg in stored.items()}
    made["plan.md"] = plan_page(questions)
    made["packet.md"] = packet_page(questions)
    made["katas/index.md"] = katas_page({name: stub(name) for name in katas()})
    made |= {f"katas/{name}.md": kata_page(name, stub(name), questions) for name in katas()}
    made["katas/proof.md"] = proof_page(matrix)
    made["scenarios/index.md"] = scenarios_page(drawn)
    for name in SCENARIOS:
        made[f"scenarios/{name}.md"] = scenario_page(name, drawn, questions)
        files = [file for both in figures(name, drawn).values() for file in both]
        made |= {f"scenarios/{file.name}": file.read_bytes() for file in files}
    if cards := deck(questions):
        made[DECK] = cards
    python = packed()
    made["playground.md"] = playground_page(bool(python))
    made |= python
    return made


def _path(question: Question) -> str:
    return f"questions/{question.id}_{question.slug}.md"
