"""The tasks of the DAG. Each opens the ports, runs one step of the pipeline, and returns a record for the next task.

The record is JSON in XCom and contains no values of rows. Arguments named `dataset` are
`CONTRACT`, or `CONTRACT/DATASET` if the contract has several datasets.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from partition_gate.contract.readiness import NotExpected, Wait
from partition_gate.core.errors import GateError
from partition_gate.gate import notify as gate_notify
from partition_gate.gate.discover import Discovered
from partition_gate.gate.dispose import Inspection
from partition_gate.gate.pipeline import PartitionRun
from partition_gate.gate.pipeline import report as write_report
from partition_gate.judging.attempt import Settlement
from partition_gate.settings import load_settings
from partition_gate.wiring import open_ports

log = logging.getLogger(__name__)


def arrive(dataset: str, key: str, *, is_backfill: bool = False) -> dict[str, Any] | None:
    """`{"discovered": ...}` if the partition is ready, None to look again later.

    `{"missing": why}` if it did not arrive before the deadline, `{"not_expected": why}` if nothing was promised for its
    period. `key` may be any spelling of a partition key. A backfill of an old partition notifies in the digest only.

    Raises:
        MalformedPartitionKey: the key cannot exist; nothing is recorded.
    """
    with _run(dataset, key, is_backfill=is_backfill) as run:
        match run.arrive():
            case Discovered() as ready:
                log.info("partition ready dataset=%s partition=%s files=%d", dataset, key, len(ready.partition.files))
                return {"discovered": ready.model_dump(mode="json")}
            case NotExpected(why=why):
                log.info("partition not expected dataset=%s partition=%s why=%s", dataset, key, why)
                return {"not_expected": why}
            case Settlement(why=why):
                log.info("partition missing dataset=%s partition=%s why=%s", dataset, key, why)
                return {"missing": "; ".join(why)}
            case Wait(why=why):
                log.info("partition not ready dataset=%s partition=%s why=%s", dataset, key, why)
    return None


def inspect(dataset: str, discovered: dict[str, Any], *, is_backfill: bool = False) -> dict[str, Any]:
    """`{"inspection": ...}`, or `{"settlement": ...}` if these bytes were settled before.

    Raises:
        GateError: the partition could not be judged. It is recorded as ERRORED, and the task fails.
    """
    ready = Discovered.model_validate(discovered)
    with _run(dataset, ready.partition.key, is_backfill=is_backfill) as run:
        inspected = run.inspect(ready)
        if isinstance(inspected, Inspection):
            run.ports.ledger.hand_over(inspected.attempt.id)
    name = "settlement" if isinstance(inspected, Settlement) else "inspection"
    return {name: inspected.model_dump(mode="json")}


def settle(dataset: str, inspected: dict[str, Any]) -> dict[str, Any]:
    """The settlement, with two more keys.

    `published`: whether new rows became visible. `view_problem`: why the consumers' file does not show them yet, or
    None. The task succeeds in both cases, because the next run refreshes the file.
    """
    if "settlement" in inspected:
        return {**inspected["settlement"], "published": False, "view_problem": None}
    inspection = Inspection.model_validate(inspected["inspection"])
    with _run(dataset, inspection.attempt.partition_key) as run:
        settled = run.settle(inspection)
    settlement = settled.settlement
    log.info(
        "partition settled partition=%s/%s outcome=%s rows_in=%d rows_published=%d rows_quarantined=%d",
        settlement.dataset,
        settlement.partition_key,
        settlement.outcome.value,
        settlement.rows_in,
        settlement.rows_published,
        settlement.rows_quarantined,
    )
    extra = {"published": settled.is_new_version, "view_problem": settled.view_problem}
    return {**settlement.model_dump(mode="json"), **extra}


def report(attempt_id: str) -> str | None:
    """The address of the attempt's report page; None if there is no page, or it cannot be written."""
    settings = load_settings()
    with open_ports(settings) as ports:
        settlement = ports.ledger.settlement(attempt_id)
        if settlement is None:
            return None
        try:
            page = write_report(settlement, ports=ports)
        except GateError as error:  # the outcome is recorded, so a missing page must not fail the task
            log.warning("report not written attempt=%s why=%s", attempt_id, error)
            return None
        if page is None:
            return None
        return ports.links(settlement.dataset, settlement.partition_key, attempt_id).docs


def notify() -> dict[str, Any]:
    """Deliver the waiting messages: how many were sent, and why some still wait."""
    with open_ports() as ports:
        times = gate_notify.DeliveryTimes(drain=ports.drain_limit)
        delivery = gate_notify.notify(ports.ledger, ports.notifier, ports.clock, times=times)
    return delivery.model_dump(mode="json")


@contextmanager
def _run(dataset: str, key: str, *, is_backfill: bool = False) -> Iterator[PartitionRun]:
    with open_ports() as ports:
        yield PartitionRun(ports.contracts.load(dataset), key, ports=ports, is_backfill=is_backfill)
