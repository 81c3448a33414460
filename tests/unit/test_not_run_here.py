"""Contracts whose data the gate cannot read: they are read, compiled and compared; each list says what is not run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.unit.test_odcs import minimal

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.checks.compiling.compiled import compiled
from partition_gate.contract.model import Contract
from partition_gate.contracts.coverage.clauses import CoveredClause, Treatment, cover
from partition_gate.contracts.export.gx import portable_suite
from partition_gate.contracts.export.html import html_page
from partition_gate.contracts.export.sql import sql_ddl
from partition_gate.contracts.lint.reading import examine
from partition_gate.contracts.lint.view import Known
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.core.errors import ContractError, NotRunHere
from partition_gate.core.finding import Level
from partition_gate.core.strict_yaml.reading import load_document

POSTGRES = {"server": "db", "type": "postgres", "host": "h", "port": 5432, "database": "d", "schema": "s"}
KAFKA = {"server": "topic", "type": "kafka", "host": "h:9092", "format": "avro"}
CSV = {"server": "csv", "type": "s3", "location": "s3://b/x/*.csv", "format": "csv", "delimiter": "new_line"}
PARQUET = {"server": "files", "type": "local", "path": "data/{schema}/*.parquet", "format": "parquet"}


def contract(text: str) -> Contract:
    return read_contract(text, path="orders.odcs.yaml", folder="/c")


def covered(text: str) -> dict[str, CoveredClause]:
    compilations = [compiled(dataset).compilation for dataset in contract(text).datasets]
    return {row.clause: row for row in cover(load_document(text, path="x"), compilations)}


def findings(text: str) -> list[tuple[Level, str, str]]:
    read, found = examine(text, path="x", folder="/c", environment=None, known=Known(name="orders"))
    assert read is not None
    return [(finding.level, finding.place, finding.rule) for finding in found]


@pytest.mark.parametrize(
    ("servers", "why"),
    [
        ([POSTGRES], "server type postgres"),
        ([POSTGRES, KAFKA], "server types postgres, kafka"),
        ([CSV], "server type s3 with format csv"),
        ([], "no server"),
        ([POSTGRES, PARQUET], ""),
    ],
)
def test_a_dataset_says_which_servers_keep_it_from_being_run(servers: list[Any], why: str) -> None:
    assert contract(minimal(servers=servers)).dataset.not_run == why


def test_an_object_without_columns_is_not_run() -> None:
    assert contract(minimal(schema=[{"name": "orders"}])).dataset.not_run == "no columns"


def test_a_contract_without_objects_has_no_dataset() -> None:
    assert contract(minimal(schema=[])).datasets == ()


def test_an_object_that_only_a_database_keeps_does_not_stop_the_others() -> None:
    own = {"customProperties": [{"property": "schema", "value": "orders"}]}
    schema = [{"name": name, "properties": [{"name": "id"}]} for name in ("orders", "customers")]

    read = contract(minimal(servers=[{**PARQUET, **own}, POSTGRES], schema=schema))

    assert {dataset.name: dataset.not_run for dataset in read.datasets} == {
        "orders": "",
        "customers": "server type postgres",
    }


def test_an_object_that_was_forgotten_among_its_siblings_servers_is_refused() -> None:
    own = {"customProperties": [{"property": "schema", "value": "orders"}]}
    schema = [{"name": name, "properties": [{"name": "id"}]} for name in ("orders", "customers")]

    with pytest.raises(ContractError, match="servers: no server is for customers"):
        contract(minimal(servers=[{**PARQUET, **own}], schema=schema))


def test_lint_warns_once() -> None:
    assert findings(minimal(servers=[POSTGRES])) == [(Level.WARNING, "servers", "readable-server")]


def test_what_protects_a_run_is_only_a_warning_if_nothing_runs() -> None:
    columns = [{"name": "id", "logicalType": "integer", "logicalTypeOptions": {"minimum": 9, "maximum": 1}}]
    text = minimal(servers=[POSTGRES], schema=[{"name": "orders", "properties": columns}])

    assert {level for level, _, _ in findings(text)} == {Level.WARNING}


def test_no_clause_counts_as_executed_but_those_that_only_name_the_contract() -> None:
    rows = covered(minimal(servers=[POSTGRES], slaProperties=[{"property": "frequency", "value": 1, "unit": "d"}]))

    executed = {clause for clause, row in rows.items() if row.treatment is Treatment.EXECUTED}
    assert executed == {"apiVersion", "kind", "id", "version"}
    assert rows["slaProperties[0]"].by == "not run here (server type postgres)"
    assert rows["schema[0].properties[0].required"].by == "not run here (server type postgres)"


def test_the_clauses_of_a_sibling_that_runs_stay_executed() -> None:
    own = {"customProperties": [{"property": "schema", "value": "orders"}]}
    schema = [{"name": name, "properties": [{"name": "id", "required": True}]} for name in ("orders", "customers")]

    rows = covered(minimal(servers=[{**PARQUET, **own}, POSTGRES], schema=schema))

    assert rows["schema[0].properties[0].required"].treatment is Treatment.EXECUTED
    assert rows["schema[1].properties[0].required"].treatment is Treatment.NOT_EXECUTABLE


def test_it_can_be_exported() -> None:
    text = minimal(servers=[POSTGRES])
    dataset = compiled(contract(text).dataset)

    assert "CREATE TABLE" in sql_ddl(dataset)
    assert portable_suite(dataset)["expectations"]
    assert "<dt>Not run here</dt><dd>orders: server type postgres</dd>" in html_page(
        (dataset,), tuple(covered(text).values())
    )


@pytest.fixture
def folder(tmp_path: Path) -> ContractFolder:
    contracts = tmp_path / "contracts"
    contracts.mkdir()
    (contracts / "orders.odcs.yaml").write_text(minimal(servers=[POSTGRES]))
    files = minimal(id="files", schema=[{"name": "files", "properties": [{"name": "id"}]}], servers=[PARQUET])
    (contracts / "files.odcs.yaml").write_text(files)
    made = ContractFolder(contracts, tmp_path / "expectations")
    for path in made.paths():
        made.write_suites(path)
    return made


def test_the_catalogue_names_it_and_it_is_no_problem(folder: ContractFolder) -> None:
    catalogue = folder.load_all()

    assert catalogue.not_run == ("orders: not run here: server type postgres",)
    assert [each.dataset.name for each in catalogue.contracts] == ["files"]
    assert catalogue.broken == ()


def test_no_suite_is_written_for_it(folder: ContractFolder) -> None:
    assert [path.name for path in folder.expectations.rglob("*.json")] == ["files.json"]


def test_whoever_wants_to_run_it_is_told_why_not(folder: ContractFolder) -> None:
    with pytest.raises(NotRunHere, match=r"orders: not run here: server type postgres; `gate lint`, .* work"):
        folder.load("orders")


def test_it_has_no_dag(folder: ContractFolder) -> None:
    assert folder.of_dag("gate__orders") is None


def test_it_leaves_its_tables_name_to_a_contract_that_runs(folder: ContractFolder) -> None:
    twin = minimal(id="twin", servers=[PARQUET])
    (folder.contracts / "twin.odcs.yaml").write_text(twin)
    folder.write_suites(folder.contracts / "twin.odcs.yaml")

    assert [each.dataset.name for each in folder.load_all().contracts] == ["files", "orders"]


def test_lint_counts_no_claim_of_it_on_the_name(folder: ContractFolder) -> None:
    claims = folder.promised_datasets().within(folder.contracts).claims

    assert set(claims) == {"files", "gate__files"}
