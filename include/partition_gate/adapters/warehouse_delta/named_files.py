"""The warehouse's files for DuckDB, opened by their names."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fsspec.spec import AbstractFileSystem

from partition_gate.adapters.warehouse_delta.storage import S3, Storage, StoredFile


class NamedFiles(AbstractFileSystem):  # type: ignore[misc]  # fsspec is untyped
    """Read only, over a `Storage` on S3. A name is never looked up: DuckDB asks for every file of a view's list when
    the view is created, and reads none but the first.
    """

    protocol = "s3"
    cachable = False

    def __init__(self, storage: Storage) -> None:
        super().__init__()
        self._storage = storage

    def glob(self, path: str, **_: Any) -> list[str]:
        return [str(self._strip_protocol(path))]

    def exists(self, path: str, **_: Any) -> bool:
        return self._storage.find(self._below_root(path)) is not None

    def size(self, path: str) -> int:
        return self._found(path).size_bytes

    def modified(self, path: str) -> datetime:
        return self._found(path).modified_at

    def open(self, path: str, mode: str = "rb", **_: Any) -> Any:  # noqa: ARG002 -- fsspec's
        return self._storage.reader(self._below_root(path))

    def _found(self, path: str) -> StoredFile:
        file = self._storage.find(self._below_root(path))
        if file is None:
            raise FileNotFoundError(path)
        return file

    def _below_root(self, path: str) -> str:
        return f"{S3}{self._strip_protocol(path)}".removeprefix(f"{self._storage.root}/")
