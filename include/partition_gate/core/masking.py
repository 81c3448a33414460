"""Masking: values of classified columns, and of columns that no contract names, become keyed hashes before they are
shown (I9). Pure.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable

from partition_gate.core.display import Excerpt, displayed, excerpt
from partition_gate.core.record import Record
from partition_gate.core.table import TableColumn, TableSchema

# These expectations observe a count or the name of a type, not a value.
COUNTING = frozenset(
    {
        "expect_column_unique_value_count_to_be_between",
        "expect_column_proportion_of_unique_values_to_be_between",
        "expect_column_proportion_of_non_null_values_to_be_between",
        "expect_column_values_to_be_of_type",
        "expect_column_values_to_be_in_type_list",
        "expect_column_to_exist",
        "expect_partition_files_to_be_readable",
        "expect_partition_files_to_have_column",
        "expect_partition_files_column_type_to_be_in_set",
        "expect_promise_over_time_to_be_kept",
    }
)


class Masking(Record):
    """`open` lists the columns with visible values, in lower case; the values of every other column are masked."""

    open: frozenset[str]

    def hides(self, column: str) -> bool:
        """Whether the column's values are masked. Names are compared without case, as in DuckDB."""
        return column.casefold() not in self.open

    def shown(self, column: str, value: object, key: bytes) -> str | None:
        """A value (or its excerpt) in the form that anybody may see: masked, or escaped and cut; None is null.

        Objects and maps are masked as a whole: they may contain fields that the contract does not name.
        """
        whole = value if isinstance(value, Excerpt) else excerpt(value)
        if whole is None:
            return None
        return pseudonym(whole, key) if whole.is_nested or self.hides(column) else displayed(whole)


def masking_of_files(tables: Iterable[TableSchema]) -> Masking:
    """For columns as the files name them: open if a version of the contract reads it and no version classifies it."""
    return _masking([column for table in tables for column in _columns(table)], by_source=True)


def masking_of_rules(table: TableSchema) -> Masking:
    """For columns as rules and published tables name them: open if the contract names it and does not classify it."""
    return _masking(_columns(table), by_source=False)


def pseudonym(value: object, key: bytes) -> str | None:
    """`#` and the first 8 hexadecimal digits of an HMAC-SHA256 of the value; None stays None.

    Equal values get equal pseudonyms under the same key, so duplicates stay visible; `1` and `"1"` are equal.
    A long value is represented by its SHA-256, so its excerpt has the same pseudonym.
    """
    whole = value if isinstance(value, Excerpt) else excerpt(value)
    if whole is None:
        return None
    message = (whole.sha256 or whole.text).encode(errors="surrogatepass")
    return "#" + hmac.new(key, message, hashlib.sha256).hexdigest()[:8]


def _columns(table: TableSchema) -> tuple[TableColumn, ...]:
    return (*table.columns, *table.partition_columns)


def _masking(columns: Collection[TableColumn], *, by_source: bool) -> Masking:
    classified = [column for column in columns if column.classified]
    hidden = {name.casefold() for column in classified for name in (column.name, column.source, *column.formerly)}
    named = {(column.source if by_source else column.name).casefold() for column in columns}
    return Masking(open=frozenset(named - hidden))
