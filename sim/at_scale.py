"""The command for large runs without events: python -m sim.at_scale SCENARIO [--messages 1e8] [--param value ...]

The scenario's parameters are those of `python -m sim`, which has events, figures and every policy; numbers may be
written as 1e8. Replications follow from the messages asked for, each as long as the scenario says. Exit code 2
for a bad parameter.
"""

import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from math import ceil
from typing import Any

from sim.buffer_sizing import BufferSizing
from sim.oracle_keys import KeyRun, hot_keys
from sim.oracle_scenarios import Measured, buffer_sizing, slow_subscriber
from sim.oracle_storm import reconnect_storm
from sim.reconnect_storm import ReconnectStorm
from sim.scenario import ParameterError
from sim.slow_subscriber import SlowSubscriber

MESSAGES = 1e8
Values = Mapping[str, str]


@dataclass(frozen=True)
class Row:
    """One measure: its name, its value, half of its 95 % interval if there is one, its unit."""

    name: str
    value: float | None
    half_width: float | None
    unit: str


def main(argv: Sequence[str] | None = None, prog: str = "python -m sim.at_scale") -> int:
    """Run the command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help"):
        print(__doc__)
        print("\n".join(f"  {name:16} {about}" for name, (_, about) in RUNS.items()))
        return 0
    try:
        if words[0] not in RUNS:
            raise ParameterError(f"scenario must be one of {', '.join(RUNS)}, got {words[0]!r}")
        values = dict(_pairs(words[1:]))
        seed = _whole("seed", values.pop("seed", "1"), least=0)
        start = time.process_time()
        title, rows = RUNS[words[0]][0](values, seed)
    except ParameterError as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2
    spent = time.process_time() - start
    print(f"{title}, seed {seed}\n")
    for row in rows:
        half = "" if row.half_width is None else f" ± {row.half_width:.2g}"
        print(f"  {row.name.replace('_', ' '):18} {_shown(row.value)}{half} {row.unit}")
    print(f"\n{spent:.1f} s of CPU time, at most {_megabytes():,.0f} MB")
    return 0


def _topic(values: Values, seed: int) -> tuple[str, list[Row]]:
    own = dict(values)
    messages = _whole("messages", own.pop("messages", f"{MESSAGES:.0f}"))
    scenario = SlowSubscriber.from_text(own)
    each = scenario.publish_rate * (scenario.warm_up + scenario.duration)
    found = slow_subscriber(scenario, max(2, ceil(messages / each)), seed)
    return _title(f"slow-subscriber, {scenario.policy}", found), _rows(found)


def _buffer(values: Values, seed: int) -> tuple[str, list[Row]]:
    own = dict(values)
    messages = _whole("messages", own.pop("messages", f"{MESSAGES:.0f}"))
    scenario = BufferSizing.from_text(own)
    found = buffer_sizing(scenario, max(2, ceil(messages / scenario.messages)), seed)
    rows = _rows(found)
    rows += [Row(f"{name}, exact", value, None, "") for name, value in scenario.exact().items()]
    return _title(f"buffer-sizing, load {scenario.load:g}", found), rows


def _storm(values: Values, seed: int) -> tuple[str, list[Row]]:
    whole = {name: str(_whole(name, text)) for name, text in values.items() if name == "clients"}
    scenario = ReconnectStorm.from_text({**values, **whole})
    result, units = reconnect_storm(scenario, seed), ReconnectStorm().run(seed).units()
    rows = [Row(name, value, None, units[name]) for name, value in result.scalars().items()]
    rows.append(Row("floor", scenario.floors()["time_to_all"], None, "s to all, at the least"))
    return f"reconnect-storm, {scenario.backoff}, {scenario.clients:,} clients, 1 replication", rows


def _keys(values: Values, seed: int) -> tuple[str, list[Row]]:
    kinds = {field.name: field.type for field in fields(KeyRun)}
    for name in values:
        if name not in kinds:
            raise ParameterError(f"hot-keys has no parameter {name!r} here; it has {', '.join(kinds)}")
    run = KeyRun(**{name: _as(kinds[name], name, text) for name, text in values.items()})
    found = hot_keys(run, seed)
    rows = [
        Row("max_over_mean", found.max_over_mean, None, "load of the fullest partition over the mean"),
        Row("hot_utilisation", found.hot_utilisation, None, "offered load of the fullest partition"),
        Row("drowning", found.drowning, None, "partitions offered more than their consumer can handle"),
        Row("remembered", found.remembered, None, "entries that the producer keeps"),
    ]
    return (
        f"hot-keys, {run.mitigation}, {run.skew}: {run.users:,} keys, {run.messages:,} messages, "
        f"{run.partitions:,} partitions, 1 replication",
        rows,
    )


RUNS: dict[str, tuple[Callable[[Values, int], tuple[str, list[Row]]], str]] = {
    "slow-subscriber": (_topic, "--messages over all replications; policy drop-newest, drop-oldest or block"),
    "buffer-sizing": (_buffer, "--messages over all replications; Poisson traffic, one worker"),
    "reconnect-storm": (_storm, "--clients up to a million; every kind of back-off"),
    "hot-keys": (_keys, "--messages, --users, --partitions; loads by partition"),
}


def _title(what: str, found: Measured) -> str:
    count = len(next(iter(found.measures.values())))
    return f"{what}: {found.messages:,} messages in {count:,} replications"


def _rows(found: Measured) -> list[Row]:
    """Return the mean of every measure that has one, with half of its interval."""
    units = type(found.scenario)().run(1).units()
    rows = []
    for name, values in found.measures.items():
        if (values == values).all():
            interval = found.interval(name)
            rows.append(Row(name, interval.mean, interval.half_width, units[name]))
    return rows


def _pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    """Read --name value and --name=value."""
    pairs, rest = [], list(words)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if not name.startswith("--") or not (equals or rest):
            raise ParameterError(f"parameters are written --name value, got {name!r}")
        pairs.append((name.removeprefix("--").replace("-", "_"), value if equals else rest.pop(0)))
    return pairs


def _whole(name: str, text: str, least: int = 1) -> int:
    """Read a whole number, 1e8 included."""
    try:
        number = float(text)
        if number == int(number) >= least:
            return int(number)
    except (ValueError, OverflowError):
        pass
    raise ParameterError(f"{name} must be a whole number, at least {least}, such as 1e6, got {text!r}")


def _as(kind: Any, name: str, text: str) -> Any:
    if kind in (str, "str"):
        return text
    if kind in (int, "int"):
        return _whole(name, text)
    try:
        return float(text)
    except ValueError:
        raise ParameterError(f"{name} must be a number, got {text!r}") from None


def _shown(value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def _megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    sys.exit(main())
