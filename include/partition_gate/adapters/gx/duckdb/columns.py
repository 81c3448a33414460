"""The SQL of each column, for files that may differ in schema."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import accumulate

import duckdb

from partition_gate.adapters.gx.duckdb.parquet_files import Footers, ParquetFile
from partition_gate.adapters.gx.duckdb.sql import literal, read_parquet, select
from partition_gate.adapters.gx.duckdb.types import NO_TYPE, can_become, comparable_type, exact_type
from partition_gate.core.quoting import identifier
from partition_gate.core.record import Record
from partition_gate.core.table import TableColumn, is_reserved
from partition_gate.judging.validation import PartitionScan

RESERVED = frozenset(
    {
        *("_gate_rule_ids", "_gate_reasons", "_gate_contract", "_gate_contract_version"),
        *("_gate_source_file", "_gate_source_row", "_gate_attempt", "_gate_row"),
    }
)
VIRTUAL = {"file_index", "file_row_number"}
_ROWS_PER_FILE = 2**40

ColumnKey = tuple[str, int]  # a column's name in the file, and its position among columns of that name
Cell = tuple[str, str]  # SQL or a name, and its DuckDB type
Reading = Callable[[Cell | None], Cell | None]


class Group(Record):
    """Files with the same schema. `columns` maps a column to DuckDB's (name, type): next to `a`, DuckDB calls `A`
    `A_1`.
    """

    files: tuple[ParquetFile, ...]
    columns: dict[ColumnKey, Cell]
    first_file: int = 0

    @property
    def relation(self) -> str:
        return read_parquet(file.path for file in self.files)

    @property
    def source_file(self) -> str:
        sources = ", ".join(literal(file.source) for file in self.files)
        return f"([{sources}])[file_index::BIGINT + 1]" if len(self.files) > 1 else sources

    @property
    def source_row(self) -> str:
        return "row_number() OVER () - 1" if _hides_virtual_columns(self.files[0]) else "file_row_number"

    @property
    def row(self) -> str:
        """A number that is unique in the partition; in the first file, DuckDB can seek by it."""
        first = self.first_file * _ROWS_PER_FILE
        if len(self.files) > 1:
            return f"{first} + file_index::BIGINT * {_ROWS_PER_FILE} + {self.source_row}"
        return f"{first} + {self.source_row}" if first else self.source_row

    def cell(self, source: str) -> Cell | None:
        """(SQL, type) of the column with exactly this name; None if the files lack it or contain it twice."""
        if (source, 1) in self.columns or (source, 0) not in self.columns:
            return None
        name, kind = self.columns[source, 0]
        return identifier(name), kind


class Slot(Record):
    """A column of the view: its cell in each group (None if absent there) and the common type of all groups."""

    name: str
    cells: tuple[Cell | None, ...]
    type: str

    def sql(self, group: int) -> str:
        cell = self.cells[group]
        if cell is None:
            return f"CAST(NULL AS {self.type})"
        sql, kind = cell
        return sql if kind == self.type else f"CAST({sql} AS {self.type})"

    def renamed(self, name: str) -> Slot:
        return self.model_copy(update={"name": name})


def group_files(connection: duckdb.DuckDBPyConnection, footers: Footers) -> list[Group]:
    """The files by schema, in order of first appearance."""
    by_schema: dict[object, list[ParquetFile]] = {}
    for file in footers.files:
        schema = tuple((column.name, column.arrow_type) for column in file.columns)
        by_schema.setdefault((schema, file.path if _hides_virtual_columns(file) else ""), []).append(file)
    firsts = accumulate((len(files) for files in by_schema.values()), initial=0)
    groups = zip(by_schema.values(), firsts, strict=False)
    return [_describe(connection, tuple(files), first) for files, first in groups]


def contract_slots(scan: PartitionScan, groups: Sequence[Group], read: Reading) -> list[Slot]:
    """The contract's columns and partition columns that exist in any file; values in files take precedence over the
    key.
    """
    values = dict(scan.partition_values)
    slots = (
        _slot(column, [read(group.cell(column.source)) or _constant(column, values) for group in groups])
        for column in (*scan.table.columns, *scan.table.partition_columns)
    )
    return [slot for slot in slots if slot is not None]


def extra_slots(scan: PartitionScan, groups: Sequence[Group], read: Reading) -> list[Slot]:
    """Columns of the files that the contract does not name, unless the name is a contract column's or reserved."""
    named = (*scan.table.columns, *scan.table.partition_columns)
    sources = {(column.source, 0) for column in named}
    taken = {column.name.casefold() for column in named}
    return [
        slot.model_copy(update={"cells": tuple(read(cell) for cell in slot.cells)})
        for key, slot in zip(_keys(groups), input_slots(groups), strict=True)
        if key not in sources and slot.name.casefold() not in taken and not is_reserved(slot.name)
    ]


def input_slots(groups: Sequence[Group]) -> list[Slot]:
    """Every column of the files unchanged; a column whose types have no exact common type becomes text."""
    slots: list[Slot] = []
    for key in _keys(groups):
        columns = [group.columns.get(key) for group in groups]
        cells = [None if column is None else (identifier(column[0]), column[1]) for column in columns]
        first = next(column[0] for column in columns if column is not None)
        name = _free_name(first, RESERVED | {slot.name.casefold() for slot in slots})
        slots.append(Slot(name=name, cells=tuple(cells), type=exact_type({kind for _, kind in filter(None, cells)})))
    return slots


def without_statistics(cell: Cell | None) -> Cell | None:
    """The same values, but DuckDB reads all of them, even if a WHERE compares them.

    DuckDB skips row groups by the minimum and maximum in the footer. These exclude NaN and may be wrong, so no rule may
    depend on them. DuckDB optimises most identities away (`v + 0`), but not TRY. The argument contains no cast, so TRY
    hides no error.
    """
    return None if cell is None else (f"TRY({cell[0]})", cell[1])


def with_statistics(cell: Cell | None) -> Cell | None:
    """The cell itself, for statements without a WHERE, because TRY copies every text and unpacks dictionaries."""
    return cell


def output_slots(scan: PartitionScan, groups: Sequence[Group]) -> list[Slot]:
    """The target's data columns with the target's types, as `_gate_out_<i>`."""
    return [
        Slot(
            name=f"_gate_out_{i}",
            cells=tuple(_castable(group.cell(column.source), column.type) for group in groups),
            type=column.type,
        )
        for i, column in enumerate(scan.target.columns)
    ]


def _castable(cell: Cell | None, target: str) -> Cell | None:
    """A cell whose cast DuckDB would reject while planning becomes text, so that the cast fails only on a value."""
    if cell is None or can_become(cell[1], target):
        return cell
    return f"CAST({cell[0]} AS VARCHAR)", "VARCHAR"


def _describe(connection: duckdb.DuckDBPyConnection, files: tuple[ParquetFile, ...], first_file: int) -> Group:
    described = connection.execute("DESCRIBE " + select(["*"], read_parquet([files[0].path]))).fetchall()
    occurrences: Counter[str] = Counter()
    columns: dict[ColumnKey, Cell] = {}
    for column, (name, kind, *_) in zip(files[0].columns, described, strict=True):
        columns[column.name, occurrences[column.name]] = (name, kind)
        occurrences[column.name] += 1
    return Group(files=files, columns=columns, first_file=first_file)


def _slot(column: TableColumn, cells: Sequence[Cell | None]) -> Slot | None:
    kinds = {kind for _, kind in filter(None, cells)}
    if not kinds:
        return None
    kind = comparable_type(kinds)
    if NO_TYPE in kind and can_become(kind, column.type):
        kind = column.type  # otherwise rules on text or numbers cannot be planned
    return Slot(name=column.name, cells=tuple(cells), type=kind)


def _constant(column: TableColumn, values: dict[str, str | None]) -> Cell | None:
    if column.name not in values:
        return None
    value = values[column.name]
    return f"CAST({'NULL' if value is None else literal(value)} AS {column.type})", column.type


def _keys(groups: Sequence[Group]) -> list[ColumnKey]:
    return list(dict.fromkeys(key for group in groups for key in group.columns))


def _free_name(name: str, taken: frozenset[str]) -> str:
    candidate, number = name, 0
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def _hides_virtual_columns(file: ParquetFile) -> bool:
    return any(column.name.casefold() in VIRTUAL for column in file.columns)
