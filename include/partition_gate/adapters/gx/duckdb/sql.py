"""Builds DuckDB SQL: the only module that turns names and values into SQL."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction

from partition_gate.core.integers import DIGITS
from partition_gate.core.quoting import text_literal

_EXACT_DECIMAL_DIGITS = 15
_EXACT_INTEGER = 10**18


def literal(value: object) -> str:
    """A value as a DuckDB literal that keeps its type.

    Backslashes are ordinary characters in DuckDB. A float with few digits becomes a decimal literal, which adapts to
    the compared column (so a FLOAT of 0.1 is not greater than the bound 0.1); with more digits it is a DOUBLE.

    Raises:
        TypeError: there is no literal for this Python type.
    """
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | Decimal():
            return f"{value}"
        case float():
            return _float(value)
        case str():
            return text_literal(value)
        case datetime() | date() | time():
            return _moment(value)
        case _:
            raise TypeError(f"a value of type {type(value).__name__} cannot be written into SQL")


def text_list(values: Iterable[str]) -> str:
    """A list of text with an explicit type, so that it may be empty."""
    return f"[{', '.join(literal(value) for value in values)}]::VARCHAR[]"


def read_parquet(paths: Iterable[str], *, options: str = "hive_partitioning = false") -> str:
    """The relation over exactly these files; folders named `dt=...` do not add a column."""
    return f"read_parquet([{', '.join(literal(path) for path in paths)}], {options})"


def select(cells: Iterable[str], relation: str, *, where: str = "TRUE") -> str:
    """A SELECT from SQL fragments."""
    return " ".join(("SELECT", ", ".join(cells), "FROM", relation, "WHERE", where))


def any_of(conditions: Iterable[str]) -> str:
    """SQL: whether at least one condition is true; NULL counts as false."""
    return " OR ".join(f"coalesce(({condition}), FALSE)" for condition in conditions) or "FALSE"


def _float(value: float) -> str:
    if not math.isfinite(value):
        return f"'{value}'::DOUBLE"
    if value.is_integer() and abs(value) < _EXACT_INTEGER:
        return str(int(value))
    digits = repr(value)
    short = len(digits.lstrip("-").replace(".", "")) <= _EXACT_DECIMAL_DIGITS
    return digits if "e" in digits or short else f"{digits}e0"


def _moment(value: datetime | date | time) -> str:
    if isinstance(value, datetime):
        kind = "TIMESTAMP" if value.tzinfo is None else "TIMESTAMPTZ"
        return f"{kind} '{(value if value.tzinfo is None else value.astimezone(UTC)).isoformat(sep=' ')}'"
    return f"{'TIME' if isinstance(value, time) else 'DATE'} '{value.isoformat()}'"


_INTEGERS = (*DIGITS, "HUGEINT")
_DIGITS = 38


def is_multiple(value: str, divisor: str) -> str:
    """SQL: whether a number is a whole multiple of a decimal (given as text); exact, and never NULL for a number.

    A float counts as the shortest decimal that reads back as the same float (0.3 is three times 0.1). NaN and infinity
    are not multiples.
    """
    places = len(divisor.partition(".")[2])
    decimal = f"DECIMAL({_DIGITS}, {places})"
    step = f"CAST({literal(divisor)} AS {decimal})"
    # A whole number is a multiple of p/q (in lowest terms) exactly if it is a multiple of p.
    whole = f"({value}) % {Fraction(divisor).numerator} = 0"
    floats = " ".join(_float_case(value, kind, decimal, step, whole) for kind in ("DOUBLE", "FLOAT"))
    # `typeof` is constant for a column, so only one branch remains in the plan.
    return (
        f"CASE WHEN typeof({value}) IN ({', '.join(literal(kind) for kind in _INTEGERS)}) THEN {whole} {floats} "
        f"ELSE coalesce(round({value}, {places}) = {value} "
        f"AND TRY_CAST({value} AS {decimal}) % {step} = 0, FALSE) END"
    )


def _float_case(value: str, kind: str, decimal: str, step: str, whole: str) -> str:
    exact = f"TRY_CAST(CAST({value} AS VARCHAR) AS {decimal})"
    is_exact = f"CAST(CAST({exact} AS VARCHAR) AS {kind}) = {value}"
    # Above 10^20 every float is whole.
    return (
        f"WHEN typeof({value}) = '{kind}' THEN coalesce({is_exact} AND {exact} % {step} = 0, "
        f"abs({value}) > 1e20 AND isfinite({value}) AND {whole}, FALSE)"
    )
