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
from tests.object_storage import endpoint_of

import partition_gate
from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.adapters.embedded_s3.server import EmbeddedS3
from partition_gate.adapters.object_store.landing import LandingWriter
from partition_gate.core.errors import InvalidSetting
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


@pytest.mark.parametrize("endpoint", [{}, {"GATE_S3_ENDPOINT_URL": "aws"}], ids=["no endpoint", "aws"])
def test_on_amazon_the_credentials_of_the_machine_are_used_and_no_server_is_started(
    tmp_path: Path, s3: EmbeddedS3, monkeypatch: pytest.MonkeyPatch, endpoint: dict[str, str]
) -> None:
    """AWS's own variables name a server of ours in Amazon's place, and its credentials."""
    aws = {
        "AWS_ENDPOINT_URL": s3.endpoint_url,
        "AWS_ACCESS_KEY_ID": s3.access_key_id,
        "AWS_SECRET_ACCESS_KEY": s3.secret_access_key,
    }
    for name, value in aws.items():
        monkeypatch.setenv(name, value)
    root = f"s3://landing/{tmp_path.name}"
    pq.write_table(pa.table({"id": [1, 2], "amount": [0.5, 1.5]}), body := pa.BufferOutputStream())
    writer = LandingWriter(endpoint_of(s3))
    writer.put(f"{root}/dt={KEY}/part-0.parquet", body.getvalue().to_pybytes())
    desk = Desk(tmp_path)
    location = {"server": "x", "type": "s3", "format": "parquet", "location": f"{root}/dt=*/*.parquet"}
    path = desk.write_contract(servers=[location])
    settings = {
        **aws,
        "GATE_HOME": str(desk.home),
        **endpoint,
        "GATE_WAREHOUSE_URI": f"s3://warehouse/{tmp_path.name}",
    }

    with open_ports(load_settings(settings)) as ports:
        today = ContractFolder(tmp_path / "none", tmp_path / "none").load(str(path))
        settlement = run_partition(today, KEY, ports=ports).settlement

    assert (settlement.outcome.value, settlement.why, settlement.rows_published) == ("published", (), 2)
    assert not (desk.home / "object-store").exists()


def test_without_an_endpoint_it_is_amazon_s3_and_no_server_is_started(tmp_path: Path) -> None:
    key = {"GATE_S3_ACCESS_KEY_ID": "someone", "GATE_S3_SECRET_ACCESS_KEY": "hush"}

    with open_ports(load_settings({"GATE_HOME": str(tmp_path), **key})) as ports:
        service = ports.s3_service()

    assert (service.url, service.display_name) == (None, "Amazon S3, us-east-1")
    assert not (tmp_path / "object-store").exists()


def test_the_embedded_server_is_started_where_the_settings_ask_for_it(tmp_path: Path) -> None:
    settings = load_settings({"GATE_HOME": str(tmp_path), "GATE_S3_EMBEDDED": "1"})
    location = Location(root="s3://landing/orders", segments=(), pattern="*.parquet")

    with open_ports(settings) as ports:
        assert ports.store.list_files(location, "snapshot") == ()

    assert (tmp_path / "object-store").exists()


def test_a_rehearsal_never_reaches_a_real_s3(tmp_path: Path) -> None:
    settings = load_settings({"GATE_HOME": str(tmp_path), "GATE_NOW": "2013-01-08T07:30:00-05:00"})
    location = Location(root="s3://landing/orders", segments=(), pattern="*.parquet")

    with open_ports(settings) as ports, pytest.raises(InvalidSetting, match=r"GATE_NOW: .* or set GATE_S3_EMBEDDED"):
        ports.store.list_files(location, "snapshot")
