"""The data that the pages of the console need, as a protocol."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from partition_gate.apps.web.contract_details import ContractDetails
from partition_gate.apps.web.dataset_history import DatasetHistory
from partition_gate.apps.web.overview import Filters, Overview
from partition_gate.core.record import Record
from partition_gate.incidents.actions import Action
from partition_gate.incidents.model import Event, Incident, Thread
from partition_gate.judging.attempt import OutboxEntry, Settlement
from partition_gate.judging.lineage import PartitionLineage
from partition_gate.judging.quarantine import QuarantineSample
from partition_gate.judging.verdict import CheckResult


class ContractSummary(Record):
    """A usable dataset of a contract, in short. `id` and `path` are the contract's, `dag` is the id of its DAG."""

    id: str
    version: str
    dataset: str
    dag: str
    status: str
    owner: str
    description: str
    path: str


class BrokenContract(Record):
    """A contract file that cannot be used. `problem` says why, with one line per problem."""

    id: str
    file: str
    problem: str


class Attempts(Record):
    """How the attempts of a partition ended, the newest last; `not_passed` are their check results other than passed.

    `before` and `after` are the keys of the partitions beside it. `recover` is the function that the contract names for
    its quarantined rows.
    """

    settlements: tuple[Settlement, ...] = ()
    not_passed: Mapping[str, tuple[CheckResult, ...]] = {}
    before: str | None = None
    after: str | None = None
    recover: str = ""


class IncidentDetails(NamedTuple):
    """An incident with its history (oldest first), the threads in which people were told, and the time now."""

    incident: Incident
    events: tuple[Event, ...]
    threads: tuple[Thread, ...]
    now: datetime


class Console(Protocol):
    """It only reads, except for `act`. Every method may be called from any thread."""

    def docs_file(self, path: str) -> bytes | None:
        """A file of the Data Docs site; None if there is none."""

    def overview(self, filters: Filters) -> Overview:
        """One page of the usable datasets."""

    def recorded(self, dataset: str) -> tuple[Settlement, ...]:
        """The outcomes of the partitions with the last keys, by key; also without a usable contract."""

    def outcome(self, dataset: str, partition_key: str) -> Settlement | None:
        """The newest settlement of one partition."""

    def watch_problem(self) -> str | None:
        """A sentence if the watch does not run although an active contract needs it; None if it runs."""

    def undelivered(self) -> tuple[str, ...]:
        """A sentence for each tool whose messages have waited for too long."""

    def contracts(self) -> tuple[ContractSummary, ...]:
        """The usable datasets, sorted by the contract's id."""

    def broken_contracts(self) -> tuple[BrokenContract, ...]: ...

    def dataset(self, name: str, *, up_to: str | None) -> DatasetHistory | None:
        """The newest partitions of a usable dataset, or those up to a key; None if there is no such dataset."""

    def contract_text(self, contract_id: str) -> str | None:
        """The YAML text of a contract, usable or not; None if there is no such file."""

    def contract_details(self, contract_id: str) -> ContractDetails | None:
        """Owners, coverage and versions; None for a contract that cannot be used."""

    def settlement(self, attempt_id: str) -> Settlement | None: ...

    def attempts(self, dataset: str, partition_key: str) -> Attempts:
        """Every attempt of a partition, and the partitions beside it."""

    def lineage(self, settlement: Settlement) -> PartitionLineage:
        """The attempt, those that its rows come from, and what refers to its dataset; Airflow is not asked."""

    def results(self, attempt_id: str) -> tuple[CheckResult, ...]: ...

    def messages(self, attempt_id: str | None = None) -> tuple[OutboxEntry, ...]:
        """Outbox entries, newest first."""

    def incidents(self) -> tuple[Incident, ...]:
        """The incidents that are not resolved, the worst first."""

    def incident(self, number: int) -> IncidentDetails | None: ...

    def act(self, number: int, action: Action) -> None:
        """Acknowledge, mute or resolve an incident. Raises: CannotAct."""

    def quarantine_sample(self, attempt_id: str, *, limit: int) -> QuarantineSample | None:
        """The first rows, masked; None if the attempt quarantined nothing. Raises: OperatorError."""


def dag_of(console: Console, dataset: str) -> str:
    """The id of a dataset's DAG; empty if no usable contract has the dataset."""
    return next((each.dag for each in console.contracts() if each.dataset == dataset), "")
