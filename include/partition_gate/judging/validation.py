"""What a validator is given and what it finds; no decision is taken here."""

from __future__ import annotations

from pathlib import Path

from partition_gate.core.record import Record
from partition_gate.core.table import TableSchema
from partition_gate.judging.profile import PartitionProfile


class ReferenceFiles(Record):
    """The Parquet files of a referenced dataset's newest published version (local paths or s3:// URLs)."""

    dataset: str
    paths: tuple[str, ...]


class PartitionScan(Record):
    """A spooled partition, ready to be read.

    `sources[i]` is the landing path of `paths[i]`, for messages. `partition_values` are the partition columns'
    values from the key (text), for columns that the files themselves do not hold. `scratch` is a private folder of
    the attempt, which a validation empties first, and where it may leave what the split of the same scan can use again.
    `published` is the table that the passing rows are for, where it names or types the same columns otherwise than the
    files' `table`.
    """

    paths: tuple[Path, ...]
    sources: tuple[str, ...]
    table: TableSchema
    partition_values: tuple[tuple[str, str | None], ...]
    references: tuple[ReferenceFiles, ...] = ()
    scratch: Path | None = None
    published: TableSchema | None = None

    @property
    def target(self) -> TableSchema:
        """The table that the passing rows are for: the same columns, in the same order."""
        return self.published or self.table


class FailingValue(Record):
    """A value that breaks a rule, as anybody may see it (masked, or escaped and cut; None is null), and its rows."""

    value: str | None
    count: int


class Evaluated(Record):
    """The expectation holds or does not, with Great Expectations' own numbers (`None` where it gives none).

    `failing_values` are the most frequent values that break a rule on one column, counted over all rows.
    """

    rule_id: str
    success: bool
    observed: str | None
    element_count: int | None = None
    unexpected_count: int | None = None
    failing_values: tuple[FailingValue, ...] = ()


class Unknown(Record):
    """The data does not let the rule be judged (its column is missing or has another type)."""

    rule_id: str
    why: str


class Errored(Record):
    """We could not judge the rule; the data may be right."""

    rule_id: str
    why: str


Observation = Evaluated | Unknown | Errored


class RowPredicate(Record):
    """SQL over the scan's columns (DuckDB), true exactly for the rows that break the rule; from GX's own condition."""

    rule_id: str
    sql: str


class Validation(Record):
    """One observation a check, in suite order; a predicate for every row-level check that could be judged.

    `document` is GX's ExpectationSuiteValidationResult as JSON text. `row_count` is None where the files
    cannot be read. `profile` counts every column over the same rows; None where it was not counted.
    """

    row_count: int | None
    observations: tuple[Observation, ...]
    predicates: tuple[RowPredicate, ...]
    document: str
    profile: PartitionProfile | None = None


class Split(Record):
    """A partition's rows in local Parquet files; none where a side has no row.

    `passing` has the target's data columns with the target's types (no partition columns): one file, or the spooled
    files themselves, where these are what a rewrite would be. `quarantined` has every input column as it came, then
    `_gate_rule_ids` (list of text), `_gate_reasons` (list of text), `_gate_contract`, `_gate_contract_version`,
    `_gate_source_file`, `_gate_source_row` (0-based), `_gate_attempt`.
    `row_hash` is the sum of the 64-bit hashes of the passing rows, as decimal text: independent of row order.
    """

    passing: tuple[Path, ...]
    quarantined: Path | None
    rows_in: int
    rows_passing: int
    rows_quarantined: int
    row_hash: str


class SplitLabels(Record):
    """What every quarantined row carries beside its reasons. `reasons` maps rule_id to one plain sentence."""

    contract: str
    version: str
    attempt_id: str
    reasons: tuple[tuple[str, str], ...]
