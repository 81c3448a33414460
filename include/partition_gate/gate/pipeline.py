"""One partition, from landing to a settled outcome: the steps, and the one policy for errors.

Airflow's tasks and `gate run` both go through here. A step that fails with a GateError ends the attempt as ERRORED,
recorded and told, and raises the error again, so that a task is red. After the commit nothing is ERRORED any more: the
rows are visible, and what is left to do is finished by `repair`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from partition_gate.alerts.alert import alerts_for
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.readiness import NotExpected, Wait
from partition_gate.core.errors import GateError, NothingDue, NotRecorded, PartitionChanged
from partition_gate.core.record import Record
from partition_gate.gate import discover, settle
from partition_gate.gate.discover import Discovered, NeverCame
from partition_gate.gate.dispose import Inspection
from partition_gate.gate.inspect import judge, open_attempt, recorded
from partition_gate.gate.local_folders import no_space
from partition_gate.gate.repair import repair
from partition_gate.gate.settle import Settled, discard, unjudged
from partition_gate.gate.spool import sweep_spool
from partition_gate.judging.attempt import Attempt, AttemptState, Claim, Settlement
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.ports import Ports

log = logging.getLogger(__name__)

RESTARTS = 5


class RunResult(Record):
    """A partition's settlement; `already`: an earlier run recorded it, and nothing was changed.

    `view_problem`: why consumers do not see it yet, though it is published (`Settled`).
    """

    settlement: Settlement
    already: bool
    view_problem: str | None = None


def run_partition(today: CompiledDataset, key: str, *, ports: Ports) -> RunResult:
    """What became of the partition, judged now: always recorded, also where it could not be judged.

    Raises:
        MalformedPartitionKey, NothingDue: the key was mistyped; nothing is recorded.
        NotRecorded: the rows are visible, but the ledger could not be told.
        OperatorError: the ledger does not answer, so that nothing can be recorded.
    """
    run = PartitionRun(today, key, ports=ports)
    try:
        found = run.look()
        if isinstance(found, Settlement):
            return RunResult(settlement=found, already=False)
        inspected = run.inspect(found)
        if isinstance(inspected, Settlement):
            return RunResult(settlement=inspected, already=run.was_recorded)
        settled = run.settle(inspected)
        _report(run, settled.settlement)
        return RunResult(settlement=settled.settlement, already=False, view_problem=settled.view_problem)
    except GateError:
        if run.errored is None:
            raise
        return RunResult(settlement=run.errored, already=False)


def _report(run: PartitionRun, settlement: Settlement) -> None:
    # The outcome stands, whatever becomes of its page.
    try:
        report(settlement, ports=run.ports)
    except GateError as error:
        log.warning("report not written attempt=%s why=%s", settlement.attempt_id, error)


class PartitionRun:
    """The steps of one partition under one contract. `today` is its newest version; `compiled` the one that judges.

    `key` may be any spelling of a partition key: everything is done and recorded under the canonical one.
    MalformedPartitionKey is raised here, before anything is listed or recorded.
    `errored` is the settlement of a step that failed, `was_recorded` says that an earlier run's was returned.
    """

    def __init__(self, today: CompiledDataset, key: str, *, ports: Ports) -> None:
        self.key, self.ports = today.dataset.location.key(key), ports
        self.today, self.compiled = today, today.in_force(self.key)
        self.errored: Settlement | None = None
        self.was_recorded = False
        self._attempt: Attempt | None = None
        self._may_still_commit = False

    def arrive(self) -> Discovered | Settlement | Wait | NotExpected:
        """The partition when it is ready; MISSING, settled, when it did not come by its deadline."""
        with self._errors_recorded():
            self._finish_others()
            found = discover.arrive(self.compiled.dataset, self.key, ports=self.ports)
            return self._missing(found) if isinstance(found, NeverCame) else found

    def look(self) -> Discovered | Settlement:
        """What is there now; MISSING, settled, where nothing is although it was promised. A person asked."""
        with self._errors_recorded():
            self._finish_others()
            return self._look()

    def inspect(self, found: Discovered) -> Inspection | Settlement:
        """The decision with the rows staged; or the recorded settlement, where these very bytes are the outcome.

        A partition that is replaced while it is read, or that somebody else began to judge since it was listed, is
        listed and judged again.
        """
        with self._errors_recorded():
            return self._inspect(found)

    def settle(self, inspection: Inspection) -> Settled:
        """The outcome made true: published in one commit, or rejected, held, superseded or errored; recorded, told.

        Where another version became visible since it was judged, it is judged again.
        """
        with self._errors_recorded():
            for _ in range(RESTARTS):
                self._attempt, self._may_still_commit = inspection.attempt, True
                try:
                    return settle.settle(self.today, self.compiled, inspection, ports=self.ports)
                except PartitionChanged as error:
                    again = self._judged_again(error)
                if isinstance(again, Settlement):
                    return Settled(settlement=again, is_new_version=False)
                inspection = again
            raise self._never_at_rest()

    @property
    def dataset(self) -> str:
        return self.compiled.dataset.name

    def _finish_others(self) -> None:
        sweep_spool(self.ports.spool_folder)
        repair(self.ports, own=self.today)

    def _look(self) -> Discovered | Settlement:
        found = discover.look(self.compiled.dataset, self.key, ports=self.ports)
        if isinstance(found, Discovered):
            return found
        discover.check_promised(self.compiled.dataset, self.key, ports=self.ports)
        return self._missing(found)

    def _inspect(self, found: Discovered) -> Inspection | Settlement:
        for _ in range(RESTARTS):
            try:
                return self._inspect_once(found)
            except PartitionChanged as error:
                again = self._listed_again(error)
            if isinstance(again, Settlement):
                return again
            found = again
        raise self._never_at_rest()

    def _judged_again(self, error: PartitionChanged) -> Inspection | Settlement:
        found = self._listed_again(error)
        return found if isinstance(found, Settlement) else self._inspect(found)

    def _listed_again(self, error: PartitionChanged) -> Discovered | Settlement:
        log.info("partition listed again partition=%s/%s why=%s", self.dataset, self.key, error)
        self._give_up_attempt()
        return self._look()

    def _never_at_rest(self) -> PartitionChanged:
        return PartitionChanged(
            f"{self.dataset}/{self.key}: it changed {RESTARTS} times while it was judged; "
            "run it again when its producer has finished"
        )

    def _inspect_once(self, found: Discovered) -> Inspection | Settlement:
        key, before = recorded(self.compiled, found.partition, self.ports)
        if before is not None:
            self.was_recorded = True
            return before
        attempt = open_attempt(self.compiled, self._claim(found.seen_fence), key, self.ports)
        self._attempt = attempt
        return judge(self.compiled, found.partition, attempt, ports=self.ports)

    def _missing(self, found: NeverCame) -> Settlement:
        return self._settle_unjudged(PartitionOutcome.MISSING, found.why, seen_fence=found.seen_fence)

    def _settle_unjudged(self, outcome: PartitionOutcome, why: str, *, seen_fence: int | None) -> Settlement:
        """The settlement of what was not judged; the recorded one where the outcome is the same already."""
        before = self.ports.ledger.outcome(self.dataset, self.key)
        if before is not None and (before.outcome, before.why) == (outcome, (why,)):
            self._give_up_attempt()
            return before
        if self._attempt:
            discard(self._attempt, self.ports, with_quarantine=True, may_still_commit=self._may_still_commit)
        attempt = self._attempt or open_attempt(self.compiled, self._claim(seen_fence), "", self.ports)
        settlement = unjudged(attempt, outcome=outcome, why=why, now=self.ports.clock.now())
        links = self.ports.links(self.dataset, self.key, "")
        self.ports.ledger.settle(settlement, alerts_for(settlement, (), self.compiled.dataset, links))
        self._attempt = None
        return settlement

    def _give_up_attempt(self) -> None:
        if self._attempt is not None:
            # The table has changed since, so a commit whose answer was lost can no longer be carried out.
            discard(self._attempt, self.ports, with_quarantine=True)
            self.ports.ledger.advance(self._attempt.id, AttemptState.FAILED, now=self.ports.clock.now())
            self._attempt, self._may_still_commit = None, False

    def _claim(self, seen_fence: int | None) -> Claim:
        return Claim(
            dataset=self.dataset,
            partition_key=self.key,
            contract=self.compiled.contract.id,
            version=self.compiled.contract.version,
            seen_fence=seen_fence,
            owner=self.ports.workers.own,
        )

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
        """The ERRORED settlement; None where the ledger itself does not answer, which the next run then repairs."""
        try:
            return self._settle_unjudged(PartitionOutcome.ERRORED, str(error), seen_fence=None)
        except GateError as unrecorded:
            log.error(  # noqa: TRY400 -- both texts say all; the first error is raised with its traceback
                "outcome not recorded partition=%s/%s outcome=errored why=%s because=%s",
                *(self.dataset, self.key, error, unrecorded),
            )
            return None


def report(settlement: Settlement, *, ports: Ports) -> str | None:
    """The attempt's Data Docs page, as a path below the site's root; None where nothing was validated."""
    document = ports.ledger.document(settlement.attempt_id)
    if document is None:
        return None
    words = settlement.outcome.value.replace("_", " ")
    title = f"{settlement.dataset} {settlement.partition_key}: {words} (contract {settlement.version})"
    return ports.docs.write_page(settlement.attempt_id, document, title=title)
