"""How many rows break a rule by a column's value, and whether those without a value are among them."""

from __future__ import annotations

from collections.abc import Sequence

from partition_gate.adapters.gx.distinct_values import only_column
from partition_gate.adapters.gx.engine import DuckDBExecutionEngine
from partition_gate.adapters.gx.footers import READ_ERRORS
from partition_gate.adapters.gx.metric_ids import MetricId
from partition_gate.adapters.gx.sql import any_of, identifier, select
from partition_gate.judging.profile import BrokenRows


def broken_by_column(engine: DuckDBExecutionEngine) -> tuple[BrokenRows, ...]:
    """Of each column on which alone a row-level rule was judged."""
    rules: dict[str, list[MetricId]] = {}
    for key in {key for key in engine.rules.values() if key in engine.conditions}:
        rules.setdefault(only_column(engine.conditions.expression(key, settled=False)), []).append(key)
    return tuple(_broken(engine, column, keys) for column, keys in rules.items() if column in engine.partition.types)


def _broken(engine: DuckDBExecutionEngine, column: str, rules: Sequence[MetricId]) -> BrokenRows:
    rows = engine.broken_rows.count(rules)
    try:
        return BrokenRows(column=column, rows=rows, with_nulls=bool(rows) and _a_null_breaks(engine, column, rules))
    except READ_ERRORS:
        return BrokenRows(column=column, rows=None, with_nulls=False)


def _a_null_breaks(engine: DuckDBExecutionEngine, column: str, rules: Sequence[MetricId]) -> bool:
    """Whether a null breaks one of the rules, and so every null, as they look at nothing else."""
    null = f"(SELECT CAST(NULL AS {engine.partition.types[column]}) AS {identifier(column)})"
    conditions = (engine.literal_sql(engine.conditions.expression(key, settled=True)) for key in rules)
    [(broken,)] = engine.duckdb_connection.execute(select([any_of(conditions)], null)).fetchall()
    return bool(broken)
