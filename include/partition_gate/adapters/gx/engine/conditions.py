"""The conditions that Great Expectations compiles in one run, with the row filters that it applies before them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from great_expectations.expectations.row_conditions import deserialize_row_condition
from great_expectations.validator.metric_configuration import MetricConfiguration

CONDITION = ".condition"

Expression = sa.ColumnElement[bool]


class Conditions:
    """`resolve` replaces the search for duplicate keys by a lookup on the run's own connection; `to_filter` translates
    Great Expectations' row conditions.
    """

    def __init__(self, resolve: Callable[[Expression], Expression], to_filter: Callable[[Any], Any]) -> None:
        self._resolve = resolve
        self._to_filter = to_filter
        self._compiled: dict[MetricId, Any] = {}

    def __contains__(self, key: MetricId) -> bool:
        return key in self._compiled

    def learn(self, resolved: Mapping[MetricId, Any]) -> None:
        """Store the conditions among the resolved metrics."""
        self._compiled.update((key, value) for key, value in resolved.items() if key[0].endswith(CONDITION))

    def expression(self, key: MetricId, *, resolved: bool) -> Expression:
        """The condition of a key, after its guards; with `resolved` it is valid on this connection only."""
        condition, compute_domain, accessor_domain = self._compiled[key]
        guards = self.guards({**compute_domain, **accessor_domain})
        return sa.and_(*guards, self._resolve(condition) if resolved else condition)

    def guards(self, domain: Mapping[str, Any]) -> list[Expression]:
        """The row filters that Great Expectations applies before it evaluates a condition in this domain."""
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
        """The condition in Great Expectations' form, but true only for the rows with these numbers."""
        return (sa.column(number).in_(rows), *self._compiled[key][1:])


MetricId = Any  # Great Expectations' (name, domain id, value id)

UNEXPECTED, FILTERED = ".unexpected_count", ".filtered_row_count"
DETAILS = (".unexpected_values", ".unexpected_index_list", ".unexpected_rows", ".unexpected_value_counts")


def condition_id(count: MetricId) -> MetricId:
    """The id of the condition that belongs to a count."""
    return (f"{count[0].rpartition('.')[0]}.condition", *count[1:])


def count_id(detail: MetricConfiguration) -> MetricId:
    """The id of the count whose rows a detail shows."""
    name = next(detail.metric_name.removesuffix(suffix) for suffix in DETAILS if detail.metric_name.endswith(suffix))
    values = {key: value for key, value in detail.metric_value_kwargs.items() if key != "result_format"}
    return MetricConfiguration(f"{name}.unexpected_count", detail.metric_domain_kwargs, values).id
