"""Results as files: CSV with a row per replication, JSON with everything, each with all that repeats it."""

import csv
import json
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, cast

from sim.scenario import ParameterError, Result, Scenario
from sim.statistics import Interval
from sim.studies import Study
from sim.summary import Summary


def make_folder(path: Path) -> None:
    """Make the folder results go to; ParameterError if that cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ParameterError(
            f"out must be a folder that can be written to, got {str(path)!r}: {error.strerror}"
        ) from None


def write_figures(
    folder: Path,
    wanted: Sequence[Study],
    results: Mapping[Scenario, Sequence[Result]],
    themes: Sequence[str],
) -> None:
    """Write every figure as SVG and PNG, in each theme; one that has nothing to show is left out."""
    from sim.plots import Theme, save  # only here: matplotlib takes long to import

    for study in wanted:
        shown = [result for scenario in study.scenarios for result in results[scenario]]
        for theme in themes:
            name = study.figure if theme == "light" else f"{study.figure}-{theme}"
            save(folder / name, study.figure, shown, cast(Theme, theme))


def write_csv(path: Path, results: Sequence[Result]) -> None:
    """Write one row per replication: origin, parameters, single numbers; an empty cell is no value."""
    rows = [
        {
            "scenario": result.scenario.name,
            "seed": result.seed,
            "replication": result.replication,
            "streams": result.streams,
            "versions": " ".join(f"{name}={version}" for name, version in result.versions),
            **result.scenario.parameters(),
            **result.scalars(),
        }
        for result in results
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_json(path: Path, summaries: Sequence[Summary], results: Sequence[Result], complete: bool) -> None:
    """Write summaries and results; `complete` is false if the run was stopped before its end."""
    document = {
        "scenario": results[0].scenario.name,
        "question": results[0].scenario.question,
        "seed": results[0].seed,
        "streams": results[0].streams,
        "versions": dict(results[0].versions),
        "complete": complete,
        "units": results[0].units(),
        "summaries": [_summary(summary) for summary in summaries],
        "results": [result.to_dict() for result in results],
    }
    text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "parameters": summary.scenario.parameters(),
        "replications": summary.replications,
        "estimates": {name: _interval(found) for name, found in summary.estimates.items()},
        "closed_forms": {
            name: {"relation": found.relation, "value": found.value} for name, found in summary.theory.items()
        },
    }


def _interval(found: Interval | None) -> dict[str, float | int | None] | None:
    if found is None:
        return None
    bounded = isfinite(found.half_width)
    return {
        "mean": found.mean,
        "low": found.low if bounded else None,
        "high": found.high if bounded else None,
        "level": found.level,
        "n": found.n,
    }
