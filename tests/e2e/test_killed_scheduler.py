"""`kill -9` of Airflow's scheduler while it works: the day is finished all the same, and everything agrees."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.commands import COLD

from partition_gate.adapters.ledger.ledger import SqlLedger
from partition_gate.apps.demo.live import HOURS
from partition_gate.core.errors import LedgerUnusable

pytestmark = pytest.mark.airflow
DAYS = ("--from", "2013-01-01", "--to", "2013-01-03")
BACKFILLED = 3 + 2 * 3 + 6  # references, days of flights and weather, hours of weather
EXPECTED = BACKFILLED + HOURS


def start(home: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "GATE_HOME": str(home), "GATE_S3_EMBEDDED": "1", "PYTHONPATH": "include"}
    pipe = subprocess.PIPE
    return subprocess.Popen([*COLD, *arguments], env=environment, stdout=pipe, stderr=subprocess.STDOUT, text=True)


def settled(home: Path) -> int:
    ledger = home / "ledger.sqlite"
    try:
        return len(SqlLedger(f"sqlite:///{ledger}").latest()) if ledger.exists() else 0
    except LedgerUnusable:  # its tables are being made
        return 0


def scheduler_of(demo: subprocess.Popen[str]) -> psutil.Process:
    family = psutil.process_iter(["ppid", "cmdline"])  # a process that ends meanwhile has no attributes
    ours = [one for one in family if one.info["ppid"] == demo.pid]
    return next(one for one in ours if "scheduler" in (one.info["cmdline"] or []))


def test_a_demo_whose_scheduler_is_killed_finishes_the_day_and_everything_agrees(tmp_path: Path) -> None:
    home = tmp_path / "home"
    demo = start(home, "demo", "--once", *DAYS)
    while demo.poll() is None and settled(home) < BACKFILLED // 2:
        time.sleep(0.2)
    assert demo.poll() is None, demo.communicate()[0]
    seen = settled(home)

    scheduler_of(demo).send_signal(signal.SIGKILL)
    shown, _ = demo.communicate(timeout=600)
    reconciled = start(home, "reconcile", "--json")
    found: dict[str, Any] = json.loads(reconciled.communicate(timeout=120)[0])

    assert seen < BACKFILLED
    assert (demo.returncode, "airflow scheduler ended and was started again" in shown) == (0, True), shown
    assert settled(home) == EXPECTED
    assert (found["differences"], found["proof_holds"], len(found["proofs"]) > seen) == ([], True, True)
    assert reconciled.returncode == 0
