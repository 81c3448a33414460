"""Quarantined rows chosen, changed and put together with published ones, by DuckDB on local files (`ports.Rework`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from partition_gate.adapters.gx.duckdb import reworked_rows as rows_sql
from partition_gate.adapters.gx.duckdb.parquet_files import READ_ERRORS
from partition_gate.adapters.gx.duckdb.query_process import QueryLimits, QueryRefused
from partition_gate.adapters.gx.duckdb.rewriting import Expression, Rewriting
from partition_gate.adapters.gx.duckdb.scan import Machine, open_connection
from partition_gate.adapters.gx.duckdb.sql import literal
from partition_gate.adapters.gx.duckdb.sql_rules import SqlRules
from partition_gate.adapters.gx.duckdb.value_comparison import compared_values
from partition_gate.adapters.gx.quarantine_export import write_export
from partition_gate.adapters.gx.recovery import Recovery
from partition_gate.core.display import counted
from partition_gate.core.errors import CannotAct, OperatorError
from partition_gate.core.nearest_words import did_you_mean
from partition_gate.core.record import Record
from partition_gate.core.table import is_reserved
from partition_gate.judging.replay import (
    MASKED,
    POSITION,
    Assembled,
    Assembly,
    Export,
    RowHash,
    RowPositions,
    hashed_in_files,
)
from partition_gate.judging.shrinkage import ColumnShrinkage
from partition_gate.judging.validation import Split

_FROM_QUARANTINE = "quarantine:"


class _Given(Record):
    """Files: the rows to judge in place of the taken ones, where these came from, and the rows kept back."""

    rows: Path
    origins: Path
    kept: Path
    taken_rows: Path
    taken: int


class DuckDbRework:
    """The `Rework` port. Expressions are evaluated in a process that can read only the quarantined rows."""

    def __init__(self, limits: QueryLimits | None = None, recovery: Recovery | None = None) -> None:
        self._limits, self._recovery = limits or QueryLimits(), recovery or Recovery()

    def choose(self, rows: Path, where: str) -> RowPositions:
        with TemporaryDirectory(prefix="gate-rows-") as folder, _database(Path(folder)) as database:
            return self._chosen(_numbered(database, rows, Path(folder)), where, Path(folder))

    def assemble(self, assembly: Assembly, *, into: Path) -> Assembled:
        with _database(into) as database:
            columns = _columns(database, assembly.rows) if assembly.rows else {}
            published = _published(database, assembly, columns, into)
            given = self._given(database, assembly, columns, into) if assembly.rows else None
        rows, kept = (_row_count(given.rows), _row_count(given.kept)) if given else (0, 0)
        files = {f"published:{assembly.attempt_id}": published}
        if given and rows:
            files[f"{_FROM_QUARANTINE}{assembly.attempt_id}"] = given.rows
        present = {name: path for name, path in files.items() if path is not None}
        return Assembled(
            paths=tuple(present.values()),
            sources=tuple(present),
            origins=given.origins if given else None,
            kept=given.kept if given and kept else None,
            rows_published=_row_count(published) if published else 0,
            rows_taken=given.taken if given else 0,
            rows_given=rows,
            rows_kept=kept,
            hash_change=self._hash_change(assembly, given) if given else "0",
        )

    def _hash_change(self, assembly: Assembly, given: _Given) -> str:
        if not (assembly.change.assignments or assembly.change.file or assembly.change.recover):
            return "0"
        columns = hashed_in_files(assembly.hashed)
        before, after = (self.hash_rows([path], columns) for path in (given.taken_rows, given.rows))
        return str(int(after.total) - int(before.total))

    def merge(self, split: Split, assembled: Assembled, *, into: Path) -> Split:
        if split.quarantined is None and assembled.kept is None:
            return split
        source = next((name for name in assembled.sources if name.startswith(_FROM_QUARANTINE)), "")
        parts = []
        with _database(into) as database:
            if split.quarantined is not None:
                columns = [name for name in _all_columns(database, split.quarantined) if not is_reserved(name)]
                parts.append(rows_sql.with_origins(split.quarantined, columns, assembled.origins, source))
            if assembled.kept is not None:
                parts.append(rows_sql.everything(assembled.kept))
            merged = _written(database, " UNION ALL BY NAME ".join(parts), into / "quarantined.parquet")
        counts = {
            "rows_in": split.rows_in + assembled.rows_kept,
            "rows_quarantined": split.rows_quarantined + assembled.rows_kept,
        }
        return split.model_copy(update={"quarantined": merged, **counts})

    def export(self, rows: Path, export: Export, *, to: Path) -> int:
        return write_export(rows, export, to=to)

    def hash_rows(
        self, files: Sequence[Path], columns: Sequence[tuple[str, str]], *, only: RowPositions | None = None
    ) -> RowHash:
        with TemporaryDirectory(prefix="gate-rows-") as folder, _database(Path(folder)) as database:
            present = {name for path in files for name in _all_columns(database, path)}
            if only is not None:
                _register(database, "chosen", only)
            view = None if only is None else "chosen"
            summed = database.execute(rows_sql.summed_hashes(files, columns, present, only=view)).fetchone()
            return RowHash(rows=summed[0], total=summed[1]) if summed else RowHash()

    def compare_values(self, before: Path, now: Sequence[Path], columns: Sequence[str]) -> tuple[ColumnShrinkage, ...]:
        with TemporaryDirectory(prefix="gate-rows-") as folder, _database(Path(folder)) as database:
            return tuple(compared_values(database, before, now, column) for column in columns)

    def _given(
        self, database: duckdb.DuckDBPyConnection, assembly: Assembly, columns: dict[str, str], into: Path
    ) -> _Given:
        assert assembly.rows is not None  # noqa: S101 -- the caller's condition
        numbered, change = _numbered(database, assembly.rows, into), assembly.change
        chosen = self._chosen(numbered, change.where, into).without(assembly.discarded)
        _register(database, "chosen", chosen)
        _register(database, "gone", assembly.discarded.union(chosen))
        taken = _written(database, rows_sql.taken(numbered), into / "taken.parquet")
        kept = _written(database, rows_sql.kept(numbered), into / "kept.parquet")
        if change.file is not None:
            rows = _corrected(database, change.file, columns, into)
            origins = rows_sql.new_origins(rows, change.file.name)
        else:
            rows = self._changed(database, taken, assembly, columns, into)
            origins = rows_sql.origins(taken)
        return _Given(
            rows=rows,
            origins=_written(database, origins, into / "origins.parquet"),
            kept=kept,
            taken_rows=taken,
            taken=chosen.count,
        )

    def _chosen(self, numbered: Path, where: str, folder: Path) -> RowPositions:
        if not where:
            return RowPositions.first(_row_count(numbered))
        output = folder / "chosen.parquet"
        condition = Expression(option="--where ", text=where, type="BOOLEAN")
        self._rewrite(numbered, output, cells=(POSITION,), condition=condition)
        return RowPositions.of(pq.read_table(output)[POSITION].to_pylist())

    def _changed(
        self,
        database: duckdb.DuckDBPyConnection,
        taken: Path,
        assembly: Assembly,
        columns: dict[str, str],
        into: Path,
    ) -> Path:
        output, assigned = into / "replayed.parquet", assembly.change.assignments
        if name := assembly.change.recover:
            self._recovery.recover(name, taken, output, columns=tuple(columns))
            return output
        if not assigned:
            return _written(database, rows_sql.only(taken, columns), output)
        promised = {column.source: column.type for column in assembly.table.columns}
        types = {**promised, **columns}
        for column, _ in assigned:
            if column not in types:
                hint = did_you_mean(column, types) or f"the columns are {', '.join(columns)}"
                raise CannotAct(f"--set {column}: the quarantined rows have no such column; {hint}")
        new = tuple(
            Expression(option=f"--set {name}=", text=text, type=types[name], column=name) for name, text in assigned
        )
        cells = tuple(dict.fromkeys((*columns, *(name for name, _ in assigned))))
        written = self._rewrite(taken, output, cells=cells, expressions=new)
        if written != _row_count(taken):
            raise CannotAct(
                f"--set: {counted(written, 'row')} came out of {_row_count(taken):,}; write one expression a column"
            )
        return output

    def _rewrite(
        self,
        rows: Path,
        output: Path,
        *,
        cells: tuple[str, ...],
        expressions: tuple[Expression, ...] = (),
        condition: Expression | None = None,
    ) -> int:
        rewriting = Rewriting(
            rows=str(rows),
            output=str(output),
            folder=str(output.parent),
            cells=cells,
            expressions=expressions,
            condition=condition,
        )
        with closing(SqlRules(self._limits)) as process:
            try:
                return process.rewrite(rewriting)
            except QueryRefused as refused:
                raise CannotAct(str(refused)) from None


@contextmanager
def _database(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_connection(Machine(temporary_folder=str(folder))) as database:
        try:
            yield database
        except READ_ERRORS as error:  # the message may contain a value
            raise OperatorError(
                f"the quarantined rows and the published ones cannot be put together ({type(error).__name__}); "
                "export the rows, correct them, and replay them with --with"
            ) from None


def _numbered(database: duckdb.DuckDBPyConnection, rows: Path, folder: Path) -> Path:
    """The rows with their positions and their attempts so far."""
    return _written(database, rows_sql.numbered(rows, _all_columns(database, rows)), folder / "numbered.parquet")


def _published(
    database: duckdb.DuckDBPyConnection, assembly: Assembly, columns: dict[str, str], into: Path
) -> Path | None:
    """The published rows under the names and types that quarantined rows have; None if there are none."""
    if not sum(map(_row_count, assembly.published)):
        return None
    cells = rows_sql.as_delivered(assembly.table, assembly.published_columns, columns)
    return _written(database, rows_sql.published(assembly.published, cells), into / "published.parquet")


def _corrected(database: duckdb.DuckDBPyConnection, file: Path, columns: dict[str, str], into: Path) -> Path:
    """The rows of a corrected file, without columns of ours; those of a CSV file get the types of the quarantined rows.

    Raises: CannotAct.
    """
    is_csv, output = file.suffix.casefold() == ".csv", into / "replayed.parquet"
    relation = rows_sql.csv(file) if is_csv else rows_sql.parquet(file)
    try:
        names = [row[0] for row in database.execute(rows_sql.described(relation)).fetchall()]
        if MASKED in names and database.execute(rows_sql.any_masked(relation)).fetchone() == (True,):
            raise CannotAct(f"--with {file.name}: it has masked values, which must not become data; export --unmasked")
        own = [name for name in names if not is_reserved(name)]
        rows = rows_sql.corrected_texts(relation, own, columns) if is_csv else rows_sql.corrected(relation, own)
        return _written(database, rows, output)
    except (duckdb.ConversionException, duckdb.InvalidInputException):
        why = f"a value does not fit the type of its column ({', '.join(f'{n} {t}' for n, t in columns.items())})"
        raise CannotAct(f"--with {file.name}: {why}; correct it") from None
    except READ_ERRORS as error:
        kind = "CSV with a header line" if is_csv else "Parquet"
        raise CannotAct(f"--with {file.name}: it cannot be read as {kind} ({type(error).__name__})") from None


def _columns(database: duckdb.DuckDBPyConnection, rows: Path) -> dict[str, str]:
    """The columns that the producer delivered, with their DuckDB types."""
    return {name: kind for name, kind in _all_columns(database, rows).items() if not is_reserved(name)}


def _all_columns(database: duckdb.DuckDBPyConnection, rows: Path) -> dict[str, str]:
    described = database.execute(rows_sql.described(rows_sql.parquet(rows))).fetchall()
    return {str(name): str(kind) for name, kind, *_ in described}


def _register(database: duckdb.DuckDBPyConnection, name: str, positions: RowPositions) -> None:
    database.register(name, pa.table({POSITION: pa.array(positions.numbers(), pa.int64())}))


def _written(database: duckdb.DuckDBPyConnection, query: str, path: Path) -> Path:
    database.execute(f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)")
    return path


def _row_count(path: Path) -> int:
    return int(pq.read_metadata(path).num_rows)
