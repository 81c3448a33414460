"""The protocols through which the gate reaches the outside world. Fakes and adapters pass the same behaviour suites."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Protocol

from partition_gate.alerts.alert import Links
from partition_gate.judging.retention import KeptFor
from partition_gate.ports.clock import Clock
from partition_gate.ports.contracts import Contracts
from partition_gate.ports.docs import DocsSite
from partition_gate.ports.ledger import Ledger
from partition_gate.ports.notifier import Notifier
from partition_gate.ports.rework import Rework
from partition_gate.ports.run_events import RunEvents
from partition_gate.ports.store import ObjectStore
from partition_gate.ports.telemetry import Telemetry
from partition_gate.ports.validator import Validator
from partition_gate.ports.warehouse import Warehouse
from partition_gate.ports.workers import Workers


class Ports(Protocol):
    """Everything the gate acts through. The wiring builds each port on first use, once."""

    @property
    def clock(self) -> Clock: ...

    @property
    def store(self) -> ObjectStore: ...

    @property
    def validator(self) -> Validator: ...

    @property
    def rework(self) -> Rework: ...

    @property
    def warehouse(self) -> Warehouse: ...

    @property
    def ledger(self) -> Ledger: ...

    @property
    def run_events(self) -> RunEvents: ...

    @property
    def telemetry(self) -> Telemetry: ...

    @property
    def docs(self) -> DocsSite: ...

    @property
    def notifier(self) -> Notifier: ...

    @property
    def contracts(self) -> Contracts: ...

    @property
    def workers(self) -> Workers: ...

    def links(self, dataset: str, key: str, attempt_id: str) -> Links:
        """Links to an attempt of a partition; `attempt_id` is empty if nothing was judged."""

    @property
    def operators_channel(self) -> str:
        """The Slack channel of the people who run the gate; empty if there is none."""
        ...

    @property
    def drain_limit(self) -> timedelta:
        """How long a drain may start new deliveries."""
        ...

    @property
    def versions_kept(self) -> timedelta:
        """How long a replaced version can come back."""
        ...

    @property
    def kept_for(self) -> KeptFor:
        """How long reports, quarantined rows and recorded details are kept."""
        ...

    @property
    def spool_folder(self) -> Path:
        """The folder for private copies of partitions while they are judged."""
