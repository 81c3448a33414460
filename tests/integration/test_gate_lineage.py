"""`gate lineage` as a person uses it: real files and tables, and what it prints."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from tests.integration.test_gate_run import DT, KEY, PUBLISHED, USAGE, Desk

from partition_gate.adapters.contract_folder import ContractFolder

WIDTH = 80


class Shop(Desk):
    """A day of 100 orders whose amount must not be negative, of customers in a snapshot of their own."""

    def begin(self) -> None:
        self._write_contracts()
        self.land(KEY, id=list(range(100)), customer=[1] * 100, amount=[-1.5, *[1.5] * 99])
        expectations = self.folder / "expectations"
        contracts = ContractFolder(self.folder, expectations)
        for path in contracts.paths():
            contracts.write_suites(path)
        self.environment = {"GATE_CONTRACTS": str(self.folder), "GATE_EXPECTATIONS": str(expectations), "COLUMNS": "80"}
        self.gate("run", "customers")
        self.gate("run", "orders", KEY)

    def _write_contracts(self) -> None:
        id_ = {"name": "id", "logicalType": "integer", "required": True, "primaryKey": True, "primaryKeyPosition": 1}
        customer = {"name": "customer", "relationships": [{"type": "foreignKey", "to": "customers.id"}]}
        amount = {"name": "amount", "logicalType": "number", "logicalTypeOptions": {"minimum": 0}}
        self._write("customers", f"{self.folder}/customers/*.parquet", [id_])
        columns: list[dict[str, Any]] = [DT, id_, {**customer, "logicalType": "integer"}, amount]
        (self.folder / "customers").mkdir()
        pq.write_table(pa.table({"id": [1, 2]}), self.folder / "customers" / "all.parquet")
        self._write("orders", f"{self.landing}/dt=*/*.parquet", columns)

    def _write(self, name: str, path: str, properties: list[dict[str, Any]]) -> None:
        document = {
            "apiVersion": "v3.1.0",
            "kind": "DataContract",
            "id": name,
            "version": "1.0.0",
            "status": "active",
            "servers": [{"server": "x", "type": "local", "format": "parquet", "path": path}],
            "schema": [{"name": name, "properties": properties}],
        }
        (self.folder / f"{name}.odcs.yaml").write_text(yaml.safe_dump(document))

    def ask(self, *arguments: str) -> dict[str, Any]:
        done = self.gate("lineage", *arguments, "--json")
        assert done.returncode == PUBLISHED, done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def shown(self, *arguments: str) -> str:
        return self.gate("lineage", *arguments).stdout


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The order in quarantine came back: there are two attempts."""
    shop = Shop(tmp_path_factory.mktemp("shop"))
    shop.begin()
    shop.gate("quarantine", "replay", "orders", KEY, "--set", "amount=abs(amount)", "--why", "the sign was lost")
    return shop


def test_every_row_is_traced_to_the_landed_file(shop: Shop) -> None:
    newest, first = shop.ask("orders", KEY)["executions"]
    file = shop.landing / f"dt={KEY}" / "part-0.parquet"

    assert (newest["made_from"], [(each["path"], each["size_bytes"]) for each in first["inputs"][:1]]) == (
        *(first["attempt_id"],),
        [(str(file), file.stat().st_size)],
    )


def test_the_referenced_version_is_the_one_that_was_published_then(shop: Shop) -> None:
    (referenced,) = (each for each in shop.ask("orders", KEY)["executions"][0]["inputs"] if "dataset" in each)
    published = shop.ask("customers", "snapshot")["executions"][0]
    assert (referenced["attempt_id"], referenced["version"]) == (published["attempt_id"], published["idempotency_key"])


def test_the_hash_of_the_suite_is_that_of_the_committed_file(shop: Shop) -> None:
    suite = (shop.folder / "expectations" / "orders" / "orders.json").read_bytes()
    assert shop.ask("orders", KEY)["executions"][0]["context"]["suite_hash"] == hashlib.sha256(suite).hexdigest()


def test_the_versions_of_all_that_judged_are_known(shop: Shop) -> None:
    software = shop.ask("orders", KEY)["executions"][0]["context"]["software"]
    assert sorted(software) == ["duckdb", "great_expectations", "partition_gate"]


def test_a_dataset_is_shown_with_its_neighbours(shop: Shop) -> None:
    orders, customers = shop.ask("orders"), shop.ask("customers")
    assert ([each["dataset"] for each in orders["references"]], customers["downstream"]["referenced_by"]) == (
        ["customers"],
        ["orders"],
    )


def test_that_airflow_was_not_asked_is_said(shop: Shop) -> None:
    assert "consumers: not known without Airflow; its asset is validated.orders" in shop.shown("orders", KEY)


def test_it_reads_well_in_eighty_columns(shop: Shop) -> None:
    own = [line for line in shop.shown("orders", KEY).splitlines() if str(shop.folder) not in line]
    assert max(map(len, own)) <= WIDTH


def test_a_key_that_was_never_seen_is_a_usage_error(shop: Shop) -> None:
    done = shop.gate("lineage", "orders", "1999-01-01")
    assert (done.returncode, done.stderr) == (
        USAGE,
        "gate: orders 1999-01-01: nothing is recorded about this partition; see `gate status`\n",
    )


def test_a_contract_that_cannot_be_used_is_named(shop: Shop) -> None:
    broken = shop.folder / "returns.odcs.yaml"
    broken.write_text("id: returns")
    try:
        said = shop.gate("lineage", "orders").stderr
    finally:
        broken.unlink()
    assert said == "returns.odcs.yaml cannot be used, so what it refers to is not shown; see `gate lint`\n"
