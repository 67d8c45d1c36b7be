"""Questions about names: many calls of a function in one child, and the simplest one that went wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workbook.graders.wildcard_names import simplest
from workbook.graders.wildcard_scene import name_text, play, raised_text
from workbook.grading.check import Bench, Broken, Record
from workbook.grading.ending import quote
from workbook.grading.verdict import Status, Verdict

# A letter an answer, as the player sends them; what is no bool counts by its truth, except where that is asked.
NONE, TRUE, FALSE, REFUSED, SILENT, RAISED = "N", "T", "F", "V", "v", "!"
TRUTH = {"T": TRUE, "t": TRUE, "F": FALSE, "f": FALSE, "N": FALSE}
WORDS = {NONE: "None", TRUE: "True", FALSE: "False", REFUSED: "ValueError"}


def validators(
    bench: Bench, patterns: Sequence[str], topics: Sequence[str], want: str, expected: str
) -> None:
    """Both validators answer every name as wanted: None, or a ValueError with a message. Raises Broken."""
    asked = [(("validate_pattern", name), [name]) for name in patterns]
    asked += [(("validate_topic", name), [name]) for name in topics]
    answers = _ask(bench, {"validate_pattern": patterns, "validate_topic": topics})
    wrong = [(function, name) for (function, name), _ in asked if answers[function, name] != want]
    if not wrong:
        return
    function, name = min(wrong, key=lambda one: simplest(one[1]))
    note = _again(bench, function, [name])
    raise Broken(
        _verdict(bench, f"{function}({name_text(name)})", want, answers[function, name], note, expected)
    )


def _ask(bench: Bench, asked: dict[str, Sequence[str]]) -> dict[tuple[str, str], str]:
    ops = [
        {"op": "ask", "f": function, "args": [[name] for name in names]} for function, names in asked.items()
    ]
    answers: dict[tuple[str, str], str] = {}
    [seen] = play(bench, ops)
    for number, (function, names) in enumerate(asked.items()):
        record = seen.get(number)
        if record is None or record["k"] == "raised":
            raise Broken(Verdict(Status.FAILED, f"`{function}` could not be asked: {_said(record)}."))
        answers |= {(function, name): letter for name, letter in zip(names, record["v"][0], strict=True)}
    return answers


def _said(record: Record | None) -> str:
    return "it never answers" if record is None else raised_text(record)


def _again(bench: Bench, function: str, arguments: list[str]) -> Record | None:
    """What a single call raised, or what kind of thing it returned."""
    [seen] = play(bench, [{"op": "ask", "f": function, "args": [arguments]}])
    notes = seen[0]["v"][1] if 0 in seen and seen[0]["k"] == "end" else []
    return notes[0] if notes else None


def matching(
    bench: Bench,
    pairs: Sequence[tuple[str, str]],
    truth: Callable[[str, str], bool],
    likely: str = "",
) -> None:
    """matches() says what the oracle says for every (topic, pattern). Raises Broken with the simplest pair."""
    [seen] = play(bench, [{"op": "ask", "f": "matches", "args": [list(pair) for pair in pairs]}])
    record = seen.get(0)
    if record is None or record["k"] == "raised":
        raise Broken(Verdict(Status.FAILED, f"`matches` could not be asked: {_said(record)}."))
    wrong = [
        (topic, pattern, letter)
        for (topic, pattern), letter in zip(pairs, record["v"][0], strict=True)
        if is_wrong(letter, truth(topic, pattern))
    ]
    if wrong:
        raise Broken(wrong_match(bench, wrong, truth, likely))


def is_wrong(letter: str, want: bool) -> bool:
    """Whether an answer of matches() is not the wanted one, bool or not."""
    return TRUTH.get(letter) != (TRUE if want else FALSE)


def wrong_match(
    bench: Bench,
    wrong: Sequence[tuple[str, str, str]],
    truth: Callable[[str, str], bool],
    likely: str = "",
) -> Verdict:
    """The verdict on the simplest of some (topic, pattern, letter) that are wrong."""
    topic, pattern, letter = min(wrong, key=lambda one: simplest(one[1], one[0]))
    want = TRUE if truth(topic, pattern) else FALSE
    note = _again(bench, "matches", [topic, pattern])
    call = f"matches({name_text(topic)}, {name_text(pattern)})"
    return _verdict(bench, call, want, letter, note, WORDS[want], likely)


def _verdict(
    bench: Bench, call: str, want: str, got: str, note: Record | None, expected: str, likely: str = ""
) -> Verdict:
    place = ""
    if note is not None and "line" in note:
        place = quote(bench.source, note["line"], bench.file_name)
    if note is not None and note.get("type") == "NotImplementedError":
        return Verdict(Status.FAILED, f"Still to do: `{call}` {raised_text(note)}", expected, place)
    if got == RAISED and note is not None:
        return Verdict(Status.FAILED, f"`{call}` {raised_text(note)}.", expected, place, likely=likely)
    if got == SILENT:
        message = f"`{call}` raises a ValueError that does not say what is wrong."
        return Verdict(
            Status.FAILED, message, expected, place or "ValueError without a message", likely=likely
        )
    if got == REFUSED:
        said = raised_text(note) if note is not None else "ValueError"
        return Verdict(Status.FAILED, f"`{call}` {said}.", expected, place, likely=likely)
    seen = (
        WORDS.get(TRUTH.get(got, got) if want != NONE else got)
        or f"something of the type {note['type'] if note else 'unknown'}"
    )
    if want == NONE:
        return Verdict(Status.FAILED, f"`{call}` returns {seen}.", expected, seen)
    if want == REFUSED:
        return Verdict(
            Status.FAILED, f"`{call}` raises no ValueError.", expected, f"returns {seen}", likely=likely
        )
    return Verdict(Status.FAILED, f"`{call}` is {seen}.", expected, seen, likely=likely)
