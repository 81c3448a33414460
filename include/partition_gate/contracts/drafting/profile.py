"""The profile of existing partitions: the facts that a draft contract is based on. Guesses are made elsewhere."""

from __future__ import annotations

from pydantic import AwareDatetime

from partition_gate.contracts.drafting.classification import Content
from partition_gate.core.partition import Location
from partition_gate.core.record import Record
from partition_gate.core.values import Scalar

FEW_VALUES = 20
# A rule that fails in at most this fraction of the rows is called broken data; above it, it is not a rule.
RARE = 0.01


class ColumnPart(Record):
    """A part of a nested column: a struct's field by its name, or the items of a list (named `items`)."""

    name: str
    type: str
    parts: tuple[ColumnPart, ...] = ()


class ValueCount(Record):
    """A value of a column, and in how many rows it is."""

    value: Scalar
    rows: int


class FarValues(Record):
    """Values of a column that are far from all others, and in how few rows they are.

    `nearest` is the one of them that is nearest to the others, whose own extreme on that side is `limit`.
    """

    limit: Scalar
    nearest: Scalar
    rows: int


class ColumnProfile(Record):
    """One column over all profiled partitions. `type` is the DuckDB type.

    `low` and `high` are None if a value is infinite or NaN, and include the values that are `far_below` and `far_above`
    the others. `values` has the most frequent values of a text column, at most `FEW_VALUES`, the most frequent first.
    `null_fractions` has one entry per partition; `null_count` and `duplicate_rows` count rows of all. The latter counts
    rows that share their value with another row; None: not counted, because they are many.
    """

    name: str
    type: str
    null_fractions: tuple[float, ...]
    null_count: int = 0
    distinct_count: int
    duplicate_rows: int | None = None
    low: Scalar | None = None
    high: Scalar | None = None
    far_below: FarValues | None = None
    far_above: FarValues | None = None
    min_length: int | None = None
    max_length: int | None = None
    values: tuple[ValueCount, ...] = ()
    content: Content | None = None
    parts: tuple[ColumnPart, ...] = ()


class Arrival(Record):
    """When a partition's newest file landed."""

    key: str
    arrived_at: AwareDatetime


class Reference(Record):
    """A column whose values exist in a key of another dataset, by the `source` of its profile: all, or nearly all.

    `values` counts the different ones, `rows` the rows with a value, and `orphans` those without a parent.
    """

    column: str
    to_source: str
    to_column: str
    values: int
    rows: int = 0
    orphans: int = 0


class NearKey(Record):
    """Columns that are nearly unique together, and the number of rows that share their values with another row."""

    columns: tuple[str, ...]
    duplicate_rows: int


class DataProfile(Record):
    """A dataset in landing. `keys` has all keys, ascending; `profiled` the keys of the partitions that were read.

    `name` is its name if its folder has other datasets too, else empty. `refused` counts names without a key.
    `timezone` is the IANA zone of the keys. `row_counts` has one entry per profiled partition. `unique` are single
    columns without nulls or duplicates, the likeliest key first; `key` is the set of columns chosen among those that
    are unique (empty if there is none), and `other_keys` are others from which no column can be left out. With
    `is_key_of_each`, `unique` and `key` hold within each partition, as in a table that lands whole each time.
    """

    name: str = ""
    location: Location
    refused: int = 0
    timezone: str = "UTC"
    keys: tuple[str, ...]
    profiled: tuple[str, ...]
    row_counts: tuple[int, ...]
    columns: tuple[ColumnProfile, ...]
    unique: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    other_keys: tuple[tuple[str, ...], ...] = ()
    near_key: NearKey | None = None
    is_key_of_each: bool = False
    arrivals: tuple[Arrival, ...] = ()
    references: tuple[Reference, ...] = ()

    @property
    def source(self) -> str:
        """What its table is named after: its own name, else its folder."""
        return self.name or self.location.root

    @property
    def row_count(self) -> int:
        """The number of rows that were read."""
        return sum(self.row_counts)
