"""Metrics of the standard's clauses that Great Expectations lacks: defining a class registers its metric."""

# ruff: noqa: N805 (Great Expectations calls these functions with the class)

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)

from partition_gate.adapters.gx.engine import DuckDBExecutionEngine
from partition_gate.adapters.gx.rule_sql import is_multiple
from partition_gate.adapters.gx.sql import identifier

MULTIPLE = "column_values.multiple_of"


class Multiple(ColumnMapMetricProvider):
    condition_metric_name = MULTIPLE
    condition_value_keys = ("divisor",)

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, divisor: str, **_: Any) -> Any:
        return _condition(is_multiple(identifier(column.name), divisor))


def _condition(sql: str) -> sa.ColumnElement[bool]:
    return sa.literal_column(f"({sql})", sa.Boolean())
