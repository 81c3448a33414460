"""A demo to ask: the home of a finished one, what it printed, and what its stores say."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import time
import urllib.request
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from tests.commands import COLD
from tests.integration.test_airflow_dags import BY_HOUR, Folder

from partition_gate.adapters.ledger.ledger import SqlLedger
from partition_gate.judging.attempt import Settlement


class Demo:
    """A finished demo, to whose Airflow `visits` was added: its home, what it printed, what the ledger says."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.visits = Visits(home.parent)
        with self.begin("demo", "--once", **self.visits.folder.settings) as process:
            self.visits.run(home, process)
            self.printed, _ = process.communicate()
        self.exit_code = process.returncode
        self.settlements = {(s.dataset, s.partition_key): s for s in SqlLedger(self.ledger_url).latest()}

    @property
    def ledger_url(self) -> str:
        return f"sqlite:///{self.home / 'ledger.sqlite'}"

    def gate(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*COLD, *arguments], env=self._environment, capture_output=True, text=True, check=False)

    def begin(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        environment = {**self._environment, **settings}
        return subprocess.Popen(
            [*COLD, *arguments], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def query(self, sql: str, **values: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.home / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql, values or None).fetchall()

    def airflow(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.home / "airflow" / "airflow.db")) as connection:
            return connection.execute(sql).fetchall()

    def of(self, dataset: str) -> list[Settlement]:
        return [s for (name, _), s in sorted(self.settlements.items()) if name == dataset]

    @property
    def _environment(self) -> dict[str, str]:
        own = {"GATE_HOME": str(self.home), "GATE_S3_EMBEDDED": "1", "PYTHONPATH": "include"}
        return {**os.environ, **own}


class Visits:
    """A contract beside those of the demo, by hour and without an end, whose last hours have landed."""

    def __init__(self, root: Path) -> None:
        for name in ("include/contracts", "expectations"):
            shutil.copytree(name, root / Path(name).name)
        now = datetime.now(UTC)
        self.keys = [f"{now - timedelta(hours=back):%Y-%m-%d/%H}" for back in range(5, -1, -1)]
        for day, hour in (key.split("/") for key in self.keys):
            part = root / "contracts" / "data" / f"dt={day}" / f"hour={hour}"
            part.mkdir(parents=True)
            pq.write_table(pa.table({"id": [1, 2, 3]}), part / "part-0.parquet")
        self.folder = Folder(root)
        (schema,), ready = BY_HOUR["schema"], [{"property": "readiness", "value": "quiet:1s"}]
        self.folder.add("visits", **{**BY_HOUR, "schema": [{**schema, "name": "visits"}]}, customProperties=ready)

    def run(self, home: Path, demo: subprocess.Popen[str]) -> None:
        """Put it on schedule in the demo's Airflow as soon as that answers, and trigger the oldest hour by hand."""
        ask(home, "PATCH", "gate__visits", {"is_paused": False}, while_runs=demo)
        key = {"logical_date": None, "partition_key": self.keys[0]}
        ask(home, "POST", "gate__visits/dagRuns", key, while_runs=demo)


def ask(home: Path, method: str, path: str, body: dict[str, Any], *, while_runs: subprocess.Popen[str]) -> None:
    """One call of the API about a DAG, again each second until it is answered, or until the demo has ended."""
    for _ in range(300):
        if while_runs.poll() is not None:
            return
        try:
            url = f"http://127.0.0.1:{(home / 'airflow' / 'port').read_text()}"
            with urllib.request.urlopen(f"{url}/auth/token", timeout=30) as answer:  # noqa: S310  # loopback
                token = json.load(answer)["access_token"]
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
            address, content = f"{url}/api/v2/dags/{path}", json.dumps(body).encode()
            call = urllib.request.Request(address, content, headers, method=method)  # noqa: S310  # loopback
            urllib.request.urlopen(call, timeout=60).close()  # noqa: S310  # loopback
        except OSError:
            time.sleep(1)
        else:
            return
