"""Translates queries of other SQL dialects to DuckDB's, as text: what a query means there and here must be the same.

Source: ODCS 3.1, `query`: "the query must be written in the SQL dialect specific to the provided server".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from partition_gate.checks.compiling.drafts import CannotExecute
from partition_gate.core.nearest_words import did_you_mean, shown

DUCKDB = "duckdb"
# The server types of the standard, and other common names, with sqlglot's names.
_NAMES = {
    **dict.fromkeys(("postgres", "postgresql", "cloudsql"), "postgres"),
    **dict.fromkeys(("sqlserver", "synapse", "tsql", "mssql"), "tsql"),
    **dict.fromkeys(("hive", "impala"), "hive"),
    **{name: name for name in ("snowflake", "bigquery", "databricks", "redshift", "trino", "presto", "athena")},
    **{name: name for name in ("mysql", "oracle", "clickhouse", "spark", "sqlite", "teradata", "exasol", "dremio")},
    DUCKDB: DUCKDB,
}
# Tried for a query that DuckDB cannot plan, if the contract names no dialect.
USUAL = ("snowflake", "bigquery", "databricks", "postgres", "redshift", "trino", "tsql", "mysql", "oracle")

# How the engine's refusals begin that another dialect may explain; others are about limits, files and settings.
NOT_VALID, CANNOT_RUN = "the query is not valid DuckDB SQL", "the query cannot run"


def may_be_foreign(why: str) -> bool:
    """Whether a query that was refused for this reason may be in another dialect."""
    return why.startswith((NOT_VALID, CANNOT_RUN))


def dialect_of(server_type: str) -> str | None:
    """The dialect of a server type; None if it has none, or none that can be translated."""
    return _NAMES.get(server_type.lower())


def why_unknown(dialect: str) -> str | None:
    """Why a word is not a dialect, and what to write; None if it is."""
    if dialect.lower() in _NAMES:
        return None
    hint = did_you_mean(dialect, _NAMES) or f"use one of {', '.join(_NAMES)}"
    return f"the dialect {shown(dialect)} is not known; {hint}"


def quoted(name: str, dialect: str) -> str:
    """An identifier in a dialect's own quotes."""
    from partition_gate.checks.compiling import translation  # noqa: PLC0415 -- only contracts with a dialect load sqlglot

    return translation.quoted(name, _NAMES[dialect.lower()])


def translated(query: str, dialect: str, *, tables: Collection[str]) -> str:
    """The query in DuckDB's dialect. `tables` are those that it may read: a schema or catalogue before them is removed.

    Raises:
        CannotExecute: it is not valid there, is not one statement, or may mean something else in DuckDB.
    """
    from partition_gate.checks.compiling import translation  # noqa: PLC0415 -- as above

    return translation.translated(query, _NAMES[dialect.lower()], tables=tables)


def nearest_form(query: str, tables: Collection[str], can_plan: Callable[[str], bool]) -> tuple[str, str] | None:
    """(dialect, query in DuckDB's dialect) of the first usual dialect in which the query is valid, if DuckDB can plan
    its translation; None if there is no such dialect.
    """
    tried = {query}
    for dialect, text in _forms(query, tables, USUAL):
        if text not in tried and can_plan(text):
            return dialect, text
        tried.add(text)
    return None


def _forms(query: str, tables: Collection[str], dialects: Iterable[str]) -> Iterator[tuple[str, str]]:
    for dialect in dialects:
        try:
            yield dialect, translated(query, dialect, tables=tables)
        except CannotExecute:
            continue
