"""Writes to landing storage, for seeding and tests only: the gate itself never writes to landing."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Protocol

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from partition_gate.adapters.object_store import s3_clients
from partition_gate.adapters.object_store.s3_clients import Endpoint, Listings
from partition_gate.adapters.object_store.s3_errors import access_denied, bucket_missing, no_answer, translating_errors
from partition_gate.adapters.object_store.spooling import whole_or_absent
from partition_gate.core.errors import GateError


class ObjectWriter(Protocol):
    """Writes whole objects atomically: a reader sees the old bytes or the new ones."""

    def put(self, path: str, body: bytes) -> bool:
        """Write `body` unless the object already has these bytes; whether it was written."""

    def delete(self, path: str) -> bool:
        """Remove the object; whether it existed."""


class LandingWriter:
    """Writes to `s3://` paths. One PUT per object, so that its ETag is the MD5 of its bytes."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._buckets = Listings(endpoint)
        self._stores: dict[str, S3Store] = {}

    def make_bucket(self, name: str) -> None:
        """Create a bucket, unless it exists."""
        with translating_errors(self._endpoint, name):
            try:
                self._buckets.require_bucket(name)
            except FileNotFoundError:
                self._buckets.make_bucket(name)

    def put(self, path: str, body: bytes) -> bool:
        store, key = self._store(path)
        try:
            if _etag(store, key) == hashlib.md5(body, usedforsecurity=False).hexdigest():
                return False
            obstore.put(store, key, body, use_multipart=False)
        except (BaseError, FileNotFoundError) as error:
            raise _landing_error(self._endpoint, path, error) from error
        return True

    def put_file(self, path: str, file: Path) -> bool:
        return self.put(path, file.read_bytes())

    def delete(self, path: str) -> bool:
        store, key = self._store(path)
        try:
            if _etag(store, key) is None:
                return False
            obstore.delete(store, key)
        except BaseError as error:
            raise _landing_error(self._endpoint, path, error) from error
        return True

    def _store(self, path: str) -> tuple[S3Store, str]:
        bucket, key = s3_clients.split(path)
        if bucket not in self._stores:
            self._stores[bucket] = s3_clients.object_client(self._endpoint, bucket)
        return self._stores[bucket], key


class LocalLandingWriter:
    """Writes to absolute local paths, by rename."""

    def put(self, path: str, body: bytes) -> bool:
        target = Path(path)
        if target.is_file() and target.read_bytes() == body:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        with whole_or_absent(target) as unfinished:
            unfinished.write_bytes(body)
        return True

    def put_file(self, path: str, file: Path) -> bool:
        return self.put(path, file.read_bytes())

    def delete(self, path: str) -> bool:
        existed = Path(path).exists()
        Path(path).unlink(missing_ok=True)
        return existed


def _etag(store: S3Store, key: str) -> str | None:
    try:
        return (obstore.head(store, key)["e_tag"] or "").strip('"')
    except FileNotFoundError:
        return None


def _landing_error(endpoint: Endpoint, path: str, error: BaseError | FileNotFoundError) -> GateError:
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return access_denied(endpoint, path, error, right="s3:PutObject")
    if isinstance(error, FileNotFoundError):
        return bucket_missing(endpoint, path)
    return no_answer(endpoint, path, error)
