"""What published files hold, in one number that does not depend on the order of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from partition_gate.adapters.gx.sql import read_parquet, select

NO_ROWS = "0"


def row_hash(connection: duckdb.DuckDBPyConnection, passing: Sequence[Path]) -> tuple[str, int]:
    """The sum of the hashes of the rows of the files, as they read back, and how many there are; independent of their
    order.
    """
    if not passing:
        return NO_ROWS, 0
    hashes = select(["hash(row(*COLUMNS(*)))::HUGEINT AS row_hash"], read_parquet(map(str, passing)))
    summed = select(["coalesce(sum(row_hash), 0)::VARCHAR", "count(row_hash)"], f"({hashes})")
    row = connection.execute(summed).fetchone()
    return (NO_ROWS, 0) if row is None else (str(row[0]), int(row[1]))
