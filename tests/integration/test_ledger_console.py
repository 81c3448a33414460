"""The console over a real ledger, real contract files and real quarantine files."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from partition_gate.adapters.clocks import SystemClock
from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.adapters.ledger.ledger import SqlLedger, migrate
from partition_gate.adapters.warehouse_delta.warehouse import DeltaWarehouse
from partition_gate.apps.web.console import BrokenContract
from partition_gate.apps.web.ledger_console import LedgerConsole
from partition_gate.contracts.coverage.clauses import Treatment
from partition_gate.core.errors import OperatorError
from partition_gate.core.masking import pseudonym
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.testing.builders import a_message, a_settlement, queue
from partition_gate.testing.ports import FakeDocs
from partition_gate.watching.heartbeat import NEVER_RAN, Heartbeat

KEY = b"key"
CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: orders
name: Orders
version: 1.0.0
status: active
servers:
  - {server: landing, type: local, path: "landing/dt=*/*.parquet", format: parquet}
schema:
  - name: orders
    description: One row an order.
    properties:
      - {name: dt, logicalType: date, partitioned: true, partitionKeyPosition: 1}
      - {name: id, logicalType: integer}
      - {name: email, physicalName: E_MAIL, logicalType: string, classification: personal}
team: {name: Sales}
"""


def soon(find: Callable[[], tuple[BrokenContract, ...]]) -> tuple[BrokenContract, ...]:
    """What is found once the files have been looked at again."""
    end = time.monotonic() + 5
    while not (found := find()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> ContractFolder:
    contracts = ContractFolder(tmp_path / "contracts", tmp_path / "expectations")
    contracts.contracts.mkdir()
    file = contracts.contracts / "orders.odcs.yaml"
    file.write_text(CONTRACT)
    contracts.write_suites(file)
    return contracts


@pytest.fixture
def ledger(tmp_path: Path) -> SqlLedger:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    migrate(url)
    return SqlLedger(url)


def a_console(ledger: SqlLedger, folder: ContractFolder) -> LedgerConsole:
    def warehouse() -> DeltaWarehouse:
        root = folder.contracts.parent
        return DeltaWarehouse(
            str(root / "tables"), serving_file=root / "warehouse.duckdb", quarantine_root=str(root / "quarantine")
        )

    return LedgerConsole(ledger, warehouse, folder, docs=FakeDocs(), mask_key=KEY, clock=SystemClock())


def quarantined(ledger: SqlLedger, folder: Path, *, contract: str = "orders", rows: int = 1) -> str:
    """Settle a rejected partition whose rows lie in quarantine; its attempt's id."""
    row = {
        "id": 7,
        "E_MAIL": "ann@example.org",
        "unnamed": "x",
        "_gate_rule_ids": ["id.unique"],
        "_gate_reasons": ["id: must be unique"],
        "_gate_source_file": "s3://landing/orders/part-0.parquet",
        "_gate_source_row": 4,
    }
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist([row] * rows), folder / "rows.parquet")
    changes = {"quarantine_uri": str(folder), "contract": contract}
    settlement = a_settlement(outcome=PartitionOutcome.REJECTED).model_copy(update=changes)
    ledger.settle(settlement)
    return settlement.attempt_id


def test_an_attempt_is_traced_although_it_is_not_the_current_one(ledger: SqlLedger, folder: ContractFolder):
    first, second = (a_settlement(f"orders-{number}", idempotency_key=f"key-{number}") for number in (1, 2))
    for settlement in (first, second):
        ledger.settle(settlement)

    (traced,) = a_console(ledger, folder).lineage(first).executions

    assert traced.attempt_id == first.attempt_id


def test_a_contract_is_summed_up_and_its_text_can_be_read(ledger: SqlLedger, folder: ContractFolder):
    console = a_console(ledger, folder)

    (summary,) = console.contracts()
    assert (summary.id, summary.owner, summary.description) == ("orders", "Sales", "One row an order.")
    assert console.contract_text("orders") == CONTRACT


def test_the_datasets_of_a_contract_are_summed_up_each_and_its_details_cover_all_of_them(
    ledger: SqlLedger, folder: ContractFolder
):
    table = (
        "  - {name: lines, properties: [{name: dt, logicalType: date, partitioned: true}, {name: n, required: true}]}\n"
    )
    text = CONTRACT.replace("landing/dt", "landing/{schema}/dt").replace("team:", f"{table}team:")
    file = folder.contracts / "orders.odcs.yaml"
    file.write_text(text)
    folder.write_suites(file)
    (folder.expectations / "orders" / "orders.json").write_text("{}")
    console = a_console(ledger, folder)

    (summary,) = console.contracts()
    details = console.contract_details("orders")

    assert (summary.id, summary.dataset, summary.dag) == ("orders", "lines", "gate__orders__lines")
    assert details is not None
    treatments = {clause.clause: group.treatment for group in details.coverage for clause in group.clauses}
    assert treatments["schema[1].properties[1].required"] is Treatment.EXECUTED
    assert treatments["schema[0].properties[1].logicalType"] is Treatment.EXECUTED


@pytest.mark.parametrize("contract_id", ["returns", "../contracts/orders", "/etc/passwd", ""])
def test_only_the_folder_s_contracts_have_a_text(ledger: SqlLedger, folder: ContractFolder, contract_id: str):
    assert a_console(ledger, folder).contract_text(contract_id) is None


def test_a_contract_that_breaks_is_told_without_a_restart(ledger: SqlLedger, folder: ContractFolder):
    console = a_console(ledger, folder)
    assert console.broken_contracts() == ()

    (folder.contracts / "orders.odcs.yaml").write_text("id: [")

    (broken,) = soon(console.broken_contracts)
    assert (broken.id, broken.file) == ("orders", "orders.odcs.yaml")


def test_a_missing_contract_folder_is_told_and_not_an_error(ledger: SqlLedger, tmp_path: Path):
    console = a_console(ledger, ContractFolder(tmp_path / "nowhere", tmp_path))

    (broken,) = console.broken_contracts()
    assert "the folder does not exist" in broken.problem


def test_a_quarantined_row_has_its_reasons_and_its_place(ledger: SqlLedger, folder: ContractFolder, tmp_path: Path):
    sample = a_console(ledger, folder).quarantine_sample(quarantined(ledger, tmp_path / "q"), limit=10)

    assert sample is not None
    (row,) = sample.rows
    assert (row.reasons, row.source_file, row.source_row) == (
        ("id: must be unique",),
        "s3://landing/orders/part-0.parquet",
        4,
    )


def test_classified_columns_and_those_no_contract_names_are_masked(
    ledger: SqlLedger, folder: ContractFolder, tmp_path: Path
):
    sample = a_console(ledger, folder).quarantine_sample(quarantined(ledger, tmp_path / "q"), limit=10)

    assert sample is not None
    assert sample.masked == ("E_MAIL", "unnamed")
    assert sample.rows[0].values == ("7", pseudonym("ann@example.org", KEY), pseudonym("x", KEY))


def test_an_old_partition_s_columns_are_those_of_its_version_hidden_as_today(
    ledger: SqlLedger, folder: ContractFolder, tmp_path: Path
):
    today = folder.contracts / "orders.odcs.yaml"
    kept = folder.kept_path(today, "orders", "1.0.0")
    kept.parent.mkdir(parents=True)
    named = CONTRACT.replace("team:", "      - {name: unnamed, logicalType: string}\nteam:")
    kept.write_text(named.replace(", classification: personal", ""))
    since = "customProperties: [{property: effectiveFrom, value: 2026-12-01}]\n"
    today.write_text(CONTRACT.replace("version: 1.0.0", "version: 2.0.0") + since)
    folder.write_suites(today)

    sample = a_console(ledger, folder).quarantine_sample(quarantined(ledger, tmp_path / "q"), limit=10)

    assert sample is not None
    assert sample.masked == ("E_MAIL",)
    assert sample.rows[0].values == ("7", pseudonym("ann@example.org", KEY), "x")


def test_a_kept_version_that_breaks_is_told_without_a_restart(ledger: SqlLedger, folder: ContractFolder):
    console = a_console(ledger, folder)
    assert console.broken_contracts() == ()

    kept = folder.kept_path(folder.contracts / "orders.odcs.yaml", "orders", "0.9.0")
    kept.parent.mkdir(parents=True)
    kept.write_text("id: [")

    (broken,) = soon(console.broken_contracts)
    assert (broken.id, "history/orders/0.9.0.odcs.yaml" in broken.problem) == ("orders", True)


def test_without_a_usable_contract_everything_is_masked(ledger: SqlLedger, folder: ContractFolder, tmp_path: Path):
    attempt = quarantined(ledger, tmp_path / "q", contract="returns")

    sample = a_console(ledger, folder).quarantine_sample(attempt, limit=10)

    assert sample is not None
    assert sample.masked == sample.columns


def test_a_sample_is_no_longer_than_asked(ledger: SqlLedger, folder: ContractFolder, tmp_path: Path):
    sample = a_console(ledger, folder).quarantine_sample(quarantined(ledger, tmp_path / "q", rows=50), limit=10)

    assert sample is not None
    assert len(sample.rows) == 10


def test_rows_that_are_gone_are_an_error_with_the_next_step(ledger: SqlLedger, folder: ContractFolder, tmp_path: Path):
    attempt = quarantined(ledger, tmp_path / "q")
    (tmp_path / "q" / "rows.parquet").unlink()

    with pytest.raises(OperatorError, match=r"the quarantined rows are gone; .*land"):
        a_console(ledger, folder).quarantine_sample(attempt, limit=10)


def test_a_watch_that_never_ran_is_reported_until_it_runs_and_again_when_it_has_stopped(
    ledger: SqlLedger, folder: ContractFolder
):
    console, five = a_console(ledger, folder), timedelta(minutes=5)
    never = console.watch_problem()
    ledger.beat(Heartbeat(at=datetime.now(UTC), interval=five))
    running = console.watch_problem()
    ledger.beat(Heartbeat(at=datetime.now(UTC) - 4 * five, interval=five, passes=2))

    assert (never, running) == (NEVER_RAN, None)
    assert str(console.watch_problem()).startswith("The watch has not run for 20 min")


def test_messages_that_have_waited_for_fifteen_minutes_are_reported(ledger: SqlLedger, folder: ContractFolder):
    console, now = a_console(ledger, folder), datetime.now(UTC)
    queue(ledger, a_message("m1"), now=now - timedelta(minutes=14))
    early = console.undelivered()
    queue(ledger, a_message("m2"), now=now - timedelta(minutes=15))

    assert early == ()
    assert [sentence.partition(" have")[0] for sentence in console.undelivered()] == ["2 messages to slack #orders"]
