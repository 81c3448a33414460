"""The DAG's tasks: each opens the ports, does one step, and hands the next one plain JSON (no row values).

Arguments named `contract` are contract ids; what is returned is what XCom shows.
"""

from __future__ import annotations

import logging
from typing import Any

from partition_gate.compiling.compiled import CompiledContract
from partition_gate.contract.readiness import Missing, NotExpected, Ready
from partition_gate.errors import OperatorError
from partition_gate.gate import discover
from partition_gate.gate import inspect as gate_inspect
from partition_gate.gate import notify as gate_notify
from partition_gate.gate import report as gate_report
from partition_gate.gate import settle as gate_settle
from partition_gate.gate.dispose import Inspection
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import VISIBLE, PartitionOutcome
from partition_gate.partition import Partition
from partition_gate.settings import Settings, load_settings
from partition_gate.wiring import contract_folder, links_for, open_ports, published_tables

log = logging.getLogger(__name__)


def arrive(contract: str, key: str) -> dict[str, Any] | None:
    """`{"partition": ...}` when it is ready, None to look again later.

    `{"missing": why}` when it never came, `{"not_expected": why}` when nothing was promised for that period.
    """
    settings, compiled = _open(contract, key)
    with open_ports(settings) as ports:
        arrival = discover.arrive(compiled.contract, key, ports=ports)
        match arrival:
            case Ready(partition=partition):
                log.info("partition ready dataset=%s partition=%s files=%d", contract, key, len(partition.files))
                return {"partition": partition.model_dump(mode="json")}
            case NotExpected(why=why):
                log.info("partition not expected dataset=%s partition=%s why=%s", contract, key, why)
                return {"not_expected": why}
            case Missing(why=why):
                links = links_for(settings, contract, key, "")
                gate_settle.settle_unjudged(
                    compiled, key, outcome=PartitionOutcome.MISSING, why=why, ports=ports, links=links
                )
                log.info("partition missing dataset=%s partition=%s why=%s", contract, key, why)
                return {"missing": why}
        log.info("partition waited for dataset=%s partition=%s why=%s", contract, key, arrival.why)
        return None


def inspect(contract: str, partition: dict[str, Any]) -> dict[str, Any]:
    """`{"inspection": ...}`, or `{"settlement": ...}` when these bytes were settled before.

    Raises:
        OperatorError: it could not be judged; recorded as ERRORED, and the task is red.
    """
    found = Partition.model_validate(partition)
    settings, compiled = _open(contract, found.key)
    with open_ports(settings) as ports:
        try:
            inspection = gate_inspect.inspect(compiled, found, ports=ports)
        except OperatorError as error:
            links = links_for(settings, contract, found.key, "")
            gate_settle.settle_unjudged(
                compiled, found.key, outcome=PartitionOutcome.ERRORED, why=str(error), ports=ports, links=links
            )
            raise
    name = "settlement" if isinstance(inspection, Settlement) else "inspection"
    return {name: inspection.model_dump(mode="json")}


def settle(contract: str, inspected: dict[str, Any]) -> dict[str, Any]:
    """The settlement, with `published` telling whether new rows became visible."""
    if "settlement" in inspected:
        return {**inspected["settlement"], "published": False}
    inspection = Inspection.model_validate(inspected["inspection"])
    attempt = inspection.attempt
    settings, compiled = _open(contract, attempt.partition_key)
    with open_ports(settings) as ports:
        settlement = gate_settle.settle(
            compiled,
            inspection,
            ports=ports,
            tables=published_tables(contract_folder(settings).load_all()),
            links=links_for(settings, attempt.dataset, attempt.partition_key, attempt.id),
        )
    log.info(
        "partition settled partition=%s/%s outcome=%s rows_in=%d rows_published=%d rows_quarantined=%d",
        settlement.dataset,
        settlement.partition_key,
        settlement.outcome.value,
        settlement.rows_in,
        settlement.rows_published,
        settlement.rows_quarantined,
    )
    return {**settlement.model_dump(mode="json"), "published": settlement.outcome in VISIBLE}


def report(contract: str, attempt_id: str) -> str | None:
    """The address of the attempt's page."""
    settings = load_settings()
    with open_ports(settings) as ports:
        settlement = ports.ledger.settlement(attempt_id)
        if settlement is None:
            return None
        compiled = contract_folder(settings).load(contract).in_force(settlement.partition_key)
        if gate_report.report(compiled, settlement, ports=ports) is None:
            return None
        return links_for(settings, settlement.dataset, settlement.partition_key, attempt_id).docs


def notify() -> dict[str, Any]:
    """What became of the messages that waited: counts, and why some still wait."""
    with open_ports() as ports:
        delivery = gate_notify.notify(ports.ledger, ports.notifier, ports.clock)
    return delivery.model_dump(mode="json")


def _open(contract: str, key: str) -> tuple[Settings, CompiledContract]:
    """The version of the contract that judges the partition."""
    settings = load_settings()
    return settings, contract_folder(settings).load(contract).in_force(key)
