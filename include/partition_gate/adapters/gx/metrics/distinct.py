"""Metrics over a column's distinct values. Great Expectations' own on SQL compare some of them in Python, where a
decimal or a date never equals what a suite's JSON says; count a member of a set twice that stands in it twice; and
take every value for a member of a set with a null."""

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
    def _duckdb(cls, execution_engine: DuckDBExecutionEngine, **asked: Any) -> Any:
        outside = _outside(execution_engine, **asked)
        return execution_engine.execute_query(sa.select(sa.func.count()).select_from(outside.subquery())).scalar()


class NotInSet(ColumnAggregateMetricProvider):
    metric_name = "column.distinct_values.not_in_set"
    value_keys = ("value_set", "limit")

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, execution_engine: DuckDBExecutionEngine, **asked: Any) -> Any:
        outside = _outside(execution_engine, **asked)
        shown = outside.order_by(sa.column("value")).limit(_limit(asked))
        return [row[0] for row in execution_engine.execute_query(shown).fetchall()]


class MissingFromColumnCount(ColumnAggregateMetricProvider):
    metric_name = "column.distinct_values.missing_from_column.count"
    value_keys = ("value_set",)

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, execution_engine: DuckDBExecutionEngine, **asked: Any) -> Any:
        return len(_missing(execution_engine, **asked))


class MissingFromColumn(ColumnAggregateMetricProvider):
    metric_name = "column.distinct_values.missing_from_column"
    value_keys = ("value_set", "limit")

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, execution_engine: DuckDBExecutionEngine, **asked: Any) -> Any:
        missing = _missing(execution_engine, **asked)
        return missing[: _limit(asked)]


class ValueCounts(ColumnAggregateMetricProvider):
    """What the most common value and the divergence are found from: values as JSON has them, in their order."""

    metric_name = "column.value_counts"
    value_keys = ("sort", "collate")

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(
        cls, execution_engine: DuckDBExecutionEngine, metric_domain_kwargs: dict[str, Any], **_: Any
    ) -> pd.Series[Any]:
        value, source = _known(execution_engine, metric_domain_kwargs)
        counted = sa.select(value, sa.func.count()).select_from(source).where(value.is_not(None))
        rows = execution_engine.execute_query(counted.group_by(value).order_by(value)).fetchall()
        values = pd.Index([as_json_has_it(row[0]) for row in rows], name="value")
        return pd.Series([row[1] for row in rows], index=values, name="count")


def as_json_has_it(value: Any) -> Any:
    """A number as a float, a date or time as ISO 8601 text; what JSON has of itself, and the rest, as it is."""
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


def _limit(asked: dict[str, Any]) -> int:
    return int(asked["metric_value_kwargs"].get("limit") or _MOST_SHOWN)


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
    """The members of the set that the column has not, each once; it never has a null."""
    value, source = _known(engine, metric_domain_kwargs)
    members = list(dict.fromkeys(metric_value_kwargs["value_set"]))
    known = [member for member in members if member is not None]
    if not known:
        return members
    found: Any = sa.select(value.label("value")).select_from(source).where(value.in_(known)).distinct().subquery()
    counts = sa.select(*[sa.func.count_if(found.c.value == member) for member in known])
    counted = dict(zip(known, engine.execute_query(counts).fetchone(), strict=True))
    return [member for member in members if not counted.get(member)]
