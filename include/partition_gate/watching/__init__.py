"""What the watch looks for between the runs: partitions that never came, that wait, that changed, and broken promises.

A room of its own, because these questions are about a dataset and the clock, not about one attempt (judging/), and
because their answers are problems (incidents/), which contract/ must not import. Pure.
"""
