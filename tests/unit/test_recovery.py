"""Which function a contract names, and how lint finds out that it does not exist: without importing anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.test_odcs import minimal, read
from typer.testing import CliRunner

from partition_gate.adapters.linted_files import why_no_function
from partition_gate.apps.cli.main import app
from partition_gate.contract.recovery import RecoveryFunction, recovery_function
from partition_gate.core.errors import ContractError
from partition_gate.settings import load_settings

SIGNS = [{"property": "recover", "value": "orders:fix_signs"}]
FIX = RecoveryFunction(module="fixes.orders", function="fix")


def test_a_name_has_a_module_and_a_function() -> None:
    named = recovery_function("fixes.orders:fix_signs")

    assert (named.file, named.function) == ("fixes/orders.py", "fix_signs")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "orders",
        "orders:",
        ":fix",
        "../orders:fix",
        "/etc/orders:fix",
        "a..b:fix",
        "a.b:c.d",
        "a b:c",
        "a:b\n",
        7,
    ],
)
def test_another_name_is_refused(name: object) -> None:
    with pytest.raises(ValueError, match="does not name a function: write module:function"):
        recovery_function(name)


def of_schema(**schema: Any) -> str:
    properties = [{"name": "id", "logicalType": "integer"}]
    return json.dumps([{"name": "orders", "properties": properties, **schema}])


def test_a_function_of_the_contract_is_that_of_its_object() -> None:
    assert read(minimal(customProperties=SIGNS)).limits.recover == "orders:fix_signs"


def test_a_function_of_an_object_comes_before_that_of_the_contract() -> None:
    own = [{"property": "recover", "value": "lines:fix"}]
    schema = json.loads(of_schema(customProperties=own))

    assert read(minimal(customProperties=SIGNS, schema=schema)).limits.recover == "lines:fix"


def test_a_name_that_leaves_the_folder_is_never_read() -> None:
    with pytest.raises(ContractError, match="does not name a function"):
        read(minimal(customProperties=[{"property": "recover", "value": "../../evil:fix"}]))


def test_a_function_that_exists_is_found_without_being_run(tmp_path: Path) -> None:
    (tmp_path / "fixes").mkdir()
    (tmp_path / "fixes" / "orders.py").write_text("raise SystemExit\n\ndef fix(rows):\n    return rows\n")

    assert why_no_function(tmp_path, FIX) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "fixes/orders.py is not in "),
        ("def fix(:\n", "fixes/orders.py is not valid Python (line 1); correct it"),
        ("def fixx(rows):\n    return rows\n", "fixes/orders.py has no function fix; did you mean 'fixx'?"),
        ("class C:\n    def fix(rows):\n        return rows\n", "fixes/orders.py has no function fix; add it"),
    ],
)
def test_a_function_that_does_not_exist_is_told(tmp_path: Path, text: str | None, why: str) -> None:
    (tmp_path / "fixes").mkdir()
    if text is not None:
        (tmp_path / "fixes" / "orders.py").write_text(text)

    assert (why_no_function(tmp_path, FIX) or "").startswith(why)


def test_a_link_that_leaves_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text("def fix(rows):\n    return rows\n")
    (tmp_path / "recover" / "fixes").mkdir(parents=True)
    (tmp_path / "recover" / "fixes" / "orders.py").symlink_to(tmp_path / "outside.py")

    assert "is not in" in (why_no_function(tmp_path / "recover", FIX) or "")


def test_functions_are_beside_the_contracts() -> None:
    assert load_settings({"GATE_CONTRACTS": "/shop/contracts"}).recover == Path("/shop/recover")


def test_a_setting_says_where_they_are(tmp_path: Path) -> None:
    settings = load_settings({"GATE_RECOVER_FOLDER": "functions"}, project=tmp_path)

    assert settings.recover == tmp_path / "functions"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--recover"], "the contract of orders names no function"),
        (["--recover", "--set", "id=1"], "use --recover without --with and --set"),
    ],
)
def test_the_command_refuses_what_it_cannot_do(tmp_path: Path, options: list[str], why: str) -> None:
    contract = tmp_path / "orders.odcs.yaml"
    contract.write_text(minimal())

    done = CliRunner().invoke(
        app, ["quarantine", "replay", str(contract), "2026-11-01", *options], env={"COLUMNS": "200"}
    )

    assert done.exit_code == 2
    assert why in done.output
