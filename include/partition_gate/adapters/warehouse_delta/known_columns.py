"""Caches the columns of each visible file next to the serving file, so that no publication record is read twice."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

from deltalake import DeltaTable
from pydantic import ValidationError

from partition_gate.adapters.storage import Storage
from partition_gate.adapters.warehouse_delta import table_log, view_sql
from partition_gate.core.record import Record, digest


class _Known(Record):
    """`numbers`: file -> index into `columns`. `table_id` is Delta's own: a table that was created again has different
    files of the same names.
    """

    table_id: str
    columns: tuple[str, ...]
    numbers: dict[str, int]


class KnownColumns:
    """A cache in a folder. Entries that are missing or unreadable are read from the publication records."""

    def __init__(self, folder: Path, storage: Storage) -> None:
        self._folder, self._storage = folder, storage

    def columns(self, log: DeltaTable, table: str) -> dict[str, str]:
        """Path of each visible file -> its columns (`view_sql.columns_text`)."""
        paths = sorted(table_log.visible_paths(log))
        table_id = str(log.metadata().id)
        cached = self._read(table, table_id)
        columns_of = {path: cached[path] if path in cached else self._read_columns(log, table, path) for path in paths}
        if columns_of != cached:
            self._write(table, table_id, columns_of)
        return columns_of

    def _read_columns(self, log: DeltaTable, table: str, path: str) -> str:
        return view_sql.columns_text(table_log.read_publication(self._storage, log, table, path).columns)

    def _read(self, table: str, table_id: str) -> dict[str, str]:
        try:
            known = _Known.model_validate_json(self._file(table).read_bytes())
        except (OSError, ValidationError):
            return {}
        if known.table_id != table_id:
            return {}
        return {path: known.columns[number] for path, number in known.numbers.items()}

    def _write(self, table: str, table_id: str, columns_of: dict[str, str]) -> None:
        columns = list(dict.fromkeys(columns_of.values()))
        number_of = {text: number for number, text in enumerate(columns)}
        numbers = {path: number_of[text] for path, text in columns_of.items()}
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / f".{uuid.uuid4().hex}"
        draft.write_text(json.dumps({"table_id": table_id, "columns": columns, "numbers": numbers}), encoding="utf-8")
        draft.replace(self._file(table))

    def _file(self, table: str) -> Path:
        return self._folder / f"{digest(table)[:32]}.json"
