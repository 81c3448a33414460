"""A contract's published table as SQL DDL: types, keys, checks, comments. Runs in DuckDB and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from partition_gate.compiling.compiled import CompiledContract
from partition_gate.suite.expectations import (
    Check,
    Expectation,
    InRange,
    InSet,
    LengthInRange,
    NotNull,
    Scalar,
    Severity,
    Unique,
    UniqueTogether,
)

_TYPES = {"DOUBLE": "DOUBLE PRECISION", "FLOAT": "REAL", "TINYINT": "SMALLINT", "BLOB": "BYTEA"}


def sql_ddl(compiled: CompiledContract) -> str:
    """CREATE TABLE with the constraints that SQL can say; the rest of the rules are listed in a comment.

    Only rules that block and allow no exception become constraints: a database would refuse rows that the gate lets in.
    """
    contract, table = compiled.contract, compiled.table
    columns = (*table.columns, *table.partition_columns)
    must = {check.expectation.column for check in _strict(compiled) if isinstance(check.expectation, NotNull)}
    lines = [f"  {_name(c.name)} {_type(c.type)}{' NOT NULL' if c.name in must else ''}" for c in columns]
    said = [(check, constraint) for check in _strict(compiled) if (constraint := _constraint(check.expectation))]
    lines += [f"  {constraint}" for constraint in dict.fromkeys(constraint for _, constraint in said)]
    origin = _one_line(f"{contract.name}, contract {contract.id} {contract.version}")
    head = f"-- {origin}. Generated: change the contract."
    body = ",\n".join(lines)
    statements = [f"CREATE TABLE {_name(table.name)} (\n{body}\n);", *_comments(compiled)]
    return "\n".join([head, *_unsaid(compiled, {check.rule_id for check, _ in said}), *statements]) + "\n"


def _strict(compiled: CompiledContract) -> Iterator[Check]:
    for check in compiled.suite.suite.checks:
        if check.severity is Severity.ERROR and getattr(check.expectation, "mostly", 1.0) == 1.0:
            yield check


def _constraint(expectation: Expectation) -> str | None:
    make = _CONSTRAINTS.get(expectation.kind)
    return make(expectation) if make else None


def _unique(e: Unique) -> str:
    return f"UNIQUE ({_name(e.column)})"


def _unique_together(e: UniqueTogether) -> str:
    return f"UNIQUE ({', '.join(map(_name, e.columns))})"


def _range(e: InRange) -> str:
    low = [f"{_name(e.column)} >{'' if e.low_is_exclusive else '='} {_literal(e.low)}"] if e.low is not None else []
    high = [f"{_name(e.column)} <{'' if e.high_is_exclusive else '='} {_literal(e.high)}"] if e.high is not None else []
    return f"CHECK ({' AND '.join(low + high)})"


def _length(e: LengthInRange) -> str:
    low = [f"length({_name(e.column)}) >= {e.low}"] if e.low is not None else []
    high = [f"length({_name(e.column)}) <= {e.high}"] if e.high is not None else []
    return f"CHECK ({' AND '.join(low + high)})"


def _in_set(e: InSet) -> str:
    return f"CHECK ({_name(e.column)} IN ({', '.join(map(_literal, e.values))}))"


_CONSTRAINTS: dict[str, Callable[[Any], str]] = {
    "unique": _unique,
    "unique_together": _unique_together,
    "in_range": _range,
    "length_in_range": _length,
    "in_set": _in_set,
}
_SAID_BY_COLUMNS = {"not_null", "column_present", "column_typed", "files_readable"}


def _unsaid(compiled: CompiledContract, said: set[str]) -> Iterator[str]:
    checks = compiled.suite.suite.checks
    rest = [c for c in checks if c.rule_id not in said and c.expectation.kind not in _SAID_BY_COLUMNS]
    if rest:
        yield "-- Checked by the gate, not by this table:"
        yield from (f"--   {_one_line(f'{c.rule_id}: {c.expected} ({c.severity.value})')}" for c in rest)


def _comments(compiled: CompiledContract) -> Iterator[str]:
    table = compiled.table
    if table.description:
        yield f"COMMENT ON TABLE {_name(table.name)} IS {_literal(_one_line(table.description))};"
    for column in (*table.columns, *table.partition_columns):
        if column.description:
            text = _literal(_one_line(column.description))
            yield f"COMMENT ON COLUMN {_name(table.name)}.{_name(column.name)} IS {text};"


def _type(duckdb_type: str) -> str:
    return _TYPES.get(duckdb_type, duckdb_type)


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: Scalar | None) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"


def _one_line(text: str) -> str:
    return " ".join(text.split())
