"""A run meets what cannot be used, or does not end: one sentence with the next step, exit 3, and an outcome."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.integration.faulty_s3 import SILENT, faulty_s3
from tests.integration.test_gate_run import COULD_NOT_JUDGE, KEY, PUBLISHED, Desk
from tests.integration.test_ledger_behaviour import new_database

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.core.errors import GateError, NotRecorded
from partition_gate.gate.pipeline import RunResult, run_partition
from partition_gate.settings import load_settings
from partition_gate.wiring import WiredPorts, open_ports

LONG_TEXTS = ["a" * 200_000] * 50
SLOW_PATTERN = "(a|aa|aaa){160}c"


class Limited(Desk):
    """A desk with short limits."""

    def run_in_process(self, *, before: Callable[[WiredPorts], None] = lambda _: None) -> RunResult:
        environment = {"GATE_HOME": str(self.home), **self.environment}
        today = ContractFolder(self.folder / "none", self.folder / "none").load(str(self.contract))
        with open_ports(load_settings(environment)) as ports:
            before(ports)
            return run_partition(today, KEY, ports=ports)

    def refused(self, *arguments: str) -> str:
        """The one line that a command ends with."""
        done = self.gate(*(arguments or ("run", str(self.contract), KEY)))
        assert done.returncode == COULD_NOT_JUDGE, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert "defect" not in done.stderr
        lines = [line for line in done.stderr.splitlines() if line.startswith("gate: ")]
        return lines[-1] if lines else done.stdout


@pytest.fixture
def desk(tmp_path: Path) -> Limited:
    desk = Limited(tmp_path)
    desk.write_contract()
    desk.land()
    return desk


@contextmanager
def ends_within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@contextmanager
def after_publish(ports: WiredPorts, act: Callable[[], None]) -> Iterator[None]:
    """`act` happens right after the commit."""
    publish = ports.warehouse.publish

    def published(*arguments: Any, **named: Any) -> Any:
        done = publish(*arguments, **named)
        act()
        return done

    ports.warehouse.publish = published  # type: ignore[method-assign]
    yield


def test_a_ledger_that_is_locked_after_the_commit_never_says_that_nothing_was_published(desk: Limited) -> None:
    desk.environment = {"GATE_LEDGER_TIMEOUT_S": "1"}
    desk.run_in_process()
    desk.land(id=list(range(98)), amount=[0.5] * 98)
    with closing(sqlite3.connect(desk.home / "ledger.sqlite", isolation_level=None, check_same_thread=False)) as other:

        def lock() -> None:
            other.execute("BEGIN IMMEDIATE")

        def locked(ports: WiredPorts) -> None:
            after_publish(ports, lock).__enter__()

        with (
            ends_within(20),
            pytest.raises(NotRecorded, match=r"98 rows are published and visible.*held its lock for 1 s") as raised,
        ):
            desk.run_in_process(before=locked)
        other.execute("ROLLBACK")

    assert "nothing" not in str(raised.value)
    again = desk.run_in_process()
    assert (again.already, again.settlement.outcome.value, again.settlement.rows_published) == (True, "published", 98)


def test_a_postgresql_that_is_gone_after_the_commit_never_says_that_nothing_was_published(
    desk: Limited, postgres: str
) -> None:
    url = new_database(postgres)
    desk.environment = {"GATE_LEDGER_URL": url, "GATE_LEDGER_TIMEOUT_S": "2"}
    name = url.rpartition("/")[2]

    def allow(*, connections: bool) -> None:
        server = postgres.replace("+psycopg", "")
        allowed = f"ALTER DATABASE {name} ALLOW_CONNECTIONS {str(connections).lower()}"
        ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 -- ours
        for statement in (allowed, ended):
            subprocess.run(["psql", "-qAt", f"{server}/postgres", "-c", statement], check=True, capture_output=True)

    def gone(ports: WiredPorts) -> None:
        after_publish(ports, lambda: allow(connections=False)).__enter__()

    with ends_within(30), pytest.raises(NotRecorded, match="100 rows are published and visible") as raised:
        desk.run_in_process(before=gone)
    assert "nothing" not in str(raised.value)

    allow(connections=True)
    again = desk.run_in_process()
    assert (again.already, again.settlement.outcome.value) == (True, "published")


def test_a_slow_pattern_ends_as_errored_with_the_limit_s_name_and_the_process_ends(desk: Limited) -> None:
    options = {"pattern": SLOW_PATTERN}
    text = {"name": "note", "logicalType": "string", "logicalTypeOptions": options}
    columns = [{"name": "dt", "logicalType": "date", "partitioned": True}, text]
    desk.write_contract(schema=[{"name": "orders", "properties": columns}])
    (desk.landing / f"dt={KEY}" / "part-0.parquet").unlink()
    desk.land(note=LONG_TEXTS)
    desk.environment = {"GATE_SCAN_TIMEOUT_S": "0.05"}

    with ends_within(60):
        code, document = desk.run()

    assert (code, document["outcome"]) == (COULD_NOT_JUDGE, "errored")
    assert "GATE_SCAN_TIMEOUT_S" in str(document)


@pytest.mark.parametrize("query", ["select len(range(0, 3000000000))", "select sum(a.range) from range(9e9::bigint) a"])
def test_a_query_that_takes_too_much_fails_its_own_check_only(desk: Limited, query: str) -> None:
    rules = [{"id": "greedy", "type": "sql", "query": query, "mustBe": 1}]
    columns = [{"name": "dt", "logicalType": "date", "partitioned": True}, {"name": "id", "logicalType": "integer"}]
    desk.write_contract(schema=[{"name": "orders", "properties": columns, "quality": rules}])
    desk.environment = {"GATE_SQL_RULE_TIMEOUT_S": "1", "GATE_SQL_RULE_MEMORY_MB": "128"}

    result = desk.run_in_process()

    assert result.settlement.outcome.value == "errored"
    assert "GATE_SQL_RULE_" in str(result.settlement.why)


def test_landing_that_never_answers_is_an_errored_outcome(desk: Limited) -> None:
    server = {"server": "x", "type": "s3", "format": "parquet", "location": "s3://landing/orders/dt=*/*.parquet"}
    desk.write_contract(servers=[server])
    with faulty_s3(SILENT) as url:
        desk.environment = {
            "GATE_S3_ENDPOINT_URL": url,
            "GATE_S3_ACCESS_KEY_ID": "key",
            "GATE_S3_SECRET_ACCESS_KEY": "secret",
            "GATE_STORE_CALL_TIMEOUT_S": "0.5",
        }
        with ends_within(20):
            settlement = desk.run_in_process().settlement

    assert settlement.outcome.value == "errored"
    assert "GATE_STORE_CALL_TIMEOUT_S" in settlement.why[0]


def test_a_warehouse_on_s3_that_never_answers_ends_within_the_limit_of_a_call(desk: Limited) -> None:
    with faulty_s3(SILENT) as url:
        desk.environment = {
            "GATE_S3_ENDPOINT_URL": url,
            "GATE_S3_ACCESS_KEY_ID": "key",
            "GATE_S3_SECRET_ACCESS_KEY": "secret",
            "GATE_WAREHOUSE_URI": "s3://warehouse/tables",
            "GATE_STORE_CALL_TIMEOUT_S": "1",
        }
        with ends_within(30):
            settlement = desk.run_in_process().settlement

    assert settlement.outcome.value == "errored"
    assert "s3://warehouse" in settlement.why[0]


def test_a_partition_larger_than_the_spool_is_an_errored_outcome(desk: Limited) -> None:
    desk.environment = {"GATE_SPOOL_MAX_BYTES": "100"}

    settlement = desk.run_in_process().settlement

    assert settlement.outcome.value == "errored"
    assert "GATE_SPOOL_MAX_BYTES" in settlement.why[0]


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("GATE_S3_ENDPOINT_URL", "localhost:9000", "write http://localhost:9000"),
        ("GATE_LEDGER_URL", "postgres://u:hush@db/gate", "postgresql+psycopg://"),
        ("GATE_LEDGER_URL", "postgresql+psycopg://u:hush@db:port/gate", "postgresql+psycopg://"),
        ("GATE_SCAN_TIMEOUT_S", "0", "greater than 0"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_by_name(desk: Limited, setting: str, value: str, said: str) -> None:
    with pytest.raises(GateError) as raised:
        load_settings({setting: value})

    assert setting in str(raised.value)
    assert said in str(raised.value)
    assert "hush" not in str(raised.value)


def broken_ledger(desk: Limited, statement: str) -> None:
    desk.run_in_process()
    with closing(sqlite3.connect(desk.home / "ledger.sqlite")) as ledger, ledger:
        ledger.execute(statement)


def newer(desk: Limited) -> None:
    broken_ledger(desk, "UPDATE alembic_version SET version_num = '0999'")


def without_tables(desk: Limited) -> None:
    broken_ledger(desk, "DROP TABLE attempts")


def no_database(desk: Limited) -> None:
    desk.home.mkdir()
    (desk.home / "ledger.sqlite").write_bytes(b"no database at all" * 999)


def cut_database(desk: Limited) -> None:
    desk.run_in_process()
    ledger = desk.home / "ledger.sqlite"
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ledger.write_bytes(ledger.read_bytes()[:8192] + b"\x55" * 90_000)


def a_file_in_the_way(desk: Limited) -> None:
    desk.home.write_text("in the way")


def a_folder_as_ledger(desk: Limited) -> None:
    (desk.home / "ledger.sqlite").mkdir(parents=True)


def spool_in_the_way(desk: Limited) -> None:
    desk.run_in_process()
    desk.land(id=[1], amount=[1.0])
    shutil.rmtree(desk.home / "spool", ignore_errors=True)
    (desk.home / "spool").write_text("in the way")


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        (newer, "0999, from a newer Partition Gate"),
        (without_tables, "its tables are missing"),
        (no_database, "restore it from a backup"),
        (cut_database, "restore it from a backup"),
        (a_file_in_the_way, "cannot be written (file exists)"),
        (a_folder_as_ledger, "cannot be opened"),
        (spool_in_the_way, "cannot be written"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_with_the_next_step(
    desk: Limited, breaks: Callable[[Limited], None], said: str
) -> None:
    breaks(desk)

    assert said in desk.refused()


def test_a_spool_that_cannot_be_made_is_an_errored_outcome(desk: Limited) -> None:
    spool_in_the_way(desk)

    settlement = desk.run_in_process().settlement

    assert settlement.outcome.value == "errored"
    assert "grant the gate's user write access" in settlement.why[0]


@pytest.mark.parametrize(
    ("full", "size"),
    [("spool", "8k"), ("spool", "420k"), ("warehouse", "8k"), ("quarantine", "8k")],
    ids=["landed", "split", "published", "quarantined"],
)
def test_a_full_disk_is_an_errored_outcome_with_the_next_step(desk: Limited, full: str, size: str) -> None:
    """On a real file system of this size, in a mount namespace of its own. 420 KB hold the landed file only."""
    if subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine allows no mounts of our own")
    amounts = [(n * 7919 % 10007) / 3 - (n % 21 == 0) * 1e6 for n in range(40_000)]
    desk.land(id=list(range(40_000)), amount=amounts)
    (desk.home / full).mkdir(parents=True)
    program = "from partition_gate.apps.cli.main import main; main()"
    script = f"mount -t tmpfs -o size={size} none {desk.home / full} && exec {sys.executable} -c '{program}' \"$@\""
    command = ["unshare", "-rm", "sh", "-c", script, "gate", "run", str(desk.contract), KEY, "--json"]
    environment = {**os.environ, "GATE_HOME": str(desk.home), "PYTHONPATH": "include"}

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == COULD_NOT_JUDGE, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert document["outcome"] == "errored"
    assert "the disk is full; free some space" in str(document["why"])


def test_the_limits_change_nothing_where_all_is_well(desk: Limited) -> None:
    code, document = desk.run()

    assert (code, document["outcome"]) == (PUBLISHED, "published")
