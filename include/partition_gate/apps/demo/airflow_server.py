"""A real Airflow on one machine: scheduler, DAG processor and web server, on loopback."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import psutil

from partition_gate.core.errors import OperatorError

# No DAG here needs the triggerer, but Airflow's first page is red without one. Its servers of logs would listen on all
# addresses, and nobody asks them: the web server reads the files.
COMPONENTS = {
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "api-server": (),
    "triggerer": ("--skip-serve-logs", "--capacity", "1"),
}
MOST_RESTARTS = 3
HEALTHY_WITHIN = timedelta(seconds=180)
_STOP_WITHIN_S = 15
# A scheduler exits if its database is busy for longer than this; SQLite's default of 5 seconds is too short.
_DATABASE_WAIT_S = 60
# The web server writes its log of actions inside its event loop. While that waits for another request of the same
# process, which needs the loop for its own commit, neither can go on until this time is over. Clients then retry.
_API_DATABASE_WAIT_S = 3
_FIXED = {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__PARALLELISM": "4",
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
    "AIRFLOW__API__HOST": "127.0.0.1",
    "AIRFLOW__API__WORKERS": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    # Tasks of a dead scheduler are run again within two minutes. With the defaults it would take ten.
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "20",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "120",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "GX_ANALYTICS_ENABLED": "False",
    "SCARF_NO_ANALYTICS": "true",
}


class AirflowFailed(OperatorError):
    """Airflow did not start, or refused a command. The message names the log or the answer."""


class AirflowServer:
    """An Airflow with home and database in `<home>/airflow` and logs in `<home>/logs`.

    Tasks get `environment`; the attribute has Airflow's own settings too.
    """

    def __init__(self, home: Path, *, project: Path, environment: Mapping[str, str]) -> None:
        self.home, self.project = home / "airflow", project
        self.logs = home / "logs"
        self.port = self._stable_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.public_url = f"{self.url}/gate"
        self.environment = {**environment, **self._configuration()}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._restarts = 0

    def start(self) -> None:
        """Migrate the database and start the components. Raises: AirflowFailed."""
        self.logs.mkdir(parents=True, exist_ok=True)
        self.run("db", "migrate")
        # WAL allows readers and a writer at once. Without it, SQLite fails with "database is locked" under load.
        with closing(sqlite3.connect(self.home / "airflow.db")) as database:
            database.execute("PRAGMA journal_mode=WAL")
        for component in COMPONENTS:
            self._processes[component] = self._spawn(component)

    def wait_until_healthy(self, *, tick: Callable[[], None] = lambda: None) -> None:
        """Return when the web server answers and all components have a heartbeat. Raises: AirflowFailed."""
        deadline = time.monotonic() + HEALTHY_WITHIN.total_seconds()
        while not self._is_healthy():
            self.restart_dead_components()
            if time.monotonic() > deadline:
                raise AirflowFailed(f"Airflow is not healthy after {HEALTHY_WITHIN}; read {self.logs}/airflow-*.log")
            tick()
            time.sleep(0.5)

    def restart_dead_components(self) -> tuple[str, ...]:
        """Restart components that ended, as a service manager does, and return their names.

        A scheduler exits if its database is busy for too long. Raises: AirflowFailed, after too many restarts.
        """
        ended = tuple(name for name, process in self._processes.items() if process.poll() is not None)
        for name in ended:
            self._restarts += 1
            if self._restarts > MOST_RESTARTS:
                raise AirflowFailed(f"airflow {name} ended; read {self.logs}/airflow-{name}.log")
            with suppress(ProcessLookupError):
                os.killpg(self._processes[name].pid, signal.SIGKILL)  # its workers may still be running
            self._processes[name] = self._spawn(name)
        return ended

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run a DAG, starting with the newest period. Raises: AirflowFailed."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def backfill(self, dag_id: str, *, begin: datetime, end: datetime, at_once: int) -> None:
        """Start a run for each cron tick from `begin` to `end` (excluded) if its partition has no run yet.

        Both are local times in the DAG's time zone, without a zone. Raises: AirflowFailed.
        """
        # Airflow ignores the zone of these timestamps, and its window includes the end.
        window = {"from_date": f"{begin.isoformat()}Z", "to_date": f"{(end - timedelta(seconds=1)).isoformat()}Z"}
        self._call("POST", "/api/v2/backfills", {"dag_id": dag_id, **window, "max_active_runs": at_once})

    def unfinished_runs(self) -> int:
        """The number of queued or running runs of all DAGs. Raises: AirflowFailed."""
        states = ("queued", "running")
        return sum(
            int(self._call("GET", f"/api/v2/dags/~/dagRuns?state={state}&limit=1")["total_entries"]) for state in states
        )

    def run(self, *arguments: str) -> str:
        """Run an Airflow command and return its output. Raises: AirflowFailed, with the last lines of the output."""
        done = subprocess.run(
            _airflow(arguments), env=self.environment, cwd=self.project, capture_output=True, text=True, check=False
        )
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines()[-3:]
            raise AirflowFailed(f"airflow {' '.join(arguments)} failed: {' '.join(lines)}")
        return done.stdout

    def stop(self) -> None:
        """Stop all started processes: SIGTERM first, SIGKILL after a limit."""
        processes = [member for process in self._processes.values() for member in _with_children(process.pid)]
        for process in self._processes.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        _, alive = psutil.wait_procs(processes, timeout=_STOP_WITHIN_S)
        for remaining in alive:
            with suppress(psutil.NoSuchProcess):
                remaining.kill()
        for process in self._processes.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # workers of a component that ended before them
        self._processes.clear()

    def _spawn(self, component: str) -> subprocess.Popen[bytes]:
        with (self.logs / f"airflow-{component}.log").open("ab") as log:
            # Airflow's parents do not pass SIGTERM to their children, so `stop` signals the whole process group.
            return subprocess.Popen(
                _airflow((component, *COMPONENTS[component])),
                env=self.environment | (self._database(_API_DATABASE_WAIT_S) if component == "api-server" else {}),
                cwd=self.project,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/v2/monitor/health", timeout=2) as answer:  # noqa: S310
                text = str(answer.read().decode())
        except (URLError, OSError):
            return False
        return text.count('"status":"healthy"') >= len(COMPONENTS)

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call Airflow's API, with retries while its database is busy. Raises: AirflowFailed."""
        for pause_s in (1, 2, 4, 8, None):
            try:
                return self._call_once(method, path, body)
            except HTTPError as error:
                if error.code == HTTPStatus.CONFLICT:  # this was a retry: the first request was executed
                    return {}
                if pause_s is None or error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
                    text = error.read().decode()[:300]
                    raise AirflowFailed(f"Airflow refused {method} {path}: {text}") from None
            except OSError as error:
                if pause_s is None:
                    raise AirflowFailed(
                        f"Airflow does not answer {method} {path} ({error}); read {self.logs}"
                    ) from None
            time.sleep(pause_s)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _call_once(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        # On loopback there is only one user, who gets a token without a password.
        with urllib.request.urlopen(f"{self.url}/auth/token", timeout=30) as answer:  # noqa: S310  # loopback
            token = json.load(answer)["access_token"]
        request = urllib.request.Request(  # noqa: S310  # loopback
            self.url + path,
            method=method,
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # loopback
            return dict(json.load(answer))

    def _configuration(self) -> dict[str, str]:
        self.home.mkdir(parents=True, exist_ok=True)
        return {
            **_FIXED,
            "AIRFLOW_HOME": str(self.home),
            **self._database(_DATABASE_WAIT_S),
            "PYTHONPATH": str(self.project / "include"),
            "GATE_PUBLIC_URL": self.public_url,
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.project / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(self.project / "plugins"),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API_AUTH__JWT_SECRET": self._secret("jwt"),
            "AIRFLOW__API__SECRET_KEY": self._secret("session"),
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.logs / "airflow"),
        }

    def _database(self, wait_s: int) -> dict[str, str]:
        address = f"sqlite:///{self.home.resolve()}/airflow.db?timeout={wait_s}"
        return {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": address}

    def _stable_port(self) -> int:
        """The port of the last start if it is free, so that the links in old messages still work."""
        path = self.home / "port"
        port = int(path.read_text()) if path.exists() else 0
        if not port or _is_taken(port):
            port = free_port()
            self.home.mkdir(parents=True, exist_ok=True)
            path.write_text(str(port))
        return port

    def _secret(self, name: str) -> str:
        path = self.home / f"{name}.key"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(64))
        return path.read_text()


def free_port() -> int:
    """A free TCP port on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _airflow(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "airflow", *arguments]


def _with_children(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
