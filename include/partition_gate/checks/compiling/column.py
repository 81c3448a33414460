"""Compiles a column's clauses to checks. One small function per clause; a new clause is one line in `_COMPILERS`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from partition_gate.checks.compiling.containers import CONTAINER_OPTIONS
from partition_gate.checks.compiling.drafts import CannotExecute, Documented, Draft, NotExecutable, OnlyDocumented
from partition_gate.checks.compiling.ecma_patterns import to_re2, why_not_re2
from partition_gate.checks.compiling.text_formats import DOCUMENTED_FORMATS, PATTERNS, strptime_format
from partition_gate.checks.expectations import ColumnPresent, ColumnTyped, Expectation, Unique
from partition_gate.checks.nested import FieldTyped, Nested
from partition_gate.checks.values import DateText, InRange, InSet, LengthInRange, Matches, MultipleOf, NotNull
from partition_gate.contract.column_types import PHYSICAL, WIDTHS, accepted_by_logical, accepted_by_physical, is_text
from partition_gate.contract.model import Clause, Column
from partition_gate.core.display import counted, listed
from partition_gate.core.nearest_words import did_you_mean, shown
from partition_gate.core.severity import Scope
from partition_gate.core.values import Scalar


def compile_clause(column: Column, clause: Clause) -> Draft | NotExecutable | Documented | None:
    """The check of a clause; None if another check covers the clause."""
    if clause.name in _COVERED_ELSEWHERE:
        return None
    compiler = _COMPILERS.get(clause.name)
    if compiler is None:
        return NotExecutable(clause=clause.path, why=f"{clause.name.removeprefix('option.')} is not executable yet")
    try:
        expectation, expected = compiler(column, clause.value)
    except CannotExecute as error:
        return NotExecutable(clause=clause.path, why=str(error))
    except (ValueError, ArithmeticError, KeyError):  # the schemas of v3.0 do not restrict every value
        name = clause.name.removeprefix("option.")
        return NotExecutable(clause=clause.path, why=f"{clause.value!r} is not a valid {name}; correct the value")
    except OnlyDocumented as documented:
        return Documented(clause=clause.path, why=str(documented))
    return Draft(
        name=f"{column.name}.{clause.name.removeprefix('option.')}",
        clause=clause.path,
        expectation=expectation,
        dimension=_DIMENSIONS.get(clause.name, "conformity"),
        scope=Scope.PARTITION if isinstance(expectation, _ABOUT_FILES) else Scope.ROW,
        expected=expected,
        description=column.description,
    )


def pattern_of(value: Scalar | tuple[Scalar, ...]) -> str:
    """The pattern in RE2 syntax. Raises: CannotExecute."""
    if why := why_not_re2(str(value)):
        raise CannotExecute(f"the pattern {shown(value)} {why}")
    return to_re2(str(value))


def _present(column: Column, _value: object) -> tuple[Expectation, str]:
    return ColumnPresent(column=column.name), f"every file has the column {column.source}"


def _logical(column: Column, value: object) -> tuple[Expectation, str]:
    if str(value) in _MOMENTS and is_text(column.physical_type):
        return ColumnTyped(column=column.name, types=_TEXT), f"stored as text that contains a {value}"
    types = accepted_by_logical(str(value), width=column.text_option("format"))
    if types is None:
        raise CannotExecute(f"logicalType {value} is not executable yet")
    return ColumnTyped(column=column.name, types=types), f"stored as {value}"


def _physical(column: Column, value: object) -> tuple[Expectation, str]:
    types = accepted_by_physical(str(value))
    if types is None:
        name = str(value).partition("(")[0].strip()
        near = did_you_mean(name, (*PHYSICAL, "DECIMAL"))
        raise CannotExecute(f"physicalType {value!r} is not known{near and f'; {near}'}")
    return ColumnTyped(column=column.name, types=types), f"stored as {value}"


def _not_null(column: Column, _value: object) -> tuple[Expectation, str]:
    return NotNull(column=column.name), "no nulls"


def _unique(column: Column, _value: object) -> tuple[Expectation, str]:
    return Unique(column=column.name), "values are unique"


def _in_set(column: Column, value: object) -> tuple[Expectation, str]:
    values = value if isinstance(value, tuple) else (value,)
    return InSet(column=column.name, values=values), f"one of {_listed(values)}"


def _min_length(column: Column, value: object) -> tuple[Expectation, str]:
    return LengthInRange(column=column.name, low=int(str(value))), f"at least {counted(int(str(value)), 'character')}"


def _max_length(column: Column, value: object) -> tuple[Expectation, str]:
    return LengthInRange(column=column.name, high=int(str(value))), f"at most {counted(int(str(value)), 'character')}"


def _pattern(column: Column, value: Scalar | tuple[Scalar, ...]) -> tuple[Expectation, str]:
    return Matches(column=column.name, pattern=pattern_of(value)), f"matches {value}"


def _format(column: Column, value: Scalar | tuple[Scalar, ...]) -> tuple[Expectation, str]:
    compiler = _FORMATS.get(column.logical_type)
    if compiler is None:
        raise CannotExecute(f"a {column.logical_type} has no format in the standard; remove it")
    return compiler(column, str(value))


def _text_format(column: Column, value: str) -> tuple[Expectation, str]:
    if value in DOCUMENTED_FORMATS:
        raise OnlyDocumented(DOCUMENTED_FORMATS[value])
    if value not in PATTERNS:
        known = ", ".join(PATTERNS)
        raise CannotExecute(f"format {value!r} is not known for text; use one of {known}, or write a pattern")
    return Matches(column=column.name, pattern=PATTERNS[value]), f"has the format {value}"


def _width(column: Column, value: str) -> tuple[Expectation, str]:
    return ColumnTyped(column=column.name, types=WIDTHS[value][0]), f"stored with the width of {value}"


def _moment_format(column: Column, value: str) -> tuple[Expectation, str]:
    if not is_text(column.physical_type):
        raise OnlyDocumented(f"Parquet stores a {column.logical_type} as a number, without a text format")
    translated = strptime_format(value)
    if translated is None:
        raise CannotExecute(f"format {value!r} contains letters that cannot be translated exactly; write a pattern")
    return DateText(column=column.name, format=translated), f"text in the format {value}"


def _timezone(column: Column, value: object) -> tuple[Expectation, str]:
    if column.logical_type == "time":
        if value:
            raise CannotExecute("Parquet cannot store a time of day with a time zone; use a timestamp")
        raise OnlyDocumented("a time of day in Parquet never has a time zone")
    types, has = (("timestamp_tz",), "with") if value else (("timestamp",), "without")
    return ColumnTyped(column=column.name, types=types), f"stored {has} a time zone"


def _default_timezone(column: Column, value: object) -> tuple[Expectation, str]:
    if column.option("timezone") is True:
        raise OnlyDocumented("every value has a time zone, so the default is never used")
    if value in _UTC:
        raise OnlyDocumented("times without a time zone are read as UTC")
    raise CannotExecute(f"times without a time zone are read as UTC, not as {value}; deliver them with their time zone")


def _multiple_of(column: Column, value: object) -> tuple[Expectation, str]:
    return MultipleOf(column=column.name, divisor=f"{Decimal(str(value)):f}"), f"a multiple of {value}"


def _minimum(column: Column, value: Scalar | tuple[Scalar, ...]) -> tuple[Expectation, str]:
    return _ranged(column, low=_bound(column, value)), f">= {value}"


def _maximum(column: Column, value: Scalar | tuple[Scalar, ...]) -> tuple[Expectation, str]:
    return _ranged(column, high=_bound(column, value)), f"<= {value}"


def _above(column: Column, value: Scalar | tuple[Scalar, ...]) -> tuple[Expectation, str]:
    return _ranged(column, low=_bound(column, value), low_is_exclusive=True), f"> {value}"


def _below(column: Column, value: Scalar | tuple[Scalar, ...]) -> tuple[Expectation, str]:
    return _ranged(column, high=_bound(column, value), high_is_exclusive=True), f"< {value}"


def _ranged(column: Column, **bounds: Any) -> Expectation:
    within = InRange(column=column.name, **bounds)
    # Great Expectations compares only numbers and dates.
    return Nested(column=column.name, rule=within) if column.logical_type == "time" else within


def _bound(column: Column, value: Scalar | tuple[Scalar, ...]) -> float | int | str:
    if isinstance(value, bool | tuple):
        raise CannotExecute(f"{value!r} is not a bound; write a number, or a date as text")
    reader = _MOMENTS.get(column.logical_type)
    if reader is not None:
        try:
            reader(str(value))
        except ValueError:
            raise CannotExecute(f"{value!r} is not a {column.logical_type}; write it in ISO 8601") from None
    return value


def _listed(values: tuple[object, ...]) -> str:
    return listed(list(map(str, values)), 8)


_TEXT = ("string", "large_string")
_UTC = frozenset({"UTC", "Etc/UTC", "Z", "GMT"})
_MOMENTS: dict[str, Callable[[str], object]] = {
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "time": time.fromisoformat,
}
_FORMATS = {
    "string": _text_format,
    **dict.fromkeys(("integer", "number"), _width),
    **dict.fromkeys(_MOMENTS, _moment_format),
}
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
    "option.multipleOf": _multiple_of,
    "option.timezone": _timezone,
    "option.defaultTimezone": _default_timezone,
    **{f"option.{name}": compiler for name, compiler in CONTAINER_OPTIONS.items()},
}
COLUMN_CLAUSES = tuple(_COMPILERS)
_ABOUT_FILES = (ColumnPresent, ColumnTyped, FieldTyped)
_COVERED_ELSEWHERE = frozenset({"primaryKey", "primaryKeyPosition"})
_DIMENSIONS = {
    "required": "completeness",
    "unique": "uniqueness",
    "option.minimum": "accuracy",
    "option.maximum": "accuracy",
    "option.exclusiveMinimum": "accuracy",
    "option.exclusiveMaximum": "accuracy",
}
