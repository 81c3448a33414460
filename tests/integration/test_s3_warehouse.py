"""A warehouse and a quarantine in S3 can do what local ones can: references, published rows, views, reconciliation."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.integration.test_gate_run import DT, KEY, Desk, at

from partition_gate.adapters.embedded_s3.server import EmbeddedS3

ID = {"name": "id", "logicalType": "integer", "primaryKey": True, "primaryKeyPosition": 1, "required": True}
CUSTOMER = {"name": "customer", "logicalType": "integer"}
UNSEEN = {
    "id": "unseen",
    "type": "sql",
    "query": "SELECT count(*) FROM {object} AS a JOIN {object}_published AS b ON a.id = b.id",
    "mustBe": 0,
}


@pytest.fixture
def desk(tmp_path: Path, s3: EmbeddedS3) -> Desk:
    """Orders refer to customers, and none was published before. Landing is local; tables and quarantine are in S3."""
    desk = Desk(tmp_path)
    parent = {"name": "customers", "properties": [DT, ID]}
    child = {
        "name": "orders",
        "properties": [DT, ID, {**CUSTOMER, "relationships": [{"to": "customers.id"}]}],
        "quality": [UNSEEN],
    }
    path = f"{desk.landing}/{{schema}}/dt=*/*.parquet"
    server = {"server": "x", "type": "local", "format": "parquet", "path": path}
    desk.write_contract(servers=[server], schema=[deepcopy(parent), child])
    desk.environment = {
        **at(s3),
        "GATE_CONTRACTS": str(tmp_path),
        "GATE_EXPECTATIONS": str(tmp_path / "suites"),
        "GATE_WAREHOUSE_URI": f"s3://warehouse/{tmp_path.name}/tables",
        "GATE_QUARANTINE_URI": f"s3://warehouse/{tmp_path.name}/quarantine",
    }
    assert desk.gate("compile").returncode == 0
    return desk


def land(desk: Desk, dataset: str, key: str, **columns: list[int]) -> None:
    folder = desk.landing / dataset / f"dt={key}"
    folder.mkdir(parents=True)
    pq.write_table(pa.table(columns), folder / "part-0.parquet")


def run(desk: Desk, dataset: str, key: str) -> dict[str, Any]:
    done = desk.gate("run", f"orders/{dataset}", key, "--json")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_rows_are_judged_by_the_published_rows_of_another_table_and_of_their_own(desk: Desk, s3: EmbeddedS3) -> None:
    land(desk, "customers", KEY, id=[1, 2])
    land(desk, "orders", KEY, id=list(range(100)), customer=[1] * 99 + [9])
    land(desk, "orders", "2026-01-02", id=[5], customer=[1])

    published = run(desk, "customers", KEY)
    without_parent = run(desk, "orders", KEY)
    seen_before = run(desk, "orders", "2026-01-02")

    assert published["outcome"] == "published", published["why"]
    assert (without_parent["outcome"], without_parent["rows_quarantined"]) == ("published_with_quarantine", 1)
    assert seen_before["outcome"] == "rejected", seen_before["why"]
    assert any("unseen" in why for why in seen_before["why"])
    assert [path for path in (desk.home / "spool").iterdir() if path.is_dir()] == []
    assert desk.gate("reconcile").returncode == 0
    assert "customers" in desk.gate("quarantine", "show", "orders/orders", KEY).stdout
    assert served(desk, s3, "SELECT count(*) FROM orders") == 99


def served(desk: Desk, s3: EmbeddedS3, query: str) -> int:
    """What a consumer with access to the bucket reads."""
    reader = fsspec.filesystem("s3", key=s3.access_key_id, secret=s3.secret_access_key, endpoint_url=s3.endpoint_url)
    with duckdb.connect(str(desk.home / "warehouse.duckdb"), read_only=True) as connection:
        connection.register_filesystem(reader)
        return int(connection.execute(query).fetchall()[0][0])
