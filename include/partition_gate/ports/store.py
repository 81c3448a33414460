"""Landing storage."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from partition_gate.core.partition import DataFile, LandedKeys, Location, Partition, Spooled


class ObjectStore(Protocol):
    """Landing storage, read only. Paths are `s3://bucket/key` or absolute local paths."""

    def partition_keys(self, location: Location) -> LandedKeys:
        """Keys of the partitions that exist, and the folders that have none; by delimiter listing of folders only.

        Raises: BucketMissing, AccessDenied, StoreUnreachable.
        """

    def list_files(self, location: Location, key: str) -> tuple[DataFile, ...]:
        """The partition's files that match the location's pattern, by path; empty where there is none.

        They lie in one of `location.folders(key)`. Names that begin with `_` or `.` are not data.
        Raises: AmbiguousPartition (they lie in two), BucketMissing, AccessDenied, StoreUnreachable.
        """

    def note(self, location: Location, key: str, name: str) -> bytes | None:
        """A small file beside the partition's data (`_SUCCESS`), of which 8 MB are read; None where there is none.

        Raises: AccessDenied, StoreUnreachable.
        """

    def spool(self, partition: Partition, into: Path) -> Spooled:
        """Copy each file once, with If-Match on its ETag; a body cut midway is asked for again as a whole.

        Raises: PartitionChanged (412 or 404), AccessDenied, StoreUnreachable. Leaves no partial file behind.
        """
