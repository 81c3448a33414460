"""Rows that pass and rows that do not, as two Parquet files, by the validator's own predicates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from partition_gate.adapters.gx.footers import READ_ERRORS, Footers, read_footers
from partition_gate.adapters.gx.scan import (
    SCANNED,
    SOURCE_FILE,
    SOURCE_ROW,
    Scanned,
    create_reference_view,
    create_view,
    damaged_files,
)
from partition_gate.adapters.gx.sql import any_of, identifier, literal, read_parquet, select, text_list
from partition_gate.errors import GateError
from partition_gate.table import TableSchema
from partition_gate.validation import PartitionScan, RowPredicate, Split, SplitLabels

PASSING, QUARANTINED = "passing.parquet", "quarantined.parquet"
_NO_ROWS = "0"


def split_rows(
    connection: duckdb.DuckDBPyConnection,
    scan: PartitionScan,
    *,
    blocking: Sequence[RowPredicate],
    labels: SplitLabels,
    into: Path,
) -> Split:
    """Each row goes to exactly one side: the sides are one condition and its negation, never NULL.

    Raises:
        GateError: a file cannot be read, a value cannot be cast to the table's type, or a row was lost.
    """
    footers = read_footers(scan)
    if footers.unreadable:
        raise GateError(f"{footers.unreadable[0]} cannot be read as Parquet, so nothing can be split; reject instead")
    partition = _open(connection, scan, footers)
    broken = any_of(predicate.sql for predicate in blocking)
    quarantined: tuple[Path | None, int] = None, 0
    try:
        passing = _copy(connection, _passing_rows(scan.table, broken), into / PASSING)
        if blocking:
            rejected = _quarantined_rows(partition, blocking, labels, where=broken)
            quarantined = _copy(connection, rejected, into / QUARANTINED)
    except READ_ERRORS as error:
        (into / PASSING).unlink(missing_ok=True)
        raise _split_error(connection, partition, error) from None
    return _whole(
        scan.table,
        Split(
            passing=passing[0],
            quarantined=quarantined[0],
            rows_in=footers.row_count,
            rows_passing=passing[1],
            rows_quarantined=quarantined[1],
            row_hash=row_hash(connection, passing[0]),
        ),
    )


def reject_rows(
    connection: duckdb.DuckDBPyConnection,
    scan: PartitionScan,
    *,
    blocking: Sequence[RowPredicate],
    labels: SplitLabels,
    into: Path,
) -> Split:
    """Every row of every file that can be read to its end, quarantined.

    Raises:
        GateError: files that can each be read cannot be read together.
    """
    footers = read_footers(scan)
    try:
        quarantined, rows = _reject(connection, scan, footers, blocking=blocking, labels=labels, into=into)
    except READ_ERRORS:
        footers = footers.without(damaged_files(connection, footers))
        try:
            quarantined, rows = _reject(connection, scan, footers, blocking=blocking, labels=labels, into=into)
        except READ_ERRORS as error:
            raise GateError(f"{scan.table.name}: the rejected files cannot be read ({type(error).__name__})") from None
    return Split(
        passing=None, quarantined=quarantined, rows_in=rows, rows_passing=0, rows_quarantined=rows, row_hash=_NO_ROWS
    )


def row_hash(connection: duckdb.DuckDBPyConnection, passing: Path | None) -> str:
    """The sum of the hashes of the rows of a file, as they read back from it; independent of their order."""
    if passing is None:
        return _NO_ROWS
    hashed = select(["coalesce(sum(hash(row(*COLUMNS(*)))::HUGEINT), 0)::VARCHAR"], read_parquet([str(passing)]))
    row = connection.execute(hashed).fetchone()
    return _NO_ROWS if row is None else str(row[0])


def _reject(
    connection: duckdb.DuckDBPyConnection,
    scan: PartitionScan,
    footers: Footers,
    *,
    blocking: Sequence[RowPredicate],
    labels: SplitLabels,
    into: Path,
) -> tuple[Path | None, int]:
    if not footers.files:
        return None, 0
    partition = _open(connection, scan, footers)
    return _copy(connection, _quarantined_rows(partition, blocking, labels, where="TRUE"), into / QUARANTINED)


def _whole(table: TableSchema, split: Split) -> Split:
    if split.rows_passing + split.rows_quarantined != split.rows_in:
        raise GateError(
            f"{table.name}: {split.rows_passing} rows pass and {split.rows_quarantined} do not, of {split.rows_in}; "
            "nothing may be published from this split, report it to the developers"
        )
    return split


def _open(connection: duckdb.DuckDBPyConnection, scan: PartitionScan, footers: Footers) -> Scanned:
    partition = create_view(connection, scan, footers, with_files=True)
    for reference in scan.references:
        if reference.paths:
            create_reference_view(connection, reference)
    return partition


def _passing_rows(table: TableSchema, broken: str) -> str:
    kept = select(["*"], SCANNED, where=f"NOT ({broken})")
    columns = (f"_gate_out_{i} AS {identifier(column.name)}" for i, column in enumerate(table.columns))
    return select(columns, f"({kept})")


def _quarantined_rows(partition: Scanned, blocking: Sequence[RowPredicate], labels: SplitLabels, *, where: str) -> str:
    breaks = (f"coalesce(({one.sql}), FALSE) AS _gate_breaks_{i}" for i, one in enumerate(blocking))
    judged = select(["*", *breaks], SCANNED, where=where)
    reasons = dict(labels.reasons)
    rule_ids = [predicate.rule_id for predicate in blocking]
    cells = [f"_gate_in_{i} AS {identifier(name)}" for i, name in enumerate(partition.inputs)]
    cells += [
        f"{_broken(rule_ids)} AS _gate_rule_ids",
        f"{_broken(reasons.get(rule_id, rule_id) for rule_id in rule_ids)} AS _gate_reasons",
        f"{literal(labels.contract)} AS _gate_contract",
        f"{literal(labels.version)} AS _gate_contract_version",
        SOURCE_FILE,
        SOURCE_ROW,
        f"{literal(labels.attempt_id)} AS _gate_attempt",
    ]
    return select(cells, f"({judged})")


def _broken(texts: Iterable[str]) -> str:
    cases = [f"CASE WHEN _gate_breaks_{i} THEN {literal(text)} END" for i, text in enumerate(texts)]
    if not cases:
        return text_list([])
    return f"list_filter([{', '.join(cases)}]::VARCHAR[], lambda text: text IS NOT NULL)"


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> tuple[Path | None, int]:
    """The rows of a query as a Parquet file, and how many; no file is left where there is none, or it failed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        copied = connection.execute(
            f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)"
        ).fetchone()
    except READ_ERRORS:
        path.unlink(missing_ok=True)
        raise
    rows = 0 if copied is None else int(copied[0])
    if not rows:
        path.unlink(missing_ok=True)
    return (path if rows else None), rows


def _split_error(connection: duckdb.DuckDBPyConnection, partition: Scanned, error: BaseException) -> GateError:
    """Whose fault it is, found by looking again; DuckDB's own text may hold a value, so it is not quoted."""
    table = partition.scan.table
    if damaged := damaged_files(connection, partition.footers):
        return GateError(f"{damaged[0]} cannot be read to its end, so nothing can be split; reject instead")
    for i, column in enumerate(table.columns):
        try:
            connection.execute(select([f"first(_gate_out_{i})"], SCANNED)).fetchall()
        except READ_ERRORS:
            return GateError(
                f"{table.name}.{column.name}: a value cannot be cast to {column.type}; "
                "correct the type in the contract, or let a rule refuse such values"
            )
    return GateError(f"{table.name}: the rows cannot be split ({type(error).__name__}); report it to the developers")
