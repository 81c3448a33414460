"""Which partition and attempt the code works on now, for the lines of the log and the spans of a trace."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from partition_gate.gate.notify import Delivery, DeliveryTimes, notify
from partition_gate.judging.attempt import Settlement
from partition_gate.ports import Ports

log = logging.getLogger(__name__)

FIELDS = ("dataset", "partition", "attempt", "outcome")
# structlog adds every context variable with this prefix to its lines: with them, Airflow's logs have the fields too.
_PREFIX = "structlog_"
_VARIABLES: Mapping[str, ContextVar[str]] = {name: ContextVar(f"{_PREFIX}{name}", default="") for name in FIELDS}


def fields() -> dict[str, str]:
    """The fields that are known now, without values of rows."""
    return {name: value for name, variable in _VARIABLES.items() if (value := variable.get())}


def note(**known: str) -> None:
    """From now on, these fields have these values. Raises: KeyError (a name that is not in FIELDS)."""
    for name, value in known.items():
        _VARIABLES[name].set(value)


@contextmanager
def run_of(dataset: str, key: str, ports: Ports) -> Iterator[None]:
    """One run of a partition: its steps have one root. Within a run of the same partition, it changes nothing."""
    if _is_known(dataset, key):
        yield
        return
    with fields_of(dataset, key), ports.telemetry.step("run", fields):
        yield


@contextmanager
def fields_of(dataset: str, key: str) -> Iterator[None]:
    """Work on a partition: its fields are forgotten afterwards. Within work on the same one, it changes nothing."""
    if _is_known(dataset, key):
        yield
        return
    before = fields()
    note(**dict.fromkeys(FIELDS, ""))
    note(dataset=dataset, partition=key)
    try:
        yield
    finally:
        note(**{name: before.get(name, "") for name in FIELDS})


def _is_known(dataset: str, key: str) -> bool:
    known = fields()
    return (known.get("dataset"), known.get("partition")) == (dataset, key)


def deliver(ports: Ports) -> Delivery:
    """Deliver the waiting messages, as one step."""
    with ports.telemetry.step("notify", fields):
        return notify(ports.ledger, ports.notifier, ports.clock, times=DeliveryTimes(drain=ports.drain_limit))


def ended(settlement: Settlement, ports: Ports) -> None:
    """An attempt was settled: its outcome is logged, counted, and in the fields of its own run; a repair settles those
    of other runs, too.
    """
    with fields_of(settlement.dataset, settlement.partition_key):
        note(attempt=settlement.attempt_id, outcome=settlement.outcome.value)
        log.info(
            "attempt settled partition=%s/%s outcome=%s",
            *(settlement.dataset, settlement.partition_key, settlement.outcome.value),
        )
    ports.telemetry.settled(settlement)
