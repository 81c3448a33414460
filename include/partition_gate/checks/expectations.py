"""A suite: the checks of one contract version. Each check is one clause of the contract as one expectation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from partition_gate.checks.counts import (
    DuplicateCount,
    DuplicateTogetherCount,
    InvalidCount,
    MissingCount,
    RowCountWithin,
    SqlValue,
)
from partition_gate.checks.nested import FieldPresent, FieldTyped, Nested
from partition_gate.checks.promises import Promise, Promised
from partition_gate.checks.values import DateText, InRange, InSet, LengthInRange, Matches, MultipleOf, NotNull
from partition_gate.core.record import Record
from partition_gate.core.severity import Scope, Severity


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


class Unique(Record):
    """Values are unique. Every row with a duplicate value breaks the rule."""

    kind: Literal["unique"] = "unique"
    column: str
    mostly: float = 1.0


class UniqueTogether(Record):
    """Tuples of values are unique."""

    kind: Literal["unique_together"] = "unique_together"
    columns: tuple[str, ...]
    mostly: float = 1.0


class MatchesPartitionKey(Record):
    """If a file contains the partition column, every value in it equals the value in the partition key."""

    kind: Literal["keeps_partition_key"] = "keeps_partition_key"
    column: str


class References(Record):
    """Every value exists in a column of another dataset's newest published version."""

    kind: Literal["references"] = "references"
    column: str
    to_dataset: str
    to_column: str
    mostly: float = 1.0


class ReferencesTogether(Record):
    """Every tuple of values exists in columns of another dataset; tuples with a null are not checked."""

    kind: Literal["references_together"] = "references_together"
    columns: tuple[str, ...]
    to_dataset: str
    to_columns: tuple[str, ...]


class RowCount(Record):
    """The partition's number of rows, both bounds inclusive."""

    kind: Literal["row_count"] = "row_count"
    low: int | None = None
    high: int | None = None


class Core(Record):
    """An expectation that the contract names directly (`custom`, engine greatExpectations); `kwargs` is JSON."""

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
    | MatchesPartitionKey
    | InRange
    | LengthInRange
    | Matches
    | MultipleOf
    | DateText
    | InSet
    | References
    | ReferencesTogether
    | RowCount
    | MissingCount
    | InvalidCount
    | DuplicateCount
    | DuplicateTogetherCount
    | RowCountWithin
    | SqlValue
    | FieldPresent
    | FieldTyped
    | Nested
    | Promised
    | Core,
    Field(discriminator="kind"),
]


class Check(Record):
    """One executable clause. `clause` is its path in the contract file; `rule_id` is unique in the suite.

    In a check with a `promise` (scope SLA), the expectation only measures the partition; the promise is judged over
    time.
    """

    rule_id: str
    clause: str
    expectation: Expectation
    dimension: str
    severity: Severity
    scope: Scope
    expected: str
    description: str = ""
    business_impact: str = ""
    promise: Promise | None = None


class Suite(Record):
    """The checks of one schema object of one contract version, in the file's order."""

    contract: str
    version: str
    dataset: str
    checks: tuple[Check, ...]


class CompiledSuite(Record):
    """A suite and its `document`, the Great Expectations suite file (JSON text) that is executed."""

    suite: Suite
    document: str
