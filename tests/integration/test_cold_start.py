"""A process imports only what its work needs: imports are most of what a small partition costs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.commands import COLD
from tests.integration.test_gate_run import KEY, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write_contract()
    desk.land()
    return desk


def imported(desk: Desk, *arguments: str) -> set[str]:
    """What `gate` imports in a process that starts from nothing."""
    environment = {**os.environ, "GATE_HOME": str(desk.home), "PYTHONPATH": "include", "PYTHONPROFILEIMPORTTIME": "1"}
    done = subprocess.run([*COLD, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return set(re.findall(r"\| +(\S+)$", done.stderr, re.MULTILINE))


def test_a_partition_on_local_files_is_judged_and_published_without_an_s3_client(desk):
    names = imported(desk, "run", str(desk.contract), KEY)

    assert {name for name in names if name in ("great_expectations", "s3fs", "aiohttp")} == {"great_expectations"}


def test_where_nothing_is_to_judge_great_expectations_is_not_imported(desk):
    desk.gate("run", str(desk.contract), KEY)

    again = imported(desk, "run", str(desk.contract), KEY)
    status = imported(desk, "status")

    assert "duckdb" in again | status
    assert "great_expectations" not in again | status


def test_nothing_for_monitoring_is_imported_unless_somebody_listens(desk):
    names = imported(desk, "lint", str(desk.contract))

    assert names & {"opentelemetry", "prometheus_client", "fastapi", "structlog", "sqlalchemy"} == set()


@pytest.mark.parametrize(
    ("arguments", "loaded"),
    [
        (["celery", "worker"], True),
        (["scheduler"], False),
        (["api-server"], False),
        (["dag-processor"], False),
        (["celery", "flower"], False),
        (["dags", "list", "scheduler"], False),
    ],
)
def test_a_celery_worker_has_the_heavy_libraries_for_all_its_tasks(arguments, loaded):
    ask = """
import sys, airflow_local_settings
print({name in sys.modules for name in ("great_expectations", "scipy.stats._stats_py", "deltalake", "s3fs")})
"""

    ran = subprocess.run([sys.executable, "-c", ask, *arguments], capture_output=True, text=True, check=False)

    assert ran.stdout.strip() == str({loaded}), ran.stderr


@pytest.mark.airflow
@pytest.mark.parametrize(("component", "loaded"), [("scheduler", True), ("dag-processor", False)])
def test_a_scheduler_has_them_through_the_plugin_before_it_forks(tmp_path: Path, component: str, *, loaded: bool):
    ask = """
import sys
from airflow.listeners.listener import get_listener_manager
get_listener_manager().hook.on_starting(component=None)
heavy = ("great_expectations", "scipy.stats._stats_py", "deltalake", "partition_gate.gate.pipeline")
print("FOUND", {name in sys.modules for name in heavy})
"""
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__PLUGINS_FOLDER": "plugins",
        "PYTHONPATH": "include",
    }

    ran = subprocess.run(
        [sys.executable, "-c", ask, component], env=environment, capture_output=True, text=True, check=False
    )

    assert f"FOUND { ({loaded}) }" in ran.stdout, ran.stderr
