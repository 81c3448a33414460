"""How many drifts a year of real flights has, and what a comparison costs: `python benchmarks/drift.py`.

The partitions are published as Delta tables and compared as the gate does it. Not every line is a false alarm: flights
are scheduled anew each season, and storms change a day. The number of lines is what a reader has to look at.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from partition_gate.adapters.warehouse_delta.warehouse import DeltaWarehouse
from partition_gate.apps.demo.nycflights import by_day, read
from partition_gate.core.table import TableColumn, TableSchema
from partition_gate.gate.drift import SAMPLE_ROWS
from partition_gate.judging.attempt import Publication
from partition_gate.judging.distribution import BinnedPartition, ColumnToSurvey, NumberBins, TextBins, is_whole, kind_of
from partition_gate.judging.drift import Baseline, Drift, LeftOut, PinnedColumn, compared
from partition_gate.judging.pinning import pinned, surveyed
from partition_gate.judging.validation import Split

LAST = date(2013, 12, 31)
THRESHOLDS = (0.1, 0.2, 0.25, 0.5, 1.0)
TYPES = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "double": "DOUBLE",
    "timestamp[us, tz=UTC]": "TIMESTAMP WITH TIME ZONE",
}
HOUR = timedelta(hours=1)
MILLION = 1_000_000
KS_0_001 = 1.95  # D from which two samples differ with p < 0.001, over sqrt(1/n + 1/m)


class Warehouse:
    """A table of days in a scratch folder."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self.folder, self.delta = (
            folder,
            DeltaWarehouse(
                str(folder / "tables"), serving_file=folder / "w.duckdb", quarantine_root=str(folder / "quarantine")
            ),
        )
        columns = tuple(
            TableColumn(name=field.name, source=field.name, type=TYPES[str(field.type)]) for field in schema
        )
        self.table = TableSchema(
            name="t", columns=columns, partition_columns=(TableColumn(name="dt", source="dt", type="DATE"),)
        )

    def published(self, day: date, rows: pa.Table) -> Publication:
        key, path = day.isoformat(), self.folder / "rows.parquet"
        pq.write_table(rows, path)
        count = {"rows_in": rows.num_rows, "rows_passing": rows.num_rows, "rows_quarantined": 0}
        split = Split(passing=(path,), quarantined=None, row_hash="", **count)
        staged = self.delta.stage(self.table, key, attempt_id=f"t-{key}-1", split=split)
        return self.delta.publish(self.table, staged, idempotency_key=key, fence=1, values=[("dt", key)])

    def baseline(self, pinned_days: Sequence[Publication]) -> Baseline:
        asked = [
            ColumnToSurvey(column=c.name, kind=kind, is_whole=is_whole(c.type))
            for c in self.table.columns
            if (kind := kind_of(c.type))
        ]
        found = list(surveyed(self.delta.survey(self.table, pinned_days, asked), asked))
        bins = [each for each in found if isinstance(each, NumberBins | TextBins)]
        columns = list(pinned(bins, [self.binned(each, bins) for each in pinned_days]))
        return Baseline(
            dataset="t",
            keys=tuple(each.partition_key for each in pinned_days),
            row_count=sum(each.rows for each in pinned_days),
            who="",
            why="",
            at=datetime.now(UTC),
            columns=tuple(each for each in columns if isinstance(each, PinnedColumn)),
            left_out=tuple(each for each in (*found, *columns) if isinstance(each, LeftOut)),
        )

    def binned(
        self, day: Publication, bins: Sequence[NumberBins | TextBins], sample: int | None = None
    ) -> BinnedPartition:
        return self.delta.binned(self.table, day, bins, limit=HOUR, sample=sample)


def main() -> None:
    """Print the drifts of the rest of the year, counts for several thresholds, and the cost of one comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="flights", choices=["flights", "weather"])
    parser.add_argument("--first", type=date.fromisoformat, default=date(2013, 1, 1))
    parser.add_argument("--last", type=date.fromisoformat, default=date(2013, 1, 31))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _year(Path(folder), asked.dataset, asked.first, asked.last)
    with tempfile.TemporaryDirectory() as folder:
        _cost(Path(folder))


def _year(folder: Path, dataset: str, first: date, last: date) -> None:
    rows = read(dataset)
    warehouse = Warehouse(folder, rows.schema)
    days = {day: warehouse.published(day, part) for day, part in by_day(rows, first=first, last=LAST)}
    baseline = warehouse.baseline([each for day, each in days.items() if day <= last])
    for left_out in baseline.left_out:
        print(f"left out: {left_out.column}: {left_out.why}")
    bins = [column.bins for column in baseline.columns]
    later = {day: warehouse.binned(each, bins) for day, each in days.items() if day > last}
    alone = baseline.model_copy(
        update={"columns": tuple(c.model_copy(update={"usual": 0.0}) for c in baseline.columns)}
    )
    for column in baseline.columns:
        found = [drift for _, drift in _drifts(baseline, later, 0.25) if drift.column == column.column]
        print(f"{column.column:16} usual {column.usual:.2f}  {len(found):3} days  {found[0].sentence if found else ''}")
    for threshold in THRESHOLDS:
        counts = [_counts(list(_drifts(each, later, threshold)), len(later)) for each in (baseline, alone)]
        print(f"threshold {threshold:4.2f}: {counts[0]}; without what is usual: {counts[1]}")
    print(f"KS, p < 0.001: {_counts(list(_by_ks(baseline, later)), len(later))}")


def _drifts(
    baseline: Baseline, later: Mapping[date, BinnedPartition], threshold: float
) -> Iterator[tuple[date, Drift]]:
    for day, binned in later.items():
        for drift in compared(baseline, binned, columns=baseline.columns, threshold=threshold).drifts:
            yield day, drift


def _by_ks(baseline: Baseline, later: Mapping[date, BinnedPartition]) -> Iterator[tuple[date, str]]:
    """Columns of numbers that the two-sample test of Kolmogorov and Smirnov, over the same bins, would tell."""
    for day, binned in later.items():
        for column, now in zip(baseline.columns, binned.columns, strict=True):
            before, after, distance = sum(column.binned.counts), sum(now.counts), 0.0
            if isinstance(column.bins, TextBins) or not after:
                continue
            for upto in range(len(now.counts)):
                shares = sum(column.binned.counts[:upto]) / before, sum(now.counts[:upto]) / after
                distance = max(distance, abs(shares[0] - shares[1]))
            if distance > KS_0_001 * math.sqrt(1 / before + 1 / after):
                yield day, column.column


def _counts(found: Sequence[tuple[date, object]], days: int) -> str:
    """A drift lasts until a day is as pinned: its first day is news, and each day is one entry of its digest."""
    return f"{len(found):4} entries, {7 * len(found) / days:5.2f} a week, on {len({day for day, _ in found}):3} days"


def _cost(folder: Path) -> None:
    numbers = ", ".join(f"(hash(i, {n}) % {10 ** (n + 1)})::BIGINT AS n{n}" for n in range(4))
    rest = ", ".join(f"(hash(i, {n}) % 100000) / 7 AS d{n}" for n in range(3))
    texts = ", ".join(f"'text ' || hash(i, {n}) % {size} AS t{n}" for n, size in enumerate((4, 16, 100)))
    rows = duckdb.sql(f"SELECT {numbers}, {rest}, {texts} FROM range({MILLION}) t(i)").arrow().read_all()  # noqa: S608
    warehouse = Warehouse(folder, rows.schema)
    day = warehouse.published(LAST, rows)
    baseline = warehouse.baseline([day])
    bins = [column.bins for column in baseline.columns]
    for sample in (SAMPLE_ROWS, None):
        spent = []
        for _ in range(7):
            begin = time.process_time()
            compared(baseline, warehouse.binned(day, bins, sample), columns=baseline.columns, threshold=0.25)
            spent.append(time.process_time() - begin)
        which = f"a sample of {sample:,}" if sample else "all rows"
        figures = f"{median(spent):.2f} s of CPU ({min(spent):.2f} to {max(spent):.2f})"
        print(f"1,000,000 rows, {len(bins)} columns, {which}: {figures}")


if __name__ == "__main__":
    main()
