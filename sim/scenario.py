"""What a scenario and its result are: parameters that check themselves, measures that name their unit.

A scenario is a frozen dataclass whose fields are made by `parameter`; building one with a bad value raises
`ParameterError`, a sentence with the value, the rule and the unit. `run(seed)` simulates one replication and
returns a `Result`, whose fields are made by `measure`: plain numbers or small tuples of numbers, never a
record per message, and None for what did not happen (never NaN, so that equal results compare equal).
"""

import dataclasses
import math
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from itertools import product
from typing import Any, ClassVar, Self, TypeVar

import simpy

from sim.streams import AUTO, Streams

S = TypeVar("S", bound="Scenario")

DISTRIBUTION = "pubsub-workbook"


class ParameterError(ValueError):
    """A parameter breaks its rule; the message is one sentence to show as it stands."""


@dataclass(frozen=True)
class Rule:
    """What one parameter may be, and how to tell a user."""

    kind: type
    unit: str
    help: str
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False

    def checked(self, name: str, value: Any) -> Any:
        """Return the value in the parameter's own type; ParameterError if it breaks the rule."""
        if value is None and self.optional:
            return None
        if self._allowed(value):
            return float(value) if self.kind is float else value
        raise ParameterError(f"{name} must be {self.words()} (unit: {self.unit}), got {value!r}")

    def from_text(self, name: str, text: str) -> Any:
        """Read the value a user typed; ParameterError if it cannot be read or breaks the rule."""
        if self.optional and text.lower() == "none":
            return None
        if self.kind is bool and text.lower() in ("true", "yes", "on", "false", "no", "off"):
            return text.lower() in ("true", "yes", "on")
        try:
            return self.checked(name, self.kind(text) if self.kind in (int, float) else text)
        except (ValueError, OverflowError) as error:
            if isinstance(error, ParameterError):
                raise
            return self.checked(name, text)

    def words(self) -> str:
        """Say the rule, for messages and for help."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        words = [{int: "a whole number", float: "a finite number", bool: "true or false"}[self.kind]]
        if self.at_least is not None:
            words.append(f"at least {self.at_least:,.15g}")
        if self.above is not None:
            words.append(f"above {self.above:,.15g}")
        if self.at_most is not None:
            words.append(f"at most {self.at_most:,.15g}")
        return ", ".join(words) + (" or none" if self.optional else "")

    def _allowed(self, value: Any) -> bool:
        if self.choices:
            return value in self.choices
        if self.kind is bool or isinstance(value, bool):
            return self.kind is bool and isinstance(value, bool)
        if not isinstance(value, (int, float) if self.kind is float else int):
            return False
        return (
            math.isfinite(value)
            and (self.at_least is None or value >= self.at_least)
            and (self.above is None or value > self.above)
            and (self.at_most is None or value <= self.at_most)
        )


def parameter(default: Any, *, unit: str, help: str, kind: type | None = None, **limits: Any) -> Any:
    """Declare a scenario's field: a default and the `Rule` its values obey.

    `limits` are the Rule's `at_least`, `above`, `at_most`, `choices` and `optional`, which makes None a legal
    value. A default of None implies it, and needs `kind`.
    """
    limits.setdefault("optional", default is None)
    rule = Rule(kind or type(default), unit, help, **limits)
    return dataclasses.field(default=default, metadata={"rule": rule})


def measure(*, unit: str, help: str) -> Any:
    """Declare a result's field: a number, a small tuple of numbers, or None for what did not happen."""
    return dataclasses.field(metadata={"unit": unit, "help": help})


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Parameters of one simulated situation. Subclasses set the class variables and define `run`."""

    name: ClassVar[str]  # as typed on the command line: "slow-subscriber"
    question: ClassVar[str]  # what an interviewer asks
    compared: ClassVar[str]  # the parameter whose choices a comparison shows side by side
    quick: ClassVar[Mapping[str, Any]] = {}  # values that make a replication cheap

    def __post_init__(self) -> None:
        for name, rule in self.rules().items():
            object.__setattr__(self, name, rule.checked(name, getattr(self, name)))
        self.check()

    def check(self) -> None:
        """Check rules between parameters; raise ParameterError. Nothing to check by default."""

    def run(self, seed: int, replication: int = 0, streams: str = AUTO) -> "Result":
        """Simulate one replication; the same arguments give an equal result in any process."""
        raise NotImplementedError

    def exact(self) -> dict[str, float]:
        """Return the closed form of each measure that has one under these parameters."""
        return {}

    def variants(self) -> "tuple[Self, ...]":
        """Return these parameters under every choice of the compared parameter."""
        choices = self.rules()[self.compared].choices
        return tuple(dataclasses.replace(self, **{self.compared: choice}) for choice in choices)

    def parameters(self) -> dict[str, Any]:
        """Return the values by name, for records and captions."""
        return {name: getattr(self, name) for name in self.rules()}

    @classmethod
    def rules(cls) -> dict[str, Rule]:
        """Return the rule of every parameter, in order of declaration."""
        return {field.name: field.metadata["rule"] for field in dataclasses.fields(cls)}

    @classmethod
    def from_text(cls, values: Mapping[str, str]) -> Self:
        """Build a scenario from what a user typed; ParameterError names the bad value or unknown name."""
        rules = cls.rules()
        for name in values:
            if name not in rules:
                raise ParameterError(f"{cls.name} has no parameter {name!r}; it has {', '.join(rules)}")
        return cls(**{name: rules[name].from_text(name, text) for name, text in values.items()})

    def origin(self, streams: Streams) -> dict[str, Any]:
        """Return the fields every Result starts with."""
        return {
            "scenario": self,
            "seed": streams.seed,
            "replication": streams.replication,
            "streams": streams.kind,
            "versions": versions(streams.kind),
        }


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one replication measured, and everything needed to repeat it."""

    scenario: Scenario
    seed: int
    replication: int
    streams: str
    versions: tuple[tuple[str, str], ...]

    def scalars(self) -> dict[str, float | int | None]:
        """Return the single numbers, by name."""
        return {name: value for name, value in self._measures() if not isinstance(value, tuple)}

    def arrays(self) -> dict[str, tuple[float, ...]]:
        """Return the histograms and series, by name."""
        return {name: value for name, value in self._measures() if isinstance(value, tuple)}

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON holds; a CSV row is the same without `arrays`."""
        return {
            "scenario": self.scenario.name,
            "seed": self.seed,
            "replication": self.replication,
            "streams": self.streams,
            "versions": dict(self.versions),
            "parameters": self.scenario.parameters(),
            "scalars": self.scalars(),
            "arrays": {name: list(values) for name, values in self.arrays().items()},
        }

    @classmethod
    def units(cls) -> dict[str, str]:
        """Return the unit of every measure, by name."""
        return {f.name: f.metadata["unit"] for f in dataclasses.fields(cls) if "unit" in f.metadata}

    def _measures(self) -> Iterator[tuple[str, Any]]:
        return ((name, getattr(self, name)) for name in self.units())


@cache
def versions(kind: str) -> tuple[tuple[str, str], ...]:
    """Return the versions a result depends on; numpy's only if its streams were used."""
    found = {"python": platform.python_version(), "simpy": simpy.__version__}
    if kind == "numpy":
        found["numpy"] = metadata.version("numpy")
    try:
        found[DISTRIBUTION] = metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        found[DISTRIBUTION] = "not installed"
    return tuple(found.items())


def grid(base: S, **axes: Any) -> tuple[S, ...]:
    """Return `base` with every combination of the axes' values, the last axis fastest."""
    combinations = product(*axes.values())
    return tuple(dataclasses.replace(base, **dict(zip(axes, values, strict=True))) for values in combinations)
