"""Commands that cannot do what was typed say what is wrong and what to type instead."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.commands import gate
from tests.integration.test_gate_run import KEY, Desk

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.adapters.ledger.ledger import SqlLedger
from partition_gate.adapters.storage import QUARANTINE_SETTING, Storage
from partition_gate.core.errors import LedgerUnusable, NoSpace
from partition_gate.testing.scans import a_scan, a_suite


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write_contract()
    desk.landing.mkdir()
    return desk


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["forget", "CONTRACT", KEY, "--why", " "], "write a reason"),
        (["approve", "CONTRACT", KEY, "--why", ""], "write a reason"),
        (["reject", "CONTRACT", KEY, "--why", ""], "write a reason"),
        (["sweep", "--older-than", "inf"], "less than or equal to"),
        (["publish-contracts", "--to", "s3://"], "write s3://bucket/prefix"),
        (["quarantine", "show", "CONTRACT", KEY], "`gate status` shows the recorded ones"),
        (["run", "CONTRACT", "9999-12-31"], "only dates from 0001-01-02 to 9998-12-31 have a calendar"),
        (["run", "flihgts", KEY], "'flihgts' is not a contract or a dataset: did you mean 'flights'?"),
        (["run", "airlnes", KEY], "'airlnes' is not a contract or a dataset: did you mean 'airlines'?"),
        (["run", "CONTRACT", "-5"], "'-5' is not a calendar date"),
        (["run", "CONTRACT", "--dryrun"], "No such option: --dryrun (Possible options: --dry-run)"),
        (["run", "--jsn", "CONTRACT", KEY], "No such option: --jsn (Possible options: --json)"),
        (["status", "nosuch"], "nothing of nosuch is recorded, and 'nosuch' is not a contract or a dataset"),
        (["incidents", "list", "flihgts"], "did you mean 'flights'?"),
        (["anomalies", "nosuch"], "nothing of nosuch is recorded"),
        (["quarantine", "list", "nosuch"], "nothing of nosuch is recorded"),
    ],
)
def test_a_usage_error_says_what_to_type(desk: Desk, arguments: list[str], said: str) -> None:
    done = desk.gate(*(str(desk.contract) if each == "CONTRACT" else each for each in arguments))

    assert (done.returncode, said in " ".join(done.stderr.replace("\u2502", " ").split())) == (2, True), done.stderr


def test_a_contract_must_not_publish_into_the_table_of_another_and_may_be_tried(desk: Desk) -> None:
    contracts = desk.folder / "contracts"
    contracts.mkdir()
    desk.contract = desk.contract.rename(contracts / "orders.odcs.yaml")
    own = ContractFolder(contracts, desk.folder / "expectations")
    own.write_suites(desk.contract)
    desk.environment = {"GATE_CONTRACTS": str(contracts), "GATE_EXPECTATIONS": str(own.expectations)}
    desk.land()
    draft = desk.folder / "draft.yaml"
    draft.write_text(desk.contract.read_text().replace("id: orders", "id: draft"))

    refused = desk.gate("run", str(draft), KEY)
    tried = desk.gate("run", str(draft), KEY, "--dry-run")

    said = "orders belongs to the contract in "
    assert (refused.returncode, said in refused.stderr) == (2, True), refused.stderr
    assert SqlLedger(f"sqlite:///{desk.home / 'ledger.sqlite'}").latest() == ()
    assert (tried.returncode, "compiled in memory" in tried.stdout) == (0, True), tried.stderr
    assert desk.run()[1]["outcome"] == "published"


def test_records_of_a_contract_are_those_of_its_datasets(desk: Desk) -> None:
    desk.land()
    contracts = desk.folder / "contracts"
    contracts.mkdir()
    desk.write_contract(id="shop")
    desk.contract = desk.contract.rename(contracts / "shop.odcs.yaml")
    desk.environment = {"GATE_CONTRACTS": str(contracts), "GATE_EXPECTATIONS": str(desk.folder / "expectations")}
    ContractFolder(contracts, desk.folder / "expectations").write_suites(desk.contract)
    desk.run()

    by_contract, by_dataset = desk.gate("status", "shop", "--json"), desk.gate("status", "orders", "--json")

    assert json.loads(by_contract.stdout)["partitions"] == json.loads(by_dataset.stdout)["partitions"] != []


@pytest.mark.parametrize(
    ("variables", "arguments", "said"),
    [
        ({"GATE_HOME": "/proc/x"}, ["status"], "/proc/x: cannot be written"),
        ({}, ["export", "flights", "--to", "avro", "--output", "/tmp"], "/tmp: cannot be written (is a directory)"),
        ({}, ["export", "flights", "--to", "avro", "--output", "/proc/x"], "choose another path (--output)"),
    ],
)
def test_a_path_that_cannot_be_written_is_named_with_its_setting(
    tmp_path: Path, variables: dict[str, str], arguments: list[str], said: str
) -> None:
    done = gate(*arguments, environment={"PYTHONPATH": "include", "GATE_HOME": str(tmp_path), **variables})

    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("setting", ["GATE_WAREHOUSE_URI", QUARANTINE_SETTING])
def test_storage_that_cannot_be_used_is_called_by_its_own_setting(setting: str) -> None:
    with pytest.raises(NoSpace, match=f"/proc/x.*: cannot be written .*{setting}"):
        Storage("/proc/x", setting=setting).put("a", b"1")


@pytest.mark.parametrize("command", ["status", "reconcile"])
def test_an_empty_ledger_is_named(desk: Desk, command: str) -> None:
    done = desk.gate(command)

    assert f"Nothing is recorded in {desk.home}/ledger.sqlite yet." in done.stdout.replace("\n", "")


def test_one_difference_remains_in_the_singular_and_outcomes_have_one_spelling(desk: Desk) -> None:
    desk.environment = {"GATE_CONTRACTS": str(desk.folder), "GATE_EXPECTATIONS": str(desk.folder / "expectations")}
    desk.write_contract(slaProperties=[{"property": "errorRate", "value": 20, "unit": "percent"}])
    desk.land(id=list(range(10)), amount=[*[1.5] * 9, -1.0])
    desk.gate("compile")
    desk.gate("run", "orders", KEY)
    (desk.landing / "dt=yesterday").mkdir()

    done = desk.gate("reconcile")

    assert "1 difference remains." in done.stdout
    assert "published with quarantine" in done.stdout


@pytest.mark.parametrize("folder", ["2026-8-5", "2026-08-5"])
def test_a_folder_that_means_the_partition_but_has_another_name_is_named(desk: Desk, folder: str) -> None:
    desk.land(folder)

    done = desk.gate("run", str(desk.contract), "2026-08-05")

    said = " ".join((done.stdout + done.stderr).split())
    assert f"dt={folder} is never judged" in said
    assert "rename the folder to dt=2026-08-05" in said


def test_a_column_that_a_file_has_twice_is_not_called_missing(tmp_path: Path) -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "id"])
    rules: dict[str, tuple[str, dict[str, Any]]] = {
        "has": ("expect_partition_files_to_have_column", {"column": "id"}),
        "known": ("expect_column_values_to_not_be_null", {"column": "id"}),
    }

    has, known = (
        DuckDbValidator().validate(a_scan(tmp_path, twice, columns={"id": "BIGINT"}), a_suite(rules)).observations
    )

    file = "s3://landing/orders/part-0.parquet"
    assert has.model_dump()["observed"] == f"several columns have this name in {file}"
    assert known.model_dump()["why"] == f"several columns are named id in {file}"


def test_a_ledger_that_refuses_is_not_said_to_be_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(LedgerUnusable, match="the server refuses connections"):
        SqlLedger(f"postgresql+psycopg://gate@127.0.0.1:{port}/ledger", timeout_s=3).latest()
