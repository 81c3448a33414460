"""Expectations of the standard's clauses that Great Expectations lacks: defining them registers them."""

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
from partition_gate.adapters.gx.expectations.partition import AboutBatch, Sentence
from partition_gate.adapters.gx.metrics import counts as metric
from partition_gate.checks.counts import Bounds
from partition_gate.core.display import share

COUNTED = "counted"  # a result's field: how many rows, and their share, in words
IS_TEXT = "is_text"  # a result's field: the observed value is a text, so it may be made of rows' values
_ROWS, _NULLS = "table.row_count", "column_values.nonnull.unexpected_count"
_WITHIN = "must be within $min_value and $max_value $unit"


class _Bounded(BatchExpectation, ABC):
    """A count that must keep bounds; `strict_*` excludes a bound, `negated` asks for a count that is not there."""

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
        return {**outcome, "result": result, "success": self._bounds.hold_for(count, of=rows)}


_BOUNDS = ("min_value", "max_value", "strict_min", "strict_max", "negated", "unit")


class _ColumnCount(Sentence, ColumnMapExpectation, _Bounded, ABC):
    """How many rows Great Expectations finds unexpected for `map_metric`."""

    counts_nulls: ClassVar[bool] = False

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: dict[str, Any] | None = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        count = metrics[f"{self.map_metric}.unexpected_count"] or 0
        known = {**metrics, _NULLS: 0} if self.counts_nulls else metrics  # none is left out of what is judged
        outcome: Any = super()._validate(known, runtime_configuration, execution_engine)
        return self._judged(outcome, count, metrics[_ROWS])


class ExpectColumnMissingCountToBeWithin(_ColumnCount):
    """So many rows have one of the values that stand for a missing one (null is one where it is listed)."""

    sentence: ClassVar[str] = f"The number of rows with a missing $column {_WITHIN}"
    missing_values: list[Any]
    counts_nulls: ClassVar[bool] = True
    map_metric: ClassVar[str | None] = metric.PRESENT
    success_keys: ClassVar[tuple[str, ...]] = ("missing_values", *_BOUNDS)
    args_keys: ClassVar[tuple[str, ...]] = ("column", "missing_values", *_BOUNDS)


class ExpectColumnInvalidCountToBeWithin(_ColumnCount):
    """So many rows have a value outside of the set, or one that does not match the pattern."""

    sentence: ClassVar[str] = f"The number of rows with an invalid $column {_WITHIN}"
    value_set: list[Any] | None = None
    regex: str | None = None
    map_metric: ClassVar[str | None] = metric.VALID
    success_keys: ClassVar[tuple[str, ...]] = ("value_set", "regex", *_BOUNDS)
    args_keys: ClassVar[tuple[str, ...]] = ("column", "value_set", "regex", *_BOUNDS)


class ExpectColumnDuplicateCountToBeWithin(_ColumnCount):
    """So many rows share their value with another row."""

    sentence: ClassVar[str] = f"The number of rows whose $column stands in another row {_WITHIN}"
    map_metric: ClassVar[str | None] = "column_values.unique"
    success_keys: ClassVar[tuple[str, ...]] = _BOUNDS
    args_keys: ClassVar[tuple[str, ...]] = ("column", *_BOUNDS)


class ExpectCompoundColumnsDuplicateCountToBeWithin(Sentence, MulticolumnMapExpectation, _Bounded):
    """So many rows share their values with another row."""

    sentence: ClassVar[str] = f"The number of rows whose $column_list stand in another row {_WITHIN}"
    map_metric: ClassVar[str | None] = "compound_columns.unique"
    success_keys: ClassVar[tuple[str, ...]] = _BOUNDS
    args_keys: ClassVar[tuple[str, ...]] = ("column_list", *_BOUNDS)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: dict[str, Any] | None = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        outcome: Any = super()._validate(metrics, runtime_configuration, execution_engine)
        return self._judged(outcome, metrics[f"{self.map_metric}.unexpected_count"] or 0, metrics[_ROWS])


class ExpectRowCountToBeWithin(AboutBatch, _Bounded):
    """The partition has so many rows."""

    sentence: ClassVar[str] = f"The number of rows {_WITHIN}"
    metric_dependencies: ClassVar[tuple[str, ...]] = (_ROWS,)
    success_keys: ClassVar[tuple[str, ...]] = _BOUNDS
    args_keys: ClassVar[tuple[str, ...]] = _BOUNDS

    def judged(self, found: int) -> tuple[bool, dict[str, Any]]:
        return self._bounds.hold_for(found, of=found), {"observed_value": f"{found} rows", "element_count": found}


class ExpectSqlValueToBeWithin(AboutBatch, _Bounded):
    """The one value of the contract's query keeps the bounds, or is (`negated`: is not) `value`. Null never does."""

    sentence: ClassVar[str] = f"The value of $query {_WITHIN.removesuffix(' $unit')}"
    query: str
    column_list: list[str]
    value: StrictBool | str | None = None
    metric_dependencies: ClassVar[tuple[str, ...]] = (metric.SQL_ANSWER,)
    success_keys: ClassVar[tuple[str, ...]] = ("query", "value", *_BOUNDS)
    args_keys: ClassVar[tuple[str, ...]] = ("query", "value", *_BOUNDS)

    def judged(self, found: Answer) -> tuple[bool, dict[str, Any]]:
        shown = "null" if found is None else float(found) if isinstance(found, Decimal) else found
        return self._kept_by(found), {"observed_value": shown, IS_TEXT: isinstance(found, str)}

    def _kept_by(self, answer: Answer) -> bool:
        if answer is None:
            return False
        if self.value is not None:
            return (type(answer) is type(self.value) and answer == self.value) is not self.negated
        try:
            return self._bounds.hold(Fraction(str(int(answer) if isinstance(answer, bool) else answer)))
        except ValueError:  # a text, NaN or infinity is not between two numbers
            return False


class ExpectColumnValuesToBeMultiples(Sentence, ColumnMapExpectation):
    """Every value is a whole multiple of a decimal number; null values are not counted."""

    sentence: ClassVar[str] = "$column values must be whole multiples of $divisor"
    divisor: str
    map_metric: ClassVar[str | None] = metric.MULTIPLE
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "divisor")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "divisor")


class ExpectCompoundColumnsToExistInReference(Sentence, MulticolumnMapExpectation):
    """Every tuple of values stands in another dataset's newest published version."""

    sentence: ClassVar[str] = "$column_list must exist as $reference_columns of the published $reference_dataset"
    reference_dataset: str
    reference_columns: list[str]
    map_metric: ClassVar[str | None] = metric.IN_REFERENCE_TOGETHER
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "reference_dataset", "reference_columns")
    args_keys: ClassVar[tuple[str, ...]] = ("column_list", "reference_dataset", "reference_columns")
