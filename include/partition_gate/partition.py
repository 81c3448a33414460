"""Partitions: where they lie, what they are made of, and the key that makes a publish idempotent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import AwareDatetime

from partition_gate.errors import MalformedPartitionKey
from partition_gate.record import Record, digest

SNAPSHOT = "snapshot"
_SEGMENT_VALUE = re.compile(r"[A-Za-z0-9_.:+-]+")


class Location(Record):
    """Where a dataset's partitions lie: `root/dt=*/hour=*/pattern`; no segments means one partition, `snapshot`."""

    root: str
    segments: tuple[str, ...]
    pattern: str

    def values(self, key: str) -> dict[str, str]:
        """Column -> value of a partition key (`2013-01-03/07` -> `{dt: 2013-01-03, hour: 07}`).

        Raises:
            MalformedPartitionKey: the key has another number of parts, or a character that no path may have.
        """
        if not self.segments:
            if key != SNAPSHOT:
                raise MalformedPartitionKey(f"{key!r}: {self.root} has one partition only; use the key '{SNAPSHOT}'")
            return {}
        parts = key.split("/")
        if len(parts) != len(self.segments) or not all(_SEGMENT_VALUE.fullmatch(part) for part in parts):
            shape = "/".join(f"<{name}>" for name in self.segments)
            raise MalformedPartitionKey(f"{key!r} is not a partition key of {self.root}; keys look like {shape}")
        return dict(zip(self.segments, parts, strict=True))

    def folder(self, key: str) -> str:
        """The folder (no trailing slash) that holds a partition's files."""
        return "/".join([self.root, *(f"{name}={value}" for name, value in self.values(key).items())])


class DataFile(Record):
    """One object as the listing showed it. `etag` is a token for If-Match, never a checksum."""

    path: str
    etag: str
    size_bytes: int
    modified_at: AwareDatetime


class Partition(Record):
    """A partition's files, in path order, as they were when it was found ready."""

    dataset: str
    key: str
    files: tuple[DataFile, ...]

    @property
    def fingerprint(self) -> str:
        """Changes when a file is added, removed or replaced; not with the time at which it landed."""
        return digest(sorted((file.path, file.etag, file.size_bytes) for file in self.files))

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    @property
    def arrived_at(self) -> AwareDatetime:
        """When the newest file landed."""
        return max(file.modified_at for file in self.files)


class Spooled(Record):
    """A partition's bytes in a private local folder; `paths[i]` holds `partition.files[i]`."""

    partition: Partition
    folder: Path
    paths: tuple[Path, ...]


def idempotency_key(
    partition: Partition, *, contract: str, version: str, contract_hash: str, rules: str, references: Mapping[str, str]
) -> str:
    """What makes two attempts the same: same bytes, same contract, same rules, same referenced versions.

    `references` maps a referenced dataset to the idempotency key of its published version: a partition
    that was judged against another version of its parent is another judgement (docs/adr/0003).
    """
    return digest(
        {
            "dataset": partition.dataset,
            "partition_key": partition.key,
            "contract": [contract, version, contract_hash],
            "rules": rules,
            "fingerprint": partition.fingerprint,
            "references": dict(references),
        }
    )
