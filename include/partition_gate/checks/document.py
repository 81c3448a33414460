"""A suite as a Great Expectations suite file: the JSON that is committed, reviewed and executed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from partition_gate.checks.counts import (
    Bounds,
    DuplicateCount,
    DuplicateTogetherCount,
    Equals,
    InvalidCount,
    MissingCount,
    RowCountWithin,
    SqlValue,
)
from partition_gate.checks.expectations import (
    Check,
    ColumnPresent,
    ColumnTyped,
    Core,
    Expectation,
    FilesReadable,
    MatchesPartitionKey,
    References,
    ReferencesTogether,
    RowCount,
    Suite,
    Unique,
    UniqueTogether,
)
from partition_gate.checks.nested import FieldPresent, FieldTyped, Nested
from partition_gate.checks.promises import Promised
from partition_gate.checks.values import DateText, InRange, InSet, LengthInRange, Matches, MultipleOf, NotNull
from partition_gate.core.record import Record
from partition_gate.core.severity import Severity

# The type of a promise over time in a result document: the expectation that measured it is not the promise itself.
PROMISE_KEPT = "expect_promise_over_time_to_be_kept"
_GX_SEVERITY = {Severity.ERROR: "critical", Severity.WARNING: "warning", Severity.INFO: "info"}


def suite_document(suite: Suite) -> str:
    """The text of the suite file: one expectation per check, in order; equal suites give equal bytes."""
    document = {
        "name": f"{suite.contract}.{suite.dataset}",
        "id": _stable_id(suite.contract, suite.dataset),
        "expectations": [_expectation(check, suite) for check in suite.checks],
        "meta": {
            "contract": suite.contract,
            "contract_version": suite.version,
            "dataset": suite.dataset,
            "generated": "by `gate compile` from the contract; edit the contract, not this file",
        },
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def expectation_type(expectation: Expectation) -> str:
    """The Great Expectations name of an expectation."""
    return expectation.type if isinstance(expectation, Core) else _GX[expectation.kind][0]


def name_of(kind: type[Record]) -> str:
    """The Great Expectations name of a kind of expectation."""
    return _GX[kind.model_fields["kind"].default][0]


def _expectation(check: Check, suite: Suite) -> dict[str, Any]:
    kwargs = (
        json.loads(check.expectation.kwargs)
        if isinstance(check.expectation, Core)
        else _GX[check.expectation.kind][1](check.expectation)
    )
    return {
        "id": _stable_id(suite.contract, suite.dataset, check.rule_id),
        "type": expectation_type(check.expectation),
        "kwargs": kwargs,
        "severity": _GX_SEVERITY[check.severity],
        "meta": {
            "rule_id": check.rule_id,
            "clause": check.clause,
            "dimension": check.dimension,
            "scope": check.scope.value,
            "expected": check.expected,
            **({"notes": check.description} if check.description else {}),
            **({"business_impact": check.business_impact} if check.business_impact else {}),
            **({"promise": check.promise.model_dump(mode="json", exclude_defaults=True)} if check.promise else {}),
        },
    }


def _stable_id(*parts: str) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join(("partition-gate", *parts))))


def _non_default(**kwargs: Any) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if value is not None and value is not False}


def _mapped(e: Any, **kwargs: Any) -> dict[str, Any]:
    return {"column": e.column, **_non_default(**kwargs), **({"mostly": e.mostly} if e.mostly != 1 else {})}


def _range(e: InRange) -> dict[str, Any]:
    return _mapped(e, min_value=e.low, max_value=e.high, strict_min=e.low_is_exclusive, strict_max=e.high_is_exclusive)


def _together(e: UniqueTogether) -> dict[str, Any]:
    return {"column_list": list(e.columns), **({"mostly": e.mostly} if e.mostly != 1 else {})}


def _reference(e: References) -> dict[str, Any]:
    return _mapped(e, reference_dataset=e.to_dataset, reference_column=e.to_column)


def _bounds(bounds: Bounds) -> dict[str, Any]:
    limits = _non_default(
        min_value=bounds.low,
        max_value=bounds.high,
        strict_min=bounds.low_is_exclusive,
        strict_max=bounds.high_is_exclusive,
        negated=bounds.negated,
    )
    return {**limits, "unit": "percent" if bounds.is_percent else "rows"}


def _counted(e: Any, **kwargs: Any) -> dict[str, Any]:
    return {"column": e.column, **_non_default(**kwargs), **_bounds(e.bounds)}


def _invalid(e: InvalidCount) -> dict[str, Any]:
    return _counted(e, value_set=None if e.values is None else list(e.values), regex=e.pattern)


def _sql(e: SqlValue) -> dict[str, Any]:
    must = e.must
    limits = (
        {"value": must.value, **_non_default(negated=must.negated)}
        if isinstance(must, Equals)
        else _non_default(**_bounds(must))
    )
    limits.pop("unit", None)
    return {"query": e.query, "column_list": list(e.columns), **limits}


def _at(e: FieldPresent | FieldTyped | Nested) -> dict[str, Any]:
    return {"column": e.column, "path": list(e.path)}


def _nested(e: Nested) -> dict[str, Any]:
    rule = e.rule.model_dump(mode="json", exclude={"column", "mostly"}, exclude_defaults=True)
    return {**_at(e), "rule": {"kind": e.rule.kind, **rule}}


_GX: dict[str, tuple[str, Callable[[Any], dict[str, Any]]]] = {
    _kind.model_fields["kind"].default: (_name, _kwargs)
    for _kind, _name, _kwargs in (
        (FilesReadable, "expect_partition_files_to_be_readable", lambda _: {}),
        (ColumnPresent, "expect_partition_files_to_have_column", lambda e: {"column": e.column}),
        (
            ColumnTyped,
            "expect_partition_files_column_type_to_be_in_set",
            lambda e: {"column": e.column, "type_list": list(e.types)},
        ),
        (NotNull, "expect_column_values_to_not_be_null", _mapped),
        (Unique, "expect_column_values_to_be_unique", _mapped),
        (UniqueTogether, "expect_compound_columns_to_be_unique", _together),
        (InRange, "expect_column_values_to_be_between", _range),
        (
            LengthInRange,
            "expect_column_value_lengths_to_be_between",
            lambda e: _mapped(e, min_value=e.low, max_value=e.high),
        ),
        (Matches, "expect_column_values_to_match_regex", lambda e: _mapped(e, regex=e.pattern)),
        (MultipleOf, "expect_column_values_to_be_multiples", lambda e: _mapped(e, divisor=e.divisor)),
        (
            DateText,
            "expect_column_values_to_match_strftime_format",
            lambda e: _mapped(e, strftime_format=e.format),
        ),
        (InSet, "expect_column_values_to_be_in_set", lambda e: _mapped(e, value_set=list(e.values))),
        (MatchesPartitionKey, "expect_column_values_to_equal_partition_key", lambda e: {"column": e.column}),
        (References, "expect_column_values_to_exist_in_reference", _reference),
        (
            ReferencesTogether,
            "expect_compound_columns_to_exist_in_reference",
            lambda e: {
                "column_list": list(e.columns),
                "reference_dataset": e.to_dataset,
                "reference_columns": list(e.to_columns),
            },
        ),
        (
            MissingCount,
            "expect_column_missing_count_to_be_within",
            lambda e: _counted(e, missing_values=list(e.missing)),
        ),
        (InvalidCount, "expect_column_invalid_count_to_be_within", _invalid),
        (DuplicateCount, "expect_column_duplicate_count_to_be_within", _counted),
        (
            DuplicateTogetherCount,
            "expect_compound_columns_duplicate_count_to_be_within",
            lambda e: {"column_list": list(e.columns), **_bounds(e.bounds)},
        ),
        (Nested, "expect_column_inner_values_to_keep_rule", _nested),
        (FieldPresent, "expect_partition_files_to_have_inner_field", _at),
        (
            FieldTyped,
            "expect_partition_files_inner_type_to_be_in_set",
            lambda e: {**_at(e), "type_list": list(e.types)},
        ),
        (SqlValue, "expect_sql_value_to_be_within", _sql),
        (Promised, PROMISE_KEPT, lambda e: {"promise": e.sentence}),
        (RowCountWithin, "expect_row_count_to_be_within", lambda e: _bounds(e.bounds)),
        (RowCount, "expect_table_row_count_to_be_between", lambda e: _non_default(min_value=e.low, max_value=e.high)),
    )
}
