"""Values that the contract classifies or does not name are in quarantine, and nowhere that people or machines look.

Each value is a canary: a word that is nothing else. Rows of it are rejected by row, by partition, by SQL and by type.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from starlette.testclient import TestClient
from typer.testing import CliRunner

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.adapters.embedded_s3.server import EmbeddedS3
from partition_gate.apps.airflow import tasks
from partition_gate.apps.cli.main import app
from partition_gate.apps.web.app import create_app
from partition_gate.apps.web.wired import console
from partition_gate.core.partition import Partition
from partition_gate.gate.discover import Discovered
from partition_gate.settings import load_settings
from partition_gate.wiring import open_ports

CANARY = "canary7f3a"
KEY = "2026-01-01"
EMAIL = {"name": "email", "logicalType": "string", "classification": "personal"}
ADDRESS = {"name": "address", "logicalType": "object", "properties": [{"name": "city", "logicalType": "string"}]}
COLUMNS: list[dict[str, Any]] = [
    {"name": "dt", "logicalType": "date", "partitioned": True},
    {"name": "id", "logicalType": "integer", "required": True, "unique": True},
    {"name": "dest", "logicalType": "string"},
]


def great_expectations(**implementation: Any) -> dict[str, Any]:
    return {"type": "custom", "engine": "greatExpectations", "implementation": implementation}


# What rejects the rows: properties of the email, and rules on the object.
Breaking = tuple[dict[str, Any], list[dict[str, Any]]]
BY_ROW: Breaking = ({"logicalTypeOptions": {"pattern": "^[0-9]+$"}, "unique": True}, [])
BY_SQL: Breaking = (
    {},
    [
        {"id": "whole", "type": "sql", "query": "SELECT max(t::VARCHAR) FROM {object} t", "mustBe": "x"},
        {"id": "named", "type": "sql", "query": "SELECT max(email) FROM {object}", "mustBe": "x"},
        {"id": "renamed", "type": "sql", "query": "SELECT max(c) FROM {object} t(a, b, c)", "mustBe": "x"},
        {"id": "unnamed", "type": "sql", "query": "SELECT max(columns('.*sn')) FROM {object}", "mustBe": "x"},
        {"id": "broken", "type": "sql", "query": "SELECT max(email::INTEGER) FROM {object}", "mustBe": 1},
    ],
)
BY_PARTITION: Breaking = (
    {},
    [
        {"id": "rows", "type": "library", "metric": "rowCount", "mustBeGreaterThan": 1000},
        great_expectations(
            type="expect_column_distinct_values_to_be_in_set", kwargs={"column": "email", "value_set": ["x"]}
        ),
        great_expectations(
            type="expect_column_pair_values_to_be_equal", kwargs={"column_A": "dest", "column_B": "email"}
        ),
    ],
)
ROWS = {
    "id": pa.array([1, 1, 2, None], pa.int32()),
    "dest": ["SJU", "SJU", "BQN", "SJU"],
    "email": [f"{CANARY}@example.org"] * 4,
    "Email": [f"{CANARY}-{i}" for i in range(4)],
    "ssn": [f"{CANARY}-ssn"] * 4,
    "address": [{"city": "Ponce", "door": f"{CANARY}-door"}] * 4,
}


class Place:
    """A checkout with one contract, its landing folder, and a home."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "home"
        self.contracts, self.expectations = folder / "contracts", folder / "expectations"
        self.contracts.mkdir()

    def promise(self, email: dict[str, Any], rules: list[dict[str, Any]], **changes: Any) -> None:
        columns = [*COLUMNS, {**EMAIL, **email}, ADDRESS]
        server = {"server": "x", "type": "local", "format": "parquet", "path": f"{self.folder}/landing/dt=*/*.parquet"}
        document = {
            "apiVersion": "v3.1.0",
            "kind": "DataContract",
            "id": "orders",
            "version": "1.0.0",
            "status": "active",
            "servers": [server],
            "schema": [{"name": "orders", "properties": columns, "quality": rules}],
            "support": [
                {"channel": "#orders", "tool": "slack", "scope": "issues"},
                {"channel": "#users", "tool": "slack", "scope": "announcements"},
            ],
            **changes,
        }
        path = self.contracts / "orders.odcs.yaml"
        path.write_text(yaml.safe_dump(document))
        ContractFolder(self.contracts, self.expectations).write_suites(path)

    def land(self, content: pa.Table | bytes) -> None:
        path = self.folder / "landing" / f"dt={KEY}" / "part-0.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            pq.write_table(content, path)

    def gate(self, *arguments: str) -> str:
        return CliRunner().invoke(app, list(arguments)).output

    def ledger(self) -> str:
        """Every value of every table, documents inflated."""
        with closing(sqlite3.connect(self.home / "ledger.sqlite")) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            rows = [row for table in tables for row in connection.execute(f'SELECT * FROM "{table}"')]  # noqa: S608
        return "\n".join(_text(value) for row in rows for value in row)

    def pages(self) -> str:
        """What the console shows of the attempt, and every file of Data Docs and of the inbox."""
        browser = TestClient(create_app(console()))
        attempt = json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)["partitions"][0]["attempt_id"]
        addresses = ("/", f"/attempts/{attempt}", f"/quarantine/{attempt}", "/contracts/orders", "/inbox")
        files = [path for name in ("docs", "inbox") for path in (self.home / name).rglob("*") if path.is_file()]
        return "\n".join([*(browser.get(page).text for page in addresses), *(path.read_text() for path in files)])


def _text(value: object) -> str:
    if not isinstance(value, bytes):
        return str(value)
    try:
        return zlib.decompress(value).decode(errors="replace")
    except zlib.error:
        return value.decode(errors="replace")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    place = Place(tmp_path)
    named = {"HOME": place.home, "CONTRACTS": place.contracts, "EXPECTATIONS": place.expectations}
    for name, value in named.items():
        monkeypatch.setenv(f"GATE_{name}", str(value))
    monkeypatch.setenv("COLUMNS", "400")
    return place


def through_the_tasks() -> list[object]:
    """What every task of the DAG hands on: XCom shows it."""
    with open_ports() as ports:
        location = ports.contracts.load("orders").dataset.location
        files = ports.store.list_files(location, KEY)
    found = Discovered(partition=Partition(dataset="orders", key=KEY, files=tuple(files)), seen_fence=0)
    inspected = tasks.inspect("orders", {"discovered": found.model_dump(mode="json")})
    settlement = tasks.settle("orders", inspected)
    return [inspected, settlement, tasks.report(settlement["attempt_id"]), tasks.notify()]


TYPES = {**ROWS, "id": ["a", "b", "b", None], "email": [[CANARY], [CANARY], ["x"], None]}
CASES = {
    "row": (BY_ROW, pa.table(ROWS), "rejected"),
    "some rows": (BY_ROW, pa.table(ROWS), "published_with_quarantine"),
    "sql": (BY_SQL, pa.table(ROWS), "errored"),
    "sql text": ((BY_SQL[0], BY_SQL[1][:4]), pa.table(ROWS), "rejected"),
    "partition": (BY_PARTITION, pa.table(ROWS), "rejected"),
    "types": (BY_ROW, pa.table(TYPES), "rejected"),
    "bytes": (BY_ROW, f"PAR1 {CANARY} PAR1".encode(), "rejected"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_canary_is_in_quarantine_and_nowhere_else(
    place: Place, case: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    (email, rules), content, outcome = CASES[case]
    limit = "100%" if case == "some rows" else "0%"
    place.promise(email, rules, customProperties=[{"property": "quarantineLimit", "value": limit}])
    place.land(content)
    with caplog.at_level(logging.DEBUG):
        handed_on = through_the_tasks()
        shown = [
            place.gate("run", "orders", KEY, "--json"),
            place.gate("run", "orders", KEY),
            place.gate("status"),
            place.gate("status", "--json"),
            place.gate("quarantine", "show", "orders", KEY),
            place.gate("reconcile", "--json"),
            place.gate("profile", "orders", KEY),
        ]
        pages = place.pages()

    assert handed_on[1]["outcome"] == outcome  # type: ignore[index]
    kept = [path for path in (place.home / "quarantine").rglob("*") if path.is_file()]
    assert bool(kept) is (outcome != "errored")
    for where in (*map(str, handed_on), *shown, pages, place.ledger(), caplog.text, *capfd.readouterr()):
        assert CANARY not in where


def test_what_may_be_seen_is_seen(place: Place) -> None:
    """Else the canary would be absent from empty pages."""
    place.promise(*BY_ROW)
    place.land(pa.table(ROWS))
    through_the_tasks()

    for shown in (place.gate("quarantine", "show", "orders", KEY), place.pages()):
        assert "SJU" in shown
        assert "#" in shown
        assert "email" in shown


def test_failing_values_are_the_same_everywhere(place: Place) -> None:
    place.promise(
        {},
        [
            {
                "id": "known",
                **great_expectations(
                    type="expect_column_values_to_be_in_set", kwargs={"column": "dest", "value_set": ["JFK"]}
                ),
            }
        ],
    )
    place.land(pa.table({**ROWS, "id": pa.array([1, 2, 3, 4], pa.int32())}))
    through_the_tasks()

    document = json.loads(place.gate("run", "orders", KEY, "--json"))

    (known,) = [check for check in document["checks"] if check["outcome"] == "failed"]
    assert known["failing_values"] == [{"value": "SJU", "count": 3}, {"value": "BQN", "count": 1}]
    assert "SJU 3, BQN 1" in place.gate("run", "orders", KEY)
    pages = place.pages()
    assert pages.count("SJU 3, BQN 1") >= 3  # the partition's page, the console's inbox, the message


def test_text_of_a_stranger_is_escaped_and_cut_in_the_terminal_and_on_the_page(place: Place) -> None:
    place.promise(*BY_ROW)
    strange = ["\x1b[31mred\x00", "eman\u202elamron", "x" * 5_000_000, "zero\u200bwidth"]
    place.land(pa.table({**ROWS, "dest": strange}))
    through_the_tasks()

    for shown in (place.gate("quarantine", "show", "orders", KEY), place.pages()):
        assert not {"\x1b", "\x00", "\u202e", "\u200b"} & set(shown)
        assert r"\x1b[31mred\x00" in shown
        assert r"eman\u202elamron" in shown
        assert "… (5,000,000 characters)" in shown
        assert len(shown) < 500_000


def test_quarantine_on_s3_is_shown_as_a_local_one(
    place: Place, s3: EmbeddedS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "QUARANTINE_URI": f"s3://warehouse/{place.folder.name}/quarantine",
        "S3_ENDPOINT_URL": s3.endpoint_url,
        "S3_ACCESS_KEY_ID": s3.access_key_id,
        "S3_SECRET_ACCESS_KEY": s3.secret_access_key,
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"GATE_{name}", value)
    place.promise(*BY_ROW)
    place.land(pa.table(ROWS))
    through_the_tasks()
    assert load_settings().quarantine_uri.startswith("s3://")

    for shown in (place.gate("quarantine", "show", "orders", KEY), place.pages()):
        assert "s3://warehouse/" in shown
        assert "BQN" in shown
        assert CANARY not in shown
    assert "DIFFERENCE" not in place.gate("reconcile")
