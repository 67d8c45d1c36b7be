"""What every test gets: a progress folder of its own, so that no test touches the learner's."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PUBSUB_HOME, for this process and all it starts."""
    folder = tmp_path / "home"
    monkeypatch.setenv("PUBSUB_HOME", str(folder))
    return folder
