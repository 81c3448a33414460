"""Checks of a column's clauses. One small function a clause, found by its name; a new clause is one line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from partition_gate.column_types import accepted_by_logical, accepted_by_physical
from partition_gate.contract import Clause, Column
from partition_gate.drafts import Draft, NotExecutable
from partition_gate.suite import (
    ColumnPresent,
    ColumnTyped,
    Expectation,
    InRange,
    InSet,
    LengthInRange,
    Matches,
    NotNull,
    Scalar,
    Scope,
    Unique,
)

# Formats of the standard that one regular expression decides. Source: ODCS 3.1, logicalTypeOptions.format.
FORMATS = {
    "email": r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
    "uuid": r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
    "ipv4": r"^((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)$",
    "uri": r"^[A-Za-z][A-Za-z0-9+.-]*:\S+$",
}
# RE2 runs in linear time because it has none of these.
_NOT_IN_RE2 = ("(?=", "(?!", "(?<=", "(?<!", "\\1", "\\2", "\\k<")


class Unfit(Exception):  # a sentence about the clause, not a failure
    """Why a clause cannot be executed."""


def compile_clause(column: Column, clause: Clause) -> Draft | NotExecutable | None:
    """The clause's check; None for a clause that another check covers."""
    if clause.name in _COVERED_ELSEWHERE:
        return None
    compiler = _COMPILERS.get(clause.name)
    if compiler is None:
        return NotExecutable(clause=clause.path, why=f"{clause.name.removeprefix('option.')} is not executable yet")
    try:
        expectation, expected = compiler(column, clause.value)
    except Unfit as unfit:
        return NotExecutable(clause=clause.path, why=str(unfit))
    return Draft(
        name=f"{column.name}.{clause.name.removeprefix('option.')}",
        clause=clause.path,
        expectation=expectation,
        dimension=_DIMENSIONS.get(clause.name, "conformity"),
        scope=Scope.PARTITION if clause.name in _PARTITION_LEVEL else Scope.ROW,
        expected=expected,
        description=column.description,
    )


def pattern_of(value: Scalar | tuple[Scalar, ...]) -> str:
    """The pattern, if RE2 can run it. Raises: Unfit."""
    pattern = str(value)
    if any(feature in pattern for feature in _NOT_IN_RE2):
        raise Unfit(
            f"the pattern {pattern!r} needs look-around or back-references, which RE2 does not have; rewrite it"
        )
    return pattern


def _present(column: Column, _value: object) -> tuple[Expectation, str]:
    return ColumnPresent(column=column.name), f"every file has the column {column.source}"


def _logical(column: Column, value: object) -> tuple[Expectation, str]:
    types = accepted_by_logical(str(value))
    if types is None:
        raise Unfit(f"logicalType {value} is not executable yet")
    return ColumnTyped(column=column.name, types=types), f"stored as {value}"


def _physical(column: Column, value: object) -> tuple[Expectation, str]:
    types = accepted_by_physical(str(value))
    if types is None:
        raise Unfit(f"physicalType {value!r} is not known to us")
    return ColumnTyped(column=column.name, types=types), f"stored as {value}"


def _not_null(column: Column, _value: object) -> tuple[Expectation, str]:
    return NotNull(column=column.name), "no null"


def _unique(column: Column, _value: object) -> tuple[Expectation, str]:
    return Unique(column=column.name), "no value twice"


def _in_set(column: Column, value: object) -> tuple[Expectation, str]:
    values = value if isinstance(value, tuple) else (value,)
    return InSet(column=column.name, values=values), f"one of {_listed(values)}"


def _min_length(column: Column, value: object) -> tuple[Expectation, str]:
    return LengthInRange(column=column.name, low=int(str(value))), f"at least {value} characters"


def _max_length(column: Column, value: object) -> tuple[Expectation, str]:
    return LengthInRange(column=column.name, high=int(str(value))), f"at most {value} characters"


def _pattern(column: Column, value: Scalar | tuple[Scalar, ...]) -> tuple[Expectation, str]:
    return Matches(column=column.name, pattern=pattern_of(value)), f"matches {value}"


def _format(column: Column, value: object) -> tuple[Expectation, str]:
    pattern = FORMATS.get(str(value)) if column.logical_type == "string" else None
    if pattern is None:
        raise Unfit(f"format {value!r} of a {column.logical_type} is not executable yet")
    return Matches(column=column.name, pattern=pattern), f"has the form of {value}"


def _minimum(column: Column, value: Scalar | tuple[Scalar, ...]) -> tuple[Expectation, str]:
    return InRange(column=column.name, low=_bound(value)), f">= {value}"


def _maximum(column: Column, value: Scalar | tuple[Scalar, ...]) -> tuple[Expectation, str]:
    return InRange(column=column.name, high=_bound(value)), f"<= {value}"


def _above(column: Column, value: Scalar | tuple[Scalar, ...]) -> tuple[Expectation, str]:
    return InRange(column=column.name, low=_bound(value), low_is_exclusive=True), f"> {value}"


def _below(column: Column, value: Scalar | tuple[Scalar, ...]) -> tuple[Expectation, str]:
    return InRange(column=column.name, high=_bound(value), high_is_exclusive=True), f"< {value}"


def _bound(value: Scalar | tuple[Scalar, ...]) -> float | int | str:
    if isinstance(value, bool | tuple):
        raise Unfit(f"{value!r} is no bound; write a number, or a date as text")
    return value


def _listed(values: tuple[object, ...]) -> str:
    shown: Iterator[str] = (str(value) for value in values[:8])
    return ", ".join(shown) + (f" and {len(values) - 8} more" if len(values) > 8 else "")


_Compiler = Callable[[Column, Scalar | tuple[Scalar, ...]], tuple[Expectation, str]]

_COMPILERS: dict[str, _Compiler] = {
    "name": _present,
    "logicalType": _logical,
    "physicalType": _physical,
    "required": _not_null,
    "unique": _unique,
    "enum": _in_set,
    "option.minLength": _min_length,
    "option.maxLength": _max_length,
    "option.pattern": _pattern,
    "option.format": _format,
    "option.minimum": _minimum,
    "option.maximum": _maximum,
    "option.exclusiveMinimum": _above,
    "option.exclusiveMaximum": _below,
}
_COVERED_ELSEWHERE = frozenset({"primaryKey", "primaryKeyPosition"})
_PARTITION_LEVEL = frozenset({"name", "logicalType", "physicalType"})
_DIMENSIONS = {
    "required": "completeness",
    "unique": "uniqueness",
    "option.minimum": "accuracy",
    "option.maximum": "accuracy",
    "option.exclusiveMinimum": "accuracy",
    "option.exclusiveMaximum": "accuracy",
}
