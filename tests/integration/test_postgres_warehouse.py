"""What is particular to a warehouse in PostgreSQL: types, views, readers, rights and what breaks on the way."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow.parquet as pq
import pytest
from tests.integration.test_ledger_behaviour import new_database

from partition_gate.adapters.storage import Storage
from partition_gate.adapters.warehouse_postgres.database import Database
from partition_gate.adapters.warehouse_postgres.warehouse import PostgresWarehouse
from partition_gate.core.errors import AccessDenied, ContractError, PartitionChanged, StoreUnreachable, ViewsBusy
from partition_gate.core.quoting import identifier
from partition_gate.core.table import TableColumn, TableSchema
from partition_gate.judging.attempt import Publication
from partition_gate.testing.builders import a_split, a_table

DAY, NEXT_DAY = "2026-11-01", "2026-11-02"
NEW_COLUMN = TableColumn(name="note", source="note", type="VARCHAR", default="none")


class Shop:
    """A warehouse in a schema of its own, and what a consumer reads there."""

    def __init__(self, url: str, folder: Path, *, wait: timedelta = timedelta(seconds=1)) -> None:
        self.url, self.folder = url.replace("+psycopg", ""), folder
        self.schema = f"s{uuid.uuid4().hex}"
        self.database = Database(url, call_s=20, rows_s=60)
        quarantine = Storage(str(folder / "quarantine"))
        self.warehouse = PostgresWarehouse(self.database, schema=self.schema, quarantine=quarantine, views_wait=wait)

    def publish(
        self, table: TableSchema, select: str | None = None, *, key: str = DAY, fence: int = 1, count: int = 3
    ) -> Publication:
        split = a_split(self.folder, range(count), select=select)
        staged = self.warehouse.stage(table, key, attempt_id=f"a-{key}-{fence}", split=split)
        values = self.values(table, key)
        return self.warehouse.publish(table, staged, idempotency_key=f"{key}-{fence}", fence=fence, values=values)

    def values(self, table: TableSchema, key: str) -> list[tuple[str, str | None]]:
        return list(zip([column.name for column in table.partition_columns], key.split("/"), strict=False))

    def read(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(query.format(schema=self.schema)).fetchall()


@pytest.fixture(scope="module")
def url(postgres: str) -> str:
    return new_database(postgres)


@pytest.fixture
def shop(url: str, tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(url, tmp_path)
    yield shop
    shop.database.close()


# Types

EVERY_TYPE = {
    "BOOLEAN": ("true", "NULL", "false"),
    "TINYINT": ("-128", "NULL", "127"),
    "UTINYINT": ("0", "NULL", "255"),
    "USMALLINT": ("0", "NULL", "65535"),
    "UINTEGER": ("0", "NULL", "4294967295"),
    "UBIGINT": ("0", "NULL", "18446744073709551615"),
    "BIGINT": ("-9223372036854775808", "NULL", "9223372036854775807"),
    "FLOAT": ("0.1", "'nan'", "'-inf'"),
    "DOUBLE": ("0.1", "'nan'", "1e300"),
    "DECIMAL(38,10)": ("1234567890123456789012345678.0123456789", "NULL", "-0.0000000001"),
    "VARCHAR": ("''", "'\\N'", "'a\"b,''\\N\r\n\\ x'"),
    "UUID": ("'550e8400-e29b-41d4-a716-446655440000'", "NULL", "'00000000-0000-0000-0000-000000000000'"),
    "DATE": ("'0044-03-15 (BC)'", "'infinity'", "'9999-12-31'"),
    "TIMESTAMP": ("'1970-01-01 00:00:00.000001'", "'0044-03-15 (BC) 10:30:00'", "'infinity'"),
    "TIMESTAMP WITH TIME ZONE": ("'2026-03-29 01:30:00+01'", "NULL", "'2026-03-29 03:30:00.123456+02'"),
    "TIME": ("'00:00:00'", "NULL", "'23:59:59.999999'"),
    "TIME WITH TIME ZONE": ("'10:30:00+05:30'", "NULL", "'10:30:00-08'"),
    "BLOB": ("'\\x00\\xFF\"'::BLOB", "NULL", "''::BLOB"),
    "INTEGER[]": ("[1, NULL]", "NULL", "[]"),
    "STRUCT(a VARCHAR, b DECIMAL(4,2)[])": ("{'a': '\"', 'b': [1.25]}", "NULL", "{'a': NULL, 'b': NULL}"),
    "MAP(VARCHAR, INTEGER)": ("map {'x': 1}", "NULL", "map {}"),
}


def test_every_type_comes_back_as_it_was_published(shop: Shop) -> None:
    columns = {f"c{number}": kind for number, kind in enumerate(EVERY_TYPE)}
    cells = ", ".join(
        f"CASE id WHEN 0 THEN ({a})::{kind} WHEN 1 THEN ({b})::{kind} ELSE ({c})::{kind} END AS {name}"
        for (name, kind), (a, b, c) in zip(columns.items(), EVERY_TYPE.values(), strict=True)
    )
    table = a_table(columns=columns)
    split = a_split(shop.folder, range(3), select=cells)
    published = shop.publish(table, cells)

    (file,) = shop.warehouse.published_files(published, into=shop.folder / "copies")

    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        landed, back = (
            connection.sql("SELECT COLUMNS(*)::VARCHAR FROM read_parquet($path)", params={"path": str(path)}).fetchall()
            for path in (split.passing[0], file)
        )
        kinds = [str(kind) for kind in connection.read_parquet(str(file)).types]
    assert back == landed
    assert kinds == [str(duckdb.sqltype(kind)) for kind in columns.values()]


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        ("VARCHAR", "'s3cret' || chr(0)", r"the column note holds text with the character NUL"),
        ("STRUCT(a VARCHAR)", "{'a': 's3cret' || chr(0)}", r"the column note holds text with the character NUL"),
        ("DOUBLE[]", "['nan'::DOUBLE]", r"the column note holds a value that its type in PostgreSQL cannot store"),
        ("DATE", "DATE '5881580-07-10'", r"the column note holds a value that its type in PostgreSQL cannot store"),
    ],
)
def test_a_value_that_cannot_be_stored_is_told_by_its_column(shop: Shop, kind: str, value: str, why: str) -> None:
    table = a_table(columns={"id": "BIGINT", "note": kind})

    with pytest.raises(ContractError, match=why) as refused:
        shop.publish(table, f"id, {value} AS note")

    assert "s3cret" not in str(refused.value)
    assert shop.warehouse.current("orders", DAY) is None


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"é" * 32: "BIGINT"}, "PostgreSQL would cut the name after 63 bytes"),
        ({"xmin": "BIGINT"}, "PostgreSQL has a column xmin of its own"),
        ({"a": "INTERVAL"}, "orders.a: PostgreSQL has no type for 'INTERVAL'"),
        ({"a": "STRUCT(b BLOB)"}, "orders.a: PostgreSQL has no type for"),
    ],
)
def test_a_table_that_cannot_be_stored_is_refused(shop: Shop, columns: dict[str, str], why: str) -> None:
    with pytest.raises(ContractError, match=why):
        shop.publish(a_table(columns=columns), "1 AS a")


def test_a_name_longer_than_postgresql_s_is_refused(shop: Shop) -> None:
    with pytest.raises(ContractError, match=f"{'x' * 64}: PostgreSQL would cut the name"):
        shop.publish(a_table("x" * 64))


def test_names_of_any_characters_stay_as_they_are(shop: Shop) -> None:
    names = ('a"b', "50%s", "a:b", "user", "it's", "é\\n")
    table = a_table("a.b-C", columns=dict.fromkeys(names, "BIGINT"))
    cells = ", ".join(f"id AS {identifier(name)}" for name in names)

    published = shop.publish(table, cells, count=1)

    shop.warehouse.refresh_view(table)
    (file,) = shop.warehouse.published_files(published, into=shop.folder / "copies")
    assert pq.read_table(file).column_names == list(names)
    assert [row[: len(names)] for row in shop.read('TABLE {schema}."a.b-C"')] == [(0,) * len(names)]


def test_long_names_that_begin_alike_are_tables_of_their_own(shop: Shop) -> None:
    first, second = a_table("x" * 62 + "a"), a_table("x" * 62 + "b")
    shop.publish(first, count=1)
    shop.publish(second, count=2)

    for table, rows in ((first, 1), (second, 2)):
        shop.warehouse.refresh_view(table)
        assert len(shop.read(f'TABLE {{schema}}."{table.name}"')) == rows


# Views


def test_a_view_shows_the_values_of_keys_as_their_types(shop: Shop) -> None:
    columns = {"n": "INTEGER", "at": "TIMESTAMP WITH TIME ZONE", "t": "VARCHAR", "ok": "BOOLEAN", "d": "DECIMAL(4,2)"}
    table = a_table("typed", columns={"id": "BIGINT"}, partitioned_by=columns)
    key = "7/2026-11-01T10:30:00Z/a%2Fb%20%25/true/1.50"
    staged = shop.warehouse.stage(table, key, attempt_id="a1", split=a_split(shop.folder, [1], select="id"))
    values = [("n", "7"), ("at", "2026-11-01T10:30:00Z"), ("t", "a/b %"), ("ok", "true"), ("d", "1.50")]
    shop.warehouse.publish(table, staged, idempotency_key="k", fence=1, values=values)
    shop.publish(a_table())

    shop.warehouse.refresh_view(table)

    query = "SELECT n, (at AT TIME ZONE 'UTC')::text, t, ok, d::text FROM {schema}.typed WHERE n = 7"
    assert shop.read(query) == [(7, "2026-11-01 10:30:00", "a/b %", True, "1.50")]


def test_a_key_that_is_null_is_null(shop: Shop) -> None:
    table, key = a_table(), "__HIVE_DEFAULT_PARTITION__"
    staged = shop.warehouse.stage(table, key, attempt_id="a1", split=a_split(shop.folder))
    shop.warehouse.publish(table, staged, idempotency_key="k", fence=1, values=[("dt", None)])

    shop.warehouse.refresh_view(table)

    assert shop.read("SELECT count(*) FROM {schema}.orders WHERE dt IS NULL") == [(3,)]


def test_columns_are_added_and_widened_without_a_moment_without_rows(shop: Shop) -> None:
    old = a_table(columns={"id": "INTEGER", "amount": "DOUBLE"})
    shop.publish(old, "id::INTEGER AS id, 1.5 AS amount")
    shop.publish(old, "id::INTEGER AS id, 1.5 AS amount", key=NEXT_DAY)
    shop.warehouse.refresh_view(old)
    wide = a_table().columns
    new = old.model_copy(update={"columns": (*wide, NEW_COLUMN)})

    shop.publish(new, "id::BIGINT + 5000000000 AS id, 2.5 AS amount, 'x' AS note", key=NEXT_DAY, fence=2)

    query = "SELECT dt::text, max(id), min(note) FROM {schema}.orders GROUP BY dt ORDER BY dt"
    assert shop.read(query) == [(DAY, 2, "none"), (NEXT_DAY, 5_000_000_002, "x")]


def test_an_old_period_takes_no_column_from_the_view(shop: Shop) -> None:
    """Its contract had fewer columns, and the view is that of today's."""
    new = a_table().model_copy(update={"columns": (*a_table().columns, NEW_COLUMN)})
    shop.publish(new, "id, 1.5 AS amount, 'x' AS note")
    shop.warehouse.refresh_view(new)

    shop.publish(a_table(columns={"id": "BIGINT"}), "id", key=NEXT_DAY)

    query = "SELECT dt::text, count(*), count(amount), min(note) FROM {schema}.orders GROUP BY dt ORDER BY dt"
    assert shop.read(query) == [(DAY, 3, 3, "x"), (NEXT_DAY, 3, 0, "none")]


def test_a_renamed_column_has_its_old_values(shop: Shop) -> None:
    shop.publish(a_table())
    total = TableColumn(name="total", source="total", type="DOUBLE", formerly=("amount",))
    table = a_table().model_copy(update={"columns": (a_table().columns[0], total)})

    shop.warehouse.refresh_view(table)

    assert shop.read("SELECT sum(total) FROM {schema}.orders") == [(1.5,)]


@pytest.mark.parametrize(
    "changed", [a_table(columns={"id": "VARCHAR"}), a_table(partitioned_by={"dt": "DATE", "hour": "INTEGER"})]
)
def test_a_table_whose_old_values_do_not_fit_is_refused(shop: Shop, changed: TableSchema) -> None:
    shop.publish(a_table())
    key = "/".join([DAY, "01"][: len(changed.partition_columns)])

    with pytest.raises(ContractError, match="but the contract says"):
        shop.publish(changed, "id::VARCHAR AS id, 1.5 AS amount", key=key, fence=2)


def test_readers_keep_their_right_if_the_view_is_made_anew(shop: Shop) -> None:
    shop.publish(a_table())
    shop.warehouse.refresh_view(a_table())
    reader = f"r{uuid.uuid4().hex}"
    with psycopg.connect(shop.url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {reader}")
        connection.execute(f"GRANT SELECT ON {shop.schema}.orders TO {reader}")
    narrow = a_table(columns={"amount": "DOUBLE"})

    shop.warehouse.refresh_view(narrow)

    query = f"SELECT has_table_privilege('{reader}', '{{schema}}.orders', 'SELECT')"
    assert shop.read(query) == [(True,)]


def test_a_view_with_a_long_reader_is_not_waited_for_without_end(shop: Shop) -> None:
    shop.publish(a_table())
    shop.warehouse.refresh_view(a_table())
    with psycopg.connect(shop.url) as reader:
        reader.execute(f"TABLE {shop.schema}.orders")

        with pytest.raises(ViewsBusy, match="another transaction holds a lock"):
            shop.warehouse.refresh_view(a_table(description="Orders."))

    assert shop.warehouse.stale_views([a_table(description="Orders.")]) == ("orders",)


def test_a_view_that_somebody_dropped_is_stale(shop: Shop) -> None:
    shop.publish(a_table())
    shop.warehouse.refresh_view(a_table())
    with psycopg.connect(shop.url, autocommit=True) as connection:
        connection.execute(f"DROP VIEW {shop.schema}.orders")

    assert shop.warehouse.stale_views([a_table()]) == ("orders",)


# Readers and writers at the same time


def test_a_reader_sees_one_whole_version(shop: Shop) -> None:
    shop.publish(a_table(), "1 AS id, 1.0 AS amount", count=500)
    shop.warehouse.refresh_view(a_table())
    seen, is_over = set(), threading.Event()

    def read() -> None:
        with psycopg.connect(shop.url, autocommit=True) as connection:
            while not is_over.is_set():
                ids = [row[0] for row in connection.execute(f"TABLE {shop.schema}.orders").fetchall()]
                seen.add((len(ids), len(set(ids))))

    reader = threading.Thread(target=read)
    reader.start()
    for fence in range(2, 10):
        shop.publish(a_table(), f"{fence} AS id, 1.0 AS amount", fence=fence, count=500)
    is_over.set()
    reader.join()

    assert seen == {(500, 1)}


def test_a_version_that_was_visible_a_moment_ago_is_kept(shop: Shop) -> None:
    first = shop.publish(a_table())
    shop.publish(a_table(), fence=2)

    assert shop.warehouse.sweep("orders", staged_before=datetime.now(UTC) - timedelta(minutes=5)) == 0
    assert shop.warehouse.version("orders", DAY, first.attempt_id) is not None


def test_a_sweep_deletes_the_rows(shop: Shop) -> None:
    shop.publish(a_table())
    shop.publish(a_table(), fence=2)

    shop.warehouse.sweep("orders", staged_before=datetime.now(UTC) + timedelta(minutes=5))

    assert shop.read('SELECT count(*) FROM {schema}_storage."orders/1"') == [(3,)]


def test_a_connection_that_breaks_while_rows_are_copied_leaves_nothing(shop: Shop) -> None:
    table = a_table()
    shop.publish(table)
    kill = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND query LIKE 'COPY%'"
    )
    is_over = threading.Event()

    def interfere() -> None:
        while not is_over.is_set() and not shop.read(kill):
            pass

    interference = threading.Thread(target=interfere)
    interference.start()
    with pytest.raises(StoreUnreachable):
        shop.publish(table, fence=2, count=1_000_000)
    is_over.set()
    interference.join()

    assert shop.read("SELECT count(*) FROM {schema}_storage.versions") == [(1,)]


def test_rows_of_another_staging_are_not_published(shop: Shop) -> None:
    table = a_table()
    staged = shop.warehouse.stage(table, DAY, attempt_id="a1", split=a_split(shop.folder, [1, 2]))
    shop.warehouse.stage(table, DAY, attempt_id="a1", split=a_split(shop.folder, [1, 2, 3]))

    with pytest.raises(PartitionChanged, match="the staged rows of a1 were removed"):
        shop.warehouse.publish(table, staged, idempotency_key="k", fence=1, values=[("dt", DAY)])


def test_a_user_without_rights_is_told_what_is_missing(url: str, tmp_path: Path) -> None:
    shop = Shop(url, tmp_path)
    name = f"u{uuid.uuid4().hex}"
    with psycopg.connect(shop.url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN")
    refused = Shop(url.replace("gate@", f"{name}@"), tmp_path)

    with pytest.raises(AccessDenied, match="our user lacks privileges"):
        refused.publish(a_table())
