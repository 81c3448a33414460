"""An installation without the extra `s3`: commands that work on local folders do, the others name the extra."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.test_gate_run import Desk

from partition_gate.adapters.contract_folder import ContractFolder

WITHOUT = """
import sys
for name in ("s3fs", "fsspec", "botocore", "aiobotocore"):
    sys.modules[name] = None
from partition_gate.apps.cli.main import main
main()
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write_contract(status="active")
    desk.landing.mkdir()
    return desk


def gate(desk: Desk, *arguments: str) -> subprocess.CompletedProcess[str]:
    ContractFolder(desk.contract.parent, desk.contract.parent / "suites").write_suites(desk.contract)
    environment = {
        **os.environ,
        "GATE_HOME": str(desk.home),
        "GATE_CONTRACTS": str(desk.contract.parent),
        "GATE_EXPECTATIONS": str(desk.contract.parent / "suites"),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, "-c", WITHOUT, *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)


def test_contracts_are_published_to_a_local_folder(desk: Desk, tmp_path: Path) -> None:
    done = gate(desk, "publish-contracts", "--to", str(tmp_path / "registry"))

    assert done.returncode == 0, done.stderr


def test_the_doctor_examines_local_folders(desk: Desk) -> None:
    done = gate(desk, "doctor")

    assert (done.returncode, "landing: list" in done.stdout) == (0, True), done.stdout + done.stderr


def test_a_registry_in_s3_names_the_extra(desk: Desk) -> None:
    done = gate(desk, "publish-contracts", "--to", "s3://registry/contracts")

    assert "run: pip install 'partition-gate[s3]'" in done.stderr


def test_the_doctor_names_the_extra_for_landing_in_s3(desk: Desk) -> None:
    desk.write_contract(
        servers=[{"server": "x", "type": "s3", "location": "s3://landing/a/dt=*/*.parquet", "format": "parquet"}]
    )

    done = gate(desk, "doctor")

    assert (done.returncode, "partition-gate[s3]" in " ".join(done.stdout.split())) == (1, True)
