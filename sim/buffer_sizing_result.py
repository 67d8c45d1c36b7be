"""What the scenario buffer sizing measures."""

from dataclasses import dataclass

from sim.scenario import Result, measure


@dataclass(frozen=True, kw_only=True)
class BufferSizingResult(Result):
    """One replication; what the traffic at hand does not have is None."""

    loss: float | None = measure(
        unit="share", help="messages that found no place; during the burst if there is one"
    )
    delay: float | None = measure(unit="s", help="mean, from publication to the end of handling")
    delay_p99: float | None = measure(unit="s", help="delay that 99 % of the handled messages do not exceed")
    delay_max: float | None = measure(unit="s", help="longest delay, rounded down to a histogram bin")
    level: float = measure(unit="messages", help="held, on average over time")
    peak: float = measure(unit="messages", help="most that was held for any time")
    throughput: float | None = measure(unit="messages/s", help="handled")
    first_drop: float | None = measure(unit="s", help="first drop; none if there was none")
    drain: float | None = measure(
        unit="s", help="from the end of a burst to the first empty buffer; none if never"
    )
    overflow: float | None = measure(
        unit="share of time", help="an on-off source's backlog exceeds the buffer"
    )
    published: int = measure(unit="messages", help="after the cut; during the burst if there is one")
    cut: float = measure(unit="s", help="left out at the start, as warm-up")
    occupancy: tuple[float, ...] = measure(unit="share of time", help="by messages held, from 0")
    delays: tuple[int, ...] = measure(unit="messages", help="handled, by delay in bins of delay_bin")
    delay_bin: float | None = measure(unit="s", help="width of a bin of delays")
    marks: tuple[float, ...] = measure(unit="messages", help="backlogs of an on-off source")
    exceeded: tuple[float, ...] = measure(unit="share of time", help="each of the marks is exceeded")
