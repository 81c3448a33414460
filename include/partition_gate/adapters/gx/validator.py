"""The validator: Great Expectations on DuckDB, one private database a call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from partition_gate.adapters.gx.engine import DuckDBExecutionEngine
from partition_gate.adapters.gx.footers import READ_ERRORS, Footers, read_footers
from partition_gate.adapters.gx.judge import Judgement, column_profile, judge, judge_unreadable, row_predicates
from partition_gate.adapters.gx.observations import validation_document
from partition_gate.adapters.gx.scan import Machine, create_view, damaged_files, open_connection
from partition_gate.adapters.gx.split import reject_rows, split_rows
from partition_gate.adapters.gx.suite_file import SuiteFile, read_suite_file
from partition_gate.judging.validation import Errored, PartitionScan, RowPredicate, Split, SplitLabels, Validation
from partition_gate.suite.expectations import CompiledSuite


class DuckDbValidator:
    """Judges scans with Great Expectations on DuckDB (`ports.Validator`).

    Calls share nothing. `filesystem` (fsspec) is what DuckDB reads references through that are not local.
    """

    def __init__(self, machine: Machine | None = None, *, filesystem: Any = None) -> None:
        self._machine = machine or Machine()
        self._filesystem = filesystem

    def validate(self, scan: PartitionScan, suite: CompiledSuite) -> Validation:
        """One observation a check. A file that cannot be read makes every check but its own unknown.

        Raises:
            ContractError: the suite file cannot be joined to the suite (`read_suite_file`).
        """
        suite_file = read_suite_file(suite.document)
        footers = read_footers(scan)
        if footers.unreadable:
            return _unreadable(suite, suite_file, footers.unreadable)
        with self._open() as connection:
            try:
                engine = DuckDBExecutionEngine(connection, create_view(connection, scan, footers))
            except READ_ERRORS:
                return _unreadable(suite, suite_file, _culprits(connection, footers))
            judgements = judge(engine, suite_file.expectations)
            if engine.failures and engine.damaged:
                return _unreadable(suite, suite_file, engine.damaged)
            predicates, profile = row_predicates(engine, judgements), column_profile(engine)
        return _validation(suite, suite_file, judgements).model_copy(
            update={"predicates": predicates, "row_count": footers.row_count, "profile": profile}
        )

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
