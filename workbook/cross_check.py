"""Whether the pages of reference, the notebooks, the katas and the scenarios point at each other: one sentence a fault.

A notebook that is still to be written is no fault here; `missing` names it, and `unsettled` the entries that wait
for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workbook.questions import SLUGS, Question
from workbook.reference import ConceptCheck, Place, Reference

ALL = tuple(f"q{number:02}" for number in range(1, len(SLUGS) + 1))
CORRECTIONS = 46  # as many as the workbook set out with; a new one is added at the end


def missing(questions: Iterable[Question]) -> list[str]:
    """Ids of the questions whose notebook is still to be written."""
    present = {question.id for question in questions}
    return [one for one in ALL if one not in present]


def dangling(reference: Reference, questions: Sequence[Question], checks: dict[str, set[str]]) -> list[str]:
    """A sentence for each place, key point or correction that is not there; `checks`: kata -> ids of its checks."""
    faults = []
    for name, place in _places(reference):
        if why := _lacking(place, questions, checks):
            faults.append(f"{name} points at `{place}`, and {why}.")
    faults += [f"{check.id} {why}." for check in reference.checks if (why := _no_point(check, questions))]
    there = {correction.id for correction in reference.corrections}
    faults += [
        f"E{number} is not in corrections.md; every correction has an entry."
        for number in range(1, CORRECTIONS + 1)
        if f"E{number}" not in there
    ]
    return faults


def unsettled(reference: Reference, questions: Iterable[Question]) -> dict[str, list[str]]:
    """For each notebook that is missing: the entries of the pages that point at it."""
    waiting: dict[str, list[str]] = {one: [] for one in missing(questions)}
    for name, place in _places(reference):
        if place.name in waiting:
            waiting[place.name].append(f"{name} ({place})")
    for check in reference.checks:
        if check.notebook in waiting:
            waiting[check.notebook].append(check.id)
    return waiting


def _places(reference: Reference) -> Iterable[tuple[str, Place]]:
    for flag in reference.flags:
        yield from ((flag.id, place) for place in flag.shown)
    for correction in reference.corrections:
        for evidence in correction.evidence:
            yield from ((correction.id, place) for place in evidence.places)


def _lacking(place: Place, questions: Iterable[Question], checks: dict[str, set[str]]) -> str | None:
    """What is not there, or None; a notebook still to be written is not looked into."""
    if place.kind == "scenario":
        return None  # the reader knows their names
    if place.kind == "kata":
        return None if place.part in checks.get(place.name, ()) else f"{place.name} has no such check"
    if place.name not in ALL:
        return f"there is no question {place.name}"
    question = next((one for one in questions if one.id == place.name), None)
    if question is None:
        return None
    role, _, number = place.part.partition(" ")
    if role == "trap" and int(number or 1) > len(question.traps):
        return f"{place.name} has {len(question.traps)} traps"
    if not any(cell.role == role for cell in question.cells):
        return f"{place.name} has no cell with the role {role}"
    return None


def _no_point(check: ConceptCheck, questions: Iterable[Question]) -> str | None:
    question = next((one for one in questions if one.id == check.notebook), None)
    if question is None:
        return None
    points = [point.id for point in (*question.key_points, *question.follow_up_points)]
    if check.point in points:
        return None
    named = check.point or f"no key point of {check.notebook}, whose notebook is there now"
    return f"points at {named}; the key points are {', '.join(points)}"
