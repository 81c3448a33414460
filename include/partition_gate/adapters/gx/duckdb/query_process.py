"""The process that plans and runs contracts' queries. DuckDB folds constants without a limit while it plans, so only
limits on a process are effective.

It reads one question per line from its input and writes one answer per line to its output, until its input ends.
"""

from __future__ import annotations

import resource
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

import duckdb
from pydantic import TypeAdapter

from partition_gate.adapters.gx.duckdb.query_columns import outside
from partition_gate.adapters.gx.duckdb.rewriting import CannotRewrite, Rewriting, create_rows, refused, write
from partition_gate.adapters.gx.duckdb.scan import SCANNED, Machine, Scanned, create_view, open_connection
from partition_gate.adapters.gx.duckdb.sql import literal, read_parquet, select
from partition_gate.checks.compiling.dialects import CANNOT_RUN, NOT_VALID
from partition_gate.core.quoting import identifier
from partition_gate.core.record import Record
from partition_gate.core.table import TableSchema

HIVE = "union_by_name = true, hive_partitioning = true"
READY = b"ready\n"
Kind = Literal["boolean", "integer", "float", "decimal", "text", "null"]
_MB = 1024 * 1024
# Address space that threads and libraries reserve in addition to the rows; they use little of it.
_RESERVED_MB = 1024


class QueryLimits(Record):
    """The limits of one query."""

    seconds: float = 60.0
    memory_mb: int = 1024
    threads: int = 2

    @property
    def too_large(self) -> str:
        """The message for a query that reached its memory limit."""
        return f"the query needs more than {self.memory_mb:,} MB of memory (GATE_SQL_RULE_MEMORY_MB); make it cheaper"

    @property
    def too_long(self) -> str:
        """The message for a query that reached its time limit."""
        return f"the query takes longer than {self.seconds:g} s (GATE_SQL_RULE_TIMEOUT_S); make it cheaper"


class Question(Record):
    """A query to run over the partition or, if it is None, to plan over the empty table."""

    query: str
    table: TableSchema
    partition: Scanned | None = None
    published: tuple[str, ...] = ()
    folder: str = ""


class Reply(Record):
    """The query's single value as text with its kind, or why there is none."""

    kind: Kind = "null"
    text: str = ""
    refused: str | None = None


_TASK: TypeAdapter[Question | Rewriting] = TypeAdapter(Question | Rewriting)


class QueryRefused(Exception):
    """Why a contract's query has no answer; the message contains no value of a row."""


def main(limits: QueryLimits) -> None:
    """Answer questions until the input ends."""
    reserved = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    max_bytes = reserved + (limits.memory_mb + _RESERVED_MB) * _MB
    resource.setrlimit(resource.RLIMIT_AS, (max_bytes, max_bytes))
    _write_line(READY)
    for line in sys.stdin.buffer:
        try:
            task = _TASK.validate_json(line)
            reply = _rewritten(task, limits) if isinstance(task, Rewriting) else _replied(task, limits)
        except QueryRefused as refused:
            reply = Reply(refused=str(refused))
        except MemoryError:
            reply = Reply(refused=limits.too_large)
        _write_line(reply.model_dump_json().encode() + b"\n")


def why_not_one_select(query: str) -> str | None:
    """Why this is not a single SELECT statement, or None."""
    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as error:
        return f"{NOT_VALID}: {str(error).splitlines()[0]}; correct it"
    if len(statements) != 1:
        return f"the query contains {len(statements)} statements; write a single SELECT"
    if statements[0].type != duckdb.StatementType.SELECT:
        return f"the query is a {statements[0].type.name} statement; write a single SELECT"
    return None


def _write_line(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _replied(question: Question, limits: QueryLimits) -> Reply:
    if refused := why_not_one_select(question.query):
        return Reply(refused=refused)
    name = question.table.name
    if other := outside(question.query, (name, published := f"{name}_published")):
        what = f"it can read only {name} and {published}, no files and no settings"
        return Reply(refused=f"the query reads {other}: {what}")
    if question.partition is None:
        return Reply(refused=_why_unplanned(question.table, question.query, limits))
    with _sandbox(question.partition, question, limits) as sandbox:
        return _single_value(_rows(sandbox, question.query, limits))


def _rewritten(rewriting: Rewriting, limits: QueryLimits) -> Reply:
    """The number of rows that were written."""
    condition = (rewriting.condition,) if rewriting.condition else ()
    for expression in (*condition, *rewriting.expressions):
        if why := refused(expression, why_not_one_select):
            return Reply(refused=why)
    memory = f"{limits.memory_mb}MB"
    machine = Machine(threads=limits.threads, memory_limit=memory, temporary_folder=rewriting.folder)
    with open_connection(machine) as sandbox:
        create_rows(sandbox, rewriting)
        _lock(sandbox, [rewriting.rows, rewriting.output])
        with _time_limit(sandbox, limits):
            try:
                return Reply(kind="integer", text=str(write(sandbox, rewriting)))
            except CannotRewrite as error:
                return Reply(refused=str(error))


def _why_unplanned(table: TableSchema, query: str, limits: QueryLimits) -> str | None:
    with _planning_database().cursor() as sandbox:
        for name in (table.name, f"{table.name}_published"):
            sandbox.execute(f"CREATE TEMP VIEW {identifier(name)} AS {_published(table, ())}")
        try:
            sandbox.execute(f"EXPLAIN {query}")
            columns = len(sandbox.execute(f"DESCRIBE {query}").fetchall())
        except duckdb.OutOfMemoryException:
            return limits.too_large
        except duckdb.Error as error:
            return f"{CANNOT_RUN}: {str(error).splitlines()[0]}; correct it"
    return None if columns == 1 else f"the query returns {columns} columns; it must return a single value"


@cache
def _planning_database() -> duckdb.DuckDBPyConnection:
    """A locked database without tables. It is shared, because opening one costs 20 times as much as planning a query;
    each cursor is a connection with its own temporary views.
    """
    database = open_connection(Machine(threads=1))
    _lock(database, [])
    return database


@contextmanager
def _sandbox(partition: Scanned, question: Question, limits: QueryLimits) -> Iterator[duckdb.DuckDBPyConnection]:
    memory = f"{limits.memory_mb}MB"
    machine = Machine(threads=limits.threads, memory_limit=memory, temporary_folder=question.folder)
    with open_connection(machine) as sandbox:
        table = partition.scan.table
        create_view(sandbox, partition.scan, partition.footers)
        if table.name.casefold() != SCANNED:
            sandbox.execute(f"CREATE VIEW {identifier(table.name)} AS {select(['*'], SCANNED)}")
        published = _published(table, question.published)
        sandbox.execute(f"CREATE VIEW {identifier(f'{table.name}_published')} AS {published}")
        _lock(sandbox, [*(file.path for file in partition.footers.files), *question.published])
        yield sandbox


def _lock(sandbox: duckdb.DuckDBPyConnection, paths: Iterable[str]) -> None:
    sandbox.execute(f"SET allowed_paths = [{', '.join(literal(path) for path in paths)}]")
    sandbox.execute("SET python_enable_replacements = false")  # otherwise names of Python variables are tables
    sandbox.execute("SET enable_external_access = false")
    sandbox.execute("SET lock_configuration = true")


def _published(table: TableSchema, paths: tuple[str, ...]) -> str:
    if paths:
        return select(["*"], read_parquet(paths, options=HIVE))
    columns = (*table.columns, *table.partition_columns)
    cells = [f"CAST(NULL AS {column.type}) AS {identifier(column.name)}" for column in columns]
    return select(cells, "(VALUES (1))", where="FALSE")


def _rows(sandbox: duckdb.DuckDBPyConnection, query: str, limits: QueryLimits) -> list[tuple[object, ...]]:
    with _time_limit(sandbox, limits):
        rows: list[tuple[object, ...]] = sandbox.execute(query).fetchmany(2)
    return rows


@contextmanager
def _time_limit(sandbox: duckdb.DuckDBPyConnection, limits: QueryLimits) -> Iterator[None]:
    """Interrupt a statement at its limit, and translate DuckDB's errors. Raises: QueryRefused."""
    timer = threading.Timer(limits.seconds, sandbox.interrupt)
    timer.start()
    try:
        yield
    except duckdb.InterruptException:
        raise QueryRefused(limits.too_long) from None
    except duckdb.OutOfMemoryException:
        raise QueryRefused(limits.too_large) from None
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.PermissionException) as error:
        raise QueryRefused(f"{CANNOT_RUN}: {str(error).splitlines()[0]}") from None
    except duckdb.Error as error:
        raise QueryRefused(f"the query failed ({type(error).__name__}); test it on the files of a partition") from None
    finally:
        timer.cancel()


def _single_value(rows: list[tuple[object, ...]]) -> Reply:
    if len(rows) != 1 or len(rows[0]) != 1:
        shape = f"{len(rows[0])} columns" if rows and len(rows[0]) != 1 else "no row" if not rows else "several rows"
        raise QueryRefused(f"the query returns {shape}; it must return a single value")
    match value := rows[0][0]:
        case None:
            return Reply()
        case datetime() | date() | time():
            return Reply(kind="text", text=value.isoformat())
        case bool():
            return Reply(kind="boolean", text=str(value))
    for kind, python_type in KINDS.items():
        if isinstance(value, python_type):
            return Reply(kind=kind, text=repr(value) if isinstance(value, float) else str(value))
    raise QueryRefused(f"the query returns a {type(value).__name__}; it must return a number, a boolean or text")


KINDS: dict[Kind, type[int | float | Decimal | str]] = {"integer": int, "float": float, "decimal": Decimal, "text": str}
