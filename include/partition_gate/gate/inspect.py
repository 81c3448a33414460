"""Second step: judge a partition and stage its rows, still invisible."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager

from partition_gate import __version__
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.errors import PartitionChanged, ReferenceMissing
from partition_gate.core.partition import SNAPSHOT, DataFile, LandedFiles, Partition, Spooled, idempotency_key
from partition_gate.core.record import digest
from partition_gate.gate.dispose import Inspection, Judged, dispose
from partition_gate.gate.spool import spool_folder
from partition_gate.gate.standing import Source, assembled_rows
from partition_gate.judging.absent_partition import measured_as_missing
from partition_gate.judging.attempt import Attempt, AttemptState, Claim, Settlement
from partition_gate.judging.disposition import FINAL, VISIBLE, PartitionOutcome
from partition_gate.judging.documents import with_promises
from partition_gate.judging.lineage import Inputs, ReferencedVersion
from partition_gate.judging.promises import keys_under_promise, verdict_over_time
from partition_gate.judging.replay import Assembled, Replay
from partition_gate.judging.sla_context import SlaContext
from partition_gate.judging.validation import PartitionScan, ReferenceFiles
from partition_gate.judging.verdict import Verdict, reach_verdict
from partition_gate.ports import Ports

_COUNTED = {"rows_published", "rows_taken", "rows_given", "rows_kept", "hash_change"}


def recorded(compiled: CompiledDataset, partition: Partition, ports: Ports) -> tuple[str, Settlement | None]:
    """The idempotency key of these bytes under this contract, and the partition's outcome if it already has this key.

    An outcome counts only if it is still the current one, its rows are still visible or were removed by age, and no
    person decided about it.
    That of a replay has the key of the landed files that its rows once came from.
    """
    key = landed_key(compiled, partition, ports)
    outcome = ports.ledger.outcome(partition.dataset, partition.key)
    if outcome is None or outcome.outcome not in FINAL or not _is_of(outcome, key, ports):
        return key, None
    own = outcome.idempotency_key
    if outcome.outcome is PartitionOutcome.HELD and ports.ledger.decision(partition.dataset, partition.key, own):
        return key, None
    if outcome.outcome not in VISIBLE or outcome.attempt_id in ports.ledger.published_removals(partition.dataset):
        return key, outcome
    current = ports.warehouse.current(compiled.table.name, partition.key)
    return key, outcome if current and current.idempotency_key == own else None


def _is_of(outcome: Settlement, key: str, ports: Ports) -> bool:
    if outcome.idempotency_key == key:
        return True
    replay = ports.ledger.replay(outcome.attempt_id)
    return replay is not None and replay.landed_key == key


def open_attempt(compiled: CompiledDataset, claim: Claim, key: str, ports: Ports) -> Attempt:
    """A new attempt.

    Raises:
        PartitionChanged: another attempt was opened since landing was listed.
    """
    current = ports.warehouse.current(compiled.table.name, claim.partition_key) if key else None
    attempt = ports.ledger.open_attempt(
        claim, idempotency_key=key, after_fence=current.fence if current else 0, now=ports.clock.now()
    )
    if attempt is None:
        raise PartitionChanged(
            f"{claim.dataset}/{claim.partition_key}: another run has started to judge it; run it again"
        )
    return attempt


def judge(compiled: CompiledDataset, partition: Partition, attempt: Attempt, *, ports: Ports) -> Inspection:
    """Judge an attempt, stage or quarantine its rows, and record its check results.

    Raises:
        OperatorError: the partition could not be judged; nothing is visible.
        PartitionChanged: the partition was replaced while it was read.
    """
    ports.ledger.record_inputs(_inputs(compiled, attempt, partition.files, ports))
    with _spooled(partition, attempt, ports) as spooled:
        judged = judged_rows(compiled, attempt, spooled, ports)
        return _disposed(judged, spooled, ports)


def judge_again(
    compiled: CompiledDataset, source: Source, attempt: Attempt, replay: Replay, *, ports: Ports
) -> Inspection:
    """As `judge`, for the rows of an older attempt. `replay` is recorded with the counts of its rows.

    Raises: as `judge`, and CannotAct (the rows cannot be changed as asked).
    """
    with assembled_rows(compiled, source, attempt.id, ports=ports) as (spooled, assembled):
        ports.ledger.record_replay(with_counts(replay, assembled))
        ports.ledger.record_inputs(_inputs(compiled, attempt, (), ports))
        ports.ledger.advance(attempt.id, AttemptState.SPOOLED, now=ports.clock.now())
        judged = judged_rows(compiled, attempt, spooled, ports).model_copy(update={"assembled": assembled})
        return _disposed(judged, spooled, ports)


def with_counts(replay: Replay, assembled: Assembled) -> Replay:
    """The record of a replay with the counts of the rows that were put together."""
    return replay.model_copy(update=assembled.model_dump(include=_COUNTED))


def _disposed(judged: Judged, spooled: Spooled, ports: Ports) -> Inspection:
    ports.ledger.advance(judged.attempt.id, AttemptState.VALIDATED, now=ports.clock.now())
    inspection = dispose(judged, spooled, ports=ports)
    _record(judged, spooled.partition, inspection, ports)
    return inspection


def judged_rows(compiled: CompiledDataset, attempt: Attempt, spooled: Spooled, ports: Ports) -> Judged:
    """The verdict on the spooled files."""
    scan = _scan(compiled, spooled, ports)
    validation = ports.validator.validate(scan, compiled.suite)
    verdict = reach_verdict(compiled.suite.suite, validation.observations, row_count=validation.row_count)
    return Judged(compiled=compiled, attempt=attempt, scan=scan, validation=validation, verdict=verdict)


def record_missing(compiled: CompiledDataset, attempt: Attempt, *, ports: Ports) -> None:
    """Record which promises over time a missing partition breaks."""
    suite, now = compiled.suite.suite, ports.clock.now()
    measurements = measured_as_missing(suite, compiled.dataset, attempt.partition_key, now=now)
    ports.ledger.record_measurements(attempt.id, measurements)


def _scan(compiled: CompiledDataset, spooled: Spooled, ports: Ports) -> PartitionScan:
    values = compiled.dataset.location.values(spooled.partition.key)
    references = spooled.folder / "references"
    return PartitionScan(
        paths=spooled.paths,
        sources=tuple(file.path for file in spooled.partition.files),
        table=compiled.table,
        published=compiled.published,
        partition_values=tuple(values.items()),
        references=tuple(
            ReferenceFiles(dataset=dataset, paths=ports.warehouse.local_files(dataset, into=references))
            for dataset in _datasets_read(compiled)
        ),
        scratch=spooled.folder / "validated",
    )


def _record(judged: Judged, partition: Partition, inspection: Inspection, ports: Ports) -> None:
    # After the disposition: whether a promise over time is met may depend on whether anything is published.
    verdict = judged_over_time(judged, partition, inspection, ports=ports)
    document = with_promises(judged.validation.document, judged.compiled.suite.suite, verdict)
    profile = judged.validation.profile
    ports.ledger.record_validation(
        judged.attempt.id,
        verdict.results,
        document=json.dumps(document, ensure_ascii=False),
        profile=profile,
        measurements=verdict.measurements,
    )


def landed_key(compiled: CompiledDataset, partition: Partition | LandedFiles, ports: Ports) -> str:
    """The idempotency key of landed files under the contract and the newest versions that it refers to."""
    contract = compiled.contract
    references = {each.dataset: each.version for each in _referenced_versions(compiled, ports)}
    return idempotency_key(
        partition,
        contract=contract.id,
        version=contract.version,
        contract_hash=contract.content_hash,
        rules=compiled.rules_version,
        references=references,
    )


def _inputs(compiled: CompiledDataset, attempt: Attempt, files: tuple[DataFile, ...], ports: Ports) -> Inputs:
    return Inputs(
        attempt_id=attempt.id,
        files=files,
        references=_referenced_versions(compiled, ports),
        contract_hash=compiled.contract.content_hash,
        rules=compiled.rules_version,
        suite_hash=hashlib.sha256(compiled.suite.document.encode()).hexdigest(),
        gate_version=__version__,
    )


def _referenced_versions(compiled: CompiledDataset, ports: Ports) -> tuple[ReferencedVersion, ...]:
    return tuple(_referenced_version(dataset, ports) for dataset in compiled.referenced_datasets)


def _referenced_version(dataset: str, ports: Ports) -> ReferencedVersion:
    # A snapshot has one publication; a partitioned parent is identified by its set of published files.
    current = ports.warehouse.current(dataset, SNAPSHOT)
    if current is not None:
        named = current.model_dump(include={"attempt_id", "table_version"})
        return ReferencedVersion(dataset=dataset, version=current.idempotency_key, **named)
    files = ports.warehouse.files(dataset)
    if not files:
        raise ReferenceMissing(
            f"a foreign key refers to {dataset}, which has no published version; "
            "publish it first: `gate watch`, or `gate run` with a key"
        )
    return ReferencedVersion(dataset=dataset, version=digest(sorted(files)))


@contextmanager
def _spooled(partition: Partition, attempt: Attempt, ports: Ports) -> Iterator[Spooled]:
    with spool_folder(ports.spool_folder, attempt.id) as folder:
        spooled = ports.store.spool(partition, folder)
        ports.ledger.advance(attempt.id, AttemptState.SPOOLED, now=ports.clock.now())
        yield spooled


def _datasets_read(compiled: CompiledDataset) -> tuple[str, ...]:
    # The published rows of the same dataset are read, but are not part of the key: a publish must not trigger another.
    own = (compiled.table.name,) if compiled.reads_published else ()
    return tuple(dict.fromkeys((*compiled.referenced_datasets, *own)))


def judged_over_time(judged: Judged, partition: Partition, inspection: Inspection, *, ports: Ports) -> Verdict:
    """The verdict on a partition with its promises over time, which are judged from the ledger, not from old data."""
    suite, dataset = judged.compiled.suite.suite, judged.compiled.dataset
    keys = keys_under_promise(suite, dataset, partition.key)
    promised = [check.rule_id for check in suite.checks if check.promise is not None]
    before = [each for each in ports.ledger.measured(dataset.name, keys[-1:]) if each.is_visible]
    context = SlaContext(
        dataset=dataset,
        partition=partition,
        now=ports.clock.now(),
        is_published=inspection.disposition.outcome in VISIBLE,
        published=ports.ledger.published(dataset.name, keys, rule_ids=promised) if keys else (),
        measured_before=before[0].measurements if before else None,
    )
    return verdict_over_time(suite, judged.validation, context)
