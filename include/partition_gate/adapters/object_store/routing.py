"""One object store for all contracts: `s3://` locations go to S3, others to local folders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from partition_gate.core.display import counted
from partition_gate.core.errors import NoSpace
from partition_gate.core.partition import DataFile, LandedKeys, Location, Partition, Spooled
from partition_gate.ports.store import ObjectStore

SPOOL_MAX_BYTES = 100_000_000_000
_SCHEME = "s3://"


class RoutingObjectStore:
    """The `ObjectStore` port over one store for each S3 endpoint, and one for local folders. A partition's first file
    decides which store spools it.

    `require_seen` refuses a local path that other machines need and cannot see. `s3` opens the store of an endpoint
    (None: that of the settings), once and only for an S3 path, so that local contracts do not start a server.
    """

    def __init__(
        self,
        *,
        s3: Callable[[str | None], ObjectStore],
        local: ObjectStore,
        spool_max_bytes: int = SPOOL_MAX_BYTES,
        require_seen: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._open_s3 = s3
        self._s3: dict[str | None, ObjectStore] = {}
        self._local = local
        self._spool_max_bytes, self._require_seen = spool_max_bytes, require_seen

    def partition_keys(self, location: Location, *, since: date | None = None, whole: bool = False) -> LandedKeys:
        return self._store(location.root, location.endpoint_url).partition_keys(location, since=since, whole=whole)

    def list_files(self, location: Location, key: str) -> tuple[DataFile, ...]:
        return self._store(location.root, location.endpoint_url).list_files(location, key)

    def note(self, location: Location, key: str, name: str) -> bytes | None:
        return self._store(location.root, location.endpoint_url).note(location, key, name)

    def spool(self, partition: Partition, into: Path) -> Spooled:
        size_bytes = sum(file.size_bytes for file in partition.files)
        if size_bytes > self._spool_max_bytes:
            files = f"{counted(len(partition.files), 'file')} with {counted(size_bytes, 'byte')}"
            raise NoSpace(
                f"{partition.dataset}/{partition.key}: {files}, more than the limit of {self._spool_max_bytes:,} "
                "(GATE_SPOOL_MAX_BYTES); land smaller partitions, or raise it"
            )
        first = partition.files[0].path if partition.files else ""
        return self._store(first, partition.endpoint_url).spool(partition, into)

    def _store(self, path: str, endpoint_url: str | None) -> ObjectStore:
        if not path.startswith(_SCHEME):
            self._require_seen(path)
            return self._local
        if endpoint_url not in self._s3:
            self._s3[endpoint_url] = self._open_s3(endpoint_url)
        return self._s3[endpoint_url]
