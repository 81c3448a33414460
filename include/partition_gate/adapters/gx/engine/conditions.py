"""Great Expectations' compiled conditions of one run, with what it filters by before it evaluates them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from great_expectations.expectations.row_conditions import deserialize_row_condition
from great_expectations.validator.metric_configuration import MetricConfiguration

CONDITION = ".condition"

Expression = sa.ColumnElement[bool]


class Conditions:
    """`settled` looks duplicate keys up, for the run's own connection; `to_filter` translates Great Expectations' row
    conditions.
    """

    def __init__(self, settled: Callable[[Expression], Expression], to_filter: Callable[[Any], Any]) -> None:
        self._settled = settled
        self._to_filter = to_filter
        self._compiled: dict[MetricId, Any] = {}

    def __contains__(self, key: MetricId) -> bool:
        return key in self._compiled

    def learn(self, resolved: Mapping[MetricId, Any]) -> None:
        """Keep the conditions among resolved metrics."""
        self._compiled.update((key, value) for key, value in resolved.items() if key[0].endswith(CONDITION))

    def expression(self, key: MetricId, *, settled: bool) -> Expression:
        """The condition of that key behind its guards; `settled`: for this connection only."""
        condition, compute_domain, accessor_domain = self._compiled[key]
        guards = self.guards({**compute_domain, **accessor_domain})
        return sa.and_(*guards, self._settled(condition) if settled else condition)

    def guards(self, domain: Mapping[str, Any]) -> list[Expression]:
        """What Great Expectations filters by before it evaluates a condition in this domain."""
        row_condition: Any = domain.get("row_condition")
        if isinstance(row_condition, dict):
            row_condition = deserialize_row_condition(row_condition)
        guards = [] if row_condition is None else [self._to_filter(row_condition)]
        names = domain.get("column_list") or [domain.get("column_A"), domain.get("column_B")]
        missing = [sa.column(name).is_(None) for name in names if name]
        match domain.get("ignore_row_if"):
            case "both_values_are_missing" | "all_values_are_missing":
                guards.append(sa.not_(sa.and_(*missing)))
            case "either_value_is_missing" | "any_value_is_missing":
                guards.append(sa.not_(sa.or_(*missing)))
        return guards

    def for_rows(self, key: MetricId, rows: list[int], number: str) -> Any:
        """The metric of that condition as Great Expectations keeps it, but true for the rows with these numbers."""
        return (sa.column(number).in_(rows), *self._compiled[key][1:])


MetricId = Any  # Great Expectations' (name, domain id, value id)

UNEXPECTED, FILTERED = ".unexpected_count", ".filtered_row_count"
DETAILS = (".unexpected_values", ".unexpected_index_list", ".unexpected_rows", ".unexpected_value_counts")


def condition_id(count: MetricId) -> MetricId:
    """The id of the condition that a count counts."""
    return (f"{count[0].rpartition('.')[0]}.condition", *count[1:])


def count_id(detail: MetricConfiguration) -> MetricId:
    """The id of the count that a detail shows some rows of."""
    name = next(detail.metric_name.removesuffix(suffix) for suffix in DETAILS if detail.metric_name.endswith(suffix))
    values = {key: value for key, value in detail.metric_value_kwargs.items() if key != "result_format"}
    return MetricConfiguration(f"{name}.unexpected_count", detail.metric_domain_kwargs, values).id
