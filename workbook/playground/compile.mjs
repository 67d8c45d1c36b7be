/* node compile.mjs PYODIDE FROM TO: the .py files of the zip FROM compiled by Pyodide's own Python, into the zip TO.
   A page that loads Python from sources compiles two hundred modules first, which takes longer than all the rest. */
import { readFile, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { join } from "node:path";

const [home, from, to] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(join(home, "pyodide.mjs")));
const python = await loadPyodide({ env: { PYTHONHASHSEED: "0" } }); // the same sources give the same bytes
python.FS.writeFile("/from.zip", await readFile(from));
python.runPython(`
import zipfile
from importlib._bootstrap_external import _code_to_hash_pyc

def compiled(name, source):
    # Never compared with a source, which is not there: a zip of .pyc files alone is a zip of modules.
    return bytes(_code_to_hash_pyc(compile(source, name, "exec", dont_inherit=True), bytes(8), False))

with zipfile.ZipFile("/from.zip") as source, zipfile.ZipFile("/to.zip", "w", zipfile.ZIP_DEFLATED) as target:
    for name in sorted(source.namelist()):
        content = source.read(name)
        if name.endswith(".py"):
            name, content = name + "c", compiled(name, content)
        target.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
`);
await writeFile(to, python.FS.readFile("/to.zip"));
