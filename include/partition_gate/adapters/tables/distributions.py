"""How the values of published or staged rows are distributed, counted by DuckDB over the columns that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from partition_gate.core.errors import ScanTimedOut, TableUnreadable
from partition_gate.core.quoting import identifier, text_literal
from partition_gate.core.table import TableSchema
from partition_gate.gate.deadlines import LimitReached, within_or_stopped
from partition_gate.judging.attempt import Publication, Staged
from partition_gate.judging.distribution import (
    LONGEST_TEXT,
    MOST_NUMBERS,
    MOST_TEXTS,
    QUANTILES,
    BinnedColumn,
    BinnedPartition,
    Bins,
    ColumnKind,
    ColumnSurvey,
    ColumnToSurvey,
    NumberBins,
    TextBins,
)

_EXACT_BELOW = 2 * MOST_TEXTS  # an estimate of distinct values that may be far off; the exact number decides
_STOPS_WITHIN_S = 5.0  # after this time a call that does not stop is abandoned, such as a read from storage
_SEED = 1
_MARK = "="  # DuckDB counts all other texts as the empty text, so no named text may be empty


Opened = tuple[duckdb.DuckDBPyConnection, str]
# Of the rows of some versions (also of replaced ones, or else only of staged and visible ones), these columns: a
# connection, and the SELECT of the rows as consumers see them.
Reading = Callable[[TableSchema, Sequence[Publication | Staged], Sequence[str], bool], AbstractContextManager[Opened]]


class Distributions:
    """Counts the values of a warehouse's rows, which `reading` opens for DuckDB. `uri`: what messages call a table."""

    def __init__(self, reading: Reading, uri: Callable[[str], str]) -> None:
        self._open, self._uri = reading, uri

    def survey(
        self, table: TableSchema, publications: Sequence[Publication], columns: Sequence[ColumnToSurvey]
    ) -> tuple[ColumnSurvey, ...]:
        """As the port documents: each column is read once, and again if it has few distinct values."""
        with self._reading(table, publications, [each.column for each in columns]) as (connection, rows):
            return tuple(_survey(connection, rows, column) for column in columns)

    def binned(
        self,
        table: TableSchema,
        rows: Publication | Staged,
        bins: Sequence[Bins],
        *,
        limit: timedelta,
        sample: int | None = None,
    ) -> BinnedPartition:
        """As the port documents."""
        opened: list[duckdb.DuckDBPyConnection] = []

        def count() -> tuple[Any, ...]:
            with self._reading(table, [rows], [each.column for each in bins]) as (connection, source):
                opened.append(connection)
                query = f"SELECT count(*), {cells} FROM ({source}){sampled}"  # noqa: S608 -- quoted, bound
                return (
                    connection.execute(query, [value for each in bins for value in _parameters(each)]).fetchone() or ()
                )

        cells, sampled = ", ".join(map(_histogram, bins)), _sampled(rows.rows, sample)
        row_count, *counted = _within(limit, count, opened, self._uri(table.name))
        pairs = zip(bins, counted[::2], counted[1::2], strict=True)
        return BinnedPartition(
            row_count=row_count,
            columns=tuple(_binned(each, histogram, row_count - known) for each, known, histogram in pairs),
        )

    def copy_rows(
        self,
        table: TableSchema,
        publications: Sequence[Publication],
        columns: Sequence[str],
        *,
        into: Path,
        before: tuple[str, datetime] | None = None,
        replaced: bool = False,
    ) -> int:
        """As the port documents."""
        name, moment = before or ("", None)
        where = f" WHERE CAST({identifier(name)} AS TIMESTAMPTZ) < ?" if before else ""
        needed = list(dict.fromkeys((*columns, name) if before else columns))
        with self._reading(table, publications, needed, replaced=replaced) as (connection, source):
            rows = f"SELECT {', '.join(map(identifier, columns))} FROM ({source}){where}"  # noqa: S608 -- quoted, bound
            connection.execute("SET TimeZone = 'UTC'")
            copy = f"COPY ({rows}) TO {text_literal(str(into))} (FORMAT parquet)"
            (count,) = connection.execute(copy, [moment] if before else None).fetchone() or (0,)
        return int(count)

    @contextmanager
    def _reading(
        self,
        table: TableSchema,
        versions: Sequence[Publication | Staged],
        columns: Sequence[str],
        *,
        replaced: bool = False,
    ) -> Iterator[Opened]:
        with self._open(table, versions, columns, replaced) as opened:
            try:
                yield opened
            except (duckdb.Error, OSError) as error:  # the message may contain values
                raise TableUnreadable(
                    f"{self._uri(table.name)}: the rows to count cannot be read ({type(error).__name__}); "
                    "check the table"
                ) from error


def _sampled(rows: int, sample: int | None) -> str:
    """Each row is chosen by itself: a sample of blocks would hold few of the values of sorted rows."""
    if sample is None or rows <= sample:
        return ""
    return f" USING SAMPLE {100 * sample / rows:.9f} PERCENT (bernoulli, {_SEED})"


def _within(
    limit: timedelta, count: Callable[[], tuple[Any, ...]], opened: Sequence[duckdb.DuckDBPyConnection], uri: str
) -> tuple[Any, ...]:
    def interrupt() -> None:
        for connection in opened:
            with suppress(duckdb.Error):  # it is closed already
                connection.interrupt()

    seconds = limit.total_seconds()
    try:
        return within_or_stopped(seconds, count, stop=interrupt, stops_within_s=_STOPS_WITHIN_S)
    except LimitReached:
        raise ScanTimedOut(f"{uri}: counting values took longer than {seconds:g} s and was stopped") from None


def _survey(connection: duckdb.DuckDBPyConnection, rows: str, column: ColumnToSurvey) -> ColumnSurvey:
    value, is_text = _value(column.column, column.kind), column.kind is ColumnKind.TEXT
    extra = (
        f"max(length({value}))"
        if is_text
        else f"approx_quantile({value}, {list(QUANTILES)}) FILTER (isfinite({value}))"
    )
    query = f"SELECT count({value}), approx_count_distinct({value}), {extra} FROM ({rows})"  # noqa: S608 -- quoted
    count, distinct, found = connection.execute(query).fetchone() or (0, 0, None)
    survey = ColumnSurvey(column=column.column, value_count=count)
    if is_text:
        is_short = found is not None and found <= LONGEST_TEXT and distinct <= _EXACT_BELOW
        return survey.model_copy(update={"texts": _texts(connection, rows, value) if is_short else ()})
    numbers = _numbers(connection, rows, value) if distinct <= _EXACT_BELOW else ()
    return survey.model_copy(update={"quantiles": tuple(found or ()), "numbers": numbers})


def _texts(connection: duckdb.DuckDBPyConnection, rows: str, value: str) -> tuple[tuple[str, int], ...]:
    """Empty if there are too many."""
    query = (
        f"SELECT {value} AS text, count(*) AS n FROM ({rows}) WHERE {value} IS NOT NULL "  # noqa: S608 -- quoted
        f"GROUP BY text ORDER BY n DESC, text LIMIT {MOST_TEXTS + 1}"
    )
    found = connection.execute(query).fetchall()
    return tuple((text, count) for text, count in found) if len(found) <= MOST_TEXTS else ()


def _numbers(connection: duckdb.DuckDBPyConnection, rows: str, value: str) -> tuple[float, ...]:
    """Empty if there are too many."""
    query = (
        f"SELECT DISTINCT {value} AS number FROM ({rows}) WHERE isfinite({value}) "  # noqa: S608 -- quoted
        f"ORDER BY number LIMIT {MOST_NUMBERS + 1}"
    )
    found = connection.execute(query).fetchall()
    return tuple(number for (number,) in found) if len(found) <= MOST_NUMBERS else ()


def _value(column: str, kind: ColumnKind | str) -> str:
    name = identifier(column)
    number = f"CAST({name} AS DOUBLE)"
    return {
        # DuckDB counts NaN in the first bin.
        ColumnKind.NUMBER: f"if(isnan({number}), 'infinity'::DOUBLE, {number})",
        ColumnKind.MOMENT: f"epoch({name})",
        ColumnKind.TEXT: f"CAST({name} AS VARCHAR)",
    }[ColumnKind(kind)]


def _histogram(bins: Bins) -> str:
    """The rows with a value, and a map of counts; both in one pass. The bounds are bound, never part of the text."""
    value = _value(bins.column, bins.kind)
    if isinstance(bins, TextBins):
        return f"count({value}), histogram_exact({_MARK!r} || {value}, CAST(? AS VARCHAR[]))"
    return f"count({value}), histogram({value}, CAST(? AS DOUBLE[]))"


def _parameters(bins: Bins) -> list[Any]:
    return [[f"{_MARK}{text}" for text in bins.texts] if isinstance(bins, TextBins) else list(bins.edges)]


def _binned(bins: NumberBins | TextBins, histogram: dict[Any, int] | None, nulls: int) -> BinnedColumn:
    counted = histogram or {}
    named = [f"{_MARK}{text}" for text in bins.texts] if isinstance(bins, TextBins) else list(bins.edges)
    counts = [counted.get(bound, 0) for bound in named]
    return BinnedColumn(column=bins.column, counts=(*counts, sum(counted.values()) - sum(counts)), nulls=nulls)
