"""The profile of existing partitions: the facts that a draft contract is based on. Guesses are made elsewhere."""

from __future__ import annotations

from pydantic import AwareDatetime

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
    like_email_fraction: float = 0.0
    parts: tuple[ColumnPart, ...] = ()


class Arrival(Record):
    """When a partition's newest file landed."""

    key: str
    arrived_at: AwareDatetime


class DataProfile(Record):
    """A dataset in landing. `keys` has all keys, ascending; `profiled` the keys of the partitions that were read.

    `timezone` is the IANA zone of the keys. `row_counts` has one entry per profiled partition. `unique` are single
    columns without nulls or duplicates; `key` is the smallest set of columns found that is unique together (empty if
    there is none).
    """

    location: Location
    timezone: str = "UTC"
    keys: tuple[str, ...]
    profiled: tuple[str, ...]
    row_counts: tuple[int, ...]
    columns: tuple[ColumnProfile, ...]
    unique: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    arrivals: tuple[Arrival, ...] = ()
