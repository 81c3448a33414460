"""Which SQL stands for which column, in files that may differ in schema."""

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
_VIRTUAL = {"file_index", "file_row_number"}
_ROWS_PER_FILE = 2**40

ColumnKey = tuple[str, int]  # a column's name in the file, and which of its namesakes it is
Cell = tuple[str, str]  # SQL or a name, and its DuckDB type
Reading = Callable[[Cell | None], Cell | None]


class Group(Record):
    """Files of one schema. `columns` maps a column to (name, type) as DuckDB sees it: `A` beside `a` is `A_1`."""

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
        """A number that no other row of the partition has; for the first of the files DuckDB can seek by it."""
        first = self.first_file * _ROWS_PER_FILE
        if len(self.files) > 1:
            return f"{first} + file_index::BIGINT * {_ROWS_PER_FILE} + {self.source_row}"
        return f"{first} + {self.source_row}" if first else self.source_row

    def cell(self, source: str) -> Cell | None:
        """(SQL, type) of the column with exactly this name; None if the files lack it or have it twice."""
        if (source, 1) in self.columns or (source, 0) not in self.columns:
            return None
        name, kind = self.columns[source, 0]
        return identifier(name), kind


class Slot(Record):
    """A column of the view: its SQL in each group (None: absent there) and the type that all groups meet in."""

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
    """The contract's columns and the partition columns that are anywhere; files' own values win over the key's."""
    values = dict(scan.partition_values)
    slots = (
        _slot(column, [read(group.cell(column.source)) or _constant(column, values) for group in groups])
        for column in (*scan.table.columns, *scan.table.partition_columns)
    )
    return [slot for slot in slots if slot is not None]


def extra_slots(scan: PartitionScan, groups: Sequence[Group], read: Reading) -> list[Slot]:
    """Columns of the files that the contract does not name, where their name is no contract column's and not ours."""
    named = (*scan.table.columns, *scan.table.partition_columns)
    sources = {(column.source, 0) for column in named}
    taken = {column.name.casefold() for column in named}
    return [
        slot.model_copy(update={"cells": tuple(read(cell) for cell in slot.cells)})
        for key, slot in zip(_keys(groups), input_slots(groups), strict=True)
        if key not in sources and slot.name.casefold() not in taken and not is_reserved(slot.name)
    ]


def input_slots(groups: Sequence[Group]) -> list[Slot]:
    """Every column of the files as it came; one that has several types which no type holds exactly becomes text."""
    slots: list[Slot] = []
    for key in _keys(groups):
        found = [group.columns.get(key) for group in groups]
        cells = [None if column is None else (identifier(column[0]), column[1]) for column in found]
        first = next(column[0] for column in found if column is not None)
        name = _free_name(first, RESERVED | {slot.name.casefold() for slot in slots})
        slots.append(Slot(name=name, cells=tuple(cells), type=exact_type({kind for _, kind in filter(None, cells)})))
    return slots


def distrusted(cell: Cell | None) -> Cell | None:
    """The same values, but DuckDB reads them all, also where a WHERE compares them.

    DuckDB skips what a footer's minimum and maximum rule out. Parquet's leave NaN out, and nothing proves that a
    footer is right, so no rule is judged by one. DuckDB sees through most identities (`v + 0`), but not through TRY. No
    cast stands inside, so TRY hides no error.
    """
    return None if cell is None else (f"TRY({cell[0]})", cell[1])


def as_read(cell: Cell | None) -> Cell | None:
    """The cell itself, for statements without a WHERE: TRY copies every text and unpacks dictionaries."""
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
    """What DuckDB would not even plan becomes text, so that the cast fails only where a value is asked for."""
    if cell is None or can_become(cell[1], target):
        return cell
    return f"CAST({cell[0]} AS VARCHAR)", "VARCHAR"


def _describe(connection: duckdb.DuckDBPyConnection, files: tuple[ParquetFile, ...], first_file: int) -> Group:
    described = connection.execute("DESCRIBE " + select(["*"], read_parquet([files[0].path]))).fetchall()
    seen: Counter[str] = Counter()
    columns: dict[ColumnKey, Cell] = {}
    for column, (name, kind, *_) in zip(files[0].columns, described, strict=True):
        columns[column.name, seen[column.name]] = (name, kind)
        seen[column.name] += 1
    return Group(files=files, columns=columns, first_file=first_file)


def _slot(column: TableColumn, cells: Sequence[Cell | None]) -> Slot | None:
    kinds = {kind for _, kind in filter(None, cells)}
    if not kinds:
        return None
    kind = comparable_type(kinds)
    if NO_TYPE in kind and can_become(kind, column.type):
        kind = column.type  # so that rules on text or numbers can be planned
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
    return any(column.name.casefold() in _VIRTUAL for column in file.columns)
