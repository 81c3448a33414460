"""A warehouse in PostgreSQL as people use it, by commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from tests.integration.test_gate_run import DT, KEY, Desk
from tests.integration.test_ledger_behaviour import new_database
from tests.tutorials import answered

from partition_gate.core.diagnosis import Health

PAGE = Path("docs/how-to/postgresql.md")


class DatabaseDesk(Desk):
    """A desk whose tables are in PostgreSQL."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder)
        folders = {"GATE_CONTRACTS": str(folder), "GATE_EXPECTATIONS": str(folder / "suites")}
        self.url = url.replace("+psycopg", "")
        self.environment = {"GATE_WAREHOUSE_URI": self.url, **folders}

    def query(self, sql: str, **_: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(sql).fetchall()

    def ask(self, *arguments: str) -> dict[str, Any]:
        done = self.gate(*arguments, "--json")
        assert done.stdout, done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        return document


@pytest.fixture
def desk(tmp_path: Path, postgres: str) -> DatabaseDesk:
    desk = DatabaseDesk(tmp_path, new_database(postgres))
    desk.write_contract()
    desk.gate("compile")
    return desk


def test_the_page_shows_a_row_s_whole_life(postgres: str) -> None:
    """Landed, quarantined, corrected, replayed, published, replaced, rolled back, and accounted for."""
    page, url = PAGE.read_text(), new_database(postgres).replace("+psycopg", "")

    assert answered(page, places={"postgresql://gate@localhost:5432/shop": url}).splitlines() == page.splitlines()


def test_the_doctor_tries_the_database_and_leaves_nothing_behind(desk: DatabaseDesk) -> None:
    desk.landing.mkdir()

    trials = {each["subject"]: each for each in desk.ask("doctor")["trials"] if "warehouse" in each["subject"]}

    assert {subject: each["health"] for subject, each in trials.items()} == dict.fromkeys(
        ("warehouse: contracts", "warehouse: connect", "warehouse: write", "warehouse: clock"), Health.OK.value
    )
    assert desk.query("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'published%'") == []


def test_the_doctor_names_a_table_that_cannot_be_published(desk: DatabaseDesk) -> None:
    desk.landing.mkdir()
    desk.write_contract(schema=[{"name": "orders", "properties": [DT, {"name": "ctid", "logicalType": "integer"}]}])
    desk.gate("compile")

    trials = {each["subject"]: each for each in desk.ask("doctor")["trials"]}

    assert trials["warehouse: contracts"]["health"] == Health.FAILED.value
    assert "orders.ctid: PostgreSQL has a column ctid of its own" in trials["warehouse: contracts"]["what"]


def test_an_airflow_connection_names_the_database(desk: DatabaseDesk) -> None:
    address = urlsplit(desk.url)
    where = {"host": address.hostname, "port": address.port, "login": address.username, "schema": address.path[1:]}
    del desk.environment["GATE_WAREHOUSE_URI"]
    desk.environment["GATE_WAREHOUSE_CONN_ID"] = "shop"
    desk.environment["AIRFLOW_CONN_SHOP"] = json.dumps({"conn_type": "postgres", **where})
    desk.land()

    desk.run()

    assert desk.query("SELECT count(*) FROM published.orders") == [(100,)]


def test_a_server_that_is_away_is_one_sentence_without_the_password(desk: DatabaseDesk) -> None:
    desk.environment["GATE_WAREHOUSE_URI"] = "postgresql://gate:s3cret@127.0.0.1:9/warehouse"
    desk.land()

    done = desk.gate("run", str(desk.contract), KEY)

    shown = done.stdout + done.stderr
    assert "the warehouse postgresql://127.0.0.1:9/warehouse cannot be used: the server refuses connections" in shown
    assert "s3cret" not in shown


def test_children_find_their_parents_in_the_database(desk: DatabaseDesk) -> None:
    desk.land()
    desk.run()
    reference = {"name": "id", "logicalType": "integer", "relationships": [{"type": "foreignKey", "to": "orders.id"}]}
    returns = desk.landing.parent / "returns"
    server = {"server": "x", "type": "local", "format": "parquet", "path": f"{returns}/dt=*/*.parquet"}
    desk.contract, desk.landing = desk.folder / "returns.odcs.yaml", returns
    desk.write_contract(id="returns", servers=[server], schema=[{"name": "returns", "properties": [DT, reference]}])
    desk.gate("compile")
    desk.land(id=[*range(99), 100])

    _, document = desk.run()

    assert (document["rows_published"], document["rows_quarantined"]) == (99, 1)
