"""The input and the output of a validator; decisions are made elsewhere."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from partition_gate.core.record import Record
from partition_gate.core.table import TableSchema
from partition_gate.judging.measurement import Figures
from partition_gate.judging.profile import PartitionProfile


class ReferenceFiles(Record):
    """The Parquet files of a referenced dataset's newest published version (local paths or s3:// URLs)."""

    dataset: str
    paths: tuple[str, ...]


class PartitionScan(Record):
    """A spooled partition, ready to be read.

    `sources[i]` is the landing path of `paths[i]`, for messages. `partition_values` are the values of the partition
    columns from the key (text), for columns that the files do not contain. `scratch` is a private folder of the
    attempt; a validation empties it first and may store results there that the split of the same scan reuses.
    `published` is the table that receives the passing rows, if its column names or types differ from `table`.
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
        """The table that receives the passing rows: the same columns, in the same order."""
        return self.published or self.table


class FailingValue(Record):
    """A value that breaks a rule, safe to show (masked, or escaped and cut; None is null), and its row count."""

    value: str | None
    count: int


class Evaluated(Record):
    """The result of an expectation with Great Expectations' counts (`None` if it does not count).

    `failing_values` are the most frequent values that break a rule on one column, counted over all rows. `moment` is
    the observed value where that is a date or a time and may be shown. `figures` are those of a judged promise.
    """

    rule_id: str
    success: bool
    observed: str | None
    moment: datetime | date | None = None
    element_count: int | None = None
    unexpected_count: int | None = None
    failing_values: tuple[FailingValue, ...] = ()
    figures: Figures | None = None


class Unknown(Record):
    """The data does not allow judging the rule (its column is missing or has another type).

    `figures`: what was promised, if only the observation is absent.
    """

    rule_id: str
    why: str
    figures: Figures | None = None


class Errored(Record):
    """The gate failed to judge the rule; the data may be correct."""

    rule_id: str
    why: str


class NotJudged(Record):
    """The rule cannot be executed here, whatever the data is: its query is in the SQL of another engine."""

    rule_id: str
    why: str


Observation = Evaluated | Unknown | Errored | NotJudged


class RowPredicate(Record):
    """DuckDB SQL over the scan's columns, true exactly for the rows that break the rule; based on GX's condition."""

    rule_id: str
    sql: str


class Validation(Record):
    """One observation per check, in suite order; a predicate for every row-level check that could be judged.

    `document` is GX's ExpectationSuiteValidationResult as plain JSON values. `row_count` is None if the files cannot be
    read. `profile` has counters of every column over the same rows; None if they were not counted.
    """

    row_count: int | None
    observations: tuple[Observation, ...]
    predicates: tuple[RowPredicate, ...]
    document: dict[str, Any]
    profile: PartitionProfile | None = None


class Split(Record):
    """A partition's rows in local Parquet files; no file if there are no such rows.

    `passing` has the target's data columns with the target's types (no partition columns): one file, or the spooled
    files themselves if a rewrite would not change them. `quarantined` has every input column unchanged, then
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
    """The labels of every quarantined row. `reasons` maps each rule_id to one sentence."""

    contract: str
    version: str
    attempt_id: str
    reasons: tuple[tuple[str, str], ...]
