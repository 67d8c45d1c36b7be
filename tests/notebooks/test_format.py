"""Each fault of the format gets one sentence that names file, cell and rule; a good notebook gets none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.notebooks.planted import FAULTS, SEVEN, drop, replace
from tests.notebooks.skeleton import code, notebook
from workbook.check_notebooks import check
from workbook.places import notebooks
from workbook.questions import FormatFault, examine, read, read_all

NAME = "q03_minimal_broker.ipynb"


def save(made: dict[str, Any], folder: Path, name: str = NAME) -> Path:
    path = folder / name
    path.write_text(json.dumps(made), encoding="utf-8")
    return path


def test_the_smallest_notebook_is_a_notebook_and_has_no_fault(tmp_path: Path) -> None:
    nbformat.validate(nbformat.from_dict(notebook()))
    assert check(save(notebook(), tmp_path).parent) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_gets_a_sentence_with_file_cell_and_rule(fault: str, tmp_path: Path) -> None:
    plant, sentence = FAULTS[fault]
    made = notebook()
    plant(made)
    found = check(save(made, tmp_path).parent)
    assert [one for one in found if sentence in one], found
    assert all(one.startswith(NAME) and one.endswith(".") and "\n" not in one for one in found)


def test_each_broken_cell_is_reported_at_once(tmp_path: Path) -> None:
    made = notebook()
    replace("answer", "First. Second.", SEVEN)(made)
    replace("sources", " § Sums", "")(made)
    path = save(made, tmp_path)
    assert [one.split(":")[0] for one in check(tmp_path)] == [
        f"{NAME}, cell 4 (answer)",
        f"{NAME}, cell 15 (sources)",
    ]
    with pytest.raises(FormatFault, match=r"cell 4 \(answer\)"):
        read(path)


@pytest.mark.parametrize("name", ["q03_broker.ipynb", "q26_more.ipynb", "notes.ipynb"])
def test_a_file_name_that_is_no_question_is_reported(name: str, tmp_path: Path) -> None:
    save(notebook(), tmp_path, name)
    assert any(one.startswith(f"{name}: its name is not that of a question") for one in check(tmp_path))


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "3", '{"cells": []}', '{"cells": 1, "metadata": {}}', '{"cells": [3], "metadata": {}}'],
)
def test_a_file_that_is_no_notebook_is_reported(content: str, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(content, encoding="utf-8")
    assert any("it is not a notebook" in one for one in check(tmp_path))


def test_a_folder_without_notebooks_is_reported(tmp_path: Path) -> None:
    assert check(tmp_path) == [
        f"There is no notebook in {tmp_path}; name the folder that holds q01_what_is_pubsub.ipynb."
    ]


def test_go_is_optional(tmp_path: Path) -> None:
    made = notebook()
    drop("go")(made)
    assert check(save(made, tmp_path).parent) == []


def test_a_record_holds_everything_without_markup_of_the_format(tmp_path: Path) -> None:
    question = read(save(notebook(), tmp_path))
    assert (question.id, question.slug, question.level, question.kata, question.scenario) == (
        "q03",
        "minimal_broker",
        "junior",
        "broker",
        None,
    )
    assert question.question == '"Sketch one."'
    assert question.why == "It is short."
    assert question.answer == "First. Second."
    assert [point.id for point in question.key_points] == [f"q03:point-{n}" for n in range(1, 5)]
    assert [(trap.claim, trap.text) for trap in question.traps] == [("it is three", "It is not.")]
    assert (question.follow_up, question.follow_up_answer) == ('"And then?"', "It ends.")
    assert [point.label for point in question.follow_up_points] == ["First half", "Second half"]
    assert question.signals.red_flags == ("Guesses.",)
    assert question.sources[0].section == "Sums"
    assert [cell.number for cell in question.cells] == list(range(1, 16))


def test_a_book_has_a_section_and_no_address(tmp_path: Path) -> None:
    made = notebook()
    replace("sources", "[The source, 1.0](https://example.org/)", "Gamma et al., Design Patterns, 1994")(made)
    source = read(save(made, tmp_path)).sources[0]
    assert (source.title, source.url, source.section) == ("Gamma et al., Design Patterns, 1994", "", "Sums")


def test_sources_as_json_lists_are_read_the_same(tmp_path: Path) -> None:
    whole, split = notebook(), notebook()
    for cell in split["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    assert read(save(whole, tmp_path)) == read(save(split, tmp_path))


KEYS = ["source", "metadata", "tags", "outputs", "cell_type", "output_type", "data", "text", "name"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_no_damage_to_a_notebook_is_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    made = notebook()
    spot: Any = made
    while isinstance(spot, dict | list) and spot:
        keys = list(spot) if isinstance(spot, dict) else list(range(len(spot)))
        key = data.draw(st.sampled_from(keys))
        if data.draw(st.booleans()) or not isinstance(spot[key], dict | list) or not spot[key]:
            spot[key] = data.draw(JSON)
            break
        spot = spot[key]
    question, found = examine(save(made, tmp_path_factory.mktemp("damaged")))
    assert (question is None) == bool(found)


@pytest.mark.parametrize("field", ["level", "topics", "minutes", "kata", "scenario", "id", "title"])
@pytest.mark.parametrize("value", [[], {}, [[]]])
def test_a_list_or_a_mapping_in_the_metadata_is_a_fault_like_any_other(
    field: str, value: object, tmp_path: Path
) -> None:
    made = notebook()
    made["metadata"]["workbook"][field] = value
    _, found = examine(save(made, tmp_path))
    assert any(f"{field} in its metadata is" in fault for fault in found)


def test_the_notebooks_of_the_workbook_keep_the_format() -> None:
    assert check(notebooks()) == []
    questions = read_all(notebooks())
    ids = [point.id for question in questions for point in (*question.key_points, *question.follow_up_points)]
    assert len(set(ids)) == len(ids)


def test_code_cells_are_built_as_the_reader_expects() -> None:
    assert code("demo", "print(1)", "1")["outputs"][0]["text"] == "1\n"
