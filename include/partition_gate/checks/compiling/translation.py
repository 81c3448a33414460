"""Translates a query to DuckDB with sqlglot. Loading sqlglot takes 0.2 s, so `dialects` loads this on first use."""

from __future__ import annotations

from collections.abc import Collection

import sqlglot
from sqlglot import errors, exp
from sqlglot.optimizer.annotate_types import annotate_types

from partition_gate.checks.compiling.drafts import CannotExecute

_DUCKDB = "duckdb"
# What sqlglot raises for text that it does not understand: besides its own errors, those of code that meets an
# unexpected node (`FINAL` of ClickHouse is a ValueError).
_REFUSALS = (errors.SqlglotError, RecursionError, ValueError, TypeError, AttributeError, LookupError, AssertionError)


def quoted(name: str, dialect: str) -> str:
    """An identifier in a dialect's own quotes."""
    return exp.to_identifier(name, quoted=True).sql(dialect=dialect)


def translated(query: str, dialect: str, *, tables: Collection[str]) -> str:
    """The query in DuckDB's dialect; as `dialects.translated`, with sqlglot's name of the dialect."""
    try:
        tree = _single(query, dialect)
        _require_same_division(tree, dialect)
        for table in tree.find_all(exp.Table):
            if table.name.casefold() in {name.casefold() for name in tables}:
                table.set("db", None)
                table.set("catalog", None)
        return tree.sql(dialect=_DUCKDB, unsupported_level=errors.ErrorLevel.RAISE)
    except errors.ParseError as error:
        raise CannotExecute(f"the query is not valid {dialect} SQL: {_problem(error)}; correct it") from None
    except _REFUSALS as error:
        problem = (str(error) or type(error).__name__).splitlines()[0]
        raise CannotExecute(f"the query cannot be translated from {dialect}: {problem}; write it for DuckDB") from None


def _single(query: str, dialect: str) -> exp.Expr:
    statements = [each for each in sqlglot.parse(query, read=dialect) if each is not None]
    if len(statements) != 1:
        raise CannotExecute(f"the query contains {len(statements)} statements; write a single SELECT")
    return statements[0]


def _problem(error: errors.ParseError) -> str:
    first = error.errors[0] if error.errors else {}
    where = f" (line {first['line']}, column {first['col']})" if first.get("line") else ""
    return f"{first.get('description') or 'it cannot be read'}{where}"


def _require_same_division(tree: exp.Expr, dialect: str) -> None:
    """`7 / 2` is 3 in PostgreSQL and its relatives, and 3.5 in DuckDB: the translation needs the operands' types."""
    divisions = [each for each in tree.find_all(exp.Div) if each.args.get("typed")]
    if not divisions:
        return
    annotate_types(tree, dialect=dialect)
    for division in divisions:
        kinds = [side.type.this if side.type else None for side in (division.left, division.right)]
        is_real = any(kind in exp.DataType.REAL_TYPES for kind in kinds)
        if not is_real and not all(kind in exp.DataType.INTEGER_TYPES for kind in kinds):
            what = f"`/` is a whole number for whole numbers in {dialect}, but not in DuckDB"
            raise CannotExecute(f"{what}; write CAST(... AS DOUBLE PRECISION) for one of its operands")
