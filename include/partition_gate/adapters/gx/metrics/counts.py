"""Metrics for clauses of the standard that Great Expectations lacks. Defining a class registers its metric."""

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
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_condition_partial import (
    multicolumn_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_map_metric_provider import (
    MulticolumnMapMetricProvider,
)
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from partition_gate.adapters.gx.duckdb.query_process import QueryRefused
from partition_gate.adapters.gx.duckdb.scan import reference_view
from partition_gate.adapters.gx.duckdb.sql import is_multiple
from partition_gate.adapters.gx.engine.engine import DuckDBExecutionEngine
from partition_gate.adapters.gx.engine.query_errors import QueryFailed
from partition_gate.core.quoting import identifier

MULTIPLE = "column_values.multiple_of"
PRESENT = "column_values.present"
VALID = "column_values.valid"
IN_REFERENCE_TOGETHER = "compound_columns.in_reference"
SQL_ANSWER = "contract_sql.answer"


class Multiple(ColumnMapMetricProvider):
    condition_metric_name = MULTIPLE
    condition_value_keys = ("divisor",)

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, divisor: str, **_: Any) -> Any:
        return _condition(is_multiple(identifier(column.name), divisor))


class Present(ColumnMapMetricProvider):
    """The value is not one of those that mean 'missing'; null is one of them only if it is listed.

    Listed texts are compared with the value as text, listed numbers with the value as a number, whatever its type.
    """

    condition_metric_name = PRESENT
    condition_value_keys = ("missing_values",)
    filter_column_isnull = False

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, missing_values: list[Any], **_: Any) -> Any:
        is_null: sa.ColumnElement[bool] = column.is_(None)
        if missing_values == [None]:
            return sa.not_(is_null)
        texts = [str(v).lower() if isinstance(v, bool) else v for v in missing_values if isinstance(v, str | bool)]
        numbers = [v for v in missing_values if isinstance(v, int | float) and not isinstance(v, bool)]
        differs = sa.and_(
            sa.cast(column, sa.VARCHAR).not_in(texts),
            sa.func.coalesce(sa.try_cast(column, sa.DOUBLE).not_in(numbers), sa.true()),
        )
        return sa.and_(sa.not_(is_null), differs) if None in missing_values else sa.or_(is_null, differs)


class Valid(ColumnMapMetricProvider):
    """The value is in the set and matches the pattern; either may be absent."""

    condition_metric_name = VALID
    condition_value_keys = ("value_set", "regex")

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, value_set: list[Any] | None = None, regex: str | None = None, **_: Any) -> Any:
        conditions = [] if value_set is None else [column.in_(value_set)]
        conditions += [] if regex is None else [sa.func.regexp_matches(column, regex)]
        return sa.and_(*conditions)


class InReferenceTogether(MulticolumnMapMetricProvider):
    """The tuple exists in columns of a referenced dataset's published version, or has a null member."""

    condition_metric_name = IN_REFERENCE_TOGETHER
    condition_domain_keys = ("batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if")
    condition_value_keys = ("reference_dataset", "reference_columns")

    @multicolumn_condition_partial(engine=DuckDBExecutionEngine)  # type: ignore[untyped-decorator]
    def _duckdb(
        cls, column_list: list[Any], reference_dataset: str = "", reference_columns: tuple[str, ...] = (), **_: Any
    ) -> Any:
        parents: list[sa.ColumnClause[Any]] = [sa.column(name) for name in reference_columns]
        view = sa.table(sa.quoted_name(reference_view(reference_dataset), quote=True))
        known = sa.select(sa.func.row(*parents)).select_from(view).where(*[parent.is_not(None) for parent in parents])
        return sa.or_(*[column.is_(None) for column in column_list], sa.func.row(*column_list).in_(known))


class SqlAnswer(TableMetricProvider):
    """The value of a contract's own query; see `sql_rules`."""

    metric_name = SQL_ANSWER
    value_keys = ("query",)

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, execution_engine: DuckDBExecutionEngine, metric_value_kwargs: dict[str, Any], **_: Any) -> Any:
        query = metric_value_kwargs["query"]
        try:
            rules = execution_engine.sql_rules
            return rules.answer(execution_engine.duckdb_connection, execution_engine.partition, query)
        except QueryRefused as refused:
            raise QueryFailed(str(refused)) from None


def _condition(sql: str) -> sa.ColumnElement[bool]:
    return sa.literal_column(f"({sql})", sa.Boolean())
