"""Quarantined rows written to a file for people, with their reasons, masked or as they are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from partition_gate.core.errors import CannotAct
from partition_gate.core.masking import Masking, pseudonym
from partition_gate.core.nearest_words import did_you_mean
from partition_gate.core.table import is_reserved
from partition_gate.gate.local_folders import writing_below
from partition_gate.judging.replay import ATTEMPTS, MASKED, POSITION, Export

_REASONS = ("_gate_rule_ids", "_gate_reasons")
_PLACES = ("_gate_source_file", "_gate_source_row")
# A spreadsheet takes such a text for a formula. One apostrophe in front is added here and removed by `--with`.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def write_export(rows: Path, export: Export, *, to: Path) -> int:
    """Write the rows to a new Parquet or CSV file that only its owner can read; returns how many there are.

    Raises: CannotAct (the file exists, its name ends otherwise, or a column is unknown).
    """
    is_csv = _is_csv(to)
    with pq.ParquetFile(rows) as source:
        columns = _columns(source.schema_arrow.names, export.columns)
        schema = _schema(source.schema_arrow, columns, export, is_csv=is_csv)
        draft = to.with_name(f".{to.name}.part")
        with writing_below(to.parent):
            os.close(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
            count = _written(_batches(source, export, schema, is_csv=is_csv), schema, draft, is_csv=is_csv)
            draft.replace(to)
    return count


def _is_csv(to: Path) -> bool:
    if to.exists():
        raise CannotAct(f"{to}: the file exists; choose another name")
    if to.suffix.casefold() not in {".csv", ".parquet"}:
        raise CannotAct(f"{to}: write a name that ends with .parquet or .csv")
    return to.suffix.casefold() == ".csv"


def _columns(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    delivered = [name for name in names if not is_reserved(name)]
    for name in wanted:
        if name not in delivered:
            hint = did_you_mean(name, delivered) or f"the columns are {', '.join(delivered)}"
            raise CannotAct(f"--columns {name}: the quarantined rows have no such column; {hint}")
    return list(wanted) or delivered


def _schema(stored: pa.Schema, columns: Sequence[str], export: Export, *, is_csv: bool) -> pa.Schema:
    def kind(name: str) -> pa.DataType:
        own = stored.field(name).type
        return pa.string() if _is_masked(export.masking, name, own) or (is_csv and not _is_plain(own)) else own

    lists = pa.string() if is_csv else pa.list_(pa.string())
    fields = [(name, kind(name)) for name in columns]
    fields += [(name, lists) for name in _REASONS]
    fields += [(_PLACES[0], pa.string()), *((name, pa.int64()) for name in (_PLACES[1], ATTEMPTS, POSITION))]
    return pa.schema([*fields, *([(MASKED, pa.string())] if export.masking else [])])


def _batches(source: pq.ParquetFile, export: Export, schema: pa.Schema, *, is_csv: bool) -> Iterator[pa.RecordBatch]:
    gone, first = set(export.discarded.numbers()), 0
    masked = [name for name in schema.names if not is_reserved(name) and _hides(export, source, name)]
    for batch in source.iter_batches(batch_size=10_000):
        left = [number for number in range(batch.num_rows) if first + number not in gone]
        rows = batch.take(pa.array(left, pa.int64()))
        known = {
            ATTEMPTS: [1] * len(left) if ATTEMPTS not in rows.schema.names else rows[ATTEMPTS].to_pylist(),
            POSITION: [first + number for number in left],
            MASKED: [", ".join(masked)] * len(left),
        }
        cells = [_cells(rows, field, known, export, masked=masked, is_csv=is_csv) for field in schema]
        yield pa.record_batch(cells, schema=schema)
        first += batch.num_rows


def _cells(
    rows: pa.RecordBatch,
    field: pa.Field,
    known: dict[str, list[Any]],
    export: Export,
    *,
    masked: Sequence[str],
    is_csv: bool,
) -> pa.Array:
    if field.name in known:
        return pa.array(known[field.name], field.type)
    column = rows[field.name]
    if field.name in masked:
        return pa.array([pseudonym(value, export.key) for value in column.to_pylist()], pa.string())
    if not is_csv:
        return column.cast(field.type)
    return _texts(column) if pa.types.is_string(field.type) else column.cast(field.type)


def _texts(column: pa.Array) -> pa.Array:
    values = column.to_pylist()
    joined = ("; ".join(value) if _is_texts(value) else value for value in values)
    return pa.array([None if value is None else _inert(str(value)) for value in joined], pa.string())


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _inert(text: str) -> str:
    """Source: OWASP, CSV injection. Numbers such as -5 stay numbers."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def _hides(export: Export, source: pq.ParquetFile, name: str) -> bool:
    return _is_masked(export.masking, name, source.schema_arrow.field(name).type)


def _is_masked(masking: Masking | None, name: str, kind: pa.DataType) -> bool:
    # An object may hold fields that the contract does not name.
    return masking is not None and (masking.hides(name) or "struct" in str(kind) or "map" in str(kind))


def _is_plain(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def _written(batches: Iterator[pa.RecordBatch], schema: pa.Schema, path: Path, *, is_csv: bool) -> int:
    count = 0
    options = pa_csv.WriteOptions(quoting_style="needed")
    with pa_csv.CSVWriter(path, schema, write_options=options) if is_csv else pq.ParquetWriter(path, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
            count += batch.num_rows
    return count
