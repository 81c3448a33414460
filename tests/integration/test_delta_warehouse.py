"""What only the Delta warehouse has: its log, its evolution, its consumers' file, its repeats after a kill."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import pytest
from deltalake import DeltaTable
from tests.object_storage import access_to, endpoint_of

from partition_gate.adapters.embedded_s3.server import EmbeddedS3
from partition_gate.adapters.object_store.s3_clients import Endpoint
from partition_gate.adapters.storage import Storage
from partition_gate.adapters.warehouse_delta.table_log import TableLogs
from partition_gate.adapters.warehouse_delta.warehouse import DeltaWarehouse
from partition_gate.core.errors import (
    ContractError,
    MalformedPartitionKey,
    OperatorError,
    PartitionChanged,
    StoreUnreachable,
    Superseded,
)
from partition_gate.core.table import TableColumn, TableSchema
from partition_gate.judging.attempt import Publication
from partition_gate.testing.builders import a_location, a_split, a_table

DAY, NEXT_DAY = "2026-11-01", "2026-11-02"

PUBLISHER = """
import sys
from pathlib import Path
from partition_gate.adapters.warehouse_delta.warehouse import DeltaWarehouse
from partition_gate.testing.builders import a_split, a_table
home, key, first, last = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
served = home / "warehouse.duckdb"
warehouse = DeltaWarehouse(str(home / "tables"), serving_file=served, quarantine_root=str(home / "quarantine"))
scratch = home / key
scratch.mkdir()
for fence in range(first, last):
    staged = warehouse.stage(a_table(), key, attempt_id=f"{key}-{fence}", split=a_split(scratch, [fence] * 1000))
    warehouse.publish(a_table(), staged, idempotency_key=f"k{fence}", fence=fence, values=[("dt", key)])
    warehouse.refresh_view(a_table())
    print(fence, flush=True)
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> DeltaWarehouse:
    return DeltaWarehouse(
        str(tmp_path / "tables"),
        serving_file=tmp_path / "warehouse.duckdb",
        quarantine_root=str(tmp_path / "quarantine"),
    )


def publish(
    warehouse: DeltaWarehouse,
    folder: Path,
    ids: Sequence[int],
    *,
    fence: int = 1,
    key: str = DAY,
    table: TableSchema | None = None,
    select: str | None = None,
) -> Publication:
    table = table or a_table()
    staged = warehouse.stage(table, key, attempt_id=f"a{fence}", split=a_split(folder, ids, select=select))
    location = a_location(**{column.name: column.type for column in table.partition_columns})
    values = tuple(location.values(key).items())
    return warehouse.publish(table, staged, idempotency_key=f"k{fence}", fence=fence, values=values)


def refreshed(warehouse: DeltaWarehouse, folder: Path, table: TableSchema) -> Path:
    warehouse.refresh_view(table)
    return folder / "warehouse.duckdb"


def served(path: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def publisher(home: Path, key: str, fences: range) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    arguments = [sys.executable, "-c", PUBLISHER, str(home), key, str(fences.start), str(fences.stop)]
    return subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True)


# The commit


def test_the_commit_carries_the_publication(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    published = publish(warehouse, tmp_path, [1, 2])

    commit = DeltaTable(tmp_path / "tables/orders").history(1)[0]

    assert Publication.model_validate_json(commit["partition_gate"]) == published


def test_publishing_rewrites_no_file(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    split = a_split(tmp_path, [1, 2])
    staged = warehouse.stage(a_table(), DAY, attempt_id="a1", split=split)

    warehouse.publish(a_table(), staged, idempotency_key="k1", fence=1, values=[("dt", DAY)])

    assert Path(warehouse.files("orders")[0]).read_bytes() == split.passing[0].read_bytes()


def test_several_files_are_one_publication_and_each_says_its_rows(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    few, more = a_split(tmp_path, [1]), a_split(tmp_path, [2, 3])
    split = few.model_copy(update={"passing": few.passing + more.passing, "rows_passing": 3})
    staged = warehouse.stage(a_table(), DAY, attempt_id="a-1", split=split)

    warehouse.publish(a_table(), staged, idempotency_key="k1", fence=1, values=[("dt", DAY)])
    views = refreshed(warehouse, tmp_path, a_table())

    assert [each.rows for each in warehouse.publications("orders")] == [3]
    assert served(views, "SELECT id FROM orders ORDER BY id") == [(1,), (2,), (3,)]
    counts = DeltaTable(tmp_path / "tables/orders").get_add_actions(flatten=True).column("num_records").to_pylist()
    assert sorted(counts) == [1, 2]


def test_a_repeat_of_a_published_attempt_does_not_touch_its_files(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    publish(warehouse, tmp_path, [1, 2])
    before = Path(warehouse.files("orders")[0]).read_bytes()

    warehouse.stage(a_table(), DAY, attempt_id="a1", split=a_split(tmp_path, [3, 4]))

    assert Path(warehouse.files("orders")[0]).read_bytes() == before


def test_a_staged_file_that_was_replaced_is_not_published(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    staged = warehouse.stage(a_table(), DAY, attempt_id="a1", split=a_split(tmp_path, [1, 2]))
    (file,) = staged.files
    (tmp_path / "tables/orders" / file.path).write_bytes(b"something else")

    with pytest.raises(PartitionChanged, match="the staged file was removed or replaced"):
        warehouse.publish(a_table(), staged, idempotency_key="k1", fence=1, values=[("dt", DAY)])

    assert warehouse.publications("orders") == ()


def test_other_readers_of_delta_see_the_rows(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    publish(warehouse, tmp_path, [2])

    rows = DeltaTable(tmp_path / "tables/orders").to_pyarrow_table().to_pylist()

    assert rows == [{"id": 2, "amount": 1.0, "dt": datetime(2026, 11, 1, tzinfo=UTC).date()}]


def test_a_publication_is_found_after_its_commit_left_the_log(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    published = publish(warehouse, tmp_path, [1])
    publish(warehouse, tmp_path, [2], key=NEXT_DAY, fence=2)
    log = tmp_path / "tables/orders/_delta_log"
    DeltaTable(tmp_path / "tables/orders").create_checkpoint()
    (log / f"{0:020d}.json").unlink()

    assert warehouse.current("orders", DAY) == published


def test_a_lost_publication_record_is_named(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    publish(warehouse, tmp_path, [1])
    (tmp_path / "tables/orders/_publications/a1.json").unlink()

    with pytest.raises(OperatorError, match=r"_publications/a1\.json: the publication record .* is missing"):
        warehouse.current("orders", DAY)


def test_an_old_version_is_swept_once_it_was_replaced_long_enough_ago(
    warehouse: DeltaWarehouse, tmp_path: Path
) -> None:
    publish(warehouse, tmp_path, [1])
    publish(warehouse, tmp_path, [2], fence=2)

    lately = warehouse.sweep("orders", staged_before=datetime.now(UTC) - timedelta(minutes=1))
    later = warehouse.sweep("orders", staged_before=datetime.now(UTC) + timedelta(minutes=1))

    assert (lately, later, len(list((tmp_path / "tables/orders").rglob("part-*")))) == (0, 1, 1)


def test_a_version_replaced_after_the_moment_is_kept_although_it_is_old(
    warehouse: DeltaWarehouse, tmp_path: Path
) -> None:
    publish(warehouse, tmp_path, [1])
    os.utime(warehouse.files("orders")[0], (0, 0))
    publish(warehouse, tmp_path, [2], fence=2)

    assert warehouse.sweep("orders", staged_before=datetime.now(UTC) - timedelta(minutes=1)) == 0


# Several processes


def test_two_processes_publish_different_partitions_at_once(tmp_path: Path) -> None:
    publishers = [publisher(tmp_path, DAY, range(1, 11)), publisher(tmp_path, NEXT_DAY, range(1, 11))]

    assert [process.wait(60) for process in publishers] == [0, 0]

    rows = served(
        tmp_path / "warehouse.duckdb", "SELECT dt::VARCHAR, count(*), min(id) FROM orders GROUP BY 1 ORDER BY 1"
    )
    assert rows == [(DAY, 1000, 10), (NEXT_DAY, 1000, 10)]


def test_readers_see_whole_versions_only(tmp_path: Path) -> None:
    process = publisher(tmp_path, DAY, range(1, 61))
    assert process.stdout is not None
    process.stdout.readline()

    seen = []
    while process.poll() is None:
        seen += served(tmp_path / "warehouse.duckdb", "SELECT count(*), count(DISTINCT id), max(id) FROM orders")

    versions = [version for _, _, version in seen]
    assert {(rows, distinct) for rows, distinct, _ in seen} == {(1000, 1)}
    assert versions == sorted(versions)
    assert len(set(versions)) > 3


def test_a_killed_publisher_leaves_the_old_version_or_the_new_one(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    for round_number in range(5):
        first = round_number * 1000 + 1
        process = publisher(tmp_path, DAY, range(first, first + 999))
        assert process.stdout is not None
        acknowledged = max(int(process.stdout.readline()) for _ in range(3))
        process.kill()
        process.wait()
        (tmp_path / DAY).rename(tmp_path / f"killed-{round_number}")

        current = warehouse.current("orders", DAY)

        assert current is not None
        assert current.fence >= acknowledged
        assert rows_of(warehouse) == [(current.fence, 1000)]


def rows_of(warehouse: DeltaWarehouse) -> list[tuple[int, int]]:
    with duckdb.connect() as connection:
        files = list(warehouse.files("orders"))
        return connection.execute("SELECT id, count(*) FROM read_parquet(?) GROUP BY 1", [files]).fetchall()


# The table's columns


def test_a_new_column_is_null_in_older_partitions(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    wider = a_table(columns={"id": "BIGINT", "amount": "DOUBLE", "noted_at": "TIMESTAMP"})
    publish(warehouse, tmp_path, [1])
    columns = "id, id / 2 AS amount, TIMESTAMP '2026-11-02 08:00:00' AS noted_at"

    publish(warehouse, tmp_path, [2], key=NEXT_DAY, fence=2, table=wider, select=columns)

    path = refreshed(warehouse, tmp_path, wider)
    assert served(path, "SELECT id, noted_at::VARCHAR FROM orders ORDER BY id") == [
        (1, None),
        (2, "2026-11-02 08:00:00"),
    ]


def test_a_column_that_the_contract_dropped_leaves_the_view(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    publish(warehouse, tmp_path, [1])
    narrower = a_table(columns={"id": "BIGINT"})

    publish(warehouse, tmp_path, [2], key=NEXT_DAY, fence=2, table=narrower, select="id")

    assert served(refreshed(warehouse, tmp_path, narrower), "SELECT * EXCLUDE (dt) FROM orders ORDER BY id") == [
        (1,),
        (2,),
    ]


class Overtaken(DeltaWarehouse):
    """Another attempt commits right after this one has looked at the table."""

    def __init__(self, other: Callable[[], object], home: Path) -> None:
        super().__init__(
            str(home / "tables"), serving_file=home / "warehouse.duckdb", quarantine_root=str(home / "quarantine")
        )
        self._other: Callable[[], object] | None = other

    def _already_published(self, log: DeltaTable | None, wanted: Publication, over: int | None) -> Publication | None:
        found = super()._already_published(log, wanted, over)
        if self._other:
            other, self._other = self._other, None
            other()
        return found


def test_a_newer_attempt_that_publishes_while_columns_are_added_stays(
    warehouse: DeltaWarehouse, tmp_path: Path
) -> None:
    wider = a_table(columns={"id": "BIGINT", "amount": "DOUBLE", "noted_at": "TIMESTAMP"})
    publish(warehouse, tmp_path, [1], fence=1)
    overtaken = Overtaken(lambda: publish(warehouse, tmp_path, [3], fence=3), tmp_path)

    with pytest.raises(Superseded):
        publish(overtaken, tmp_path, [2], fence=2, table=wider, select="id, 1.0 AS amount, NULL::TIMESTAMP AS noted_at")

    assert served(refreshed(warehouse, tmp_path, wider), "SELECT id FROM orders") == [(3,)]


class LateLogs(TableLogs):
    """Somebody else commits right before the table is loaded for the second time."""

    def __init__(self, storage: Storage, other: Callable[[], object]) -> None:
        super().__init__(storage)
        self._loads, self._other = 0, other

    def load(self, table: str) -> DeltaTable | None:
        self._loads += 1
        if self._loads == 2:
            self._other()
        return super().load(table)


def test_a_newer_attempt_that_publishes_after_columns_were_added_stays(
    warehouse: DeltaWarehouse, tmp_path: Path
) -> None:
    wider = a_table(columns={"id": "BIGINT", "amount": "DOUBLE", "noted_at": "TIMESTAMP"})
    publish(warehouse, tmp_path, [1], fence=1)
    split = a_split(tmp_path, [2], select="id, 1.0 AS amount, NULL::TIMESTAMP AS noted_at")
    staged = warehouse.stage(wider, DAY, attempt_id="a2", split=split)
    overtaken = Overtaken(lambda: None, tmp_path)
    overtaken._logs = LateLogs(overtaken._storage, lambda: publish(warehouse, tmp_path, [3], fence=3))

    with pytest.raises(Superseded):
        overtaken.publish(wider, staged, idempotency_key="k2", fence=2, values=[("dt", DAY)])

    assert served(refreshed(warehouse, tmp_path, wider), "SELECT id FROM orders") == [(3,)]


def test_a_new_column_has_its_default_in_older_partitions_and_null_stays_null(
    warehouse: DeltaWarehouse, tmp_path: Path
) -> None:
    publish(warehouse, tmp_path, [1])
    amount = TableColumn(name="amount", source="amount", type="DOUBLE")
    noted = TableColumn(name="noted", source="noted", type="DATE", default="2013-02-01")
    wider = a_table().model_copy(update={"columns": (a_table().columns[0], amount, noted)})

    publish(
        warehouse, tmp_path, [2], key=NEXT_DAY, fence=2, table=wider, select="id, 1.0 AS amount, NULL::DATE AS noted"
    )

    path = refreshed(warehouse, tmp_path, wider)
    assert served(path, "SELECT id, noted::VARCHAR FROM orders ORDER BY id") == [(1, "2013-02-01"), (2, None)]


def test_a_renamed_column_is_found_in_older_partitions(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    publish(warehouse, tmp_path, [2])
    total = TableColumn(name="total", source="amount", type="DOUBLE", formerly=("amount",))
    renamed = a_table().model_copy(update={"columns": (a_table().columns[0], total)})

    path = refreshed(warehouse, tmp_path, renamed)

    assert served(path, "SELECT id, total FROM orders") == [(2, 1.0)]


WIDER = {
    "INTEGER to BIGINT": ("INTEGER", "BIGINT", "1099511627776"),
    "FLOAT to DOUBLE": ("FLOAT", "DOUBLE", "7.1"),
    "DECIMAL(5,2) to DECIMAL(9,3)": ("DECIMAL(5,2)", "DECIMAL(9,3)", "123456.789"),
    "BIGINT to DECIMAL(19,0)": ("BIGINT", "DECIMAL(19,0)", "9223372036854775808"),
}


@pytest.mark.parametrize("key", [NEXT_DAY, "snapshot"])
@pytest.mark.parametrize(("narrow", "wide", "value"), WIDER.values(), ids=WIDER)
def test_a_column_widens_and_older_partitions_are_read_in_the_wider_type(
    warehouse: DeltaWarehouse, tmp_path: Path, narrow: str, wide: str, value: str, key: str
) -> None:
    parts: dict[str, str] | None = None if key == NEXT_DAY else {}
    old, new = (a_table(columns={"c": kind}, partitioned_by=parts) for kind in (narrow, wide))
    first = DAY if key == NEXT_DAY else key
    publish(warehouse, tmp_path, [1], key=first, table=old, select=f"7::{narrow} AS c")

    publish(warehouse, tmp_path, [2], key=key, fence=2, table=new, select=f"{value}::{wide} AS c")

    query = f"FROM orders SELECT c = {value}::{wide}, c = 7, typeof(c) ORDER BY c"
    rows = served(refreshed(warehouse, tmp_path, new), query)
    old_rows = [(False, True, wide)] if key == NEXT_DAY else []
    assert rows == [*old_rows, (True, False, wide)]
    table = DeltaTable(tmp_path / "tables/orders")
    assert table.to_pyarrow_table().num_rows == len(rows)
    assert table.metadata().configuration == {"delta.checkpointInterval": "20"}


NARROWER = {"BIGINT as DOUBLE": ("BIGINT", "DOUBLE"), "DATE as TIMESTAMP": ("DATE", "TIMESTAMP")} | {
    "a wider number as a narrower one": ("BIGINT", "INTEGER"),
    "more digits as fewer": ("DECIMAL(9,3)", "DECIMAL(9,2)"),
}


@pytest.mark.parametrize(("present", "wanted"), NARROWER.values(), ids=NARROWER)
def test_a_type_that_would_lose_values_is_refused(
    warehouse: DeltaWarehouse, tmp_path: Path, present: str, wanted: str
) -> None:
    publish(warehouse, tmp_path, [1], table=a_table(columns={"c": present}), select=f"NULL::{present} AS c")

    with pytest.raises(ContractError, match=r"orders\.c: published as"):
        publish(warehouse, tmp_path, [2], fence=2, table=a_table(columns={"c": wanted}), select=f"NULL::{wanted} AS c")


def test_a_changed_type_is_refused_by_name(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    publish(warehouse, tmp_path, [1])
    changed = a_table(columns={"id": "VARCHAR", "amount": "DOUBLE"})

    with pytest.raises(ContractError, match=r"orders\.id: published as long, but the contract says string"):
        publish(warehouse, tmp_path, [2], fence=2, table=changed)


def test_another_partitioning_is_refused(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    publish(warehouse, tmp_path, [1])

    with pytest.raises(ContractError, match="partitioned by"):
        publish(warehouse, tmp_path, [2], fence=2, table=a_table(partitioned_by={"day": "DATE"}))


def test_a_type_that_delta_cannot_hold_is_refused(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"orders\.id: a Delta table cannot hold the type 'HUGEINT'"):
        publish(warehouse, tmp_path, [1], table=a_table(columns={"id": "HUGEINT"}), select="id")


def test_a_key_of_another_shape_is_refused(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    with pytest.raises(MalformedPartitionKey):
        warehouse.stage(a_table(), "2026-11-01/07", attempt_id="a1", split=a_split(tmp_path))


TYPED = {
    "BOOLEAN": "true",
    "TINYINT": "1",
    "SMALLINT": "2",
    "INTEGER": "3",
    "BIGINT": "4",
    "FLOAT": "1.5",
    "DOUBLE": "2.5",
    "DECIMAL(9,2)": "12.34",
    "VARCHAR": "text",
    "DATE": "2026-11-01",
    "TIMESTAMP": "2026-11-01 10:00:00",
    "TIMESTAMP WITH TIME ZONE": "2026-11-01 10:00:00+00",
    "BLOB": "bytes",
    "TIME": "10:30:00",
    "INTEGER[]": "[1, 2]",
    "STRUCT(a INTEGER, b VARCHAR)": "{'a': 1, 'b': x}",
}


@pytest.mark.parametrize("ids", [[1], []], ids=["one row", "no row"])
@pytest.mark.parametrize("kind", TYPED)
def test_a_type_survives_the_journey(warehouse: DeltaWarehouse, tmp_path: Path, kind: str, ids: list[int]) -> None:
    table = a_table(columns={"c": kind})
    value = f"CAST('{TYPED[kind].replace(chr(39), chr(39) * 2)}' AS {kind})"

    publish(warehouse, tmp_path, ids, table=table, select=f"{value} AS c")

    path = refreshed(warehouse, tmp_path, table)
    assert served(path, f"FROM orders SELECT c = {value}, typeof(c)") == [(True, kind)] * len(ids)
    assert DeltaTable(tmp_path / "tables/orders").to_pyarrow_table().num_rows == len(ids)


# The consumers' file


def test_a_table_never_published_has_an_empty_view_of_the_right_types(
    warehouse: DeltaWarehouse, tmp_path: Path
) -> None:
    path = refreshed(warehouse, tmp_path, a_table())

    described = served(path, "SELECT column_name, column_type FROM (DESCRIBE orders)")
    assert described == [("id", "BIGINT"), ("amount", "DOUBLE"), ("dt", "DATE")]
    assert served(path, "SELECT * FROM orders") == []


def test_partition_columns_come_from_the_folders_with_their_types(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    table = a_table(partitioned_by={"dt": "DATE", "hour": "INTEGER", "slot": "VARCHAR"})
    publish(warehouse, tmp_path, [1], key=f"{DAY}/07/10:30+01", table=table)

    rows = served(refreshed(warehouse, tmp_path, table), "SELECT dt::VARCHAR, hour, slot FROM orders")

    assert rows == [(DAY, 7, "10:30+01")]


def test_any_duckdb_since_1_0_can_open_the_consumers_file(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    publish(warehouse, tmp_path, [1])

    header = refreshed(warehouse, tmp_path, a_table()).read_bytes()[:20]

    # The header: a checksum, DUCK, then the storage version. DuckDB 1.0 and 1.1 wrote 64, and newer ones read it.
    assert (header[8:12], int.from_bytes(header[12:20], "little")) == (b"DUCK", 64)


def test_descriptions_become_comments(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    column = TableColumn(name="id", source="id", type="BIGINT", description="The producer's number")
    table = TableSchema(name="orders", description="What customers' carts became", columns=(column,))

    path = refreshed(warehouse, tmp_path, table)

    assert served(path, "SELECT comment FROM duckdb_views() WHERE view_name = 'orders'") == [
        ("What customers' carts became",)
    ]
    assert served(path, "SELECT comment FROM duckdb_columns() WHERE table_name = 'orders'") == [
        ("The producer's number",)
    ]


def test_hostile_names_of_columns_stay_names(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    table = a_table(columns={"i'd\"": "BIGINT"})
    publish(warehouse, tmp_path, [1], table=table, select='id AS "i\'d"""')

    path = refreshed(warehouse, tmp_path, table)

    assert served(path, 'SELECT "i\'d""" FROM orders') == [(1,)]


def test_the_file_says_which_version_of_each_table_it_shows(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    publish(warehouse, tmp_path, [1, 2])
    refreshed(warehouse, tmp_path, a_table("customers"))
    publish(warehouse, tmp_path, [], key=NEXT_DAY, fence=2)

    path = refreshed(warehouse, tmp_path, a_table())

    assert served(path, 'SELECT "table", table_version, files FROM _gate_views ORDER BY ALL') == [
        ("customers", -1, 0),
        ("orders", 1, 2),
    ]


def test_writers_of_the_file_leave_nothing_else_behind(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    publish(warehouse, tmp_path, [1])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: warehouse.refresh_view(a_table()), range(8)))

    left = {path.name.removeprefix("warehouse.duckdb") for path in tmp_path.glob("*warehouse.duckdb*")}
    assert left == {"", ".lock", ".known"}


def test_the_views_read_s3(s3: EmbeddedS3, tmp_path: Path) -> None:
    warehouse = DeltaWarehouse(
        "s3://warehouse/views",
        s3=access_to(endpoint_of(s3)),
        serving_file=tmp_path / "warehouse.duckdb",
        quarantine_root="s3://warehouse/views/quarantine",
    )
    publish(warehouse, tmp_path, [1])

    path = refreshed(warehouse, tmp_path, a_table())

    reader = fsspec.filesystem("s3", key=s3.access_key_id, secret=s3.secret_access_key, endpoint_url=s3.endpoint_url)
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.register_filesystem(reader)
        assert connection.execute("SELECT id, dt::VARCHAR FROM orders").fetchall() == [(1, DAY)]


# Quarantine and failures


def test_quarantine_keeps_rows_and_unreadable_files(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    split = a_split(tmp_path, quarantined=2)
    broken = tmp_path / "part-0.parquet"
    broken.write_bytes(b"no parquet")

    folder = Path(warehouse.quarantine("orders", DAY, attempt_id="a1", rows=split.quarantined, raw=[broken]))

    assert (folder / "raw/0-part-0.parquet").read_bytes() == b"no parquet"
    assert len(duckdb.read_parquet(str(folder / "rows.parquet")).fetchall()) == 2


def test_a_store_that_does_not_answer_is_named_without_its_credentials(tmp_path: Path) -> None:
    warehouse = DeltaWarehouse(
        "s3://warehouse/tables",
        s3=access_to(Endpoint.with_key("http://127.0.0.1:9", "someone", "hush")),
        serving_file=tmp_path / "warehouse.duckdb",
        quarantine_root="s3://warehouse/quarantine",
    )

    with pytest.raises(StoreUnreachable, match="s3://warehouse/tables/orders") as raised:
        warehouse.current("orders", DAY)

    assert "hush" not in str(raised.value)


def test_quarantine_that_is_no_parquet_any_more_is_an_error_with_the_next_step(
    warehouse: DeltaWarehouse, tmp_path: Path
) -> None:
    uri = warehouse.quarantine(
        "orders", DAY, attempt_id="a1", rows=a_split(tmp_path, quarantined=1).quarantined, raw=[]
    )
    Path(uri, "rows.parquet").write_bytes(b"secret@example.org")

    with pytest.raises(OperatorError, match=r"a1/rows.parquet: the rows cannot be read .*; restore") as caught:
        warehouse.quarantined(uri, limit=1)
    assert "secret" not in str(caught.value)


def test_quarantine_below_an_earlier_root_is_read(warehouse: DeltaWarehouse, tmp_path: Path) -> None:
    rows = a_split(tmp_path, quarantined=1).quarantined
    uri = warehouse.quarantine("orders", DAY, attempt_id="a1", rows=rows, raw=[])
    moved = DeltaWarehouse(
        str(tmp_path / "tables"),
        serving_file=tmp_path / "warehouse.duckdb",
        quarantine_root=str(tmp_path / "elsewhere"),
    )

    assert moved.quarantined(uri, limit=1).row_count == 1
    assert moved.quarantined(f"file://{uri}", limit=1).row_count == 1
