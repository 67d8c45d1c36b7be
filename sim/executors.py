"""Where a sweep runs: in this process, in worker processes of this machine, or on a Dask cluster."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib.util import find_spec

from sim.scenario import ParameterError
from sim.sweep import process_pool

DASK = "dask:"
PATIENCE = 10.0  # seconds for a scheduler to answer


def check_place(place: str) -> str:
    """Return the place; ParameterError unless it is dask:ADDRESS and Dask is installed."""
    if not place.startswith(DASK) or not place.removeprefix(DASK):
        raise ParameterError(
            "executor must be dask:ADDRESS, that of a Dask scheduler such as dask:tcp://10.0.0.1:8786, "
            f"got {place!r}"
        )
    if find_spec("distributed") is None:
        raise ParameterError(
            "executor dask needs Dask, which is not installed: pip install 'pubsub-workbook[dask]'"
        )
    return place


@contextmanager
def executor(place: str | None, jobs: int) -> Iterator[Executor | None]:
    """An executor for a block; None where everything is to run here, one cell after the other."""
    if place is not None:
        with dask_executor(place.removeprefix(DASK)) as cluster:
            yield cluster
    elif jobs == 1:
        yield None
    else:
        with process_pool(jobs) as pool:
            yield pool


@contextmanager
def dask_executor(address: str) -> Iterator[Executor]:
    """The workers of a running Dask cluster as an executor; ParameterError where no scheduler answers.

    A worker that dies costs the chunk it was at, which the scheduler gives to another one.
    """
    from distributed import Client
    from distributed.comm.addressing import parse_address, parse_host_port

    try:
        # Before there is a client: one that could not be made waits for its own end, and complains then.
        parse_host_port(parse_address(address)[1])
        client = Client(address, timeout=PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]  # it has no types
    except (OSError, ValueError, TimeoutError) as error:
        raise ParameterError(
            f"no Dask scheduler answers at {address} ({error}); start one with `dask scheduler`, "
            f"and workers with `dask worker {address}`"
        ) from None
    with client:
        # Pure would let the scheduler remember results by their arguments, for longer than we want them.
        yield client.get_executor(pure=False)  # type: ignore[no-untyped-call]  # it has no types
