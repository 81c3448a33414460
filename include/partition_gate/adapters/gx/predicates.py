"""Great Expectations' own compiled condition of an expectation, as a predicate on rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from great_expectations.exceptions.exceptions import GreatExpectationsError
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.registry import get_expectation_impl

from partition_gate.adapters.gx.engine import DuckDBExecutionEngine
from partition_gate.adapters.gx.metric_ids import MetricId


def watch_rows(engine: DuckDBExecutionEngine, configurations: Sequence[ExpectationConfiguration]) -> None:
    """Tell the engine which conditions are those of row-level rules, so that it keeps the rows that break them."""
    keys = ((one.meta["rule_id"], _condition_key(engine, one)) for one in configurations)
    engine.rules.update((str(rule_id), key) for rule_id, key in keys if key is not None)


def row_predicate(engine: DuckDBExecutionEngine, rule_id: str) -> str | None:
    """SQL over the view's columns, true exactly for the rows that the engine counted as unexpected.

    None for expectations on the whole partition, and for those that look at types instead of rows.
    """
    key = engine.rules.get(rule_id)
    return engine.predicate(key) if key in engine.conditions else None


def _condition_key(engine: DuckDBExecutionEngine, configuration: ExpectationConfiguration) -> MetricId | None:
    try:
        metric = getattr(get_expectation_impl(configuration.type), "map_metric", None)
        return None if metric is None else _count_key(engine, configuration, metric)
    except (GreatExpectationsError, ValueError, TypeError, KeyError):
        return None  # it cannot be judged either, and its result will say why


def _count_key(engine: DuckDBExecutionEngine, configuration: ExpectationConfiguration, metric: str) -> MetricId | None:
    metric_domain: dict[str, Any] = {**configuration.kwargs, "batch_id": engine.batch_manager.active_batch_id}
    judged = ExpectationConfiguration(type=configuration.type, kwargs=metric_domain).to_domain_obj()
    dependencies = judged.get_validation_dependencies(
        execution_engine=engine, runtime_configuration={"result_format": "BOOLEAN_ONLY"}
    )
    count = dependencies.get_metric_configuration(f"{metric}.unexpected_count")
    return None if count is None else (f"{metric}.condition", *count.id[1:])
