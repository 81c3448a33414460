"""`warehouse.duckdb`: whose fault it shares, whom it waits for, what is left beside it, what it costs."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from tests.integration.test_delta_warehouse import DAY, NEXT_DAY, PUBLISHER, publish, served
from tests.integration.test_gate_run import Desk

from partition_gate.adapters.warehouse_delta.warehouse import DeltaWarehouse
from partition_gate.core.errors import OperatorError, ViewsBusy
from partition_gate.core.table import TableColumn
from partition_gate.testing.builders import a_table

ORDERS, CUSTOMERS = a_table("orders"), a_table("customers")

STRANGER = """
import os, signal, sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE notes (text VARCHAR)")
os.kill(os.getpid(), signal.SIGKILL)
"""


ORDINARY_USER = """
import os, pwd, sys, duckdb
os.setuid(pwd.getpwnam("nobody").pw_uid)
duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read").execute("FROM orders")
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> DeltaWarehouse:
    return a_warehouse(tmp_path)


def a_warehouse(folder: Path, *, wait_s: float = 0.3) -> DeltaWarehouse:
    return DeltaWarehouse(
        str(folder / "tables"),
        serving_file=folder / "warehouse.duckdb",
        quarantine_root=str(folder / "quarantine"),
        views_wait=timedelta(seconds=wait_s),
    )


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def desks(folder: Path, *names: str) -> list[Desk]:
    """Datasets of one home whose contracts lie in its folder of contracts, with a partition landed."""
    contracts = folder / "contracts"
    contracts.mkdir()
    columns = [{"name": "dt", "logicalType": "date", "partitioned": True}, {"name": "id", "logicalType": "integer"}]
    made = []
    for name in names:
        desk = Desk(folder)
        desk.contract, desk.landing = contracts / f"{name}.odcs.yaml", folder / name
        desk.environment = {"GATE_CONTRACTS": str(contracts), "GATE_EXPECTATIONS": str(folder / "expectations")}
        desk.write_contract(id=name, schema=[{"name": name, "properties": columns}])
        desk.land(id=list(range(100)))
        made.append(desk)
    assert made[0].gate("compile").returncode == 0
    return made


def is_locked(lock: Path) -> bool:
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def locked(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def stopped_while_it_writes(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that publishes without end, stopped in the middle of a swap."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    arguments = [sys.executable, "-c", PUBLISHER, str(folder), NEXT_DAY, "1", "100000"]
    process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL)
    try:
        while not (lock := folder / "warehouse.duckdb.lock").exists():
            time.sleep(0.05)
        while True:
            process.send_signal(signal.SIGSTOP)
            if is_locked(lock):
                break
            process.send_signal(signal.SIGCONT)
            time.sleep(0.003)
        yield process
    finally:
        process.kill()
        process.wait()


# Waiting


def test_a_writer_that_hangs_is_waited_for_no_longer_than_the_limit(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    with stopped_while_it_writes(tmp_path) as process:
        publish(warehouse, tmp_path, [1, 2])
        began = time.monotonic()
        with pytest.raises(ViewsBusy, match=f"process {process.pid} on .* has been writing it for more than 0.3 s"):
            warehouse.refresh_view(ORDERS)
        waited_s = time.monotonic() - began
        assert warehouse.stale_views([ORDERS]) == ("orders",)

    warehouse.refresh_view(ORDERS)

    assert waited_s < 5
    assert served(tmp_path / "warehouse.duckdb", "SELECT id FROM orders WHERE dt = '2026-11-01'") == [(1,), (2,)]
    assert warehouse.stale_views([ORDERS]) == ()


def test_whoever_waited_in_vain_does_not_wait_for_each_table(tmp_path: Path) -> None:
    warehouse = a_warehouse(tmp_path, wait_s=1.0)
    with locked(tmp_path / "warehouse.duckdb.lock"):
        began = time.monotonic()
        for number in range(20):
            with pytest.raises(ViewsBusy):
                warehouse.refresh_view(a_table(f"t{number}"))

    assert time.monotonic() - began < 10


def test_a_run_that_meets_a_hanging_writer_publishes_and_says_so(tmp_path: Path) -> None:
    (desk,) = desks(tmp_path, "orders")
    desk.environment["GATE_VIEW_SWAP_TIMEOUT_S"] = "0.2"
    desk.land("2026-01-02", id=list(range(100)))
    with locked(desk.home / "warehouse.duckdb.lock"):
        code, document = desk.run()
        shown = desk.gate("reconcile")

    later, after = desk.run("2026-01-02")

    assert (code, document["outcome"], document["rows_published"]) == (0, "published", 100)
    assert "published, but the consumers' view does not show it yet" in document["view_problem"]
    assert "the next run of any partition refreshes the view, or run `gate reconcile`" in document["view_problem"]
    assert (shown.returncode, "could not be finished" in shown.stdout) == (1, True)
    assert (later, after["view_problem"], desk.published()) == (0, None, 200)
    assert desk.gate("reconcile").returncode == 0


# Tables do not share faults


def broken_log(folder: Path) -> None:
    newest = max((folder / "tables/customers/_delta_log").glob("*.json"))
    newest.write_text(newest.read_text().replace(f'"dt":"{DAY}"', '"dt":"infinity"'))


def truncated_log(folder: Path) -> None:
    newest = max((folder / "tables/customers/_delta_log").glob("*.json"))
    newest.write_bytes(newest.read_bytes()[:40])


def missing_file(folder: Path) -> None:
    next((folder / "tables/customers").rglob("part-*")).unlink()


def missing_record(folder: Path) -> None:
    shutil.rmtree(folder / "tables/customers/_publications")
    shutil.rmtree(folder / "warehouse.duckdb.known", ignore_errors=True)


FAULTS = {
    broken_log: r"tables/customers: its _delta_log cannot be read \(.*as \.\.\.\); restore the log from a backup",
    truncated_log: "tables/customers: its _delta_log cannot be read",
    missing_file: "view was not updated, because a published file is missing or unreadable .*; restore",
    missing_record: r"_publications/a1\.json: the publication record .* is missing",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_table_that_cannot_be_read_is_named_and_touches_no_other_one(warehouse, tmp_path, fault):
    publish(warehouse, tmp_path, [1], table=CUSTOMERS)
    publish(warehouse, tmp_path, [1])
    fault(tmp_path)
    fresh = a_warehouse(tmp_path)

    with pytest.raises(OperatorError, match=FAULTS[fault]) as raised:
        fresh.refresh_view(CUSTOMERS)
    fresh.refresh_view(ORDERS)

    assert "infinity" not in str(raised.value)
    assert served(tmp_path / "warehouse.duckdb", "SELECT id FROM orders") == [(1,)]
    assert fresh.stale_views([ORDERS]) == ()


def test_a_broken_table_costs_the_runs_of_others_nothing_and_reconcile_names_it(tmp_path: Path) -> None:
    desk, other = desks(tmp_path, "orders", "customers")
    assert other.run()[0] == 0
    newest = max((desk.home / "warehouse/customers/_delta_log").glob("*.json"))
    newest.write_text("nonsense")

    code, document = desk.run()
    own_code, own = other.run("2026-01-01")
    found = desk.gate("reconcile")

    assert (code, document["outcome"], document["view_problem"]) == (0, "published", None)
    assert (own_code, own["outcome"]) == (3, "errored")
    assert "customers: its _delta_log cannot be read" in own["why"][0]
    assert found.returncode == 1
    assert "DIFFERENCE customers" in found.stdout
    assert "DIFFERENCE orders" not in found.stdout


# What is left beside it


def test_the_log_of_a_killed_stranger_goes_with_the_next_publish(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    path, log = tmp_path / "warehouse.duckdb", tmp_path / "warehouse.duckdb.wal"
    publish(warehouse, tmp_path, [1])
    warehouse.refresh_view(ORDERS)
    path.chmod(0o644)
    assert python(STRANGER, str(path)).returncode == -signal.SIGKILL
    assert log.exists()
    assert warehouse.stale_views([ORDERS]) == ("orders",)

    publish(warehouse, tmp_path, [2], key=NEXT_DAY, fence=2)
    warehouse.refresh_view(ORDERS)

    assert not log.exists()
    assert served(path, "SELECT id FROM orders ORDER BY id") == [(1,), (2,)]
    assert served(path, "SELECT table_name FROM duckdb_tables()") == [("_gate_views",)]


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user takes root")
def test_an_ordinary_user_reads_the_file_and_cannot_open_it_for_writing() -> None:
    with tempfile.TemporaryDirectory() as name:  # not pytest's folder, which nobody else may enter
        folder = Path(name)
        folder.chmod(0o777)
        warehouse = a_warehouse(folder)
        publish(warehouse, folder, [1])
        warehouse.refresh_view(ORDERS)
        shutil.chown(folder / "warehouse.duckdb", "nobody")

        read, written = (python(ORDINARY_USER, str(folder / "warehouse.duckdb"), how) for how in ("read", "write"))

    assert (read.returncode, written.returncode) == (0, 1), read.stderr
    assert "Permission denied" in written.stderr


def test_nobody_may_write_the_file(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    for table in (ORDERS, CUSTOMERS):
        warehouse.refresh_view(table)

        assert (tmp_path / "warehouse.duckdb").stat().st_mode & 0o777 == 0o444


def test_the_copies_of_dead_writers_are_swept(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    left = [tmp_path / f".warehouse.duckdb.{'0' * 32}{end}" for end in ("", ".wal")]
    others = tmp_path / f".warehouse.duckdb.eu.{'0' * 32}"
    for file in (*left, others):
        file.touch()

    warehouse.refresh_view(ORDERS)

    assert [file.exists() for file in (*left, others)] == [False, False, True]


# What it costs


def test_two_hundred_refreshes_do_not_grow_the_file(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    warehouse.refresh_view(CUSTOMERS)
    sizes = []
    for fence in range(1, 201):
        publish(warehouse, tmp_path, [fence], fence=fence)
        warehouse.refresh_view(ORDERS)
        sizes.append((tmp_path / "warehouse.duckdb").stat().st_size)

    assert max(sizes) - min(sizes) <= 1024 * 1024


def test_no_record_of_a_publication_is_read_twice(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    publish(warehouse, tmp_path, [1])
    warehouse.refresh_view(ORDERS)
    (tmp_path / "tables/orders/_publications/a1.json").unlink()
    publish(warehouse, tmp_path, [2], key=NEXT_DAY, fence=2)

    a_warehouse(tmp_path).refresh_view(ORDERS)

    assert served(tmp_path / "warehouse.duckdb", "SELECT id FROM orders ORDER BY id") == [(1,), (2,)]


def test_a_view_that_is_current_is_not_written_again(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    publish(warehouse, tmp_path, [1])
    warehouse.refresh_view(ORDERS)
    before = (tmp_path / "warehouse.duckdb").stat()

    warehouse.refresh_view(ORDERS)

    assert (tmp_path / "warehouse.duckdb").stat().st_ino == before.st_ino


def test_a_changed_contract_makes_the_view_stale(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    publish(warehouse, tmp_path, [1])
    warehouse.refresh_view(ORDERS)
    noted = TableColumn(name="noted", source="noted", type="DATE", default="2013-02-01")
    wider = ORDERS.model_copy(update={"columns": (*ORDERS.columns, noted)})

    stale = warehouse.stale_views([ORDERS, wider])
    warehouse.refresh_view(wider)

    assert (stale, warehouse.stale_views([wider])) == (("orders",), ())
    assert served(tmp_path / "warehouse.duckdb", "SELECT noted::VARCHAR FROM orders") == [("2013-02-01",)]


def test_a_table_that_was_made_anew_is_shown(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    for fence in (1, 2, 3):
        publish(warehouse, tmp_path, [fence], fence=fence)
        warehouse.refresh_view(ORDERS)
    shutil.rmtree(tmp_path / "tables/orders")
    narrow = a_table(columns={"id": "BIGINT"})
    again = a_warehouse(tmp_path)
    publish(again, tmp_path, [9], table=narrow, select="id")

    again.refresh_view(narrow)

    assert served(tmp_path / "warehouse.duckdb", "SELECT id, dt::VARCHAR FROM orders") == [(9, DAY)]


def test_a_file_that_is_no_database_of_ours_is_made_anew(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    (tmp_path / "warehouse.duckdb").write_bytes(b"nonsense")
    publish(warehouse, tmp_path, [1])
    assert warehouse.stale_views([ORDERS]) == ("orders",)

    warehouse.refresh_view(ORDERS)

    assert served(tmp_path / "warehouse.duckdb", "SELECT id FROM orders") == [(1,)]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    warehouse = DeltaWarehouse(
        str(tmp_path / "tables"), serving_file=tmp_path / "file/warehouse.duckdb", quarantine_root=str(tmp_path / "q")
    )

    with pytest.raises(OperatorError, match=r"warehouse\.duckdb: cannot be written"):
        warehouse.refresh_view(ORDERS)


def test_a_reader_keeps_its_state_while_the_file_is_replaced(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    publish(warehouse, tmp_path, [1])
    warehouse.refresh_view(ORDERS)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("SELECT 1")
        publish(warehouse, tmp_path, [2], key=NEXT_DAY, fence=2)
        warehouse.refresh_view(ORDERS)

        assert connection.execute("SELECT id FROM orders").fetchall() == [(1,)]
