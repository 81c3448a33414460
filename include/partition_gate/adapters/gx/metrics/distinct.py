"""Metrics over a column's distinct values. Great Expectations' own SQL versions compare some values in Python, where a
decimal or a date never equals its JSON form; count a duplicate member of the set twice; and accept every value if the
set contains null."""

# ruff: noqa: N805 (Great Expectations calls a metric's functions with the class)

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any

import pandas as pd
import sqlalchemy as sa
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.expectations.metrics.column_aggregate_metric_provider import ColumnAggregateMetricProvider
from great_expectations.expectations.metrics.metric_provider import metric_value

from partition_gate.adapters.gx.engine.engine import DuckDBExecutionEngine

_MOST_SHOWN = 20


class NotInSetCount(ColumnAggregateMetricProvider):
    metric_name = "column.distinct_values.not_in_set.count"
    value_keys = ("value_set",)

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, execution_engine: DuckDBExecutionEngine, **arguments: Any) -> Any:
        outside = _outside(execution_engine, **arguments)
        return execution_engine.execute_query(sa.select(sa.func.count()).select_from(outside.subquery())).scalar()


class NotInSet(ColumnAggregateMetricProvider):
    metric_name = "column.distinct_values.not_in_set"
    value_keys = ("value_set", "limit")

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, execution_engine: DuckDBExecutionEngine, **arguments: Any) -> Any:
        outside = _outside(execution_engine, **arguments)
        shown = outside.order_by(sa.column("value")).limit(_limit(arguments))
        return [row[0] for row in execution_engine.execute_query(shown).fetchall()]


class MissingFromColumnCount(ColumnAggregateMetricProvider):
    metric_name = "column.distinct_values.missing_from_column.count"
    value_keys = ("value_set",)

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, execution_engine: DuckDBExecutionEngine, **arguments: Any) -> Any:
        return len(_missing(execution_engine, **arguments))


class MissingFromColumn(ColumnAggregateMetricProvider):
    metric_name = "column.distinct_values.missing_from_column"
    value_keys = ("value_set", "limit")

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, execution_engine: DuckDBExecutionEngine, **arguments: Any) -> Any:
        missing = _missing(execution_engine, **arguments)
        return missing[: _limit(arguments)]


class ValueCounts(ColumnAggregateMetricProvider):
    """The basis of the most common value and the divergence: values in their JSON form, sorted."""

    metric_name = "column.value_counts"
    value_keys = ("sort", "collate")

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(
        cls, execution_engine: DuckDBExecutionEngine, metric_domain_kwargs: dict[str, Any], **_: Any
    ) -> pd.Series[Any]:
        value, source = _known(execution_engine, metric_domain_kwargs)
        counted = sa.select(value, sa.func.count()).select_from(source).where(value.is_not(None))
        rows = execution_engine.execute_query(counted.group_by(value).order_by(value)).fetchall()
        values = pd.Index([in_json_form(row[0]) for row in rows], name="value")
        return pd.Series([row[1] for row in rows], index=values, name="count")


def in_json_form(value: Any) -> Any:
    """A decimal as a float, a date or time as ISO 8601 text; other values are unchanged."""
    match value:
        case Decimal():
            return float(value)
        case date() | time():
            return value.isoformat()
        case _:
            return value


def _known(engine: DuckDBExecutionEngine, domain: dict[str, Any]) -> tuple[Any, Any]:
    rows, _, names = engine.get_compute_domain(domain, MetricDomainTypes.COLUMN)
    source: Any = rows.subquery() if isinstance(rows, sa.Select) else rows
    return sa.column(names["column"]), source


def _limit(arguments: dict[str, Any]) -> int:
    return int(arguments["metric_value_kwargs"].get("limit") or _MOST_SHOWN)


def _outside(
    engine: DuckDBExecutionEngine,
    *,
    metric_domain_kwargs: dict[str, Any],
    metric_value_kwargs: dict[str, Any],
    **_: Any,
) -> Any:
    """The distinct values that are not in the set, as `value`."""
    value, source = _known(engine, metric_domain_kwargs)
    members = [member for member in metric_value_kwargs["value_set"] if member is not None]
    distinct = sa.select(value.label("value")).select_from(source).where(value.is_not(None)).distinct()
    return distinct.where(value.not_in(members)) if members else distinct


def _missing(
    engine: DuckDBExecutionEngine,
    *,
    metric_domain_kwargs: dict[str, Any],
    metric_value_kwargs: dict[str, Any],
    **_: Any,
) -> list[Any]:
    """The members of the set that the column lacks, each once; null is always lacking."""
    value, source = _known(engine, metric_domain_kwargs)
    members = list(dict.fromkeys(metric_value_kwargs["value_set"]))
    known = [member for member in members if member is not None]
    if not known:
        return members
    present: Any = sa.select(value.label("value")).select_from(source).where(value.in_(known)).distinct().subquery()
    counts = sa.select(*[sa.func.count_if(present.c.value == member) for member in known])
    counted = dict(zip(known, engine.execute_query(counts).fetchone(), strict=True))
    return [member for member in members if not counted.get(member)]
