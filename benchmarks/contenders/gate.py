"""Partition Gate: the verdict, and the failing rows with all their reasons as they go to quarantine."""

import tempfile
from pathlib import Path

from gate_partition import blocking, failed, the_scan, the_suite, the_validator
from timing import measure

from partition_gate.adapters.gx.duckdb.parquet_files import read_footers
from partition_gate.adapters.gx.duckdb.scan import Machine, open_connection
from partition_gate.adapters.gx.duckdb.split import failing_rows, open_view, quarantined_rows
from partition_gate.judging.validation import PartitionScan
from partition_gate.testing.scans import some_labels


def verdict_and_failing_rows(path: str) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        return judge(the_scan(path, Path(folder) / "validated"))


def judge(scan: PartitionScan) -> dict[str, int]:
    """The failed checks; the failing rows are read as they would be quarantined."""
    validation = the_validator().validate(scan, the_suite())
    broken = blocking(validation)
    if broken:
        with open_connection(Machine()) as connection:
            view = open_view(connection, scan, read_footers(scan))
            rule_ids = [predicate.rule_id for predicate in broken]
            query = quarantined_rows(view, failing_rows(scan, broken), rule_ids, some_labels())
            connection.sql(query).to_arrow_table()
    return failed(validation)


if __name__ == "__main__":
    measure(verdict_and_failing_rows)
