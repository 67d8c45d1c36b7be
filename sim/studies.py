"""What the command runs for a scenario: the variants its table compares, and the sweeps behind its figures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sim.buffer_sizing import BufferSizing
from sim.hot_keys import HotKeys
from sim.reconnect_storm import ReconnectStorm
from sim.scenario import ParameterError, Scenario, grid
from sim.slow_subscriber import SlowSubscriber

SCENARIOS: dict[str, type[Scenario]] = {
    scenario.name: scenario for scenario in (SlowSubscriber, BufferSizing, HotKeys, ReconnectStorm)
}
# what the command assumes where nothing is said, if not the scenario's own default: closed forms are for the
# long run, so the table does not begin with an empty buffer
DEFAULTS: dict[str, dict[str, Any]] = {"slow-subscriber": {"warm_up": 2.0}}
QUICK: dict[str, dict[str, Any]] = {
    "slow-subscriber": {"duration": 2.0, "warm_up": 0.5},
    "buffer-sizing": {"messages": 10_000},
}
QUICK_REPLICATIONS = 5
HEADLINES: dict[str, tuple[str, ...]] = {
    "slow-subscriber": ("slow_loss", "slow_age", "fast_throughput", "fast_age", "connection"),
    "buffer-sizing": ("loss", "delay", "delay_p99", "peak"),
    "hot-keys": ("max_over_mean", "hot_utilisation", "mean_delay", "reordered", "fan_in"),
    "reconnect-storm": ("time_to_all", "time_to_half", "attempts_per_client", "retry_peak", "gave_up"),
}


@dataclass(frozen=True)
class Study:
    """One figure, by its name in `sim.plots.DRAWINGS`, and the scenarios it needs."""

    figure: str
    scenarios: tuple[Scenario, ...]


def defaults(name: str, quick: bool) -> dict[str, Any]:
    """Return the value of every parameter of a scenario that the command assumes where nothing is said."""
    scenario = SCENARIOS[name]
    values = scenario().parameters() | DEFAULTS.get(name, {})
    return values | dict(scenario.quick) | QUICK.get(name, {}) if quick else values


def variants(base: Scenario, chosen: bool) -> tuple[Scenario, ...]:
    """Return what the table compares: every policy, or the one that was asked for by name.

    Only the base itself where the other parameters leave no choice, such as a saturated publisher.
    """
    if chosen:
        return (base,)
    try:
        return base.variants()
    except ParameterError:
        return (base,)


def studies(base: Scenario, compared: Sequence[Scenario], quick: bool) -> tuple[Study, ...]:
    """Return the figures of a scenario; a quick run has fewer points."""
    return tuple(study for study in FIGURES[base.name](base, compared, quick) if study.scenarios)


def _slow_subscriber(base: Any, compared: Sequence[Any], quick: bool) -> tuple[Study, ...]:
    factors = (1.0, 1.25, 1.5, 2.0, 4.0) if quick else (1.0, 1.25, 1.5, 2.0, 3.0, 4.0)
    slowness = _with(factors, base.slowness)
    swept = _sweep(compared, slowness=slowness)
    disconnected = _sweep([v for v in compared if v.policy == "disconnect"], slowness=slowness)
    crowds = (1, 2, 4, 8, 16) if quick else (1, 2, 4, 8, 16, 32, 64)
    blocked = replace(
        base,
        policy="block",
        publisher="saturated",
        slow=0,
        subscribers=1,
        duration=base.duration / 5,
        warm_up=base.warm_up / 5,
    )
    places = (1, 4, base.buffer) if base.buffer not in (1, 4) else (1, 4)
    return (
        Study("slow-subscriber-loss", swept),
        Study("slow-subscriber-staleness", swept),
        Study("slow-subscriber-neighbour", swept),
        Study("slow-subscriber-connection", disconnected),
        Study(
            "slow-subscriber-block",
            _sweep([replace(blocked, buffer=k) for k in places], subscribers=crowds),
        ),
    )


def _buffer_sizing(base: Any, compared: Sequence[Any], quick: bool) -> tuple[Study, ...]:
    sizes = (1, 4, 16, 64) if quick else (1, 2, 4, 8, 16, 32, 64, 128)
    steady = [replace(v, traffic="poisson", workers=1) for v in compared]
    swept = _sweep(steady, buffer=_with(sizes, base.buffer))
    burst = replace(
        base, traffic="burst", service="exponential", workers=1, load=0.5, buffer=100_000, messages=100_000
    )
    lengths = tuple(base.burst_length * factor for factor in (0.25, 0.5, 1.0, 2.0, 3.0))
    bursts = _sweep([replace(burst, peak=peak) for peak in (1.5, 2.0, 4.0)], burst_length=lengths)
    return (
        Study("buffer-sizing-loss", swept),
        Study("buffer-sizing-delay", swept),
        Study("buffer-sizing-burst", bursts),
    )


def _hot_keys(base: Any, compared: Sequence[Any], quick: bool) -> tuple[Study, ...]:
    factors = (0.5, 1, 2) if quick else (0.25, 0.5, 1, 2, 4)
    partitions = sorted({max(1, round(base.partitions * factor)) for factor in factors})
    return (
        Study("hot-keys-load", _sweep(compared, partitions=partitions)),
        Study("hot-keys-price", tuple(compared)),
    )


def _reconnect_storm(base: Any, compared: Sequence[Any], quick: bool) -> tuple[Study, ...]:
    factors = (0.25, 0.5, 1) if quick else (0.1, 0.25, 0.5, 1, 2)
    clients = sorted({max(1, round(base.clients * factor)) for factor in factors})
    return (
        Study("reconnect-storm-time", _sweep(compared, clients=clients)),
        Study("reconnect-storm-price", tuple(compared)),
        Study("reconnect-storm-attempts", tuple(compared)),
        Study(
            "reconnect-storm-flapping",
            tuple(replace(v, failed_before=9) for v in compared),
        ),
    )


FIGURES: dict[str, Callable[[Any, Sequence[Any], bool], tuple[Study, ...]]] = {
    "slow-subscriber": _slow_subscriber,
    "buffer-sizing": _buffer_sizing,
    "hot-keys": _hot_keys,
    "reconnect-storm": _reconnect_storm,
}


def _sweep(scenarios: Sequence[Scenario], **axis: Sequence[Any]) -> tuple[Scenario, ...]:
    return tuple(point for scenario in scenarios for point in grid(scenario, **axis))


def _with(values: Sequence[Any], own: Any) -> list[Any]:
    return sorted({*values, own})
