"""SQL that chooses quarantined rows by their position, and puts them together with published ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from partition_gate.adapters.gx.duckdb.scan import SOURCE_FILE, SOURCE_ROW
from partition_gate.adapters.gx.duckdb.sql import literal, read_parquet, select
from partition_gate.core.quoting import identifier
from partition_gate.core.table import TableColumn, TableSchema
from partition_gate.judging.replay import ATTEMPTS, MASKED, POSITION

_LABELS = ("_gate_rule_ids", "_gate_reasons", "_gate_contract", "_gate_contract_version")
_ATTEMPT = "_gate_attempt"
_NESTED = ("STRUCT", "MAP", "UNION")


def everything(path: Path) -> str:
    """All columns of a Parquet file."""
    return select(["*"], parquet(path))


def parquet(path: Path) -> str:
    """The relation of one Parquet file."""
    return read_parquet([str(path)])


def described(relation: str) -> str:
    """The statement that names the columns of a relation, with their types."""
    return f"DESCRIBE {select(['*'], relation)}"


def csv(path: Path) -> str:
    """The relation of a CSV file with a header line: every column is text; nothing between two commas is null, and
    `""` is an empty text.
    """
    form = "header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"', allow_quoted_nulls = false"
    return f"read_csv({literal(str(path))}, {form})"


def only(path: Path, columns: Iterable[str]) -> str:
    """Some columns of a Parquet file."""
    return select(map(identifier, columns), parquet(path))


def numbered(rows: Path, columns: Collection[str]) -> str:
    """The rows with their positions in the file, and with the attempts that each has had."""
    relation = read_parquet([str(rows)], options="hive_partitioning = false, file_row_number = true")
    attempts = [] if ATTEMPTS in columns else [f"1::BIGINT AS {ATTEMPTS}"]
    return select([*map(identifier, columns), *attempts, f"file_row_number AS {POSITION}"], relation)


def taken(numbered_rows: Path) -> str:
    """The rows of the view `chosen`, in the file's order."""
    return f"{select(['*'], f'{parquet(numbered_rows)} SEMI JOIN chosen USING ({POSITION})')} ORDER BY {POSITION}"


def kept(numbered_rows: Path) -> str:
    """The rows that are not in the view `gone`, without their positions, in the file's order."""
    relation = f"{parquet(numbered_rows)} ANTI JOIN gone USING ({POSITION})"
    return f"{select([f'* EXCLUDE ({POSITION})'], relation)} ORDER BY {POSITION}"


def origins(taken_rows: Path) -> str:
    """For each row by its number in the file: its place in landing, and its attempts."""
    number = f"row_number() OVER (ORDER BY {POSITION}) - 1 AS number"
    return select(
        [number, f"{SOURCE_FILE} AS source_file", f"{SOURCE_ROW} AS source_row", f"{ATTEMPTS} AS attempts"],
        parquet(taken_rows),
    )


def new_origins(rows: Path, file_name: str) -> str:
    """As `origins`, for the rows of a corrected file: they have had no attempt."""
    relation = read_parquet([str(rows)], options="hive_partitioning = false, file_row_number = true")
    cells = ["file_row_number AS number", f"{literal(file_name)} AS source_file", "file_row_number AS source_row"]
    return select([*cells, "0::BIGINT AS attempts"], relation)


def with_origins(quarantined: Path, columns: Sequence[str], origins_file: Path | None, source: str) -> str:
    """Rows that failed, in the form of the quarantine: with their own places in landing, and one more attempt."""
    cells = [f"q.{identifier(name)}" for name in (*columns, *_LABELS, _ATTEMPT)]
    known = everything(origins_file) if origins_file else _NO_ORIGINS
    is_same = f"q.{SOURCE_FILE} = {literal(source)} AND q.{SOURCE_ROW} = o.number"
    places = [
        f"coalesce(o.source_file, q.{SOURCE_FILE}) AS {SOURCE_FILE}",
        f"CASE WHEN o.number IS NULL THEN q.{SOURCE_ROW} ELSE o.source_row END AS {SOURCE_ROW}",
        f"coalesce(o.attempts, 1) + 1 AS {ATTEMPTS}",
    ]
    return select([*cells, *places], f"{parquet(quarantined)} q LEFT JOIN ({known}) o ON {is_same}")


_NO_ORIGINS = select(
    ["NULL::BIGINT AS number", "'' AS source_file", "NULL::BIGINT AS source_row", "0::BIGINT AS attempts"],
    "(VALUES (1))",
    where="FALSE",
)


def published(files: Iterable[Path], cells: Iterable[str]) -> str:
    """The rows of a visible version."""
    return select(cells, read_parquet(map(str, files)))


def as_delivered(
    table: TableSchema, published_columns: Iterable[tuple[str, str]], delivered: Mapping[str, str]
) -> list[str]:
    """Published columns under the names in files, with the types of delivered rows (where there are none: the table's).

    A column that was not delivered is left out: its published values are the contract's default.
    """
    present = {name for name, _ in published_columns}
    named = ((column, _published_name(column, present)) for column in table.columns)
    types = delivered or {column.source: column.type for column in table.columns}
    return [
        f"{_cast(identifier(name), types[column.source])} AS {identifier(column.source)}"
        for column, name in named
        if name is not None and column.source in types
    ]


def corrected(relation: str, names: Iterable[str]) -> str:
    """The columns of a corrected Parquet file."""
    return select(map(identifier, names), relation)


def corrected_texts(relation: str, names: Iterable[str], types: Mapping[str, str]) -> str:
    """The columns of a corrected CSV file, cast where a type is known, without the apostrophes of an export."""
    return select((f"{_own_text(name, types.get(name, 'VARCHAR'))} AS {identifier(name)}" for name in names), relation)


def summed_hashes(
    files: Iterable[Path], columns: Iterable[tuple[str, str]], present: Collection[str], *, only: str | None
) -> str:
    """How many rows there are, and the sum of their hashes over these columns; of the rows in the view `only`."""
    texts = (
        f"CAST(TRY_CAST({identifier(name)} AS {kind}) AS VARCHAR)" if name in present else "NULL::VARCHAR"
        for name, kind in columns
    )
    options = "hive_partitioning = false, union_by_name = true, file_row_number = true"
    relation = read_parquet(map(str, files), options=options)
    if only is not None:
        relation = f"{relation} rows SEMI JOIN {only} ON rows.file_row_number = {only}.{POSITION}"
    hashed = select([f"hash(row({', '.join(texts)}))::HUGEINT AS row_hash"], relation)
    return select(["count(*)", "coalesce(sum(row_hash), 0)::VARCHAR"], f"({hashed})")


def any_masked(relation: str) -> str:
    """Whether a row of an exported file has masked values."""
    return select(
        [f"count(*) FILTER ({MASKED} IS NOT NULL AND CAST({MASKED} AS VARCHAR) NOT IN ('', '[]')) > 0"], relation
    )


def _published_name(column: TableColumn, present: Collection[str]) -> str | None:
    return next((name for name in (column.name, *column.formerly) if name in present), None)


def _own_text(name: str, kind: str) -> str:
    # Numbers such as -5 have no apostrophe, so what looks like a formula had none before the export added it.
    formula = literal(r"^'('*[=+\-@\t\r])")
    return f"CAST(regexp_replace({identifier(name)}, {formula}, '\\1') AS {kind})"


def _cast(cell: str, kind: str) -> str:
    # Members of an object may have been left out or renamed when it was published, so it is not cast back.
    is_nested = kind.startswith(_NESTED) or kind.endswith("]")
    return cell if is_nested else f"CAST({cell} AS {kind})"
