"""The partition of the benchmark, in the terms of Partition Gate."""

from pathlib import Path

import orders

from partition_gate.adapters.gx.imports import lean_imports
from partition_gate.checks.expectations import CompiledSuite
from partition_gate.core.table import TableColumn, TableSchema
from partition_gate.judging.validation import Evaluated, PartitionScan, RowPredicate, Validation
from partition_gate.testing.scans import a_suite

PARTITION_KEY = "2026-11-01"

with lean_imports():  # as in every run of a partition (`wiring.py`)
    from partition_gate.adapters.gx.validator import DuckDbValidator


def the_validator() -> DuckDbValidator:
    return DuckDbValidator()


def the_suite() -> CompiledSuite:
    checks = {rule_id: (kind, kwargs) for rule_id, (kind, kwargs, _) in orders.CHECKS.items()}
    return a_suite({**checks, "row_count": orders.ROW_COUNT})


def the_scan(path: str, scratch: Path) -> PartitionScan:
    columns = tuple(_column(name, kind) for name, kind in orders.TYPES.items())
    return PartitionScan(
        paths=(Path(path),),
        sources=("s3://landing/orders/part-0.parquet",),
        table=TableSchema(name="orders", columns=columns, partition_columns=(_column("dt", "DATE"),)),
        partition_values=(("dt", PARTITION_KEY),),
        scratch=scratch,
    )


def failed(validation: Validation) -> dict[str, int]:
    evaluated = [observation for observation in validation.observations if isinstance(observation, Evaluated)]
    if len(evaluated) < len(validation.observations):
        raise SystemExit(f"some checks could not be judged: {validation.observations}")
    return {check.rule_id: check.unexpected_count or 0 for check in evaluated if not check.success}


def blocking(validation: Validation) -> list[RowPredicate]:
    rules = failed(validation)
    return [predicate for predicate in validation.predicates if predicate.rule_id in rules]


def _column(name: str, kind: str) -> TableColumn:
    return TableColumn(name=name, source=name, type=kind)
