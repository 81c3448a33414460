"""Landing storage in S3 or a compatible server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from partition_gate.adapters.object_store import s3_clients
from partition_gate.adapters.object_store.listing import NOTE_BYTES, files_of, keys_below, not_a_file, note_of
from partition_gate.adapters.object_store.patterned import Names, Wanted, patterned_keys, wanted_files
from partition_gate.adapters.object_store.s3_clients import Endpoint, Listings
from partition_gate.adapters.object_store.s3_download import Download
from partition_gate.adapters.object_store.s3_errors import access_denied, no_answer, translating_errors
from partition_gate.adapters.object_store.spooling import spool_files
from partition_gate.core.partition import DataFile, LandedKeys, Location, Partition, Spooled
from partition_gate.core.path_pattern import Start

_FEW = 20  # names that show whether anything landed before a day, although some may be names of other things
EARLIER_NAMES = 100_000  # read in one folder to find those that fit no pattern: 100 requests
_PAGE = 1_000


class S3ObjectStore:
    """The `ObjectStore` port on S3: s3fs lists, obstore reads. Connects on first use.

    Use one instance per process; its threads may share it.
    Measured on two cores with a local server: listing the keys of 365 partitions takes 8 ms, one partition's files
    3 ms; spooling 140 MB takes 0.3-0.4 s.
    """

    def __init__(self, endpoint: Endpoint, *, earlier_names: int = EARLIER_NAMES) -> None:
        self._endpoint, self._earlier_names = endpoint, earlier_names
        self._listings = Listings(endpoint)
        self._buckets: dict[str, S3Store] = {}

    def partition_keys(self, location: Location, *, since: date | None = None, whole: bool = False) -> LandedKeys:
        if not location.segments:
            self._entries(location.root)  # raises if the bucket does not exist: then the snapshot does not either
        if location.layout is not None:
            return patterned_keys(location, location.layout, partial(self._names_in, whole=whole), since)
        return keys_below(location, self._folder_names, since)

    def list_files(self, location: Location, key: str) -> tuple[DataFile, ...]:
        wanted = wanted_files(location, key)
        return files_of(location, key, lambda folder: self._files(folder, wanted))

    def note(self, location: Location, key: str, name: str) -> bytes | None:
        return note_of(location, key, self._small_object, name)

    def spool(self, partition: Partition, into: Path) -> Spooled:
        return spool_files(partition, into, Download(self._endpoint, partition).fetch)

    def _files(self, folder: str, wanted: Wanted) -> list[DataFile]:
        named = [entry for entry in self._entries(folder, wanted.prefix) if wanted.is_data(entry.name)]
        folders = [entry.name for entry in named if entry.listed is None]
        if folders and wanted.only_files:
            raise not_a_file(f"{folder}/{folders[0]}", "a folder")
        return [_data_file(f"{folder}/{entry.name}", entry.listed) for entry in named if entry.listed is not None]

    def _small_object(self, path: str) -> bytes | None:
        store, object_key = self._store(path)
        try:
            chunks = obstore.get(store, object_key).stream(min_chunk_size=NOTE_BYTES)
            return bytes(next(iter(chunks), b""))[:NOTE_BYTES]
        except FileNotFoundError:
            return None
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise access_denied(self._endpoint, path, error, right="s3:GetObject") from error
        except BaseError as error:
            raise no_answer(self._endpoint, path, error) from error

    def _folder_names(self, folder: str) -> Iterator[str]:
        return (entry.name for entry in self._entries(folder) if entry.listed is None)

    def _names_in(self, folder: str, start: Start, *, is_folder: bool, whole: bool) -> Names:
        """What comes before the start is not listed, except a few of its names, to know whether there is any."""
        most = self._earlier_names if whole else _FEW
        before = self._entries(folder, start.prefix, most=most, until=start.first) if start.first else []
        after = f"{start.first[:-1]}{chr(ord(start.first[-1]) - 1)}~" if start.first else ""
        entries = self._entries(folder, start.prefix, after=after)
        names, earlier = (
            [entry.name for entry in those if (entry.listed is None) is is_folder] for those in (entries, before)
        )
        return Names(
            [name for name in names if name >= start.first],
            [name for name in earlier if name < start.first],
            has_unread=not whole and len(before) >= most and before[-1].name < start.first,
        )

    def _entries(
        self, folder: str, prefix: str = "", *, after: str = "", most: int = 0, until: str = ""
    ) -> list[_Entry]:
        """The direct children whose names begin with `prefix` and come after `after`; with `most` only about so many,
        up to the first page that reaches `until`.

        Empty if there is none. Raises: BucketMissing, AccessDenied, StoreUnreachable.
        """
        bucket, key = s3_clients.split(folder)
        inside = f"{key}/" if key else ""
        request: dict[str, Any] = {"Bucket": bucket, "Prefix": f"{inside}{prefix}", "Delimiter": "/"}
        request |= {"StartAfter": f"{inside}{after}"} if after else {}
        request |= {"MaxKeys": min(most, _PAGE)} if most else {}
        entries: list[_Entry] = []
        with translating_errors(self._endpoint, folder):
            while True:
                page = self._listings.page(**request)
                found = list(_entries_of(page, inside))
                entries += found
                enough = most and (len(entries) >= most or max((entry.name for entry in found), default="") >= until)
                if enough or not page.get("IsTruncated"):
                    return entries
                request["ContinuationToken"] = page["NextContinuationToken"]

    def _store(self, path: str) -> tuple[S3Store, str]:
        bucket, key = s3_clients.split(path)
        if bucket not in self._buckets:
            self._buckets[bucket] = s3_clients.object_client(self._endpoint, bucket)
        return self._buckets[bucket], key


class _Entry(NamedTuple):
    """A direct child: an object as it was listed, or a folder (None)."""

    name: str
    listed: Mapping[str, Any] | None


def _entries_of(page: Mapping[str, Any], inside: str) -> Iterator[_Entry]:
    """The entries of a page of a listing. The object of a folder itself, which some tools write, has no name here."""
    for each in page.get("CommonPrefixes") or ():
        if name := str(each["Prefix"]).removeprefix(inside).rstrip("/"):
            yield _Entry(name, None)
    for each in page.get("Contents") or ():
        if name := str(each["Key"]).removeprefix(inside):
            yield _Entry(name, each)


def _data_file(path: str, listed: Mapping[str, Any]) -> DataFile:
    modified_at = listed["LastModified"].astimezone(UTC)
    return DataFile(path=path, etag=listed["ETag"].strip('"'), size_bytes=listed["Size"], modified_at=modified_at)
