"""Fixtures that every suite may use."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from partition_gate.adapters.embedded_s3.server import EmbeddedS3
from partition_gate.adapters.embedded_s3.users import running

# Files of few, long tests, in the order in which they begin. Two Airflows at the same time would starve each other, so
# the second one begins when the integration tests are done, beside the unit tests.
_EARLY = ("tests/e2e/test_demo.py", "tests/integration/test_gx_parity_types.py", "tests/chaos/")
_LATE = ("tests/e2e/test_killed_scheduler.py", "tests/e2e/", "tests/unit/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first: the last file of a run, if long, would leave the other workers without work."""
    items.sort(key=lambda item: _turn(item.nodeid))


def _turn(nodeid: str) -> int:
    if early := [place for place, name in enumerate(_EARLY) if nodeid.startswith(name)]:
        return early[0]
    late = [place for place, name in enumerate(_LATE, start=len(_EARLY) + 1) if nodeid.startswith(name)]
    return late[0] if late else len(_EARLY)


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedS3]:
    """A real S3 server with the empty buckets `landing` and `warehouse`; shared, so use a prefix of your own."""
    home: Path = tmp_path_factory.mktemp("object-store-home")
    with running(home) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server of our own, without a database name."""
    if not shutil.which("initdb") or not shutil.which("pg_ctl"):
        pytest.skip("PostgreSQL's initdb and pg_ctl are not installed")
    pytest.importorskip("psycopg")
    with running_postgres() as url:
        yield url


@contextmanager
def running_postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server, without a database name."""
    # Not pytest's folder: PostgreSQL refuses to be root, and nobody else may enter that one.
    with tempfile.TemporaryDirectory() as folder:
        user = "nobody" if os.geteuid() == 0 else None
        if user:
            shutil.chown(folder, user)
        with _cluster(Path(folder), user) as url:
            yield url


@contextmanager
def _cluster(folder: Path, user: str | None) -> Iterator[str]:
    def run(*command: str) -> None:
        subprocess.run(command, check=True, user=user, stdout=subprocess.DEVNULL, cwd=folder)

    cluster, port = str(folder / "cluster"), _free_port()
    run("initdb", "-D", cluster, "-U", "gate", "-A", "trust", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -k {folder}"
    run("pg_ctl", "-D", cluster, "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        yield f"postgresql+psycopg://gate@127.0.0.1:{port}"
    finally:
        run("pg_ctl", "-D", cluster, "-m", "immediate", "stop")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
