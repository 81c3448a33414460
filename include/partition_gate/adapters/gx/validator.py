"""The validator: Great Expectations on DuckDB, with one private database per call."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from partition_gate.adapters.gx.duckdb.parquet_files import READ_ERRORS, Footers, Unreadable, read_footers
from partition_gate.adapters.gx.duckdb.query_process import QueryLimits
from partition_gate.adapters.gx.duckdb.scan import EngineOptions, Machine, create_view, damaged_files, open_connection
from partition_gate.adapters.gx.duckdb.split import reject_rows, split_rows
from partition_gate.adapters.gx.duckdb.sql_rules import SqlRules
from partition_gate.adapters.gx.engine.engine import DuckDBExecutionEngine
from partition_gate.adapters.gx.execution.judge import (
    Judgement,
    column_profile,
    judge,
    judge_unreadable,
    row_predicates,
)
from partition_gate.adapters.gx.execution.results import validation_document
from partition_gate.adapters.gx.execution.suite_file import SuiteFile, read_suite_file
from partition_gate.checks.expectations import CompiledSuite
from partition_gate.core.errors import ScanTimedOut
from partition_gate.gate.deadlines import LimitReached, within_or_stopped
from partition_gate.judging.validation import (
    Errored,
    PartitionScan,
    RowPredicate,
    Split,
    SplitLabels,
    Validation,
)

TIMEOUT_S = 1800.0
# DuckDB checks for interruptions between blocks of rows; one block of long texts with one pattern can take minutes.
_STOPS_WITHIN_S = 5.0

T = TypeVar("T")
Opened = list[duckdb.DuckDBPyConnection]


class DuckDbValidator:
    """Judges scans with Great Expectations on DuckDB (`ports.Validator`).

    Calls share no state, and each ends soon after `timeout_s`.
    `filesystem` (fsspec) is used to read references that are not local.
    `mask_key` keys the hashes that replace hidden values; without it, a random key makes them incomparable.
    """

    def __init__(
        self,
        machine: Machine | None = None,
        *,
        filesystem: Any = None,
        options: EngineOptions | None = None,
        timeout_s: float = TIMEOUT_S,
        query_limits: QueryLimits | None = None,
        mask_key: bytes = b"",
    ) -> None:
        self._machine = machine or Machine()
        self._filesystem = filesystem
        self._options = options or EngineOptions()
        self._timeout_s, self._query_limits = timeout_s, query_limits
        self._mask_key = mask_key or secrets.token_bytes()

    def validate(self, scan: PartitionScan, suite: CompiledSuite) -> Validation:
        """One observation per check. If a file cannot be read, every check except that of readability is unknown.

        Raises:
            ContractError: the suite file does not match the suite (`read_suite_file`).
            ScanTimedOut: it took longer than its limit.
        """
        return self._limited(scan, lambda opened: self._validated(scan, suite, opened))

    def split(self, scan: PartitionScan, *, blocking: Sequence[RowPredicate], labels: SplitLabels, into: Path) -> Split:
        """Write `passing.parquet` and `quarantined.parquet` to the folder `into`.

        Raises:
            GateError: a file cannot be read, or a value cannot be cast to the table's type. The verdict should have
                detected both.
            ScanTimedOut: it took longer than its limit.
        """

        def split(opened: Opened) -> Split:
            with self._open(opened) as connection:
                return split_rows(connection, scan, blocking=blocking, labels=labels, into=into)

        return self._limited(scan, split)

    def reject(
        self, scan: PartitionScan, *, blocking: Sequence[RowPredicate], labels: SplitLabels, into: Path
    ) -> Split:
        """Write every row of the readable files to `quarantined.parquet` in the folder `into`.

        Raises:
            ScanTimedOut: it took longer than its limit.
        """

        def reject(opened: Opened) -> Split:
            with self._open(opened) as connection:
                return reject_rows(connection, scan, blocking=blocking, labels=labels, into=into)

        return self._limited(scan, reject)

    def _validated(self, scan: PartitionScan, suite: CompiledSuite, opened: Opened) -> Validation:
        if scan.scratch is not None and scan.scratch.exists():  # a file of the same name may have had other rows
            shutil.rmtree(scan.scratch)
        suite_file = read_suite_file(suite.document)
        footers = read_footers(scan)
        if footers.unreadable:
            return _unreadable(suite, suite_file, footers.unreadable)
        with self._open(opened) as connection, closing(SqlRules(self._query_limits)) as sql_rules:
            try:
                view = create_view(connection, scan, footers)
                engine = DuckDBExecutionEngine(connection, view, self._options, sql_rules)
            except READ_ERRORS:
                return _unreadable(suite, suite_file, _damaged(connection, footers))
            judgements = judge(engine, suite_file.expectations, mask_key=self._mask_key)
            if engine.failures and engine.damaged:
                return _unreadable(suite, suite_file, engine.damaged)
            counted = {"predicates": row_predicates(engine, judgements), "profile": column_profile(engine)}
        return _validation(suite, suite_file, judgements).model_copy(update={"row_count": footers.row_count, **counted})

    def _limited(self, scan: PartitionScan, work: Callable[[Opened], T]) -> T:
        """Run `work` within the limit; it adds the connections that it opens to its argument, so that they can be
        stopped.
        """
        opened: Opened = []

        def interrupt() -> None:
            for connection in tuple(opened):
                with suppress(duckdb.Error):  # it is closed already
                    connection.interrupt()

        try:
            return within_or_stopped(
                self._timeout_s, lambda: work(opened), stop=interrupt, stops_within_s=_STOPS_WITHIN_S
            )
        except LimitReached:
            raise ScanTimedOut(
                f"{scan.table.name}: one pass over the rows took longer than {self._timeout_s:g} s "
                "(GATE_SCAN_TIMEOUT_S); look for a pattern that is slow on long texts, or raise the limit"
            ) from None

    @contextmanager
    def _open(self, opened: Opened) -> Iterator[duckdb.DuckDBPyConnection]:
        with open_connection(self._machine) as connection:
            opened.append(connection)
            if self._filesystem is not None:
                connection.register_filesystem(self._filesystem)
            yield connection
        opened.remove(connection)


def _unreadable(suite: CompiledSuite, suite_file: SuiteFile, files: tuple[Unreadable, ...]) -> Validation:
    return _validation(suite, suite_file, judge_unreadable(suite_file.expectations, files))


def _validation(suite: CompiledSuite, suite_file: SuiteFile, judgements: Sequence[Judgement]) -> Validation:
    observed = {judgement.planned.rule_id: judgement.observation for judgement in judgements}
    absent = "the suite file has no expectation for this rule; compile the contract again"
    return Validation(
        row_count=None,
        observations=tuple(
            observed.get(check.rule_id) or Errored(rule_id=check.rule_id, why=absent) for check in suite.suite.checks
        ),
        predicates=(),
        document=validation_document(suite_file, [judgement.result for judgement in judgements]),
    )


def _damaged(connection: duckdb.DuckDBPyConnection, footers: Footers) -> tuple[Unreadable, ...]:
    # If each file can be read alone, the problem is reading them together.
    together = "it cannot be read together with the others"
    return damaged_files(connection, footers) or tuple(
        Unreadable(source=file.source, why=together) for file in footers.files
    )
