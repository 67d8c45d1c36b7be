"""What every test gets: a progress folder of its own, so that no test touches the learner's."""

import os
import signal
from pathlib import Path

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts `make test` in the background lets it ignore Ctrl-C, and whatever a test starts inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: much of the time a test waits for a server, or for a limit to pass."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PUBSUB_HOME, for this process and all it starts."""
    folder = tmp_path / "home"
    monkeypatch.setenv("PUBSUB_HOME", str(folder))
    return folder
