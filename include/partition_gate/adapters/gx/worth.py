"""From what on a shortcut pays, and what it may take."""

from __future__ import annotations

from partition_gate.record import Record


class Worth(Record):
    """What a shortcut must spare, or may take.

    `footers`: from how many rows of a partition on it is looked up what footers state of columns; below, a statement
    more costs more than it spares. `trusted`: whether footers may answer for rows. `kept_bytes`: what the numbers of
    rows that break a rule may take in memory; the statement that keeps them gets that, and `read_bytes` for each column
    in each thread to read it (measured: 2.3 MB in row groups of 122,880).
    """

    footers: int = 20_000
    trusted: bool = True
    kept_bytes: int = 384 * 2**20
    read_bytes: int = 3 * 2**20
