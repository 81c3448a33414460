"""Exports a contract's published table as SQL DDL: types, keys, checks, comments. Runs in DuckDB and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.checks.expectations import Check, Expectation, Unique, UniqueTogether
from partition_gate.checks.values import InRange, InSet, LengthInRange, NotNull
from partition_gate.core.quoting import identifier, text_literal
from partition_gate.core.severity import Severity
from partition_gate.core.values import Scalar

_TYPES = {"DOUBLE": "DOUBLE PRECISION", "FLOAT": "REAL", "TINYINT": "SMALLINT", "BLOB": "BYTEA"}


def sql_ddl(compiled: CompiledDataset) -> str:
    """CREATE TABLE with the constraints that SQL can express; a comment lists the other rules.

    Only blocking rules without tolerance become constraints; otherwise the database would refuse rows that the gate
    publishes.
    """
    dataset, table = compiled.dataset, compiled.table
    columns = (*table.columns, *table.partition_columns)
    not_null = {check.expectation.column for check in _strict(compiled) if isinstance(check.expectation, NotNull)}
    lines = [f"  {identifier(c.name)} {_type(c.type)}{' NOT NULL' if c.name in not_null else ''}" for c in columns]
    constrained = [(check, text) for check in _strict(compiled) if (text := _constraint(check.expectation))]
    lines += [f"  {text}" for text in dict.fromkeys(text for _, text in constrained)]
    origin = _one_line(f"{dataset.contract.name}, contract {dataset.contract.id} {dataset.contract.version}")
    head = f"-- {origin}. Generated: edit the contract, not this file."
    body = ",\n".join(lines)
    statements = [f"CREATE TABLE {identifier(table.name)} (\n{body}\n);", *_comments(compiled)]
    return "\n".join([head, *_other_rules(compiled, {check.rule_id for check, _ in constrained}), *statements]) + "\n"


def _strict(compiled: CompiledDataset) -> Iterator[Check]:
    for check in compiled.suite.suite.checks:
        if check.severity is Severity.ERROR and getattr(check.expectation, "mostly", 1.0) == 1.0:
            yield check


def _constraint(expectation: Expectation) -> str | None:
    make = _CONSTRAINTS.get(expectation.kind)
    return make(expectation) if make else None


def _unique(e: Unique) -> str:
    return f"UNIQUE ({identifier(e.column)})"


def _unique_together(e: UniqueTogether) -> str:
    return f"UNIQUE ({', '.join(map(identifier, e.columns))})"


def _range(e: InRange) -> str:
    low = (
        [f"{identifier(e.column)} >{'' if e.low_is_exclusive else '='} {_literal(e.low)}"] if e.low is not None else []
    )
    high = (
        [f"{identifier(e.column)} <{'' if e.high_is_exclusive else '='} {_literal(e.high)}"]
        if e.high is not None
        else []
    )
    return f"CHECK ({' AND '.join(low + high)})"


def _length(e: LengthInRange) -> str:
    low = [f"length({identifier(e.column)}) >= {e.low}"] if e.low is not None else []
    high = [f"length({identifier(e.column)}) <= {e.high}"] if e.high is not None else []
    return f"CHECK ({' AND '.join(low + high)})"


def _in_set(e: InSet) -> str:
    return f"CHECK ({identifier(e.column)} IN ({', '.join(map(_literal, e.values))}))"


_CONSTRAINTS: dict[str, Callable[[Any], str]] = {
    "unique": _unique,
    "unique_together": _unique_together,
    "in_range": _range,
    "length_in_range": _length,
    "in_set": _in_set,
}
_IN_COLUMN_DEFINITIONS = {"not_null", "column_present", "column_typed", "files_readable"}


def _other_rules(compiled: CompiledDataset, constrained: set[str]) -> Iterator[str]:
    checks = compiled.suite.suite.checks
    rest = [c for c in checks if c.rule_id not in constrained and c.expectation.kind not in _IN_COLUMN_DEFINITIONS]
    if rest:
        yield "-- Checked by the gate, not by this table:"
        yield from (f"--   {_one_line(f'{c.rule_id}: {c.expected} ({c.severity.value})')}" for c in rest)


def _comments(compiled: CompiledDataset) -> Iterator[str]:
    table = compiled.table
    if table.description:
        yield f"COMMENT ON TABLE {identifier(table.name)} IS {_literal(_one_line(table.description))};"
    for column in (*table.columns, *table.partition_columns):
        if column.description:
            text = _literal(_one_line(column.description))
            yield f"COMMENT ON COLUMN {identifier(table.name)}.{identifier(column.name)} IS {text};"


def _type(duckdb_type: str) -> str:
    return _TYPES.get(duckdb_type, duckdb_type)


def _literal(value: Scalar | None) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value) if isinstance(value, int | float) else text_literal(str(value))


def _one_line(text: str) -> str:
    return " ".join(text.split())
