"""Landing storage."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Protocol

from partition_gate.core.partition import DataFile, LandedKeys, Location, Partition, Spooled


class ObjectStore(Protocol):
    """Landing storage, read only. Paths are `s3://bucket/key` or absolute local paths."""

    def partition_keys(self, location: Location, *, since: date | None = None, whole: bool = False) -> LandedKeys:
        """Keys of the landed partitions, and the names without a valid key. Lists with a delimiter: only folders,
        unless the location has a layout that tells partitions apart by the names of files.

        `since`: folders whose name is an earlier date, or an earlier year, may be left out (`LandedKeys.has_earlier`),
        so that the names of what landed long ago are not read. `whole`: up to 100,000 of the names in a folder that
        sort before that day are read all the same, to refuse those that fit no pattern (`report_2026-11-29.parquet`
        sorts before `report_20261031.parquet`). Otherwise some may be unread (`LandedKeys.has_unread`).
        Raises: BucketMissing, AccessDenied, StoreUnreachable.
        """

    def list_files(self, location: Location, key: str) -> tuple[DataFile, ...]:
        """The partition's files that match the location's pattern, by path; empty if there is none.

        They are in one of `location.folders(key)`. Hidden and temporary files (docs/reference/landing.md) are not data.
        Raises: AmbiguousPartition (they are in two, or a folder is named like one of them), BucketMissing,
            AccessDenied, StoreUnreachable.
        """

    def note(self, location: Location, key: str, name: str) -> bytes | None:
        """The first 8 MB of a small file next to the partition's data (`_SUCCESS`); None if it is absent.

        Raises: AccessDenied, StoreUnreachable.
        """

    def spool(self, partition: Partition, into: Path) -> Spooled:
        """Copy each file once, with If-Match on its ETag; a truncated body is downloaded again from the start.

        Raises: PartitionChanged (412 or 404), AccessDenied, StoreUnreachable. No partial file is left behind.
        """
