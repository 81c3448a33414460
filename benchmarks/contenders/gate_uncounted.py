"""Partition Gate without the counters of columns: of a contract that names no column, none is counted."""

import tempfile
from pathlib import Path

from gate import judge
from gate_partition import the_scan
from timing import measure


def verdict_and_failing_rows(path: str) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        scan = the_scan(path, Path(folder) / "validated")
        unnamed = scan.table.model_copy(update={"columns": ()})
        return judge(scan.model_copy(update={"table": unnamed}))


if __name__ == "__main__":
    measure(verdict_and_failing_rows)
