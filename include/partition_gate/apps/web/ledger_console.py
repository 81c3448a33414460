"""The `Console` that reads the ledger, the contract folder and the quarantine."""

from __future__ import annotations

from collections.abc import Callable

from partition_gate.adapters.cached_catalogue import CachedCatalogue
from partition_gate.adapters.contract_folder import SUFFIX, ContractFolder
from partition_gate.adapters.contract_history import ContractHistory
from partition_gate.apps.web.console import Attempts, BrokenContract, ContractSummary, IncidentDetails
from partition_gate.apps.web.contract_details import ContractDetails, contract_details
from partition_gate.apps.web.dataset_history import DatasetHistory, dataset_history
from partition_gate.apps.web.overview import Filters, Overview, overview, worst_first
from partition_gate.apps.web.slots import SHOWN
from partition_gate.contract.model import Dataset
from partition_gate.core.masking import Masking
from partition_gate.core.names import dag_id
from partition_gate.gate.lineage import attempt_lineage, downstream_of
from partition_gate.incidents.actions import Action
from partition_gate.incidents.model import Incident
from partition_gate.judging.attempt import OutboxEntry, Settlement
from partition_gate.judging.lineage import PartitionLineage
from partition_gate.judging.quarantine import QuarantineSample, sample_of
from partition_gate.judging.verdict import CheckResult
from partition_gate.ports.clock import Clock
from partition_gate.ports.docs import DocsSite
from partition_gate.ports.ledger import Ledger
from partition_gate.ports.warehouse import Warehouse
from partition_gate.watching.delivery import undelivered
from partition_gate.watching.heartbeat import NEVER_RAN, silence


class LedgerConsole:
    """Implements `Console`. It opens the warehouse only to show quarantined rows."""

    def __init__(
        self,
        ledger: Ledger,
        warehouse: Callable[[], Warehouse],
        contracts: ContractFolder,
        *,
        docs: DocsSite,
        mask_key: bytes,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._warehouse = warehouse
        self._contracts = contracts
        self._docs = docs
        self._mask_key = mask_key
        self._clock = clock
        self._catalogue = CachedCatalogue(contracts)

    def docs_file(self, path: str) -> bytes | None:
        return self._docs.read(path)

    def overview(self, filters: Filters) -> Overview:
        return overview(self._catalogue.current().contracts, filters, now=self._clock.now(), ledger=self._ledger)

    def recorded(self, dataset: str) -> tuple[Settlement, ...]:
        return self._ledger.current(dataset, self._ledger.recorded_keys(dataset, limit=SHOWN))

    def outcome(self, dataset: str, partition_key: str) -> Settlement | None:
        return self._ledger.outcome(dataset, partition_key)

    def watch_problem(self) -> str | None:
        heartbeat = self._ledger.heartbeat()
        if heartbeat is not None:
            return silence(heartbeat, now=self._clock.now())
        return NEVER_RAN if any(contract.status == "active" for contract in self.contracts()) else None

    def undelivered(self) -> tuple[str, ...]:
        now = self._clock.now()
        return tuple(each.sentence(now) for each in undelivered(self._ledger.backlog(), now=now))

    def contracts(self) -> tuple[ContractSummary, ...]:
        return tuple(_summary(compiled.dataset) for compiled in self._catalogue.current().contracts)

    def broken_contracts(self) -> tuple[BrokenContract, ...]:
        return tuple(
            BrokenContract(id=file.removesuffix(SUFFIX), file=file, problem=problem)
            for file, problem in self._catalogue.current().broken
        )

    def dataset(self, name: str, *, up_to: str | None) -> DatasetHistory | None:
        usable = self._catalogue.current().contracts
        own = next((each for each in usable if each.dataset.name == name), None)
        if own is None:
            return None
        return dataset_history(own, usable, up_to=up_to, now=self._clock.now(), ledger=self._ledger)

    def contract_text(self, contract_id: str) -> str | None:
        path = next((path for path in self._contracts.paths() if path.name == f"{contract_id}{SUFFIX}"), None)
        return path.read_text(encoding="utf-8", errors="replace") if path else None

    def contract_details(self, contract_id: str) -> ContractDetails | None:
        usable = [each for each in self._catalogue.current().contracts if each.contract.id == contract_id]
        text = self.contract_text(contract_id)
        if not usable or text is None:
            return None
        path = self._contracts.contracts / f"{contract_id}{SUFFIX}"
        contract, history = self._contracts.read(path), ContractHistory(path)
        return contract_details(contract, usable, text, history, environment=self._contracts.environment)

    def settlement(self, attempt_id: str) -> Settlement | None:
        return self._ledger.settlement(attempt_id)

    def attempts(self, dataset: str, partition_key: str) -> Attempts:
        settlements = self._ledger.settlements(dataset, partition_key)
        before, after = self._ledger.beside(dataset, partition_key)
        not_passed = self._ledger.not_passed([each.attempt_id for each in settlements])
        usable = self._catalogue.current().contracts
        recover = next((each.dataset.limits.recover for each in usable if each.dataset.name == dataset), "")
        return Attempts(settlements=settlements, not_passed=not_passed, before=before, after=after, recover=recover)

    def lineage(self, settlement: Settlement) -> PartitionLineage:
        downstream = downstream_of(settlement.dataset, self._catalogue.current().contracts)
        return attempt_lineage(settlement, downstream, ledger=self._ledger)

    def results(self, attempt_id: str) -> tuple[CheckResult, ...]:
        return self._ledger.results(attempt_id)

    def messages(self, attempt_id: str | None = None) -> tuple[OutboxEntry, ...]:
        return self._ledger.messages(attempt_id)

    def incidents(self) -> tuple[Incident, ...]:
        return worst_first(self._ledger.incidents())

    def incident(self, number: int) -> IncidentDetails | None:
        incident = self._ledger.incident(number)
        if incident is None:
            return None
        events, threads = self._ledger.incident_events(number), self._ledger.threads(number)
        return IncidentDetails(incident, events, threads, self._clock.now())

    def act(self, number: int, action: Action) -> None:
        self._ledger.act(number, action, now=self._clock.now())

    def quarantine_sample(self, attempt_id: str, *, limit: int) -> QuarantineSample | None:
        """Everything is masked if there is no usable contract."""
        settlement = self._ledger.settlement(attempt_id)
        if settlement is None or settlement.quarantine_uri is None:
            return None
        name = f"{settlement.contract}/{settlement.dataset}"
        usable = self._catalogue.current().contracts
        compiled = next((each for each in usable if f"{each.contract.id}/{each.dataset.name}" == name), None)
        masking = compiled.masking if compiled else Masking(open=frozenset())
        rows = self._warehouse().quarantined(settlement.quarantine_uri, limit=limit)
        return sample_of(rows, masking, self._mask_key)


def _summary(dataset: Dataset) -> ContractSummary:
    return ContractSummary(
        id=dataset.contract.id,
        version=dataset.contract.version,
        dataset=dataset.name,
        dag=dag_id(dataset.qualified_name),
        status=dataset.contract.status.value,
        owner=dataset.contract.team.owner,
        description=dataset.description or dataset.contract.purpose,
        path=dataset.contract.path,
    )
