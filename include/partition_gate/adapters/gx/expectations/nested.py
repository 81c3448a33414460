"""Expectations on fields inside a column, with their metrics. Defining a class registers it."""

# ruff: noqa: N805 (Great Expectations calls a metric's functions with the class)

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from partition_gate.adapters.gx.duckdb.nested_files import fields_alike, types_at
from partition_gate.adapters.gx.duckdb.nested_sql import breaks
from partition_gate.adapters.gx.duckdb.parquet_files import NO_TYPE
from partition_gate.adapters.gx.engine.engine import DuckDBExecutionEngine
from partition_gate.adapters.gx.expectations.partition import AboutBatch, as_typed, nothing_lacking
from partition_gate.core.quoting import identifier

SATISFIES_INNER_RULE = "column_values.keep_inner_rule"
INNER_TYPES, INNER_LACKING = "partition_files.inner_types", "partition_files.lacking_inner_field"


class SatisfiesInnerRule(ColumnMapMetricProvider):
    condition_metric_name = SATISFIES_INNER_RULE
    condition_value_keys = ("path", "rule")

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, path: list[str], rule: dict[str, Any], **_: Any) -> Any:
        return sa.literal_column(f"(NOT {breaks(identifier(column.name), path, rule)})", sa.Boolean())


class InnerTypes(TableMetricProvider):
    metric_name = INNER_TYPES
    value_keys = ("column", "path")

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, execution_engine: DuckDBExecutionEngine, metric_value_kwargs: dict[str, Any], **_: Any) -> Any:
        return types_at(execution_engine.partition, metric_value_kwargs["column"], metric_value_kwargs["path"])


class InnerFieldLacking(TableMetricProvider):
    metric_name = INNER_LACKING
    value_keys = ("column", "path")

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, execution_engine: DuckDBExecutionEngine, metric_value_kwargs: dict[str, Any], **_: Any) -> Any:
        partition, column, path = execution_engine.partition, metric_value_kwargs["column"], metric_value_kwargs["path"]
        lacking = [source for source, kind in types_at(partition, column, path) if kind is None]
        return lacking, list(fields_alike(partition, column, path))


class ExpectColumnInnerValuesToKeepRule(ColumnMapExpectation):
    """Every value at the path in the column satisfies the rule; a row is counted once, however many values fail."""

    path: list[str]
    rule: dict[str, Any]
    map_metric: ClassVar[str | None] = SATISFIES_INNER_RULE
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "path", "rule")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "path", "rule")


class ExpectPartitionFilesToHaveInnerField(AboutBatch):
    """The footer of every file has the field at the path."""

    column: str
    path: list[str]
    metric_dependencies: ClassVar[tuple[str, ...]] = (INNER_LACKING,)
    success_keys: ClassVar[tuple[str, ...]] = ("column", "path")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "path")

    def judged(self, metric_value: tuple[list[str], list[str]]) -> tuple[bool, dict[str, Any]]:
        return nothing_lacking(*metric_value)


class ExpectPartitionFilesInnerTypeToBeInSet(AboutBatch):
    """In the footer of every file, the field at the path has one of these Arrow types; absence is another check."""

    column: str
    path: list[str]
    type_list: list[str]
    metric_dependencies: ClassVar[tuple[str, ...]] = (INNER_TYPES,)
    success_keys: ClassVar[tuple[str, ...]] = ("column", "path", "type_list")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "path", "type_list")

    def judged(self, metric_value: list[tuple[str, str | None]]) -> tuple[bool, dict[str, Any]]:
        accepted = (None, NO_TYPE, *self.type_list)
        mistyped = [(source, kind) for source, kind in metric_value if kind and kind not in accepted]
        return as_typed(mistyped, self.type_list)
