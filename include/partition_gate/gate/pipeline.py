"""One partition, from landing to a settled outcome: the steps, and the only error policy.

Airflow's tasks and `gate run` both call these steps. A step that fails with a GateError settles the attempt as ERRORED,
records it with its messages, and raises the error again so that the task fails. After the commit nothing is ERRORED any
more: the rows are visible, and `repair` finishes the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.readiness import NotExpected, Wait
from partition_gate.contract.schedule import canonical_key
from partition_gate.core.errors import GateError, NothingDue, NotRecorded, PartitionChanged
from partition_gate.core.record import Record
from partition_gate.gate import discover, settle
from partition_gate.gate.discover import Discovered, NotLanded
from partition_gate.gate.dispose import Inspection
from partition_gate.gate.inspect import judge, judge_again, open_attempt, record_missing, recorded
from partition_gate.gate.lineage import tell_of_run
from partition_gate.gate.local_folders import no_space
from partition_gate.gate.references import unjudged_parent
from partition_gate.gate.repair import repair, watch_the_watch
from partition_gate.gate.reports import report_of
from partition_gate.gate.run_context import fields, fields_of, note, run_of
from partition_gate.gate.settle import Settled, assess, discard, unjudged
from partition_gate.gate.spool import remove_abandoned_spools
from partition_gate.gate.standing import Source, Standing, own_rows, replayed_key, standing_version, undone
from partition_gate.judging.attempt import Attempt, AttemptState, Claim, Settlement
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.replay import Change, Replay
from partition_gate.ports import Ports
from partition_gate.watching.partitions import overdue_at

log = logging.getLogger(__name__)

RESTARTS = 5


class RunResult(Record):
    """A partition's settlement. `already`: an earlier run recorded it, and nothing changed.

    `view_problem`: why consumers do not see the published rows yet (`Settled`). `report_problem`: why there is no page.
    """

    settlement: Settlement
    already: bool
    view_problem: str | None = None
    report_problem: str | None = None


def run_partition(today: CompiledDataset, key: str, *, ports: Ports, force: bool = False) -> RunResult:
    """Judge the partition now and settle it. The outcome is recorded even if the partition could not be judged.

    Raises:
        MalformedPartitionKey, NothingDue: the key was mistyped; nothing is recorded.
        NotRecorded: the rows are visible, but the ledger could not be updated.
        OperatorError: the ledger does not answer, so nothing can be recorded.
    """
    run = PartitionRun(today, key, ports=ports, force=force)
    with run_of(run.dataset, run.key, ports):
        return _run(run)


def _run(run: PartitionRun) -> RunResult:
    try:
        landed = run.find_landed()
        if isinstance(landed, Settlement):
            return RunResult(settlement=landed, already=False)
        inspected = run.inspect(landed)
        if isinstance(inspected, Settlement):
            return RunResult(settlement=inspected, already=run.was_recorded)
        settled = run.settle(inspected)
        problems = {"view_problem": settled.view_problem, "report_problem": report_of(settled.settlement, run.ports)}
        return RunResult(settlement=settled.settlement, already=False, **problems)
    except GateError:
        if run.errored is None:
            raise
        return RunResult(settlement=run.errored, already=False)


def with_note(inspection: Inspection, *notes: str) -> Inspection:
    """The inspection with further sentences about its outcome."""
    disposition = inspection.disposition
    noted = disposition.model_copy(update={"why": (*disposition.why, *notes)})
    return inspection.model_copy(update={"disposition": noted})


class PartitionRun:
    """The steps of one partition under one contract; `today` is its newest version, `compiled` the one that applies.

    `key` may be any spelling of a partition key; everything is recorded under the canonical one.
    MalformedPartitionKey is raised here, before anything is listed or recorded.
    `is_backfill`: an old partition is told in the digest of the day only. `force`: these bytes are judged even if they
    are already settled under this contract.
    `errored` is the settlement of a failed step. `was_recorded`: an earlier run's settlement was returned.
    """

    def __init__(
        self, today: CompiledDataset, key: str, *, ports: Ports, is_backfill: bool = False, force: bool = False
    ) -> None:
        self.key, self.ports = canonical_key(today.dataset, key, now=ports.clock.now()), ports
        self.today, self.compiled = today, today.in_force(self.key)
        self.is_backfill, self.force = is_backfill, force
        self.errored: Settlement | None = None
        self.was_recorded = False
        self._attempt: Attempt | None = None
        self._may_still_commit = False
        self._landed_at: datetime | None = None

    def arrive(self) -> Discovered | Settlement | Wait | NotExpected:
        """The partition once it is ready; settled as MISSING if it did not land by its deadline.

        Until then, it also waits for the partition that its rows refer to.
        """
        with self._step("arrive"):
            self._finish_others()
            arrival = discover.arrive(self.compiled.dataset, self.key, ports=self.ports)
            if isinstance(arrival, Discovered) and (why := unjudged_parent(self.compiled, self.key, self.ports)):
                return Wait(why=why)
            if not isinstance(arrival, NotLanded):
                return arrival
            try:
                return self._missing(arrival)
            except PartitionChanged as error:  # another run has settled it, or has found it
                return Wait(why=str(error))

    def find_landed(self) -> Discovered | Settlement:
        """What is in landing now, because a person asked; settled as MISSING if a due partition is not there."""
        with self._step("arrive"):
            self._finish_others()
            return self._find_landed()

    def inspect(self, landed: Discovered) -> Inspection | Settlement:
        """Judge and stage the partition; the recorded settlement if these very bytes are already settled.

        A partition that was replaced while it was read, or that another run started to judge after it was listed, is
        listed and judged again.
        """
        with self._step("inspect"):
            return self._inspect(landed)

    def settle(self, inspection: Inspection) -> Settled:
        """Carry out the decision: publish in one commit, or reject or hold; record the outcome with its messages.

        If another version has become visible since the decision, the partition is judged again.
        """
        with self._step("settle"):
            for _ in range(RESTARTS):
                self._attempt, self._may_still_commit = inspection.attempt, True
                self._landed_at = inspection.landed_at
                try:
                    settled = settle.settle(self.today, self.compiled, inspection, ports=self.ports)
                except PartitionChanged as error:
                    again = self._inspect_again(error)
                else:
                    tell_of_run(settled.settlement, self.compiled, ports=self.ports)
                    return settled
                if isinstance(again, Settlement):
                    return Settled(settlement=again, is_new_version=False)
                inspection = again
            raise self._keeps_changing()

    @property
    def dataset(self) -> str:
        return self.compiled.dataset.name

    def _finish_others(self) -> None:
        remove_abandoned_spools(self.ports.spool_folder)
        repair(self.ports, own=self.today)
        watch_the_watch(self.ports)

    def _find_landed(self) -> Discovered | Settlement:
        landed = discover.find_landed(self.compiled.dataset, self.key, ports=self.ports)
        if isinstance(landed, Discovered):
            return landed
        discover.check_promised(self.compiled.dataset, self.key, ports=self.ports)
        return self._missing(landed)

    def _inspect(self, landed: Discovered) -> Inspection | Settlement:
        for _ in range(RESTARTS):
            try:
                return self._inspect_once(landed)
            except PartitionChanged as error:
                again = self._list_again(error)
            if isinstance(again, Settlement):
                return again
            landed = again
        raise self._keeps_changing()

    def _inspect_again(self, error: PartitionChanged) -> Inspection | Settlement:
        landed = self._list_again(error)
        return landed if isinstance(landed, Settlement) else self._inspect(landed)

    def _list_again(self, error: PartitionChanged) -> Discovered | Settlement:
        log.info("partition listed again partition=%s/%s why=%s", self.dataset, self.key, error)
        self._abandon_attempt()
        return self._find_landed()

    def _keeps_changing(self) -> PartitionChanged:
        return PartitionChanged(
            f"{self.dataset}/{self.key}: the partition changed {RESTARTS} times while it was judged; "
            "run it again once its producer has finished"
        )

    def _inspect_once(self, landed: Discovered) -> Inspection | Settlement:
        key, before = recorded(self.compiled, landed.partition, self.ports)
        if before is not None and not self.force:
            self.was_recorded = True
            return before
        standing = standing_version(self.dataset, self.key, ports=self.ports)
        self._landed_at = landed.partition.arrived_at
        if not self.force and standing is not None and self._stands(standing, landed):
            # Judging landing would undo what people did, although nothing new has landed.
            if not standing.row_count:
                self.was_recorded = True
                return standing.settlement
            source = Source(standing=standing, change=Change(), arrived_at=self._landed_at, is_asked=False)
            who, why = standing.people
            return self._judge_again(source, key, landed.seen_fence, who=who, why=why)
        attempt = self._open(landed.seen_fence, landed.partition.fingerprint, key)
        inspection = judge(self.compiled, landed.partition, attempt, ports=self.ports)
        return with_note(self._as_of_run(inspection), *undone(standing, landed.partition))

    def _stands(self, standing: Standing, landed: Discovered) -> bool:
        """Whether people made another version from the landed files, and its rows are where they were recorded."""
        if not standing.stands_for(landed.partition):
            return False
        try:
            own_rows(standing.settlement, self.ports.warehouse.current(self.compiled.table.name, self.key))
        except PartitionChanged as error:
            log.warning("replay not kept partition=%s/%s why=%s", self.dataset, self.key, error)
            return False
        return True

    def _judge_again(self, source: Source, landed_key: str, seen_fence: int, *, who: str, why: str) -> Inspection:
        """Judge the rows of the standing version under a new attempt."""
        standing = source.standing
        attempt = self._open(seen_fence, standing.fingerprint, replayed_key(source, landed_key))
        replay = Replay(
            attempt_id=attempt.id,
            dataset=self.dataset,
            partition_key=self.key,
            of_attempt=standing.settlement.attempt_id,
            fingerprint=standing.fingerprint,
            landed_key=landed_key,
            who=who,
            why=why,
            at=self.ports.clock.now(),
            change=source.sentence,
            is_replaced=source.change.file is not None,
            is_rollback=source.version is not None,
        )
        # Nobody can discard rows of an older attempt once this one is open, so these are all.
        discards = self.ports.ledger.discards(standing.settlement.attempt_id)
        source = source.model_copy(update={"standing": standing.model_copy(update={"discards": discards})})
        return self._as_of_run(judge_again(self.compiled, source, attempt, replay, ports=self.ports))

    def _open(self, seen_fence: int, fingerprint: str, key: str) -> Attempt:
        self._attempt = open_attempt(self.compiled, self._claim(seen_fence, fingerprint), key, self.ports)
        note(attempt=self._attempt.id)
        return self._attempt

    def _as_of_run(self, inspection: Inspection) -> Inspection:
        return inspection.model_copy(update={"is_backfill": self.is_backfill, "landed_at": self._landed_at})

    def _missing(self, absent: NotLanded) -> Settlement:
        return self._settle_unjudged(PartitionOutcome.MISSING, absent.why, seen_fence=absent.seen_fence)

    def _settle_unjudged(self, outcome: PartitionOutcome, why: str, *, seen_fence: int | None) -> Settlement:
        """Settle a partition that was not judged; the recorded settlement if its outcome is the same."""
        before = self.ports.ledger.outcome(self.dataset, self.key)
        if before is not None and (before.outcome, before.why) == (outcome, (why,)):
            self._abandon_attempt()
            return before
        if self._attempt:
            discard(self._attempt, self.ports, with_quarantine=True, may_still_commit=self._may_still_commit)
        attempt = self._attempt or open_attempt(self.compiled, self._claim(seen_fence), "", self.ports)
        began_at = self._landed_at
        if outcome is PartitionOutcome.MISSING:
            record_missing(self.compiled, attempt, ports=self.ports)
            began_at = overdue_at(self.compiled.dataset, self.key)
        settlement = unjudged(attempt, outcome=outcome, why=why, now=self.ports.clock.now())
        assessment = assess(settlement, self.compiled, self.ports, is_backfill=self.is_backfill, began_at=began_at)
        self.ports.ledger.settle(settlement, assessment)
        tell_of_run(settlement, self.compiled, ports=self.ports)
        self._attempt = None
        return settlement

    def _abandon_attempt(self) -> None:
        # The table has changed since then, so a commit whose answer was lost can no longer succeed.
        self._may_still_commit = False
        self._fail_attempt()

    def _fail_attempt(self) -> None:
        """End the attempt without an outcome."""
        if self._attempt is not None:
            discard(self._attempt, self.ports, with_quarantine=True, may_still_commit=self._may_still_commit)
            self.ports.ledger.advance(self._attempt.id, AttemptState.FAILED, now=self.ports.clock.now())
            self._attempt, self._may_still_commit = None, False

    def _claim(self, seen_fence: int | None, fingerprint: str = "") -> Claim:
        return Claim(
            dataset=self.dataset,
            partition_key=self.key,
            contract=self.compiled.contract.id,
            version=self.compiled.contract.version,
            seen_fence=seen_fence,
            owner=self.ports.workers.own,
            fingerprint=fingerprint,
        )

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        with fields_of(self.dataset, self.key), self.ports.telemetry.step(name, fields), self._errors_recorded():
            yield

    @contextmanager
    def _errors_recorded(self) -> Iterator[None]:
        try:
            yield
        except (NothingDue, NotRecorded):
            raise
        except GateError as error:
            self.errored = self._record(error)
            raise
        except OSError as error:
            refused = no_space(error)
            if refused is None:
                raise
            self.errored = self._record(refused)
            raise refused from error

    def _record(self, error: GateError) -> Settlement | None:
        """The ERRORED settlement; None if the ledger itself does not answer. The next run then repairs the attempt."""
        try:
            return self._settle_unjudged(PartitionOutcome.ERRORED, str(error), seen_fence=None)
        except GateError as unrecorded:
            log.error(  # noqa: TRY400 -- both messages are complete; the first error is raised with its traceback
                "outcome not recorded partition=%s/%s outcome=errored why=%s because=%s",
                *(self.dataset, self.key, error, unrecorded),
            )
            return None
