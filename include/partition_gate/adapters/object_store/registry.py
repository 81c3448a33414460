"""The contract registry's objects: in S3 with If-None-Match and If-Match, in a local folder with links and a lock."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from partition_gate.adapters.object_store import s3_clients
from partition_gate.adapters.object_store.s3_clients import Endpoint
from partition_gate.adapters.object_store.s3_errors import access_denied, bucket_missing, no_answer
from partition_gate.core.errors import AccessDenied, BucketMissing
from partition_gate.gate.publish_contracts import Stored

_LOCK = ".lock"


class S3RegistryStore:
    """`RegistryStore` below `s3://bucket/prefix`. The token is the object's ETag."""

    def __init__(self, root: str, endpoint: Endpoint) -> None:
        self.root, self._endpoint = root.rstrip("/"), endpoint
        bucket, self._prefix = s3_clients.split(self.root)
        self._store = s3_clients.object_client(endpoint, bucket)

    def read(self, path: str) -> Stored | None:
        with self._translating_errors():
            try:
                answer = obstore.get(self._store, self._key(path))
            except FileNotFoundError:
                return None  # the first write reports a missing bucket
            return Stored(body=bytes(answer.bytes()), token=answer.meta["e_tag"] or "")

    def create(self, path: str, body: bytes) -> bool:
        with self._translating_errors():
            try:
                obstore.put(self._store, self._key(path), body, mode="create", use_multipart=False)
            except (AlreadyExistsError, PreconditionError):
                return False
            return True

    def replace(self, path: str, body: bytes, *, token: str) -> bool:
        with self._translating_errors():
            try:
                obstore.put(self._store, self._key(path), body, mode={"e_tag": token}, use_multipart=False)
            except (PreconditionError, AlreadyExistsError):
                return False
            return True

    def _key(self, path: str) -> str:
        return f"{self._prefix}/{path}".lstrip("/")

    @contextmanager
    def _translating_errors(self) -> Iterator[None]:
        try:
            yield
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise access_denied(self._endpoint, self.root, error, right="s3:GetObject or s3:PutObject") from error
        except FileNotFoundError as error:
            raise bucket_missing(self._endpoint, self.root) from error
        except BaseError as error:
            raise no_answer(self._endpoint, self.root, error) from error


class LocalRegistryStore:
    """`RegistryStore` in a folder. The token is the content's SHA-256; replacing is done under a lock."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self.root = str(self._root)

    def read(self, path: str) -> Stored | None:
        try:
            body = (self._root / path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _refused(self._root, error) from error
        return Stored(body=body, token=hashlib.sha256(body).hexdigest())

    def create(self, path: str, body: bytes) -> bool:
        target = self._root / path
        with self._draft(target, body) as draft:
            try:
                target.hardlink_to(draft)  # atomic, and never replaces an existing file
            except FileExistsError:
                return False
            return True

    def replace(self, path: str, body: bytes, *, token: str) -> bool:
        target = self._root / path
        with self._draft(target, body) as draft, self._locked():
            current = self.read(path)
            if current is None or current.token != token:
                return False
            draft.replace(target)
            return True

    @contextmanager
    def _draft(self, target: Path, body: bytes) -> Iterator[Path]:
        draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(body)
            yield draft
        except OSError as error:
            raise _refused(self._root, error) from error
        finally:
            draft.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time; the system releases the lock when the process ends."""
        descriptor = os.open(self._root / _LOCK, os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _refused(root: Path, error: OSError) -> AccessDenied | BucketMissing:
    if isinstance(error, PermissionError):
        return AccessDenied(f"{root}: permission denied; grant the gate's user write access, or choose another --to")
    return BucketMissing(f"{root}: cannot be used as a folder ({error.strerror}); choose another --to")
