"""A partition's files as the DuckDB view `scanned`, with the contract's column names, and as `unfiltered`, the same
view for statements without a WHERE.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence

import duckdb

from partition_gate.adapters.gx.duckdb.columns import (
    Group,
    Slot,
    contract_slots,
    extra_slots,
    group_files,
    input_slots,
    output_slots,
    with_statistics,
    without_statistics,
)
from partition_gate.adapters.gx.duckdb.parquet_files import READ_ERRORS, Footers, ParquetFile, Unreadable
from partition_gate.adapters.gx.duckdb.sql import read_parquet, select
from partition_gate.checks.json_schemas import fits_schema
from partition_gate.core.quoting import identifier
from partition_gate.core.record import Record
from partition_gate.judging.validation import PartitionScan, ReferenceFiles

SCANNED, UNFILTERED = "scanned", "unfiltered"
SOURCE_FILE, SOURCE_ROW = "_gate_source_file", "_gate_source_row"
FITS_SCHEMA = "gate_fits_json_schema"  # the SQL name of `fits_schema`, for row-level rules
ROW = "_gate_row"  # in every view: a row's number in the partition, for internal use


class Machine(Record):
    """Resources of one validation. `None` is DuckDB's default; the temporary folder is for spilled rows."""

    threads: int | None = None
    memory_limit: str | None = None
    temporary_folder: str | None = None


class EngineOptions(Record):
    """`look_up_from_rows`: from this row count on, conditions are judged by a column's distinct values if these are
    few; in smaller partitions the extra statement costs more than it saves. `kept_bytes`: memory for the numbers of
    rows that break a rule. The statement that stores them gets this, plus `read_bytes` per column and thread for
    reading (measured: 2.3 MB with row groups of 122,880).
    """

    look_up_from_rows: int = 20_000
    kept_bytes: int = 384 * 2**20
    read_bytes: int = 3 * 2**20


class Scanned(Record):
    """The view. `types`: DuckDB types of the columns that rules can name. `inputs`: names of the files' own columns;
    `all_named`: the contract names all of them.
    """

    scan: PartitionScan
    footers: Footers
    types: dict[str, str]
    inputs: tuple[str, ...]
    all_named: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that rules can name."""
        return tuple(self.types)

    def lacking(self, column: str) -> tuple[str, ...]:
        """Landing paths of the files without the column; none if the partition key contains its value."""
        return () if column in dict(self.scan.partition_values) else self.footers.lacking(self.source(column))

    def named_alike(self, column: str) -> tuple[str, ...]:
        """Columns of the files that may be meant instead of a missing one: the names differ only in case."""
        return self.footers.named_alike(self.source(column))

    def repeating(self, column: str) -> tuple[str, ...]:
        """Landing paths of the files that have the column several times."""
        return self.footers.repeating(self.source(column))

    def stored_keys(self) -> dict[str, str | None]:
        """Partition columns that are also stored in a file -> their value in the partition key; None is null."""
        values = dict(self.scan.partition_values)
        sources = {column: self.source(column) for column in values}
        return {
            column: value
            for column, value in values.items()
            if any(file.column(sources[column]) for file in self.footers.files)
        }

    def mistyped(self, column: str, types: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """(landing path, actual type) of the files that store the column with another type."""
        return self.footers.mistyped(self.source(column), tuple(types))

    def source(self, column: str) -> str:
        """A column's name in the files; for a column that the contract does not name, the name itself."""
        table = self.scan.table
        names = {named.name: named.source for named in (*table.columns, *table.partition_columns)}
        return names.get(column, column)


def open_connection(machine: Machine) -> duckdb.DuckDBPyConnection:
    """A private in-memory database in UTC that loads no extensions and writes only to its temporary folder."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "temp_directory": machine.temporary_folder or tempfile.gettempdir(),
    }
    if machine.threads is not None:
        settings["threads"] = machine.threads
    if machine.memory_limit is not None:
        settings["memory_limit"] = machine.memory_limit
    connection = duckdb.connect(config=settings)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")  # after 2 s it is printed to stdout, between answers and JSON
    connection.create_function(FITS_SCHEMA, fits_schema, [duckdb.sqltype("VARCHAR")] * 2, duckdb.sqltype("BOOLEAN"))
    # This optimiser computes comparisons, counts and extremes from the footers (`columns.without_statistics`).
    connection.execute("SET disabled_optimizers = 'statistics_propagation'")
    return connection


def create_view(
    connection: duckdb.DuckDBPyConnection, scan: PartitionScan, footers: Footers, *, with_files: bool = False
) -> Scanned:
    """Create (or replace) both views over exactly the readable files.

    `with_files` adds to `scanned` what a split needs: each row unchanged (`_gate_in_<i>`, the files' i-th column,
    `_gate_source_file` and `_gate_source_row`), and `_gate_out_<i>` (the table's i-th column, cast). Files with
    different schemas are read separately, so nothing depends on how DuckDB unites them. There must be at least one.
    """
    groups = group_files(connection, footers)
    inputs = input_slots(groups)
    extra = extra_slots(scan, groups, without_statistics)
    slots = [*contract_slots(scan, groups, without_statistics), *extra]
    types = {slot.name: slot.type for slot in slots}
    unchanged = [slot.renamed(input_cell(i)) for i, slot in enumerate(inputs)]
    split = [*output_slots(scan, groups), *unchanged] if with_files else []
    _create(connection, SCANNED, groups, [*slots, *split], with_files=with_files)
    plain = [*contract_slots(scan, groups, with_statistics), *extra_slots(scan, groups, with_statistics)]
    _create(connection, UNFILTERED, groups, plain)
    names = tuple(slot.name for slot in inputs)
    return Scanned(scan=scan, footers=footers, types=types, inputs=names, all_named=not extra)


def input_cell(number: int) -> str:
    """The name in the view of the files' column with this number, unchanged."""
    return f"_gate_in_{number}"


def reference_view(dataset: str) -> str:
    """The name of the view over a referenced dataset."""
    return f"reference {dataset}"


def create_reference_view(connection: duckdb.DuckDBPyConnection, reference: ReferenceFiles) -> None:
    """Create the view over a referenced dataset's files; raises DuckDB's errors if they cannot be read."""
    published = select(["*"], read_parquet(reference.paths, options="union_by_name = true"))
    connection.execute(f"CREATE OR REPLACE VIEW {identifier(reference_view(reference.dataset))} AS {published}")


def damaged_files(connection: duckdb.DuckDBPyConnection, footers: Footers) -> tuple[Unreadable, ...]:
    """The files that cannot be read to their end, each with the first column that cannot; reads each file."""
    whys = ((file, _why_damaged(connection, file)) for file in footers.files)
    return tuple(Unreadable(source=file.source, why=why) for file, why in whys if why is not None)


def _why_damaged(connection: duckdb.DuckDBPyConnection, file: ParquetFile) -> str | None:
    if _read_error(connection, file, "COLUMNS(*)") is None:
        return None
    for column in file.columns:
        if error := _read_error(connection, file, identifier(column.name)):
            not_text = "it contains text that is not UTF-8" if "UTF" in error else "its pages are damaged"
            return f"column {column.name} cannot be decoded: {not_text}"
    return "it cannot be read to its end"


def _read_error(connection: duckdb.DuckDBPyConnection, file: ParquetFile, columns: str) -> str | None:
    # Not count(): DuckDB computes it from the footer if the footer says that there are no nulls.
    try:
        connection.execute(select([f"first({columns}) IS NULL"], read_parquet([file.path]))).fetchall()
    except READ_ERRORS as error:
        return str(error)
    return None


def _create(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    groups: Sequence[Group],
    slots: Sequence[Slot],
    *,
    with_files: bool = False,
) -> None:
    selects = [_select(group, slots, number, with_files=with_files) for number, group in enumerate(groups)]
    connection.execute(f"CREATE OR REPLACE VIEW {name} AS {' UNION ALL '.join(selects)}")


def _select(group: Group, slots: Iterable[Slot], number: int, *, with_files: bool) -> str:
    cells = [f"{slot.sql(number)} AS {identifier(slot.name)}" for slot in slots]
    cells.append(f"{group.row} AS {ROW}")
    if with_files:
        cells += [f"{group.source_file} AS {SOURCE_FILE}", f"{group.source_row} AS {SOURCE_ROW}"]
    return select(cells, group.relation)
