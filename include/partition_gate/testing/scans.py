"""Scans and suites for tests: real Parquet files, real suite files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from partition_gate.checks.document import suite_document
from partition_gate.checks.expectations import Check, CompiledSuite, Core, Suite
from partition_gate.core.severity import Scope, Severity
from partition_gate.core.table import TableColumn, TableSchema
from partition_gate.judging.validation import PartitionScan, ReferenceFiles, SplitLabels


def a_scan(folder: Path, *files: pa.Table | bytes, columns: Mapping[str, str] | None = None) -> PartitionScan:
    """A scan of the table `orders` over `part-<i>.parquet`; `bytes` are written unchanged.

    `columns` (name -> DuckDB type) are the contract's; by default those of the first file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = tuple(folder / f"part-{i}.parquet" for i in range(len(files)))
    for path, file in zip(paths, files, strict=True):
        if isinstance(file, bytes):
            path.write_bytes(file)
        else:
            pq.write_table(file, path, row_group_size=1000)
    promised = _columns_of(paths[0]) if columns is None else columns
    named = tuple(TableColumn(name=name, source=name, type=kind) for name, kind in promised.items())
    return PartitionScan(
        paths=paths,
        sources=tuple(f"s3://landing/orders/{path.name}" for path in paths),
        table=TableSchema(name="orders", columns=named),
        partition_values=(),
    )


def a_reference(folder: Path, dataset: str, rows: pa.Table) -> ReferenceFiles:
    """A published dataset with one file."""
    path = folder / f"{dataset}.parquet"
    pq.write_table(rows, path)
    return ReferenceFiles(dataset=dataset, paths=(str(path),))


def a_suite(expectations: Mapping[str, tuple[str, Mapping[str, Any]]]) -> CompiledSuite:
    """A compiled suite from rule id -> (Great Expectations type, kwargs); all checks are blocking."""
    checks = tuple(
        Check(
            rule_id=rule_id,
            clause=f"schema[0].quality.{rule_id}",
            expectation=Core(type=kind, kwargs=json.dumps(kwargs)),
            dimension="conformity",
            severity=Severity.ERROR,
            scope=Scope.ROW,
            expected="as promised",
        )
        for rule_id, (kind, kwargs) in expectations.items()
    )
    suite = Suite(contract="orders", version="1.0.0", dataset="orders", checks=checks)
    return CompiledSuite(suite=suite, document=suite_document(suite))


def some_labels(**reasons: str) -> SplitLabels:
    return SplitLabels(contract="orders", version="1.0.0", attempt_id="orders-1", reasons=tuple(reasons.items()))


def parquet_bytes(table: pa.Table) -> bytes:
    """A table as a Parquet file with plain, compressed pages."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, use_dictionary=False, compression="zstd")
    return bytes(sink.getvalue())


def _columns_of(path: Path) -> dict[str, str]:
    with duckdb.connect() as connection:
        described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    return {name: kind for name, kind, *_ in described}
