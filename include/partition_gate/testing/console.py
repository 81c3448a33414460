"""A console in memory, for tests of the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from partition_gate.adapters.data_docs.site import StaticDocsSite
from partition_gate.adapters.storage import Storage
from partition_gate.apps.web.console import Attempts, BrokenContract, ContractSummary, IncidentDetails
from partition_gate.apps.web.contract_details import ContractDetails, Coverage, ShownVersion
from partition_gate.apps.web.dataset_history import DatasetHistory
from partition_gate.apps.web.overview import Filters, Overview, overview, worst_first
from partition_gate.apps.web.slots import Slot
from partition_gate.checks.compiling.compiled import VersionInForce
from partition_gate.contracts.compatibility.changes import Change, VersionRule
from partition_gate.contracts.compatibility.rules import Party
from partition_gate.contracts.coverage.clauses import CoveredClause, Treatment
from partition_gate.incidents.actions import Action
from partition_gate.incidents.model import Incident, IncidentState, ProblemKind
from partition_gate.judging.attempt import OutboxEntry, ProfiledPartition, Settlement
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.lineage import (
    Context,
    DiscardedRows,
    Downstream,
    Execution,
    LandedFile,
    PartitionLineage,
    PublishedRows,
    ReferencedVersion,
)
from partition_gate.judging.profile import ColumnCounters, PartitionProfile
from partition_gate.judging.quarantine import QuarantineSample, SampleRow
from partition_gate.judging.verdict import CheckOutcome, CheckResult
from partition_gate.testing.builders import NOON, a_check_result, a_contract, a_message, a_settlement
from partition_gate.testing.ledger import InMemoryLedger

ATTEMPT = "orders-2026-11-01-1"


class InMemoryConsole:
    """The data of the pages as attributes that a test may set; results and samples by attempt."""

    def __init__(self, docs_folder: Path, settlements: Sequence[Settlement] = ()) -> None:
        self.docs_file = StaticDocsSite(Storage(str(docs_folder))).read
        self.settled = tuple(settlements)
        self.summaries: tuple[ContractSummary, ...] = ()
        self.watch: str | None = None
        self.waiting: tuple[str, ...] = ()
        self.broken: tuple[BrokenContract, ...] = ()
        self.histories: Mapping[str, DatasetHistory] = {}
        self.texts: Mapping[str, str] = {}
        self.details: Mapping[str, ContractDetails] = {}
        self.checks: Mapping[str, tuple[CheckResult, ...]] = {}
        self.made_from: Mapping[str, tuple[Execution, ...]] = {}
        self.outbox: tuple[OutboxEntry, ...] = ()
        self.samples: Mapping[str, QuarantineSample] = {}
        self.ledger = InMemoryLedger()  # of incidents

    def overview(self, filters: Filters) -> Overview:
        ledger = InMemoryLedger()
        for settlement in self.settled:
            ledger.settle(settlement)
        datasets = [history.compiled for history in self.histories.values()]
        return overview(datasets, filters, now=NOON + timedelta(days=9), ledger=ledger)

    def recorded(self, dataset: str) -> tuple[Settlement, ...]:
        return tuple(each for each in self.settled if each.dataset == dataset)

    def outcome(self, dataset: str, partition_key: str) -> Settlement | None:
        found = [s for s in self.settled if (s.dataset, s.partition_key) == (dataset, partition_key)]
        return max(found, key=lambda s: s.settled_at, default=None)

    def watch_problem(self) -> str | None:
        return self.watch

    def undelivered(self) -> tuple[str, ...]:
        return self.waiting

    def contracts(self) -> tuple[ContractSummary, ...]:
        return self.summaries

    def broken_contracts(self) -> tuple[BrokenContract, ...]:
        return self.broken

    def dataset(self, name: str, *, up_to: str | None) -> DatasetHistory | None:
        history = self.histories.get(name)
        shown = tuple(slot for slot in history.slots if up_to is None or slot.key <= up_to) if history else ()
        return history.model_copy(update={"slots": shown}) if history else None

    def contract_text(self, contract_id: str) -> str | None:
        return self.texts.get(contract_id)

    def contract_details(self, contract_id: str) -> ContractDetails | None:
        return self.details.get(contract_id)

    def settlement(self, attempt_id: str) -> Settlement | None:
        return next((s for s in self.settled if s.attempt_id == attempt_id), None)

    def attempts(self, dataset: str, partition_key: str) -> Attempts:
        own = [each for each in self.settled if (each.dataset, each.partition_key) == (dataset, partition_key)]
        keys = sorted({each.partition_key for each in self.settled if each.dataset == dataset})
        return Attempts(
            settlements=tuple(sorted(own, key=lambda each: each.settled_at)),
            not_passed={each.attempt_id: _not_passed(self.results(each.attempt_id)) for each in own},
            before=max((key for key in keys if key < partition_key), default=None),
            after=min((key for key in keys if key > partition_key), default=None),
        )

    def lineage(self, settlement: Settlement) -> PartitionLineage:
        referring = tuple(name for history in self.histories.values() for name in history.referenced_by)
        downstream = Downstream(asset=f"validated.{settlement.dataset}", referenced_by=referring)
        return PartitionLineage(
            dataset=settlement.dataset,
            partition_key=settlement.partition_key,
            visible=None,
            executions=self.made_from.get(settlement.attempt_id, ()),
            downstream=downstream,
        )

    def results(self, attempt_id: str) -> tuple[CheckResult, ...]:
        return self.checks.get(attempt_id, ())

    def messages(self, attempt_id: str | None = None) -> tuple[OutboxEntry, ...]:
        return tuple(entry for entry in self.outbox if attempt_id in (None, entry.message.attempt_id))

    def incidents(self) -> tuple[Incident, ...]:
        return worst_first(self.ledger.incidents())

    def incident(self, number: int) -> IncidentDetails | None:
        shown = (incident for history in self.histories.values() for incident in history.incidents)
        incident = self.ledger.incident(number) or next((each for each in shown if each.id == number), None)
        if incident is None:
            return None
        return IncidentDetails(incident, self.ledger.incident_events(number), self.ledger.threads(number), NOON)

    def act(self, number: int, action: Action) -> None:
        self.ledger.act(number, action, now=NOON)

    def quarantine_sample(self, attempt_id: str, *, limit: int) -> QuarantineSample | None:
        sample = self.samples.get(attempt_id)
        return sample.model_copy(update={"rows": sample.rows[:limit]}) if sample else None


def _not_passed(results: Sequence[CheckResult]) -> tuple[CheckResult, ...]:
    return tuple(result for result in results if result.outcome is not CheckOutcome.PASSED)


def a_console(folder: Path, *settlements: Settlement) -> InMemoryConsole:
    """A console with one rejected partition (`ATTEMPT`) or these settlements, everything a page may show, and pages."""
    console = InMemoryConsole(folder, settlements or (a_settlement(ATTEMPT, outcome=PartitionOutcome.REJECTED),))
    console.summaries = (A_SUMMARY,)
    console.histories = {"orders": a_history(console.settled)}
    console.texts = {"orders": "id: orders\nversion: 1.0.0\n"}
    console.details = {"orders": some_details()}
    console.checks = {ATTEMPT: (a_check_result("passing"), a_check_result("failing", outcome=CheckOutcome.FAILED))}
    console.samples = {ATTEMPT: a_sample()}
    console.made_from = {ATTEMPT: (an_execution(),)}
    console.outbox = (a_sent_message(),)
    page = folder / "attempts" / ATTEMPT / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("<p>a report</p>")
    (folder / "index.html").write_text("<p>all reports</p>")
    return console


def a_history(settlements: Sequence[Settlement] = (), *, word: str = "orders that were placed") -> DatasetHistory:
    """The dataset `orders` with a column, these partitions, and a missing one; `word` is in every text field."""
    day = {"name": "dt", "logicalType": "date", "partitioned": True}
    column = {"name": "id", "logicalType": "integer", "description": word}
    compiled = a_contract([day, column], path="data/dt=*/*.parquet")
    failed = a_check_result(word, outcome=CheckOutcome.FAILED)
    counters = ColumnCounters(column="id", row_count=100, null_count=3, minimum=1, maximum=9)
    profiled = [
        ProfiledPartition(
            partition_key=each.partition_key, profile=PartitionProfile(row_count=100, columns=(counters,))
        )
        for each in settlements
    ]
    slots = [Slot(key=each.partition_key, start=NOON, due_at=NOON, settlement=each) for each in settlements]
    return DatasetHistory(
        compiled=compiled,
        now=NOON + timedelta(days=9),
        slots=(*slots, Slot(key="2026-11-08", start=NOON + timedelta(days=7), due_at=NOON + timedelta(days=8))),
        next=None,
        older="2026-10-01",
        not_passed={each.attempt_id: (failed,) for each in settlements},
        profiles=tuple(profiled),
        service_levels=(),
        incidents=(_incident(word),),
        referenced_by=("orders",),
    )


def _incident(word: str) -> Incident:
    return Incident(
        id=7,
        dataset="orders",
        contract="orders",
        cause=word,
        kind=ProblemKind.RULE,
        state=IncidentState.OPEN,
        finding=word,
        opened_at=NOON,
        since="2026-11-01",
        last_key="2026-11-01",
        last_position="2026-11-01",
        last_at=NOON,
        partitions=1,
    )


def a_sent_message() -> OutboxEntry:
    """A message about `ATTEMPT` that was delivered."""
    message = a_message(attempt_id=ATTEMPT)
    return OutboxEntry(message=message, state="sent", tries=1, first_try_at=NOON, sent_ts="1", created_at=NOON)


def some_details(word: str = "a column") -> ContractDetails:
    """One executed clause, an owner, and a first version followed by a breaking one; `word` is in every text field."""
    clause = CoveredClause(clause=word, line=2, treatment=Treatment.EXECUTED, by=word)
    change = Change(
        path=word, subject=word, kind="type changed", old=word, new=word, breaks=(*Party,), incompatible=(), why=word
    )
    rule = VersionRule(ok=False, needed="major", sentence=word)
    first = ShownVersion(label="abc", version="1.0.0", committed_at=NOON, subject=word, changes=(), rule=None)
    second = ShownVersion(label=word, version=word, committed_at=None, subject=word, changes=(change,), rule=rule)
    in_force = VersionInForce(
        dataset=word, version=word, first_day="2013-01-08", last_day=None, file=word, columns=2, checks=1
    )
    return ContractDetails(
        purpose=word,
        owners=(word,),
        channels=(word,),
        coverage=(Coverage(treatment=Treatment.EXECUTED, meaning="checked", clauses=(clause,)),),
        in_force=(in_force, in_force.model_copy(update={"first_day": None, "last_day": "2013-01-07"})),
        versions=(second, first),
    )


def an_execution(attempt_id: str = ATTEMPT, *, word: str = "part-0.parquet") -> Execution:
    """A replay of the rows of `ATTEMPT`, with a landed file and a referenced version; `word` is in every text field."""
    return Execution(
        attempt_id=attempt_id,
        outcome=PartitionOutcome.REJECTED,
        started_at=NOON,
        settled_at=NOON,
        process=word,
        idempotency_key="key-1",
        fingerprint=word,
        made_from=ATTEMPT,
        who=word,
        why=word,
        change=word,
        context=Context(contract=word, version=word, suite_hash=word, software={"duckdb": word}),
        inputs=(
            LandedFile(path=word, etag=word, size_bytes=1000, landed_at=NOON),
            PublishedRows(attempt_id=ATTEMPT, table="orders", rows=97),
            ReferencedVersion(dataset="orders", version=word, attempt_id=ATTEMPT, table_version=4),
        ),
        outputs=(DiscardedRows(rows=1, who=word, why=word, at=NOON),),
    )


def a_sample(value: str = "7") -> QuarantineSample:
    """One quarantined row with a visible and a masked column."""
    row = SampleRow(
        rule_ids=("id.required",),
        reasons=("id: not null",),
        source_file="part-0.parquet",
        source_row=3,
        values=(value, "#1"),
    )
    return QuarantineSample(columns=("id", "email"), masked=("email",), rows=(row,), row_count=1, raw=())


A_SUMMARY = ContractSummary(
    id="orders",
    version="1.0.0",
    dataset="orders",
    dag="gate__orders",
    status="active",
    owner="sales",
    description="Orders.",
    path="orders.odcs.yaml",
)
