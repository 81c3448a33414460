"""Expressions that people write over quarantined rows, evaluated in the process for contract queries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from partition_gate.adapters.gx.duckdb.query_columns import outside
from partition_gate.adapters.gx.duckdb.sql import literal, read_parquet, select
from partition_gate.core.quoting import identifier
from partition_gate.core.record import Record

ROWS = "quarantined"  # the view that expressions may also query as a whole


class Expression(Record):
    """What a person wrote (`text`) after an option (`--where `, `--set amount=`).

    `type` is the DuckDB type of its value, `column` the column that gets it.
    """

    option: str
    text: str
    type: str
    column: str = ""

    @property
    def sql(self) -> str:
        """The value. The line break ends a comment at the end of the text."""
        return f"CAST((\n{self.text}\n) AS {self.type})"


class Rewriting(Record):
    """Write the rows of a Parquet file with new values, or only the columns `keeps` of those that a condition chooses.

    `cells` are the columns of the output in order; an expression takes the place of the column that it names.
    """

    rows: str
    output: str
    folder: str
    cells: tuple[str, ...]
    expressions: tuple[Expression, ...]
    condition: Expression | None = None


class CannotRewrite(Exception):
    """Why expressions cannot be evaluated; the message contains no value of a row."""


def refused(expression: Expression, why_not_one_select: Callable[[str], str | None]) -> str | None:
    """Why an expression may not be evaluated: it is not one expression over the rows, or it reads something else."""
    query = select([f"(\n{expression.text}\n)"], ROWS)
    if why := why_not_one_select(query):
        return f"{expression.option}{expression.text}: {why}"
    if other := outside(query, (ROWS,)):
        return f"{expression.option}{expression.text}: it reads {other}; it can read only the quarantined rows"
    return None


def rewritten_rows(rewriting: Rewriting) -> str:
    """The SELECT over the view of the rows."""
    new = {expression.column: expression.sql for expression in rewriting.expressions}
    cells = [f"{new.get(cell, identifier(cell))} AS {identifier(cell)}" for cell in rewriting.cells]
    condition = rewriting.condition
    return select(cells, ROWS, where=f"coalesce({condition.sql}, FALSE)" if condition else "TRUE")


def create_rows(connection: duckdb.DuckDBPyConnection, rewriting: Rewriting) -> None:
    """Create the view."""
    connection.execute(f"CREATE VIEW {ROWS} AS {select(['*'], read_parquet([rewriting.rows]))}")


def write(connection: duckdb.DuckDBPyConnection, rewriting: Rewriting) -> int:
    """Write the output, in the rows' order; returns how many rows it has.

    Raises: CannotRewrite (with the expression that fails), duckdb.Error (a limit was reached).
    """
    copy = f"COPY ({rewritten_rows(rewriting)}) TO {literal(rewriting.output)} (FORMAT parquet)"
    try:
        copied = connection.execute(copy).fetchone()
    except (duckdb.InterruptException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error:
        Path(rewriting.output).unlink(missing_ok=True)
        raise _failure(connection, rewriting) from None
    return int(copied[0]) if copied else 0


def _failure(connection: duckdb.DuckDBPyConnection, rewriting: Rewriting) -> CannotRewrite:
    """The first expression that fails alone. DuckDB's message is quoted only where it cannot contain a value."""
    condition = rewriting.condition
    for each in (*([condition] if condition else []), *rewriting.expressions):
        named = f"{each.option}{each.text}"
        try:
            connection.execute(select([f"count({each.sql})"], ROWS)).fetchall()
        except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
            return CannotRewrite(f"{named}: {str(error).splitlines()[0]}; correct it")
        except duckdb.Error as error:
            what = f"it has no {each.type} for one of the rows ({type(error).__name__})"
            return CannotRewrite(f"{named}: {what}; exclude such rows with --where, or use try_cast")
    return CannotRewrite("the rows cannot be written with these expressions; try them one by one")
