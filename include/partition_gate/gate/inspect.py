"""Second step: judge a partition and stage its rows, invisibly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from partition_gate.compiling.compiled import CompiledContract
from partition_gate.errors import PartitionChanged, ReferenceMissing
from partition_gate.gate.dispose import Inspection, Judged, dispose
from partition_gate.gate.promises import judged_over_time
from partition_gate.judging.attempt import Attempt, AttemptState, Settlement
from partition_gate.judging.disposition import VISIBLE
from partition_gate.judging.result_document import with_promises
from partition_gate.judging.validation import PartitionScan, ReferenceFiles, Validation
from partition_gate.judging.verdict import reach_verdict
from partition_gate.partition import Partition, Spooled, idempotency_key
from partition_gate.ports import Ports
from partition_gate.record import digest

RESTARTS = 3


def inspect(compiled: CompiledContract, partition: Partition, *, ports: Ports) -> Inspection | Settlement:
    """The inspection, or the recorded settlement when these bytes were already settled under this contract.

    A partition that is replaced while it is read is listed and judged again.

    Raises:
        OperatorError: it could not be judged; nothing is visible.
        PartitionChanged: it was replaced more than three times in a row.
    """
    for restart in range(RESTARTS):
        try:
            return _inspect_once(compiled, partition, ports)
        except PartitionChanged:
            if restart == RESTARTS - 1:
                raise
            files = ports.store.list_files(compiled.contract.location, partition.key)
            partition = Partition(dataset=partition.dataset, key=partition.key, files=files)
    raise AssertionError("unreachable: the loop returns or raises")


def _inspect_once(compiled: CompiledContract, partition: Partition, ports: Ports) -> Inspection | Settlement:
    key = _idempotency_key(compiled, partition, ports)
    if recorded := _recorded(compiled, partition, key, ports):
        return recorded
    attempt = _open(compiled, partition, key, ports)
    with _spooled(partition, attempt, ports) as spooled:
        scan = _scan(compiled, spooled, ports)
        validation = _validated(scan, compiled, ports)
        verdict = reach_verdict(compiled.suite.suite, validation.observations, row_count=validation.row_count)
        ports.ledger.advance(attempt.id, AttemptState.VALIDATED, now=ports.clock.now())
        judged = Judged(compiled=compiled, attempt=attempt, scan=scan, validation=validation, verdict=verdict)
        inspection = dispose(judged, spooled, ports=ports)
        _record(judged, partition, inspection, ports)
        return inspection


def _validated(scan: PartitionScan, compiled: CompiledContract, ports: Ports) -> Validation:
    return ports.validator.confirm(scan, compiled.suite, ports.validator.validate(scan, compiled.suite))


def _record(judged: Judged, partition: Partition, inspection: Inspection, ports: Ports) -> None:
    # After the disposition: whether a promise over time is kept may depend on whether anything is published.
    verdict = judged_over_time(judged, partition, inspection, ports=ports)
    document = with_promises(judged.validation.document, judged.compiled.suite.suite, verdict)
    profile = judged.validation.profile
    ports.ledger.record_validation(judged.attempt.id, verdict.results, document=document, profile=profile)


def _idempotency_key(compiled: CompiledContract, partition: Partition, ports: Ports) -> str:
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
    # A snapshot has one publication; a partitioned parent is identified by its published files.
    current = ports.warehouse.current(dataset, "snapshot")
    if current is not None:
        return current.idempotency_key
    files = ports.warehouse.files(dataset)
    if not files:
        raise ReferenceMissing(
            f"a foreign key points at {dataset}, which has no published version; publish it first: gate run {dataset}"
        )
    return digest(sorted(files))


def _recorded(compiled: CompiledContract, partition: Partition, key: str, ports: Ports) -> Settlement | None:
    settled = ports.ledger.settled(key)
    if settled is None or settled.outcome not in VISIBLE:
        return settled
    current = ports.warehouse.current(compiled.table.name, partition.key)
    return settled if current and current.idempotency_key == key else None


def _open(compiled: CompiledContract, partition: Partition, key: str, ports: Ports) -> Attempt:
    current = ports.warehouse.current(compiled.table.name, partition.key)
    return ports.ledger.open_attempt(
        partition,
        contract=compiled.contract.id,
        version=compiled.contract.version,
        idempotency_key=key,
        after_fence=current.fence if current else 0,
        now=ports.clock.now(),
    )


@contextmanager
def _spooled(partition: Partition, attempt: Attempt, ports: Ports) -> Iterator[Spooled]:
    ports.spool_folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=ports.spool_folder, prefix=f"{attempt.id}-") as folder:
        spooled = ports.store.spool(partition, Path(folder))
        ports.ledger.advance(attempt.id, AttemptState.SPOOLED, now=ports.clock.now())
        yield spooled


def _scan(compiled: CompiledContract, spooled: Spooled, ports: Ports) -> PartitionScan:
    values = compiled.contract.location.values(spooled.partition.key)
    return PartitionScan(
        paths=spooled.paths,
        sources=tuple(file.path for file in spooled.partition.files),
        table=compiled.table,
        published=compiled.published,
        partition_values=tuple(values.items()),
        references=tuple(
            ReferenceFiles(dataset=dataset, paths=ports.warehouse.files(dataset)) for dataset in _read(compiled)
        ),
        scratch=spooled.folder / "validated",
    )


def _read(compiled: CompiledContract) -> tuple[str, ...]:
    # What is published of its own dataset is read, but is no part of the key: a publish must not ask for the next one.
    own = (compiled.table.name,) if compiled.reads_published else ()
    return tuple(dict.fromkeys((*compiled.referenced_datasets, *own)))
