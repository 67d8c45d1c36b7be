"""Question notebooks -> Question records. The only reader of notebooks; whoever writes one follows this text.

A notebook `notebooks/qNN_slug.ipynb` (nbformat 4.5, kernel python3, at most 60 KB) is one interview question,
written for a reader who has ten minutes.

Metadata, under the key `workbook`:

    id         "q03", as in the file's name
    title      "A minimal in-process broker": also the heading of the first cell
    level      "junior" q01-q07, "middle" q08-q15, "senior" q16-q22, "staff" q23-q25
    minutes    speaking time of question and follow-up, a whole number from 1 to 30
    topics     one to six short words, lower case
    kata       "broker", "wildcard" or "outbox"; left out where none belongs to it
    scenario   "slow_subscriber", "buffer_sizing", "hot_keys" or "reconnect_storm"; left out where none does

Every cell has exactly one tag, its role. The roles come in this order, all are required but `go`, and only
`demo`, `trap` and `go` may take more than their number of cells:

    question          1 text   `# Title`, then the question as it is said in a block quote (`> ...`), then a
                               paragraph that starts with `**Why it is asked.**`
    predict           1 text   `## Predict`, then what to write down before anything is run
                      1 code   `prediction = None`, with a comment behind it that says what to put there
    answer            1 text   `## Answer`, then a folded block (below) of two to five sentences; nothing else
    key-points        1 text   `## Key points`, then 4 to 7 items `- **Label.** What to say.`
    demo              n cells  the first is a text `## Demo: ...`; at least one is code
    trap              n cells  each trap starts with a text `## Trap: the claim that goes round`, then says what
                               is wrong with it; at least one code cell follows in each
    go                n text   the first starts with `## In Go`; listings in fences ```go (below)
    follow-up         1 text   `## Follow-up`, then a block quote
    follow-up-answer  1 text   a folded block: one to five sentences, then 2 to 6 items `- **Label.** ...`
    try-it            1 text   `## Try it`, then one change to make and what to watch
    signals           1 text   `## Signals`, then `**Red flags**` and a list, `**Strong signals**` and a list
    sources           1 text   `## Sources`, then items `- [Title, version](https://...) § Section: what it
                               says`; without the link, `- Title § Section: ...`, for what is only on paper

A folded block is, with these empty lines,

    <details><summary>What to say in the room</summary>

    Text.

    </details>

Code cells have at most 15 lines that are not empty. The last code cell of the demo and of each trap has an
`assert` and prints a result, the same at every run: no times, no addresses, no order by luck. They do not
mention NBVAL and have been run from top to bottom; their stored outputs are standard output, text/plain or
image/svg+xml, never an error or a warning, and none of them depends on `prediction`, which only a learner sets
(`if prediction is not None: print(...)`).

A Go listing is a whole file. All are vetted; one with `package main` and `func main` is also run under the race
detector, must end with code 0, and prints exactly what its closing comment `// Output:` says, a line each.

A label is a few words ending in a full stop and unique in its notebook; with the question's id it names the
point (`q03:bounded-queue`) for concept checks, interviews and cards, so it changes only when the point does.
"""
