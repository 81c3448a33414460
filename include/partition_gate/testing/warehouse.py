"""A warehouse in memory that behaves like the real one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from partition_gate.core.display import excerpt
from partition_gate.core.errors import OperatorError, PartitionChanged, ScanTimedOut, Superseded
from partition_gate.core.partition_key import KeyValues, Segment, stored_values
from partition_gate.core.table import TableSchema, is_reserved
from partition_gate.judging.attempt import Publication, Staged, StagedFile
from partition_gate.judging.distribution import BinnedPartition, Bins, ColumnSurvey, ColumnToSurvey
from partition_gate.judging.quarantine import QuarantinedRow, QuarantinedRows
from partition_gate.judging.replay import ATTEMPTS
from partition_gate.judging.retention import Files
from partition_gate.judging.validation import Split
from partition_gate.testing.distributions import binned_rows, surveyed_rows

Row = dict[str, Any]
_SEED = 1


class InMemoryWarehouse:
    """The `Warehouse` port on dictionaries. `rows` is what consumers see, `kept` what is in quarantine.

    `files` returns names below `memory://` that show which version is visible; they cannot be opened.
    `may_commit_late`: like S3, it may carry out a commit after its caller is gone, so the rows of such a commit stay.
    `counting_takes`: how long `binned` counts.
    """

    def __init__(self) -> None:
        self.may_commit_late = False
        self.counting_takes = timedelta()
        self.kept: dict[str, list[Row]] = {}
        self.raw: dict[str, list[str]] = {}
        self.viewed: dict[str, int] = {}
        self._staged: dict[tuple[str, str], tuple[datetime, list[Row]]] = {}
        self._published: dict[tuple[str, str], Publication] = {}
        self._history: dict[tuple[str, str, str], Publication] = {}
        self._rows: dict[tuple[str, str], list[Row]] = {}
        self._fences: dict[tuple[str, str], int] = {}
        self._versions: dict[str, int] = {}
        self._lock = Lock()

    def rows(self, table: str) -> list[Row]:
        """The visible rows of a table, by partition key."""
        return [row for (name, _), rows in sorted(self._rows.items()) if name == table for row in rows]

    def lose(self, table: str, partition_key: str) -> None:
        """Remove a partition's rows, as if somebody had rewritten the table."""
        at = (table, partition_key)
        for by_partition in (self._published, self._rows, self._fences):
            by_partition.pop(at)

    def staged_paths(self) -> list[str]:
        """Staged files that no version refers to."""
        visible = {self._path(p.partition_key, p.attempt_id) for p in self._published.values()}
        return sorted(path for _, path in self._staged if path not in visible)

    def current(self, table: str, partition_key: str) -> Publication | None:
        return self._published.get((table, partition_key))

    def stage(self, table: TableSchema, partition_key: str, *, attempt_id: str, split: Split) -> Staged:
        _check_canonical(table, partition_key)
        path = self._path(partition_key, attempt_id)
        if split.passing:
            rows = [row for file in split.passing for row in pq.read_table(file).to_pylist()]
            self._staged[table.name, path] = (datetime.now(UTC), rows)
        sizes = [file.stat().st_size for file in split.passing]
        return Staged(
            table=table.name,
            partition_key=partition_key,
            attempt_id=attempt_id,
            files=(StagedFile(path=path, size_bytes=sum(sizes), rows=split.rows_passing),) if sizes else (),
            rows=split.rows_passing,
            row_hash=split.row_hash,
            columns=table.stored_columns,
        )

    def publish(
        self,
        table: TableSchema,
        staged: Staged,
        *,
        idempotency_key: str,
        fence: int,
        values: KeyValues,
        over: int | None = None,
    ) -> Publication:
        _check_canonical(table, staged.partition_key)
        at = (table.name, staged.partition_key)
        with self._lock:
            if fence <= self._fences.get(at, 0):
                return self._already_published(at, idempotency_key)
            if over not in {None, self._published[at].fence if at in self._published else 0}:
                raise PartitionChanged(f"{at[0]}/{at[1]}: another version became visible")
            rows = self._staged_rows(staged)
            self._versions[table.name] = self._versions.get(table.name, -1) + 1
            self._rows[at] = [{**row, **dict(values)} for row in rows]
            self._fences[at] = fence
            self._published[at] = Publication(
                table=table.name,
                partition_key=staged.partition_key,
                idempotency_key=idempotency_key,
                attempt_id=staged.attempt_id,
                fence=fence,
                table_version=self._versions[table.name],
                rows=staged.rows,
                row_hash=staged.row_hash,
                columns=staged.columns,
            )
            self._history[*at, staged.attempt_id] = self._published[at]
            return self._published[at]

    def quarantine(
        self, table: str, partition_key: str, *, attempt_id: str, rows: Path | None, raw: Sequence[Path]
    ) -> str:
        uri = self._quarantine_uri(table, partition_key, attempt_id)
        self.kept[uri] = pq.read_table(rows).to_pylist() if rows else []
        self.raw[uri] = [f"{number}-{file.name}" for number, file in enumerate(raw)]
        return uri

    def quarantined(self, uri: str, *, limit: int) -> QuarantinedRows:
        if uri not in self.kept:
            raise OperatorError(f"{uri}: the quarantined rows are gone; land the partition's files again and run it")
        kept = self.kept[uri]
        columns = tuple(name for name in (kept[0] if kept else {}) if not is_reserved(name))
        rows = tuple(_quarantined_row(row, columns, position) for position, row in enumerate(kept[:limit]))
        return QuarantinedRows(columns=columns, rows=rows, row_count=len(kept), raw=tuple(self.raw[uri]))

    def quarantined_file(self, uri: str, *, into: Path) -> Path | None:
        self.quarantined(uri, limit=0)
        return _written(self.kept[uri], into / "quarantined.parquet") if self.kept[uri] else None

    def quarantine_files(self, uri: str) -> Files:
        names = [*(["rows.parquet"] if self.kept.get(uri) else []), *self.raw.get(uri, [])]
        return Files(count=len(names), size_bytes=100 * len(names))

    def remove_quarantine(self, uri: str) -> Files:
        files = self.quarantine_files(uri)
        self.kept.pop(uri, None)
        self.raw.pop(uri, None)
        return files

    def published_files(self, publication: Publication, *, into: Path) -> tuple[Path, ...]:
        if not publication.rows and self.version(publication.table, publication.partition_key, publication.attempt_id):
            return ()
        rows = self._kept_rows(publication)
        data = [{name: row[name] for name, _ in publication.columns if name in row} for row in rows]
        return (_written(data, into / "published.parquet"),)

    def version(self, table: str, partition_key: str, attempt_id: str) -> Publication | None:
        visible = self.current(table, partition_key)
        if visible and visible.attempt_id == attempt_id:
            return visible
        known = self._history.get((table, partition_key, attempt_id))
        has_files = known and (not known.rows or (table, self._path(partition_key, attempt_id)) in self._staged)
        return known.model_copy(update={"table_version": 0}) if known and has_files else None

    def remove_version(
        self,
        table: TableSchema,
        publication: Publication,
        *,
        why: str,  # noqa: ARG002 -- there is no log
    ) -> int | None:
        at = (table.name, publication.partition_key)
        with self._lock:
            visible = self._published.get(at)
            if visible is None or visible.attempt_id != publication.attempt_id:
                return None
            del self._published[at], self._rows[at]
            self._versions[publication.table] += 1
            return self._versions[publication.table]

    def publications(self, table: str) -> tuple[Publication, ...]:
        return tuple(publication for (name, _), publication in sorted(self._published.items()) if name == table)

    def stale_views(self, tables: Sequence[TableSchema]) -> tuple[str, ...]:
        return tuple(t.name for t in tables if self.viewed.get(t.name, -1) != self._versions.get(t.name, -1))

    def files(self, table: str) -> tuple[str, ...]:
        visible = sorted(p.attempt_id for (name, _), p in self._published.items() if name == table)
        return tuple(f"memory://{table}/part-{attempt_id}.parquet" for attempt_id in visible)

    def local_files(self, table: str, *, into: Path) -> tuple[str, ...]:  # noqa: ARG002 -- nothing is copied
        return self.files(table)

    def discard(
        self,
        table: str,
        partition_key: str,
        *,
        attempt_id: str,
        with_quarantine: bool = False,
        may_still_commit: bool = False,
    ) -> None:
        if may_still_commit and self.may_commit_late:
            return
        visible = self.current(table, partition_key)
        if not (visible and visible.attempt_id == attempt_id):
            self._staged.pop((table, self._path(partition_key, attempt_id)), None)
        if with_quarantine:
            self.kept.pop(self._quarantine_uri(table, partition_key, attempt_id), None)

    def sweep(self, table: str, *, staged_before: datetime) -> int:
        visible = {self._path(p.partition_key, p.attempt_id) for p in self._published.values()}
        old = [
            (name, path)
            for (name, path), (staged_at, _) in self._staged.items()
            if name == table and path not in visible and staged_at < staged_before
        ]
        for key in old:
            del self._staged[key]
        return len(old)

    def refresh_view(self, table: TableSchema) -> None:
        self.viewed[table.name] = self._versions.get(table.name, -1)

    def survey(
        self,
        table: TableSchema,  # noqa: ARG002 -- the port's
        publications: Sequence[Publication],
        columns: Sequence[ColumnToSurvey],
    ) -> tuple[ColumnSurvey, ...]:
        rows = [row for publication in publications for row in self._rows_of(publication)]
        return tuple(surveyed_rows(rows, column) for column in columns)

    def binned(
        self,
        table: TableSchema,
        rows: Publication | Staged,
        bins: Sequence[Bins],
        *,
        limit: timedelta,
        sample: int | None = None,
    ) -> BinnedPartition:
        if self.counting_takes > limit:
            raise ScanTimedOut(f"memory://{table.name}: counting values took longer than {limit} and was stopped")
        counted = self._rows_of(rows)
        if sample is not None and len(counted) > sample:
            counted = Random(_SEED).sample(counted, sample)  # noqa: S311 -- no secret
        return binned_rows(counted, bins)

    def copy_rows(
        self,
        table: TableSchema,
        publications: Sequence[Publication],
        columns: Sequence[str],
        *,
        into: Path,
        before: tuple[str, datetime] | None = None,
        replaced: bool = False,
    ) -> int:
        rows_of = self._kept_rows if replaced else self._rows_of
        copied = [{**row, **_key_cells(table, each)} for each in publications for row in rows_of(each)]
        if before:
            name, moment = before
            copied = [row for row in copied if row[name] is not None and _aware(row[name]) < moment]
        _written([{column: row[column] for column in columns} for row in copied], into)
        return len(copied)

    def _kept_rows(self, publication: Publication) -> list[Row]:
        at = (publication.table, publication.partition_key)
        if self.version(*at, publication.attempt_id) is None:
            raise PartitionChanged(f"the files of attempt {publication.attempt_id} are gone; run it again")
        visible, path = self._published.get(at), self._path(publication.partition_key, publication.attempt_id)
        is_visible = visible is not None and visible.attempt_id == publication.attempt_id
        return self._rows[at] if is_visible else self._staged[publication.table, path][1]

    def _rows_of(self, version: Publication | Staged) -> list[Row]:
        if isinstance(version, Staged):
            return self._staged_rows(version)
        at = (version.table, version.partition_key)
        visible = self._published.get(at)
        if visible is None or visible.attempt_id != version.attempt_id:
            raise PartitionChanged(f"{at[0]}/{at[1]}: another version became visible; run it again")
        return self._rows[at]

    def _quarantine_uri(self, table: str, partition_key: str, attempt_id: str) -> str:
        return f"memory://quarantine/{table}/{partition_key}/{attempt_id}"

    def _path(self, partition_key: str, attempt_id: str) -> str:
        return f"{partition_key}/part-{attempt_id}.parquet"

    def _already_published(self, at: tuple[str, str], idempotency_key: str) -> Publication:
        if self._published[at].idempotency_key == idempotency_key:
            return self._published[at]
        raise Superseded(f"{at[0]}/{at[1]}: a newer attempt's version is visible")

    def _staged_rows(self, staged: Staged) -> list[Row]:
        for file in staged.files:
            if (staged.table, file.path) not in self._staged:
                raise PartitionChanged(f"{staged.table}/{file.path}: the staged rows are gone; run it again")
        return [row for file in staged.files for row in self._staged[staged.table, file.path][1]]


def _check_canonical(table: TableSchema, partition_key: str) -> None:
    segments = [Segment(name=column.name, type=column.type) for column in table.partition_columns]
    if segments:
        stored_values(table.name, segments, partition_key.split("/"))


def _key_cells(table: TableSchema, publication: Publication) -> Row:
    """The partition columns of a version's rows, as consumers see them."""
    typed: dict[str, Callable[[str], Any]] = {"DATE": date.fromisoformat, "BIGINT": int}
    values = publication.partition_key.split("/")
    columns = zip(table.partition_columns, values, strict=False)
    return {column.name: typed.get(column.type, str)(value) for column, value in columns}


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _written(rows: Sequence[Row], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path


def _quarantined_row(row: Row, columns: Sequence[str], position: int) -> QuarantinedRow:
    return QuarantinedRow(
        rule_ids=tuple(row.get("_gate_rule_ids") or ()),
        reasons=tuple(row.get("_gate_reasons") or ()),
        source_file=row.get("_gate_source_file") or "",
        source_row=row.get("_gate_source_row"),
        values=tuple(excerpt(row[name]) for name in columns),
        position=position,
        attempts=row.get(ATTEMPTS) or 1,
    )
