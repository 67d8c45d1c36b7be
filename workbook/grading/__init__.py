"""The grading harness. It knows no kata.

How a check is run, from the outside in:

    attempt.py      one file against the checks of one kata, two children at a time, within a budget
    check.py        what a check is: rule, stage, time limit, hints, and the function that judges
    client.py       the parent's end of a warden: send a plan, receive records, learn how it ended
    warden.py       a small process that forks the child, enforces limits, sweeps what is left behind
    child.py        runs in the child: loads the learner's file, lets a player perform the plan
    actors.py       runs in the child: named threads, and the knowledge which of them wait, and where
    ending.py       how a child ended -> one plain sentence
    verdict.py      the records that come out, as plain data
    results.py      verdicts -> the JSON of --results
    card.py         verdict -> the failure card
    inert.py        text of a learner -> text that no terminal obeys

Rules, inputs and expected values stay in the parent. The child receives operations, performs them on the
learner's code and reports what happened; the parent judges that history. The names of `child.py` and
`warden.py` are run as scripts in isolated interpreters and import nothing of the workbook.
"""
