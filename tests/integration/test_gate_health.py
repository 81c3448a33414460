"""`gate health` and `gate metrics`: what they say of an installation, and that they leave it as it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import create_engine, text
from tests.integration.test_gate_run import Desk

from partition_gate.adapters.ledger.ledger import SqlLedger, migrate
from partition_gate.watching.heartbeat import INTERVAL, Heartbeat

WORKS, FAILED = 0, 1


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.home.mkdir()
    desk.write_contract()
    desk.environment = {"GATE_CONTRACTS": str(desk.folder), "GATE_EXPECTATIONS": str(desk.folder / "suites")}
    return desk


def ledger_of(desk: Desk) -> str:
    migrate(url := f"sqlite:///{desk.home / 'ledger.sqlite'}")
    return url


def beat(url: str, *, ago: timedelta) -> None:
    ledger = SqlLedger(url)
    ledger.beat(Heartbeat(at=datetime.now(UTC) - ago, interval=INTERVAL))
    ledger.close()


@pytest.mark.parametrize(("ago", "code", "watch"), [(0, WORKS, "ok"), (4, FAILED, "failed")])
def test_a_watch_that_runs_is_well_and_one_that_stopped_is_an_exit_code(desk: Desk, ago: int, code: int, watch: str):
    beat(ledger_of(desk), ago=ago * INTERVAL)

    done = desk.gate("health", "--json")

    document = json.loads(done.stdout)
    assert (done.returncode, document["status"]) == (code, watch)
    assert {each["subject"]: each["health"] for each in document["checks"]}["watch"] == watch


def test_a_ledger_that_is_not_there_is_not_made(desk: Desk):
    done = desk.gate("health")

    assert (done.returncode, done.stdout.split()[:2]) == (WORKS, ["warning", "ledger:"])
    assert not (desk.home / "ledger.sqlite").exists()


def test_a_ledger_of_another_version_is_not_migrated(desk: Desk):
    with (engine := create_engine(ledger_of(desk))).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))

    done = desk.gate("health")

    with engine.begin() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "0001"
    engine.dispose()
    assert (done.returncode, "version 0001" in done.stdout) == (WORKS, True)


def test_a_ledger_that_cannot_be_reached_is_named_without_its_password(desk: Desk):
    desk.environment["GATE_LEDGER_URL"] = "postgresql://gate:swordfish@127.0.0.1:9/gate"

    done = desk.gate("health")

    assert (done.returncode, "swordfish" in done.stdout + done.stderr) == (FAILED, False)
    assert done.stdout.startswith("failed   ledger: ")


def test_metrics_are_printed_once_for_all_datasets(desk: Desk):
    desk.land()
    desk.gate("compile")
    desk.gate("run", "orders", "2026-01-01")

    done = desk.gate("metrics")

    samples = [each for own in text_string_to_metric_families(done.stdout) for each in own.samples]
    rows = {each.labels["state"]: each.value for each in samples if each.name == "partition_gate_rows_total"}
    assert (done.returncode, rows) == (WORKS, {"published": 100, "quarantined": 0})
