"""The condition that Great Expectations compiled for an expectation, as a predicate on rows."""

from __future__ import annotations

from collections.abc import Iterable

from great_expectations.expectations.registry import get_expectation_impl
from great_expectations.validator.validation_graph import ExpectationValidationGraph

from partition_gate.adapters.gx.engine.conditions import UNEXPECTED, MetricId, condition_id
from partition_gate.adapters.gx.engine.engine import DuckDBExecutionEngine


def register_rules(engine: DuckDBExecutionEngine, graphs: Iterable[ExpectationValidationGraph]) -> None:
    """Register the conditions of row-level rules with the engine, so that it keeps the rows that break them."""
    keys = ((graph.configuration.meta["rule_id"], _condition_key(graph)) for graph in graphs)
    engine.rules.update((str(rule_id), key) for rule_id, key in keys if key is not None)


def row_predicate(engine: DuckDBExecutionEngine, rule_id: str) -> str | None:
    """SQL over the view's columns that is true exactly for the rows that the engine counted as unexpected.

    None for expectations on the whole partition, and for those that check types instead of rows.
    """
    key = engine.rules.get(rule_id)
    return engine.predicate(key) if key in engine.conditions else None


def _condition_key(planned: ExpectationValidationGraph) -> MetricId | None:
    rule = getattr(get_expectation_impl(planned.configuration.type), "map_metric", None)
    counts = (edge.left for edge in planned.graph.edges if edge.left.metric_name == f"{rule}{UNEXPECTED}")
    count = next(counts, None)
    return None if count is None else condition_id(count.id)
