"""Parquet footers: the schema of each file of a partition, before several files are read as one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from partition_gate.adapters.gx.duckdb.parquet_pages import damaged_column
from partition_gate.core.record import Record
from partition_gate.judging.validation import PartitionScan

# The readers raise any of these for a damaged or hostile file (UnicodeDecodeError is a ValueError).
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


_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
NO_TYPE = "null"  # the type of a column, member or element without any value


class FileColumn(Record):
    """A top-level column. `type` is the type token that compiled contracts use, `arrow_type` Arrow's own name."""

    name: str
    type: str
    arrow_type: str


class ParquetFile(Record):
    """A readable file: its local path as text, landing path, row count, and columns in file order."""

    path: str
    source: str
    row_count: int
    columns: tuple[FileColumn, ...]

    def column(self, name: str) -> FileColumn | None:
        """The column with exactly this name; None also if the file contains it twice."""
        namesakes = [column for column in self.columns if column.name == name]
        return namesakes[0] if len(namesakes) == 1 else None


class Unreadable(Record):
    """A file that cannot be read: its landing path, and why."""

    source: str
    why: str


class Footers(Record):
    """The footers of a scan's files, in the scan's order, and the files that cannot be read."""

    files: tuple[ParquetFile, ...]
    unreadable: tuple[Unreadable, ...]

    @property
    def row_count(self) -> int:
        return sum(file.row_count for file in self.files)

    def lacking(self, column: str) -> tuple[str, ...]:
        """Landing paths of the files without the column (its name in the files)."""
        return tuple(file.source for file in self.files if file.column(column) is None)

    def repeating(self, column: str) -> tuple[str, ...]:
        """Landing paths of the files that have several columns of this name: nobody can know which one is meant."""
        return tuple(file.source for file in self.files if [each.name for each in file.columns].count(column) > 1)

    def mistyped(self, column: str, types: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """(landing path, actual type) of the files that store the column with another type. A column without any value
        matches every type.
        """
        accepted = (*types, NO_TYPE)
        stored = ((file.source, file.column(column)) for file in self.files)
        return tuple((source, kind.type) for source, kind in stored if kind is not None and kind.type not in accepted)

    def named_alike(self, column: str) -> tuple[str, ...]:
        """Columns whose names differ from this one only in case, in the files that lack it."""
        others = (other for file in self.files if file.column(column) is None for other in file.columns)
        return alike(column, (other.name for other in others))

    def without(self, damaged: tuple[Unreadable, ...]) -> Footers:
        """A copy in which these files are unreadable, too."""
        sources = {file.source for file in damaged}
        return Footers(
            files=tuple(file for file in self.files if file.source not in sources),
            unreadable=(*self.unreadable, *damaged),
        )


def read_footers(scan: PartitionScan) -> Footers:
    """Each file's own schema; a file whose footer cannot be parsed, or with a page that does not match its checksum, is
    listed as unreadable, whatever the error.
    """
    files: list[ParquetFile] = []
    unreadable: list[Unreadable] = []
    for path, source in zip(scan.paths, scan.sources, strict=True):
        try:
            files.append(_read_footer(str(path), source))
        except _DamagedPage as error:
            unreadable.append(Unreadable(source=source, why=str(error)))
        except READ_ERRORS as error:
            unreadable.append(Unreadable(source=source, why=_why(path, error)))
    return Footers(files=tuple(files), unreadable=tuple(unreadable))


def alike(name: str, others: Iterable[str]) -> tuple[str, ...]:
    """The names that differ from this one only in case, each once."""
    return tuple(dict.fromkeys(other for other in others if other != name and other.casefold() == name.casefold()))


def type_token(kind: pa.DataType) -> str:
    """The token of an Arrow type; dictionaries, run-end encodings and extensions have that of their values."""
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return type_token(kind.value_type)
    if isinstance(kind, pa.BaseExtensionType):
        return type_token(kind.storage_type)
    return next((token for token, test in _SAME_NAME.items() if test(kind)), str(kind))


class _DamagedPage(Exception):
    """The bytes of a page are not those that its checksum was computed from."""


def _read_footer(path: str, source: str) -> ParquetFile:
    with pq.ParquetFile(path) as file:
        columns = tuple(
            FileColumn(name=field.name, type=type_token(field.type), arrow_type=str(field.type))
            for field in file.schema_arrow
        )
        if damaged := damaged_column(path, file.schema):
            raise _DamagedPage(f"column {damaged} is damaged: a page does not match its checksum")
        return ParquetFile(path=path, source=source, row_count=file.metadata.num_rows, columns=columns)


def _why(path: Path, error: BaseException) -> str:
    """Why a footer cannot be parsed. The reader's own message is not quoted, because it may contain a value."""
    size = path.stat().st_size
    with path.open("rb") as file:
        first = file.read(len(_MAGIC))
        file.seek(max(size - len(_MAGIC), 0))
        last = file.read()
    if not size:
        return "it is empty"
    if _ENCRYPTED in (first, last):
        return "it is encrypted"
    if _MAGIC not in (first, last):
        return "it is not a Parquet file"
    if last != _MAGIC:
        return "it is truncated: the footer is missing"
    return "a column is nested too deeply" if "too deeply nested" in str(error) else "its footer is damaged"
