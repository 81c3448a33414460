"""`gate watch` and what `gate status` says about it: real files, real processes, the real ledger."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.commands import COLD, gate
from tests.integration.test_airflow_dags import Folder

from partition_gate.adapters.ledger.ledger import SqlLedger
from partition_gate.testing.builders import a_message, queue
from partition_gate.watching.heartbeat import Heartbeat

READY = {"property": "readiness", "value": "quiet:1s"}


def day(back: int) -> str:
    return (datetime.now(UTC).date() - timedelta(days=back)).isoformat()


class Desk:
    """A folder of contracts, its landing, and the commands of a person."""

    def __init__(self, folder: Path) -> None:
        self.home, self.landing = folder / "home", folder / "landing"
        self.contracts = Folder(folder)

    def add(self, name: str, **changes: Any) -> None:
        path = f"{self.landing}/{name}/dt=*/*.parquet"
        latency = [{"property": "latency", "value": 25, "unit": "h"}]  # so that yesterday is not due yet at any hour
        document = {
            "servers": [{"server": "x", "type": "local", "path": path, "format": "parquet"}],
            "slaProperties": latency,
            "customProperties": [READY],
        }
        self.contracts.add(name, **{**document, **changes})

    def land(self, name: str, key: str, *ids: int, file: str = "part-0.parquet") -> None:
        path = self.landing / name / f"dt={key}" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"id": pa.array(ids, pa.int64())}), path)
        os.utime(path, (0, datetime.now().timestamp() - 60))  # noqa: DTZ005 -- a moment, not a label

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "GATE_HOME": str(self.home), "PYTHONPATH": "include", **self.contracts.settings}

    def gate(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return gate(*arguments, environment=self.environment)

    def watch(self) -> dict[str, Any]:
        done = self.gate("watch", "--json")
        assert done.stdout, done.stderr
        return dict(json.loads(done.stdout))

    @property
    def ledger(self) -> SqlLedger:
        return SqlLedger(f"sqlite:///{self.home / 'ledger.sqlite'}")

    @property
    def outcomes(self) -> dict[str, str]:
        return {s.partition_key: s.outcome.value for s in self.ledger.latest()}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.add("orders")
    return desk


def test_a_watch_judges_what_landed_and_settles_what_never_came(desk: Desk):
    desk.land("orders", day(4), 1, 2)
    desk.land("orders", day(2), 3)

    done = desk.gate("watch")

    assert desk.outcomes == {day(4): "published", day(3): "missing", day(2): "published"}
    assert f"orders {day(3)}: missing" in done.stdout
    assert "1 dataset in" in done.stdout.splitlines()[-1]
    assert (" s: 1 missing, 2 judged\n" in done.stdout, done.returncode) == (True, 0)


def test_extra_files_are_published_by_the_next_pass_and_a_third_one_changes_nothing(desk: Desk):
    desk.land("orders", day(2), 1)
    desk.watch()
    desk.land("orders", day(2), 2, 3, file="part-1.parquet")

    second, third = desk.watch(), desk.watch()

    assert ([settled["rows_published"] for settled in second["judged"]], third["judged"]) == ([3], [])


def test_a_contract_that_cannot_be_read_and_a_landing_that_is_gone_are_named_and_cost_the_others_nothing(desk: Desk):
    desk.add("gone")
    desk.contracts.write("broken", b"id: [")
    desk.land("orders", day(2), 1)

    done = desk.gate("watch")

    assert (desk.outcomes, done.returncode) == ({day(2): "published"}, 3)
    assert "broken.odcs.yaml: not looked at: " in done.stdout
    assert f"gone: not looked at: {desk.landing}/gone: the folder does not exist" in done.stdout


def test_a_watch_that_repeats_prints_a_line_for_each_pass_and_ends_on_ctrl_c(desk: Desk):
    desk.land("orders", day(2), 1)
    # A shell starts its background jobs with this signal ignored, and they pass that on.
    command = ["env", "--default-signal=INT", *COLD, "watch", "--every", "10s"]
    process = subprocess.Popen(command, env=desk.environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline()]
    while sum(" dataset in " in line for line in lines) < 2:
        lines.append(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    assert lines[0].startswith(f"orders {day(2)}: published")
    passes = [line.rpartition(" s: ")[2] for line in lines if " dataset in " in line]
    assert (passes, process.returncode) == (["1 judged\n", "nothing to judge\n"], 0)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_server_that_a_watch_started_ends_with_it(tmp_path: Path, sign: signal.Signals):
    watch = EmbeddedWatch(tmp_path)
    watch.process.send_signal(sign)
    watch.process.communicate(timeout=60)

    assert (watch.process.returncode, psutil.pid_exists(watch.server)) == (0, False)


class EmbeddedWatch:
    """A watch that repeats, after its first pass over a dataset in the embedded server, whose pid is `server`."""

    def __init__(self, folder: Path) -> None:
        desk = Desk(folder)
        location = {"server": "x", "type": "s3", "location": "s3://landing/orders/dt=*/*.parquet", "format": "parquet"}
        desk.add("orders", servers=[location])
        command = ["env", "--default-signal=INT,HUP,TERM", *COLD, "watch", "--every", "10s"]
        environment = {**desk.environment, "GATE_S3_EMBEDDED": "1"}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert " 1 dataset in " in self.process.stdout.readline()
        self.server = json.loads((desk.home / "object-store" / "state.json").read_text())["pid"]


def test_an_interval_that_is_too_short_or_no_time_is_refused(desk: Desk):
    for interval in ("1s", "often"):
        done = desk.gate("watch", "--every", interval)

        assert (done.returncode, "10 seconds" in done.stderr) == (2, True)


def test_status_says_that_the_watch_never_ran_or_has_stopped_and_nothing_while_it_runs(desk: Desk):
    never = desk.gate("status").stderr
    desk.watch()
    running = desk.gate("status").stderr
    old = Heartbeat(at=datetime.now(UTC) - timedelta(hours=2), interval=timedelta(minutes=5), passes=9)
    desk.ledger.beat(old)
    stopped = desk.gate("status").stderr

    assert never == (
        "The watch has never run, so a partition that does not come is not noticed. "
        "Unpause the DAG gate_watch in Airflow, or run: gate watch --every 5m\n"
    )
    assert (running, stopped.startswith("The watch has not run for 2 h 0 min (it ran every 5 minutes, last at")) == (
        "",
        True,
    )


def test_status_asks_for_no_watch_without_an_active_contract(tmp_path: Path):
    desk = Desk(tmp_path)
    desk.add("orders", status="draft")

    assert desk.gate("status").stderr == ""


def test_a_pass_that_cannot_deliver_old_messages_says_so_and_fails(desk: Desk):
    desk.land("orders", day(2), 1)
    assert desk.gate("watch").returncode == 0
    queued_at = datetime.now(UTC) - timedelta(minutes=20)
    queue(desk.ledger, a_message("m1", tool="webhook", channel="http://127.0.0.1:9/secret"), now=queued_at)

    done = gate("watch", environment={**desk.environment, "GATE_WEBHOOK_SECRET": "s" * 32})

    assert done.returncode == 3
    assert "1 message to webhook 127.0.0.1:9 has not been delivered since " in done.stdout
    assert "gate: messages to webhook 127.0.0.1:9 are not delivered since " in done.stdout
    assert "secret" not in done.stdout + done.stderr
