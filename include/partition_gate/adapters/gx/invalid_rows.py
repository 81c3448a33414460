"""How many rows break a rule by a column's value, being null apart."""

from __future__ import annotations

from collections.abc import Sequence

from partition_gate.adapters.gx.engine import DuckDBExecutionEngine
from partition_gate.adapters.gx.footers import READ_ERRORS
from partition_gate.adapters.gx.metric_ids import MetricId
from partition_gate.adapters.gx.sql import any_of, identifier, select
from partition_gate.adapters.gx.vocabulary import only_column
from partition_gate.judging.profile import ColumnCounters, PartitionProfile


def with_invalid_rows(engine: DuckDBExecutionEngine, profile: PartitionProfile) -> PartitionProfile:
    """The profile with the `invalid_count` of each column on which alone a row-level rule was judged."""
    rules: dict[str, list[MetricId]] = {}
    for key in set(engine.rules.values()) & engine.conditions.keys():
        rules.setdefault(only_column(engine.condition(key, settled=False)), []).append(key)
    columns = (
        column.model_copy(update={"invalid_count": _invalid(engine, column, rules[column.column])})
        if column.column in rules
        else column
        for column in profile.columns
    )
    return profile.model_copy(update={"columns": tuple(columns)})


def _invalid(engine: DuckDBExecutionEngine, column: ColumnCounters, rules: Sequence[MetricId]) -> int | None:
    broken = engine.broken_rows.count(rules)
    try:
        return None if broken is None else broken - (column.null_count if _a_null_breaks(engine, column, rules) else 0)
    except READ_ERRORS:
        return None


def _a_null_breaks(engine: DuckDBExecutionEngine, column: ColumnCounters, rules: Sequence[MetricId]) -> bool:
    """Whether a null breaks one of the rules, and so every null, as they look at nothing else."""
    null = f"(SELECT CAST(NULL AS {engine.partition.types[column.column]}) AS {identifier(column.column)})"
    conditions = (engine.literal_sql(engine.condition(key, settled=True)) for key in rules)
    [(broken,)] = engine.duckdb_connection.execute(select([any_of(conditions)], null)).fetchall()
    return bool(broken)
