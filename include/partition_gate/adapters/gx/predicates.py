"""Great Expectations' own compiled condition of an expectation, as a predicate on rows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.registry import get_expectation_impl
from great_expectations.expectations.row_conditions import deserialize_row_condition

from partition_gate.adapters.gx.engine import DuckDBExecutionEngine


def row_predicate(engine: DuckDBExecutionEngine, configuration: ExpectationConfiguration) -> str | None:
    """SQL over the view's columns, true exactly for the rows that the engine counted as unexpected.

    None for expectations on the whole partition, and for those that look at types instead of rows.
    """
    metric = getattr(get_expectation_impl(configuration.type), "map_metric", None)
    if metric is None:
        return None
    metric_domain = {**configuration.kwargs, "batch_id": engine.batch_manager.active_batch_id}
    judged = ExpectationConfiguration(type=configuration.type, kwargs=metric_domain).to_domain_obj()
    dependencies = judged.get_validation_dependencies(
        execution_engine=engine, runtime_configuration={"result_format": "BOOLEAN_ONLY"}
    )
    count = dependencies.get_metric_configuration(f"{metric}.unexpected_count")
    key = None if count is None else (f"{metric}.condition", *count.id[1:])
    if key not in engine.conditions:
        return None
    condition, compute_domain, accessor_domain = engine.conditions[key]
    guards = _guards(engine, {**compute_domain, **accessor_domain})
    return engine.literal_sql(sa.and_(*guards, condition))


def _guards(engine: DuckDBExecutionEngine, domain: dict[str, Any]) -> list[sa.ColumnElement[bool]]:
    """What Great Expectations filters by before it evaluates the condition."""
    row_condition: Any = domain.get("row_condition")
    if isinstance(row_condition, dict):
        row_condition = deserialize_row_condition(row_condition)
    guards = [] if row_condition is None else [engine.condition_to_filter_clause(row_condition)]
    names = domain.get("column_list") or [domain.get("column_A"), domain.get("column_B")]
    missing = [sa.column(name).is_(None) for name in names if name]
    match domain.get("ignore_row_if"):
        case "both_values_are_missing" | "all_values_are_missing":
            guards.append(sa.not_(sa.and_(*missing)))
        case "either_value_is_missing" | "any_value_is_missing":
            guards.append(sa.not_(sa.or_(*missing)))
    return guards
