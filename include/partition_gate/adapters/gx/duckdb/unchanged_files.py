"""Files that are published as they came, because rewriting them would change nothing.

Readers skip what a footer excludes, so a footer may only claim what was compared with the rows. All other claims (Bloom
filters, page indexes, sort orders) are left out of the published footer; the pages stay as they are.
"""

from __future__ import annotations

import operator
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from partition_gate.adapters.gx.duckdb.columns import VIRTUAL
from partition_gate.adapters.gx.duckdb.parquet_pages import encodings
from partition_gate.adapters.gx.duckdb.sql import read_parquet, select
from partition_gate.adapters.gx.duckdb.thrift import Dropped, ThriftReader
from partition_gate.core.quoting import identifier
from partition_gate.core.record import Record
from partition_gate.core.table import TableColumn, TableSchema

SMALL_FILE_BYTES = 8 * 2**20
_LARGEST_FOOTER_BYTES = 16 * 2**20  # a larger one takes longer to copy than its rows to rewrite
_TAIL = 8  # a file ends with the footer's length and PAR1
_DEPRECATED_TIMESTAMP = "INT96"
_STORED_AS: dict[str, tuple[pa.DataType, ...]] = {
    "BOOLEAN": (pa.bool_(),),
    "TINYINT": (pa.int8(),),
    "SMALLINT": (pa.int16(),),
    "INTEGER": (pa.int32(),),
    "BIGINT": (pa.int64(),),
    "FLOAT": (pa.float32(),),
    "DOUBLE": (pa.float64(),),
    "VARCHAR": (pa.string(), pa.large_string()),
    "BLOB": (pa.binary(), pa.large_binary()),
    "DATE": (pa.date32(),),
    "TIMESTAMP": (pa.timestamp("us"),),
    "TIMESTAMP WITH TIME ZONE": (pa.timestamp("us", tz="UTC"),),
}


# Of FileMetaData: the sort order of each row group; the page indexes and Bloom filter of each of its columns.
_NOT_COMPARED: Dropped = {4: {4: None, 1: {**dict.fromkeys((4, 5, 6, 7)), 3: dict.fromkeys((14, 15))}}}
_CLAIMS = """
    SELECT row_group_id, column_id, row_group_num_rows, num_values, stats_null_count, stats_nan_count,
        [stats_min, stats_min_value], [stats_max, stats_max_value], min_is_exact, max_is_exact,
        string_split(encodings, ', '), list_transform(list_filter(encoding_stats,
            lambda page: page.page_type <> 'DICTIONARY_PAGE'), lambda page: page.encoding),
        bloom_filter_offset IS NOT NULL
    FROM parquet_metadata(?) ORDER BY row_group_id, column_id
"""
_MEASURES = 4
_FLOATS, _TEXT = ("FLOAT", "DOUBLE"), "VARCHAR"
_ESCAPE = "\\"  # DuckDB shows bytes that are not UTF-8 like this


class Unchanged(Record):
    """A file to publish, its number of rows, and the sum of their hashes."""

    path: Path
    rows: int
    row_hash: int


class _Claims(NamedTuple):
    """What a footer says of a column in a row group, in the order of `_CLAIMS`."""

    row_group: int
    column: int
    rows: int
    values: int
    nulls: int | None
    nans: int | None
    minima: list[str | None]
    maxima: list[str | None]
    minimum_is_exact: bool | None
    maximum_is_exact: bool | None
    encodings: list[str]
    encodings_of_pages: list[str] | None
    has_bloom_filter: bool


class _Measured(NamedTuple):
    """What the rows say of a column in a row group."""

    known: int
    nans: int | None
    minimum: str | None
    maximum: str | None


def unchanged(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], table: TableSchema, *, into: Path
) -> list[Unchanged] | None:
    """The files, to be published instead of rewritten ones; None if one has to be rewritten, or if they are many small
    ones.

    A file with a claim that is not compared with its rows is copied to the folder `into`, without the claim.

    Raises:
        duckdb.Error: a file cannot be read to its end.
    """
    if _are_small(paths) or not all(_matches_table(str(path), table) for path in paths):
        return None
    kept: list[Unchanged] = []
    for number, path in enumerate(paths):
        file = _unchanged(connection, path, table, copy=into / f"unchanged-{number}.parquet")
        if file is None:
            return None
        kept.append(file)
    return kept


def _unchanged(
    connection: duckdb.DuckDBPyConnection, path: Path, table: TableSchema, *, copy: Path
) -> Unchanged | None:
    claims = [_Claims(*row) for row in connection.execute(_CLAIMS, [str(path)]).fetchall()]
    metadata = pq.read_metadata(path)
    if not _has_encodings(path, claims):
        return None
    measured, rows, row_hash = _measured(connection, path, table, claims)
    kinds = [column.type for column in table.columns]
    if rows != metadata.num_rows or not all(_is_true(each, measured, kinds[each.column]) for each in claims):
        return None
    if any(each.has_bloom_filter for each in claims) or _has_indexes(metadata):
        if metadata.serialized_size > _LARGEST_FOOTER_BYTES:
            return None
        _copy_without_claims(path, copy)
        path = copy
    return Unchanged(path=path, rows=rows, row_hash=row_hash)


def _measured(
    connection: duckdb.DuckDBPyConnection, path: Path, table: TableSchema, claims: Sequence[_Claims]
) -> tuple[dict[tuple[int, int], _Measured], int, int]:
    """(row group, column) -> what its rows say; the number of rows; the sum of their hashes. Reads every value once."""
    sizes = {each.row_group: each.rows for each in claims}
    rows = select(
        ["*", "hash(row(*COLUMNS(*)))::HUGEINT AS _gate_hash", f"{_row_group([*sizes.values()])} AS _gate_group"],
        read_parquet([str(path)]),
    )
    cells = ["_gate_group", "sum(_gate_hash)::VARCHAR", "count(*)", *_measures(table)]
    found = connection.execute(select(cells, f"({rows})", where="TRUE GROUP BY _gate_group")).fetchall()
    measured = {
        (group, number): _Measured(*values[number * _MEASURES : (number + 1) * _MEASURES])
        for group, _, _, *values in found
        for number in range(len(table.columns))
    }
    return measured, sum(count for _, _, count, *_ in found), sum(int(hashed) for _, hashed, *_ in found)


def _measures(table: TableSchema) -> Iterator[str]:
    for column in table.columns:
        name = identifier(column.name)
        yield f"count({name})"
        yield f"count_if(isnan({name}))" if column.type in _FLOATS else "NULL"
        yield f"min({name})::VARCHAR"
        yield f"max({name})::VARCHAR"


def _row_group(sizes: Sequence[int], first: int = 0, start: int = 0) -> str:
    """SQL of a row's row group, from the sizes of the row groups: a search by halves."""
    if len(sizes) <= 1:
        return str(first)
    middle = len(sizes) // 2
    border = start + sum(sizes[:middle])
    before, behind = _row_group(sizes[:middle], first, start), _row_group(sizes[middle:], first + middle, border)
    return f"CASE WHEN file_row_number < {border} THEN {before} ELSE {behind} END"


def _is_true(claims: _Claims, measured: dict[tuple[int, int], _Measured], kind: str) -> bool:
    if not claims.rows:
        return True
    actual = measured[claims.row_group, claims.column]
    return (
        claims.values == claims.rows
        and claims.nulls in (None, claims.rows - actual.known)
        and claims.nans in (None, actual.nans or 0)
        and all(
            _agrees(each, actual.minimum, kind, operator.le, exact=claims.minimum_is_exact) for each in claims.minima
        )
        and all(
            _agrees(each, actual.maximum, kind, operator.ge, exact=claims.maximum_is_exact) for each in claims.maxima
        )
    )


def _agrees(
    claimed: str | None, actual: str | None, kind: str, bound: Callable[[str, str], bool], *, exact: bool | None
) -> bool:
    """Whether a claimed extreme is that of the rows, or, for text that was cut off, a `bound` of it."""
    if claimed is None:
        return True
    if actual is None or (kind == _TEXT and _ESCAPE in claimed):
        return False
    if kind in _FLOATS:
        return float(claimed) == float(actual)
    return claimed == actual or (exact is False and kind == _TEXT and bound(claimed, actual))


def _has_encodings(path: Path, claims: Sequence[_Claims]) -> bool:
    """Whether the pages have no other encodings than the footer says.

    Readers skip a row group if all its values are said to be in a dictionary that does not contain the wanted one.
    """
    try:
        return all(
            found <= set(each.encodings) and (not each.encodings_of_pages or found <= set(each.encodings_of_pages))
            for each, found in zip(claims, encodings(str(path)), strict=True)
        )
    except (IndexError, ValueError):
        return False


def _has_indexes(metadata: pq.FileMetaData) -> bool:
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        columns = map(group.column, range(group.num_columns))
        if group.sorting_columns or any(column.has_column_index or column.has_offset_index for column in columns):
            return True
    return False


def _copy_without_claims(path: Path, copy: Path) -> None:
    """Copy a file with its pages, and without the claims of its footer that are not compared."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, copy)
    with copy.open("r+b") as file:
        end = file.seek(-_TAIL, 2)
        length, magic = int.from_bytes(file.read(4), "little"), file.read(4)
        start = file.seek(end - length)
        footer = ThriftReader(memoryview(file.read(length))).without(_NOT_COMPARED)
        file.seek(start)
        file.write(footer + len(footer).to_bytes(4, "little") + magic)
        file.truncate()


def _matches_table(path: str, table: TableSchema) -> bool:
    """Whether the file has exactly the table's data columns, in order, with the types a Delta table stores.

    Nested columns, and columns of other names or types, need a rewrite.
    """
    with pq.ParquetFile(path) as file:
        metadata, fields = file.metadata, list(file.schema_arrow)
    names = {field.name.casefold() for field in fields}
    if len(fields) != len(table.columns) or len(names) != len(fields) or names & VIRTUAL:
        return False
    if any(metadata.schema.column(i).physical_type == _DEPRECATED_TIMESTAMP for i in range(metadata.num_columns)):
        return False
    return all(_is_stored(field, column) for field, column in zip(fields, table.columns, strict=True))


def _is_stored(field: pa.Field, column: TableColumn) -> bool:
    if not field.name == column.name == column.source:
        return False
    kind = duckdb.sqltype(column.type)
    if kind.id == "decimal":
        parts = dict(kind.children)
        return bool(field.type == pa.decimal128(parts["precision"], parts["scale"]))
    return field.type in _STORED_AS.get(str(kind), ())


def _are_small(paths: Sequence[Path]) -> bool:
    """Whether consumers would read one file faster than these; writing it is cheap then."""
    return len(paths) > 1 and sum(path.stat().st_size for path in paths) < SMALL_FILE_BYTES * len(paths)
