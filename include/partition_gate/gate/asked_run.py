"""A run whose rows are of an older attempt, because a person asked for it: a replay, or a rollback."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.errors import GateError
from partition_gate.core.partition import LandedFiles, Partition
from partition_gate.core.record import Record
from partition_gate.gate.discover import Discovered, landed_now
from partition_gate.gate.dispose import Inspection
from partition_gate.gate.inspect import landed_key
from partition_gate.gate.pipeline import PartitionRun, RunResult, with_note
from partition_gate.gate.reports import report_of
from partition_gate.gate.standing import Source, Standing
from partition_gate.judging.attempt import Settlement
from partition_gate.ports import Ports


class Asked(Record):
    """Who asks for it, and why."""

    who: str
    why: str


class Chosen(Record):
    """The rows to judge. `seen_fence` was read before them; `note` is said about the outcome."""

    source: Source
    seen_fence: int
    note: str


class AskedRun(PartitionRun):
    """The steps of such a run. `find_landed` finds the rows, and lists no landing.

    An error ends the attempt and is raised, but is no outcome of the partition: nothing landed, and nothing changed.
    """

    def __init__(self, today: CompiledDataset, key: str, asked: Asked, *, ports: Ports) -> None:
        super().__init__(today, key, ports=ports)
        self.asked = asked
        self._chosen: Chosen | None = None

    def carry_out(self) -> RunResult:
        """Take all steps. Raises: CannotAct, OperatorError, NotRecorded (the rows are visible, but not recorded)."""
        found = self.find_landed()
        inspected = found if isinstance(found, Settlement) else self.inspect(found)
        if isinstance(inspected, Settlement):
            return RunResult(settlement=inspected, already=self.was_recorded)
        settled = self.settle(inspected)
        problems = {"view_problem": settled.view_problem, "report_problem": report_of(settled.settlement, self.ports)}
        return RunResult(settlement=settled.settlement, already=False, **problems)

    def choose(self) -> Chosen:
        """The rows to judge, as they are now."""
        raise NotImplementedError

    def before_judging(self, chosen: Chosen, landed_key: str) -> None:
        """What must be recorded before the rows are judged; `landed_key` stands for the landed files."""

    def _find_landed(self) -> Discovered | Settlement:
        self._chosen = self.choose()
        none = Partition(dataset=self.dataset, key=self.key, files=())
        return Discovered(partition=none, seen_fence=self._chosen.seen_fence)

    def _inspect_once(self, landed: Discovered) -> Inspection | Settlement:
        chosen = self._chosen
        if chosen is None or chosen.seen_fence != landed.seen_fence:
            chosen = self.choose()
        self._landed_at = chosen.source.arrived_at
        files = LandedFiles(dataset=self.dataset, key=self.key, fingerprint=chosen.source.standing.fingerprint)
        key = landed_key(self.compiled, files, self.ports)
        self.before_judging(chosen, key)
        asked = {"who": self.asked.who, "why": self.asked.why}
        return with_note(self._judge_again(chosen.source, key, chosen.seen_fence, **asked), chosen.note)

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
