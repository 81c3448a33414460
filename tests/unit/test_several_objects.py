"""A contract with several schema objects: each is a dataset with its own files, columns, rules and service levels."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.contract.model import Contract, Dataset
from partition_gate.contracts.compatibility.changes import Comparison, compare
from partition_gate.contracts.compatibility.report import read_version
from partition_gate.contracts.compatibility.versions import earlier_datasets, same_datasets
from partition_gate.contracts.coverage.clauses import Treatment, cover, of_object
from partition_gate.contracts.drafting.promotion import with_rule
from partition_gate.contracts.lint.read_contract import UNCHECKED
from partition_gate.contracts.lint.reading import examine
from partition_gate.contracts.lint.view import Known
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.core.errors import ContractError
from partition_gate.core.finding import Level
from partition_gate.core.names import dag_id
from partition_gate.core.strict_yaml.reading import load_document
from partition_gate.judging.anomalies import Anomaly, Metric

SHOP: dict[str, Any] = yaml.safe_load(Path("tests/corpus/three-tables.odcs.yaml").read_text(encoding="utf-8"))
CUSTOMERS, ORDERS, LINES = range(3)


def shop(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(SHOP), **changes}


def read(document: dict[str, Any], *, environment: str | None = None) -> Contract:
    return read_contract(yaml.safe_dump(document), path="shop.odcs.yaml", folder="/c", environment=environment)


def datasets(document: dict[str, Any], *, environment: str | None = None) -> dict[str, Dataset]:
    return {dataset.name: dataset for dataset in read(document, environment=environment).datasets}


def problems(document: dict[str, Any], level: Level = Level.ERROR) -> list[tuple[str, str]]:
    text = yaml.safe_dump(document)
    _, found = examine(text, path="x", folder="/c", environment=None, known=Known(name="shop", datasets={}))
    return [(finding.place, finding.what) for finding in found if finding.level is level]


def sla(name: str, value: Any = 1, **more: Any) -> dict[str, Any]:
    return {"property": name, "value": value, "unit": "d", **more}


def of(name: str) -> dict[str, Any]:
    return {"customProperties": [{"property": "schema", "value": name}]}


def levels(*slas: dict[str, Any], **changes: Any) -> dict[str, list[tuple[Any, str | None]]]:
    """(value, element) of the service levels of each dataset."""
    found = datasets(shop(slaProperties=list(slas), **changes))
    return {name: [(each.value, each.element) for each in dataset.slas] for name, dataset in found.items()}


def test_each_object_is_a_dataset_at_its_place_in_the_file():
    found = datasets(SHOP)

    assert {name: dataset.path for name, dataset in found.items()} == {
        "customers": "schema[0]",
        "orders": "schema[1]",
        "lines": "schema[2]",
    }
    assert [column.name for column in found["lines"].columns] == ["dt", "order_id", "amount"]
    assert found["lines"].columns[0].path == "schema[2].properties[0]"


def test_a_dataset_has_the_name_of_its_contract_before_its_own_only_if_it_has_siblings():
    alone = shop(schema=[SHOP["schema"][CUSTOMERS]], slaProperties=[])

    assert datasets(SHOP)["lines"].qualified_name == "shop/lines"
    assert datasets(alone)["customers"].qualified_name == "shop"


def test_the_dag_of_a_dataset_is_named_like_it():
    assert [dag_id(name) for name in ("shop", "shop/lines")] == ["gate__shop", "gate__shop__lines"]


@pytest.mark.parametrize(
    ("environment", "roots"),
    [
        (None, ("s3://landing/crm/customers", "s3://landing/shop/orders", "s3://landing/shop/lines")),
        ("prod", ("s3://landing/crm/customers", "s3://landing/shop/orders", "s3://landing/shop/lines")),
        ("dev", ("/c/data/customers", "/c/data/orders", "/c/data/lines")),
    ],
)
def test_an_object_is_read_from_its_own_server_of_the_environment_before_the_one_for_all(environment, roots):
    found = datasets(SHOP, environment=environment)

    assert tuple(dataset.location.root for dataset in found.values()) == roots


def test_without_an_environment_all_objects_are_read_from_that_of_the_first_server():
    prod = {"server": "prod", "environment": "prod", "type": "local", "path": "prod/orders/*.parquet"}
    dev = {"server": "dev", "environment": "dev", "type": "local", "path": "dev/{schema}/*.parquet"}
    form = {"format": "parquet"}

    with pytest.raises(ContractError, match="servers: no server is for customers"):
        read(shop(servers=[{**prod, **form, **of("orders")}, {**dev, **form}]))


def test_an_object_without_a_server_in_the_environment_is_named():
    servers = [SHOP["servers"][0], {**SHOP["servers"][2], **of("orders")}]

    with pytest.raises(ContractError, match="no server of customers has the environment 'dev'"):
        read(shop(servers=servers), environment="dev")


def test_two_objects_are_not_read_from_the_same_files():
    servers = [{"server": "x", "type": "local", "path": "data/*.parquet", "format": "parquet"}]

    with pytest.raises(
        ContractError, match=r"customers and orders and lines would be read from the same folder; write"
    ):
        read(shop(servers=servers))


def test_two_objects_may_share_a_folder_if_their_files_have_different_names():
    servers = [{"server": "x", "type": "local", "path": "data/{schema}-*.parquet", "format": "parquet"}]

    assert datasets(shop(servers=servers))["lines"].location.pattern == "lines-*.parquet"


def test_a_service_level_without_an_element_holds_for_every_object():
    assert levels(sla("retention", 3)) == {name: [(3, None)] for name in ("customers", "orders", "lines")}


def test_an_element_picks_the_object_and_leaves_the_others_without_the_level():
    assert levels(sla("latency", element="orders.placed_at")) == {
        "customers": [],
        "orders": [(1, "orders.placed_at")],
        "lines": [],
    }


def test_an_element_of_several_objects_gives_each_its_own_part():
    found = levels(sla("freshness", element="orders.placed_at, customers.changed_at"))

    assert (found["orders"], found["customers"]) == ([(1, "orders.placed_at")], [(1, "customers.changed_at")])


def test_an_element_that_is_an_object_picks_it_without_a_column():
    assert levels(sla("frequency", element="lines")) == {"customers": [], "orders": [], "lines": [(1, None)]}


def test_a_column_alone_picks_every_object_that_has_it():
    assert levels(sla("retention", element="dt")) == {"customers": [], "orders": [(1, "dt")], "lines": [(1, "dt")]}


def test_the_custom_property_schema_picks_the_object():
    assert levels(sla("latency", **of("lines"))) == {"customers": [], "orders": [], "lines": [(1, None)]}


def test_a_level_of_one_object_replaces_the_one_of_every_object():
    found = levels(sla("latency", 5), sla("latency", 1, **of("lines")), sla("retention", 9))

    assert found["lines"] == [(1, None), (9, None)]
    assert found["orders"] == [(5, None), (9, None)]


def test_a_level_with_a_column_stands_beside_the_one_of_every_object():
    assert levels(sla("latency", 4), sla("latency", 2, element="orders.placed_at"))["orders"] == [
        (4, None),
        (2, "orders.placed_at"),
    ]


def test_the_default_element_is_left_out_where_the_level_is_of_another_object():
    found = levels(sla("latency", **of("customers")), slaDefaultElement="orders.placed_at")

    assert found == {"customers": [(1, None)], "orders": [], "lines": []}


def test_the_limits_of_a_dataset_come_from_its_own_service_levels():
    found = datasets(SHOP)

    assert found["lines"].limits.quarantine_limit == 0.01
    assert found["orders"].limits.quarantine_limit == 0.05


def test_the_custom_properties_of_the_root_hold_for_each_dataset():
    assert {dataset.limits.timezone for dataset in datasets(SHOP).values()} == {"Europe/Berlin"}


@pytest.mark.parametrize(
    ("name", "of_all", "own", "limit"),
    [
        ("quarantineLimit", "1%", "20%", "quarantine_limit"),
        ("shrinkLimit", "1%", "20%", "shrink_limit"),
        ("anomalies", "off", 9, "anomaly_threshold"),
        ("drift", "off", 1, "drift_threshold"),
        ("readiness", "manifest", "quiet:5m", "readiness"),
        ("calendar", "weekdays", "all", "calendar"),
        ("startDate", "2024-01-01", "2025-01-01", "start_date"),
    ],
)
def test_a_limit_of_an_object_comes_before_that_of_the_contract(name: str, of_all: Any, own: Any, limit: str):
    root = {"customProperties": [{"property": name, "value": of_all}]}
    document = shop(**root)
    document["schema"][LINES]["customProperties"] = [{"property": name, "value": own}]
    found, shared = datasets(document), datasets(shop(**root))

    assert getattr(found["orders"].limits, limit) == getattr(shared["lines"].limits, limit)
    assert getattr(found["lines"].limits, limit) != getattr(shared["lines"].limits, limit)


def test_a_wrong_limit_of_an_object_is_refused_at_its_place():
    document = shop()
    document["schema"][LINES]["customProperties"] = [{"property": "quarantineLimit", "value": "few"}]

    with pytest.raises(
        ContractError, match=r"schema\[2\]\.customProperties\.quarantineLimit: 'few' is not a percentage"
    ):
        read(document)


@pytest.mark.parametrize(
    ("element", "what"),
    [
        ("orders.placd_at", "'orders.placd_at' is not a property; did you mean 'orders.placed_at'?"),
        ("order.placed_at", "'order.placed_at' is not a property; did you mean 'orders.placed_at'?"),
        ("ordrs", "'ordrs' is not a property; did you mean 'orders'?"),
        ("xyz", "'xyz' is not a property; write object.property; the objects are customers, orders, lines"),
    ],
)
def test_an_element_that_is_neither_object_nor_column_is_named_with_the_nearest(element, what):
    found = problems(shop(slaProperties=[sla("latency", element=element)]), Level.WARNING)

    assert found == [("slaProperties[0].element", f"{UNCHECKED}: {what}")]


def test_an_element_of_one_object_and_the_name_of_another_contradict_each_other():
    found = problems(shop(slaProperties=[sla("latency", element="orders.placed_at", **of("lines"))]))

    assert found == [
        (
            "slaProperties[0].element",
            "'orders.placed_at' belongs to orders, but the custom property `schema` is lines; correct one of them",
        )
    ]


def test_an_object_whose_own_server_is_in_one_environment_shares_the_folder_in_the_other():
    servers = copy.deepcopy(SHOP["servers"])
    servers[2]["path"] = "data/*.parquet"

    assert [place for place, _ in problems(shop(servers=servers))] == ["servers[2].path"]


def test_rules_of_two_objects_may_have_the_same_id():
    assert problems(SHOP) == []


def test_a_rule_may_only_name_columns_of_its_object():
    document = shop()
    rule = {"id": "twice", "metric": "duplicateValues", "arguments": {"properties": ["email"]}, "mustBe": 0}
    document["schema"][LINES]["quality"] = [rule]

    what = f"{UNCHECKED}: 'email' is not a property; name one of the properties"
    assert problems(document, Level.WARNING) == [("schema[2].quality[0].arguments.properties[0]", what)]


def test_positions_in_a_key_are_counted_in_each_object():
    document = shop()
    document["schema"][CUSTOMERS]["properties"][0]["primaryKeyPosition"] = 1

    _, found = examine(
        yaml.safe_dump(document), path="x", folder="/c", environment=None, known=Known(name="shop", datasets={})
    )
    assert [finding for finding in found if finding.rule == "key-position"] == []


def test_a_column_of_another_object_does_not_hide_that_a_nested_value_is_not_masked():
    document = shop()
    inner = {"name": "zip", "logicalType": "string", "classification": "pii"}
    document["schema"][LINES]["properties"].append({"name": "email", "logicalType": "object", "properties": [inner]})

    assert [place for place, _ in problems(document, Level.WARNING)] == [
        "schema[2].properties[3].properties[0].classification"
    ]


def suites() -> dict[str, CompiledDataset]:
    return {name: compiled(dataset) for name, dataset in datasets(SHOP).items()}


def test_a_suite_has_the_checks_of_its_object_only():
    found = suites()

    assert {name: each.suite.suite.dataset for name, each in found.items()} == {name: name for name in found}
    clauses = {check.clause for check in found["lines"].suite.suite.checks}
    assert {clause.partition(".")[0] for clause in clauses if clause.startswith("schema")} == {"schema[2]"}


def test_relationships_lead_to_other_objects_of_the_contract():
    found = suites()

    assert {name: each.referenced_datasets for name, each in found.items()} == {
        "customers": (),
        "orders": ("customers",),
        "lines": ("orders",),
    }


def covered(document: dict[str, Any]) -> dict[str, tuple[Treatment, str]]:
    contract, text = read(document), yaml.safe_dump(document)
    rows = cover(load_document(text, path="x"), [compiled(each).compilation for each in contract.datasets])
    return {row.clause: (row.treatment, row.by) for row in rows}


def test_a_clause_of_every_dataset_that_one_cannot_execute_is_not_executable_and_says_for_which():
    treatment, by = covered(shop(slaProperties=[sla("latency")]))["slaProperties[0]"]

    assert treatment is Treatment.NOT_EXECUTABLE
    assert by.startswith("customers: the only partition has no period to count from")
    assert by.endswith("; orders, lines: latency (checked when a partition is judged)")


def test_a_clause_of_every_dataset_that_all_execute_is_said_once():
    assert covered(shop(slaProperties=[sla("throughput", unit="rows")]))["slaProperties[0]"] == (
        Treatment.EXECUTED,
        "throughput (checked when a partition is judged)",
    )


def test_every_server_of_the_environment_that_an_object_uses_is_used():
    found = covered(SHOP)

    assert found["servers[1].location"][0] is Treatment.EXECUTED
    assert found["servers[1].customProperties[0]"] == (
        Treatment.EXECUTED,
        "the schema object that is read from this server",
    )
    assert found["servers[2].path"] == (Treatment.DOCUMENTED, "belongs to a server that is not used")


def test_the_coverage_of_one_object_leaves_out_the_clauses_of_the_others():
    contract = read(SHOP)
    rows = cover(SHOP, [compiled(each).compilation for each in contract.datasets])

    own = of_object(rows, "schema[1]")

    assert {row.clause.partition(".")[0] for row in own if row.clause.startswith("schema")} == {"schema[1]"}
    assert "slaProperties[0]" in {row.clause for row in own}


def compared(old: dict[str, Any], new: dict[str, Any]) -> Comparison:
    return compare(*(read_version(yaml.safe_dump(each), path="x", label="x") for each in (old, new)))


def test_an_object_more_breaks_no_consumer_and_one_less_does():
    fewer = shop(schema=SHOP["schema"][:2], slaProperties=[])
    more = shop(slaProperties=[])

    (added,) = compared(fewer, more).changes
    (removed,) = compared(more, fewer).changes

    assert (added.kind, [party.value for party in added.breaks]) == ("table added", ["producers"])
    assert (removed.kind, [party.value for party in removed.breaks]) == ("table removed", ["consumers"])


def test_an_object_that_goes_and_another_that_comes_are_not_the_same_object():
    other = {"name": "payments", "properties": [{"name": "amount", "logicalType": "number"}]}

    found = compared(shop(), shop(schema=[*SHOP["schema"][:2], other])).changes

    assert {change.kind for change in found if change.subject in {"lines", "payments"}} == {
        "table added",
        "table removed",
    }


def test_a_limit_that_an_object_gets_is_a_loosened_one_and_a_lower_one_is_a_tightened_one():
    some, fewer = shop(), shop()
    some["schema"][LINES]["customProperties"] = [{"property": "quarantineLimit", "value": "1%"}]
    fewer["schema"][LINES]["customProperties"] = [{"property": "quarantineLimit", "value": "0.5%"}]

    assert [change.kind for change in compared(SHOP, some).changes] == ["limit loosened"]
    assert [change.kind for change in compared(some, fewer).changes] == ["limit tightened"]


def test_a_dataset_is_followed_through_the_versions_that_have_it():
    first = read(shop(version="0.9.0", schema=SHOP["schema"][:2], slaProperties=[]))
    today = read(SHOP)
    found = earlier_datasets([first], today)

    assert {name: [(each.name, each.contract.version) for each in earlier] for name, earlier in found.items()} == {
        "customers": [("customers", "0.9.0")],
        "orders": [("orders", "0.9.0")],
        "lines": [],
    }


def test_only_datasets_of_both_versions_are_judged_by_both():
    fewer = read(shop(schema=SHOP["schema"][:2], slaProperties=[]))

    assert [new.name for _, new in same_datasets(fewer, read(SHOP))] == ["customers", "orders"]


def test_the_only_dataset_of_a_contract_may_have_another_name_in_another_version():
    was, now = (
        read(shop(schema=[{**SHOP["schema"][CUSTOMERS], "name": name}], slaProperties=[])) for name in ("old", "new")
    )

    ((before, after),) = same_datasets(was, now)
    assert (before.name, after.name) == ("old", "new")


def test_an_earlier_version_is_named_as_today_in_commands():
    today = read(SHOP).datasets[CUSTOMERS]
    (alone,) = read(shop(version="0.9.0", schema=SHOP["schema"][:1], slaProperties=[])).datasets

    (earlier,) = compiled(today, [alone]).earlier

    assert earlier.dataset.qualified_name == "shop/customers"


def test_an_anomaly_becomes_a_rule_of_its_object_although_another_has_a_rule_of_that_name():
    document = shop()
    rule = {"id": "rows_as_usual", "metric": "rowCount", "mustBeGreaterThan": 0}
    document["schema"][CUSTOMERS]["quality"].append(rule)
    figures = {"observed": 1, "median": 9, "low": 8, "high": 10, "scale": 1, "z": -8}
    anomaly = Anomaly(metric=Metric.ROWS, column=None, values=9, weeks=9, like="Tuesdays", **figures)

    text = with_rule(yaml.safe_dump(document), anomaly, read(document).datasets[ORDERS], threshold=7)

    added = yaml.safe_load(text)["schema"]
    assert [[rule["id"] for rule in each.get("quality", ())] for each in added] == [
        ["rows", "rows_as_usual"],
        ["rows_as_usual", "rows"],
        [],
    ]


@pytest.mark.parametrize("target", ["/schema/tbl_1/properties/col_1", "schema/customers/properties/id"])
def test_a_fully_qualified_reference_within_the_contract_is_followed_by_ids_and_names(target):
    document = shop()
    document["schema"][CUSTOMERS]["id"] = "tbl_1"
    document["schema"][CUSTOMERS]["properties"][0]["id"] = "col_1"
    document["schema"][ORDERS]["properties"][2]["relationships"] = [{"to": target}]

    (key,) = datasets(document)["orders"].foreign_keys

    assert problems(document) == []
    assert (key.column, key.to_dataset, key.to_column) == ("customer", "customers", "id")


def test_a_fully_qualified_compound_reference_is_followed_at_both_ends():
    document = shop()
    ends = [[f"/schema/{name}/properties/{column}"] for name, column in (("lines", "order_id"), ("orders", "id"))]
    document["schema"][LINES]["relationships"] = [{"from": ends[0], "to": ends[1]}]

    (key,) = datasets(document)["lines"].compound_foreign_keys

    assert (key.columns, key.to_dataset, key.to_columns) == (("order_id",), "orders", ("id",))


@pytest.mark.parametrize("target", ["/schema/nobody/properties/id", "other.yaml#/schema/customers/properties/id"])
def test_a_fully_qualified_reference_that_leads_nowhere_or_outside_is_not_checked(target):
    document = shop()
    document["schema"][ORDERS]["properties"][2]["relationships"] = [{"to": target}]

    (found,) = problems(document, Level.WARNING)

    assert found == (
        "schema[1].properties[2].relationships[0]",
        f"{UNCHECKED}: {target!r} does not name a column here; write dataset.column",
    )


def test_a_level_of_no_object_is_not_executable():
    document = shop(slaProperties=[sla("frequency", element="xyz")])
    compilations = [compiled(dataset).compilation for dataset in datasets(document).values()]

    (row,) = (row for row in cover(document, compilations) if row.clause == "slaProperties[0]")

    assert (row.treatment, row.by) == (
        Treatment.NOT_EXECUTABLE,
        "element 'xyz' is not a column or an object; correct it",
    )
