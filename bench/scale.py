"""How cost grows with the number of messages: python bench/scale.py [--only NAME ...] [--most 1e8] [--draw]

Every size runs in a process of its own, which reports its CPU time and by how much its peak memory grew over
the imports. The table goes to bench/scale.csv, a line replacing an earlier one of the same run, and from there
to docs/assets/scale-light.svg and scale-dark.svg; --draw draws only. A slope is that of log time over log
messages: 1 is a cost in proportion, 0 a cost that does not change.
"""

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from itertools import pairwise
from math import log10
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # not bench/: a file there is named like the package

TABLE = Path(__file__).with_suffix(".csv")
ASSETS = ROOT / "docs" / "assets"
EACH = 20_000  # messages of a replication: the scenarios' own default


@dataclass(frozen=True)
class Line:
    """One run: CPU seconds, MB by which the peak grew."""

    series: str
    size: int
    seconds: float
    megabytes: float


@dataclass(frozen=True)
class Series:
    """What is run, what is counted, from and to which power of ten."""

    run: Callable[[int], object]
    unit: str
    least: int
    most: int


def engine_topic(messages: int) -> object:
    from sim.slow_subscriber import SlowSubscriber

    return SlowSubscriber(duration=messages / 1000.0).run(1)


def oracle_topic(policy: str) -> Callable[[int], object]:
    def run(messages: int) -> object:
        from sim.oracle_scenarios import slow_subscriber
        from sim.slow_subscriber import SlowSubscriber

        scenario = SlowSubscriber(policy=policy, duration=min(EACH, messages) / 1000.0)
        return slow_subscriber(scenario, max(1, messages // EACH))

    return run


def engine_buffer(messages: int) -> object:
    from sim.buffer_sizing import BufferSizing
    from sim.sweep import sweep

    return sweep([BufferSizing(messages=min(EACH, messages))], max(1, messages // EACH))


def oracle_buffer(messages: int) -> object:
    from sim.buffer_sizing import BufferSizing
    from sim.oracle_scenarios import buffer_sizing

    return buffer_sizing(BufferSizing(messages=min(EACH, messages)), max(1, messages // EACH))


def engine_storm(clients: int) -> object:
    from sim.reconnect_storm import ReconnectStorm

    return ReconnectStorm(clients=clients, capacity=clients / 20).run(1)


def oracle_storm(kind: str) -> Callable[[int], object]:
    def run(clients: int) -> object:
        from sim.oracle_storm import reconnect_storm
        from sim.reconnect_storm import ReconnectStorm

        return reconnect_storm(ReconnectStorm(backoff=kind, clients=clients, capacity=clients / 20))

    return run


def engine_keys(messages: int) -> object:
    from sim.hot_keys import HotKeys

    return HotKeys(users=messages, messages=messages, partitions=4_000).run(1)


def oracle_keys(skew: str, mitigation: str = "hash") -> Callable[[int], object]:
    def run(messages: int) -> object:
        from sim.oracle_keys import KeyRun, hot_keys

        return hot_keys(KeyRun(mitigation=mitigation, skew=skew, users=messages, messages=messages))

    return run


SERIES: dict[str, Series] = {
    "engine, topic, drop-newest": Series(engine_topic, "messages", 4, 7),
    "oracle, topic, drop-newest": Series(oracle_topic("drop-newest"), "messages", 4, 8),
    "oracle, topic, drop-oldest": Series(oracle_topic("drop-oldest"), "messages", 4, 8),
    "oracle, topic, block": Series(oracle_topic("block"), "messages", 4, 8),
    "engine, buffer": Series(engine_buffer, "messages", 4, 7),
    "oracle, buffer": Series(oracle_buffer, "messages", 4, 8),
    "engine, hot keys": Series(engine_keys, "messages", 4, 6),
    "oracle, hot keys": Series(oracle_keys("hot-set"), "messages", 4, 8),
    "oracle, hot keys, zipf": Series(oracle_keys("zipf"), "messages", 4, 8),
    "oracle, hot keys, key grouping": Series(oracle_keys("hot-set", "key-grouping"), "messages", 4, 7),
    "engine, storm": Series(engine_storm, "clients", 3, 5),
    "oracle, storm": Series(oracle_storm("full-jitter"), "clients", 3, 6),
    "oracle, storm, equal jitter": Series(oracle_storm("equal-jitter"), "clients", 3, 6),
    "oracle, storm, decorrelated": Series(oracle_storm("decorrelated"), "clients", 3, 6),
}
SHOWN = tuple(name for name in SERIES if name.count(",") == 1 or "topic" in name)


def measure(name: str, size: int) -> Line:
    """Run one size in a fresh process."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", name, str(size)], check=True, capture_output=True, text=True
    )
    seconds, megabytes = json.loads(done.stdout)
    return Line(name, size, seconds, megabytes)


def one(name: str, size: int) -> None:
    """Run here, and print seconds and MB."""
    run = SERIES[name].run
    run(100)  # imports, and whatever is made once
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    run(size)
    seconds = time.process_time() - start
    print(json.dumps([seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024]))


def slope(lines: list[Line]) -> float:
    """Return the least-squares slope of log time over log size."""
    points = [(log10(line.size), log10(line.seconds)) for line in lines]
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def read() -> dict[tuple[str, int], Line]:
    if not TABLE.exists():
        return {}
    with TABLE.open() as file:
        lines = [
            Line(row["series"], int(row["size"]), float(row["seconds"]), float(row["megabytes"]))
            for row in csv.DictReader(file)
        ]
    return {(line.series, line.size): line for line in lines}


def of(lines: dict[tuple[str, int], Line], series: str) -> list[Line]:
    return sorted((line for line in lines.values() if line.series == series), key=lambda line: line.size)


def write(lines: dict[tuple[str, int], Line]) -> None:
    order = list(SERIES)
    with TABLE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([field.name for field in fields(Line)])
        for line in sorted(lines.values(), key=lambda line: (order.index(line.series), line.size)):
            name, size, seconds, megabytes = astuple(line)
            writer.writerow([name, size, f"{seconds:.4g}", f"{megabytes:.1f}"])


def show(name: str, lines: list[Line]) -> None:
    """Print a series: each size, the slope from the size before, and that of all."""
    print(f"\n{name}")
    unit = SERIES[name].unit
    steps = [None, *(slope([a, b]) for a, b in pairwise(lines))]
    for line, step in zip(lines, steps, strict=True):
        each = line.seconds / line.size * 1e9
        print(
            f"  {line.size:>12,} {unit:<8} {line.seconds:>9.3f} s {each:>10,.0f} ns each {line.megabytes:>8.1f} MB"
            + ("" if step is None else f"   slope {step:.2f}"),
            flush=True,
        )
    if len(lines) > 2:
        print(f"  slope over all sizes {slope(lines):.2f}")


def draw(lines: dict[tuple[str, int], Line]) -> None:
    """Write the figure for both kinds of page."""
    import matplotlib
    from matplotlib.figure import Figure

    from sim.plots.palette import HUES, MARKERS, THEMES, settings

    hues = {"topic": "rust", "buffer": "navy", "hot keys": "green", "storm": "orange"}
    for theme in THEMES:
        with matplotlib.rc_context(settings(theme)):
            figure = Figure(figsize=(9.0, 4.6))
            panels = figure.subplots(1, 2)
            for axes, value, title, label, least in (
                (panels[0], "seconds", "Time", "CPU seconds on one core", 0.0),
                (panels[1], "megabytes", "Memory", "MB over the start, at least 1", 1.0),
            ):
                for name in SHOWN:
                    what, scenario, *policy = name.split(", ")
                    if policy and policy[0] != "drop-newest":
                        continue
                    own = of(lines, name)
                    hue = hues[scenario]
                    axes.plot(
                        [line.size for line in own],
                        [max(getattr(line, value), least) for line in own],
                        color=HUES[theme][hue],
                        marker=MARKERS[hue],
                        linestyle="-" if what == "oracle" else (0, (4, 2)),
                        markerfacecolor=None if what == "oracle" else "none",
                        label=f"{scenario}, {what}",
                    )
                axes.set(xscale="log", yscale="log", xlabel="messages (storm: clients)", ylabel=label)
                axes.set_title(title)
            panels[0].axhline(60.0, color=matplotlib.rcParams["text.color"], linestyle=":", linewidth=1.2)
            panels[0].text(1.2e3, 66.0, "one minute", fontsize=9, va="bottom")
            panels[1].axhline(2_000.0, color=matplotlib.rcParams["text.color"], linestyle=":", linewidth=1.2)
            panels[1].text(1.2e3, 2_150.0, "2 GB", fontsize=9, va="bottom")
            handles, labels = panels[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="lower center", ncols=4)
            figure.subplots_adjust(left=0.08, right=0.98, top=0.86, bottom=0.28, wspace=0.24)
            figure.savefig(ASSETS / f"scale-{theme}.svg", metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=list(SERIES), metavar="NAME",
                        help=f"those whose name holds one of these words: {'; '.join(SERIES)}")  # fmt: skip
    parser.add_argument("--most", type=float, default=1e8, help="no size above")
    parser.add_argument("--least", type=float, default=1e3, help="no size below")
    parser.add_argument("--draw", action="store_true", help="measure nothing, draw what is in the table")
    parser.add_argument("--one", nargs=2, metavar=("NAME", "SIZE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        one(asked.one[0], int(asked.one[1]))
        return
    lines = read()
    if not asked.draw:
        print(
            f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}"
        )
    for name, series in SERIES.items():
        if any(word in name for word in asked.only):
            for power in range(series.least, series.most + 1):
                if not asked.draw and asked.least <= 10**power <= asked.most:
                    lines[name, 10**power] = measure(name, 10**power)
                    write(lines)
            show(name, of(lines, name))
    draw(lines)


if __name__ == "__main__":
    main()
