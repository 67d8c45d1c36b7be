"""The study site: what its pages hold, and what a fault in a notebook does."""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path

import pytest

from tests.notebooks.skeleton import notebook, text
from workbook import site
from workbook.questions import SCENARIOS, read
from workbook.site_figures import figures, scenario_page
from workbook.site_pages import kata_page, markdown, question_page, questions_page

FORCED = os.environ.get("PUBSUB_FORCE_SITE") == "1"


def skeleton(folder: Path) -> Path:
    path = folder / "q03_minimal_broker.ipynb"
    path.write_text(json.dumps(notebook()), encoding="utf-8")
    return path


def test_a_question_page_folds_its_answers_and_lists_its_points_to_tick(tmp_path: Path) -> None:
    page, stored = question_page(read(skeleton(tmp_path)))
    assert '??? answer "What to say in the room"\n\n    First. Second.' in page
    assert '??? answer "Answer"\n\n    It ends.\n\n    - [ ] **First half.** Say it.' in page
    assert "- [ ] **Point 1.** Say it." in page
    assert "[kata: broker](../katas/broker.md)" in page
    assert "- [The source, 1.0](https://example.org/) § Sums: they add up." in page
    assert stored == {}


def test_a_question_page_shows_code_with_what_it_printed_and_not_the_prediction(tmp_path: Path) -> None:
    page, _ = question_page(read(skeleton(tmp_path)))
    assert "print(total)\n```\n\n```{ .text .output }\n2\n```" in page
    assert "prediction = None" not in page


def test_a_stored_figure_becomes_a_file_beside_the_page(tmp_path: Path) -> None:
    made = notebook()
    drawn = {"output_type": "display_data", "metadata": {}, "data": {"image/svg+xml": "<svg/>"}}
    made["cells"][6]["outputs"].append(drawn)
    path = tmp_path / "q03_minimal_broker.ipynb"
    path.write_text(json.dumps(made), encoding="utf-8")
    page, stored = question_page(read(path))
    assert stored == {"q03-7-2.svg": "<svg/>"}
    assert "(q03-7-2.svg)" in page


def test_the_list_of_questions_links_each_under_its_level(tmp_path: Path) -> None:
    page = questions_page([read(skeleton(tmp_path))])
    assert "## Junior" in page
    assert "## Staff" not in page
    assert "[A minimal in-process broker](q03_minimal_broker.md) | 4 min | broker, buffer |" in page


STUB = '''"""Kata: a thing, for many.

Fill in this file.

    pytest katas/thing.py     what works so far

Use:

    x: int = 1

    y = x

Stages
  1  Begin, not end junior   first
  2  End            senior   second

The contract: everything

Shape
- One *rule* about `a*b` and __eq__ and
  a second line.
"""

def thing() -> None:
    raise NotImplementedError
'''


def test_a_brief_is_made_of_the_docstring_and_ends_with_the_file() -> None:
    page = kata_page("thing", STUB)
    assert page.startswith("# A thing, for many\n\nFill in this file.\n\n```text\npytest katas/thing.py")
    assert "```python\nx: int = 1\n\ny = x\n```" in page
    assert "\n## Stages\n\n| stage |" in page
    assert "| 1 | Begin, not end | junior | first |" in page
    assert "## The contract: everything\n\n### Shape" in page
    assert "- One \\*rule\\* about `a*b` and \\_\\_eq\\_\\_ and\n  a second line." in page
    assert "    def thing() -> None:" in page


def test_text_that_looks_like_markup_stays_text() -> None:
    assert markdown("a < b > c # d | e [f]") == "## a \\< b \\> c \\# d \\| e \\[f\\]"
    assert markdown("Ends with a full stop.") == "Ends with a full stop."


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_page_asks_expects_and_lists_parameters(name: str, tmp_path: Path) -> None:
    page = scenario_page(name, tmp_path)
    assert "**Expect.** " in page
    assert "**When useful.** " in page
    assert "| parameter | what it is | default | unit |" in page
    assert "--quick --theme both --out out/figures`" in page


def test_figures_are_shown_once_they_are_there_in_both_themes(tmp_path: Path) -> None:
    (tmp_path / "hot-keys-load.svg").touch()
    assert figures("hot_keys", tmp_path) == {}
    (tmp_path / "hot-keys-load-dark.svg").touch()
    (files,) = figures("hot_keys", tmp_path).values()
    assert [file.name for file in files] == ["hot-keys-load.svg", "hot-keys-load-dark.svg"]
    page = scenario_page("hot_keys", tmp_path)
    assert "(hot-keys-load-dark.svg#only-dark)" in page
    assert "not been made" not in page


def test_a_fault_in_a_notebook_stops_the_site_with_its_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdocs = needs_mkdocs()
    made = notebook()
    made["cells"].append(text("answer", "late"))
    (tmp_path / "q03_minimal_broker.ipynb").write_text(json.dumps(made), encoding="utf-8")
    monkeypatch.setattr(site, "notebooks", lambda: tmp_path)
    site.questions_by_page.cache_clear()
    with pytest.raises(
        mkdocs.PluginError, match=r"q03_minimal_broker.ipynb, cell 16 \(answer\): answer comes before"
    ):
        site.on_config(None)  # type: ignore[arg-type]


def needs_mkdocs():  # type: ignore[no-untyped-def]
    """The module with mkdocs' exceptions; skips with a sentence where mkdocs is not installed."""
    if FORCED:
        return importlib.import_module("mkdocs.exceptions")
    return pytest.importorskip(
        "mkdocs.exceptions", reason="mkdocs is not installed; `make site` installs it with the extra `site`."
    )
