"""Great Expectations' ids of metrics, and which metric an id belongs with."""

from __future__ import annotations

from typing import Any

from great_expectations.validator.metric_configuration import MetricConfiguration

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
