"""What every warehouse promises: the fake, Delta on a local disk and on S3, and PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from s3fs import S3FileSystem
from tests.integration.test_ledger_behaviour import new_database
from tests.object_storage import access_to, endpoint_of

from partition_gate.adapters.embedded_s3.server import EmbeddedS3
from partition_gate.adapters.storage import Storage
from partition_gate.adapters.warehouse_delta.warehouse import DeltaWarehouse
from partition_gate.adapters.warehouse_postgres.database import Database
from partition_gate.adapters.warehouse_postgres.warehouse import PostgresWarehouse
from partition_gate.core.display import excerpt
from partition_gate.core.errors import OperatorError, PartitionChanged, ScanTimedOut, Superseded
from partition_gate.core.table import TableSchema
from partition_gate.judging.attempt import Publication, Staged
from partition_gate.judging.distribution import ColumnKind, ColumnToSurvey, NumberBins, TextBins
from partition_gate.ports.warehouse import Warehouse
from partition_gate.testing.builders import a_split, a_table
from partition_gate.testing.warehouse import InMemoryWarehouse

DAY, NEXT_DAY = "2026-11-01", "2026-11-02"
SOON = timedelta(minutes=5)


class Stand:
    """A warehouse under test, and a consumer's look at it. `may_commit_late`: after its caller has given up."""

    def __init__(
        self, warehouse: Warehouse, ids: Callable[[str], list[int]], folder: Path, *, may_commit_late: bool = False
    ) -> None:
        self.warehouse, self.may_commit_late = warehouse, may_commit_late
        self.ids = ids
        self.folder = folder

    def staged(
        self, ids: list[int], *, key: str = DAY, attempt: str = "a1", table: TableSchema | None = None
    ) -> Staged:
        split = a_split(self.folder, ids)
        return self.warehouse.stage(table or a_table(), key, attempt_id=attempt, split=split)

    def staged_in_files(self, *files: list[int], attempt: str) -> Staged:
        """An attempt whose passing rows lie in several files."""
        splits = [a_split(self.folder, ids) for ids in files]
        rows = sum(split.rows_passing for split in splits)
        passing = tuple(path for split in splits for path in split.passing)
        split = splits[0].model_copy(update={"passing": passing, "rows_in": rows, "rows_passing": rows})
        return self.warehouse.stage(a_table(), DAY, attempt_id=attempt, split=split)

    def published(
        self, ids: list[int], *, fence: int = 1, key: str = DAY, table: TableSchema | None = None, named: str = ""
    ) -> Publication:
        """Rows published by attempt `a<fence>` under the key `k<fence>` (or `named`)."""
        table = table or a_table()
        staged = self.staged(ids, key=key, attempt=f"{key}-a{fence}", table=table)
        return self.publish(staged, fence=fence, table=table, named=named)

    def publish(
        self,
        staged: Staged,
        *,
        fence: int,
        table: TableSchema | None = None,
        named: str = "",
        over: int | None = None,
    ) -> Publication:
        table = table or a_table()
        values = [("dt", staged.partition_key)] if table.partition_columns else []
        key = named or f"k{fence}"
        return self.warehouse.publish(table, staged, idempotency_key=key, fence=fence, values=values, over=over)


def in_memory(folder: Path, request: pytest.FixtureRequest) -> Stand:
    warehouse = InMemoryWarehouse()
    return Stand(warehouse, lambda table: sorted(row["id"] for row in warehouse.rows(table)), folder)


def delta_on_disk(folder: Path, request: pytest.FixtureRequest) -> Stand:
    warehouse = DeltaWarehouse(
        str(folder / "tables"), serving_file=folder / "warehouse.duckdb", quarantine_root=str(folder / "quarantine")
    )
    return Stand(warehouse, lambda table: ids_in(warehouse.files(table)), folder)


def delta_on_s3(folder: Path, request: pytest.FixtureRequest) -> Stand:
    server: EmbeddedS3 = request.getfixturevalue("s3")
    root = f"s3://warehouse/{uuid.uuid4().hex}"
    warehouse = DeltaWarehouse(
        root,
        s3=access_to(endpoint_of(server)),
        serving_file=folder / "warehouse.duckdb",
        quarantine_root=f"{root}/quarantine",
    )
    return Stand(warehouse, lambda table: ids_in(warehouse.files(table), server), folder, may_commit_late=True)


def in_postgres(folder: Path, request: pytest.FixtureRequest) -> Stand:
    database = Database(request.getfixturevalue("warehouse_database"), call_s=30, rows_s=60)
    request.addfinalizer(database.close)
    schema = f"published_{uuid.uuid4().hex}"
    warehouse = PostgresWarehouse(database, schema=schema, quarantine=Storage(str(folder / "quarantine")))
    return Stand(warehouse, lambda table: ids_in(warehouse.local_files(table, into=folder / uuid.uuid4().hex)), folder)


@pytest.fixture(scope="session")
def warehouse_database(postgres: str) -> str:
    """An empty database; use a schema of your own."""
    return new_database(postgres)


def ids_in(files: tuple[str, ...], server: EmbeddedS3 | None = None) -> list[int]:
    with duckdb.connect() as connection:
        if server:
            connection.register_filesystem(
                S3FileSystem(
                    key=server.access_key_id,
                    secret=server.secret_access_key,
                    endpoint_url=server.endpoint_url,
                    use_listings_cache=False,
                )
            )
        rows = connection.execute("SELECT id FROM read_parquet(?)", [list(files)]).fetchall() if files else []
    return sorted(row[0] for row in rows)


@pytest.fixture(params=[in_memory, delta_on_disk, delta_on_s3, in_postgres])
def stand(request: pytest.FixtureRequest, tmp_path: Path) -> Stand:
    made: Stand = request.param(tmp_path, request)
    return made


def test_an_attempt_of_several_files_is_published_and_replaced_as_a_whole(stand: Stand) -> None:
    first = stand.publish(stand.staged_in_files([1, 2], [3], attempt="a1"), fence=1)

    assert (stand.ids("orders"), stand.warehouse.current("orders", DAY)) == ([1, 2, 3], first)

    stand.publish(stand.staged_in_files([4], [5, 6], [7], attempt="a2"), fence=2)

    assert stand.ids("orders") == [4, 5, 6, 7]

    stand.publish(stand.staged([8], attempt="a3"), fence=3)

    assert stand.ids("orders") == [8]


def test_every_file_of_an_attempt_is_discarded(stand: Stand) -> None:
    staged = stand.staged_in_files([1], [2], attempt="a1")

    stand.warehouse.discard("orders", DAY, attempt_id=staged.attempt_id)

    for file in staged.files:
        with pytest.raises(PartitionChanged):
            stand.publish(staged.model_copy(update={"files": (file,)}), fence=1)


def test_nothing_is_visible_before_the_first_publish(stand: Stand) -> None:
    assert (stand.warehouse.current("orders", DAY), stand.warehouse.files("orders")) == (None, ())


def test_staged_rows_are_invisible(stand: Stand) -> None:
    stand.staged([1, 2, 3])

    assert stand.ids("orders") == []


def test_published_rows_are_visible(stand: Stand) -> None:
    stand.published([1, 2, 3])

    assert stand.ids("orders") == [1, 2, 3]


def test_the_table_itself_tells_what_is_published(stand: Stand) -> None:
    published = stand.published([1, 2, 3])

    assert stand.warehouse.current("orders", DAY) == published
    assert (published.rows, published.row_hash, published.fence, published.table_version) == (3, "6", 1, 0)


def test_a_publish_replaces_its_partition_and_no_other(stand: Stand) -> None:
    stand.published([1, 2], key=DAY)
    stand.published([10], key=NEXT_DAY)

    stand.published([3], key=DAY, fence=2)

    assert stand.ids("orders") == [3, 10]


def test_every_commit_has_its_own_number(stand: Stand) -> None:
    stand.published([1], key=DAY)

    second = stand.published([2], key=NEXT_DAY)

    assert (second.table_version, stand.warehouse.current("orders", NEXT_DAY)) == (1, second)


def test_publishing_twice_with_the_same_key_changes_nothing(stand: Stand) -> None:
    staged = stand.staged([1, 2])
    first = stand.publish(staged, fence=1)

    again = stand.publish(staged, fence=1)

    assert (again, stand.ids("orders")) == (first, [1, 2])


def test_an_attempt_may_stage_again_after_its_publish(stand: Stand) -> None:
    stand.published([1, 2])

    restaged = stand.staged([1, 2], attempt=f"{DAY}-a1")

    assert stand.publish(restaged, fence=1) == stand.warehouse.current("orders", DAY)


def test_a_stale_fence_is_superseded_and_changes_nothing(stand: Stand) -> None:
    stand.published([2], fence=2)

    with pytest.raises(Superseded):
        stand.published([1], fence=1)

    assert stand.ids("orders") == [2]


def test_a_partition_can_become_empty(stand: Stand) -> None:
    stand.published([1, 2])

    emptied = stand.published([], fence=2)

    assert (stand.ids("orders"), stand.warehouse.current("orders", DAY)) == ([], emptied)


def test_the_first_publish_of_a_table_may_be_empty(stand: Stand) -> None:
    emptied = stand.published([])

    assert (stand.ids("orders"), stand.warehouse.current("orders", DAY)) == ([], emptied)


def test_an_unpartitioned_table_is_replaced_as_a_whole(stand: Stand) -> None:
    table = a_table("airports", partitioned_by={})
    stand.published([1, 2], key="snapshot", table=table)

    stand.published([3], key="snapshot", table=table, fence=2)

    assert stand.ids("airports") == [3]


def test_a_partitioned_table_has_no_snapshot(stand: Stand) -> None:
    stand.published([1])

    assert stand.warehouse.current("orders", "snapshot") is None


def test_discarded_rows_can_no_longer_be_published(stand: Stand) -> None:
    staged = stand.staged([1])

    stand.warehouse.discard("orders", DAY, attempt_id=staged.attempt_id)

    with pytest.raises(PartitionChanged):
        stand.publish(staged, fence=1)


def test_rows_whose_commit_may_still_be_carried_out_stay_where_that_is_possible(stand: Stand) -> None:
    staged = stand.staged([1])

    stand.warehouse.discard("orders", DAY, attempt_id=staged.attempt_id, may_still_commit=True)

    if stand.may_commit_late:
        assert stand.publish(staged, fence=1).rows == 1
    else:
        with pytest.raises(PartitionChanged):
            stand.publish(staged, fence=1)


def test_what_was_kept_aside_is_discarded_with_it_where_asked(stand: Stand) -> None:
    split = a_split(stand.folder, quarantined=2)
    uri = stand.warehouse.quarantine("orders", DAY, attempt_id="a1", rows=split.quarantined, raw=[])

    stand.warehouse.discard("orders", DAY, attempt_id="a1")
    kept = stand.warehouse.quarantined(uri, limit=0).row_count
    stand.warehouse.discard("orders", DAY, attempt_id="a1", with_quarantine=True)

    assert kept == 2
    with pytest.raises(OperatorError):
        stand.warehouse.quarantined(uri, limit=0)


def test_a_publish_over_another_version_than_the_visible_one_changes_nothing(stand: Stand) -> None:
    stand.published([1])
    staged = stand.staged([2], attempt="a2")

    for over in (0, 2):
        with pytest.raises(PartitionChanged):
            stand.publish(staged, fence=3, over=over)
    before = stand.ids("orders")
    stand.publish(staged, fence=3, over=1)

    assert (before, stand.ids("orders")) == ([1], [2])


def test_a_first_publish_over_no_version_is_visible(stand: Stand) -> None:
    staged = stand.staged([1])

    stand.publish(staged, fence=1, over=0)

    assert stand.ids("orders") == [1]


def test_published_rows_cannot_be_discarded(stand: Stand) -> None:
    staged = stand.staged([1])
    stand.publish(staged, fence=1)

    stand.warehouse.discard("orders", DAY, attempt_id=staged.attempt_id)

    assert stand.ids("orders") == [1]


def test_a_sweep_removes_what_was_staged_long_ago(stand: Stand) -> None:
    staged = stand.staged([1])

    swept = stand.warehouse.sweep("orders", staged_before=datetime.now(UTC) + SOON)

    assert swept == 1
    with pytest.raises(PartitionChanged):
        stand.publish(staged, fence=1)


def test_a_sweep_keeps_what_was_staged_lately(stand: Stand) -> None:
    staged = stand.staged([1])

    assert stand.warehouse.sweep("orders", staged_before=datetime.now(UTC) - SOON) == 0
    stand.publish(staged, fence=1)
    assert stand.ids("orders") == [1]


def test_a_sweep_keeps_what_is_visible(stand: Stand) -> None:
    stand.published([1])

    assert stand.warehouse.sweep("orders", staged_before=datetime.now(UTC) + SOON) == 0
    assert stand.ids("orders") == [1]


def test_a_removed_version_is_gone_and_the_partition_beside_it_stays(stand: Stand) -> None:
    first, _ = stand.published([1, 2]), stand.published([3], key=NEXT_DAY)

    version = stand.warehouse.remove_version(a_table(), first, why="older than 30 d")

    assert (version, stand.ids("orders"), stand.warehouse.current("orders", DAY)) == (2, [3], None)


def test_the_last_partition_of_a_table_can_be_removed(stand: Stand) -> None:
    stand.warehouse.remove_version(a_table(), stand.published([1, 2]), why="older than 30 d")
    stand.warehouse.refresh_view(a_table())

    assert (stand.ids("orders"), stand.warehouse.stale_views([a_table()])) == ([], ())


def test_a_version_that_was_replaced_meanwhile_is_not_removed(stand: Stand) -> None:
    first, _ = stand.published([1, 2]), stand.published([3], fence=2)

    assert stand.warehouse.remove_version(a_table(), first, why="older than 30 d") is None
    assert stand.ids("orders") == [3]


def test_a_removed_partition_can_be_published_again(stand: Stand) -> None:
    stand.warehouse.remove_version(a_table(), stand.published([1, 2]), why="older than 30 d")

    stand.publish(stand.staged([4], attempt="a2"), fence=2, over=0)

    assert stand.ids("orders") == [4]


def test_a_run_that_judged_the_removed_version_has_to_judge_again(stand: Stand) -> None:
    first, staged = stand.published([1, 2]), stand.staged([4], attempt="a2")
    stand.warehouse.remove_version(a_table(), first, why="older than 30 d")

    with pytest.raises(PartitionChanged):
        stand.publish(staged, fence=2, over=first.fence)


def test_a_removed_version_is_kept_until_a_sweep(stand: Stand) -> None:
    first = stand.published([1, 2])
    stand.warehouse.remove_version(a_table(), first, why="older than 30 d")
    kept = stand.warehouse.version("orders", DAY, first.attempt_id)
    stand.warehouse.sweep("orders", staged_before=datetime.now(UTC) + SOON)

    assert kept == first.model_copy(update={"table_version": 0})
    assert stand.warehouse.version("orders", DAY, first.attempt_id) is None


def test_partitions_published_at_once_all_land(stand: Stand) -> None:
    days = [f"2026-11-{day:02d}" for day in range(1, 7)]

    with ThreadPoolExecutor(len(days)) as pool:
        list(pool.map(lambda pair: stand.published([pair[0]], key=pair[1]), enumerate(days)))

    assert stand.ids("orders") == [0, 1, 2, 3, 4, 5]


def test_of_attempts_at_once_the_highest_fence_wins(stand: Stand) -> None:
    def publish(fence: int) -> None:
        try:
            stand.published([fence], fence=fence)
        except Superseded:
            return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(publish, [3, 1, 4, 2]))

    assert stand.ids("orders") == [4]


def test_quarantined_rows_get_a_place_of_their_own(stand: Stand) -> None:
    split = a_split(stand.folder, quarantined=2)

    uri = stand.warehouse.quarantine("orders", DAY, attempt_id="a1", rows=split.quarantined, raw=[])

    assert uri.endswith(f"quarantine/orders/{DAY}/a1")


def test_a_removed_quarantine_folder_is_gone_and_the_one_beside_it_stays(stand: Stand) -> None:
    split = a_split(stand.folder, quarantined=2)
    raw = [split.quarantined] if split.quarantined else []
    gone, stays = (
        stand.warehouse.quarantine("orders", DAY, attempt_id=name, rows=split.quarantined, raw=raw)
        for name in ("a1", "a10")
    )

    removed = [stand.warehouse.remove_quarantine(gone) for _ in range(2)]

    assert [files.count for files in removed] == [2, 0]
    assert [stand.warehouse.quarantine_files(uri).count for uri in (gone, stays)] == [0, 2]


def test_quarantined_rows_are_given_as_a_local_file(stand: Stand) -> None:
    split = a_split(stand.folder, quarantined=2)
    uri = stand.warehouse.quarantine("orders", DAY, attempt_id="a1", rows=split.quarantined, raw=[])

    path = stand.warehouse.quarantined_file(uri, into=stand.folder / "copies")

    assert path is not None
    assert pq.read_metadata(path).num_rows == 2


def test_a_folder_with_unreadable_files_only_has_no_rows_to_give(stand: Stand) -> None:
    raw = stand.folder / "broken.parquet"
    raw.write_bytes(b"no parquet")
    uri = stand.warehouse.quarantine("orders", DAY, attempt_id="a1", rows=None, raw=[raw])

    assert stand.warehouse.quarantined_file(uri, into=stand.folder / "copies") is None


def test_the_files_of_one_visible_partition_are_given(stand: Stand) -> None:
    publication = stand.published([1, 2, 3])
    stand.published([9], key=NEXT_DAY)

    paths = stand.warehouse.published_files(publication, into=stand.folder / "copies")

    assert sorted(id_ for path in paths for id_ in pq.ParquetFile(path).read(["id"])["id"].to_pylist()) == [1, 2, 3]


def test_a_version_that_was_replaced_can_be_read_until_it_is_swept(stand: Stand) -> None:
    first = stand.published([1, 2, 3])
    second = stand.published([4], fence=2)

    replaced = stand.warehouse.version("orders", DAY, first.attempt_id)
    assert replaced == first.model_copy(update={"table_version": 0})
    assert stand.warehouse.version("orders", DAY, second.attempt_id) == second
    assert stand.warehouse.version("orders", DAY, "no-attempt") is None
    paths = stand.warehouse.published_files(replaced, into=stand.folder / "copies")
    assert sorted(id_ for path in paths for id_ in pq.ParquetFile(path).read(["id"])["id"].to_pylist()) == [1, 2, 3]

    stand.warehouse.sweep("orders", staged_before=datetime.now(UTC) + timedelta(days=1))
    assert stand.warehouse.version("orders", DAY, first.attempt_id) is None
    with pytest.raises(PartitionChanged, match="are gone"):
        stand.warehouse.published_files(first, into=stand.folder / "copies")


def test_a_view_is_stale_until_it_is_refreshed(stand: Stand) -> None:
    stand.published([1])
    before = stand.warehouse.stale_views([a_table()])

    stand.warehouse.refresh_view(a_table())

    assert (before, stand.warehouse.stale_views([a_table()])) == (("orders",), ())


def test_a_view_of_one_table_leaves_those_of_others_as_they_are(stand: Stand) -> None:
    others = a_table("returns")
    stand.published([1])
    stand.warehouse.refresh_view(a_table())
    stand.warehouse.refresh_view(others)

    assert stand.warehouse.stale_views([a_table(), others]) == ()


def kept_rows(folder: Path, **columns: list[object]) -> Path:
    """Rows as a split leaves them for quarantine: the columns, then ours."""
    count = len(next(iter(columns.values())))
    ours = {
        "_gate_rule_ids": [["id.unique"]] * count,
        "_gate_reasons": [["id.unique: expected unique values"]] * count,
        "_gate_source_file": ["landing/part-0.parquet"] * count,
        "_gate_source_row": list(range(count)),
    }
    path = folder / f"kept-{uuid.uuid4().hex}.parquet"
    pq.write_table(pa.table({**columns, **ours}), path)
    return path


@pytest.mark.parametrize("key", [DAY, "2026-11-01/EU west %41?#&+"])
def test_quarantined_rows_are_read_back_with_their_reasons_and_places(stand: Stand, key: str) -> None:
    rows = kept_rows(stand.folder, id=[7, None], name=["x", "y"])
    uri = stand.warehouse.quarantine("orders", key, attempt_id="a1", rows=rows, raw=[])

    found = stand.warehouse.quarantined(uri, limit=10)

    assert (found.columns, found.row_count, found.raw) == (("id", "name"), 2, ())
    assert [[value and value.text for value in row.values] for row in found.rows] == [["7", "x"], [None, "y"]]
    assert found.rows[1].rule_ids == ("id.unique",)
    assert found.rows[1].reasons == ("id.unique: expected unique values",)
    assert (found.rows[1].source_file, found.rows[1].source_row) == ("landing/part-0.parquet", 1)


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_no_more_quarantined_rows_are_read_than_asked(stand: Stand, limit: int) -> None:
    rows = kept_rows(stand.folder, id=list(range(5)))
    uri = stand.warehouse.quarantine("orders", DAY, attempt_id="a1", rows=rows, raw=[])

    found = stand.warehouse.quarantined(uri, limit=limit)

    assert (len(found.rows), found.row_count) == (limit, 5)


@pytest.mark.parametrize("value", ["x" * 5_242_880, "é" * 300, "é" * 150, "x" * 200, "\u6771" * 201])
def test_a_quarantined_value_is_cut_as_everywhere(stand: Stand, value: str) -> None:
    rows = kept_rows(stand.folder, note=[value])
    uri = stand.warehouse.quarantine("orders", DAY, attempt_id="a1", rows=rows, raw=[])

    (row,) = stand.warehouse.quarantined(uri, limit=1).rows

    assert row.values == (excerpt(value),)


def test_files_that_could_not_be_read_are_listed_by_name(stand: Stand) -> None:
    files = [stand.folder / f"part-{number}.parquet" for number in range(11)]
    for file in files:
        file.write_bytes(b"no Parquet")
    uri = stand.warehouse.quarantine("orders", DAY, attempt_id="a1", rows=None, raw=files)

    found = stand.warehouse.quarantined(uri, limit=10)

    assert (found.rows, found.row_count) == ((), 0)
    assert found.raw == tuple(f"{number}-part-{number}.parquet" for number in range(11))


def test_quarantine_that_is_gone_is_an_error_with_the_next_step(stand: Stand) -> None:
    uri = stand.warehouse.quarantine("orders", DAY, attempt_id="a1", rows=kept_rows(stand.folder, id=[1]), raw=[])

    with pytest.raises(OperatorError, match=r"a2: the quarantined rows are gone; .*land"):
        stand.warehouse.quarantined(uri.replace("/a1", "/a2"), limit=1)


# Distributions

COLUMNS = {"amount": "DOUBLE", "carrier": "VARCHAR", "day": "DATE", "at": "TIMESTAMP WITH TIME ZONE", "ok": "BOOLEAN"}
SELECT = (
    "CASE WHEN id % 10 = 0 THEN NULL WHEN id = 1 THEN 'nan'::DOUBLE WHEN id = 2 THEN 'inf'::DOUBLE ELSE id END "
    "AS amount, "
    "CASE id % 4 WHEN 0 THEN 'AA' WHEN 1 THEN '' WHEN 2 THEN 'UA' END AS carrier, "
    "DATE '2026-11-01' + (id % 3)::INT AS day, TIMESTAMPTZ '2026-11-01 00:00:00+00' + INTERVAL (id) HOUR AS at, "
    "id % 2 = 0 AS ok"
)
MINUTE = timedelta(minutes=1)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
HOUR, A_DAY = 3600.0, 86_400.0


def a_wide_table() -> TableSchema:
    return a_table(columns=COLUMNS)


def wide(stand: Stand, count: int, *, key: str = DAY, fence: int = 1) -> Staged:
    """`count` rows with numbers, texts, dates, moments and booleans, still staged."""
    split = a_split(stand.folder, range(count), select=SELECT)
    return stand.warehouse.stage(a_wide_table(), key, attempt_id=f"{key}-a{fence}", split=split)


def wide_published(stand: Stand, count: int, *, key: str = DAY, fence: int = 1) -> Publication:
    return stand.publish(wide(stand, count, key=key, fence=fence), fence=fence, table=a_wide_table())


def numbers(column: str, *edges: float, kind: Literal["number", "moment"] = "number") -> NumberBins:
    return NumberBins(kind=kind, column=column, edges=edges)


def binned(stand: Stand, rows: Publication | Staged, *bins: NumberBins | TextBins) -> list[tuple[tuple[int, ...], int]]:
    """The counts of each column, and its rows without a value."""
    found = stand.warehouse.binned(a_wide_table(), rows, bins, limit=MINUTE)
    return [(column.counts, column.nulls) for column in found.columns]


def test_staged_and_published_rows_are_counted_over_the_same_bins(stand: Stand) -> None:
    staged = wide(stand, 12)
    bins: list[NumberBins | TextBins] = [
        numbers("amount", 3, 6),
        TextBins(column="carrier", texts=("", "UA")),
        numbers("day", NOVEMBER, NOVEMBER + A_DAY, kind="moment"),
        numbers("at", NOVEMBER + 2 * HOUR, kind="moment"),
        TextBins(column="ok", texts=("true",)),
    ]
    # of 0 to 11: 0 and 10 are null, 1 is NaN and 2 infinite, which are above all edges
    expected = [((1, 3, 6), 2), ((3, 3, 3), 3), ((4, 4, 4), 0), ((3, 9), 0), ((6, 6), 0)]

    assert binned(stand, staged, *bins) == expected

    assert binned(stand, stand.publish(staged, fence=1, table=a_wide_table()), *bins) == expected


def test_rows_of_a_partition_without_rows_are_counted_as_none(stand: Stand) -> None:
    empty = wide_published(stand, 0)

    assert binned(stand, empty, numbers("amount", 3)) == [((0, 0), 0)]


def test_a_survey_covers_the_rows_of_all_partitions_that_are_asked_for(stand: Stand) -> None:
    first, second = wide_published(stand, 40), wide_published(stand, 8, key=NEXT_DAY)
    wide_published(stand, 30, key="2026-11-03")
    asked = [
        ColumnToSurvey(column="amount", kind=ColumnKind.NUMBER),
        ColumnToSurvey(column="carrier", kind=ColumnKind.TEXT),
        ColumnToSurvey(column="day", kind=ColumnKind.MOMENT),
        ColumnToSurvey(column="ok", kind=ColumnKind.TEXT),
    ]

    amount, carrier, day, ok = stand.warehouse.survey(a_wide_table(), [first, second], asked)

    assert (amount.value_count, amount.numbers, len(amount.quantiles)) == (43, (), 9)
    assert amount.quantiles == tuple(sorted(amount.quantiles))
    assert amount.quantiles[4] == pytest.approx(17, abs=4)
    assert (carrier.value_count, carrier.texts) == (36, (("", 12), ("AA", 12), ("UA", 12)))
    assert day.numbers == (NOVEMBER, NOVEMBER + A_DAY, NOVEMBER + 2 * A_DAY)
    assert ok.texts == (("false", 24), ("true", 24))


def test_rows_of_visible_versions_are_copied_up_to_a_moment(stand: Stand) -> None:
    first, second = wide_published(stand, 4), wide_published(stand, 8, key=NEXT_DAY)
    wide_published(stand, 12, key="2026-11-03")
    before, into = datetime(2026, 11, 1, 6, tzinfo=UTC), stand.folder / "copied.parquet"

    copied = stand.warehouse.copy_rows(
        a_wide_table(), [first, second], ["carrier", "at"], before=("at", before), into=into
    )

    rows = pq.read_table(into).to_pylist()
    hours = [each["at"].astimezone(UTC).hour for each in rows]
    assert (copied, list(rows[0]), sorted(hours)) == (10, ["carrier", "at"], sorted([*range(4), *range(6)]))


def test_rows_of_a_replaced_version_are_copied_only_if_that_is_asked_for(stand: Stand) -> None:
    old, into = wide_published(stand, 4), stand.folder / "copied.parquet"
    new = wide_published(stand, 8, fence=2)

    with pytest.raises(PartitionChanged):
        stand.warehouse.copy_rows(a_wide_table(), [old], ["at"], into=into)
    assert stand.warehouse.copy_rows(a_wide_table(), [old], ["carrier", "dt"], into=into, replaced=True) == 4
    assert {row["dt"] for row in pq.read_table(into).to_pylist()} == {date.fromisoformat(DAY)}
    assert stand.warehouse.copy_rows(a_wide_table(), [new], ["carrier"], into=into, replaced=True) == 8


def test_rows_of_a_version_that_was_swept_are_not_copied(stand: Stand) -> None:
    old = wide_published(stand, 4)
    wide_published(stand, 8, fence=2)
    stand.warehouse.sweep(a_wide_table().name, staged_before=datetime.now(UTC) + SOON)

    with pytest.raises(PartitionChanged):
        stand.warehouse.copy_rows(a_wide_table(), [old], ["at"], into=stand.folder / "copied.parquet", replaced=True)


def test_a_survey_lists_neither_many_texts_nor_long_ones(stand: Stand) -> None:
    table = a_table(columns={"many": "VARCHAR", "long": "VARCHAR", "numbers": "BIGINT"})
    select = "'text ' || id AS many, repeat('x', 200 + id % 2) AS long, id % 21 AS numbers"
    split = a_split(stand.folder, range(201), select=select)
    published = stand.publish(stand.warehouse.stage(table, DAY, attempt_id="a1", split=split), fence=1, table=table)
    kinds = {"many": ColumnKind.TEXT, "long": ColumnKind.TEXT, "numbers": ColumnKind.NUMBER}

    surveys = stand.warehouse.survey(
        table, [published], [ColumnToSurvey(column=column, kind=kind) for column, kind in kinds.items()]
    )

    assert [(each.value_count, each.texts, each.numbers) for each in surveys] == [(201, (), ())] * 3


def test_a_version_that_was_replaced_is_not_counted(stand: Stand) -> None:
    first = wide_published(stand, 12)
    wide_published(stand, 8, fence=2)

    with pytest.raises(PartitionChanged, match="another version became visible"):
        binned(stand, first, numbers("amount", 3))


def test_counting_ends_after_its_limit(stand: Stand) -> None:
    published = wide_published(stand, 12)
    if isinstance(stand.warehouse, InMemoryWarehouse):
        stand.warehouse.counting_takes = MINUTE

    with pytest.raises(ScanTimedOut, match="was stopped"):
        stand.warehouse.binned(a_wide_table(), published, [numbers("amount", 3)], limit=timedelta())


def test_a_sample_of_many_rows_stands_for_all_and_is_the_same_each_time(stand: Stand) -> None:
    published = wide_published(stand, 20_000)
    is_even = TextBins(column="ok", texts=("true",))

    first, second = (
        stand.warehouse.binned(a_wide_table(), published, [is_even], limit=MINUTE, sample=2000) for _ in range(2)
    )

    assert first == second
    assert first.row_count == pytest.approx(2000, abs=300)
    assert first.columns[0].counts[0] == pytest.approx(first.row_count / 2, rel=0.15)


def test_as_many_rows_as_the_sample_are_all_counted(stand: Stand) -> None:
    published = wide_published(stand, 500)

    counted = stand.warehouse.binned(a_wide_table(), published, [numbers("amount", 3)], limit=MINUTE, sample=500)

    assert counted.row_count == 500
