"""Nothing is shared: partitions judged at the same time, or one after the other, never see one another's rows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from partition_gate.adapters.gx.duckdb.parquet_files import read_footers
from partition_gate.adapters.gx.duckdb.scan import EngineOptions, Machine, create_view, open_connection
from partition_gate.adapters.gx.engine.engine import DuckDBExecutionEngine
from partition_gate.adapters.gx.execution.run import run_expectations
from partition_gate.adapters.gx.execution.suite_file import read_suite_file
from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.checks.expectations import CompiledSuite
from partition_gate.judging.validation import Evaluated, PartitionScan
from partition_gate.testing.scans import a_scan, a_suite, some_labels

ROUNDS = 12
RULES: dict[str, tuple[str, dict[str, Any]]] = {
    "known": ("expect_column_values_to_not_be_null", {"column": "id"}),
    "unique": ("expect_column_values_to_be_unique", {"column": "id"}),
    "key": ("expect_compound_columns_to_be_unique", {"column_list": ["id", "note"]}),
    "small": ("expect_column_values_to_be_between", {"column": "id", "max_value": 50}),
    "rising": ("expect_column_values_to_be_increasing", {"column": "id"}),
    "note": ("expect_column_values_to_match_regex", {"column": "note", "regex": "^a$"}),
    "mean": ("expect_column_mean_to_be_between", {"column": "id", "max_value": 1}),
    "median": ("expect_column_median_to_be_between", {"column": "id", "max_value": 1}),
    "distinct": ("expect_column_distinct_values_to_be_in_set", {"column": "note", "value_set": ["a"]}),
    "rows": ("expect_table_row_count_to_equal", {"value": 7}),
}


def _rows(number: int) -> pa.Table:
    ids = [None, *range(40 + number * 10), *[7] * number]
    return pa.table(
        {"id": pa.array(ids, pa.int64()), "note": ["a" if i % (number + 2) else "b" for i in range(len(ids))]}
    )


def _suite(number: int) -> CompiledSuite:
    """Suites that differ by their numbers, so that a metric of one is never that of another."""
    return a_suite({f"{name}_{number}": rule for name, rule in list(RULES.items())[number % 3 :]})


def _outcome(scan: PartitionScan, suite: CompiledSuite, folder: Path) -> tuple[Any, ...]:
    validator = DuckDbValidator()
    validation = validator.validate(scan, suite)
    blocking = [one for one in validation.predicates if not one.rule_id.startswith("known")]
    split = validator.split(scan, blocking=blocking, labels=some_labels(), into=folder)
    quarantined = [] if split.quarantined is None else pq.read_table(split.quarantined).to_pylist()
    return validation.observations, validation.document, split.rows_passing, split.row_hash, quarantined


def test_partitions_judged_at_the_same_time_are_judged_as_alone(tmp_path: Path) -> None:
    partitions = [(a_scan(tmp_path / f"scan_{i}", _rows(i)), _suite(i)) for i in range(3)]
    alone = [_outcome(scan, suite, tmp_path / f"alone_{i}") for i, (scan, suite) in enumerate(partitions)]
    start = Barrier(len(partitions))

    def judge_often(number: int) -> list[tuple[Any, ...]]:
        scan, suite = partitions[number]
        found = []
        for turn in range(ROUNDS):
            start.wait(60)
            found.append(_outcome(scan, suite, tmp_path / f"together_{number}_{turn}"))
        return found

    with ThreadPoolExecutor(len(partitions)) as threads:
        together = list(threads.map(judge_often, range(len(partitions))))

    assert len({str(one[0]) for one in alone}) == len(partitions)
    assert together == [[one] * ROUNDS for one in alone]


def test_an_older_batch_never_reads_the_data_of_a_newer_one(tmp_path: Path) -> None:
    suite_file = read_suite_file(a_suite(RULES).document)
    with ExitStack() as stack:
        engines = []
        for number in range(2):
            connection = stack.enter_context(open_connection(Machine()))
            scan = a_scan(tmp_path / str(number), _rows(number))
            engines.append(
                DuckDBExecutionEngine(connection, create_view(connection, scan, read_footers(scan)), EngineOptions())
            )

        def counted(engine: DuckDBExecutionEngine) -> list[Any]:
            results = run_expectations(engine, [one.configuration for one in suite_file.expectations])
            return sorted(str((one.expectation_config, one.result)) for one in results)

        newer = counted(engines[1])
        older = counted(engines[0])

        assert [counted(engines[1]), counted(engines[0])] == [newer, older]
        assert older == counted(_only(tmp_path / "0", stack))
    assert newer != older


def test_two_validations_of_changed_files_never_share_a_number(tmp_path: Path) -> None:
    suite = a_suite({"rows": RULES["rows"], "known": RULES["known"]})
    scan, counts = a_scan(tmp_path, _rows(0)), []
    for nulls in range(4):
        pq.write_table(
            pa.table({"id": pa.array([None] * nulls + [1], pa.int64()), "note": ["a"] * (nulls + 1)}), scan.paths[0]
        )
        seen = DuckDbValidator().validate(scan, suite).observations
        counts += [one.unexpected_count for one in seen if isinstance(one, Evaluated) and one.rule_id == "known"]

    assert counts == [0, 1, 2, 3]


def _only(folder: Path, stack: ExitStack) -> DuckDBExecutionEngine:
    connection = stack.enter_context(open_connection(Machine()))
    scan = a_scan(folder, _rows(0))
    return DuckDBExecutionEngine(connection, create_view(connection, scan, read_footers(scan)), EngineOptions())
