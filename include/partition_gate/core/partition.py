"""Partitions: their location, their files, and the key that makes publishing idempotent."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from posixpath import normpath

from pydantic import AwareDatetime

from partition_gate.core.errors import MalformedPartitionKey
from partition_gate.core.nearest_words import shown
from partition_gate.core.partition_key import Segment
from partition_gate.core.path_pattern import PathPattern
from partition_gate.core.path_values import level_names
from partition_gate.core.record import Record, digest

SNAPSHOT = "snapshot"


class Location(Record):
    """Where a dataset's partitions are: `root/dt=*/hour=*/pattern`; without segments there is one, `snapshot`.

    If the paths have a `layout`, they are `root/layout`: the segments are its fields, and `pattern` is its text.
    `endpoint_url` is that of the S3 server that the contract names; None: the one of the settings.
    """

    root: str
    segments: tuple[Segment, ...]
    pattern: str
    layout: PathPattern | None = None
    endpoint_url: str | None = None

    @property
    def shown_root(self) -> str:
        """The root as people read it: without the `..` of a path that begins at the folder of the contract."""
        return readable_path(self.root)

    @property
    def names(self) -> tuple[str, ...]:
        """The segments' names, in the key's order."""
        return tuple(segment.name for segment in self.segments)

    @property
    def example(self) -> str:
        """An example of a valid key, whatever the contract's calendar."""
        return "/".join(segment.example for segment in self.segments) or SNAPSHOT

    def key(self, text: str, *, example: str = "") -> str:
        """The canonical key of a text (`2013-01-03/7` -> `2013-01-03/07`); without segments, empty means `snapshot`.

        The error shows `example`, or without one the location's.

        Raises:
            MalformedPartitionKey: the number of parts is wrong, a part does not fit its segment's type, or no path of
                the layout can have it.
        """
        if not self.segments and text in {"", SNAPSHOT}:
            return SNAPSHOT
        key = "/".join(self.parts(text, example=example).values())
        if self.layout is not None:
            self._level_names(self.layout, key, example=example)
        return key

    def parts(self, key: str, *, example: str = "") -> dict[str, str]:
        """Segment -> canonical part of a key (`{dt: 2013-01-03, hour: 07}`). Raises: as `key`."""
        if not self.segments:
            if key != SNAPSHOT:
                raise MalformedPartitionKey(
                    f"{key!r}: {self.shown_root} has only one partition; use the key '{SNAPSHOT}'"
                )
            return {}
        texts = key.split("/") if key else []
        if len(texts) != len(self.segments):
            shape = "/".join(f"<{name}>" for name in self.names)
            what = f"keys have the form {shape}" if key else f"a partition key of the form {shape} is missing"
            raise MalformedPartitionKey(self._refusal(key, what, example))
        try:
            return {segment.name: segment.part(text) for segment, text in zip(self.segments, texts, strict=True)}
        except MalformedPartitionKey as error:
            raise MalformedPartitionKey(self._refusal(key, str(error), example)) from error

    def values(self, key: str) -> dict[str, str | None]:
        """Column -> value in a partition key, in the form that CAST reads (`{dt: 2013-01-03, hour: 7}`); None is null.

        Raises: as `key`.
        """
        parts = self.parts(key)
        return {segment.name: segment.stored(parts[segment.name]) for segment in self.segments}

    def order(self, key: str) -> tuple[tuple[bool, object], ...]:
        """A sort key that orders keys by their values, nulls last. Raises: as `key`."""
        parts = self.parts(key)
        return tuple(segment.order(parts[segment.name]) for segment in self.segments)

    def folder(self, key: str) -> str:
        """The folder (no trailing slash) that holds a partition's files, under its canonical name."""
        return self.folders(key)[0]

    def folders(self, key: str) -> tuple[str, ...]:
        """Every folder in landing that may hold the partition's files: one per spelling, the canonical name first.

        Raises: as `key`.
        """
        if self.layout is not None:
            return ("/".join((self.root, *self._level_names(self.layout, key)[:-1])),)
        parts = self.parts(key)
        spellings = (
            [f"{segment.name}={text}" for text in segment.spellings(parts[segment.name])] for segment in self.segments
        )
        return tuple("/".join((self.root, *names)) for names in product(*spellings))

    def files(self, key: str) -> str:
        """The pattern of the names of the partition's files (`*.parquet`, `events_20261129.parquet`)."""
        return self.pattern if self.layout is None else self._level_names(self.layout, key)[-1]

    def place(self, key: str) -> str:
        """Where people look for the partition: its folder, or its files if their folder has other partitions too."""
        if self.layout is not None and self.layout.shares_folders:
            return readable_path(f"{self.folder(key)}/{self.files(key)}")
        return readable_path(self.folder(key))

    def _level_names(self, layout: PathPattern, key: str, *, example: str = "") -> tuple[str, ...]:
        parts = self.parts(key, example=example)
        try:
            return level_names(layout, self.segments, parts)
        except MalformedPartitionKey as error:
            raise MalformedPartitionKey(self._refusal(key, str(error), example)) from error

    def _refusal(self, key: str, what: str, example: str) -> str:
        subject = f"{shown(key)} is not a partition key of {self.shown_root}: " if key else ""
        return f"{subject}{what}; write a key such as {example or self.example}"


def readable_path(path: str) -> str:
    """A path in landing as people read it: `/shop/landing` for `/shop/contracts/../landing`.

    Only for messages: if a folder is a symbolic link, `..` leads elsewhere.
    """
    return path if path.startswith("s3://") else normpath(path)


class LandedKeys(Record):
    """The keys of the partitions in landing, ascending by value. `refused`: (folder, why) of other folders.

    The name of a refused folder is relative to the location's root, with unprintable characters escaped.
    `has_earlier`: older folders are in landing, too, and were left out. `has_unread`: some names that sort before the
    first day were not read, so that `refused` may lack some of them.
    """

    keys: tuple[str, ...]
    refused: tuple[tuple[str, str], ...] = ()
    has_earlier: bool = False
    has_unread: bool = False


class DataFile(Record):
    """One object from the listing. `etag` is a token for If-Match, never a checksum."""

    path: str
    etag: str
    size_bytes: int
    modified_at: AwareDatetime


class Partition(Record):
    """A partition's files, in path order, as listed when the partition was ready. `endpoint_url` as in `Location`."""

    dataset: str
    key: str
    files: tuple[DataFile, ...]
    endpoint_url: str | None = None

    @property
    def fingerprint(self) -> str:
        """Changes when a file is added, removed or replaced, but not with its landing time."""
        return digest(sorted((file.path, file.etag, file.size_bytes) for file in self.files))

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    @property
    def arrived_at(self) -> AwareDatetime:
        """When the newest file landed."""
        return max(file.modified_at for file in self.files)


class LandedFiles(Record):
    """The identity of a partition's files, for which the files themselves are not needed."""

    dataset: str
    key: str
    fingerprint: str


class Spooled(Record):
    """A copy of a partition in a private local folder; `paths[i]` is the copy of `partition.files[i]`."""

    partition: Partition
    folder: Path
    paths: tuple[Path, ...]


def idempotency_key(
    partition: Partition | LandedFiles,
    *,
    contract: str,
    version: str,
    contract_hash: str,
    rules: str,
    references: Mapping[str, str],
) -> str:
    """Equal for two attempts with the same bytes, contract, rules and referenced versions.

    `references` maps each referenced dataset to the idempotency key of its published version: judging a partition
    against another version of its parent is a different judgement (docs/adr/0003).
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
