"""Second step: judge a partition and stage its rows, invisibly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from partition_gate.attempt import Attempt, AttemptState, Settlement, Staged
from partition_gate.compiled import CompiledContract
from partition_gate.disposition import VISIBLE, Disposition, PartitionOutcome, plan_disposition
from partition_gate.errors import PartitionChanged, ReferenceMissing
from partition_gate.partition import Partition, Spooled, idempotency_key
from partition_gate.ports import Ports
from partition_gate.record import Record, digest
from partition_gate.suite import Scope
from partition_gate.validation import PartitionScan, ReferenceFiles, Split, SplitLabels, Validation
from partition_gate.verdict import Verdict, reach_verdict

RESTARTS = 3


class Inspection(Record):
    """A judged partition: the decision, and where its rows wait (`staged` is None where none will be published)."""

    attempt: Attempt
    disposition: Disposition
    staged: Staged | None
    rows_in: int
    rows_quarantined: int
    quarantine_uri: str | None


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
        validation = ports.validator.validate(scan, compiled.suite)
        verdict = reach_verdict(compiled.suite.suite, validation.observations, row_count=validation.row_count)
        ports.ledger.record_validation(attempt.id, verdict.results, document=validation.document)
        ports.ledger.advance(attempt.id, AttemptState.VALIDATED, now=ports.clock.now())
        return _Judgement(compiled, scan, attempt, validation, verdict, ports).inspection(spooled)


class _Judgement:
    """One attempt's facts while its files are at hand."""

    def __init__(
        self,
        compiled: CompiledContract,
        scan: PartitionScan,
        attempt: Attempt,
        validation: Validation,
        verdict: Verdict,
        ports: Ports,
    ) -> None:
        self.compiled, self.scan, self.attempt = compiled, scan, attempt
        self.validation, self.verdict, self.ports = validation, verdict, ports

    def inspection(self, spooled: Spooled) -> Inspection:
        if self.verdict.errored:
            return self._could_not_judge()
        split = None if self.verdict.failed(Scope.PARTITION) else self._split(spooled.folder, reject=False)
        disposition = self._disposition(split)
        if split is None or disposition.outcome not in VISIBLE:
            split = self._split(spooled.folder, reject=True)
        visible = disposition.outcome in VISIBLE
        table, key = self.compiled.table, self.attempt.partition_key
        warehouse = self.ports.warehouse
        staged = warehouse.stage(table, key, attempt_id=self.attempt.id, split=split) if visible else None
        raw = () if self.validation.row_count is not None else spooled.paths
        kept = split.quarantined is not None or bool(raw)
        uri = (
            warehouse.quarantine(table.name, key, attempt_id=self.attempt.id, rows=split.quarantined, raw=raw)
            if kept
            else None
        )
        self.ports.ledger.advance(self.attempt.id, AttemptState.STAGED, now=self.ports.clock.now())
        return Inspection(
            attempt=self.attempt,
            disposition=disposition,
            staged=staged,
            rows_in=split.rows_in,
            rows_quarantined=split.rows_quarantined,
            quarantine_uri=uri,
        )

    def _could_not_judge(self) -> Inspection:
        why = tuple(f"{result.rule_id}: {result.observed}" for result in self.verdict.errored)
        return Inspection(
            attempt=self.attempt,
            disposition=Disposition(outcome=PartitionOutcome.ERRORED, why=why),
            staged=None,
            rows_in=self.validation.row_count or 0,
            rows_quarantined=0,
            quarantine_uri=None,
        )

    def _disposition(self, split: Split | None) -> Disposition:
        before = self.ports.warehouse.current(self.compiled.table.name, self.attempt.partition_key)
        return plan_disposition(
            self.verdict,
            self.compiled.policy,
            rows_quarantined=split.rows_quarantined if split else 0,
            rows_published_before=before.rows if before else None,
        )

    def _split(self, folder: Path, *, reject: bool) -> Split:
        failed = {result.rule_id for result in self.verdict.failed(Scope.ROW)}
        blocking = [predicate for predicate in self.validation.predicates if predicate.rule_id in failed]
        into = folder / ("rejected" if reject else "split")
        into.mkdir()
        split = self.ports.validator.reject if reject else self.ports.validator.split
        return split(self.scan, blocking=blocking, labels=self._labels(), into=into)

    def _labels(self) -> SplitLabels:
        contract = self.compiled.contract
        return SplitLabels(
            contract=contract.id,
            version=contract.version,
            attempt_id=self.attempt.id,
            reasons=tuple((r.rule_id, f"{r.rule_id}: expected {r.expected}") for r in self.verdict.results),
        )


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
        partition_values=tuple(values.items()),
        references=tuple(
            ReferenceFiles(dataset=dataset, paths=ports.warehouse.files(dataset))
            for dataset in compiled.referenced_datasets
        ),
    )
