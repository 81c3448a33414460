"""The DAG `gate_watch` in a real Airflow: what landed late gets its run, once, and what never came is settled."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.integration.test_airflow_dags import ROOT, Folder
from tests.integration.webhook_receiver import SECRET

from partition_gate.adapters.ledger.ledger import SqlLedger
from partition_gate.apps.demo.airflow_server import AirflowServer
from partition_gate.core.errors import LedgerUnusable
from partition_gate.testing.builders import a_message, queue

pytestmark = pytest.mark.airflow
WATCH, ORDERS = "gate_watch", "gate__orders"
SETTINGS = {"GATE_WEBHOOK_SECRET": SECRET}


def day(back: int) -> str:
    return (datetime.now(UTC).date() - timedelta(days=back)).isoformat()


class Installation:
    """An Airflow with one daily contract, whose only partition landed five days after its time."""

    def __init__(self, folder: Path) -> None:
        self.home, self.landing = folder / "home", folder / "landing"
        contracts = Folder(folder)
        contracts.add(
            "orders",
            servers=[{"server": "x", "type": "local", "path": f"{self.landing}/dt=*/*.parquet", "format": "parquet"}],
            slaProperties=[{"property": "latency", "value": 1, "unit": "h"}],
            customProperties=[{"property": "readiness", "value": "quiet:1s"}],
        )
        environment = {**os.environ, "GATE_HOME": str(self.home), **SETTINGS, **contracts.settings}
        self.airflow = AirflowServer(self.home, project=ROOT, environment=environment)

    def land(self, key: str) -> None:
        file = self.landing / f"dt={key}" / "part-0.parquet"
        file.parent.mkdir(parents=True)
        pq.write_table(pa.table({"id": pa.array([1, 2], pa.int64())}), file)

    @property
    def outcomes(self) -> dict[str, str]:
        try:
            ledger = SqlLedger(f"sqlite:///{self.home / 'ledger.sqlite'}")
            return {settled.partition_key: settled.outcome.value for settled in ledger.latest()}
        except LedgerUnusable:  # its tables are being made
            return {}

    def rows(self, query: str, *values: str) -> list[Any]:
        with closing(sqlite3.connect(self.airflow.home / "airflow.db", timeout=60)) as database:
            return database.execute(query, values).fetchall()

    def finished(self, dag: str) -> list[str]:
        rows = self.rows("select run_id from dag_run where dag_id = ? and state = 'success' order by id", dag)
        return [run_id for (run_id,) in rows]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("watched"))
    made.land(day(5))
    try:
        made.airflow.start()
        made.airflow.wait_until_healthy()
        for dag in (ORDERS, WATCH):
            made.airflow.unpause(dag)
        yield made
    finally:
        made.airflow.stop()


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.5)


def watched_runs(installation: Installation) -> list[str]:
    return [run_id for run_id in installation.finished(ORDERS) if run_id.startswith("watch__")]


def test_a_partition_that_landed_days_late_is_judged_by_one_run_that_the_watch_started(installation):
    wait_for(lambda: bool(watched_runs(installation)), "the watch started no run that succeeded")
    wait_for(lambda: bool(installation.finished(WATCH)), "no pass of the watch has ended")

    (run_id,) = watched_runs(installation)
    assert run_id.startswith(f"watch__{day(5)}__")
    assert installation.outcomes[day(5)] == "published"
    assert installation.rows("select partition_key from asset_event") == [(day(5),)]


def test_the_days_that_never_came_are_missing_although_no_run_was_for_them(installation):
    wait_for(lambda: day(2) in installation.outcomes, "the watch settled nothing")

    assert [installation.outcomes[day(back)] for back in (4, 3, 2)] == ["missing"] * 3


def test_another_pass_starts_no_second_run(installation):
    wait_for(lambda: bool(installation.finished(WATCH)), "no pass of the watch has ended")
    passes = len(installation.finished(WATCH))
    installation.airflow.run("dags", "trigger", WATCH)
    wait_for(lambda: len(installation.finished(WATCH)) > passes, "the second pass has not ended")

    runs = installation.rows("select run_id from dag_run where dag_id = ? and run_id like 'watch%'", ORDERS)
    assert len(runs) == 1


def test_a_pass_that_cannot_deliver_old_messages_is_red_after_it_did_everything_else(installation):
    wait_for(lambda: bool(installation.finished(WATCH)), "no pass of the watch has ended")
    ledger = SqlLedger(f"sqlite:///{installation.home / 'ledger.sqlite'}")
    hook = a_message("m1", tool="webhook", channel="http://127.0.0.1:9/hook")
    queue(ledger, hook, now=datetime.now(UTC) - timedelta(minutes=20))
    installation.airflow.run("dags", "trigger", WATCH)

    states = "select task_id, state from task_instance where dag_id = ? and run_id = ?"
    failed = "select run_id from dag_run where dag_id = ? and state = 'failed'"
    wait_for(lambda: bool(installation.rows(failed, WATCH)), "no pass is red")
    ((run_id,),) = installation.rows(failed, WATCH)
    assert dict(installation.rows(states, WATCH, run_id)) == {
        "watch": "success",
        "start_runs": "skipped",
        "messages_delivered": "failed",
    }
