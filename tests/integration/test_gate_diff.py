"""`gate diff` over files and over a real git history, as a person or a pipeline runs it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from typer.testing import CliRunner, Result

from partition_gate.apps.cli.main import app, exit_code
from partition_gate.core.errors import GateError


def a_contract(folder: Path, version: str = "1.0.0", *, maximum: int = 100, required: bool = False) -> Path:
    amount = {"name": "amount", "logicalType": "integer", "logicalTypeOptions": {"maximum": maximum}}
    columns = [
        {"name": "dt", "logicalType": "date", "partitioned": True},
        {**amount, "required": required},
    ]
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "orders",
        "version": version,
        "status": "active",
        "servers": [{"server": "x", "type": "local", "path": str(folder / "data/dt=*/*.parquet"), "format": "parquet"}],
        "schema": [{"name": "orders", "properties": columns}],
    }
    path = folder / "orders.odcs.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path


def committed(path: Path, subject: str) -> None:
    git(path.parent, "add", path.name)
    git(path.parent, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", subject)


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def gate(home: Path, *arguments: str) -> tuple[int, Result]:
    result = CliRunner().invoke(app, list(arguments), env={"GATE_HOME": str(home)})
    error = result.exception
    return (exit_code(error) if isinstance(error, GateError) else result.exit_code), result


def diffed(home: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    code, result = gate(home, "diff", *arguments, "--json")
    return code, json.loads(result.stdout)


def test_two_files_are_compared_and_the_version_rule_decides_the_exit_code(tmp_path: Path):
    old, new = a_contract(tmp_path / "old"), a_contract(tmp_path / "new", "1.1.0", maximum=50)

    code, document = diffed(tmp_path, str(old), str(new))

    assert (code, document["version_rule"]["needed"], document["passed"]) == (1, "major", False)
    assert document["breaking"] == {"consumers": 0, "producers": 2}  # the location is another one too
    kinds = {change["kind"]: change["incompatible"] for change in document["changes"]}
    assert kinds["range narrowed"] == ["BACKWARD"]


def test_a_mode_that_holds_and_a_new_major_version_exit_with_0(tmp_path: Path):
    git_folder = tmp_path / "contracts"
    path = a_contract(git_folder)
    git(git_folder, "init", "-q")
    committed(path, "first")
    a_contract(git_folder, "2.0.0", maximum=50)

    assert diffed(tmp_path, str(path), "--mode", "FORWARD")[0] == 0
    assert diffed(tmp_path, str(path), "--mode", "BACKWARD")[0] == 1


def test_a_transitive_mode_looks_at_every_version_that_git_remembers(tmp_path: Path):
    folder = tmp_path / "contracts"
    git_init = a_contract(folder, maximum=200)
    git(folder, "init", "-q")
    committed(git_init, "wide")
    committed(a_contract(folder, "2.0.0", maximum=50), "narrow")
    path = a_contract(folder, "2.0.1", maximum=50)
    path.write_text(path.read_text() + "tags: [x]\n", encoding="utf-8")

    code, document = diffed(tmp_path, str(path), "--mode", "BACKWARD_TRANSITIVE")

    assert (code, document["modes"]["BACKWARD"], document["modes"]["BACKWARD_TRANSITIVE"]) == (1, True, False)
    assert [each["version"] for each in document["earlier"]] == ["1.0.0"]


def test_a_version_in_the_history_that_is_no_contract_is_named_and_left_out(tmp_path: Path):
    folder = tmp_path / "contracts"
    path = a_contract(folder)
    git(folder, "init", "-q")
    path.write_text("id: orders\n", encoding="utf-8")
    committed(path, "broken")
    committed(a_contract(folder), "mended")

    document = diffed(tmp_path, str(path))[1]

    assert len(document["unreadable"]) == 1
    assert "apiVersion" in document["unreadable"][0]["problem"]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["orders.odcs.yaml", "--since", "nothing"], 2, "'nothing' is not a revision"),
        (["orders.odcs.yaml", "--since", "--output=x"], 2, "not a revision"),
        (["nowhere.yaml"], 2, "'nowhere.yaml' is not a contract"),
    ],
)
def test_what_cannot_be_compared_is_a_usage_error(tmp_path: Path, arguments, code, sentence, monkeypatch):
    folder = tmp_path / "contracts"
    committed_path = a_contract(folder)
    git(folder, "init", "-q")
    committed(committed_path, "first")
    monkeypatch.chdir(folder)

    found, result = gate(tmp_path, "diff", *arguments)

    assert (found, sentence in str(result.exception)) == (code, True)


def test_without_a_repository_the_message_says_how_to_compare(tmp_path: Path):
    found, result = gate(tmp_path, "diff", str(a_contract(tmp_path)))

    assert (found, "gate diff OLD NEW" in str(result.exception)) == (3, True)


def test_a_new_version_is_replayed_over_the_newest_partitions_and_nothing_is_recorded(tmp_path: Path):
    old = a_contract(tmp_path)
    for day, amounts in (("2026-11-01", [1, 2]), ("2026-11-02", [99, 2]), ("2026-11-03", [None, 60])):
        partition = tmp_path / "data" / f"dt={day}"
        partition.mkdir(parents=True)
        pq.write_table(pa.table({"amount": pa.array(amounts, pa.int64())}), partition / "a.parquet")
    before = old.rename(tmp_path / "before.yaml")
    after = a_contract(tmp_path, "2.0.0", maximum=50, required=True)
    home = tmp_path / "home"

    _, document = diffed(home, str(before), str(after), "--partitions", "2")

    flips = {
        one["key"]: [(f["rule_id"], f["before"], f["after"]) for f in one["flips"]] for one in document["partitions"]
    }
    assert flips == {
        "2026-11-03": [("amount.required", None, "failed"), ("amount.maximum", "passed", "failed")],
        "2026-11-02": [("amount.maximum", "passed", "failed")],
    }
    assert not list(home.glob("ledger*"))
    assert not [path for path in (home / "spool").iterdir() if path.is_dir()]
