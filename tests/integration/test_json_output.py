"""Every command with `--json` prints one object with a version, and nothing else, to the standard output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.integration.test_gate_run import Desk

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.apps.cli.main import app

KEY = "2026-01-01"
COMMANDS = {
    "run": ("run", "orders", KEY),
    "status": ("status",),
    "sla": ("sla", "orders"),
    "profile": ("profile", "orders", KEY),
    "anomalies": ("anomalies",),
    "baseline show": ("baseline", "show"),
    "incidents list": ("incidents", "list"),
    "incidents show": ("incidents", "show", "1"),
    "quarantine list": ("quarantine", "list"),
    "quarantine show": ("quarantine", "show", "orders", KEY),
    "quarantine replay": ("quarantine", "replay", "orders", KEY, "--dry-run"),
    "quarantine discard": ("quarantine", "discard", "orders", "2026-01-04", "--why", "wrong"),
    "compare": ("compare", "orders:2026-01-05", f"orders:{KEY}"),
    "validate-schema": ("validate-schema", "orders", "--against", "orders"),
    "read": ("read", "orders", KEY),
    "history": ("history", "orders", KEY),
    "rollback": ("rollback", "orders", "2026-01-05", "--why", "wrong"),
    "lineage": ("lineage", "orders", KEY),
    "reconcile": ("reconcile",),
    "sweep": ("sweep",),
    "retain": ("retain", "--dry-run"),
    "watch": ("watch",),
    "notify": ("notify",),
    "doctor": ("doctor",),
    "health": ("health",),
    "lint": ("lint",),
    "coverage": ("coverage", "orders"),
    "versions": ("versions", "orders"),
    "diff": ("diff", "orders", "orders"),
    "publish-contracts": ("publish-contracts",),
    "approve": ("approve", "orders", "2026-01-02", "--why", "right"),
    "reject": ("reject", "orders", "2026-01-03", "--why", "wrong"),
}


def with_json(command: Any, name: str = "") -> Iterator[str]:
    """The names of the commands that have the option."""
    for own, each in getattr(command, "commands", {}).items():
        yield from with_json(each, f"{name} {own}".strip())
    if any("--json" in parameter.opts for parameter in command.params):
        yield name


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Two partitions with a quarantined row, which is an incident, two that are held because they shrank, and
    one with two versions.
    """
    desk = Desk(tmp_path_factory.mktemp("json"))
    desk.write_contract()
    expectations = desk.folder / "expectations"
    ContractFolder(desk.folder, expectations).write_suites(desk.contract)
    desk.environment = {"GATE_CONTRACTS": str(desk.folder), "GATE_EXPECTATIONS": str(expectations)}
    for key in ("2026-01-02", "2026-01-03"):
        desk.land(key)
        desk.gate("run", "orders", key)
        desk.land(key, id=[1], amount=[1.5])
        desk.gate("run", "orders", key)
    for key in (KEY, "2026-01-04", "2026-01-05"):
        desk.land(key, id=[*range(99), None], amount=[1.5] * 100)
        desk.gate("run", "orders", key)
    desk.land("2026-01-05")
    desk.gate("run", "orders", "2026-01-05")
    return desk


def test_no_command_with_json_is_left_out():
    assert sorted(with_json(typer.main.get_command(app))) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_prints_one_object_with_a_version(desk: Desk, name: str):
    done = desk.gate(*COMMANDS[name], "--json")

    document = json.loads(done.stdout)
    assert document["interface_version"] == 1
    assert len(document) > 1
    assert f"`gate {name}`" in Path("docs/reference/json.md").read_text().replace(
        "`gate notify --test`", "`gate notify`"
    )
