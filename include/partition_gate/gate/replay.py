"""Judge quarantined rows again, together with what is published of their partition (docs/adr/0054)."""

from __future__ import annotations

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.schedule import canonical_key
from partition_gate.core.record import Record
from partition_gate.gate.asked_run import Asked, AskedRun, Chosen, arrival
from partition_gate.gate.dispose import decide, inspection_of
from partition_gate.gate.dry_run import DryRun, unrecorded_attempt
from partition_gate.gate.inspect import judged_over_time, judged_rows
from partition_gate.gate.pipeline import RunResult
from partition_gate.gate.quarantine import open_quarantine
from partition_gate.gate.settle import settlement_of
from partition_gate.gate.standing import Source, assembled_rows
from partition_gate.judging.disposition import VISIBLE
from partition_gate.judging.replay import Assembled, Change
from partition_gate.ports import Ports


class ReplayRequest(Asked):
    """What to change before the rows are judged again; who asks for it, and why."""

    change: Change = Change()


class DryReplay(Record):
    """What a replay would do: as `DryRun`, with how many rows would be taken from quarantine and kept back."""

    run: DryRun
    assembled: Assembled


def replay(today: CompiledDataset, key: str, request: ReplayRequest, *, ports: Ports) -> RunResult:
    """Judge a partition's quarantined rows again and settle the result as a new attempt.

    Safe to kill and repeat at any point, as a run is. Nothing changes if the rows cannot be judged.

    Raises:
        MalformedPartitionKey: the key was mistyped.
        CannotAct: no row is in quarantine, a run is working on the partition, or the rows cannot be changed as asked.
        OperatorError: the rows cannot be judged.
        NotRecorded: the rows are visible, but the ledger could not be updated.
    """
    return ReplayRun(today, key, request, ports=ports).carry_out()


def dry_replay(today: CompiledDataset, key: str, change: Change, *, ports: Ports) -> DryReplay:
    """What `replay` would do; nothing is recorded, published, quarantined or sent. Raises: as `replay`."""
    key = canonical_key(today.dataset, key, now=ports.clock.now())
    compiled = today.in_force(key)
    opened = open_quarantine(compiled.dataset, key, ports=ports)
    source = Source(standing=opened.standing, change=change, arrived_at=arrival(compiled, opened.standing, ports))
    attempt = unrecorded_attempt(compiled, key, ports)
    with assembled_rows(compiled, source, attempt.id, ports=ports) as (spooled, assembled):
        judged = judged_rows(compiled, attempt, spooled, ports).model_copy(update={"assembled": assembled})
        decision = decide(judged, spooled, ports=ports)
        inspection = inspection_of(judged, decision)
        verdict = judged_over_time(judged, spooled.partition, inspection, ports=ports)
    passing = decision.split.rows_passing if decision.split and decision.disposition.outcome in VISIBLE else 0
    settlement = settlement_of(inspection, rows_published=passing, now=ports.clock.now())
    return DryReplay(run=DryRun(settlement=settlement, results=verdict.results), assembled=assembled)


class ReplayRun(AskedRun):
    """The steps of a partition whose rows come from quarantine."""

    def __init__(self, today: CompiledDataset, key: str, request: ReplayRequest, *, ports: Ports) -> None:
        super().__init__(today, key, request, ports=ports)
        self._change = request.change

    def choose(self) -> Chosen:
        opened = open_quarantine(self.compiled.dataset, self.key, ports=self.ports)
        arrived_at = arrival(self.compiled, opened.standing, self.ports)
        source = Source(standing=opened.standing, change=self._change, arrived_at=arrived_at)
        note = f"replayed by {self.asked.who}: {self.asked.why}"
        return Chosen(source=source, seen_fence=opened.seen_fence, note=note)
