"""One contract, several environments: what is not in one of them is neither expected, judged nor published there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.test_odcs import minimal

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.checks.compiling.compiled import compiled
from partition_gate.checks.compiling.compiler import compile_dataset, table_schema
from partition_gate.contract.model import Dataset
from partition_gate.contracts.coverage.clauses import CoveredClause, Treatment, cover
from partition_gate.contracts.lint.rules import lint
from partition_gate.contracts.lint.view import Known
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.core.errors import StaleSuite
from partition_gate.core.severity import Severity
from partition_gate.core.strict_yaml.reading import load_document

TRAINING = {"server": "a", "environment": "training", "type": "local", "path": "training/*.parquet"}
SERVING = {"server": "b", "environment": "serving", "type": "local", "path": "serving/*.parquet"}
DEV = {"server": "dev", "type": "local", "path": "dev/*.parquet"}
SERVERS = [{**server, "format": "parquet"} for server in (TRAINING, SERVING, DEV)]
NOWHERE = [{"property": "notInEnvironment", "value": ["serving", "training", "dev"]}]
NOT_SERVING = [{"property": "notInEnvironment", "value": ["serving"]}]


def column(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "logicalType": "integer", **more}


def rule(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "metric": "rowCount", "mustBeGreaterThan": 1, **more}


LABEL = column("label", required=True, customProperties=NOT_SERVING)


def text(*columns: dict[str, Any], quality: tuple[dict[str, Any], ...] = (), **changes: Any) -> str:
    schema = [{"name": "orders", "properties": [column("id"), *columns], "quality": list(quality)}]
    return contract_text(**{"servers": SERVERS, "schema": schema, **changes})


def contract_text(**changes: Any) -> str:
    return minimal(**json.loads(json.dumps(changes)))  # YAML would refer to a part that appears twice


def dataset(contract: str, environment: str | None = None) -> Dataset:
    return read_contract(contract, path="orders.odcs.yaml", folder="/c", environment=environment).dataset


def rule_ids(contract: str, environment: str) -> list[str]:
    return [check.rule_id for check in compile_dataset(dataset(contract, environment)).suite.checks]


def severities(contract: str, environment: str) -> dict[str, Severity]:
    checks = compile_dataset(dataset(contract, environment)).suite.checks
    return {check.rule_id: check.severity for check in checks}


def covered(contract: str, environment: str) -> dict[str, CoveredClause]:
    rows = cover(load_document(contract, path="x"), [compiled(dataset(contract, environment)).compilation])
    return {row.clause: row for row in rows}


def told(contract: str) -> list[tuple[str, str]]:
    found = lint(load_document(contract, path="x"), Known(name="orders"))
    return [(finding.level.value, finding.what) for finding in found]


def test_a_column_that_is_not_in_an_environment_has_no_check_there():
    assert not [each for each in rule_ids(text(LABEL), "serving") if each.startswith("label.")]


def test_a_column_that_is_not_in_an_environment_is_not_in_its_table():
    table = table_schema(dataset(text(LABEL), "serving"))

    assert [each.name for each in table.columns] == ["id"]


def test_the_column_is_expected_in_the_other_environments():
    assert "label.required" in rule_ids(text(LABEL), "training")


def test_the_environment_of_the_first_server_is_meant_without_a_setting():
    first = [SERVERS[1], SERVERS[0]]

    assert [each.name for each in dataset(text(LABEL, servers=first)).columns] == ["id"]


def test_an_environment_that_is_selected_by_the_name_of_its_server_is_the_same():
    assert [each.name for each in dataset(text(LABEL), "b").columns] == ["id"]


def test_a_server_without_environment_is_named_by_its_own_name():
    label = column("label", customProperties=[{"property": "notInEnvironment", "value": "dev"}])

    assert [each.name for each in dataset(text(label), "dev").columns] == ["id"]


def test_a_rule_that_is_not_in_an_environment_is_not_compiled_there():
    contract = text(quality=(rule("many", customProperties=NOT_SERVING),))

    assert "many" in rule_ids(contract, "training")
    assert "many" not in rule_ids(contract, "serving")


def test_a_rule_of_an_absent_column_is_absent_with_it():
    label = {**LABEL, "quality": [{"id": "labelled", "metric": "nullValues", "mustBe": 0}]}

    assert "labelled" not in rule_ids(text(label), "serving")


def test_a_relationship_from_an_absent_column_is_absent_with_it():
    label = {**LABEL, "relationships": [{"to": "labels.id"}]}

    assert dataset(text(label), "training").foreign_keys
    assert dataset(text(label), "serving").foreign_keys == ()


def test_a_service_level_gives_way_to_another_in_another_environment():
    strict = {"property": "latency", "value": 1, "unit": "h", "customProperties": NOT_SERVING}
    loose_only = [{"property": "notInEnvironment", "value": ["training", "dev"]}]
    loose = {"property": "latency", "value": 8, "unit": "h", "customProperties": loose_only}
    contract = text(slaProperties=[strict, loose], apiVersion="v3.2.0")

    latencies = {name: dataset(contract, name).limits.latency for name in ("training", "serving")}
    assert {name: hours and hours.total_seconds() / 3600 for name, hours in latencies.items()} == {
        "training": 1,
        "serving": 8,
    }


def test_a_severity_differs_by_environment():
    contract = text(quality=(rule("many", customProperties=[{"property": "severityIn", "value": {"dev": "warning"}}]),))

    assert severities(contract, "dev")["many"] is Severity.WARNING
    assert severities(contract, "training")["many"] is Severity.ERROR


def test_the_other_clauses_keep_their_place_in_the_file():
    read = dataset(text(LABEL, column("amount")), "serving")

    assert read.column("amount").path == "schema[0].properties[2]"


def test_what_is_not_in_the_environment_is_documented_in_its_coverage():
    row = covered(text(LABEL), "serving")["schema[0].properties[1].required"]

    assert (row.treatment, row.by) == (Treatment.DOCUMENTED, "not in the environment serving")


def test_the_clause_that_makes_a_column_absent_is_executed():
    clause = "schema[0].properties[1].customProperties[0]"

    assert covered(text(LABEL), "training")[clause].treatment is Treatment.EXECUTED


@pytest.mark.parametrize(
    ("columns", "level", "what"),
    [
        (
            [column("label", customProperties=[{"property": "notInEnvironment", "value": ["servin"]}])],
            "error",
            "'servin' is not an environment of the servers; did you mean 'serving'?",
        ),
        (
            [column("label", customProperties=[{"property": "notInEnvironment", "value": []}])],
            "error",
            "[] says nothing; write a list such as [serving]",
        ),
        (
            [column("label", primaryKey=True, customProperties=NOT_SERVING)],
            "error",
            "'label' belongs to the primary key, which is the same in every environment; remove notInEnvironment",
        ),
        (
            [
                column(
                    "label",
                    required=True,
                    customProperties=NOWHERE,
                )
            ],
            "error",
            "'label' is absent in every environment; remove the property, or a name here",
        ),
        (
            [
                column(
                    "label",
                    customProperties=NOWHERE,
                )
            ],
            "warning",
            "'label' is absent in every environment; remove the property, or a name here",
        ),
        (
            [{"name": "a", "logicalType": "object", "properties": [column("b", customProperties=NOT_SERVING)]}],
            "error",
            "only a top-level property can be absent in an environment; remove notInEnvironment",
        ),
    ],
)
def test_lint_says_what_is_wrong(columns: list[dict[str, Any]], level: str, what: str):
    assert told(text(*columns)) == [(level, what)]


def test_lint_finds_a_partition_column_that_is_absent():
    day = column("dt", partitioned=True, customProperties=NOT_SERVING) | {"logicalType": "date"}
    servers = [{**server, "path": f"{server['path'].removesuffix('/*.parquet')}/dt=*/*.parquet"} for server in SERVERS]

    what = "'dt' belongs to the partition key, which is the same in every environment; remove notInEnvironment"
    assert told(text(day, servers=servers)) == [("error", what)]


def test_lint_finds_a_severity_that_is_none():
    quality = (rule("many", customProperties=[{"property": "severityIn", "value": {"dev": "warn"}}]),)

    assert told(text(quality=quality)) == [("error", "'warn' is not a severity; did you mean 'warning'?")]


def test_what_is_written_at_an_object_has_no_effect():
    schema = [{"name": "orders", "properties": [column("id")], "customProperties": NOT_SERVING}]

    assert dataset(contract_text(servers=SERVERS, schema=schema), "serving").columns


def test_lint_says_that_it_has_no_effect_there():
    schema = [{"name": "orders", "properties": [column("id")], "customProperties": NOT_SERVING}]

    what = "notInEnvironment has no effect here; write it at a property, a rule, a relationship or a service level"
    assert ("error", what) in told(contract_text(servers=SERVERS, schema=schema))


def test_lint_finds_nothing_in_a_contract_that_differs_as_it_may():
    assert told(text(LABEL)) == []


def folder_with(tmp_path: Path, contract: str, environment: str = "") -> ContractFolder:
    folder = ContractFolder(tmp_path / "contracts", tmp_path / "expectations", environment=environment)
    folder.contracts.mkdir(exist_ok=True)
    (folder.contracts / "orders.odcs.yaml").write_text(contract)
    return folder


def suites(folder: ContractFolder) -> list[str]:
    return sorted(path.name for path in folder.expectations.rglob("*.json"))


@pytest.mark.parametrize("environment", ["", "serving"])
def test_each_environment_that_differs_gets_its_own_suite_wherever_it_is_compiled(tmp_path: Path, environment: str):
    folder = folder_with(tmp_path, text(LABEL), environment)

    folder.write_suites(folder.paths()[0])

    assert suites(folder) == ["orders.json", "orders@serving.json"]


def test_a_contract_that_does_not_differ_has_one_suite(tmp_path: Path):
    folder = folder_with(tmp_path, text(column("label")))

    folder.write_suites(folder.paths()[0])

    assert suites(folder) == ["orders.json"]


def test_the_suite_of_an_environment_is_checked_in_it(tmp_path: Path):
    folder = folder_with(tmp_path, text(LABEL))
    folder.write_suites(folder.paths()[0])
    (folder.expectations / "orders" / "orders@serving.json").write_text("{}")

    assert folder.load("orders").dataset.environment == "training"
    with pytest.raises(StaleSuite, match=r"orders@serving\.json: differs"):
        folder_with(tmp_path, text(LABEL), "serving").load("orders")


def test_an_environment_without_a_server_for_an_object_stops_no_other(tmp_path: Path):
    only = {"customProperties": [{"property": "schema", "value": "orders"}]}
    servers = [{**SERVERS[0], "path": "training/{schema}/*.parquet"}, {**SERVERS[1], **only}]
    schema = [{"name": name, "properties": [column("id"), LABEL]} for name in ("orders", "customers")]
    folder = folder_with(tmp_path, contract_text(servers=servers, schema=schema))

    folder.write_suites(folder.paths()[0])

    assert suites(folder) == ["customers.json", "orders.json"]


def test_a_kept_version_is_judged_in_the_environment_of_the_current_one(tmp_path: Path):
    since = [{"property": "effectiveFrom", "value": "2026-02-01"}]
    folder = folder_with(tmp_path, text(LABEL, version="2.0.0", customProperties=since), "serving")
    kept = folder.kept_path(folder.paths()[0], "orders", "1.0.0")
    kept.parent.mkdir(parents=True)
    kept.write_text(text(LABEL))
    folder.write_suites(folder.paths()[0])

    (earlier,) = folder.load("orders").earlier

    assert [each.name for each in earlier.dataset.columns] == ["id"]


def test_the_same_text_is_another_judgement_in_an_environment_that_differs():
    versions = {compiled(dataset(text(LABEL), name)).rules_version for name in ("training", "serving", "dev")}

    assert len(versions) == 2


def test_the_reference_names_the_clauses():
    page = Path("docs/reference/objects.md").read_text()
    example = page.split("## Environments", 1)[1].split("```yaml\n", 1)[1].split("```", 1)[0]

    contract = minimal(**yaml.safe_load(example), apiVersion="v3.2.0")
    assert told(contract) == []
    assert [each.name for each in dataset(contract, "serving").columns] == ["amount"]
