"""The console as one visitor sees it: only the datasets whose DAGs they may read."""

from __future__ import annotations

from collections.abc import Set
from functools import cached_property

from fastapi import HTTPException, Request

from partition_gate.apps.web.access import Access
from partition_gate.apps.web.console import Attempts, BrokenContract, Console, ContractSummary, IncidentDetails
from partition_gate.apps.web.contract_details import ContractDetails
from partition_gate.apps.web.dataset_history import DatasetHistory
from partition_gate.apps.web.overview import Filters, Overview
from partition_gate.incidents.actions import Action
from partition_gate.incidents.model import Incident
from partition_gate.judging.attempt import OutboxEntry, Settlement
from partition_gate.judging.lineage import PartitionLineage
from partition_gate.judging.quarantine import QuarantineSample
from partition_gate.judging.verdict import CheckResult

_OF_ALL = "This page covers all datasets, and your role in Airflow may read only some of them."


def readable(console: Console, access: Access, request: Request) -> Console:
    """What the visitor of a request may read of the console. Airflow is asked once."""
    dags = access.readable_dags(request)
    return console if dags is None else ReadableConsole(console, dags)


class ReadableConsole:
    """Implements `Console` for a visitor who may read these DAGs. What they may not read is not there, as if unknown.

    What belongs to no usable contract, or to the gate as a whole, is for visitors who may read every DAG; they see
    the console itself, without this class.
    """

    def __init__(self, console: Console, dags: Set[str]) -> None:
        self._console, self._dags = console, dags

    def docs_file(self, path: str) -> bytes | None:
        """Raises: HTTPException(403): the page lists the reports of all datasets."""
        match path.split("/"):
            case ["attempts", attempt_id, *_]:
                is_readable = self.settlement(attempt_id) is not None
            case ["datasets", dataset, _, *_]:
                is_readable = dataset in self._datasets
            case ["_assets", *_]:
                is_readable = True
            case _:
                raise HTTPException(403, _OF_ALL)
        return self._console.docs_file(path) if is_readable else None

    def overview(self, filters: Filters) -> Overview:
        return self._console.overview(filters.model_copy(update={"readable": self._datasets}))

    def recorded(self, dataset: str) -> tuple[Settlement, ...]:
        return self._console.recorded(dataset) if dataset in self._datasets else ()

    def outcome(self, dataset: str, partition_key: str) -> Settlement | None:
        return self._console.outcome(dataset, partition_key) if dataset in self._datasets else None

    def watch_problem(self) -> str | None:
        """It names no dataset, and owners must know that nobody looks for their missing partitions."""
        return self._console.watch_problem()

    def undelivered(self) -> tuple[str, ...]:
        return ()

    def contracts(self) -> tuple[ContractSummary, ...]:
        return tuple(each for each in self._console.contracts() if each.dag in self._dags)

    def broken_contracts(self) -> tuple[BrokenContract, ...]:
        return ()

    def dataset(self, name: str, *, up_to: str | None) -> DatasetHistory | None:
        return self._console.dataset(name, up_to=up_to) if name in self._datasets else None

    def contract_text(self, contract_id: str) -> str | None:
        return self._console.contract_text(contract_id) if self._reads_contract(contract_id) else None

    def contract_details(self, contract_id: str) -> ContractDetails | None:
        return self._console.contract_details(contract_id) if self._reads_contract(contract_id) else None

    def settlement(self, attempt_id: str) -> Settlement | None:
        found = self._console.settlement(attempt_id)
        return found if found and found.dataset in self._datasets else None

    def attempts(self, dataset: str, partition_key: str) -> Attempts:
        return self._console.attempts(dataset, partition_key) if dataset in self._datasets else Attempts()

    def lineage(self, settlement: Settlement) -> PartitionLineage:
        return self._console.lineage(settlement)

    def results(self, attempt_id: str) -> tuple[CheckResult, ...]:
        return self._console.results(attempt_id) if self.settlement(attempt_id) else ()

    def messages(self, attempt_id: str | None = None) -> tuple[OutboxEntry, ...]:
        """Raises: HTTPException(403): the messages of all attempts were asked for."""
        if attempt_id is None:
            raise HTTPException(403, f"{_OF_ALL} The page of a partition has the messages about it.")
        return self._console.messages(attempt_id) if self.settlement(attempt_id) else ()

    def incidents(self) -> tuple[Incident, ...]:
        return tuple(each for each in self._console.incidents() if each.dataset in self._datasets)

    def incident(self, number: int) -> IncidentDetails | None:
        found = self._console.incident(number)
        return found if found and found.incident.dataset in self._datasets else None

    def act(self, number: int, action: Action) -> None:
        """Nothing happens to an incident that may not be read."""
        if self.incident(number):
            self._console.act(number, action)

    def quarantine_sample(self, attempt_id: str, *, limit: int) -> QuarantineSample | None:
        return self._console.quarantine_sample(attempt_id, limit=limit) if self.settlement(attempt_id) else None

    @cached_property
    def _datasets(self) -> frozenset[str]:
        return frozenset(each.dataset for each in self.contracts())

    def _reads_contract(self, contract_id: str) -> bool:
        """Whoever may read one of its datasets may read the contract."""
        return any(each.id == contract_id for each in self.contracts())
