"""Which of the landed files belong to the partition, as its producer declares: pure.

`quiet:120s` declares nothing: every landed file belongs to the partition. `success_marker` is an empty `_SUCCESS` next
to the files (source: Hadoop's FileOutputCommitter, as Spark writes it). `manifest` is a `_manifest.json` that names the
files (source: the manifest of Amazon Redshift's UNLOAD:
`{"entries": [{"url": ..., "meta": {"content_length": ...}}]}`).
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ConfigDict, Field, ValidationError

from partition_gate.contract.model import Dataset
from partition_gate.core.display import counted
from partition_gate.core.partition import DataFile
from partition_gate.core.record import Record

NOTES = {"success_marker": "_SUCCESS", "manifest": "_manifest.json"}


class ExternalRecord(Record):
    """A part of a document that other tools write: unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore")


class Meta(ExternalRecord):
    """The metadata of a file in a manifest."""

    content_length: int | None = None


class Entry(ExternalRecord):
    """A file in a manifest; only the last part of `url` matters, because a partition is one folder."""

    url: str = Field(min_length=1)
    meta: Meta = Meta()

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]


class Manifest(ExternalRecord):
    """The files of a partition."""

    entries: tuple[Entry, ...] = Field(min_length=1)


def note_name(dataset: Dataset) -> str | None:
    """The file next to the data that declares the partition complete; None if the contract requires no such file."""
    return NOTES.get(dataset.limits.readiness)


def declared_files(dataset: Dataset, files: Sequence[DataFile], note: bytes | None) -> tuple[DataFile, ...] | str:
    """The partition's files, in path order; or a sentence that says why the partition is not complete.

    `note` is the content of the file `note_name`, read before the listing, so that the listing has all files it names.
    """
    name = note_name(dataset)
    if name is None:
        return tuple(files)
    if note is None:
        return f"{name} is missing, so the producer has not declared the partition complete ({_counted(files)})"
    return tuple(files) if dataset.limits.readiness == "success_marker" else _of_manifest(note, files, name)


def _of_manifest(note: bytes, files: Sequence[DataFile], name: str) -> tuple[DataFile, ...] | str:
    try:
        manifest = Manifest.model_validate_json(note)
    except ValidationError:
        return f'{name} is not a valid manifest; write {{"entries": [{{"url": "part-0.parquet"}}]}}'
    landed = {file.path.rpartition("/")[2]: file for file in files}
    for entry in manifest.entries:
        file = landed.get(entry.name)
        if file is None:
            return f"{name} lists {entry.name}, which is missing ({_counted(files)})"
        if entry.meta.content_length not in (None, file.size_bytes):
            listed = counted(entry.meta.content_length or 0, "byte")
            return f"{name} lists {entry.name} with {listed}, but it has {file.size_bytes:,}"
    named = {entry.name for entry in manifest.entries}
    return tuple(file for file in files if file.path.rpartition("/")[2] in named)


def _counted(files: Sequence[DataFile]) -> str:
    return f"{len(files)} file{'' if len(files) == 1 else 's'} landed"
