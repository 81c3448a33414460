"""Published rows as consumers see them, or as they saw them at an earlier moment or version of the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.schedule import canonical_key
from partition_gate.core.display import displayed
from partition_gate.core.errors import CannotAct, PartitionChanged
from partition_gate.core.record import Record
from partition_gate.gate.rollback import by_version
from partition_gate.judging.attempt import Publication, Settlement
from partition_gate.judging.retention import PublishedRemoval
from partition_gate.ports import Ports


class AsOf(Record):
    """A moment, or a version of the table (the number of its commits). Neither of them: now."""

    moment: datetime | None = None
    table_version: int | None = None

    def includes(self, version: Settlement) -> bool:
        """Whether the version was published until then."""
        if self.moment is not None:
            return version.settled_at <= self.moment
        return version.table_version is not None and version.table_version <= (self.table_version or 0)

    def __str__(self) -> str:
        return f"{self.moment:%Y-%m-%d %H:%M:%S} UTC" if self.moment else f"version {self.table_version}"

    @property
    def is_now(self) -> bool:
        return self.moment is None and self.table_version is None


def read_rows(
    today: CompiledDataset,
    key: str | None,
    as_of: AsOf,
    *,
    columns: Sequence[str],
    into: Path,
    ports: Ports,
) -> int:
    """Write these columns of a partition, or of all (None), into a Parquet file; returns how many rows.

    Rows of versions that the contract's older versions judged have today's columns, as in the consumers' view.
    Raises:
        CannotAct: nothing was published until then, the rows of a version were removed, or there is no such column.
        MalformedPartitionKey: the key was mistyped.
    """
    if key is not None:
        key = canonical_key(today.dataset, key, now=ports.clock.now())
    found = list(_visible(today, key, ports) if as_of.is_now else _visible_then(today, key, as_of, ports))
    if not found:
        when = "" if as_of.is_now else f" until {as_of}"
        where = today.dataset.name if key is None else f"{today.dataset.name} {key}"
        raise CannotAct(f"{where}: nothing was published{when}; see `gate status {today.dataset.qualified_name}`")
    try:
        return ports.warehouse.copy_rows(today.published, found, columns, into=into, replaced=True)
    except PartitionChanged as error:
        raise CannotAct(f"{error}; the rows of a version were removed while they were read") from error


def _visible(today: CompiledDataset, key: str | None, ports: Ports) -> Iterator[Publication]:
    if key is None:
        yield from ports.warehouse.publications(today.table.name)
    elif current := ports.warehouse.current(today.table.name, key):
        yield current


def _visible_then(today: CompiledDataset, key: str | None, as_of: AsOf, ports: Ports) -> Iterator[Publication]:
    """The versions that were visible then. Raises: CannotAct (the rows of one were removed)."""
    table, dataset = today.table.name, today.dataset
    keys = [key] if key is not None else [each.partition_key for each in ports.ledger.latest(dataset.name)]
    removed = ports.ledger.published_removals(dataset.name)
    for each in keys:
        known = by_version(dataset.name, each, ports)
        same = next((version for version in reversed(known) if as_of.includes(version[0])), None)
        if same is None or any(_was_removed(again, removed.get(again.attempt_id), as_of) for again in same):
            continue
        then = same[0]
        version = ports.warehouse.version(table, each, then.attempt_id)
        if version is None:
            raise CannotAct(
                f"{dataset.name} {displayed(each)}: the rows of {then.attempt_id}, which were visible at {as_of}, were "
                "removed; replaced versions are kept for GATE_KEEP_VERSIONS_HOURS"
            )
        yield version


def _was_removed(settled: Settlement, removal: PublishedRemoval | None, as_of: AsOf) -> bool:
    """Whether the version had been removed by age by then."""
    if removal is None:
        return False
    place = {"settled_at": removal.at, "table_version": removal.table_version}
    return as_of.includes(settled.model_copy(update=place))
