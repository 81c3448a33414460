"""Compiles the clauses of inner columns: the checks of a column's clauses, applied at the path of the inner column."""

from __future__ import annotations

from collections.abc import Iterator

from partition_gate.checks.compiling.column import compile_clause
from partition_gate.checks.compiling.drafts import Documented, Draft, NotExecutable
from partition_gate.checks.expectations import ColumnPresent, ColumnTyped, Expectation
from partition_gate.checks.nested import FieldPresent, FieldTyped, Nested
from partition_gate.checks.values import DateText, InRange, InSet, LengthInRange, Matches, MultipleOf, NotNull
from partition_gate.contract.column_types import is_text
from partition_gate.contract.model import Column
from partition_gate.contract.nested_columns import Path, inner_columns

_KEYS = frozenset({"primaryKey", "primaryKeyPosition", "unique"})


def compile_inner(column: Column) -> Iterator[Draft | NotExecutable | Documented]:
    """The checks of every inner column; ids consist of the path and the clause (`tags[].minLength`)."""
    for path, inner in inner_columns(column):
        for clause in inner.clauses:
            if clause.name in _KEYS:
                why = "values inside a column are not compared between rows; move the key to a top-level property"
                yield NotExecutable(clause=clause.path, why=why)
                continue
            if is_text(column.physical_type):
                why = f"{column.name} is stored as text, which is not parsed"
                yield NotExecutable(clause=clause.path, why=why)
                continue
            draft = compile_clause(inner, clause)
            if draft is not None:
                yield at_path(draft, column=column.name, path=path) if isinstance(draft, Draft) else draft


def at_path(draft: Draft, *, column: str, path: Path) -> Draft | NotExecutable:
    """The same check, applied at the path; NotExecutable if it cannot be."""
    expectation = _inside(draft.expectation, column, path)
    if expectation is None:
        what = draft.expectation.kind.replace("_", " ")
        why = f"a rule about {what} is not executable inside a column; move it to a top-level property, or write SQL"
        return NotExecutable(clause=draft.clause, why=why)
    return draft.model_copy(update={"expectation": expectation})


def _inside(expectation: Expectation, column: str, path: Path) -> Expectation | None:
    match expectation:
        case ColumnPresent():
            return FieldPresent(column=column, path=path)
        case ColumnTyped(types=types):
            return FieldTyped(column=column, path=path, types=types)
        case FieldTyped(path=rest, types=types):
            return FieldTyped(column=column, path=(*path, *rest), types=types)
        case Nested(path=rest, rule=rule):
            return Nested(column=column, path=(*path, *rest), rule=rule)
        case NotNull() | InRange() | LengthInRange() | Matches() | MultipleOf() | DateText() | InSet():
            return Nested(column=column, path=path, rule=expectation) if expectation.mostly == 1 else None
    return None
