"""Rows between Parquet files and PostgreSQL, as CSV through COPY: one batch at a time, whatever their number."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
from psycopg import errors
from pyarrow import csv

from partition_gate.adapters.warehouse_postgres.columns import VERSION, Columns, read, written
from partition_gate.adapters.warehouse_postgres.database import REPAIR
from partition_gate.core.errors import ContractError, OperatorError
from partition_gate.core.quoting import identifier, text_literal
from partition_gate.gate.local_folders import writing_below

_ROWS_AT_ONCE = 50_000
_NULL = "\\N"
_BLOCK_BYTES = 64 << 20  # a row is never larger
_WITHOUT_HEADER = csv.WriteOptions(include_header=False)


def copy_in(
    driver: psycopg.Connection[Any], target: str, columns: Columns, files: Sequence[Path], *, version: int
) -> int:
    """Append the rows of Parquet files to a table (a quoted name), as rows of this version; returns how many.

    Raises: ContractError (text with the character NUL).
    """
    names = ", ".join(map(identifier, (VERSION, *(name for name, _ in columns))))
    statement = f"COPY {target} ({names}) FROM STDIN (FORMAT csv)"
    with duckdb.connect(config={"threads": 1}) as connection, driver.cursor() as cursor:
        connection.execute("SET TimeZone = 'UTC'")
        copied = 0
        for file in files:
            try:
                with cursor.copy(statement) as copy:
                    for batch in _batches(connection, file, columns, version):
                        copy.write(batch)
            except errors.CharacterNotInRepertoire:  # PostgreSQL refuses the whole line, and so names no column
                column = _column_with_nul(connection, file, columns)
                raise ContractError(
                    f"the column {column} holds text with the character NUL, which PostgreSQL cannot store; {REPAIR}"
                ) from None
            copied += cursor.rowcount
    return copied


def copy_out(driver: psycopg.Connection[Any], query: str, columns: Columns, path: Path) -> Path:
    """Write the rows of a query with these columns (of DuckDB types), in this order, to a Parquet file.

    Raises: NoSpace, OperatorError (a single row is larger than memory allows).
    """
    with writing_below(path), tempfile.TemporaryDirectory(dir=_made(path.parent)) as scratch:
        text = Path(scratch) / "rows.csv"
        with driver.cursor() as cursor, text.open("wb") as file:
            # Every text is quoted, so that none looks like a null, and none is split at its line ends.
            options = f"FORMAT csv, NULL {text_literal(_NULL)}, FORCE_QUOTE *"
            with cursor.copy(f"COPY ({query}) TO STDOUT ({options})") as copy:
                for chunk in copy:
                    file.write(chunk)
        _write_parquet(text, columns, path)
    return path


def write_empty(columns: Columns, path: Path) -> Path:
    """A Parquet file with these columns and no rows."""
    with writing_below(path):
        _made(path.parent)
        _convert(pa.Table.from_pylist([], schema=_as_text(columns)), columns, path)
    return path


def _batches(connection: duckdb.DuckDBPyConnection, file: Path, columns: Columns, version: int) -> Iterator[memoryview]:
    cells = ", ".join(f"{written(name, kind)} AS {identifier(name)}" for name, kind in columns)
    query = f"SELECT {int(version)}, {cells} FROM read_parquet({text_literal(str(file))}, hive_partitioning = false)"  # noqa: S608 -- quoted
    for batch in connection.sql(query).to_arrow_reader(_ROWS_AT_ONCE):
        content = io.BytesIO()
        csv.write_csv(batch, content, _WITHOUT_HEADER)
        yield content.getbuffer()


def _column_with_nul(connection: duckdb.DuckDBPyConnection, file: Path, columns: Columns) -> str:
    texts = [name for name, kind in columns if duckdb.sqltype(kind).id == "varchar"]
    cells = ", ".join(f"bool_or(contains({identifier(name)}, chr(0)))" for name in texts)
    query = f"SELECT {cells} FROM read_parquet({text_literal(str(file))}, hive_partitioning = false)"  # noqa: S608 -- quoted
    found = connection.execute(query).fetchone() or ()
    return next(name for name, has_nul in zip(texts, found, strict=True) if has_nul)


def _write_parquet(text: Path, columns: Columns, path: Path) -> None:
    if not text.stat().st_size:  # Arrow refuses an empty file
        write_empty(columns, path)
        return
    names = [name for name, _ in columns]
    try:
        reader = csv.open_csv(
            text,
            csv.ReadOptions(column_names=names, block_size=_BLOCK_BYTES, use_threads=False),
            csv.ParseOptions(newlines_in_values=True),
            csv.ConvertOptions(
                column_types=_as_text(columns),
                null_values=[_NULL],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        _convert(reader, columns, path)
    except (pa.ArrowException, duckdb.Error) as error:  # the message may contain values
        raise OperatorError(
            f"{path.name}: rows from the warehouse could not be written as Parquet ({type(error).__name__}); "
            "look for a row of more than 64 MB, or for values that another program stored"
        ) from None


def _convert(rows: Any, columns: Columns, path: Path) -> None:
    cells = ", ".join(f"{read(name, kind)} AS {identifier(name)}" for name, kind in columns)
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("rows", rows)
        connection.execute(f"COPY (SELECT {cells} FROM rows) TO {text_literal(str(path))} (FORMAT parquet)")  # noqa: S608 -- quoted


def _as_text(columns: Columns) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name, _ in columns])


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
