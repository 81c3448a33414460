"""One reading of all rows after a verdict that rests on footers: what they stated, the counters, the row hash."""

from __future__ import annotations

from typing import Any

import duckdb

from partition_gate.adapters.gx.footers import READ_ERRORS, read_footers
from partition_gate.adapters.gx.profile import Profiler
from partition_gate.adapters.gx.row_hash import ROW_HASH, hashed, keep_row_hash
from partition_gate.adapters.gx.scan import SWEPT, create_view
from partition_gate.adapters.gx.sql import identifier, select
from partition_gate.judging.profile import PartitionProfile
from partition_gate.judging.validation import PartitionScan, Unread


def read_all(connection: duckdb.DuckDBPyConnection, scan: PartitionScan, unread: Unread) -> PartitionProfile | None:
    """The profile of files that are all as the table promises; None where they cannot be read to their end, or a footer
    was not true. Their row hash is left in the scan's scratch folder, unless rows are broken, so that it is not wanted.
    """
    try:
        profiler = Profiler(connection, create_view(connection, scan, read_footers(scan)), unread.counted)
        counted, row_hash = _read(connection, profiler, scan, unread)
    except READ_ERRORS:
        return None
    if counted != [count for _, count in unread.assumed]:
        return None
    if row_hash:
        keep_row_hash(scan, *row_hash)
    return profiler.profile({}).with_invalid(unread.broken)


def _read(
    connection: duckdb.DuckDBPyConnection, profiler: Profiler, scan: PartitionScan, unread: Unread
) -> tuple[list[int], list[Any]]:
    """What the assumed counts are; the row hash and how many rows have it, or nothing."""
    cells = profiler.cells(but=())
    asked = [*cells.values(), *(sql for sql, _ in unread.assumed)]
    if not any(column.rows for column in unread.broken):
        asked += ROW_HASH
    columns = ", ".join(identifier(column.name) for column in scan.target.columns)
    rows = select(["*", hashed(columns)], SWEPT)
    found = list(connection.execute(select(asked, f"({rows})")).fetchone() or ())
    profiler.take(dict(zip(cells, found, strict=False)))
    counted = found[len(cells) :]
    return counted[: len(unread.assumed)], counted[len(unread.assumed) :]
