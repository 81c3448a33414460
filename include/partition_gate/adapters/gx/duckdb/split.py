"""Splits rows into passing and quarantined Parquet files, by the validator's own predicates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from partition_gate.adapters.gx.duckdb.failing_rows import saved_rows
from partition_gate.adapters.gx.duckdb.parquet_files import READ_ERRORS, Footers, read_footers
from partition_gate.adapters.gx.duckdb.scan import (
    ROW,
    SCANNED,
    SOURCE_FILE,
    SOURCE_ROW,
    Scanned,
    create_reference_view,
    create_view,
    damaged_files,
    input_cell,
)
from partition_gate.adapters.gx.duckdb.sql import any_of, literal, read_parquet, select, text_list
from partition_gate.adapters.gx.duckdb.unchanged_files import unchanged
from partition_gate.core.errors import GateError
from partition_gate.core.quoting import identifier
from partition_gate.core.table import TableSchema
from partition_gate.gate.local_folders import disk_full
from partition_gate.judging.validation import PartitionScan, RowPredicate, Split, SplitLabels

PASSING, QUARANTINED = "passing.parquet", "quarantined.parquet"


def split_rows(
    connection: duckdb.DuckDBPyConnection,
    scan: PartitionScan,
    *,
    blocking: Sequence[RowPredicate],
    labels: SplitLabels,
    into: Path,
) -> Split:
    """Each row either passes or is quarantined: one condition and its negation, never NULL.

    If nothing is quarantined and the files match the table exactly, the files themselves are the passing ones, or
    copies whose footers claim less (`unchanged_files`).

    Raises:
        GateError: a file cannot be read, a value cannot be cast to the table's type, or a row was lost.
    """
    footers = read_footers(scan)
    if footers.unreadable:
        raise GateError(
            f"{footers.unreadable[0].source} cannot be read as Parquet ({footers.unreadable[0].why}), so it cannot be "
            "split; reject the partition instead"
        )
    if not blocking and (whole := _whole_files(connection, scan, footers, into)):
        return whole
    partition = open_view(connection, scan, footers)
    try:
        return _two_files(connection, partition, blocking=blocking, labels=labels, into=into)
    except READ_ERRORS as error:
        (into / PASSING).unlink(missing_ok=True)
        raise _split_error(connection, partition, error) from None


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
        GateError: the files can be read separately, but not together.
    """

    def rejected(footers: Footers, judged: str) -> tuple[Path | None, int]:
        if not footers.files:
            return None, 0
        partition = open_view(connection, scan, footers)
        return _copy(connection, quarantined_rows(partition, judged, _rule_ids(blocking), labels), into / QUARANTINED)

    footers = read_footers(scan)
    # Without one of the files, the other rows have different numbers than those that were saved.
    judged = _judged_again(blocking) if footers.unreadable else _judged_rows(scan, blocking)
    try:
        quarantined, rows = rejected(footers, judged)
    except READ_ERRORS:
        footers = footers.without(damaged_files(connection, footers))
        try:
            quarantined, rows = rejected(footers, _judged_again(blocking))
        except READ_ERRORS as error:
            raise GateError(f"{scan.table.name}: the rejected files cannot be read ({type(error).__name__})") from None
    return Split(
        passing=(), quarantined=quarantined, rows_in=rows, rows_passing=0, rows_quarantined=rows, row_hash=NO_ROWS
    )


def _checked_row_count(table: TableSchema, split: Split) -> Split:
    if split.rows_passing + split.rows_quarantined != split.rows_in:
        raise GateError(
            f"{table.name}: {split.rows_passing} passing and {split.rows_quarantined} quarantined rows do not add up "
            f"to {split.rows_in}; nothing is published, report it to the developers"
        )
    return split


def open_view(connection: duckdb.DuckDBPyConnection, scan: PartitionScan, footers: Footers) -> Scanned:
    """The view with the columns for a split, and the views of the referenced datasets."""
    partition = create_view(connection, scan, footers, with_files=True)
    for reference in scan.references:
        if reference.paths:
            create_reference_view(connection, reference)
    return partition


def _two_files(
    connection: duckdb.DuckDBPyConnection,
    partition: Scanned,
    *,
    blocking: Sequence[RowPredicate],
    labels: SplitLabels,
    into: Path,
) -> Split:
    table = partition.scan.target
    passing, rows_passing = _copy(connection, _passing_rows(partition.scan, blocking), into / PASSING)
    quarantined, rows_quarantined = None, 0
    if blocking:
        failing = failing_rows(partition.scan, blocking)
        rejected = quarantined_rows(partition, failing, _rule_ids(blocking), labels)
        quarantined, rows_quarantined = _copy(connection, rejected, into / QUARANTINED)
    split = Split(
        passing=(passing,) if passing else (),
        quarantined=quarantined,
        rows_in=partition.footers.row_count,
        rows_passing=rows_passing,
        rows_quarantined=rows_quarantined,
        row_hash=row_hash(connection, [passing] if passing else [])[0],
    )
    return _checked_row_count(table, split)


def _whole_files(
    connection: duckdb.DuckDBPyConnection, scan: PartitionScan, footers: Footers, into: Path
) -> Split | None:
    """The unchanged files as the passing ones; None if one has to be rewritten, or all are small or empty."""
    try:
        files = unchanged(connection, [Path(file.path) for file in footers.files], scan.target, into=into)
    except READ_ERRORS:
        return None  # the full split reports the error
    if not files or not any(file.rows for file in files):
        return None
    whole = Split(
        passing=tuple(file.path for file in files),
        quarantined=None,
        rows_in=footers.row_count,
        rows_passing=sum(file.rows for file in files),
        rows_quarantined=0,
        row_hash=str(sum(file.row_hash for file in files)),
    )
    return _checked_row_count(scan.table, whole)


def _rule_ids(blocking: Sequence[RowPredicate]) -> list[str]:
    return [predicate.rule_id for predicate in blocking]


def _passing_rows(scan: PartitionScan, blocking: Sequence[RowPredicate]) -> str:
    """The rows that break no predicate, as the table's columns: from saved row numbers, or judged again."""
    columns = [f"_gate_out_{i} AS {identifier(column.name)}" for i, column in enumerate(scan.target.columns)]
    if numbers := saved_rows(scan, blocking):
        return select(columns, f"{SCANNED} ANTI JOIN ({numbers}) USING ({ROW})")
    return select(columns, SCANNED, where=f"NOT ({any_of(predicate.sql for predicate in blocking)})")


def failing_rows(scan: PartitionScan, blocking: Sequence[RowPredicate]) -> str:
    """SQL of the rows that break a predicate, with `_gate_breaks_<i>` for each: from the row numbers that the
    validation saved, or judged again.
    """
    if numbers := saved_rows(scan, blocking):
        return select(["*"], f"{SCANNED} JOIN ({numbers}) USING ({ROW})")
    return select(["*", *_breaks(blocking)], SCANNED, where=any_of(predicate.sql for predicate in blocking))


def _judged_rows(scan: PartitionScan, blocking: Sequence[RowPredicate]) -> str:
    """Every row of the view with `_gate_breaks_<i>`, also from saved row numbers or judged again."""
    if numbers := saved_rows(scan, blocking):
        return select(["*"], f"{SCANNED} LEFT JOIN ({numbers}) USING ({ROW})")
    return _judged_again(blocking)


def _judged_again(blocking: Sequence[RowPredicate]) -> str:
    return select(["*", *_breaks(blocking)], SCANNED)


def _breaks(blocking: Sequence[RowPredicate]) -> list[str]:
    return [f"coalesce(({each.sql}), FALSE) AS _gate_breaks_{i}" for i, each in enumerate(blocking)]


def quarantined_rows(partition: Scanned, judged: str, rule_ids: Sequence[str], labels: SplitLabels) -> str:
    """The judged rows (`failing_rows`) in the form of the quarantine: every input column, then the reasons."""
    reasons = dict(labels.reasons)
    cells = [f"{input_cell(i)} AS {identifier(name)}" for i, name in enumerate(partition.inputs)]
    cells += [
        f"{_texts(rule_ids)} AS _gate_rule_ids",
        f"{_texts(reasons.get(rule_id, rule_id) for rule_id in rule_ids)} AS _gate_reasons",
        f"{literal(labels.contract)} AS _gate_contract",
        f"{literal(labels.version)} AS _gate_contract_version",
        SOURCE_FILE,
        SOURCE_ROW,
        f"{literal(labels.attempt_id)} AS _gate_attempt",
    ]
    return select(cells, f"({judged})")


def _texts(texts: Iterable[str]) -> str:
    cases = [f"CASE WHEN _gate_breaks_{i} THEN {literal(text)} END" for i, text in enumerate(texts)]
    if not cases:
        return text_list([])
    is_broken = " OR ".join(
        f"_gate_breaks_{i}" for i in range(len(cases))
    )  # most rows of a rejected partition break nothing
    non_null = f"list_filter([{', '.join(cases)}]::VARCHAR[], lambda text: text IS NOT NULL)"
    return f"CASE WHEN {is_broken} THEN {non_null} ELSE {text_list([])} END"


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> tuple[Path | None, int]:
    """Write the rows of a query to a Parquet file; returns it with its row count. No file remains without rows or after
    an error.
    """
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
    """Find the cause of a failed split. DuckDB's own message is not quoted, because it may contain a value."""
    table = partition.scan.target
    if "No space left" in str(error):
        return disk_full("the folder of the spool")
    if damaged := damaged_files(connection, partition.footers):
        return GateError(
            f"{damaged[0].source} cannot be read ({damaged[0].why}), so it cannot be split; "
            "reject the partition instead"
        )
    for i, column in enumerate(table.columns):
        try:
            connection.execute(select([f"first(_gate_out_{i})"], SCANNED)).fetchall()
        except READ_ERRORS:
            return GateError(
                f"{table.name}.{column.name}: a value cannot be cast to {column.type}; "
                "correct the type in the contract, or add a rule that fails such values"
            )
    return GateError(f"{table.name}: the rows cannot be split ({type(error).__name__}); report it to the developers")


NO_ROWS = "0"


def row_hash(connection: duckdb.DuckDBPyConnection, passing: Sequence[Path]) -> tuple[str, int]:
    """The sum of the row hashes of the files, as read back, and the row count; independent of the order of the rows."""
    if not passing:
        return NO_ROWS, 0
    hashes = select(["hash(row(*COLUMNS(*)))::HUGEINT AS row_hash"], read_parquet(map(str, passing)))
    summed = select(["coalesce(sum(row_hash), 0)::VARCHAR", "count(row_hash)"], f"({hashes})")
    row = connection.execute(summed).fetchone()
    return (NO_ROWS, 0) if row is None else (str(row[0]), int(row[1]))
