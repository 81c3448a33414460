"""A suite: the checks of one contract version. Each check is one clause of the contract, as one expectation."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from partition_gate.record import Record
from partition_gate.suite_counts import (
    DuplicateCount,
    DuplicateTogetherCount,
    InvalidCount,
    MissingCount,
    RowCountWithin,
    SqlValue,
)

Scalar = bool | int | float | str


class Severity(StrEnum):
    """What a failure means: block, tell, or only record."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Scope(StrEnum):
    """What a failure concerns: single rows, the partition as a whole, or a promise over time."""

    ROW = "row"
    PARTITION = "partition"
    SLA = "sla"


class FilesReadable(Record):
    """Every file is a Parquet file that can be read to its end."""

    kind: Literal["files_readable"] = "files_readable"


class ColumnPresent(Record):
    """Every file has the column."""

    kind: Literal["column_present"] = "column_present"
    column: str


class ColumnTyped(Record):
    """Every file stores the column as one of these Arrow types (`int64`, `string`, `timestamp[tz]`, `decimal` ...)."""

    kind: Literal["column_typed"] = "column_typed"
    column: str
    types: tuple[str, ...]


class NotNull(Record):
    """No value is null; `mostly` is the least share (0..1) of values that must hold."""

    kind: Literal["not_null"] = "not_null"
    column: str
    mostly: float = 1.0


class Unique(Record):
    """No value stands twice. All rows of a duplicate group break the rule."""

    kind: Literal["unique"] = "unique"
    column: str
    mostly: float = 1.0


class UniqueTogether(Record):
    """No tuple of values stands twice."""

    kind: Literal["unique_together"] = "unique_together"
    columns: tuple[str, ...]
    mostly: float = 1.0


class InRange(Record):
    """Values lie between two bounds; `None` is no bound. Dates and times are ISO 8601 text."""

    kind: Literal["in_range"] = "in_range"
    column: str
    low: float | int | str | None = None
    high: float | int | str | None = None
    low_is_exclusive: bool = False
    high_is_exclusive: bool = False
    mostly: float = 1.0


class LengthInRange(Record):
    """Text lengths, in characters, both bounds inclusive."""

    kind: Literal["length_in_range"] = "length_in_range"
    column: str
    low: int | None = None
    high: int | None = None
    mostly: float = 1.0


class Matches(Record):
    """The RE2 pattern is found in the text (anchor it to match the whole)."""

    kind: Literal["matches"] = "matches"
    column: str
    pattern: str
    mostly: float = 1.0


class MultipleOf(Record):
    """Values are whole multiples of a decimal number, given as text so that it stays exact."""

    kind: Literal["multiple_of"] = "multiple_of"
    column: str
    divisor: str
    mostly: float = 1.0


class DateText(Record):
    """Text that is a date or time in a strptime format."""

    kind: Literal["date_text"] = "date_text"
    column: str
    format: str
    mostly: float = 1.0


class InSet(Record):
    """Values are members of a set."""

    kind: Literal["in_set"] = "in_set"
    column: str
    values: tuple[Scalar, ...]
    mostly: float = 1.0


class References(Record):
    """Every value exists in a column of another dataset's newest published version."""

    kind: Literal["references"] = "references"
    column: str
    to_dataset: str
    to_column: str
    mostly: float = 1.0


class RowCount(Record):
    """The partition's number of rows, both bounds inclusive."""

    kind: Literal["row_count"] = "row_count"
    low: int | None = None
    high: int | None = None


class Core(Record):
    """An expectation that the contract names itself (`custom`, engine greatExpectations); `kwargs` is its JSON."""

    kind: Literal["core"] = "core"
    type: str
    kwargs: str


Expectation = Annotated[
    FilesReadable
    | ColumnPresent
    | ColumnTyped
    | NotNull
    | Unique
    | UniqueTogether
    | InRange
    | LengthInRange
    | Matches
    | MultipleOf
    | DateText
    | InSet
    | References
    | RowCount
    | MissingCount
    | InvalidCount
    | DuplicateCount
    | DuplicateTogetherCount
    | RowCountWithin
    | SqlValue
    | Core,
    Field(discriminator="kind"),
]


class Check(Record):
    """One executable clause. `clause` is its path in the contract file, `rule_id` is unique in the suite."""

    rule_id: str
    clause: str
    expectation: Expectation
    dimension: str
    severity: Severity
    scope: Scope
    expected: str
    description: str = ""
    business_impact: str = ""


class Suite(Record):
    """The checks of one schema object of one contract version, in the file's order."""

    contract: str
    version: str
    dataset: str
    checks: tuple[Check, ...]


class CompiledSuite(Record):
    """A suite and `document`, the Great Expectations suite file (JSON text) that is executed for it."""

    suite: Suite
    document: str
