"""For whoever writes notebooks: run them in fresh kernels and store their outputs, tidy enough to compare.

    python -m workbook.store_outputs notebooks/q03_minimal_broker.ipynb ...

What differs from machine to machine (versions, times of execution, random cell ids) is not stored. A notebook
that raises is left as it was.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

SECONDS = 60  # for one cell
METADATA: dict[str, Any] = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "pygments_lexer": "ipython3",
    },
}


def store(path: Path) -> None:
    """Run the notebook and write it back with its outputs; nbclient's CellExecutionError if a cell raises."""
    import nbformat
    from nbclient import NotebookClient

    notebook: Any = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(
        notebook, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
    tidy(notebook)
    nbformat.validate(notebook)
    text: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    path.write_text(text + "\n", encoding="utf-8")


def tidy(notebook: Any) -> None:
    """Keep of the metadata only what is the same everywhere, and number the cells by role."""
    notebook.metadata = {**METADATA, "workbook": notebook.metadata["workbook"]}
    notebook.nbformat_minor = 5
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        role = "-".join(tags) or "none"
        seen[role] = seen.get(role, 0) + 1
        cell.id = f"{role}-{seen[role]}"
        cell.metadata = {"tags": tags}
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
            for output in cell.outputs:
                if "metadata" in output:
                    output["metadata"] = {}


def joined(outputs: list[Any]) -> list[Any]:
    """Put together what was printed in pieces: where the pieces part is a matter of time."""
    kept: list[Any] = []
    for output in outputs:
        stream = output["output_type"] == "stream" and output["name"]
        if kept and stream and kept[-1].get("name") == stream:
            kept[-1]["text"] += output["text"]
        else:
            kept.append(output)
    return kept


if __name__ == "__main__":
    for name in sys.argv[1:]:
        store(Path(name))
        print(f"{name}: run and stored")
