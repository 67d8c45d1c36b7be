"""What replications say together: a mean with its interval per measure, and the closed form beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from sim.scenario import Result, Scenario
from sim.statistics import Interval, interval

EXACT, AT_LEAST, AT_MOST = "=", ">=", "<="


@dataclass(frozen=True)
class Theory:
    """What a closed form says of a measure: its mean, or what it cannot fall below or exceed."""

    relation: str
    value: float


@dataclass(frozen=True)
class Summary:
    """All replications of one scenario. An estimate is None where some replication had no value."""

    scenario: Scenario
    replications: int
    estimates: dict[str, Interval | None]
    theory: dict[str, Theory]

    @property
    def label(self) -> str:
        """The value of the parameter that a comparison is about."""
        return label_of(self.scenario, self.scenario.compared)


def summarise(results: Sequence[Result]) -> Summary:
    """Summarise the replications of one scenario; ValueError for none, or for several scenarios."""
    scenarios = {result.scenario for result in results}
    if len(scenarios) != 1:
        raise ValueError(f"a summary needs replications of one scenario, got {len(scenarios)} scenarios")
    scenario = results[0].scenario
    estimates = {name: estimate(results, name) for name in results[0].scalars()}
    return Summary(scenario, len(results), estimates, theory(scenario))


def estimate(results: Sequence[Result], measure: str) -> Interval | None:
    """Return a measure's mean with its 95 % interval, without bounds if there is one replication only.

    None if any replication has no value: the mean of the others would be of those that went well.
    """
    values = [getattr(result, measure) for result in results]
    if any(value is None for value in values):
        return None
    if len(values) == 1:
        return Interval(float(values[0]), inf, 0.95, 1)
    return interval([float(value) for value in values])


def label_of(scenario: Scenario, parameter: str) -> str:
    """Return the value of a parameter as people read it."""
    value = getattr(scenario, parameter)
    return value if isinstance(value, str) else f"{value:g}"


def theory(scenario: Scenario) -> dict[str, Theory]:
    """Return what closed forms say of a scenario's measures, by name; exact laws before bounds."""
    found: dict[str, Theory] = {}
    for relation, method in ((AT_LEAST, "floors"), (AT_MOST, "bounds"), (EXACT, "exact")):
        values: dict[str, float] = getattr(scenario, method, dict)()
        found |= {name: Theory(relation, value) for name, value in values.items()}
    return found
