"""Questions and katas -> the Markdown of their pages, in the dialect of mkdocs with Material's extensions."""

from __future__ import annotations

import ast
import html
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from workbook.notebook_cells import Cell
from workbook.notebook_text import Point, Source
from workbook.questions import LEVELS, Question

Figures = dict[str, str]  # file name -> the source of an SVG

LEVEL_WORDS = {
    "junior": "What it is, and the smallest thing that works.",
    "middle": "What breaks in it: slow readers, full buffers, locks, crashes.",
    "senior": "What the brokers really promise, and what they leave to you.",
    "staff": "Systems of systems: contracts, bridges, regions.",
}


STAGE = re.compile(rf" *(\d+) +(\S.*?) +({'|'.join(LEVELS)}) +(\S.*)")


def question_page(question: Question) -> tuple[str, Figures]:
    """The page of one question, answers folded, with the figures that its notebook stores."""
    figures: Figures = {}
    parts = [
        f"---\ntitle: {question.title}\ndescription: {_attribute(question.question)}\n---",
        f"# {question.title}",
        _facts(question),
        f"> {question.question}\n{{ .asked }}",
        f"**Why it is asked.** {question.why}",
        f"## Predict\n\n{question.predict}",
        f"## Answer\n\n{_folded('What to say in the room', question.answer)}",
        f"## Key points\n\n{_checklist(question.key_points)}",
        *_cells(question, "demo", figures),
        *_cells(question, "trap", figures),
        *_cells(question, "go", figures),
        f"## Follow-up\n\n> {question.follow_up}\n{{ .asked }}",
        _folded("Answer", f"{question.follow_up_answer}\n\n{_checklist(question.follow_up_points)}"),
        f"## Try it\n\n{question.try_it}\n\n{_run_it(question)}",
        _signals(question),
        f"## Sources\n\n{_listed(_source(one) for one in question.sources)}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n", figures


def questions_page(questions: Sequence[Question]) -> str:
    """All questions by level."""
    parts = ["# The questions", _count(questions)]
    for level in LEVELS:
        mine = [question for question in questions if question.level == level]
        if mine:
            rows = [
                f"| {question.id[1:]} | [{question.title}]({question.id}_{question.slug}.md) | {question.minutes} min "
                f"| {', '.join(question.topics)} |"
                for question in mine
            ]
            table = ["| no. | question | to say | topics |", "|---|---|---|---|", *rows]
            joined = "\n".join(table)
            parts += [
                f"## {level.capitalize()}",
                LEVEL_WORDS[level],
                f'<div class="questions" markdown="1">\n\n{joined}\n\n</div>',
            ]
    return "\n\n".join(parts) + "\n"


def kata_page(name: str, stub: str, questions: Sequence[Question] = ()) -> str:
    """The brief of a kata, which is the docstring of its stub, the file that a learner fills in, what belongs to it."""
    tree = ast.parse(stub)
    brief = ast.get_docstring(tree, clean=False) or ""
    rest = "\n".join(stub.splitlines()[tree.body[0].end_lineno or 0 :]).strip()
    _, _, text = brief.partition("\n")
    file = f"```python\n{rest}\n```"
    parts = [
        f"# {_title(stub)}",
        markdown(text),
        _folded(f"katas/{name}.py, as it is before you begin", file),
        related([question for question in questions if question.kata == name]),
        "How its grader was tried: [proof of the graders](proof.md).",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def katas_page(stubs: Mapping[str, str]) -> str:
    """All katas, by what they ask for."""
    made = []
    for name, stub in stubs.items():
        stages = [match for line in stub.splitlines() if (match := STAGE.fullmatch(line))]
        levels = list(dict.fromkeys(match[3] for match in stages))
        count = (
            f"{len(stages)} stages, {' to '.join([levels[0], levels[-1]] if levels[1:] else levels)}"
            if stages
            else ""
        )
        made.append((f"[{name.capitalize()}]({name}.md)", f"{_title(stub)}.", count))
    return (
        "# Katas\n\nOne file each, the brief in its docstring, graded by running it, so any design that keeps "
        f"the contract passes. How the graders were tried: [proof of the graders](proof.md).\n\n{ways(made)}\n"
    )


def ways(cards: Iterable[tuple[str, ...]]) -> str:
    """Cards side by side: a heading, then paragraphs, the empty ones left out."""
    parts = ['<div class="ways" markdown="1">']
    for heading, *texts in cards:
        body = "\n\n".join(text for text in texts if text)
        parts.append(f'<div markdown="1">\n\n## {heading}\n\n{body}\n\n</div>')
    return "\n\n".join([*parts, "</div>"])


def related(questions: Sequence[Question]) -> str:
    """The questions that a kata or scenario belongs to, for a page one level below the top."""
    links = [f"[{question.title}](../questions/{question.id}_{question.slug}.md)" for question in questions]
    return f"**Asked in the room:** {', '.join(links)}." if links else ""


def markdown(text: str) -> str:
    """The plain text of a docstring as Markdown: its headings, lists and indented listings keep their sense."""
    out = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        lines = block.splitlines()
        if all(line.startswith("  ") for line in lines):
            out.append(_listing(lines))
            continue
        head = lines[0]
        if not head.startswith((" ", "- ")) and not head.rstrip().endswith((".", ":", ";", ",", "?")):
            if len(lines) == 1:
                out.append(f"## {_escaped(head)}")
                continue
            if lines[1].startswith(("- ", "  ")):
                level = "###" if any(one.startswith("## ") for one in out) else "##"
                out.append(f"{level} {_escaped(head)}")
                lines = lines[1:]
        if lines[0].startswith("  "):
            out.append(_listing(lines))
        else:
            out.append("\n".join(_escaped(line) for line in lines))
    return _merged(out)


def _merged(blocks: list[str]) -> str:
    """Join the blocks; listings that follow one another are one listing."""
    text = "\n\n".join(blocks)
    return re.sub(r"\n```\n\n```(?:python|text)\n", "\n\n", text)


def _listing(lines: list[str]) -> str:
    """Indented lines: the stages as a table, Python as Python, the rest as it stands."""
    stages = [STAGE.fullmatch(line) for line in lines]
    if all(stages):
        rows = [f"| {' | '.join(map(_escaped, match.groups()))} |" for match in stages if match]
        return "\n".join(["| stage | name | level | what it asks |", "|---|---|---|---|", *rows])
    listing = textwrap.dedent("\n".join(lines))
    try:
        ast.parse(listing)
    except SyntaxError:
        return f"```text\n{listing}\n```"
    return f"```python\n{listing}\n```"


def _escaped(line: str) -> str:
    """Keep what Markdown would take for markup outside of backticks."""
    pieces = re.split(r"(`[^`]*`)", line)
    for at in range(0, len(pieces), 2):
        pieces[at] = re.sub(r"([*_<>#\[\]\\|])", r"\\\1", pieces[at])
    return "".join(pieces)


def _title(stub: str) -> str:
    """The first line of a stub's docstring, without the word every one starts with."""
    words = (ast.get_docstring(ast.parse(stub)) or "").partition("\n")[0].removeprefix("Kata: ").rstrip(".")
    return words[:1].upper() + words[1:]


def _facts(question: Question) -> str:
    facts = [question.level, f"{question.minutes} minutes to say", *question.topics]
    if question.kata:
        facts.append(f"[kata: {question.kata}](../katas/{question.kata}.md)")
    if question.scenario:
        facts.append(
            f"[scenario: {question.scenario.replace('_', ' ')}](../scenarios/{question.scenario}.md)"
        )
    return f'<p class="facts" markdown="span">{" ".join(f"<span>{fact}</span>" for fact in facts)}</p>'


def _run_it(question: Question) -> str:
    return f"Run it: `make lab`, then open `{question.id}_{question.slug}.ipynb`.\n{{ .run-it }}"


def _signals(question: Question) -> str:
    red, strong = (
        f'<div markdown="1" class="{kind}">\n\n**{words}**\n\n{_listed(found)}\n\n</div>'
        for kind, words, found in (
            ("red", "Red flags", question.signals.red_flags),
            ("strong", "Strong signals", question.signals.strong_signals),
        )
    )
    return f'## Signals\n\n<div markdown="1" class="signals">\n\n{red}\n\n{strong}\n\n</div>'


def _source(source: Source) -> str:
    title = f"[{source.title}]({source.url})" if source.url else source.title
    return f"{title} § {source.section}: {source.note}"


def _checklist(points: Iterable[Point]) -> str:
    return "\n".join(f"- [ ] **{one.label}.** {one.text}" for one in points)


def _listed(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _folded(summary: str, text: str) -> str:
    return f'??? answer "{summary}"\n\n{textwrap.indent(text, "    ")}'


def _count(questions: Sequence[Question]) -> str:
    minutes = sum(question.minutes for question in questions)
    return f"{len(questions)} questions, {minutes} minutes of talking, and everything they claim runs."


def _cells(question: Question, role: str, figures: Figures) -> list[str]:
    """The cells of a role as they stand in the notebook, code with its stored output below."""
    return [_cell(question, cell, figures) for cell in question.cells if cell.role == role]


def _cell(question: Question, cell: Cell, figures: Figures) -> str:
    if cell.kind == "text":
        return cell.source
    parts = [f"```python\n{cell.source}\n```"]
    for number, output in enumerate(cell.outputs, 1):
        if output.kind == "text":
            fence = "````" if "```" in output.content else "```"
            parts.append(f"{fence}{{ .text .output }}\n{output.content.rstrip()}\n{fence}")
        else:
            name = f"{question.id}-{cell.number}-{number}.svg"
            figures[name] = output.content
            parts.append(f"![What the cell above draws]({name}){{ .figure }}")
    return "\n\n".join(parts)


def _attribute(text: str) -> str:
    """One line for the page's metadata, as YAML reads it."""
    return "'" + html.unescape(re.sub(r"[*`]", "", text)).replace("'", "''") + "'"
