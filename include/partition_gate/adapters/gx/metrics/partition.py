"""Metrics that Great Expectations lacks on SQL, or that DuckDB computes better in another way.

Defining a class registers its metric for `DuckDBExecutionEngine`; Great Expectations finds metrics by engine class.

NaN is a value in DuckDB: not null, equal to itself, greater than every number. So it fails an upper bound, passes a
lower one, and two NaNs are duplicates.
"""

# ruff: noqa: N805 (Great Expectations calls these functions with the class)

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
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
from great_expectations.expectations.metrics.metric_provider import metric_partial, metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from partition_gate.adapters.gx.duckdb.scan import FITS_SCHEMA, reference_view
from partition_gate.adapters.gx.duckdb.sql import literal
from partition_gate.adapters.gx.duckdb.uniqueness import duplicates
from partition_gate.adapters.gx.engine.engine import DuckDBExecutionEngine

FILES_TOUCHED = "partition_files.touched"
FILES_LACKING = "partition_files.lacking_column"
FILES_MISTYPED = "partition_files.mistyped_column"
EQUALS_PARTITION_KEY = "column_values.equal_partition_key"
IN_REFERENCE = "column_values.in_reference"


class Unique(ColumnMapMetricProvider):
    """Great Expectations uses a join. As a row-level condition, it shares the single SELECT and can split rows."""

    condition_metric_name = "column_values.unique"

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, _table: Any = None, **_: Any) -> Any:
        return column.not_in(duplicates([column], _table))


class UniqueTogether(MulticolumnMapMetricProvider):
    """As in SQL's UNIQUE, and in Great Expectations' own join, a row with a null member duplicates nothing."""

    condition_metric_name = "compound_columns.unique"
    condition_domain_keys = ("batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if")

    @multicolumn_condition_partial(engine=DuckDBExecutionEngine)  # type: ignore[untyped-decorator]
    def _duckdb(cls, column_list: list[Any], _table: Any = None, **_: Any) -> Any:
        unique = sa.tuple_(*column_list).not_in(duplicates(column_list, _table))
        return sa.or_(*[column.is_(None) for column in column_list], unique)


# Great Expectations lists metric names that must not get a FROM clause, because its own versions are joins. Ours are
# conditions, so they are renamed once they are registered, which takes them off that list.
Unique.condition_metric_name = "duckdb.column_values.unique"
UniqueTogether.condition_metric_name = "duckdb.compound_columns.unique"


class InReference(ColumnMapMetricProvider):
    """The value exists in a column of a referenced dataset's published version."""

    condition_metric_name = IN_REFERENCE
    condition_value_keys = ("reference_dataset", "reference_column")

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, reference_dataset: str, reference_column: str, **_: Any) -> Any:
        parent: sa.ColumnClause[Any] = sa.column(reference_column)
        view = sa.table(sa.quoted_name(reference_view(reference_dataset), quote=True))
        return column.in_(sa.select(parent).select_from(view).where(parent.is_not(None)))


class EqualsPartitionKey(ColumnMapMetricProvider):
    """The value equals the partition key's value for the column, compared in the column's type."""

    condition_metric_name = EQUALS_PARTITION_KEY

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, _execution_engine: Any = None, **_: Any) -> Any:
        partition = _execution_engine.partition
        stored = partition.stored_keys()
        if column.name not in stored:
            return sa.true()  # every row gets the key's value
        key = sa.text(f"TRY_CAST({literal(stored[column.name])} AS {partition.types[column.name]})")
        return column.is_not_distinct_from(key)


class JsonParseable(ColumnMapMetricProvider):
    condition_metric_name = "column_values.json_parseable"

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, **_: Any) -> Any:
        return sa.func.json_valid(column)


class FitsJsonSchema(ColumnMapMetricProvider):
    """Great Expectations supports it only on pandas and Spark."""

    condition_metric_name = "column_values.match_json_schema"
    condition_value_keys = ("json_schema",)

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, json_schema: Any, **_: Any) -> Any:
        fits = getattr(sa.func, FITS_SCHEMA)
        return fits(sa.cast(column, sa.VARCHAR), json.dumps(json_schema, sort_keys=True))


class MatchesStrftime(ColumnMapMetricProvider):
    condition_metric_name = "column_values.match_strftime_format"
    condition_value_keys = ("strftime_format",)

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, strftime_format: str, **_: Any) -> Any:
        return sa.func.try_strptime(column, strftime_format).is_not(None)


class DateParseable(ColumnMapMetricProvider):
    """ISO 8601 as DuckDB reads it, which is stricter than dateutil, which accepts almost anything as a date."""

    condition_metric_name = "column_values.dateutil_parseable"

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, **_: Any) -> Any:
        return sa.try_cast(column, sa.TIMESTAMP).is_not(None)


class RowCount(TableMetricProvider):
    """A separate query, for which DuckDB reads no rows. Every condition waits for it, so as one of the aggregates it
    would cause a second scan."""

    metric_name = "table.row_count"

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, execution_engine: DuckDBExecutionEngine, metric_domain_kwargs: dict[str, Any], **_: Any) -> Any:
        rows: Any = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.TABLE)[0]
        source = rows.subquery() if isinstance(rows, sa.Select) else rows
        return execution_engine.execute_query(sa.select(sa.func.count()).select_from(source)).scalar()


class FilesTouched(TableMetricProvider):
    """Decodes every column completely, within the single SELECT, which fails on a damaged page."""

    metric_name = FILES_TOUCHED

    @metric_partial(
        engine=DuckDBExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _duckdb(cls, execution_engine: DuckDBExecutionEngine, metric_domain_kwargs: dict[str, Any], **_: Any) -> Any:
        _, compute, accessor = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.TABLE)
        # first(), because DuckDB computes count() and max() from the footers.
        names = execution_engine.partition.columns
        touched = (sa.cast(sa.func.first(sa.column(name)).is_(None), sa.INTEGER) for name in names)
        # One call with many arguments, because DuckDB cannot parse the nesting of a sum of 1,000 columns.
        return sa.func.greatest(sa.literal(0), *touched), compute, accessor


class FilesLackingColumn(TableMetricProvider):
    metric_name = FILES_LACKING
    value_keys = ("column",)

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, execution_engine: DuckDBExecutionEngine, metric_value_kwargs: dict[str, Any], **_: Any) -> Any:
        column, partition = metric_value_kwargs["column"], execution_engine.partition
        return [list(found(column)) for found in (partition.lacking, partition.named_alike, partition.repeating)]


class FilesMistypingColumn(TableMetricProvider):
    metric_name = FILES_MISTYPED
    value_keys = ("column", "type_list")

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, execution_engine: DuckDBExecutionEngine, metric_value_kwargs: dict[str, Any], **_: Any) -> Any:
        values = metric_value_kwargs
        return list(execution_engine.partition.mistyped(values["column"], values["type_list"]))
