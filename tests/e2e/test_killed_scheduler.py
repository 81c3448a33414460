"""`kill -9` of Airflow's scheduler while it works: the next start finishes the day, and everything agrees."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from partition_gate.adapters.ledger.ledger import SqlLedger
from partition_gate.core.errors import LedgerUnusable

pytestmark = pytest.mark.airflow
DAYS = ("--from", "2013-01-01", "--to", "2013-01-03")
EXPECTED = 3 + 2 * 3 + 6  # references, days of flights and weather, hours of weather
GATE = [sys.executable, "-c", "from partition_gate.apps.cli.main import main; main()"]


def start(home: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "GATE_HOME": str(home), "PYTHONPATH": "include"}
    pipe = subprocess.PIPE
    return subprocess.Popen([*GATE, *arguments], env=environment, stdout=pipe, stderr=subprocess.STDOUT, text=True)


def settled(home: Path) -> int:
    ledger = home / "ledger.sqlite"
    try:
        return len(SqlLedger(f"sqlite:///{ledger}").latest()) if ledger.exists() else 0
    except LedgerUnusable:  # its tables are being made
        return 0


def scheduler_of(demo: subprocess.Popen[str]) -> psutil.Process:
    family = psutil.process_iter(["ppid", "cmdline"])  # a process that ends meanwhile has no attributes
    ours = [one for one in family if one.info["ppid"] == demo.pid]
    return next(one for one in ours if (one.info["cmdline"] or [])[-2:] == ["airflow", "scheduler"])


def test_what_a_killed_scheduler_left_undone_is_finished_and_everything_agrees(tmp_path: Path) -> None:
    home = tmp_path / "home"
    killed = start(home, "demo", "--once", *DAYS)
    while killed.poll() is None and settled(home) < EXPECTED // 2:
        time.sleep(0.2)
    assert killed.poll() is None, killed.communicate()[0]
    scheduler_of(killed).send_signal(signal.SIGKILL)
    first, _ = killed.communicate(timeout=300)
    seen = settled(home)

    second = start(home, "demo", "--once", *DAYS)
    shown, _ = second.communicate(timeout=600)
    reconciled = start(home, "reconcile", "--json")
    found: dict[str, Any] = json.loads(reconciled.communicate(timeout=120)[0])

    assert (killed.returncode, "airflow scheduler ended" in first) == (3, True), first
    assert EXPECTED // 2 <= seen < EXPECTED
    assert second.returncode == 0, shown
    assert settled(home) == EXPECTED
    assert (found["differences"], found["proof_holds"], len(found["proofs"]) > seen) == ([], True, True)
    assert reconciled.returncode == 0
