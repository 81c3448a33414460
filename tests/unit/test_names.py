"""Names of contracts and datasets: one form, because each becomes a file, a folder, a view and a DAG id."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.core.errors import ContractError
from partition_gate.core.names import name_problem, version_problem
from partition_gate.core.table import TableSchema

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: {id}
version: "{version}"
status: active
servers: [{{server: x, type: local, path: data/dt=*/*.parquet, format: parquet}}]
schema: [{{name: "{dataset}", properties: [{{name: id, logicalType: integer}}]}}]
"""
GOOD = {"id": "orders", "version": "1.0.0", "dataset": "orders"}
PATHS = ["../../../evil", "..", ".", "", "a/b", "a\\b", "/etc", "-rf", "_x", "a b", "\u00dcn\u00ef", "a\n", "x" * 101]


@pytest.mark.parametrize("name", ["orders", "Orders-2.eu_west", "7", "53581432-6c55-4ba2-a65f-72344a91553a", "x" * 100])
def test_letters_digits_and_three_signs_are_a_name(name: str):
    assert name_problem(name) is None


@pytest.mark.parametrize("name", PATHS)
def test_what_could_be_another_folder_or_no_dag_id_is_no_name(name: str):
    assert name_problem(name) is not None
    with pytest.raises(ValidationError):
        TableSchema(name=name, columns=())


@pytest.mark.parametrize("version", [".", "..", "", " . "])
def test_a_version_is_a_folder_of_its_own(version: str):
    assert version_problem(version) is not None
    assert version_problem("1.0.0") is None


@pytest.mark.parametrize("place", ["id", "version", "dataset"])
def test_a_contract_that_lint_did_not_see_is_refused_by_name_as_well(place: str):
    with pytest.raises(ContractError, match=r"'\.\.' is not a valid "):
        read_contract(CONTRACT.format(**{**GOOD, place: ".."}), path="x.yaml")
