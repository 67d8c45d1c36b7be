"""Discrete-event simulator of publish/subscribe systems: four scenarios, each beside its closed form.

How the parts fit:

    scenario.py    Scenario (parameters that check themselves, run(seed) -> Result), Result, grid
    streams.py     Streams(seed, replication, kind): named draws, so that policies meet the same messages
    engine.py      the one engine, on SimPy: a Topic offers messages to subscribers; alarm.py re-arms one event
    subscriber.py  a bounded buffer and its handler;  pool.py several handlers;  meter.py what was measured there
    policies.py    what happens to a message at a full buffer: one small class per answer
    traffic.py     how messages come: bursts, batches, token buckets;  fluid.py a buffer as a fluid
    slow_subscriber.py  buffer_sizing.py  hot_keys.py  reconnect_storm.py     one scenario each
    theory*.py     closed forms, no simulation;  oracle.py  an independent second implementation
    oracle_*.py    the same over arrays, a hundred million messages at a time;  at_scale.py  their command
    executors.py   this process, worker processes, or a Dask cluster by its address
    sweep.py       scenarios x replications over any executor;  precision.py  as many as a question needs
    statistics.py  t-intervals over replications, paired differences, warm-up
    plots/         results -> figures, the only importer of matplotlib;  __main__.py  the command

A scenario file holds one `@dataclass(frozen=True, kw_only=True)` Scenario whose fields come from `parameter`
(each with unit, help and limits), and one such Result whose fields come from `measure`. Its `run` makes
`Streams(seed, replication, streams)`, builds actors, runs the environment, and returns
`TheResult(**self.origin(streams), ...)`. `exact()` gives the closed form for each measure that has one.
`sweep(grid(TheScenario(), policy=(...), load=(...)), replications=20, executor=...)` runs it anywhere.

Everything but the oracles and plots needs only SimPy and the standard library: it also runs in a browser.
"""
