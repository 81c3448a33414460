"""The profile of existing partitions: the facts that a draft contract is based on. Guesses are made elsewhere."""

from __future__ import annotations

from pydantic import AwareDatetime

from partition_gate.contracts.drafting.classification import Content
from partition_gate.core.partition import Location
from partition_gate.core.record import Record
from partition_gate.core.values import Scalar

FEW_VALUES = 20


class ColumnPart(Record):
    """A part of a nested column: a struct's field by its name, or the items of a list (named `items`)."""

    name: str
    type: str
    parts: tuple[ColumnPart, ...] = ()


class ColumnProfile(Record):
    """One column over all profiled partitions. `type` is the DuckDB type.

    `low` and `high` are None if a value is infinite or NaN. `values` has all values if there are at most `FEW_VALUES`,
    else it is empty. `null_fractions` has one entry per partition.
    """

    name: str
    type: str
    null_fractions: tuple[float, ...]
    distinct_count: int
    low: Scalar | None = None
    high: Scalar | None = None
    min_length: int | None = None
    max_length: int | None = None
    values: tuple[Scalar, ...] = ()
    content: Content | None = None
    parts: tuple[ColumnPart, ...] = ()


class Arrival(Record):
    """When a partition's newest file landed."""

    key: str
    arrived_at: AwareDatetime


class Reference(Record):
    """A column whose values all exist in a unique column of another dataset, by the `source` of its profile.

    `values` counts the different ones.
    """

    column: str
    to_source: str
    to_column: str
    values: int


class DataProfile(Record):
    """A dataset in landing. `keys` has all keys, ascending; `profiled` the keys of the partitions that were read.

    `name` is its name if its folder has other datasets too, else empty. `refused` counts names without a key.
    `timezone` is the IANA zone of the keys. `row_counts` has one entry per profiled partition. `unique` are single
    columns without nulls or duplicates; `key` is the smallest set of columns found that is unique together (empty if
    there is none).
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
    arrivals: tuple[Arrival, ...] = ()
    references: tuple[Reference, ...] = ()

    @property
    def source(self) -> str:
        """What its table is named after: its own name, else its folder."""
        return self.name or self.location.root
