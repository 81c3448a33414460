"""Parquet footers: what each file of a partition says about itself, before any two files are read as one."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from partition_gate.core.record import Record
from partition_gate.judging.validation import PartitionScan

# A damaged or hostile file makes the readers raise any of these (UnicodeDecodeError is a ValueError).
READ_ERRORS = (duckdb.Error, pa.ArrowException, OSError, ValueError, OverflowError, MemoryError)

_SAME_NAME = {
    "halffloat": pa.types.is_float16,
    "decimal": pa.types.is_decimal,
    "string": lambda kind: pa.types.is_string(kind) or pa.types.is_string_view(kind),
    "large_string": pa.types.is_large_string,
    "binary": lambda kind: any(
        test(kind)
        for test in (
            *(pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view),
            pa.types.is_fixed_size_binary,
        )
    ),
    "date32": pa.types.is_date32,
    "date64": pa.types.is_date64,
    "timestamp_tz": lambda kind: pa.types.is_timestamp(kind) and kind.tz is not None,
    "timestamp": pa.types.is_timestamp,
    "time32": pa.types.is_time32,
    "time64": pa.types.is_time64,
    "duration": pa.types.is_duration,
    "map": pa.types.is_map,
    "list": lambda kind: any(
        test(kind)
        for test in (
            *(pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list),
            *(pa.types.is_list_view, pa.types.is_large_list_view),
        )
    ),
    "struct": pa.types.is_struct,
}


NO_TYPE = "null"  # of a column, member or element that has no value in any row


class FileColumn(Record):
    """A top-level column. `type` is the token that contracts are compiled to, `arrow_type` Arrow's own text."""

    name: str
    type: str
    arrow_type: str


class ParquetFile(Record):
    """One readable file: the local path as text, its landing path, its rows, its columns in file order."""

    path: str
    source: str
    row_count: int
    columns: tuple[FileColumn, ...]

    def column(self, name: str) -> FileColumn | None:
        """The column of exactly this name; None also if the file has it twice."""
        found = [column for column in self.columns if column.name == name]
        return found[0] if len(found) == 1 else None


class Footers(Record):
    """The footers of a scan's files, in the scan's order; `unreadable` are landing paths."""

    files: tuple[ParquetFile, ...]
    unreadable: tuple[str, ...]

    @property
    def row_count(self) -> int:
        return sum(file.row_count for file in self.files)

    def lacking(self, column: str) -> tuple[str, ...]:
        """Landing paths of the files without the column (its name in the files)."""
        return tuple(file.source for file in self.files if file.column(column) is None)

    def mistyped(self, column: str, types: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """(landing path, type found) of the files that store the column as none of the types. What has no value in any
        row has every type.
        """
        accepted = (*types, NO_TYPE)
        found = ((file.source, file.column(column)) for file in self.files)
        return tuple((source, kind.type) for source, kind in found if kind is not None and kind.type not in accepted)

    def named_alike(self, column: str) -> tuple[str, ...]:
        """Columns whose names differ from this one only by case, in the files that lack it."""
        others = (other for file in self.files if file.column(column) is None for other in file.columns)
        return alike(column, (other.name for other in others))

    def without(self, sources: tuple[str, ...]) -> Footers:
        """The same with more files known to be unreadable."""
        return Footers(
            files=tuple(file for file in self.files if file.source not in sources),
            unreadable=(*self.unreadable, *sources),
        )


def read_footers(scan: PartitionScan) -> Footers:
    """Each file's own schema; a file whose footer cannot be parsed is listed as unreadable, whatever it raised."""
    files, unreadable = [], []
    for path, source in zip(scan.paths, scan.sources, strict=True):
        try:
            files.append(_read_footer(str(path), source))
        except READ_ERRORS:
            unreadable.append(source)
    return Footers(files=tuple(files), unreadable=tuple(unreadable))


def alike(name: str, others: Iterable[str]) -> tuple[str, ...]:
    """The names that differ from this one only by case, each once."""
    return tuple(dict.fromkeys(other for other in others if other != name and other.casefold() == name.casefold()))


def type_token(kind: pa.DataType) -> str:
    """The token of an Arrow type; dictionaries, run-ends and extensions count as what they hold."""
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return type_token(kind.value_type)
    if isinstance(kind, pa.BaseExtensionType):
        return type_token(kind.storage_type)
    return next((token for token, test in _SAME_NAME.items() if test(kind)), str(kind))


def _read_footer(path: str, source: str) -> ParquetFile:
    with pq.ParquetFile(path) as file:
        columns = tuple(
            FileColumn(name=field.name, type=type_token(field.type), arrow_type=str(field.type))
            for field in file.schema_arrow
        )
        return ParquetFile(path=path, source=source, row_count=file.metadata.num_rows, columns=columns)
