"""Judge a partition without side effects: nothing is recorded, published, quarantined or sent."""

from __future__ import annotations

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.schedule import canonical_key
from partition_gate.core.errors import NothingDue
from partition_gate.core.record import Record
from partition_gate.gate.discover import landed_now
from partition_gate.gate.dispose import decide, inspection_of
from partition_gate.gate.inspect import judged_over_time, judged_rows
from partition_gate.gate.settle import settlement_of
from partition_gate.gate.spool import spool_folder
from partition_gate.judging.attempt import Attempt, Settlement, attempt_id
from partition_gate.judging.disposition import VISIBLE
from partition_gate.judging.verdict import CheckResult
from partition_gate.ports import Ports

DRY_RUN = "dry-run"


class DryRun(Record):
    """The settlement that a run would reach (for no real attempt), and its check results in suite order."""

    settlement: Settlement
    results: tuple[CheckResult, ...]


def dry_run(today: CompiledDataset, key: str, *, ports: Ports, version: str = "") -> DryRun:
    """Judge the files that are in landing now, by a version of the contract (empty: the one in force).

    Raises:
        MalformedPartitionKey, NothingDue: the key was mistyped, or nothing landed.
        UnknownContract: there is no such version.
        OperatorError: the files cannot be judged.
    """
    key = canonical_key(today.dataset, key, now=ports.clock.now())
    compiled = today.version(version) if version else today.in_force(key)
    landed = landed_now(compiled.dataset, key, ports=ports)
    if isinstance(landed, str):
        raise NothingDue(f"{compiled.dataset.name} {key}: {landed}; there is nothing to judge")
    attempt = unrecorded_attempt(compiled, key, ports)
    with spool_folder(ports.spool_folder, attempt.id) as folder:
        spooled = ports.store.spool(landed, folder)
        judged = judged_rows(compiled, attempt, spooled, ports)
        decision = decide(judged, spooled, ports=ports)
        inspection = inspection_of(judged, decision)
        verdict = judged_over_time(judged, landed, inspection, ports=ports)
    passing = decision.split.rows_passing if decision.split and decision.disposition.outcome in VISIBLE else 0
    settlement = settlement_of(inspection, rows_published=passing, now=ports.clock.now())
    return DryRun(settlement=settlement, results=verdict.results)


def unrecorded_attempt(compiled: CompiledDataset, key: str, ports: Ports) -> Attempt:
    """An attempt that the ledger does not know."""
    return Attempt(
        id=attempt_id(compiled.dataset.name, key, DRY_RUN),
        dataset=compiled.dataset.name,
        partition_key=key,
        contract=compiled.contract.id,
        version=compiled.contract.version,
        idempotency_key="",
        fence=0,
        started_at=ports.clock.now(),
    )
