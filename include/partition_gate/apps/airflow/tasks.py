"""The tasks of the DAG. Each opens the ports, runs one step of the pipeline, and returns a record for the next task.

The record is JSON in XCom and contains no values of rows. Its `note`, if it has one, is the note of the task and of the
run. Arguments named `dataset` are `CONTRACT`, or `CONTRACT/DATASET` if the contract has several datasets.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from partition_gate.apps.airflow.links import console_address, partition_address
from partition_gate.apps.airflow.notes import note_of, said
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.readiness import NotExpected, Wait
from partition_gate.core.errors import CannotAct, GateError, InvalidSetting
from partition_gate.core.record import Record
from partition_gate.gate.asked_run import Asked
from partition_gate.gate.discover import Discovered
from partition_gate.gate.dispose import Inspection
from partition_gate.gate.dry_run import dry_run
from partition_gate.gate.operations import record_decision
from partition_gate.gate.pipeline import PartitionRun
from partition_gate.gate.replay import ReplayRequest, ReplayRun
from partition_gate.gate.reports import write_report
from partition_gate.gate.rollback import RollbackRun
from partition_gate.gate.run_context import deliver, fields_of, note
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.replay import Action, Change, assignment
from partition_gate.judging.verdict import CheckOutcome
from partition_gate.ports import Ports
from partition_gate.settings import load_settings
from partition_gate.wiring import open_ports

log = logging.getLogger(__name__)

_ONLY_DRY = (
    "a version of the contract can be chosen for a dry run only; which one judges a partition for real is decided by "
    "`effectiveFrom` in the contract"
)


class RunOptions(Record):
    """How a run was started. `contract_version`: of a dry run; empty: the version in force.

    A backfill of an old partition notifies in the digest only. `force` as in `PartitionRun`. `assignments` and `where`
    are for a replay (`judging.replay.Change`; with a recovery function only `where`), `to` is the attempt of a rollback
    (empty: the version before).
    """

    is_backfill: bool = False
    force: bool = False
    dry_run: bool = False
    contract_version: str = ""
    action: Action = Action.JUDGE
    why: str = ""
    who: str = ""
    assignments: tuple[str, ...] = ()
    where: str = ""
    to: str = ""


_AS_SCHEDULED = RunOptions()
# Rows of older attempts, so that nothing is awaited.
_ASKED = (Action.REPLAY, Action.RECOVER, Action.ROLL_BACK)


def arrive(dataset: str, key: str, options: RunOptions = _AS_SCHEDULED) -> dict[str, Any] | None:
    """`{"discovered": ...}` if the partition is ready, None to look again later.

    `{"asked": key}` at once if a person wants rows of an older attempt. A decision about a held version is recorded.

    `{"missing": why, "note": ...}` if it did not arrive before the deadline, `{"not_expected": why}` if nothing was
    promised for its period, `{"dry_run": key}` at once for a dry run. `key` may be any spelling of a partition key.

    Raises:
        MalformedPartitionKey: the key cannot exist; nothing is recorded.
        InvalidSetting: the options do not go together.
        CannotAct: there is no held version to decide about.
    """
    _check(options)
    if options.dry_run:
        return {"dry_run": key}
    if options.action in _ASKED:
        return {"asked": key}
    with _run(dataset, key, options) as run:
        if options.action is not Action.JUDGE:
            approved = options.action is Action.APPROVE
            record_decision(run.today, key, is_approved=approved, who=options.who, why=options.why, ports=run.ports)
        match run.arrive():
            case Discovered() as ready:
                log.info("partition ready dataset=%s partition=%s files=%d", dataset, key, len(ready.partition.files))
                return {"discovered": ready.model_dump(mode="json")}
            case NotExpected(why=why):
                log.info("partition not expected dataset=%s partition=%s why=%s", dataset, key, why)
                return {"not_expected": why}
            case Settlement(why=why):
                log.info("partition missing dataset=%s partition=%s why=%s", dataset, key, why)
                page = partition_address(console_address(), {"dataset": run.dataset, "partition_key": run.key})
                return {"missing": "; ".join(why), "note": said("missing", reasons=why, address=page)}
            case Wait(why=why):
                log.info("partition not ready dataset=%s partition=%s why=%s", dataset, key, why)
    return None


def inspect(dataset: str, arrival: dict[str, Any], options: RunOptions = _AS_SCHEDULED) -> dict[str, Any]:
    """`{"inspection": ...}`, or `{"settlement": ...}` if these bytes were settled before.

    `{"skipped": why}` if there is nothing to settle: nothing arrived, or this is a dry run.

    Raises:
        GateError: the partition could not be judged. It is recorded as ERRORED, and the task fails.
    """
    if "dry_run" in arrival:
        return _dry_run(dataset, arrival["dry_run"], options)
    if "asked" in arrival:
        return _inspect_asked(dataset, arrival["asked"], options)
    if "missing" in arrival:
        return {"skipped": f"MISSING: {arrival['missing']}", "note": arrival["note"]}
    if "discovered" not in arrival:
        return {"skipped": f"not expected: {arrival['not_expected']}"}
    ready = Discovered.model_validate(arrival["discovered"])
    with _run(dataset, ready.partition.key, options) as run:
        return _inspected(run, ready)


def _inspect_asked(dataset: str, key: str, options: RunOptions) -> dict[str, Any]:
    with _run(dataset, key, options) as run:
        found = run.find_landed()
        if isinstance(found, Settlement):
            return {"settlement": found.model_dump(mode="json")}
        return _inspected(run, found)


def _inspected(run: PartitionRun, found: Discovered) -> dict[str, Any]:
    inspected = run.inspect(found)
    if isinstance(inspected, Inspection):
        run.ports.ledger.hand_over(inspected.attempt.id)
    name = "settlement" if isinstance(inspected, Settlement) else "inspection"
    return {name: inspected.model_dump(mode="json")}


def _dry_run(dataset: str, key: str, options: RunOptions) -> dict[str, Any]:
    with open_ports() as ports:
        judged = dry_run(ports.contracts.load(dataset), key, ports=ports, version=options.contract_version)
    settlement = judged.settlement
    for result in judged.results:
        if result.outcome is not CheckOutcome.PASSED:
            log.info("check %s rule=%s observed=%s", result.outcome.value, result.rule_id, result.finding)
    words = f"dry run, contract {settlement.version}: it would be {settlement.outcome.value.replace('_', ' ')}"
    rows = f"{settlement.rows_published:,} of {settlement.rows_in:,} rows would be published"
    return {"skipped": f"{words}; {rows}", "note": said(words, rows, reasons=settlement.why)}


def settle(dataset: str, inspected: dict[str, Any], options: RunOptions = _AS_SCHEDULED) -> dict[str, Any]:
    """The settlement, with three more keys.

    `published`: whether new rows became visible. `view_problem`: why the consumers' file does not show them yet, or
    None. The task succeeds in both cases, because the next run refreshes the file. `note`: see the top.
    """
    if "settlement" in inspected:
        return _noted({**inspected["settlement"], "published": False, "view_problem": None})
    inspection = Inspection.model_validate(inspected["inspection"])
    with _run(dataset, inspection.attempt.partition_key, options) as run:
        note(attempt=inspection.attempt.id)
        settled = run.settle(inspection)
        settlement = settled.settlement
        log.info(
            "partition settled partition=%s/%s outcome=%s rows_in=%d rows_published=%d rows_quarantined=%d",
            *(settlement.dataset, settlement.partition_key, settlement.outcome.value),
            *(settlement.rows_in, settlement.rows_published, settlement.rows_quarantined),
        )
    extra = {"published": settled.is_new_version, "view_problem": settled.view_problem}
    return _noted({**settlement.model_dump(mode="json"), **extra})


def _noted(settlement: dict[str, Any]) -> dict[str, Any]:
    return {**settlement, "note": note_of(settlement, partition_address(console_address(), settlement))}


def report(attempt_id: str) -> str | None:
    """The address of the attempt's report page; None if there is no page, or it cannot be written."""
    settings = load_settings()
    with open_ports(settings) as ports, ports.telemetry.joined(_run_of_airflow()):
        settlement = ports.ledger.settlement(attempt_id)
        if settlement is None:
            return None
        try:
            with fields_of(settlement.dataset, settlement.partition_key):
                note(attempt=attempt_id)
                page = write_report(settlement, ports=ports)
        except GateError as error:  # the outcome is recorded, so a missing page must not fail the task
            log.warning("report not written attempt=%s why=%s", attempt_id, error)
            return None
        if page is None:
            return None
        return ports.links(settlement.dataset, settlement.partition_key, attempt_id).docs


def notify() -> dict[str, Any]:
    """Deliver the waiting messages: how many were sent, and why some still wait."""
    with open_ports() as ports, ports.telemetry.joined(_run_of_airflow()):
        return deliver(ports).model_dump(mode="json")


@contextmanager
def _run(dataset: str, key: str, options: RunOptions = _AS_SCHEDULED) -> Iterator[PartitionRun]:
    with open_ports() as ports, ports.telemetry.joined(_run_of_airflow()):
        run = _run_for(ports.contracts.load(dataset), key, options, ports)
        with fields_of(run.dataset, run.key):
            yield run


def _run_for(today: CompiledDataset, key: str, options: RunOptions, ports: Ports) -> PartitionRun:
    asked = Asked(who=options.who, why=options.why)
    if options.action is Action.ROLL_BACK:
        return RollbackRun(today, key, asked, to=options.to, ports=ports)
    if options.action in {Action.REPLAY, Action.RECOVER}:
        request = ReplayRequest(change=_change(today, options), **dict(asked))
        return ReplayRun(today, key, request, ports=ports)
    started = {"is_backfill": options.is_backfill, "force": options.force}
    return PartitionRun(today, key, ports=ports, **started)


def _change(today: CompiledDataset, options: RunOptions) -> Change:
    """What a replay changes. Raises: CannotAct (the contract names no recovery function)."""
    if options.action is Action.REPLAY:
        return Change(where=options.where, assignments=tuple(map(assignment, options.assignments)))
    if not today.dataset.limits.recover:
        how = "add customProperties: [{property: recover, value: module:function}]"
        raise CannotAct(f"the contract of {today.dataset.qualified_name} names no recovery function; {how}")
    return Change(where=options.where, recover=today.dataset.limits.recover)


def _run_of_airflow() -> str:
    """The run of the DAG that this task belongs to, so that its tasks share a trace; empty outside of a task."""
    from airflow.sdk import get_current_context  # noqa: PLC0415 -- these functions are called without Airflow, too

    try:
        run = get_current_context()["dag_run"]
    except RuntimeError:
        return ""
    return f"{run.dag_id}/{run.run_id}"


def _check(options: RunOptions) -> None:
    """Raise InvalidSetting if the options do not go together."""
    if options.contract_version and not options.dry_run:
        raise InvalidSetting(_ONLY_DRY)
    if options.action is Action.JUDGE:
        return
    if options.dry_run or options.force:
        raise InvalidSetting(f"{options.action.value}: leave `dry_run` and `force` off, which are for landed files")
    if options.action is Action.RECOVER and options.assignments:
        raise InvalidSetting(f"{options.action.value}: leave `assignments` empty; the function makes the new values")
    if not options.why.strip():
        raise InvalidSetting(f"{options.action.value}: say why; the reason is kept with your name")
