"""What the site serves for the playground: Pyodide as npm installed it, and wheels of simpy and of our own."""

from __future__ import annotations

import io
import zipfile
from importlib import metadata
from pathlib import Path

from workbook.places import CHECKOUT, PACKAGE

PYODIDE = CHECKOUT / "node_modules" / "pyodide"
NEEDED = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
FOLDER = "assets/python"
DISTRIBUTION = "pubsub-workbook"
EPOCH = (2020, 1, 1, 0, 0, 0)  # the same sources give the same bytes


def packed(pyodide: Path = PYODIDE) -> dict[str, bytes]:
    """Path below the site -> content; nothing where Pyodide is not installed (`npm ci` brings it)."""
    if not all((pyodide / name).is_file() for name in NEEDED):
        return {}
    files = {f"{FOLDER}/{name}": (pyodide / name).read_bytes() for name in NEEDED}
    return files | {f"{FOLDER}/simpy.whl": _simpy(), f"{FOLDER}/workbook.whl": _ours()}


def _simpy() -> bytes:
    found = metadata.distribution("simpy")
    wanted = [path for path in found.files or () if path.suffix == ".py" or path.name == "METADATA"]
    return _zip({str(path): Path(str(found.locate_file(path))).read_bytes() for path in wanted})


def _ours() -> bytes:
    """The simulator without its figures, and the part of the playground that runs in the page."""
    sources = [*(CHECKOUT / "sim").glob("*.py"), PACKAGE / "__init__.py"]
    sources += [PACKAGE / "playground" / name for name in ("__init__.py", "charts.py", "runs.py")]
    files = {path.relative_to(CHECKOUT).as_posix(): path.read_bytes() for path in sources}
    version = metadata.version(DISTRIBUTION)
    about = f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: {version}\n"
    files[f"{DISTRIBUTION.replace('-', '_')}-{version}.dist-info/METADATA"] = about.encode()
    return _zip(files)


def _zip(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), files[name], zipfile.ZIP_DEFLATED)
    return made.getvalue()
