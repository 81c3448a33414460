"""Queries that contracts write, in a database of their own that reaches nothing but the files it is given."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from partition_gate.adapters.gx.scan import SCANNED, Machine, Scanned, create_view, open_connection
from partition_gate.adapters.gx.sql import identifier, literal, read_parquet, select
from partition_gate.record import Record
from partition_gate.table import TableSchema

Answer = bool | int | float | Decimal | str | None


class QueryRefused(Exception):
    """Why a contract's query has no answer, in a sentence without a row's value."""


class QueryLimits(Record):
    """What one query may use."""

    seconds: float = 60.0
    memory: str = "1GB"
    threads: int = 2


def why_refused(query: str) -> str | None:
    """Why this is not one statement that only reads, or None."""
    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as error:
        return f"the query is not SQL of DuckDB: {str(error).splitlines()[0]}; correct it"
    if len(statements) != 1:
        return f"the query holds {len(statements)} statements; write one SELECT"
    if statements[0].type != duckdb.StatementType.SELECT:
        return f"the query is a {statements[0].type.name} statement; write one SELECT"
    return None


def why_unplanned(table: TableSchema, query: str) -> str | None:
    """Why a query cannot run over the table (and what is published of it), or None. No row is needed for that."""
    if refused := why_refused(query):
        return refused
    with open_connection(Machine(threads=1)) as sandbox:
        for name in (table.name, f"{table.name}_published"):
            sandbox.execute(f"CREATE VIEW {identifier(name)} AS {_published(table, [])}")
        _lock(sandbox, [])
        try:
            sandbox.execute(f"EXPLAIN {query}")
        except duckdb.Error as error:
            return f"the query cannot run: {str(error).splitlines()[0]}; correct it"
    return None


def answer(
    connection: duckdb.DuckDBPyConnection, partition: Scanned, query: str, *, limits: QueryLimits | None = None
) -> Answer:
    """The one value of a query over the partition, under the dataset's name, and `<dataset>_published`.

    The query runs without files, network and settings: only the files of both can be read. `connection` is used to
    fetch published files that are not local.

    Raises:
        QueryRefused: it is not one SELECT, does not return one value, fails, or takes too long.
    """
    if refused := why_refused(query):
        raise QueryRefused(refused)
    bounds = limits or QueryLimits()
    with TemporaryDirectory(prefix="gate-sql-") as folder, _sandbox(connection, partition, folder, bounds) as sandbox:
        return _single_value(_rows(sandbox, query, bounds))


@contextmanager
def _sandbox(
    connection: duckdb.DuckDBPyConnection, partition: Scanned, folder: str, limits: QueryLimits
) -> Iterator[duckdb.DuckDBPyConnection]:
    machine = Machine(threads=limits.threads, memory_limit=limits.memory, temporary_folder=folder)
    published = _local(connection, partition, Path(folder))
    with open_connection(machine) as sandbox:
        table = partition.scan.table
        create_view(sandbox, partition.scan, partition.footers)
        if table.name.casefold() != SCANNED:
            sandbox.execute(f"CREATE VIEW {identifier(table.name)} AS {select(['*'], SCANNED)}")
        sandbox.execute(f"CREATE VIEW {identifier(f'{table.name}_published')} AS {_published(table, published)}")
        _lock(sandbox, [*(file.path for file in partition.footers.files), *published])
        yield sandbox


def _lock(sandbox: duckdb.DuckDBPyConnection, paths: Iterable[str]) -> None:
    sandbox.execute(f"SET allowed_paths = [{', '.join(literal(path) for path in paths)}]")
    sandbox.execute("SET python_enable_replacements = false")  # else a Python variable's name is a table
    sandbox.execute("SET enable_external_access = false")
    sandbox.execute("SET lock_configuration = true")


def _local(connection: duckdb.DuckDBPyConnection, partition: Scanned, folder: Path) -> list[str]:
    """The published files; those that are not on this machine are fetched into the folder."""
    name = partition.scan.table.name
    paths = next((one.paths for one in partition.scan.references if one.dataset == name), ())
    if all("://" not in path for path in paths):
        return list(paths)
    fetched = folder / "published.parquet"
    published = select(["*"], read_parquet(paths, options=_HIVE))
    connection.execute(f"COPY ({published}) TO {literal(str(fetched))} (FORMAT parquet)")
    return [str(fetched)]


def _published(table: TableSchema, paths: list[str]) -> str:
    if paths:
        return select(["*"], read_parquet(paths, options=_HIVE))
    columns = (*table.columns, *table.partition_columns)
    cells = [f"CAST(NULL AS {column.type}) AS {identifier(column.name)}" for column in columns]
    return select(cells, "(VALUES (1))", where="FALSE")


_HIVE = "union_by_name = true, hive_partitioning = true"


def _rows(sandbox: duckdb.DuckDBPyConnection, query: str, limits: QueryLimits) -> list[tuple[object, ...]]:
    timer = threading.Timer(limits.seconds, sandbox.interrupt)
    timer.start()
    try:
        rows: list[tuple[object, ...]] = sandbox.execute(query).fetchmany(2)
    except duckdb.InterruptException:
        raise QueryRefused(f"the query took longer than {limits.seconds:g} seconds; make it cheaper") from None
    except duckdb.OutOfMemoryException:
        raise QueryRefused(f"the query needs more than {limits.memory} of memory; make it cheaper") from None
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.PermissionException) as error:
        raise QueryRefused(f"the query cannot run: {str(error).splitlines()[0]}") from None
    except duckdb.Error as error:
        raise QueryRefused(f"the query failed ({type(error).__name__}); try it on a partition's files") from None
    finally:
        timer.cancel()
    return rows


def _single_value(rows: list[tuple[object, ...]]) -> Answer:
    if len(rows) != 1 or len(rows[0]) != 1:
        shape = f"{len(rows[0])} columns" if rows and len(rows[0]) != 1 else "no row" if not rows else "several rows"
        raise QueryRefused(f"the query returns {shape}; it must return one value")
    value = rows[0][0]
    if value is None or isinstance(value, bool | int | float | Decimal | str):
        return value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    raise QueryRefused(f"the query returns a {type(value).__name__}; it must return a number, a truth or a text")
