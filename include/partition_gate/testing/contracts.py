"""Judges real files under contracts with the real validator."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.partition import SNAPSHOT
from partition_gate.judging.validation import PartitionScan
from partition_gate.judging.verdict import CheckOutcome, Verdict, reach_verdict
from partition_gate.testing.scans import a_scan


def scan_of(contract: CompiledDataset, folder: Path, *files: pa.Table, key: str = SNAPSHOT) -> PartitionScan:
    """A scan of the files as the contract's table, landed under the key."""
    values = tuple(contract.dataset.location.values(key).items())
    return a_scan(folder, *files).model_copy(update={"table": contract.table, "partition_values": values})


def verdict_on(contract: CompiledDataset, folder: Path, *files: pa.Table, key: str = SNAPSHOT) -> Verdict:
    """The verdict of Great Expectations on DuckDB."""
    validation = DuckDbValidator().validate(scan_of(contract, folder, *files, key=key), contract.suite)
    return reach_verdict(contract.suite.suite, validation.observations, row_count=validation.row_count)


def outcomes(verdict: Verdict) -> dict[str, CheckOutcome]:
    """The outcome of each rule."""
    return {result.rule_id: result.outcome for result in verdict.results}


def broken_rows(verdict: Verdict, rule_id: str) -> int | None:
    """How many rows break a rule."""
    return next(result.unexpected_count for result in verdict.results if result.rule_id == rule_id)
