"""Conditions of rules that Great Expectations has no metric for, as SQL over an expression."""

from __future__ import annotations

from fractions import Fraction

from partition_gate.adapters.gx.sql import literal

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT")
_DIGITS = 38


def is_multiple(value: str, divisor: str) -> str:
    """Whether a number is a whole multiple of a decimal (its text); exact, and never NULL for a number.

    A float counts as the shortest decimal that reads back as it (0.3 is three times 0.1). NaN and infinity are no
    multiples.
    """
    places = len(divisor.partition(".")[2])
    decimal = f"DECIMAL({_DIGITS}, {places})"
    step = f"CAST({literal(divisor)} AS {decimal})"
    # A whole number is a multiple of p/q (in lowest terms) exactly where it is one of p.
    whole = f"({value}) % {Fraction(divisor).numerator} = 0"
    floats = " ".join(_float_case(value, kind, decimal, step, whole) for kind in ("DOUBLE", "FLOAT"))
    # `typeof` is a constant of the column, so only one branch is left in the plan.
    return (
        f"CASE WHEN typeof({value}) IN ({', '.join(literal(kind) for kind in _INTEGERS)}) THEN {whole} {floats} "
        f"ELSE coalesce(round({value}, {places}) = {value} "
        f"AND TRY_CAST({value} AS {decimal}) % {step} = 0, FALSE) END"
    )


def _float_case(value: str, kind: str, decimal: str, step: str, whole: str) -> str:
    exact = f"TRY_CAST(CAST({value} AS VARCHAR) AS {decimal})"
    kept = f"CAST(CAST({exact} AS VARCHAR) AS {kind}) = {value}"
    # Above 10^20 every float is whole.
    return (
        f"WHEN typeof({value}) = '{kind}' THEN coalesce({kept} AND {exact} % {step} = 0, "
        f"abs({value}) > 1e20 AND isfinite({value}) AND {whole}, FALSE)"
    )
