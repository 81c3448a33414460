"""Lands the real data as a producer would: one complete Parquet file per day, with the requested faults."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from enum import StrEnum

import pyarrow as pa
import pyarrow.parquet as pq

from partition_gate.adapters.object_store.landing import ObjectWriter
from partition_gate.apps.demo.faults import ABSENT, BYTE_FAULTS, TABLE_FAULTS, Break
from partition_gate.apps.demo.nycflights import DAILY, DATASETS, SNAPSHOTS, by_day, by_hour, read
from partition_gate.core.errors import InvalidSetting
from partition_gate.core.partition import SNAPSHOT
from partition_gate.core.record import Record

LANDING = "s3://landing"


class Action(StrEnum):
    """What `seed` did with a partition."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    ABSENT = "absent"


class Landed(Record):
    """One partition of a seeding. `rows` and `size_bytes` describe the landed file (0: no file)."""

    dataset: str
    key: str
    path: str
    action: Action
    rows: int = 0
    size_bytes: int = 0
    fault: str | None = None
    note: str = ""


class SeedReport(Record):
    """All partitions of a seeding, by dataset, oldest first."""

    partitions: tuple[Landed, ...]

    def count(self, action: Action) -> int:
        return sum(landed.action is action for landed in self.partitions)

    def __str__(self) -> str:
        counts = ", ".join(f"{self.count(action)} {action}" for action in Action if self.count(action))
        faults = (
            f"{landed.fault}:{landed.dataset}:{landed.key} {landed.action}{f' ({landed.note})' if landed.note else ''}"
            for landed in self.partitions
            if landed.fault
        )
        count = len(self.partitions)
        return "\n".join([f"{count:,} partition{'s' if count != 1 else ''}: {counts}", *faults])


def seed(
    writer: ObjectWriter,
    *,
    first: date,
    last: date,
    breaks: tuple[Break, ...] = (),
    datasets: tuple[str, ...] = DATASETS,
    root: str = LANDING,
) -> SeedReport:
    """Land the days `first` to `last` (both included) of the daily datasets, the hours of `first`, and the snapshots.

    The same days and faults produce the same bytes, and existing bytes are not written again. A day that is not in the
    real data (the weather of 2013-12-31) is not landed. The columns of the key are only in the path.

    Raises:
        InvalidSetting: a fault for a partition that this seeding does not land; nothing was written.
    """
    _check_breaks(breaks, first=first, last=last, datasets=datasets)
    faults = {(fault.dataset, fault.key): fault.kind for fault in breaks}
    partitions = []
    for dataset in datasets:
        for key, table in _tables(dataset, first=first, last=last):
            where = Landed(dataset=dataset, key=key, path=landing_path(dataset, key, root=root), action=Action.ABSENT)
            partitions.append(_land(writer, table, where, fault=faults.get((dataset, key))))
    return SeedReport(partitions=tuple(partitions))


def landing_path(dataset: str, key: str, *, root: str = LANDING) -> str:
    """The path of the only file of a partition, below a bucket or an absolute local folder."""
    day, _, hour = key.partition("/")
    folder = f"dt={day}/hour={hour}" if hour else f"dt={day}"
    name = f"{dataset}.parquet" if key == SNAPSHOT else f"{folder}/part-0.parquet"
    return f"{root}/{dataset}/{name}"


def parquet(table: pa.Table) -> bytes:
    """The table as one Parquet file. Equal tables give equal bytes, regardless of their chunks."""
    body = io.BytesIO()
    pq.write_table(table.combine_chunks(), body, compression="zstd")
    return body.getvalue()


def _check_breaks(breaks: tuple[Break, ...], *, first: date, last: date, datasets: tuple[str, ...]) -> None:
    for fault in breaks:
        newest = last if fault.dataset in DAILY else first
        in_time = fault.key == SNAPSHOT or first <= date.fromisoformat(fault.key.partition("/")[0]) <= newest
        if not in_time or fault.dataset not in datasets:
            raise InvalidSetting(
                f"{fault}: this seeding lands {', '.join(datasets)} from {first} to {last} only; "
                "extend the range, or correct the fault"
            )


def _tables(dataset: str, *, first: date, last: date) -> Iterator[tuple[str, pa.Table]]:
    table = read(dataset)
    if dataset in SNAPSHOTS:
        yield SNAPSHOT, table
    elif dataset in DAILY:
        yield from ((day.isoformat(), rows) for day, rows in by_day(table, first=first, last=last))
    else:
        for day, rows in by_day(table, first=first, last=first):
            yield from ((f"{day}/{hour:02}", part.drop_columns(["hour"])) for hour, part in by_hour(rows))


def _land(writer: ObjectWriter, table: pa.Table, where: Landed, *, fault: str | None) -> Landed:
    if fault in ABSENT:
        action = Action.REMOVED if writer.delete(where.path) else Action.ABSENT
        return where.model_copy(update={"action": action, "fault": fault, "note": ABSENT[fault]})
    if fault in TABLE_FAULTS:
        table = TABLE_FAULTS[fault](table, where.dataset)
    body = parquet(table)
    if fault in BYTE_FAULTS:
        body = BYTE_FAULTS[fault](body)
    action = Action.WRITTEN if writer.put(where.path, body) else Action.UNCHANGED
    return where.model_copy(update={"action": action, "rows": table.num_rows, "size_bytes": len(body), "fault": fault})
