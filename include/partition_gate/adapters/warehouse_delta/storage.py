"""Files below one root, a local folder or `s3://bucket/prefix`, with the same few methods."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import LocalStore, S3Store

from partition_gate.core.errors import AccessDenied, NoSpace, OperatorError, StoreUnreachable
from partition_gate.core.record import Record
from partition_gate.gate.local_folders import no_space

S3 = "s3://"
QUARANTINE_SETTING = "GATE_QUARANTINE_URI"
_DEFAULT_TIMEOUT = "30000ms"
_OS_ERROR = re.compile(r"os error (\d+)")


class StoredFile(Record):
    """A file as listed; `path` is relative to the root."""

    path: str
    size_bytes: int
    modified_at: datetime


class Storage:
    """Reads and writes below `root`. Paths are relative to it. Writes are atomic and durable.

    Every call raises AccessDenied or StoreUnreachable if the store refuses it or does not answer.
    """

    def __init__(
        self, root: str, options: Mapping[str, str] | None = None, *, setting: str = "GATE_WAREHOUSE_URI"
    ) -> None:
        self.root, self.setting = root.rstrip("/"), setting
        self._all_options = dict(options or {})
        self.options = {} if self.is_local else self._all_options

    @property
    def is_local(self) -> bool:
        return not self.root.startswith(S3)

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
            return Storage(f"{S3}{bucket}", self._all_options, setting=self.setting), key
        local = Path(path).absolute()
        if not local.parent.is_dir():
            raise OperatorError(
                f"{uri}: the folder does not exist; restore it, or land the partition's files again and run it"
            )
        return Storage(str(local.parent), self._all_options, setting=self.setting), local.name

    def put(self, path: str, content: Path | bytes) -> None:
        with self._translating(path):
            obstore.put(self._store, path, content)
            if self.is_local:
                _flush(Path(self.uri(path)))

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

    def find(self, path: str) -> StoredFile | None:
        with self._translating(path):
            try:
                return _stored(obstore.head(self._store, path))
            except FileNotFoundError:
                return None

    def delete(self, path: str) -> None:
        """Delete a file; a missing file is ignored."""
        with self._translating(path):
            try:
                obstore.delete(self._store, path)
            except FileNotFoundError:
                return

    def listing(self, prefix: str) -> Iterator[StoredFile]:
        """All files below a folder, in no particular order."""
        with self._translating(prefix):
            for chunk in obstore.list(self._store, prefix):
                yield from (_stored(meta) for meta in chunk)

    def reader(self, path: str) -> Any:
        """The file, opened for random reads."""
        with self._translating(path):
            return obstore.open_reader(self._store, path)

    def _translating(self, path: str) -> AbstractContextManager[None]:
        return translating_errors(self.uri(path), setting=self.setting)

    @cached_property
    def _store(self) -> Any:
        if self.is_local:
            return LocalStore(self.root, mkdir=True)
        # obstore rejects options that are not S3's own: those of the HTTP client (allow_http) and of deltalake
        # (max_retries).
        options: Any = {key.lower(): value for key, value in self.options.items()}
        client: Any = {"allow_http": options.pop("aws_allow_http", "false").lower() == "true"}
        client |= {name: options[name] for name in ("timeout", "connect_timeout") if name in options}
        s3: Any = {key: value for key, value in options.items() if key.startswith("aws_")}
        retries: Any = {"max_retries": 1, "retry_timeout": timedelta(seconds=_seconds(options))}
        return S3Store.from_url(self.root, config=s3, client_options=client, retry_config=retries)


def request_limits(call_s: float) -> dict[str, str]:
    """Storage options that limit one request, including its retry, to `call_s`."""
    try_limit = f"{int(call_s * 500)}ms"
    return {"timeout": try_limit, "connect_timeout": "5s", "max_retries": "1", "retry_timeout": try_limit}


@contextmanager
def translating_errors(uri: str, *, setting: str = "GATE_WAREHOUSE_URI") -> Iterator[None]:
    """Translate the errors of the storage that the setting names.

    Its own messages are left out: they may contain credentials and row values.
    """
    storage = "the quarantine's storage" if setting == QUARANTINE_SETTING else "the warehouse's storage"
    try:
        yield
    except (PermissionError, PermissionDeniedError, UnauthenticatedError) as error:
        raise AccessDenied(
            f"{uri}: {storage} rejects our credentials; check {setting} and its connection settings"
        ) from error
    except (OSError, BaseError) as error:
        if not uri.startswith(S3) and (refused := _refused_locally(uri, str(error), setting)):
            raise refused from error
        if any(sign in str(error) for sign in ("timed out", "TimedOut", "deadline has elapsed")):
            raise StoreUnreachable(
                f"{uri}: {storage} did not answer completely in time (GATE_STORE_CALL_TIMEOUT_S); "
                "check that it is running, then run it again"
            ) from error
        raise StoreUnreachable(
            f"{uri}: {storage} fails ({type(error).__name__}); check that it is reachable, and {setting}"
        ) from error


def _refused_locally(uri: str, text: str, setting: str) -> NoSpace | None:
    """The operating system's error, which the store reports only as text."""
    number = _OS_ERROR.search(text)
    return (
        no_space(OSError(int(number[1]), os.strerror(int(number[1]))), Path(uri), setting=setting) if number else None
    )


def _seconds(options: Mapping[str, str]) -> float:
    """The limit of one try; there are two."""
    return int(options.get("timeout", _DEFAULT_TIMEOUT).removesuffix("ms")) / 1000


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
