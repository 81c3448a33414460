"""Second step: judge a partition and stage its rows, still invisible."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.errors import PartitionChanged, ReferenceMissing
from partition_gate.core.partition import Partition, Spooled, idempotency_key
from partition_gate.core.record import digest
from partition_gate.gate.dispose import Inspection, Judged, dispose
from partition_gate.gate.spool import spool_folder
from partition_gate.judging.absent_partition import measured_as_missing
from partition_gate.judging.attempt import Attempt, AttemptState, Claim, Settlement
from partition_gate.judging.disposition import FINAL, VISIBLE, PartitionOutcome
from partition_gate.judging.documents import with_promises
from partition_gate.judging.promises import keys_under_promise, verdict_over_time
from partition_gate.judging.sla_context import SlaContext
from partition_gate.judging.validation import PartitionScan, ReferenceFiles
from partition_gate.judging.verdict import Verdict, reach_verdict
from partition_gate.ports import Ports


def recorded(compiled: CompiledDataset, partition: Partition, ports: Ports) -> tuple[str, Settlement | None]:
    """The idempotency key of these bytes under this contract, and the partition's outcome if it already has this key.

    An outcome counts only if it is still the current one, its rows are still visible, and no person decided about it.
    """
    key = _idempotency_key(compiled, partition, ports)
    outcome = ports.ledger.outcome(partition.dataset, partition.key)
    if outcome is None or outcome.idempotency_key != key or outcome.outcome not in FINAL:
        return key, None
    if outcome.outcome is PartitionOutcome.HELD and ports.ledger.decision(partition.dataset, partition.key, key):
        return key, None
    if outcome.outcome not in VISIBLE:
        return key, outcome
    current = ports.warehouse.current(compiled.table.name, partition.key)
    return key, outcome if current and current.idempotency_key == key else None


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
    with _spooled(partition, attempt, ports) as spooled:
        judged = judged_rows(compiled, attempt, spooled, ports)
        ports.ledger.advance(attempt.id, AttemptState.VALIDATED, now=ports.clock.now())
        inspection = dispose(judged, spooled, ports=ports)
        _record(judged, partition, inspection, ports)
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


def _idempotency_key(compiled: CompiledDataset, partition: Partition, ports: Ports) -> str:
    contract = compiled.contract
    references = {dataset: _reference_version(dataset, ports) for dataset in compiled.referenced_datasets}
    return idempotency_key(
        partition,
        contract=contract.id,
        version=contract.version,
        contract_hash=contract.content_hash,
        rules=compiled.rules_version,
        references=references,
    )


def _reference_version(dataset: str, ports: Ports) -> str:
    # A snapshot has one publication; a partitioned parent is identified by its set of published files.
    current = ports.warehouse.current(dataset, "snapshot")
    if current is not None:
        return current.idempotency_key
    files = ports.warehouse.files(dataset)
    if not files:
        raise ReferenceMissing(
            f"a foreign key refers to {dataset}, which has no published version; "
            "publish it first: `gate watch`, or `gate run` with a key"
        )
    return digest(sorted(files))


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
