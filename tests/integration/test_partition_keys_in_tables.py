"""A partition key of any type in a real table: its value, wherever it is read, and no key that breaks the table."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pytest
from deltalake import DeltaTable, QueryBuilder
from tests.integration.test_warehouse_behaviour import Stand, delta_on_disk, delta_on_s3, in_memory

from partition_gate.adapters.warehouse_delta.warehouse import DeltaWarehouse
from partition_gate.core.errors import MalformedPartitionKey
from partition_gate.core.partition_key import NULL
from partition_gate.core.table import TableSchema
from partition_gate.judging.attempt import Publication
from partition_gate.testing.builders import a_location, a_split, a_table

TEXTS = ("B B", "A/A", "a=b", "Zürich", "100%", "..", "~", "NULL", "a%20b", "+7", "x" * 200)
VALUES: dict[str, dict[str, Any]] = {
    "VARCHAR": {
        text: text for text in ("B B", "A/A", "a=b", "Zürich", "100%", "..", "~", "NULL", "a%20b", "+7", "x" * 200)
    },
    "INTEGER": {"7": 7, "-7": -7, "2147483647": 2**31 - 1},
    "DATE": {"0001-01-01": date.min, "2013-01-03": date(2013, 1, 3), "9999-12-31": date.max},
    "TIMESTAMP": {
        "2013-01-03T07:00": datetime(2013, 1, 3, 7),  # noqa: DTZ001 -- a column without a zone
        "2013-01-03T07:00:00.000001": datetime(2013, 1, 3, 7, 0, 0, 1),  # noqa: DTZ001
    },
    "TIMESTAMP WITH TIME ZONE": {"2013-01-03T02:00-05:00": datetime(2013, 1, 3, 7, tzinfo=UTC)},
    "DECIMAL(10,2)": {"1.5": Decimal("1.50"), "-3": Decimal("-3.00"), "99999999.99": Decimal("99999999.99")},
    "BOOLEAN": {"true": True, "false": False},
}


def keyed(kind: str) -> TableSchema:
    return a_table(columns={"id": "BIGINT"}, partitioned_by={"k": kind})


def publish(stand: Stand, kind: str, key: str, number: int, *, fence: int = 1) -> Publication:
    """A row with that id under a canonical key."""
    split = a_split(stand.folder, [number], select="id::BIGINT AS id")
    staged = stand.warehouse.stage(keyed(kind), key, attempt_id=f"a{fence}-{number}", split=split)
    values = tuple(a_location(k=kind).values(key).items())
    return stand.warehouse.publish(
        keyed(kind), staged, idempotency_key=f"k{fence}-{number}", fence=fence, values=values
    )


def published_twice(stand: Stand, kind: str) -> dict[int, Any]:
    """Every value of a type, and null, published and published again: row id -> value."""
    expected = {**VALUES[kind], NULL: None}
    keys = [NULL if text == NULL else a_location(k=kind).key(quote(text, safe="")) for text in expected]
    for fence in (1, 2):
        for number, key in enumerate(keys):
            made = publish(stand, kind, key, number, fence=fence)
            assert stand.warehouse.current("orders", key) == made
    return dict(enumerate(expected.values()))


@pytest.mark.parametrize("kind", VALUES)
def test_view_table_and_engine_read_the_value_of_a_key(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    expected = published_twice(stand := delta_on_disk(tmp_path, request), kind)
    stand.warehouse.refresh_view(keyed(kind))

    table = DeltaTable(str(tmp_path / "tables" / "orders"))
    arrow = table.to_pyarrow_table()
    engine = QueryBuilder().register("t", table).execute("SELECT id, k FROM t").read_all()
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        view = dict(connection.execute("SELECT id, k FROM orders").fetchall())

    assert view == expected
    for read in (arrow, engine):
        assert dict(zip(read.column("id").to_pylist(), read.column("k").to_pylist(), strict=True)) == expected


@pytest.mark.parametrize("kind", VALUES)
def test_partitions_of_any_key_are_replaced_and_found_again_on_s3(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    expected = published_twice(stand := delta_on_s3(tmp_path, request), kind)

    stand.warehouse.refresh_view(keyed(kind))

    assert stand.ids("orders") == list(expected)
    assert {each.partition_key for each in stand.warehouse.publications("orders")} == {
        NULL if value is None else a_location(k=kind).key(quote(text, safe=""))
        for text, value in {**VALUES[kind], NULL: None}.items()
    }


REFUSED = [
    *(("DATE", key) for key in ("infinity", "10000-01-01", "epoch", "2024-1-5")),
    *(("INTEGER", key) for key in ("1e2", "0x10", "+7", "007", "07")),
    *(("BOOLEAN", key) for key in ("t", "True")),
    *(("TIMESTAMP", key) for key in ("2013-01-03 07:00:00", "2013-01-03")),
    *(("DECIMAL(10,2)", key) for key in ("1.5", "-1.50")),
    *(("VARCHAR", key) for key in ("", ".", "..", "B B", "x" * 201)),
]


@pytest.mark.parametrize("made", [in_memory, delta_on_disk])
@pytest.mark.parametrize(("kind", "key"), REFUSED)
def test_a_key_that_is_not_canonical_is_neither_staged_nor_published(
    tmp_path: Path, kind: str, key: str, made: Any, request: pytest.FixtureRequest
) -> None:
    stand: Stand = made(tmp_path, request)
    split = a_split(tmp_path, [1], select="id::BIGINT AS id")
    staged = stand.warehouse.stage(keyed(kind), NULL, attempt_id="a1", split=split)
    under_the_key = staged.model_copy(update={"partition_key": key})

    with pytest.raises(MalformedPartitionKey):
        stand.warehouse.stage(keyed(kind), key, attempt_id="a2", split=split)
    with pytest.raises(MalformedPartitionKey):
        stand.warehouse.publish(keyed(kind), under_the_key, idempotency_key="k", fence=1, values=[("k", key)])

    assert stand.warehouse.files("orders") == ()


@pytest.mark.parametrize("key", ["", "..", "2013-01-03/..", "../../elsewhere"])
def test_quarantine_never_leaves_its_dataset_s_folder(tmp_path: Path, key: str) -> None:
    warehouse = DeltaWarehouse(
        str(tmp_path / "tables"), serving_file=tmp_path / "w.duckdb", quarantine_root=str(tmp_path / "quarantine")
    )

    with pytest.raises(MalformedPartitionKey):
        warehouse.quarantine("orders", key, attempt_id="a1", rows=None, raw=[])
