"""What Parquet footers state of columns, as far as their writers are known to state it rightly.

They are trusted for a verdict, and never beyond it: before anything is published, all rows are read, and what was
taken from a footer is counted (`confirmation.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import duckdb

from partition_gate.adapters.gx.scan import Scanned
from partition_gate.adapters.gx.truth import ColumnFacts
from partition_gate.record import Record

# A writer gives a row group up that has too many values for a dictionary, which is often the last, smaller one.
# Numbers are cheap to judge, so that theirs must be small. Row groups of nothing but nulls have no extremes.
_STATED = """
    SELECT path_in_schema,
        sum(num_values) FILTER (len(encoding_stats) > 0 AND len(list_filter(encoding_stats,
            lambda page: page.page_type <> 'DICTIONARY_PAGE' AND NOT ends_with(page.encoding, 'DICTIONARY'))) = 0
            AND (type = 'BYTE_ARRAY' OR data_page_offset - dictionary_page_offset <= $small)) >= 0.9 * sum(num_values),
        sum(num_values)::BIGINT,
        CASE WHEN count(*) = count(stats_null_count) THEN sum(stats_null_count)::BIGINT END,
        list(stats_min_value) FILTER (stats_null_count IS DISTINCT FROM num_values),
        list(stats_max_value) FILTER (stats_null_count IS DISTINCT FROM num_values)
    FROM parquet_metadata($paths) GROUP BY path_in_schema
"""
_SMALL_DICTIONARY_BYTES = 4096
# NaN is in no extremes of Arrow's or Polars' footers. DuckDB writes no extremes where there is one.
_KNOWS_NAN = "DuckDB v"
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")


class StatedColumn(Record):
    """`has_dictionary`: its pages refer to dictionaries, almost all. `facts` hold for files that are all as the table
    promises (`as_it_came.is_as_promised`).
    """

    has_dictionary: bool
    facts: ColumnFacts


def stated_columns(connection: duckdb.DuckDBPyConnection, partition: Scanned) -> dict[str, StatedColumn]:
    """By the names of the view.

    Raises:
        duckdb.Error: the footers cannot be read.
    """
    files = partition.footers.files
    parameters = {"paths": [file.path for file in files], "small": _SMALL_DICTIONARY_BYTES}
    stated = {row[0]: row[1:] for row in connection.execute(_STATED, parameters).fetchall()}
    knows_nan = all(file.created_by.startswith(_KNOWS_NAN) for file in files)
    return {
        name: _stated(stated[partition.source(name)], _number(kind, knows_nan=knows_nan))
        for name, kind in partition.types.items()
        if partition.source(name) in stated
    }


def _stated(row: tuple[Any, ...], number: Callable[[str], Any] | None) -> StatedColumn:
    has_dictionary, row_count, null_count, minima, maxima = row
    low, high = _numbers(minima, number), _numbers(maxima, number)
    extremes = (min(low), max(high)) if low and high else None
    facts = ColumnFacts(row_count=row_count, null_count=null_count, extremes=extremes)
    return StatedColumn(has_dictionary=bool(has_dictionary), facts=facts)


def _numbers(texts: Sequence[str | None] | None, number: Callable[[str], Any] | None) -> list[Any]:
    """Empty where a row group states none."""
    if number is None or texts is None or None in texts:
        return []
    return [number(text) for text in texts if text is not None]


def _number(kind: str, *, knows_nan: bool) -> Callable[[str], Any] | None:
    if kind in _INTEGERS:
        return int
    if kind.startswith("DECIMAL"):
        return Decimal
    return float if kind == "DOUBLE" and knows_nan else None
