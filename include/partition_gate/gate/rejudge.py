"""Judge landed partitions under another version of their contract. Nothing is recorded or published."""

from __future__ import annotations

from collections.abc import Mapping

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.record import Record
from partition_gate.core.severity import Scope, Severity
from partition_gate.gate.discover import landed_now
from partition_gate.gate.spool import spool_folder
from partition_gate.judging.validation import PartitionScan, ReferenceFiles
from partition_gate.judging.verdict import CheckOutcome, CheckResult, Verdict, reach_verdict
from partition_gate.ports import Ports

_BAD = {CheckOutcome.FAILED, CheckOutcome.UNKNOWN, CheckOutcome.ERRORED}


class Flip(Record):
    """A check whose result changed. `before` is None if the old version lacks it, `after` if the new version does."""

    rule_id: str
    clause: str
    severity: Severity
    before: CheckOutcome | None
    after: CheckOutcome | None
    unexpected_count: int | None
    element_count: int | None
    expected: str


class Rejudged(Record):
    """One partition under both versions; `missing` is why there was nothing to judge."""

    dataset: str
    key: str
    row_count: int | None
    flips: tuple[Flip, ...]
    missing: str | None = None


def rejudge(old: CompiledDataset, new: CompiledDataset, *, partitions: int, ports: Ports) -> tuple[Rejudged, ...]:
    """Judge the newest landed partitions under both versions, newest first; only checks with a new result are listed.

    Folders in landing without a valid key come last, each with the reason. The files are located by the old version.
    Each version reads a column under its own name for it.

    Raises:
        OperatorError: landing cannot be read.
        PartitionChanged: a partition was replaced while it was read.
    """
    if partitions <= 0:
        return ()
    landed = ports.store.partition_keys(old.dataset.location)
    refused = (_not_judged(new, folder, why) for folder, why in landed.refused)
    return (*(_rejudged(old, new, key, ports) for key in landed.keys[-partitions:][::-1]), *refused)


def flips(old: Verdict, new: Verdict) -> tuple[Flip, ...]:
    """Checks that now pass or now fail, and new checks that fail.

    Promises over time are left out, because one partition alone says nothing about them.
    """
    before = {result.rule_id: result for result in old.results if result.scope is not Scope.SLA}
    after = {result.rule_id: result for result in new.results if result.scope is not Scope.SLA}
    pairs = [(before.get(rule_id), after.get(rule_id)) for rule_id in dict.fromkeys((*after, *before))]
    return tuple(flip for pair in pairs if (flip := _flip(*pair)))


def _flip(before: CheckResult | None, after: CheckResult | None) -> Flip | None:
    result = after or before
    if result is None or _is_bad(before) == _is_bad(after):
        return None
    return Flip(
        rule_id=result.rule_id,
        clause=result.clause,
        severity=result.severity,
        before=before.outcome if before else None,
        after=after.outcome if after else None,
        unexpected_count=result.unexpected_count,
        element_count=result.element_count,
        expected=result.expected,
    )


def _is_bad(result: CheckResult | None) -> bool:
    return result is not None and (result.outcome in _BAD or result.outcome is CheckOutcome.WARNED)


def _rejudged(old: CompiledDataset, new: CompiledDataset, key: str, ports: Ports) -> Rejudged:
    landed = landed_now(old.dataset, key, ports=ports)
    if isinstance(landed, str):
        return _not_judged(new, key, landed)
    with spool_folder(ports.spool_folder, "rejudge") as folder:
        paths = ports.store.spool(landed, folder).paths
        names = dict.fromkeys((*old.referenced_datasets, *new.referenced_datasets))
        references = {name: ports.warehouse.local_files(name, into=folder / "references") for name in names}
        scan = PartitionScan(
            paths=paths,
            sources=tuple(file.path for file in landed.files),
            table=old.table,
            partition_values=tuple(old.dataset.location.values(key).items()),
        )
        verdicts = [_verdict(version, scan, references, ports) for version in (old, new)]
    return Rejudged(dataset=new.dataset.name, key=key, row_count=verdicts[1].row_count, flips=flips(*verdicts))


def _not_judged(new: CompiledDataset, key: str, why: str) -> Rejudged:
    return Rejudged(dataset=new.dataset.name, key=key, row_count=None, flips=(), missing=why)


def _verdict(
    version: CompiledDataset, scan: PartitionScan, files: Mapping[str, tuple[str, ...]], ports: Ports
) -> Verdict:
    references = tuple(ReferenceFiles(dataset=name, paths=files[name]) for name in version.referenced_datasets)
    own = scan.model_copy(update={"table": version.table, "references": references})
    validation = ports.validator.validate(own, version.suite)
    return reach_verdict(version.suite.suite, validation.observations, row_count=validation.row_count)
