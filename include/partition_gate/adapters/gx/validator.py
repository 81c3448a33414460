"""The validator: Great Expectations on DuckDB, one private database a call."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from partition_gate.adapters.gx.confirmation import read_all
from partition_gate.adapters.gx.engine import DuckDBExecutionEngine
from partition_gate.adapters.gx.footers import READ_ERRORS, Footers, read_footers
from partition_gate.adapters.gx.judge import Judgement, column_profile, judge, judge_unreadable, row_predicates
from partition_gate.adapters.gx.observations import validation_document
from partition_gate.adapters.gx.scan import Machine, create_view, damaged_files, open_connection
from partition_gate.adapters.gx.split import reject_rows, split_rows
from partition_gate.adapters.gx.suite_file import SuiteFile, read_suite_file
from partition_gate.adapters.gx.worth import Worth
from partition_gate.judging.validation import (
    Errored,
    PartitionScan,
    RowPredicate,
    Split,
    SplitLabels,
    Unread,
    Validation,
)
from partition_gate.suite.expectations import CompiledSuite


class DuckDbValidator:
    """Judges scans with Great Expectations on DuckDB (`ports.Validator`).

    Calls share nothing. `filesystem` (fsspec) is what DuckDB reads references through that are not local.
    """

    def __init__(self, machine: Machine | None = None, *, filesystem: Any = None, worth: Worth | None = None) -> None:
        self._machine = machine or Machine()
        self._filesystem = filesystem
        self._worth = worth or Worth()

    def validate(self, scan: PartitionScan, suite: CompiledSuite) -> Validation:
        """One observation a check. A file that cannot be read makes every check but its own unknown.

        Raises:
            ContractError: the suite file cannot be joined to the suite (`read_suite_file`).
        """
        return self._validated(scan, suite, self._worth)

    def confirm(self, scan: PartitionScan, suite: CompiledSuite, validation: Validation) -> Validation:
        """The same, and the columns' profile, where the rows are as the footers say; else validated by the rows.

        Raises:
            ContractError: as for `validate`.
        """
        if validation.unread is None:
            return validation
        with self._open() as connection:
            profile = read_all(connection, scan, validation.unread)
        if profile is None:
            return self._validated(scan, suite, self._worth.model_copy(update={"trusted": False}))
        return validation.model_copy(update={"profile": profile, "unread": None})

    def _validated(self, scan: PartitionScan, suite: CompiledSuite, worth: Worth) -> Validation:
        if scan.scratch is not None and scan.scratch.exists():  # its files' names may have had other rows
            shutil.rmtree(scan.scratch)
        suite_file = read_suite_file(suite.document)
        footers = read_footers(scan)
        if footers.unreadable:
            return _unreadable(suite, suite_file, footers.unreadable)
        with self._open() as connection:
            try:
                engine = DuckDBExecutionEngine(connection, create_view(connection, scan, footers), worth)
            except READ_ERRORS:
                return _unreadable(suite, suite_file, _culprits(connection, footers))
            judgements = judge(engine, suite_file.expectations)
            if engine.failures and engine.damaged:
                return _unreadable(suite, suite_file, engine.damaged)
            predicates, counted = row_predicates(engine, judgements), column_profile(engine)
        found = {"predicates": predicates, "unread" if isinstance(counted, Unread) else "profile": counted}
        return _validation(suite, suite_file, judgements).model_copy(update={"row_count": footers.row_count, **found})

    def split(self, scan: PartitionScan, *, blocking: Sequence[RowPredicate], labels: SplitLabels, into: Path) -> Split:
        """`passing.parquet` and `quarantined.parquet` in the folder `into`.

        Raises:
            GateError: a file cannot be read, or a value cannot be cast to the table's type. The verdict should have
                seen both.
        """
        with self._open() as connection:
            return split_rows(connection, scan, blocking=blocking, labels=labels, into=into)

    def reject(
        self, scan: PartitionScan, *, blocking: Sequence[RowPredicate], labels: SplitLabels, into: Path
    ) -> Split:
        """`quarantined.parquet` in the folder `into`, with every row of the files that can be read."""
        with self._open() as connection:
            return reject_rows(connection, scan, blocking=blocking, labels=labels, into=into)

    @contextmanager
    def _open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with open_connection(self._machine) as connection:
            if self._filesystem is not None:
                connection.register_filesystem(self._filesystem)
            yield connection


def _unreadable(suite: CompiledSuite, suite_file: SuiteFile, sources: tuple[str, ...]) -> Validation:
    return _validation(suite, suite_file, judge_unreadable(suite_file.expectations, sources))


def _validation(suite: CompiledSuite, suite_file: SuiteFile, judgements: Sequence[Judgement]) -> Validation:
    seen = {judgement.planned.rule_id: judgement.observation for judgement in judgements}
    absent = "the suite file has no expectation for this rule; compile the contract again"
    return Validation(
        row_count=None,
        observations=tuple(
            seen.get(check.rule_id) or Errored(rule_id=check.rule_id, why=absent) for check in suite.suite.checks
        ),
        predicates=(),
        document=validation_document(suite_file, [judgement.result for judgement in judgements]),
    )


def _culprits(connection: duckdb.DuckDBPyConnection, footers: Footers) -> tuple[str, ...]:
    # Where no single file is to blame, they cannot be read together.
    return damaged_files(connection, footers) or tuple(file.source for file in footers.files)
