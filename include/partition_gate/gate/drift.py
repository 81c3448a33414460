"""Compares a partition with the baseline that a person pinned, before it is visible. Nothing is blocked by it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.errors import GateError
from partition_gate.core.table import TableSchema
from partition_gate.judging.anomalies import Anomaly, Comparison, Metric
from partition_gate.judging.attempt import Staged
from partition_gate.judging.distribution import kind_of
from partition_gate.judging.drift import (
    COMPARISON_FAILED,
    Baseline,
    DriftComparison,
    PinnedColumn,
    cause_of,
    compared,
)
from partition_gate.ports import Ports

log = logging.getLogger(__name__)

LIMIT = timedelta(seconds=60)  # a notice is not worth more
# The sampling error of so many rows is a PSI of 0.0002 with 11 bins, a thousandth of the threshold.
SAMPLE_ROWS = 100_000


def with_drift(found: Comparison, staged: Staged, compiled: CompiledDataset, ports: Ports) -> Comparison:
    """The comparison with the weeks before, and with the pinned baseline, if the dataset has one.

    One lookup without a baseline; with one, a pass over its columns of the partition's own rows. A failure never
    affects the partition: it is logged, and `failure` says what happened.
    """
    threshold = compiled.dataset.limits.drift_threshold
    if threshold is None:
        return found
    try:
        baseline = ports.ledger.baseline(compiled.dataset.name)
        if baseline is None:
            return found
        drift = _compared(baseline, staged, compiled, threshold, ports)
    except Exception as error:  # whatever its cause: the verdict is reached, and this is only a notice
        is_defect = not isinstance(error, GateError)
        log.warning("drift not compared attempt=%s why=%s", staged.attempt_id, error, exc_info=is_defect)
        return found.model_copy(update={"failure": type(error).__name__ if is_defect else str(error)})
    return _together(found, drift)


def _compared(
    baseline: Baseline, staged: Staged, compiled: CompiledDataset, threshold: float, ports: Ports
) -> DriftComparison:
    table, hidden = compiled.published, compiled.hidden_columns
    columns = [each for each in baseline.columns if each.column not in hidden and _has_column(table, each)]
    gone = {cause_of(column.column) for column in baseline.columns if column not in columns}
    if not columns:
        return DriftComparison(in_order=frozenset(gone))
    bins = [column.bins for column in columns]
    binned = ports.warehouse.binned(table, staged, bins, limit=LIMIT, sample=SAMPLE_ROWS)
    drift = compared(baseline, binned, columns=columns, threshold=threshold)
    return drift.model_copy(update={"in_order": drift.in_order | gone})


def _has_column(table: TableSchema, pinned: PinnedColumn) -> bool:
    """Whether the table still has the column, with values of the same kind."""
    column = next((column for column in table.columns if column.name == pinned.column), None)
    return column is not None and kind_of(column.type) == pinned.bins.kind


def _together(found: Comparison, drift: DriftComparison) -> Comparison:
    """Without drifts that follow from an anomaly of the nulls of the same column."""
    nulls = _columns_with_unusual_nulls(found.anomalies)
    told = tuple(each for each in drift.drifts if each.column not in nulls)
    return found.model_copy(update={"drifts": told, "in_order": found.in_order | drift.in_order | {COMPARISON_FAILED}})


def _columns_with_unusual_nulls(anomalies: Sequence[Anomaly]) -> frozenset[str | None]:
    unusual = [each for each in anomalies if each.metric is Metric.NULL_SHARE]
    return frozenset(column for each in unusual for column in (each.column, *each.also))
