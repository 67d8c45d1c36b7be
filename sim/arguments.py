"""The command line, read into an `Order`: options and help come from the parameters' own rules."""

import os
import sys
from argparse import SUPPRESS, ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from sim.executors import check_place
from sim.scenario import ParameterError, Rule, Scenario
from sim.streams import AUTO, KINDS, resolve_kind
from sim.studies import QUICK_REPLICATIONS, SCENARIOS, defaults

REPLICATIONS = 20
CAP = 1_000  # replications that --precision goes up to
THEMES = ("light", "dark", "both")

OPTIONS: dict[str, Rule] = {
    "replications": Rule(int, "replications", "of every variant", at_least=1, at_most=100_000),
    "seed": Rule(int, "number", "of all random streams", at_least=0),
    "streams": Rule(str, "name", "random number generator", choices=(*KINDS, AUTO)),
    "jobs": Rule(int, "processes", "that share the work", at_least=1, at_most=1024),
    "theme": Rule(str, "name", "page the figures are for", choices=THEMES),
}


@dataclass(frozen=True)
class Order:
    """What a user asked for."""

    scenario: Scenario
    chosen: bool  # one policy only, the one named
    replications: int
    seed: int
    streams: str
    out: Path | None
    jobs: int
    quick: bool
    themes: tuple[str, ...]
    place: str | None = None  # dask:ADDRESS; None: this machine
    precision: float | None = None  # half of an interval, as a share of the mean

    def differences(self) -> str:
        """Return the parameters that are not the scenario's own defaults, for people."""
        standard, rules = type(self.scenario)().parameters(), self.scenario.rules()
        return ", ".join(
            f"{name} {value if isinstance(value, str) or value is None else f'{value:g}'} {rules[name].unit}"
            for name, value in self.scenario.parameters().items()
            if value != standard[name] and (self.chosen or name != self.scenario.compared)
        )


class _Parser(ArgumentParser):
    """Complains in one sentence, as every other part does, and leaves the exit code to the caller."""

    def error(self, message: str) -> NoReturn:
        raise ParameterError(f"{message} (--help lists everything)")


def read(argv: Sequence[str], prog: str) -> Order | None:
    """Return the order, or None if --list was all; ParameterError says what is wrong.

    --help prints and raises SystemExit(0), as argparse does.
    """
    given = vars(_parser(prog).parse_args([_with_hyphens(word) for word in argv]))
    name = given.pop("scenario", None)
    if given.pop("list", False):
        for scenario in SCENARIOS.values():
            print(f"{scenario.name:16} {scenario.question}")
        return None
    if name is None:
        raise ParameterError(f"name a scenario: {', '.join(SCENARIOS)} (--list says what each answers)")
    quick, out = given.pop("quick", False), given.pop("out", None)
    options = {
        option: OPTIONS[option].from_text(option, given.pop(option)) for option in OPTIONS if option in given
    }
    place = check_place(given.pop("executor")) if "executor" in given else None
    if place is not None and "jobs" in options:
        raise ParameterError("jobs are processes of this machine; with --executor the cluster decides")
    precision = percent(given.pop("precision")) if "precision" in given else None
    streams = options.get("streams", AUTO)
    if streams == "numpy" and find_spec("numpy") is None:
        raise ParameterError("streams numpy needs numpy, which is not installed: say --streams python")
    kind = SCENARIOS[name]
    rules = kind.rules()
    values = defaults(name, quick) | {key: rules[key].from_text(key, text) for key, text in given.items()}
    theme = options.get("theme", "light")
    return Order(
        scenario=kind(**values),
        chosen=kind.compared in given,
        replications=options.get("replications", QUICK_REPLICATIONS if quick else REPLICATIONS),
        seed=options.get("seed", 1),
        streams=resolve_kind(streams),
        out=Path(out) if out else None,
        jobs=options.get("jobs", _processors()),
        quick=quick,
        themes=("light", "dark") if theme == "both" else (theme,),
        place=place,
        precision=precision,
    )


def percent(text: str) -> float:
    """A share from "1%" or "0.01"; ParameterError unless it is above 0 and at most 100 %."""
    number = text.strip().removesuffix("%")
    try:
        share = float(number) / (100.0 if number != text.strip() else 1.0)
    except ValueError:
        share = 0.0
    if not 0.0 < share <= 1.0:
        raise ParameterError(f"precision must be a share of the mean above 0, such as 1%, got {text!r}")
    return share


def _parser(prog: str) -> ArgumentParser:
    parser = _Parser(
        prog=prog,
        usage=f"{prog} SCENARIO [--param value ...]\n       {prog} SCENARIO --help\n       {prog} --list",
        description="Simulate a publish/subscribe scenario and compare its policies, beside the closed forms.",
        epilog="\n".join(
            ["scenarios:", *(f"  {kind.name:16} {kind.question}" for kind in SCENARIOS.values())]
        ),
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--list", action="store_true", help="say what each scenario answers")
    scenarios = parser.add_subparsers(dest="scenario", metavar="SCENARIO")
    for kind in SCENARIOS.values():
        sub = scenarios.add_parser(
            kind.name,
            usage=f"{prog} {kind.name} [--param value ...]",
            description=sys.modules[kind.__module__].__doc__,
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        values, quick = defaults(kind.name, quick=False), defaults(kind.name, quick=True)
        group = sub.add_argument_group("parameters")
        for name, rule in kind.rules().items():
            text = _help(rule, values[name], quick[name])
            if name == kind.compared:
                text += "; all are compared unless one is named"
            _add(group, name, rule, text)
        group = sub.add_argument_group("run")
        standard: dict[str, Any] = {
            "replications": (REPLICATIONS, QUICK_REPLICATIONS),
            "seed": (1, 1),
            "streams": (resolve_kind(AUTO),) * 2,
            "jobs": (_processors(),) * 2,
            "theme": ("light", "light"),
        }
        for name, rule in OPTIONS.items():
            _add(group, name, rule, _help(rule, *standard[name]))
        group.add_argument(
            "--out",
            default=SUPPRESS,
            metavar="FOLDER",
            help="where figures (SVG and PNG), CSV and JSON go; without it there is only the table",
        )
        group.add_argument(
            "--precision",
            default=SUPPRESS,
            metavar="SHARE",
            help="such as 1%%: add replications until every interval of the table is so narrow on either side, "
            f"{CAP:,} at most",
        )
        group.add_argument(
            "--executor",
            default=SUPPRESS,
            metavar="dask:ADDRESS",
            help="run on a Dask cluster, named by its scheduler, instead of on this machine",
        )
        group.add_argument(
            "--quick", action="store_true", default=SUPPRESS, help="fewer and shorter runs: about 10 s"
        )
    return parser


def _add(group: Any, name: str, rule: Rule, text: str) -> None:
    group.add_argument(
        f"--{name.replace('_', '-')}",
        dest=name,
        default=SUPPRESS,
        metavar=rule.unit.split(" ")[0].split("/")[0].upper(),
        help=text.replace("%", "%%"),
    )


def _help(rule: Rule, value: Any, quick: Any) -> str:
    text = f"{rule.help} [{rule.words()}; unit: {rule.unit}; default: {_shown(value)}"
    return text + (f", --quick: {_shown(quick)}]" if quick != value else "]")


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _with_hyphens(word: str) -> str:
    """Let --warm_up, as the parameter is called everywhere else, be typed as well."""
    if not word.startswith("--"):
        return word
    name, equals, value = word.partition("=")
    return name.replace("_", "-") + equals + value


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
