"""Quarantine in a local folder or S3, one folder per attempt. Long values are truncated while they are read."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from partition_gate.adapters.storage import S3, Storage, StoredFile
from partition_gate.core.display import SHOWN_LENGTH, Excerpt, excerpt
from partition_gate.core.errors import MalformedPartitionKey, OperatorError
from partition_gate.core.table import is_reserved
from partition_gate.judging.quarantine import QuarantinedRow, QuarantinedRows
from partition_gate.judging.replay import ATTEMPTS
from partition_gate.judging.retention import Files

ROWS, RAW = "rows.parquet", "raw"
_BUFFER_BYTES = 1 << 20
_LONGEST_CHARACTER_BYTES = 4


class Quarantine:
    """`<root>/<table>/<partition key>/<attempt_id>/`: `rows.parquet`, and unreadable files as `raw/<n>-<name>`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def store(self, table: str, partition_key: str, *, attempt_id: str, rows: Path | None, raw: Sequence[Path]) -> str:
        """The URI of the folder."""
        folder = _folder(table, partition_key, attempt_id)
        if rows:
            self._storage.put(f"{folder}/{ROWS}", rows)
        for number, file in enumerate(raw):
            self._storage.put(f"{folder}/{RAW}/{number}-{file.name}", file)
        return self._storage.uri(folder)

    def read(self, uri: str, *, limit: int) -> QuarantinedRows:
        """The first rows of a folder; also of a URI below an earlier root of the same storage."""
        storage, folder = self._storage.locate(uri)
        return read_quarantined(storage, folder, limit=limit)

    def file(self, uri: str, *, into: Path) -> Path | None:
        """The rows as a local file; None if there are only unreadable files."""
        storage, folder = self._storage.locate(uri)
        return quarantined_file(storage, folder, into=into)

    def files(self, uri: str) -> Files:
        """The files in a folder; none if it is gone."""
        _, found = self._stored_below(uri)
        return _counted(found)

    def remove_folder(self, uri: str) -> Files:
        """Remove a folder, and the folders of its partition and table if nothing else is in them."""
        own, found = self._stored_below(uri)
        for file in found:
            own.delete(file.path)
        if own.is_local:
            _remove_empty_folders(Path(uri.removeprefix("file://")), Path(own.root))
        return _counted(found)

    def _stored_below(self, uri: str) -> tuple[Storage, list[StoredFile]]:
        """The storage of a folder, and its files; none if a local folder is gone."""
        local = Path(uri.removeprefix("file://"))
        if not uri.startswith(S3) and not local.is_dir():
            return self._storage, []
        own, folder = self._storage.locate(uri)
        return own, list(own.listing(folder))

    def remove(self, table: str, partition_key: str, attempt_id: str) -> None:
        """Remove an attempt's folder; nothing happens if there is none."""
        for file in list(self._storage.listing(_folder(table, partition_key, attempt_id))):
            self._storage.delete(file.path)


def read_quarantined(storage: Storage, folder: str, *, limit: int) -> QuarantinedRows:
    """The first rows of an attempt's folder, at most `limit`.

    Raises:
        OperatorError: the folder is empty or gone, or the rows cannot be read.
        AccessDenied, StoreUnreachable: as `Storage`.
    """
    files = {file.path.removeprefix(f"{folder}/"): file for file in storage.listing(folder)}
    if not files:
        raise OperatorError(
            f"{storage.uri(folder)}: the quarantined rows are gone; "
            "restore the folder, or land the partition's files again and run it"
        )
    raw = tuple(name.removeprefix(f"{RAW}/") for name in sorted(files, key=_number) if name.startswith(f"{RAW}/"))
    if ROWS not in files:
        return QuarantinedRows(columns=(), rows=(), row_count=0, raw=raw)
    with _opened(storage, files[ROWS]) as file:
        columns = tuple(name for name in file.schema_arrow.names if not is_reserved(name))
        batch = next(file.iter_batches(batch_size=limit), None) if limit else None
        rows = _rows(batch.slice(0, limit), columns) if batch is not None else ()
        return QuarantinedRows(columns=columns, rows=rows, row_count=file.metadata.num_rows, raw=raw)


def quarantined_file(storage: Storage, folder: str, *, into: Path) -> Path | None:
    """The rows of an attempt's folder as a local file; None if it has only unreadable files. Raises: as above."""
    path = f"{folder}/{ROWS}"
    if storage.find(path) is None:
        read_quarantined(storage, folder, limit=0)
        return None
    return Path(storage.uri(path)) if storage.is_local else storage.copy(path, into / ROWS)


def _folder(table: str, partition_key: str, attempt_id: str) -> str:
    """The folder of an attempt's quarantined rows. Raises: MalformedPartitionKey (the path would leave the table's
    folder).
    """
    if {"", ".", ".."} & set(partition_key.split("/")):
        raise MalformedPartitionKey(
            f"{table}: {partition_key!r} is not a canonical partition key, so it has no quarantine folder"
        )
    return f"{table}/{partition_key}/{attempt_id}"


class _Stream(io.RawIOBase):
    """A stored file for Arrow that reads only the requested ranges."""

    def __init__(self, storage: Storage, file: StoredFile) -> None:
        super().__init__()
        self._storage, self._file, self._position = storage, file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        starts = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._file.size_bytes}
        self._position = starts[whence] + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        length = min(len(buffer), self._file.size_bytes - self._position)
        if length <= 0:
            return 0
        content = self._storage.read_range(self._file.path, start=self._position, length=length)
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)


@contextmanager
def _opened(storage: Storage, stored: StoredFile) -> Iterator[pq.ParquetFile]:
    try:
        # Buffered, because otherwise Arrow reads the whole row group of a column before it returns the first row.
        with _Stream(storage, stored) as stream, pq.ParquetFile(stream, buffer_size=_BUFFER_BYTES) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise OperatorError(
            f"{storage.uri(stored.path)}: the rows cannot be read ({type(error).__name__}); "
            "restore the file unchanged, or land the partition's files again and run it"
        ) from None


def _rows(batch: pa.RecordBatch, columns: Sequence[str]) -> tuple[QuarantinedRow, ...]:
    def column(name: str) -> list[Any]:
        values = batch.column(name).to_pylist() if name in batch.schema.names else []
        return values or [None] * batch.num_rows

    names = ("_gate_rule_ids", "_gate_reasons", "_gate_source_file", "_gate_source_row", ATTEMPTS)
    reserved = zip(*map(column, names), strict=True)
    return tuple(
        QuarantinedRow(
            rule_ids=tuple(rule_ids or ()),
            reasons=tuple(reasons or ()),
            source_file=source_file or "",
            source_row=source_row,
            values=tuple(_excerpt(batch.column(name)[i]) for name in columns),
            position=i,
            attempts=attempts or 1,
        )
        for i, (rule_ids, reasons, source_file, source_row, attempts) in enumerate(reserved)
    )


def _excerpt(scalar: Any) -> Excerpt | None:
    """As `display.excerpt`, without copying a long text out of Arrow's memory."""
    is_text = isinstance(scalar, pa.StringScalar | pa.LargeStringScalar) and scalar.is_valid
    if not is_text or scalar.as_buffer().size <= SHOWN_LENGTH:
        return excerpt(scalar.as_py())
    content = memoryview(scalar.as_buffer())
    length = int(pc.utf8_length(scalar).as_py())
    if length <= SHOWN_LENGTH:
        return excerpt(scalar.as_py())
    start = bytes(content[: SHOWN_LENGTH * _LONGEST_CHARACTER_BYTES]).decode(errors="ignore")
    return Excerpt(text=start[:SHOWN_LENGTH], length=length, sha256=hashlib.sha256(content).hexdigest())


def _number(name: str) -> tuple[int, str]:
    """Sorts raw files (`raw/<n>-<name>`) by their number."""
    digits = name.removeprefix(f"{RAW}/").partition("-")[0]
    return (int(digits) if digits.isdigit() else 0, name)


def _counted(files: Sequence[StoredFile]) -> Files:
    return Files(count=len(files), size_bytes=sum(file.size_bytes for file in files))


def _remove_empty_folders(folder: Path, root: Path) -> None:
    """The folder with the empty folders in it, then those around it below the root. A run may write there meanwhile."""
    inside = (path for path in folder.rglob("*") if path.is_dir()) if folder.is_dir() else ()
    around = (path for path in folder.parents if root in path.parents)
    with suppress(OSError):  # not empty
        for path in (*sorted(inside, reverse=True), folder, *around):
            path.rmdir()
