"""Judge quarantined rows again, together with what is published of their partition (docs/adr/0054)."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.errors import GateError
from partition_gate.core.partition import LandedFiles, Partition
from partition_gate.core.record import Record
from partition_gate.gate.discover import Discovered, landed_now
from partition_gate.gate.dispose import Inspection, decide, inspection_of
from partition_gate.gate.dry_run import DryRun, unrecorded_attempt
from partition_gate.gate.inspect import judged_over_time, judged_rows, landed_key
from partition_gate.gate.pipeline import PartitionRun, RunResult, report_of, with_note
from partition_gate.gate.quarantine import OpenRows, open_quarantine
from partition_gate.gate.settle import settlement_of
from partition_gate.gate.standing import Source, Standing, assembled_rows
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import VISIBLE
from partition_gate.judging.replay import Assembled, Change
from partition_gate.ports import Ports


class ReplayRequest(Record):
    """What to change before the rows are judged again; who asks for it, and why."""

    change: Change = Change()
    who: str
    why: str


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
    run = ReplayRun(today, key, request, ports=ports)
    found = run.find_landed()
    inspected = found if isinstance(found, Settlement) else run.inspect(found)
    if isinstance(inspected, Settlement):
        return RunResult(settlement=inspected, already=run.was_recorded)
    settled = run.settle(inspected)
    problems = {"view_problem": settled.view_problem, "report_problem": report_of(settled.settlement, ports)}
    return RunResult(settlement=settled.settlement, already=False, **problems)


def dry_replay(today: CompiledDataset, key: str, change: Change, *, ports: Ports) -> DryReplay:
    """What `replay` would do; nothing is recorded, published, quarantined or sent. Raises: as `replay`."""
    key = today.dataset.location.key(key)
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


class ReplayRun(PartitionRun):
    """The steps of a partition whose rows come from quarantine. `find_landed` finds these, and lists no landing.

    An error ends the attempt and is raised, but is no outcome of the partition: nothing landed, and nothing changed.
    """

    def __init__(self, today: CompiledDataset, key: str, request: ReplayRequest, *, ports: Ports) -> None:
        super().__init__(today, key, ports=ports)
        self._request = request
        self._opened: OpenRows | None = None

    def _find_landed(self) -> Discovered | Settlement:
        self._opened = open_quarantine(self.compiled.dataset, self.key, ports=self.ports)
        none = Partition(dataset=self.dataset, key=self.key, files=())
        return Discovered(partition=none, seen_fence=self._opened.seen_fence)

    def _inspect_once(self, landed: Discovered) -> Inspection | Settlement:
        opened, request = self._opened, self._request
        if opened is None or opened.seen_fence != landed.seen_fence:
            opened = open_quarantine(self.compiled.dataset, self.key, ports=self.ports)
        self._landed_at = arrival(self.compiled, opened.standing, self.ports)
        source = Source(standing=opened.standing, change=request.change, arrived_at=self._landed_at)
        files = LandedFiles(dataset=self.dataset, key=self.key, fingerprint=opened.standing.fingerprint)
        key = landed_key(self.compiled, files, self.ports)
        inspection = self._judge_again(source, key, opened.seen_fence, who=request.who, why=request.why)
        return with_note(inspection, f"replayed by {request.who}: {request.why}")

    def _record(self, error: GateError) -> None:  # noqa: ARG002 -- whoever asked sees it
        """End the attempt; nothing is recorded as the partition's outcome."""
        with suppress(GateError):  # if the ledger does not answer, the next run ends the attempt
            self._fail_attempt()


def arrival(compiled: CompiledDataset, standing: Standing, ports: Ports) -> datetime:
    """When the rows landed: the time of the files if they are still in landing, else when they were first judged."""
    with suppress(GateError):
        landed = landed_now(compiled.dataset, standing.settlement.partition_key, ports=ports)
        if isinstance(landed, Partition) and landed.fingerprint == standing.fingerprint:
            return landed.arrived_at
    attempt_id, replay = standing.settlement.attempt_id, standing.replay
    while replay is not None:
        attempt_id, replay = replay.of_attempt, ports.ledger.replay(replay.of_attempt)
    first = ports.ledger.attempt(attempt_id)
    return first.started_at if first else standing.settlement.settled_at
