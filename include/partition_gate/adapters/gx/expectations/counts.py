"""Expectations for clauses of the standard that Great Expectations lacks. Defining a class registers it."""

from __future__ import annotations

from abc import ABC
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, Literal

from great_expectations.compatibility.pydantic import StrictBool
from great_expectations.expectations.expectation import (
    BatchExpectation,
    ColumnMapExpectation,
    MulticolumnMapExpectation,
)

from partition_gate.adapters.gx.duckdb.sql_rules import Answer
from partition_gate.adapters.gx.expectations.partition import AboutBatch
from partition_gate.adapters.gx.metrics import counts as metric
from partition_gate.checks.counts import Bounds
from partition_gate.core.display import counted, share

COUNTED = "counted"  # a result's field: the row count and percentage as text
IS_TEXT = "is_text"  # a result's field: the observed value is text, so it may contain row values
_ROWS, _NULLS = "table.row_count", "column_values.nonnull.unexpected_count"


class _Bounded(BatchExpectation, ABC):
    """A count that must be within bounds; `strict_*` excludes a bound, `negated` requires a count outside of them."""

    min_value: float | None = None
    max_value: float | None = None
    strict_min: bool = False
    strict_max: bool = False
    negated: bool = False
    unit: Literal["rows", "percent"] = "rows"

    @property
    def _bounds(self) -> Bounds:
        return Bounds(
            low=self.min_value,
            high=self.max_value,
            low_is_exclusive=self.strict_min,
            high_is_exclusive=self.strict_max,
            negated=self.negated,
            is_percent=self.unit == "percent",
        )

    def _judged(self, outcome: dict[str, Any], count: int, rows: int) -> dict[str, Any]:
        result = {**outcome["result"], COUNTED: f"{count} of {rows} rows ({share(count, rows)})"}
        return {**outcome, "result": result, "success": self._bounds.allow_count(count, of=rows)}


_BOUNDS = ("min_value", "max_value", "strict_min", "strict_max", "negated", "unit")


class _ColumnCount(ColumnMapExpectation, _Bounded, ABC):
    """The number of unexpected rows of `map_metric`."""

    counts_nulls: ClassVar[bool] = False

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: dict[str, Any] | None = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        count = metrics[f"{self.map_metric}.unexpected_count"] or 0
        known = {**metrics, _NULLS: 0} if self.counts_nulls else metrics  # nulls are judged, too
        outcome: Any = super()._validate(known, runtime_configuration, execution_engine)
        return self._judged(outcome, count, metrics[_ROWS])


class ExpectColumnMissingCountToBeWithin(_ColumnCount):
    """The number of rows with one of the values that mean 'missing' (null only if it is listed)."""

    missing_values: list[Any]
    counts_nulls: ClassVar[bool] = True
    map_metric: ClassVar[str | None] = metric.PRESENT
    success_keys: ClassVar[tuple[str, ...]] = ("missing_values", *_BOUNDS)
    args_keys: ClassVar[tuple[str, ...]] = ("column", "missing_values", *_BOUNDS)


class ExpectColumnInvalidCountToBeWithin(_ColumnCount):
    """The number of rows whose value is outside the set or does not match the pattern."""

    value_set: list[Any] | None = None
    regex: str | None = None
    map_metric: ClassVar[str | None] = metric.VALID
    success_keys: ClassVar[tuple[str, ...]] = ("value_set", "regex", *_BOUNDS)
    args_keys: ClassVar[tuple[str, ...]] = ("column", "value_set", "regex", *_BOUNDS)


class ExpectColumnDuplicateCountToBeWithin(_ColumnCount):
    """The number of rows that share their value with another row."""

    map_metric: ClassVar[str | None] = "column_values.unique"
    success_keys: ClassVar[tuple[str, ...]] = _BOUNDS
    args_keys: ClassVar[tuple[str, ...]] = ("column", *_BOUNDS)


class ExpectCompoundColumnsDuplicateCountToBeWithin(MulticolumnMapExpectation, _Bounded):
    """The number of rows that share their values with another row."""

    map_metric: ClassVar[str | None] = "compound_columns.unique"
    success_keys: ClassVar[tuple[str, ...]] = _BOUNDS
    args_keys: ClassVar[tuple[str, ...]] = ("column_list", *_BOUNDS)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: dict[str, Any] | None = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        outcome: Any = super()._validate(metrics, runtime_configuration, execution_engine)
        return self._judged(outcome, metrics[f"{self.map_metric}.unexpected_count"] or 0, metrics[_ROWS])


class ExpectRowCountToBeWithin(AboutBatch, _Bounded):
    """The number of rows of the partition."""

    metric_dependencies: ClassVar[tuple[str, ...]] = (_ROWS,)
    success_keys: ClassVar[tuple[str, ...]] = _BOUNDS
    args_keys: ClassVar[tuple[str, ...]] = _BOUNDS

    def judged(self, metric_value: int) -> tuple[bool, dict[str, Any]]:
        rows = metric_value
        return self._bounds.allow_count(rows, of=rows), {"observed_value": counted(rows, "row"), "element_count": rows}


class ExpectSqlValueToBeWithin(AboutBatch, _Bounded):
    """The value of the contract's query is in the bounds, or equals (`negated`: differs from) `value`. Null fails."""

    query: str
    column_list: list[str]
    value: StrictBool | str | None = None
    metric_dependencies: ClassVar[tuple[str, ...]] = (metric.SQL_ANSWER,)
    success_keys: ClassVar[tuple[str, ...]] = ("query", "value", *_BOUNDS)
    args_keys: ClassVar[tuple[str, ...]] = ("query", "value", *_BOUNDS)

    def judged(self, metric_value: Answer) -> tuple[bool, dict[str, Any]]:
        answer = metric_value
        shown = "null" if answer is None else float(answer) if isinstance(answer, Decimal) else answer
        return self._accepts(answer), {"observed_value": shown, IS_TEXT: isinstance(answer, str)}

    def _accepts(self, answer: Answer) -> bool:
        if answer is None:
            return False
        if self.value is not None:
            return (type(answer) is type(self.value) and answer == self.value) is not self.negated
        try:
            return self._bounds.allow(Fraction(str(int(answer) if isinstance(answer, bool) else answer)))
        except ValueError:  # text, NaN and infinity are not between two numbers
            return False


class ExpectColumnValuesToBeMultiples(ColumnMapExpectation):
    """Every value is a whole multiple of a decimal number; null values are not counted."""

    divisor: str
    map_metric: ClassVar[str | None] = metric.MULTIPLE
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "divisor")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "divisor")


class ExpectCompoundColumnsToExistInReference(MulticolumnMapExpectation):
    """Every tuple of values exists in another dataset's newest published version."""

    reference_dataset: str
    reference_columns: list[str]
    map_metric: ClassVar[str | None] = metric.IN_REFERENCE_TOGETHER
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "reference_dataset", "reference_columns")
    args_keys: ClassVar[tuple[str, ...]] = ("column_list", "reference_dataset", "reference_columns")
