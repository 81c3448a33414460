"""The ledger from an Airflow connection: what is recorded is in that database, and a wrong one says what to change."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.integration.test_gate_run import COULD_NOT_JUDGE, Desk

from partition_gate.adapters.ledger.ledger import SqlLedger


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write_contract()
    desk.land()
    return desk


def connected(desk: Desk, **connection: object) -> None:
    desk.environment = {"GATE_LEDGER_CONN_ID": "ledger", "AIRFLOW_CONN_LEDGER": json.dumps(connection)}


def test_sqlite_by_the_path_of_its_file(desk: Desk) -> None:
    file = desk.folder / "elsewhere.sqlite"
    connected(desk, conn_type="sqlite", host=str(file))

    assert "the Airflow connection 'ledger'" in desk.gate("status").stdout
    desk.run()

    assert [each.dataset for each in SqlLedger(f"sqlite:///{file}").latest()] == ["orders"]
    assert not (desk.home / "ledger.sqlite").exists()


def test_postgresql_with_libpq_s_options(desk: Desk, postgres: str) -> None:
    address = urlsplit(postgres)
    where = {"host": address.hostname, "port": address.port, "login": address.username, "schema": "postgres"}
    connected(desk, conn_type="postgres", **where, extra={"sslmode": "disable", "cursor": "dictcursor"})

    desk.run()

    assert [each.dataset for each in SqlLedger(f"{postgres}/postgres").latest()] == ["orders"]


@pytest.mark.parametrize(
    ("connection", "why"),
    [
        ({"conn_type": "mysql", "password": "s3cret"}, "is of type 'mysql': make one of type postgres"),
        ({"conn_type": "postgres", "host": "db", "password": "s3cret"}, "has no host or no database: enter both"),
        ({"conn_type": "sqlite", "password": "s3cret"}, "has no host: enter the path of the database file"),
        ({"conn_type": "sqlite", "extra": "s3cret"}, "has an extra that is not a JSON object"),
    ],
)
def test_a_connection_that_names_no_database_is_refused(desk: Desk, connection: dict[str, str], why: str) -> None:
    connected(desk, **connection)

    done = desk.gate("status")

    assert (done.returncode, "s3cret" in done.stdout + done.stderr) == (COULD_NOT_JUDGE, False)
    assert f"GATE_LEDGER_CONN_ID: the Airflow connection 'ledger' {why}" in done.stderr
