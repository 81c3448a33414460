"""Files below one root, a local folder or `s3://bucket/prefix`, with the same few methods."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import LocalStore

from partition_gate.adapters.s3_access.clients import delta_options, obstore_client
from partition_gate.adapters.s3_access.refusals import refusal, rejects_key, untrusted
from partition_gate.adapters.s3_access.service import S3Service
from partition_gate.core.errors import AccessDenied, NoSpace, OperatorError, StoreUnreachable
from partition_gate.core.record import Record
from partition_gate.gate.local_folders import no_space, writing_below

S3 = "s3://"
QUARANTINE_SETTING = "GATE_QUARANTINE_URI"
_RANGE_BYTES = 8 * 1024 * 1024
# deltalake has no exception for a refused request, and obstore none for one that was refused in a bulk deletion.
_FORBIDDEN = re.compile(r"status:? 403|403 Forbidden|<Code>AccessDenied</Code>|\(code: AccessDenied\)")
_NO_CONNECTION = "error sending request"
_OS_ERROR = re.compile(r"os error (\d+)")


class S3Access:
    """How S3 is reached. The service is opened on first use, so that a local warehouse needs none. `call_s`: the limit
    of one request including its retry, in seconds.
    """

    def __init__(self, open_service: Callable[[], S3Service], *, call_s: float = 60.0) -> None:
        self._open_service, self.call_s = open_service, call_s

    @cached_property
    def service(self) -> S3Service:
        return self._open_service()


class StoredFile(Record):
    """A file as listed; `path` is relative to the root."""

    path: str
    size_bytes: int
    modified_at: datetime


class Storage:
    """Reads and writes below `root`. Paths are relative to it. Writes are atomic and durable.

    Every call raises AccessDenied or StoreUnreachable if the store refuses it or does not answer.
    """

    def __init__(self, root: str, s3: S3Access | None = None, *, setting: str = "GATE_WAREHOUSE_URI") -> None:
        self.root, self.setting = root.rstrip("/"), setting
        self._s3 = s3

    @property
    def is_local(self) -> bool:
        return not self.root.startswith(S3)

    @property
    def options(self) -> dict[str, str]:
        """deltalake's storage options, with the credentials of this moment: they change when a token is renewed."""
        if self.is_local:
            return {}
        service = self._access.service
        return delta_options(service, service.credentials.current(), self._bucket, call_s=self._access.call_s)

    def uri(self, path: str) -> str:
        return f"{self.root}/{path}"

    def locate(self, uri: str) -> tuple[Storage, str]:
        """The storage of a URI and the path in it. The URI may have been created with an earlier root.

        Raises: OperatorError (a local folder is gone; it is not created again).
        """
        path = uri.removeprefix("file://")
        if path.startswith(f"{self.root}/"):
            return self, path.removeprefix(f"{self.root}/")
        if path.startswith(S3):
            bucket, _, key = path.removeprefix(S3).partition("/")
            return Storage(f"{S3}{bucket}", self._s3, setting=self.setting), key
        local = Path(path).absolute()
        if not local.parent.is_dir():
            raise OperatorError(
                f"{uri}: the folder does not exist; restore it, or land the partition's files again and run it"
            )
        return Storage(str(local.parent), self._s3, setting=self.setting), local.name

    def put(self, path: str, content: Path | bytes) -> None:
        with self._translating(path, right="s3:PutObject"):
            obstore.put(self._store, path, content)
            if self.is_local:
                _flush(Path(self.uri(path)))

    def create(self, path: str, content: bytes) -> bool:
        """Write a file that does not exist yet; False if it exists. Of two writers, one gets True."""
        with self._translating(path, right="s3:PutObject"):
            try:
                obstore.put(self._store, path, content, mode="create")
            except (AlreadyExistsError, PreconditionError):
                return False
            return True

    def get(self, path: str) -> bytes | None:
        """The file's bytes; None if there is none."""
        with self._translating(path):
            try:
                return bytes(obstore.get(self._store, path).bytes())
            except FileNotFoundError:
                return None

    def read_range(self, path: str, *, start: int, length: int) -> bytes:
        """A range of a file's bytes; fewer if the file ends earlier."""
        with self._translating(path):
            return bytes(obstore.get_range(self._store, path, start=start, length=length))

    def copy(self, path: str, target: Path) -> Path:
        """Copy a file to a local path, in ranges, so that each request ends within its limit; returns the path.

        Raises: OperatorError (the file is gone), NoSpace.
        """
        file = self.find(path)
        if file is None:
            raise OperatorError(f"{self.uri(path)}: a published file is gone; restore it, or run its partition again")
        with writing_below(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as local:
                for start in range(0, file.size_bytes, _RANGE_BYTES):
                    length = min(_RANGE_BYTES, file.size_bytes - start)
                    local.write(self.read_range(path, start=start, length=length))
        return target

    def find(self, path: str) -> StoredFile | None:
        with self._translating(path):
            try:
                return _stored(obstore.head(self._store, path))
            except FileNotFoundError:
                return None

    def delete(self, path: str) -> None:
        """Delete a file; a missing file is ignored."""
        with self._translating(path, right="s3:DeleteObject"):
            try:
                obstore.delete(self._store, path)
            except FileNotFoundError:
                return

    def listing(self, prefix: str) -> Iterator[StoredFile]:
        """All files below a folder, in no particular order."""
        with self._translating(prefix, right="s3:ListBucket"):
            for chunk in obstore.list(self._store, prefix):
                yield from (_stored(meta) for meta in chunk)

    def reader(self, path: str) -> Any:
        """The file, opened for random reads."""
        with self._translating(path):
            return obstore.open_reader(self._store, path)

    def _translating(self, path: str, *, right: str = "s3:GetObject") -> AbstractContextManager[None]:
        return translating_errors(self.uri(path), setting=self.setting, right=right)

    @property
    def _access(self) -> S3Access:
        if self._s3 is None:
            raise OperatorError(f"{self.root}: is in S3, but no S3 service is given for {self.setting}")
        return self._s3

    @property
    def _bucket(self) -> str:
        return self.root.removeprefix(S3).partition("/")[0]

    @cached_property
    def _store(self) -> Any:
        if self.is_local:
            return LocalStore(self.root, mkdir=True)
        prefix = self.root.removeprefix(f"{S3}{self._bucket}").strip("/")
        service, call_s = self._access.service, self._access.call_s
        return obstore_client(service, self._bucket, prefix=prefix, try_s=call_s / 2, retries=1)


@contextmanager
def translating_errors(uri: str, *, setting: str = "GATE_WAREHOUSE_URI", right: str = "s3:PutObject") -> Iterator[None]:
    """Translate the errors of the storage that the setting names. `right` is what a request inside needs.

    Its own messages are left out: they may contain credentials and row values.
    """
    storage = "the quarantine's storage" if setting == QUARANTINE_SETTING else "the warehouse's storage"
    try:
        yield
    except (PermissionError, PermissionDeniedError, UnauthenticatedError) as error:
        raise AccessDenied(f"{uri}: {storage} ({setting}) {refusal(error, right=right, uri=uri)}") from error
    except (OSError, BaseError) as error:
        if uri.startswith(S3) and (_FORBIDDEN.search(str(error)) or rejects_key(error)):
            raise AccessDenied(f"{uri}: {storage} ({setting}) {refusal(error, right=right, uri=uri)}") from error
        if not uri.startswith(S3) and (refused := _refused_locally(uri, str(error), setting)):
            raise refused from error
        raise StoreUnreachable(f"{uri}: {storage} {_failure(error, setting)}") from error


def _failure(error: Exception, setting: str) -> str:
    """The rest of a sentence that begins with the storage, and the next step."""
    text = str(error)
    if any(sign in text for sign in ("timed out", "TimedOut", "deadline has elapsed")):
        return (
            "did not answer completely in time (GATE_STORE_CALL_TIMEOUT_S); check that it is running, then run it again"
        )
    if why := untrusted(error):
        return f"({setting}) cannot be used: {why}"
    if _NO_CONNECTION in text:
        return (
            f"({setting}) does not answer; check that the S3 server runs, the network, and GATE_S3_ENDPOINT_URL: "
            "without it, Amazon S3 is meant"
        )
    return f"fails ({type(error).__name__}); check that it is reachable, and {setting}"


def _refused_locally(uri: str, text: str, setting: str) -> NoSpace | None:
    """The operating system's error, which the store reports only as text."""
    number = _OS_ERROR.search(text)
    return (
        no_space(OSError(int(number[1]), os.strerror(int(number[1]))), Path(uri), setting=setting) if number else None
    )


def _stored(meta: Mapping[str, Any]) -> StoredFile:
    return StoredFile(path=meta["path"], size_bytes=meta["size"], modified_at=meta["last_modified"])


def _flush(file: Path) -> None:
    """Flush a file and its folder: only then do the file and its name survive a power cut."""
    for path in (file, file.parent):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
