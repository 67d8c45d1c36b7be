"""The page in which the simulator runs, or the sentence that says why it does not."""

from __future__ import annotations

import json

from workbook.playground.charts import form

HEAD = """---
title: Playground
hide:
  - toc
---

# Playground

The simulator itself, in this page: move a slider, and the curves are simulated again on your machine. Say what you
expect before you look. A band is a 95 % interval over replications, a dashed line the closed form.
"""
ABSENT = """
!!! note "Not in this copy of the site"

    The playground needs Pyodide, which npm brings: run `npm ci`, then build the site again. The same simulations run
    on the command line: `pubsub sim --list`.
"""


def playground_page(there: bool) -> str:
    """The form is made by a script from the parameters' own rules; without a script there is the command line."""
    if not there:
        return HEAD + ABSENT
    data = json.dumps(form() | {"hues": _hues()}).replace("<", "\\u003c")
    return (
        f'{HEAD}\n<div id="play"></div>\n\n'
        "<noscript>It needs JavaScript. Without it, the same simulations run on the command line: "
        "<code>pubsub sim --list</code>.</noscript>\n\n"
        f'<script type="application/json" id="play-form">{data}</script>\n'
        '<script type="module" src="../assets/playground/page.mjs"></script>\n'
    )


def _hues() -> dict[str, dict[str, dict[str, str]]]:
    """The colour of every policy in both themes, as in the figures."""
    from sim.plots.palette import HUES, hue  # only here: matplotlib takes long to import

    return {
        name: {
            label: {theme: colours[hue(label, scenario["labels"])] for theme, colours in HUES.items()}
            for label in scenario["labels"]
        }
        for name, scenario in form()["scenarios"].items()
    }
