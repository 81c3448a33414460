"""One object store for all contracts: `s3://` locations go to S3, others to local folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from partition_gate.partition import DataFile, LandedKeys, Location, Partition, Spooled
from partition_gate.ports import ObjectStore

_SCHEME = "s3://"


class RoutingObjectStore:
    """The `ObjectStore` port over two others. A partition lies where its first file lies.

    `s3` is asked for its store when the first S3 path comes: a local contract starts no server.
    """

    def __init__(self, *, s3: Callable[[], ObjectStore], local: ObjectStore) -> None:
        self._s3 = s3
        self._local = local

    def partition_keys(self, location: Location) -> LandedKeys:
        return self._store(location.root).partition_keys(location)

    def list_files(self, location: Location, key: str) -> tuple[DataFile, ...]:
        return self._store(location.root).list_files(location, key)

    def note(self, location: Location, key: str, name: str) -> bytes | None:
        return self._store(location.root).note(location, key, name)

    def spool(self, partition: Partition, into: Path) -> Spooled:
        first = partition.files[0].path if partition.files else ""
        return self._store(first).spool(partition, into)

    def _store(self, path: str) -> ObjectStore:
        return self._s3() if path.startswith(_SCHEME) else self._local
