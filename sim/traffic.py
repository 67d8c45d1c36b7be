"""How messages come: gaps between them, as iterators a topic can be fed with."""

from collections.abc import Iterator
from itertools import chain, repeat
from math import inf


def burst_gaps(peak_rate: float, base_rate: float, length: float) -> Iterator[float]:
    """Yield the gaps of messages evenly spaced at the peak rate from time 0 for `length`, then at the base.

    The first message comes at time 0, the first of the base rate one of its gaps after the burst; with a base
    rate of 0 the burst is all there is.
    """
    count = round(peak_rate * length)
    burst = chain([0.0], repeat(1.0 / peak_rate, count - 1)) if count else iter(())
    if base_rate <= 0:
        return burst
    last = (count - 1) / peak_rate if count else 0.0
    return chain(burst, [length + 1.0 / base_rate - last], repeat(1.0 / base_rate))


def batch_gaps(pauses: Iterator[float], size: int) -> Iterator[float]:
    """Yield the gaps of batches: a pause before each, nothing between the messages of one."""
    for pause in pauses:
        yield pause
        yield from repeat(0.0, size - 1)


def token_bucket_gaps(gaps: Iterator[float], depth: float, rate: float) -> Iterator[float]:
    """Yield the gaps that are left when messages wait, in order, for a token each.

    The bucket holds up to `depth` tokens, is full at time 0 and gains `rate` tokens per unit of time.
    """
    if depth < 1:
        raise ValueError(f"depth must be at least 1 token, or no message ever passes, got {depth}")
    now = sent = 0.0
    tokens, counted = depth, 0.0  # tokens there were at that time
    for gap in gaps:
        now += gap
        at = max(now, sent)
        tokens, counted = min(depth, tokens + (at - counted) * rate), at
        if tokens < 1:
            at += (1 - tokens) / rate
            tokens, counted = 1, at
        tokens -= 1
        yield at - sent
        sent = at


def on_off_turns(on: Iterator[float], off: Iterator[float]) -> Iterator[tuple[float, bool]]:
    """Yield how long to stay and whether the source is on, beginning with off."""
    while True:
        pause, talk = next(off, inf), next(on, inf)
        if pause == inf or talk == inf:
            return
        yield pause, False
        yield talk, True
