"""A comparison as text: one row per policy, mean and 95 % interval per measure, the closed form below it.

A closed form that is the same for every policy, such as a floor, stands once, below them all.
"""

from collections.abc import Container, Mapping, Sequence
from math import floor, isfinite, log10

from sim.statistics import Interval
from sim.summary import Summary, Theory

SIGNS = {"=": "", ">=": "≥ ", "<=": "≤ "}


def table(summaries: Sequence[Summary], measures: Sequence[str], units: dict[str, str]) -> str:
    """Return the table."""
    own = [
        {name: summary.theory[name] for name in measures if name in summary.theory} for summary in summaries
    ]
    common = {
        name: found
        for name, found in own[0].items()
        if len(own) > 1 and all(theory.get(name) == found for theory in own)
    }
    first = summaries[0].scenario.compared
    rows = [
        [first, *(name.replace("_", " ") for name in measures)],
        ["", *(units[name] for name in measures)],
    ]
    for summary, theory in zip(summaries, own, strict=True):
        rows.append([summary.label, *(_estimate(summary.estimates[name]) for name in measures)])
        if theory.keys() - common:
            rows.append(["  closed form", *(_theory(theory, name, common) for name in measures)])
    if common:
        rows.append(["closed form, all", *(_theory(common, name) for name in measures)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(2, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def number(value: float) -> str:
    """Write a number with four significant digits, without an exponent unless it is very small or large."""
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e7:
        return f"{value:.2e}"
    digits = max(0, 3 - floor(log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _estimate(found: Interval | None) -> str:
    if found is None:
        return "-"
    if not isfinite(found.half_width):
        return f"{number(found.mean)} (1 run)"
    if found.half_width == 0:
        return number(found.mean)
    # as many digits as the interval knows: two of its half-width's
    digits = min(12, max(0, 1 - floor(log10(found.half_width))))
    return f"{found.mean:,.{digits}f} ± {found.half_width:,.{digits}f}"


def _theory(theory: Mapping[str, Theory], name: str, without: Container[str] = ()) -> str:
    found = None if name in without else theory.get(name)
    return SIGNS[found.relation] + number(found.value) if found else ""


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.ljust(width) if column == 0 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([first, *others]).rstrip()
