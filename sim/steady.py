"""Where a run's steady state begins."""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil

from sim.statistics import warm_up

PILOT = -1  # the number of the replication that is run to find the cut, and for nothing else
WINDOWS = 200  # of the pilot's series
RELAXATIONS = 10  # to cut at least, if half of the run allows it


def window_ends(horizon: float) -> list[float]:
    """Return the times at which a pilot reports its area."""
    return [horizon * window / WINDOWS for window in range(1, WINDOWS + 1)]


def cut(horizon: float, relaxation: float, areas: Sequence[float]) -> float:
    """Return the time to leave out: ten relaxation times or MSER-5, whichever is longer, at most half a run.

    `areas` are a pilot's integrals of the level up to each of the window ends. The pilot is a replication of
    its own: a cut chosen in the very run it is applied to prefers what calms that run, and shifted the means
    at load 1.2 by more than a standard error of 40 replications.
    """
    judged = warm_up([later - earlier for earlier, later in pairwise([0.0, *areas])])
    wanted = ceil(RELAXATIONS * relaxation / horizon * WINDOWS)
    return horizon * min(max(wanted, judged), WINDOWS // 2) / WINDOWS
