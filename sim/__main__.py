"""The command: python -m sim SCENARIO [--param value ...].

Compares the policies of a scenario over replications, beside the closed form where there is one. Exit code 2
for a bad parameter, 130 if stopped; what had finished by then is printed and written.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sim.arguments import CAP, Order, read
from sim.executors import executor
from sim.output import make_folder, write_csv, write_figures, write_json
from sim.precision import Missed, refine
from sim.progress import progress_bar
from sim.scenario import ParameterError, Result, Scenario
from sim.studies import HEADLINES, studies, variants
from sim.summary import Summary, label_of, summarise
from sim.sweep import Interrupted, by_scenario, sweep
from sim.table import table

STOPPED = 130  # what a shell reports of a program that Ctrl-C ended


def main(argv: Sequence[str] | None = None, prog: str = "python -m sim") -> int:
    """Run the command and return its exit code; --help raises SystemExit(0), as argparse does."""
    try:
        order = read(sys.argv[1:] if argv is None else argv, prog)
        return 0 if order is None else run(order)
    except ParameterError as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def run(order: Order) -> int:
    """Simulate, print the table, and write files if there is a folder for them."""
    if order.out is not None:
        make_folder(order.out)
    compared = variants(order.scenario, order.chosen)
    wanted = studies(order.scenario, compared, order.quick) if order.out is not None else ()
    scenarios = dict.fromkeys([*compared, *(scenario for study in wanted for scenario in study.scenarios)])
    stopped: Interrupted | None = None
    missed: tuple[Missed, ...] = ()
    try:
        results, missed = simulate(order, tuple(scenarios), compared)
    except Interrupted as error:
        stopped, results = error, error.results
    groups = by_scenario(results)
    summaries = [summarise(groups[scenario]) for scenario in compared if scenario in groups]
    if summaries:
        show(order, summaries, results)
        if order.precision is not None and stopped is None:
            print(precision_line(order.precision, missed))
    if results and order.out is not None:
        write(order, order.out, summaries, results, complete=stopped is None)
        if stopped is None:
            write_figures(order.out, wanted, groups, order.themes)
            print(f"and {len(wanted)} figures, each as .svg and .png")
    if stopped is not None:
        print(f"{stopped}; what had finished is kept", file=sys.stderr)
        return STOPPED
    return 0


def simulate(
    order: Order, scenarios: Sequence[Scenario], compared: Sequence[Scenario]
) -> tuple[tuple[Result, ...], tuple[Missed, ...]]:
    """Run every scenario, here or in as many processes as asked for, those compared as often as is needed."""
    with progress_bar(order.scenario.name) as progress, executor(order.place, order.jobs) as workers:
        results = sweep(
            scenarios, order.replications, workers, seed=order.seed, streams=order.streams, progress=progress
        )
        if order.precision is None:
            return results, ()
        groups = by_scenario(results)
        asked = {scenario: groups[scenario] for scenario in compared}
        refined, missed = refine(asked, HEADLINES[order.scenario.name], order.precision, workers, at_most=CAP)
        return tuple(result for group in (groups | refined).values() for result in group), missed


def precision_line(precision: float, missed: Sequence[Missed]) -> str:
    """Say whether every interval is as narrow as asked, and which are not."""
    if not missed:
        return f"\nevery interval is within {precision:.3g} of its mean, on either side"
    wide = [
        f"{label_of(one.scenario, one.scenario.compared)} {one.measure.replace('_', ' ')} {one.share:.2g}"
        for one in missed
    ]
    return (
        f"\n{CAP:,} replications are not enough to be within {precision:.3g} of the mean: {', '.join(wide)}"
    )


def show(order: Order, summaries: Sequence[Summary], results: Sequence[Result]) -> None:
    """Print the comparison."""
    runs = sorted({summary.replications for summary in summaries})
    count = f"{runs[0]}" if len(runs) == 1 else f"{runs[0]} to {runs[-1]}"
    count += " replication" if runs == [1] else " replications"
    print(order.scenario.question)
    print(f"means ± half of their 95 % intervals; {count}, seed {order.seed}, ", end="")
    print(f"{results[0].streams} streams")
    if order.differences():
        print(f"with {order.differences()}")
    print()
    print(table(summaries, HEADLINES[order.scenario.name], results[0].units()))
    if order.out is None:
        print("\nfor figures, CSV and JSON add --out FOLDER")


def write(
    order: Order, folder: Path, summaries: Sequence[Summary], results: Sequence[Result], complete: bool
) -> None:
    """Write what was measured, before any figure is drawn."""
    name = order.scenario.name
    write_csv(folder / f"{name}.csv", results)
    write_json(folder / f"{name}.json", summaries, results, complete)
    print(f"\nwritten to {folder}: {name}.csv, {name}.json")


if __name__ == "__main__":
    sys.exit(main())
