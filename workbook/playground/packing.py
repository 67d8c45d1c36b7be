"""What the site serves for the playground: Pyodide as npm installed it, and wheels of simpy and of our own.

Python sources are compiled beforehand by Pyodide itself, where there is Node.js to run it; a page starts in a third of
the time. What was compiled is kept in node_modules, by the content it was compiled from.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path

from workbook.places import CHECKOUT, PACKAGE

PYODIDE = CHECKOUT / "node_modules" / "pyodide"
COMPILER = Path(__file__).with_name("compile.mjs")
STDLIB = "python_stdlib.zip"
NEEDED = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", STDLIB, "pyodide-lock.json")
FOLDER = "assets/python"
DISTRIBUTION = "pubsub-workbook"
EPOCH = (2020, 1, 1, 0, 0, 0)  # the same sources give the same bytes


def packed(pyodide: Path = PYODIDE) -> dict[str, bytes]:
    """Path below the site -> content; nothing where Pyodide is not installed (`npm ci` brings it)."""
    if not all((pyodide / name).is_file() for name in NEEDED):
        return {}
    files = {name: (pyodide / name).read_bytes() for name in NEEDED}
    files |= {"simpy.whl": _simpy(), "workbook.whl": _ours()}
    for name in (STDLIB, "simpy.whl", "workbook.whl"):
        files[name] = _compiled(files[name], pyodide)
    return {f"{FOLDER}/{name}": content for name, content in files.items()}


def _compiled(archive: bytes, pyodide: Path) -> bytes:
    """The archive with its modules compiled; as it was where that cannot be done."""
    node = shutil.which("node")
    if node is None:
        return archive
    key = hashlib.sha256(COMPILER.read_bytes() + (pyodide / "pyodide-lock.json").read_bytes() + archive)
    kept = pyodide.parent / ".cache" / "pubsub-workbook" / f"{key.hexdigest()[:32]}.zip"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        # In a folder of its own: two builds may be under way.
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            sources, made = Path(folder) / "sources.zip", Path(folder) / "made.zip"
            sources.write_bytes(archive)
            done = subprocess.run([node, COMPILER, pyodide, sources, made], capture_output=True, check=False)
            if done.returncode != 0 or not made.is_file():
                return archive
            made.replace(kept)  # whole, or not at all
    return kept.read_bytes()


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
