"""What published files hold, in one number that does not depend on the order of its rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb

from partition_gate.adapters.gx.sql import read_parquet, select
from partition_gate.judging.validation import PartitionScan

NO_ROWS = "0"
HASHED = "_gate_row_hash"
ROW_HASH = (f"coalesce(sum({HASHED}), 0)::VARCHAR", f"count({HASHED})")  # of a relation that has each row's `HASHED`
_KEPT = "row-hash.json"


def hashed(columns: str) -> str:
    """The cell `HASHED` of a row of these columns (SQL)."""
    return f"hash(row({columns}))::HUGEINT AS {HASHED}"


def row_hash(connection: duckdb.DuckDBPyConnection, passing: Sequence[Path]) -> tuple[str, int]:
    """The sum of the hashes of the rows of the files, as they read back, and how many there are; independent of their
    order.
    """
    if not passing:
        return NO_ROWS, 0
    hashes = select([hashed("*COLUMNS(*)")], read_parquet(map(str, passing)))
    row = connection.execute(select(ROW_HASH, f"({hashes})")).fetchone()
    return (NO_ROWS, 0) if row is None else (str(row[0]), int(row[1]))


def keep_row_hash(scan: PartitionScan, row_hash: str, rows: int) -> None:
    """Leave the row hash of the scan's files in its scratch folder, if it has one."""
    if scan.scratch is not None:
        scan.scratch.mkdir(exist_ok=True)
        kept = {"files": list(map(str, scan.paths)), "row_hash": row_hash, "rows": rows}
        (scan.scratch / _KEPT).write_text(json.dumps(kept))


def kept_row_hash(scan: PartitionScan) -> tuple[str, int] | None:
    """The row hash and how many rows have it, if a confirmation left them for the same files."""
    if scan.scratch is None or not (scan.scratch / _KEPT).exists():
        return None
    kept = json.loads((scan.scratch / _KEPT).read_text())
    return (kept["row_hash"], kept["rows"]) if kept["files"] == list(map(str, scan.paths)) else None
