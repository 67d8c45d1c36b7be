"""What a page asks for -> checked scenarios -> curves, a little at a time. Runs in the browser as well.

A link is untrusted: every value is checked by the rule of its parameter, as on the command line, and by what a page
may be asked to compute.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isfinite
from typing import Any

from sim.scenario import ParameterError, Result, Scenario
from sim.studies import SCENARIOS, variants
from sim.summary import estimate, label_of, theory
from workbook.playground.charts import CHARTS, REPLICATIONS, SEED, labels, values

STREAMS = "python"  # the numbers of `--streams python`, the same in every place
BETWEEN = 6  # steps of a closed form between two points that are run


@dataclass(frozen=True)
class Order:
    """What is to be run: a curve's scenarios for each policy, in the order of the points."""

    name: str
    curves: dict[str, tuple[Scenario, ...]]
    replications: int
    seed: int
    prediction: float | None
    command: str  # repeats the point at the parameters' own values on the command line


def read(asked: Mapping[str, str]) -> Order:
    """Check what a form or a link asks for. ParameterError with one sentence for the first rule that is broken."""
    given = dict(asked)
    name = given.pop("scenario", "")
    if name not in SCENARIOS:
        raise ParameterError(f"scenario must be one of {', '.join(SCENARIOS)}, got {name[:40]!r}")
    kind, chart = SCENARIOS[name], CHARTS[name]
    replications = REPLICATIONS.from_text("replications", given.pop("replications", "5"))
    seed = SEED.from_text("seed", given.pop("seed", "1"))
    prediction = _number("prediction", given.pop("prediction", ""))
    known = labels(kind)
    chosen = [label for label in given.pop("policies", ",".join(chart.shown)).split(",") if label]
    for label in chosen:
        if label not in known:
            raise ParameterError(f"policies must be among {', '.join(known)}, got {label[:40]!r}")
    if not chosen:
        raise ParameterError(f"choose at least one {kind.compared}: there is nothing to draw")
    if kind.compared in given:
        raise ParameterError(f"{kind.compared} is what the curves compare: choose it under policies")
    start = {key: "none" if value is None else str(value) for key, value in values(name).items()}
    base = kind.from_text(start | given)
    for parameter, most in chart.most.items():
        if getattr(base, parameter) > most:
            raise ParameterError(
                f"{parameter} is at most {most:,g} in a page, got {getattr(base, parameter):,g}; "
                "the command line takes more"
            )
    whole = kind.rules()[chart.x].kind is int
    at = sorted({*((round(x) if whole else x) for x in chart.points), getattr(base, chart.x)})
    compared = {label_of(one, kind.compared): one for one in variants(base, chosen=False)}
    curves = {
        label: tuple(replace(one, **{chart.x: x}) for x in at)
        for label, one in compared.items()
        if label in chosen
    }
    if not curves:
        raise ParameterError(f"these values leave no {kind.compared} to compare but {', '.join(compared)}")
    return Order(name, curves, replications, seed, prediction, _command(base, given, seed, replications))


class Run:
    """An order on its way: `step` works for a while and says how far it is."""

    def __init__(self, order: Order, clock: Callable[[], float] = time.perf_counter) -> None:
        self.order = order
        self.clock = clock
        self._cells = [
            (number, scenario)
            for number in range(order.replications)
            for curve in order.curves.values()
            for scenario in curve
        ]
        self._results: dict[Scenario, list[Result]] = {scenario: [] for _, scenario in self._cells}
        self._done = 0

    def step(self, seconds: float) -> dict[str, Any]:
        """Run for about so long, at least one cell; plain data with the curves as far as they are known."""
        until = self.clock() + seconds
        while self._done < len(self._cells):
            number, scenario = self._cells[self._done]
            self._results[scenario].append(scenario.run(self.order.seed, number, STREAMS))
            self._done += 1
            if self.clock() >= until:
                break
        return {"done": self._done, "of": len(self._cells), "curves": self.curves()}

    def curves(self) -> list[dict[str, Any]]:
        """Points with the replications that every point of its curve has, and the closed form beside them."""
        chart = CHARTS[self.order.name]
        found = []
        for label, scenarios in self.order.curves.items():
            complete = min(len(self._results[one]) for one in scenarios)
            points = []
            for one in scenarios if complete else ():
                measured = estimate(self._results[one][:complete], chart.measure)
                if measured is not None:
                    half = measured.half_width if isfinite(measured.half_width) else None
                    points.append({"x": getattr(one, chart.x), "mean": measured.mean, "half": half})
            found.append({"label": label, "runs": complete, "points": points})
        return found

    def closed(self) -> list[dict[str, Any]]:
        """The closed form along each curve that has one: what it says of the measure, and its line."""
        chart = CHARTS[self.order.name]
        found = []
        for label, scenarios in self.order.curves.items():
            line, relation = [], ""
            for x in _dense([getattr(one, chart.x) for one in scenarios]):
                law = theory(replace(scenarios[0], **{chart.x: x})).get(chart.measure)
                if law is not None and isfinite(law.value):
                    line.append({"x": x, "y": law.value})
                    relation = law.relation
            if line:
                found.append({"label": label, "relation": relation, "line": line})
        return found


def start(asked: str) -> tuple[Run | None, str]:
    """For the page: JSON text of what is asked -> the run, or None and the sentence that says what is wrong."""
    try:
        pairs = json.loads(asked)
        return Run(read({str(key): str(value) for key, value in pairs.items()})), ""
    except ParameterError as error:
        return None, str(error)


def _dense(xs: Sequence[float]) -> list[float]:
    whole = all(isinstance(x, int) for x in xs)
    between = [a + (b - a) * step / BETWEEN for a, b in pairwise(xs) for step in range(BETWEEN)] + [xs[-1]]
    return sorted({round(x) for x in between}) if whole else between


def _number(name: str, text: str) -> float | None:
    if not text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise ParameterError(f"{name} must be a finite number, or nothing, got {text[:40]!r}")
    return number


def _command(base: Scenario, given: Mapping[str, str], seed: int, replications: int) -> str:
    standard = type(base)().parameters()
    words = [f"pubsub sim {base.name}"]
    for name, value in base.parameters().items():
        if name != base.compared and (value != standard[name] or name in given or name == "warm_up"):
            words.append(f"--{name.replace('_', '-')} {shlex.quote('none' if value is None else str(value))}")
    return " ".join([*words, f"--seed {seed} --replications {replications} --streams {STREAMS}"])
