"""The hand-written statement, and a plain copy of the file as Parquet."""

import tempfile
from pathlib import Path

import duckdb
from hand_sql import failing_rows
from timing import measure


def load(path: str) -> dict[str, int]:
    counts = failing_rows(path)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "copy.parquet"
        duckdb.execute(f"COPY (FROM read_parquet('{path}')) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    return counts


if __name__ == "__main__":
    measure(load)
