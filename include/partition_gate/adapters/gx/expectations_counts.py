"""Expectations of the standard's clauses that Great Expectations lacks: defining them registers them."""

from __future__ import annotations

from typing import ClassVar

from great_expectations.expectations.expectation import ColumnMapExpectation

from partition_gate.adapters.gx import metrics_counts as metric
from partition_gate.adapters.gx.expectations import Sentence


class ExpectColumnValuesToBeMultiples(Sentence, ColumnMapExpectation):
    """Every value is a whole multiple of a decimal number; null values are not counted."""

    sentence: ClassVar[str] = "$column values must be whole multiples of $divisor"
    divisor: str
    map_metric: ClassVar[str | None] = metric.MULTIPLE
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "divisor")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "divisor")
