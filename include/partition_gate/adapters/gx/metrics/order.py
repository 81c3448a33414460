"""Metrics over a column's order and spread, which Great Expectations supports on SQL databases only in part."""

# ruff: noqa: N805 (Great Expectations calls these functions with the class)

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.expectations.metrics.column_aggregate_metric_provider import ColumnAggregateMetricProvider
from great_expectations.expectations.metrics.column_aggregate_metrics.column_outlier_statistics import (
    IQR_METHOD,
    OutlierStatistics,
)
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)
from great_expectations.expectations.metrics.metric_provider import metric_value

from partition_gate.adapters.gx.duckdb.scan import ROW
from partition_gate.adapters.gx.engine.engine import DuckDBExecutionEngine


class Increasing(ColumnMapMetricProvider):
    """Each value is compared with the previous non-null value, in the order of the files and their rows."""

    condition_metric_name = "column_values.increasing"
    condition_value_keys = ("strictly",)

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, _table: Any = None, strictly: bool | None = None, **_: Any) -> Any:  # noqa: FBT001 (GX's signature)
        known, value, before = _successive(column, _table)
        return _not_among(known, value <= before if strictly else value < before)


class Decreasing(ColumnMapMetricProvider):
    """As `Increasing`, in the opposite direction."""

    condition_metric_name = "column_values.decreasing"
    condition_value_keys = ("strictly",)

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, _table: Any = None, strictly: bool | None = None, **_: Any) -> Any:  # noqa: FBT001 (GX's signature)
        known, value, before = _successive(column, _table)
        return _not_among(known, value >= before if strictly else value > before)


class Spread(ColumnAggregateMetricProvider):
    """Quartiles are interpolated as in pandas; Great Expectations has no query for them on this database."""

    metric_name = "column.outlier_statistics"
    value_keys = ("method",)

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(
        cls,
        execution_engine: DuckDBExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_: Any,
    ) -> OutlierStatistics:
        domain = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.COLUMN)
        source = domain[0].subquery() if isinstance(domain[0], sa.Select) else domain[0]
        number: Any = sa.cast(sa.column(domain[2]["column"]), sa.DOUBLE)
        by_quartiles = metric_value_kwargs["method"] == IQR_METHOD
        cells = (
            [sa.func.quantile_cont(number, 0.25), sa.func.quantile_cont(number, 0.75)]
            if by_quartiles
            else [sa.func.avg(number), sa.func.stddev_samp(number)]
        )
        first, second = execution_engine.execute_query(sa.select(*cells).select_from(source)).fetchone()
        if not by_quartiles:
            return OutlierStatistics.symmetric(center=first, spread=second)
        spread = None if first is None else second - first
        return OutlierStatistics(lower_reference=first, upper_reference=second, spread=spread)


def _successive(column: Any, table: Any) -> tuple[Any, Any, Any]:
    source = table.subquery() if hasattr(table, "subquery") else table
    row: Any = sa.column(ROW)
    before = sa.func.lag(column).over(order_by=row).label("before")
    known = sa.select(row, column.label("value"), before).select_from(source).where(column.is_not(None)).subquery()
    return known, known.c.value, known.c.before


def _not_among(known: Any, out_of_order: Any) -> Any:
    return sa.column(ROW).not_in(sa.select(known.c[ROW]).where(out_of_order))
