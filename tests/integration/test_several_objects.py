"""A contract with several schema objects under every command: each object is judged, named and shown for itself."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from tests.integration.test_gate_run import FAILED, PUBLISHED, USAGE, Desk

from partition_gate.adapters.contract_folder import ContractFolder

DAY = "2026-11-01"
DT = {"name": "dt", "logicalType": "date", "partitioned": True, "partitionKeyPosition": 1}
ID = {"name": "id", "logicalType": "integer", "required": True, "primaryKey": True, "primaryKeyPosition": 1}
CUSTOMER = {"name": "customer", "logicalType": "integer", "relationships": [{"to": "customers.id"}]}
ORDER = {"name": "order_id", "logicalType": "integer", "relationships": [{"to": "orders.id"}]}
CHOICES = "shop/customers, shop/orders, shop/lines"


class Shop(Desk):
    """A contracts folder with the contract `shop` of three tables, and its landing folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.contracts, self.suites = folder / "contracts", folder / "expectations"
        self.contracts.mkdir()
        self.environment = {"GATE_CONTRACTS": str(self.contracts), "GATE_EXPECTATIONS": str(self.suites)}
        self.write()

    def document(self, **changes: Any) -> dict[str, Any]:
        path = f"{self.landing}/{{schema}}/dt=*/*.parquet"
        snapshot = {"path": f"{self.landing}/crm/*.parquet", **of("customers")}
        server = {"type": "local", "format": "parquet"}
        return {
            "apiVersion": "v3.2.0",
            "kind": "DataContract",
            "id": "shop",
            "version": "1.0.0",
            "status": "active",
            "servers": [{"server": "x", "path": path, **server}, {"server": "crm", **snapshot, **server}],
            "schema": [
                {"name": "customers", "properties": [ID]},
                {"name": "orders", "properties": [DT, ID, CUSTOMER]},
                {"name": "lines", "properties": [DT, ORDER, {"name": "amount", "logicalType": "number"}]},
            ],
            "slaProperties": [
                {"property": "errorRate", "value": 50, "unit": "percent"},
                {"property": "errorRate", "value": 0, "unit": "percent", **of("lines")},
                {"property": "frequency", "value": 1, "unit": "d", "element": "orders, lines"},
            ],
            "support": [{"channel": "#shop", "tool": "slack", "scope": "issues"}],
            "customProperties": [{"property": "readiness", "value": "quiet:0s"}],
            **changes,
        }

    def write(self, name: str = "shop", **changes: Any) -> None:
        """Write a contract of the folder, with its suites."""
        path = self.contracts / f"{name}.odcs.yaml"
        path.write_text(as_yaml({**self.document(), "id": name, **changes}))
        ContractFolder(self.contracts, self.suites).write_suites(path)

    def add(self, name: str, *tables: str) -> None:
        """Another contract of the folder, with these tables."""
        schema = [{"name": table, "properties": [DT]} for table in tables]
        self.write(name, schema=schema, servers=self.document()["servers"][:1], slaProperties=[])

    def put(self, folder: str, **columns: Any) -> None:
        path = self.landing / folder / "part-0.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), path)

    def land_all(self) -> None:
        self.put("crm", id=[1, 2, 3])
        self.put(f"orders/dt={DAY}", id=[10, 11], customer=[1, 9])
        self.put(f"lines/dt={DAY}", order_id=[10, 10], amount=[1.0, 2.0])

    def judged(self, name: str, key: str = DAY) -> tuple[int, dict[str, Any]]:
        done = self.gate("run", name, *([key] if key else []), "--json")
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)


def as_yaml(document: dict[str, Any]) -> str:
    """The document without anchors for parts that it has twice."""
    return yaml.safe_dump(json.loads(json.dumps(document)), sort_keys=False)


def of(name: str) -> dict[str, Any]:
    return {"customProperties": [{"property": "schema", "value": name}]}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def judged(shop: Shop) -> Shop:
    shop.land_all()
    for name, key in (("customers", ""), ("orders", DAY), ("lines", DAY)):
        assert shop.judged(f"shop/{name}", key)[0] == PUBLISHED
    return shop


def test_each_object_is_judged_by_its_own_rules_and_published_to_its_own_table(judged: Shop) -> None:
    assert [judged.published(name) for name in ("customers", "orders", "lines")] == [3, 1, 2]


def test_the_result_names_the_contract_and_the_dataset(judged: Shop) -> None:
    _, found = judged.judged("shop/orders")

    assert (found["contract"], found["dataset"], found["suite"]) == ("shop", "orders", "committed")
    assert {check["rule_id"] for check in found["checks"]} >= {"customer.in_customers", "primaryKey"}


def test_a_relationship_inside_the_contract_quarantines_the_rows_without_a_parent(judged: Shop) -> None:
    done = judged.gate("quarantine", "show", "shop/orders", DAY)

    assert "customer.in_customers" in done.stdout


def test_a_service_level_of_one_object_does_not_hold_for_the_others(shop: Shop) -> None:
    shop.land_all()
    shop.judged("shop/customers", "")
    shop.judged("shop/orders")
    shop.put(f"lines/dt={DAY}", order_id=[10, 77], amount=[1.0, 2.0])

    assert shop.judged("shop/lines")[1]["outcome"] == "rejected"


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "shop", DAY),
        ("approve", "shop", DAY, "--why", "x"),
        ("reject", "shop", DAY, "--why", "x"),
        ("forget", "shop", DAY, "--why", "x"),
        ("quarantine", "show", "shop", DAY),
        ("profile", "shop"),
        ("promote", "shop", "rows"),
        ("baseline", "pin", "shop", DAY),
        ("baseline", "unpin", "shop"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_a_command_for_one_dataset_lists_them_if_none_is_named(shop: Shop, arguments: tuple[str, ...]) -> None:
    done = shop.gate(*arguments)

    assert (done.returncode, CHOICES in done.stderr) == (USAGE, True)


def test_an_object_that_does_not_exist_is_named_with_the_nearest(shop: Shop) -> None:
    done = shop.gate("run", "shop/order", DAY)

    assert done.returncode == USAGE
    assert "the contract shop has no schema object 'order'; did you mean 'orders'?" in done.stderr


def test_the_name_of_a_dataset_alone_is_enough(judged: Shop) -> None:
    assert judged.judged("lines")[1]["dataset"] == "lines"


def test_a_file_outside_the_folder_has_datasets_too(shop: Shop, tmp_path: Path) -> None:
    shop.land_all()
    path = tmp_path / "elsewhere.yaml"
    (shop.contracts / "shop.odcs.yaml").rename(path)

    code, found = shop.judged(f"{path}/customers", "")

    assert (code, found["dataset"], found["suite"]) == (PUBLISHED, "customers", "compiled_in_memory")


@pytest.mark.parametrize("command", ["lint", "freeze", "diff"])
def test_a_command_for_whole_contracts_says_so(shop: Shop, command: str) -> None:
    done = shop.gate(command, "shop/orders")

    assert done.returncode == USAGE
    assert "this command works on a whole contract: write shop" in done.stderr


def test_status_incidents_and_messages_know_the_dataset_and_its_command(shop: Shop) -> None:
    shop.land_all()
    shop.judged("shop/customers", "")
    shop.judged("shop/orders")
    shop.put("crm", id=[1])
    assert shop.judged("shop/customers", "")[1]["outcome"] == "held"

    found = json.loads(shop.gate("status", "--json").stdout)["partitions"]

    assert {(each["contract"], each["dataset"]) for each in found} == {("shop", "customers"), ("shop", "orders")}
    told = "\n".join(path.read_text() for path in (shop.home / "inbox").glob("*.json"))
    assert "gate approve shop/customers snapshot" in told


def test_suites_lie_beside_each_other_and_a_stale_one_costs_the_others_nothing(shop: Shop) -> None:
    (shop.suites / "shop" / "orders.json").write_text("{}")
    shop.land_all()

    done = shop.gate("compile", "--check")

    assert (done.returncode, "stale or broken suites: 1" in done.stdout) == (FAILED, True)
    assert sorted(path.name for path in (shop.suites / "shop").iterdir()) == [
        "customers.json",
        "lines.json",
        "orders.json",
    ]
    assert shop.judged("shop/customers", "")[0] == PUBLISHED
    catalogue = ContractFolder(shop.contracts, shop.suites).load_all()
    assert [each.dataset.name for each in catalogue.contracts] == ["customers", "lines"]
    assert [file for file, _ in catalogue.broken] == ["shop.odcs.yaml"]


def test_compile_writes_a_suite_for_each_object(shop: Shop) -> None:
    done = shop.gate("compile")

    assert [line.split()[1].rpartition("/")[2] for line in done.stdout.splitlines()] == [
        "customers.json",
        "orders.json",
        "lines.json",
    ]


def test_two_contracts_that_claim_a_table_are_both_told_and_neither_is_used(shop: Shop) -> None:
    shop.add("stock", "Lines", "shelves")

    done = shop.gate("lint")

    assert done.returncode == FAILED
    told = [line for line in done.stdout.splitlines() if line.endswith("[dataset-name]")]
    assert ["the contract stock has a dataset 'lines' too" in line for line in told] == [True, False]
    assert ["the contract shop has a dataset 'Lines' too" in line for line in told] == [False, True]
    catalogue = ContractFolder(shop.contracts, shop.suites).load_all()
    assert [each.dataset.name for each in catalogue.contracts] == ["customers", "orders", "shelves"]
    assert [file for file, _ in catalogue.broken] == ["shop.odcs.yaml", "stock.odcs.yaml"]


def test_two_contracts_that_would_have_one_dag_are_both_told_and_neither_is_used(shop: Shop) -> None:
    shop.add("shop__lines", "parcels")

    done = shop.gate("lint")

    told = [line for line in done.stdout.splitlines() if line.endswith("[dataset-name]")]
    assert [line.partition("the contract ")[2].partition(";")[0] for line in told] == [
        "shop__lines has a DAG gate__shop__lines too",
        "shop has a DAG gate__shop__lines too",
    ]
    names = [each.dataset.name for each in ContractFolder(shop.contracts, shop.suites).load_all().contracts]
    assert names == ["customers", "orders"]


def test_the_dag_of_one_object_compiles_only_it_and_reads_only_its_contract(shop: Shop) -> None:
    shop.add("other", "others")
    folder = CountingFolder(shop.contracts, shop.suites)

    found = folder.of_dag("gate__shop__lines")

    assert found is not None
    assert found.dataset.name == "lines"
    assert folder.read_files == ["shop.odcs.yaml"]


class CountingFolder(ContractFolder):
    """Knows which contract files were read."""

    def text(self, path: Path) -> str:
        self.read_files = [*getattr(self, "read_files", []), path.name]
        return super().text(path)


@pytest.mark.parametrize("names", [("a__b", "c"), ("a", "b__c"), ("a__b__c", None)])
def test_the_dag_of_a_name_with_two_underscores_is_found(shop: Shop, names: tuple[str, str | None]) -> None:
    contract, dataset = names
    shop.add(contract, *((dataset, "beside") if dataset else ("table",)))

    found = ContractFolder(shop.contracts, shop.suites).of_dag("gate__a__b__c")

    assert found is not None
    assert (found.contract.id, found.dataset.name) == (contract, dataset or "table")


def test_coverage_is_of_the_contract_or_of_one_object(shop: Shop) -> None:
    whole = json.loads(shop.gate("coverage", "shop", "--json").stdout)["clauses"]
    own = json.loads(shop.gate("coverage", "shop/lines", "--json").stdout)["clauses"]

    objects = {row["clause"].partition(".")[0] for row in own if row["clause"].startswith("schema")}
    assert objects == {"schema[2]"}
    assert {row["clause"] for row in own} < {row["clause"] for row in whole}
    assert [row["clause"] for row in whole if row["treatment"] == "not_executable"] == []


def test_versions_and_service_levels_list_every_object(judged: Shop) -> None:
    versions = json.loads(judged.gate("versions", "shop", "--json").stdout)["versions"]
    levels = judged.gate("sla", "shop", "--json")

    assert [(each["dataset"], each["version"]) for each in versions] == [
        ("customers", "1.0.0"),
        ("orders", "1.0.0"),
        ("lines", "1.0.0"),
    ]
    assert levels.returncode == 0


def test_a_broken_promise_of_a_contract_with_several_objects_names_the_dataset(shop: Shop) -> None:
    late = {"property": "latency", "value": 1, "unit": "s", **of("lines")}
    shop.write(slaProperties=[late], customProperties=[{"property": "quarantineLimit", "value": "50%"}])
    shop.land_all()
    for name, key in (("customers", ""), ("orders", DAY), ("lines", DAY)):
        shop.judged(f"shop/{name}", key)

    of_contract, of_object = shop.gate("sla", "shop"), shop.gate("sla", "shop/lines")

    assert f"\nlines {DAY}  latency: " in of_contract.stdout
    assert f"\n{DAY}  latency: " in of_object.stdout


def test_the_baselines_of_a_contract_are_those_of_its_datasets(judged: Shop) -> None:
    judged.put(f"orders/dt={DAY}", id=list(range(300)), customer=[number % 3 + 1 for number in range(300)])
    judged.put(f"lines/dt={DAY}", order_id=[10] * 300, amount=[float(number % 7) for number in range(300)])
    for name in ("orders", "lines"):
        assert judged.judged(f"shop/{name}")[0] == PUBLISHED
        assert judged.gate("baseline", "pin", f"shop/{name}", DAY).returncode == 0

    shown = {
        name: [
            each["dataset"] for each in json.loads(judged.gate("baseline", "show", name, "--json").stdout)["baselines"]
        ]
        for name in ("shop", "shop/lines", "shop/customers")
    }

    assert {name: sorted(found) for name, found in shown.items()} == {
        "shop": ["lines", "orders"],
        "shop/lines": ["lines"],
        "shop/customers": [],
    }


def test_profile_names_both(judged: Shop) -> None:
    found = json.loads(judged.gate("profile", "shop/lines", "--json").stdout)

    assert (found["contract"], found["dataset"], found["row_count"]) == ("shop", "lines", 2)


def test_the_watch_judges_what_landed_of_every_object(shop: Shop) -> None:
    shop.land_all()
    shop.judged("shop/customers", "")

    shop.gate("watch")

    found = {each["dataset"] for each in json.loads(shop.gate("status", "--json").stdout)["partitions"]}
    assert found >= {"customers", "orders"}


def test_an_earlier_version_judges_the_objects_that_it_has(shop: Shop) -> None:
    history = shop.contracts / "history" / "shop"
    history.mkdir(parents=True)
    old = shop.document(version="0.9.0", schema=shop.document()["schema"][:2], slaProperties=[])
    (history / "0.9.0.odcs.yaml").write_text(as_yaml(old))
    custom = [*shop.document()["customProperties"], {"property": "effectiveFrom", "value": "2026-11-02"}]
    shop.write(customProperties=custom)

    found = json.loads(shop.gate("versions", "shop", "--json").stdout)["versions"]

    assert [(each["dataset"], each["version"], each["first_day"]) for each in found] == [
        ("customers", "1.0.0", "2026-11-02"),
        ("customers", "0.9.0", None),
        ("orders", "1.0.0", "2026-11-02"),
        ("orders", "0.9.0", None),
        ("lines", "1.0.0", None),
    ]
    assert sorted(path.name for path in (shop.suites / "shop" / "0.9.0").iterdir()) == ["customers.json", "orders.json"]
    shop.land_all()
    shop.judged("shop/customers", "")
    assert [shop.judged(f"shop/{name}")[1]["version"] for name in ("orders", "lines")] == ["0.9.0", "1.0.0"]


def test_lint_tells_a_problem_of_the_versions_once_for_all_objects(shop: Shop) -> None:
    history = shop.contracts / "history" / "shop"
    history.mkdir(parents=True)
    (history / "0.9.0.odcs.yaml").write_text(as_yaml(shop.document(version="0.9.0")))

    done = shop.gate("lint", "shop")

    assert [line for line in done.stdout.splitlines() if "so it needs a first day" in line] != []
    assert done.stdout.count("so it needs a first day") == 1


def test_diff_judges_the_partitions_of_every_object_by_both_versions(judged: Shop, tmp_path: Path) -> None:
    new = judged.document()
    new["schema"][2]["properties"][2] = {
        "name": "amount",
        "logicalType": "number",
        "logicalTypeOptions": {"minimum": 2},
    }
    path = tmp_path / "new.yaml"
    path.write_text(as_yaml(new))

    done = judged.gate("diff", "shop", str(path), "--partitions", "3", "--json")

    partitions = json.loads(done.stdout)["partitions"]
    assert [(each["dataset"], each["key"], len(each["flips"])) for each in partitions] == [
        ("customers", "snapshot", 0),
        ("orders", DAY, 0),
        ("lines", DAY, 1),
    ]


def test_a_contract_that_grows_by_an_object_keeps_what_was_recorded(shop: Shop) -> None:
    shop.write(schema=shop.document()["schema"][:1], servers=shop.document()["servers"][1:], slaProperties=[])
    shop.put("crm", id=[1, 2, 3])
    assert shop.judged("shop", "")[0] == PUBLISHED

    shop.write()

    (found,) = json.loads(shop.gate("status", "--json").stdout)["partitions"]
    assert (found["dataset"], found["outcome"]) == ("customers", "published")
    assert shop.judged("shop/customers", "")[1]["outcome"] == "published"
    assert shop.published("customers") == 3


def test_the_registry_lists_every_dataset(shop: Shop, tmp_path: Path) -> None:
    done: subprocess.CompletedProcess[str] = shop.gate("publish-contracts", "--to", str(tmp_path / "registry"))

    assert done.returncode == 0, done.stderr
    (found,) = json.loads((tmp_path / "registry" / "index.json").read_text())["contracts"]
    assert (found["id"], found["datasets"]) == ("shop", ["customers", "orders", "lines"])


def test_a_retired_contract_has_given_up_its_tables(shop: Shop) -> None:
    shop.add("stock", "lines")
    old = shop.contracts / "stock.odcs.yaml"
    old.write_text(old.read_text().replace("status: active", "status: retired"))

    done = shop.gate("lint")

    assert [line for line in done.stdout.splitlines() if line.endswith("[dataset-name]")] == []
    names = [each.dataset.name for each in ContractFolder(shop.contracts, shop.suites).load_all().contracts]
    assert names == ["customers", "orders", "lines"]


def test_the_lists_of_incidents_and_anomalies_take_the_name_with_its_contract(judged: Shop) -> None:
    found = json.loads(judged.gate("incidents", "list", "shop/orders", "--json").stdout)["incidents"]

    assert {each["dataset"] for each in found} == {"orders"}
    assert judged.gate("anomalies", "shop/orders").returncode == 0


def test_a_name_that_two_contracts_claim_is_none(shop: Shop) -> None:
    shop.add("stock", "lines")

    done = shop.gate("run", "lines", DAY)

    assert (done.returncode, "'lines' is claimed by shop, stock; run: gate lint" in done.stderr) == (USAGE, True)
