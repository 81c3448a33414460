"""What the engine may use, and from when on it looks distinct values up."""

from __future__ import annotations

from partition_gate.record import Record


class EngineOptions(Record):
    """`look_up_from_rows`: in partitions of so many rows and more, conditions are judged by a column's distinct values
    where these are few; below, a statement more costs more than it saves. `kept_bytes`: what the numbers of rows that
    break a rule may take in memory; the statement that keeps them gets that, and `read_bytes` for each column in each
    thread to read it (measured: 2.3 MB in row groups of 122,880).
    """

    look_up_from_rows: int = 20_000
    kept_bytes: int = 384 * 2**20
    read_bytes: int = 3 * 2**20
