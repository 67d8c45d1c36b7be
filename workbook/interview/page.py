"""The candidate's page: three files without a word about answers, and the sentences for those who may not see it."""

from __future__ import annotations

from html import escape

WRONG_TOKEN = "This link is not valid; ask the interviewer for the present one."
SECOND_BROWSER = "This link was opened in another browser already; ask the interviewer for a new one."
NO_COOKIE = "This browser has not opened the interviewer's link, or has lost its cookie; ask for a new link."
WRONG_HOST = "This page answers only under its own address, 127.0.0.1; open the link as it was given."
NOT_HERE = "There is nothing under this address; open the link as it was given."
ONLY_GET = "This page can only be looked at."

HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Interview</title>
<link rel="stylesheet" href="/page.css">
<script src="/page.js" defer></script>
</head>
<body>
<main>
<p id="title" aria-live="polite">The page is loading.</p>
<p id="question" aria-live="polite"></p>
<p id="clock" role="timer"></p>
<p id="state" role="status"></p>
</main>
<noscript><p>This page keeps itself up to date with JavaScript; allow it, and load the page again.</p></noscript>
</body>
</html>
"""

CSS = """:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fdfdfb; --quiet: #595959; }
@media (prefers-color-scheme: dark) { :root { --ink: #eeeeee; --paper: #17191c; --quiet: #a8a8a8; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.1rem/1.5 system-ui, sans-serif; }
main { max-width: 44rem; margin: 0 auto; padding: 8vh 1.5rem 2rem; }
#title { color: var(--quiet); margin: 0 0 1rem; }
#question { font-size: clamp(1.4rem, 3.2vw, 2.1rem); line-height: 1.35; margin: 0 0 2.5rem; }
#question code { font-family: ui-monospace, monospace; font-size: 0.92em; }
#clock { font-variant-numeric: tabular-nums; color: var(--quiet); margin: 0 0 1rem; }
#state { font-weight: 600; min-height: 1.5em; }
"""

JS = """'use strict';
const show = (id, text) => {
  const place = document.getElementById(id);
  if (place.dataset.text === text) return;
  place.dataset.text = text;
  place.textContent = '';
  text.split('`').forEach((part, number) => {
    if (!part) return;
    const child = number % 2 ? document.createElement('code') : document.createElement('span');
    child.textContent = part;
    place.append(child);
  });
};
const clock = (seconds) => {
  const whole = Math.floor(Math.abs(seconds));
  const pad = (number) => String(number).padStart(2, '0');
  return (seconds <= -1 ? '-' : '') + pad(Math.floor(whole / 60)) + ':' + pad(whole % 60);
};
const draw = (view) => {
  show('title', view.title);
  show('question', view.question);
  const here = view.minutes ? clock(view.seconds) + ' of ' + view.minutes + ':00 for this; ' : '';
  show('clock', view.done ? '' : here + clock(view.left) + ' left in all');
  show('state', view.paused ? 'Paused: the clock stands.' : '');
};
let ended = false;
const look = async () => {
  try {
    const answer = await fetch('/state', { cache: 'no-store', signal: AbortSignal.timeout(4000) });
    if (!answer.ok) {
      show('state', await answer.text());
      return;
    }
    const view = await answer.json();
    ended = view.done;
    draw(view);
  } catch (error) {
    if (!ended) show('state', 'The interviewer\\u2019s screen does not answer; this page goes on trying.');
  }
};
const again = async () => {
  await look();
  if (!ended) setTimeout(again, 1000);
};
document.addEventListener('visibilitychange', () => { if (!document.hidden && !ended) look(); });
again();
"""


def refusal(sentence: str) -> str:
    """A page of one sentence."""
    head = '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Interview</title>'
    return f"{head}<p>{escape(sentence)}</p></html>\n"
