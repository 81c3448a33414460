"""Where the product is installed and which S3 it has: a wheel without a checkout, and Amazon S3 with a role."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.integration.test_gate_run import KEY, Desk

import partition_gate
from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.adapters.embedded_s3.server import EmbeddedS3
from partition_gate.adapters.object_store.landing import LandingWriter
from partition_gate.adapters.object_store.s3 import S3ObjectStore
from partition_gate.core.errors import AccessDenied
from partition_gate.core.partition import Location
from partition_gate.gate.pipeline import run_partition
from partition_gate.settings import load_settings
from partition_gate.wiring import open_ports

FOLDERS = """
from partition_gate.settings import load_settings
settings = load_settings({})
print(settings.home, settings.contracts, settings.expectations)
"""


def test_without_a_checkout_home_and_contracts_start_at_the_working_directory(tmp_path: Path) -> None:
    installed = tmp_path / "venv/lib/python3.11/site-packages"
    package = Path(partition_gate.__file__).parent
    shutil.copytree(package, installed / "partition_gate", ignore=shutil.ignore_patterns("__pycache__", "apps"))
    (work := tmp_path / "work").mkdir()

    done = subprocess.run(
        [sys.executable, "-c", FOLDERS],
        cwd=work,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == [str(work / name) for name in (".gate", "include/contracts", "expectations")]


def test_on_amazon_the_credentials_of_the_machine_are_used_and_no_server_is_started(
    tmp_path: Path, s3: EmbeddedS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS's own variables name a server of ours in Amazon's place, and its credentials."""
    for name, value in (
        ("ENDPOINT_URL", s3.endpoint_url),
        ("ACCESS_KEY_ID", s3.access_key_id),
        ("SECRET_ACCESS_KEY", s3.secret_access_key),
    ):
        monkeypatch.setenv(f"AWS_{name}", value)
    root = f"s3://landing/{tmp_path.name}"
    pq.write_table(pa.table({"id": [1, 2], "amount": [0.5, 1.5]}), body := pa.BufferOutputStream())
    writer = LandingWriter(s3.endpoint_url, s3.access_key_id, s3.secret_access_key, s3.region)
    writer.put(f"{root}/dt={KEY}/part-0.parquet", body.getvalue().to_pybytes())
    desk = Desk(tmp_path)
    location = {"server": "x", "type": "s3", "format": "parquet", "location": f"{root}/dt=*/*.parquet"}
    path = desk.write_contract(servers=[location])
    settings = {
        "GATE_HOME": str(desk.home),
        "GATE_S3_ENDPOINT_URL": "aws",
        "GATE_WAREHOUSE_URI": f"s3://warehouse/{tmp_path.name}",
    }

    with open_ports(load_settings(settings)) as ports:
        today = ContractFolder(tmp_path / "none", tmp_path / "none").load(str(path))
        settlement = run_partition(today, KEY, ports=ports).settlement

    assert (settlement.outcome.value, settlement.why, settlement.rows_published) == ("published", (), 2)
    assert not (desk.home / "object-store").exists()


def test_a_machine_without_credentials_is_told_where_they_are_looked_for(
    s3: EmbeddedS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    location = Location(root="s3://landing/orders", segments=(), pattern="*.parquet")

    with pytest.raises(AccessDenied, match=r"no credentials for .*; set GATE_S3_ACCESS_KEY_ID .* or give .* a role"):
        S3ObjectStore(s3.endpoint_url, "", "").partition_keys(location)
