"""Where the rows of a partition come from, in the terms of ML Metadata: executions with their artifacts and context.

An execution is an attempt. Its artifacts are what it read (landed files, rows of an older attempt, versions of other
datasets) and what it made (a table version, rows in quarantine); its context is the contract and the software that
judged. Source of the terms: TFX, ML Metadata.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import AwareDatetime

from partition_gate.core.partition import DataFile, readable_path
from partition_gate.core.record import Record
from partition_gate.judging.attempt import Attempt, Settlement
from partition_gate.judging.disposition import VISIBLE, PartitionOutcome
from partition_gate.judging.replay import Discard, Replay


class ReferencedVersion(Record):
    """The version of another dataset that a foreign key was checked against.

    `version` is the idempotency key of a snapshot's publication, or a digest of the names of all published files.
    `attempt_id` (of the snapshot) and `table_version` are unknown for a dataset with partitions.
    """

    kind: Literal["referenced_version"] = "referenced_version"
    dataset: str
    version: str
    attempt_id: str | None = None
    table_version: int | None = None


class Inputs(Record):
    """What an attempt is about to judge, and by which rules; recorded before it does.

    `files` are the landed files, none if the rows are those of an older attempt. `contract_hash` and `rules` are part
    of the idempotency key; `suite_hash` is the SHA-256 of the suite file. `gate_version` is the version of this
    package.
    """

    attempt_id: str
    files: tuple[DataFile, ...] = ()
    references: tuple[ReferencedVersion, ...] = ()
    contract_hash: str
    rules: str
    suite_hash: str
    gate_version: str


class LandedFile(Record):
    """A file that the attempt copied from landing. `etag` is what its storage calls this version of it."""

    kind: Literal["landed_file"] = "landed_file"
    path: str
    etag: str
    size_bytes: int
    landed_at: AwareDatetime


class UnlistedFiles(Record):
    """Landed files of which only the fingerprint was recorded, by an earlier version of the gate."""

    kind: Literal["unlisted_files"] = "unlisted_files"
    fingerprint: str


class PublishedRows(Record):
    """Rows that an attempt made visible. `table_version` is the commit of the table, None if they came from it."""

    kind: Literal["published_rows"] = "published_rows"
    attempt_id: str
    table: str
    rows: int
    table_version: int | None = None


class RowsInQuarantine(Record):
    """Rows in an attempt's quarantine. `uri` is the folder, None if they were taken from it."""

    kind: Literal["rows_in_quarantine"] = "rows_in_quarantine"
    attempt_id: str
    rows: int
    uri: str | None = None


class CorrectedRows(Record):
    """Rows of a file that a person gave in place of rows in quarantine; `change` names the file."""

    kind: Literal["corrected_rows"] = "corrected_rows"
    change: str
    rows: int


class DiscardedRows(Record):
    """Rows in quarantine that a person gave up."""

    kind: Literal["discarded_rows"] = "discarded_rows"
    rows: int
    who: str
    why: str
    at: AwareDatetime


Input = LandedFile | UnlistedFiles | PublishedRows | RowsInQuarantine | CorrectedRows | ReferencedVersion
Output = PublishedRows | RowsInQuarantine | DiscardedRows


class Context(Record):
    """What judged: the contract and the software. What an earlier version of the gate did not record is empty.

    `software` has the versions of `partition_gate`, `great_expectations` and `duckdb`, as far as they are known.
    """

    contract: str
    version: str
    contract_hash: str = ""
    rules: str = ""
    suite_hash: str = ""
    software: Mapping[str, str] = {}


class Execution(Record):
    """One attempt. `made_from` is the attempt whose rows it judged again; None if it judged landed files.

    `process` ran it (`host/pid/start`). `who` asked for it and `why`, and `change` is what was done to the rows; they
    are empty if it judged landed files.
    """

    attempt_id: str
    outcome: PartitionOutcome
    started_at: AwareDatetime | None
    settled_at: AwareDatetime
    process: str
    idempotency_key: str
    fingerprint: str
    made_from: str | None = None
    is_rollback: bool = False
    who: str = ""
    why: str = ""
    change: str = ""
    context: Context
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]


class Downstream(Record):
    """What depends on a dataset: the datasets whose contracts refer to it, and who is scheduled by its asset.

    `consumers` are names of DAGs; None: Airflow was not asked.
    """

    asset: str
    referenced_by: tuple[str, ...] = ()
    consumers: tuple[str, ...] | None = None


class PartitionLineage(Record):
    """A partition's executions, newest first: the current one, and those that its rows, or the visible ones, are from.

    `visible` is the attempt whose rows consumers see; None if they see none.
    """

    dataset: str
    partition_key: str
    visible: str | None
    executions: tuple[Execution, ...]
    downstream: Downstream

    @property
    def landed_files(self) -> tuple[LandedFile, ...]:
        """The landed files of all executions, in their order."""
        return tuple(each for one in self.executions for each in one.inputs if isinstance(each, LandedFile))


class RecordedAttempt(Record):
    """What the ledger has about an attempt that has ended. `suite_software`: versions that its result document names.

    `attempt` is None for an outcome of an earlier version of the gate that no attempt led to.
    """

    settlement: Settlement
    attempt: Attempt | None = None
    inputs: Inputs | None = None
    replay: Replay | None = None
    discards: tuple[Discard, ...] = ()
    suite_software: Mapping[str, str] = {}


class ForeignKey(Record):
    """Columns whose values must be in another dataset."""

    columns: tuple[str, ...]
    dataset: str
    to_columns: tuple[str, ...]


class DatasetLineage(Record):
    """A dataset's neighbours, as its contract in force today says. `source` is where its partitions land."""

    dataset: str
    contract: str
    version: str
    source: str
    endpoint_url: str | None
    table: str
    partitions: int
    references: tuple[ForeignKey, ...]
    downstream: Downstream


def execution(recorded: RecordedAttempt) -> Execution:
    """The execution that the records of an attempt describe."""
    settled, attempt, replay = recorded.settlement, recorded.attempt, recorded.replay
    asked = replay.model_dump(include={"who", "why", "change", "is_rollback"}) if replay else {}
    return Execution(
        attempt_id=settled.attempt_id,
        outcome=settled.outcome,
        started_at=attempt.started_at if attempt else None,
        settled_at=settled.settled_at,
        process=attempt.owner if attempt else "",
        idempotency_key=settled.idempotency_key,
        fingerprint=attempt.fingerprint if attempt else "",
        made_from=replay.of_attempt if replay else None,
        context=_context(recorded),
        inputs=tuple(_inputs(recorded)),
        outputs=tuple(_outputs(settled, recorded.discards)),
        **asked,
    )


def visible_attempt(settlements: Sequence[Settlement]) -> Settlement | None:
    """The newest of a partition's settlements (oldest first) that made rows visible."""
    return next((each for each in reversed(settlements) if each.outcome in VISIBLE), None)


def _context(recorded: RecordedAttempt) -> Context:
    settled, inputs = recorded.settlement, recorded.inputs
    known = inputs.model_dump(include={"contract_hash", "rules", "suite_hash"}) if inputs else {}
    own = {"partition_gate": inputs.gate_version} if inputs else {}
    software = {**own, **recorded.suite_software}
    return Context(contract=settled.contract, version=settled.version, software=software, **known)


def _inputs(recorded: RecordedAttempt) -> Iterator[Input]:
    replay, inputs, attempt = recorded.replay, recorded.inputs, recorded.attempt
    if replay is not None:
        yield from _rows_judged_again(replay)
    elif inputs is not None:
        yield from (_landed(file) for file in inputs.files)
    elif attempt is not None and attempt.fingerprint:
        yield UnlistedFiles(fingerprint=attempt.fingerprint)
    yield from inputs.references if inputs else ()


def _rows_judged_again(replay: Replay) -> Iterator[Input]:
    if replay.rows_published:
        yield PublishedRows(attempt_id=replay.of_attempt, table=replay.dataset, rows=replay.rows_published)
    taken = 0 if replay.is_replaced else replay.rows_taken
    if taken or replay.rows_kept:
        yield RowsInQuarantine(attempt_id=replay.of_attempt, rows=taken + replay.rows_kept)
    if replay.is_replaced:
        yield CorrectedRows(change=replay.change, rows=replay.rows_given)


def _landed(file: DataFile) -> LandedFile:
    return LandedFile(
        path=readable_path(file.path), etag=file.etag, size_bytes=file.size_bytes, landed_at=file.modified_at
    )


def _outputs(settled: Settlement, discards: Sequence[Discard]) -> Iterator[Output]:
    own = settled.attempt_id
    if settled.outcome in VISIBLE:
        counted = {"rows": settled.rows_published, "table_version": settled.table_version}
        yield PublishedRows(attempt_id=own, table=settled.dataset, **counted)
    if settled.rows_quarantined:
        yield RowsInQuarantine(attempt_id=own, rows=settled.rows_quarantined, uri=settled.quarantine_uri)
    for each in discards:
        yield DiscardedRows(rows=each.rows, who=each.who, why=each.why, at=each.at)
