"""Wildcard, stage 1: validation."""

from __future__ import annotations

from workbook.graders.wildcard_ask import NONE, REFUSED, validators
from workbook.graders.wildcard_names import ODD, WHITE, Names, every_name, faults
from workbook.graders.wildcard_scene import play, raised_text
from workbook.grading.check import Bench, Broken, Check, collector
from workbook.grading.verdict import Status, Verdict

CHECKS: list[Check] = []
check = collector(CHECKS, 1)


def _small_names(bench: Bench) -> list[str]:
    """All names of up to three tokens, good and bad ones, over an alphabet with two words of this run."""
    names = Names(bench.rng)
    word, other = names.token(), names.token()
    return every_name(["", word, "*", ">", f"{word}*", f">{other}", f"{word} {other}", "\t"], 3)


def _refused(bench: Bench, fault: str, why: str) -> None:
    """Every small name with just this fault is refused by whichever validator has it as a rule."""
    small = _small_names(bench)
    patterns = [name for name in small if faults(name, topic=False) == {fault}]
    topics = [name for name in small if faults(name, topic=True) == {fault}]
    validators(bench, patterns, topics, REFUSED, f"ValueError, because {why}")


@check(
    rule="The functions and the class of the brief are there, and both validators return None for every valid name.",
    why="A validator that refuses good names is an outage that looks like caution.",
    likely="A rule is too strict: it allows only letters and digits, or takes a wildcard for a fault.",
    notebook="q05_topic",
)
def validators_accept_valid_names(bench: Bench) -> None:
    [seen] = play(bench, [{"op": "inspect"}])
    if 0 in seen and seen[0]["k"] == "raised":
        raise Broken(Verdict(Status.FAILED, f"Looking at the file {raised_text(seen[0])}."))
    if 0 in seen and seen[0]["v"]:
        raise Broken(Verdict(Status.FAILED, str(seen[0]["v"][0]), "names and signatures as in the brief"))
    names = Names(bench.rng)
    good = [names.topic(size) for size in range(1, 12)]
    good += [name for odd in ODD for name in (odd, f"a.{odd}", f"{odd}.{odd}.b")]
    small = _small_names(bench)
    patterns = [*good, *(name for name in small if not faults(name, topic=False))]
    topics = [*good, *(name for name in small if not faults(name, topic=True))]
    validators(bench, patterns, topics, NONE, "None: the name is valid")


@check(
    rule="No token may be empty: no empty name, no dot at an end, no two dots side by side; a ValueError that says so.",
    why="`orders..created` is a variable that was empty when the name was put together, and nobody will get it.",
    likely="Only the empty name is refused, or only a dot at one end.",
    notebook="q05_topic",
)
def empty_tokens_are_refused(bench: Bench) -> None:
    word = Names(bench.rng).token()
    more = [
        "",
        ".",
        "..",
        "...",
        f".{word}",
        f"{word}.",
        f"{word}..{word}",
        f"{word}.{word}.",
        f"{word}...{word}",
    ]
    validators(bench, more, more, REFUSED, "ValueError, because a token is empty")
    _refused(bench, "empty", "a token is empty")


@check(
    rule="No name may hold white space, which is every character for which str.isspace() is true.",
    why="A blank at the end is invisible in a log, and in the NATS protocol white space separates the fields.",
    likely="Only the blank is looked for, or the name is stripped first; there are two dozen kinds of white space.",
    notebook="q05_topic",
)
def white_space_is_refused(bench: Bench) -> None:
    word = Names(bench.rng).token()
    white = [f"{word}{character}{word}" for character in WHITE]
    white += [f"{character}{word}.a" for character in WHITE] + [f"a.{word}{character}" for character in WHITE]
    white += [f"a.{character}.b" for character in WHITE] + [f"{character}" for character in WHITE]
    validators(bench, white, white, REFUSED, "ValueError, because a token holds white space")
    _refused(bench, "white", "a token holds white space")


@check(
    rule="In a pattern, `*` or `>` as a part of a longer token is refused.",
    why="Whoever writes `order*` means a prefix, which is not to be had; an error says so, a silent literal does not.",
    likely="Only whole tokens are looked at, so `order*` passes for an ordinary word.",
    notebook="q05_topic",
)
def wildcards_inside_tokens_are_refused(bench: Bench) -> None:
    word = Names(bench.rng).token()
    inside = [f"{word}*", f"*{word}", f"{word}>", f">{word}", f"{word}*{word}", f"{word}>{word}"]
    inside += ["**", ">>", "*>", ">*", "***", "*a*"]
    patterns = [
        name for token in inside for name in (token, f"a.{token}", f"{token}.a", f"*.{token}", f"{token}.>")
    ]
    validators(bench, patterns, [], REFUSED, "ValueError, because a wildcard has to be a whole token")
    _refused_patterns(bench, "inside", "a wildcard has to be a whole token")


@check(
    rule="`>` may only be the last token of a pattern.",
    why="A pattern with `>` in the middle would never match, and nobody would notice before the incident.",
    likely="`>` is accepted anywhere, or only a `>` at the very beginning is looked for.",
    notebook="q05_topic",
)
def tail_wildcard_must_be_last(bench: Bench) -> None:
    word = Names(bench.rng).token()
    patterns = [
        f">.{word}",
        f"{word}.>.{word}",
        ">.>",
        ">.*",
        f"{word}.>.>",
        f"{word}.{word}.>.{word}",
        ">.a.b.c.>",
    ]
    validators(bench, patterns, [], REFUSED, "ValueError, because `>` covers all that is left")
    _refused_patterns(bench, "tail", "`>` covers all that is left, so nothing can follow")


@check(
    rule="A topic holds no `*` and no `>` at all, not even inside a token.",
    why="A message is about one thing. A wildcard in a topic is a pattern that was passed in the wrong place.",
    likely="The topic is checked by the rules of patterns, or only its whole tokens are looked at.",
    notebook="q05_topic",
)
def topics_hold_no_wildcards(bench: Bench) -> None:
    word = Names(bench.rng).token()
    topics = [
        "*",
        ">",
        f"{word}.*",
        f"{word}.>",
        f"*.{word}",
        f"{word}*",
        f"{word}>",
        f"{word}.*{word}",
        f"a.>{word}.b",
    ]
    validators(bench, [], topics, REFUSED, "ValueError, because wildcards belong in patterns")
    _refused(bench, "wildcard", "wildcards belong in patterns")


def _refused_patterns(bench: Bench, fault: str, why: str) -> None:
    patterns = [name for name in _small_names(bench) if faults(name, topic=False) == {fault}]
    validators(bench, patterns, [], REFUSED, f"ValueError, because {why}")
