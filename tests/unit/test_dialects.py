"""Queries in other SQL dialects: named ones are translated, and what cannot be translated exactly is not executed."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.test_odcs import minimal, read

from partition_gate.checks.compiling.compiler import Compilation, compile_dataset
from partition_gate.checks.compiling.dialects import USUAL, dialect_of, nearest_form, translated
from partition_gate.checks.compiling.drafts import CannotExecute
from partition_gate.checks.counts import SqlValue
from partition_gate.checks.expectations import Check
from partition_gate.contracts.coverage.queries import unplanned_queries
from partition_gate.core.table import TableSchema

FILES = {"server": "files", "type": "local", "path": "data/dt=*/*.parquet", "format": "parquet"}
PLACE = {"host": "h", "port": 5432, "database": "d", "schema": "s"}
SNOWFLAKE = {"server": "sf", "type": "snowflake", "account": "a", **PLACE}
POSTGRES = {"server": "pg", "type": "postgres", **PLACE}
YESTERDAY = "SELECT COUNT(*) FROM {object} WHERE day < DATEADD(day, -1, CURRENT_DATE())"


def in_dialect(name: str) -> dict[str, Any]:
    return {"customProperties": [{"property": "dialect", "value": name}]}


def compiled_rule(query: str, *, rule: dict[str, Any] | None = None, **contract: Any) -> Compilation:
    quality = {"id": "q", "type": "sql", "query": query, "mustBe": 0, **(rule or {})}
    columns = [{"name": "day", "logicalType": "date"}, {"name": "amount", "logicalType": "integer"}]
    schema = [{"name": "orders", "properties": columns, "quality": [quality]}]
    return compile_dataset(read(minimal(schema=schema, **contract)))


def check(query: str, **more: Any) -> Check:
    (found,) = (each for each in compiled_rule(query, **more).suite.checks if each.rule_id == "q")
    return found


def executed(query: str, **more: Any) -> str:
    expectation = check(query, **more).expectation
    assert isinstance(expectation, SqlValue)
    return expectation.query


def why_not(query: str, **more: Any) -> str:
    (found,) = compiled_rule(query, **more).not_executable
    return found.why


@pytest.mark.parametrize(
    ("dialect", "query", "in_duckdb"),
    [
        ("snowflake", YESTERDAY, 'SELECT COUNT(*) FROM "orders" WHERE day < (CURRENT_DATE + INTERVAL (-1) DAY)'),
        ("trino", "SELECT approx_percentile(amount, 0.5) FROM t", "SELECT APPROX_QUANTILE(amount, 0.5) FROM t"),
        ("sqlserver", "SELECT TOP 1 [amount] FROM {object}", 'SELECT "amount" FROM "orders" LIMIT 1'),
        ("bigquery", "SELECT COUNTIF(amount > 1) FROM `p.d.orders`", 'SELECT COUNT_IF(amount > 1) FROM "orders"'),
        ("postgres", "SELECT 7 / 2", "SELECT CAST(TRUNC(7 / 2) AS BIGINT)"),
        ("mysql", "SELECT COUNT(`amount`) FROM {object}", 'SELECT COUNT("amount") FROM "orders"'),
    ],
)
def test_a_query_in_a_named_dialect_is_translated(dialect: str, query: str, in_duckdb: str) -> None:
    assert executed(query, rule=in_dialect(dialect)) == in_duckdb


def test_the_suite_says_where_a_query_was_translated_from() -> None:
    assert check(YESTERDAY, rule=in_dialect("snowflake")).expected == (
        "the query returns exactly 0 (translated from snowflake)"
    )


@pytest.mark.parametrize(
    "named",
    [
        {"rule": in_dialect("snowflake")},
        in_dialect("snowflake"),
        {"servers": [{**FILES, **in_dialect("snowflake")}]},
        {"servers": [FILES, SNOWFLAKE]},
    ],
    ids=["the rule", "the contract", "its server", "the only database among the servers"],
)
def test_a_dialect_is_named_by(named: dict[str, Any]) -> None:
    assert "INTERVAL" in executed(YESTERDAY, **named)


@pytest.mark.parametrize("servers", [[FILES], [FILES, SNOWFLAKE, POSTGRES]], ids=["none", "two that differ"])
def test_without_a_dialect_a_query_is_duckdbs(servers: list[Any]) -> None:
    assert executed(YESTERDAY, servers=servers) == YESTERDAY.replace("{object}", '"orders"')


def test_a_rule_comes_before_its_contract() -> None:
    query = "SELECT 7 / 2"

    assert executed(query, rule=in_dialect("duckdb"), **in_dialect("postgres")) == query


def test_a_query_that_cannot_be_translated_from_an_assumed_dialect_is_duckdbs() -> None:
    query = "SELECT sum(amount) / 2 FROM orders"

    assert executed(query, servers=[FILES, POSTGRES]) == query


@pytest.mark.parametrize(
    ("dialect", "query", "why"),
    [
        (
            "postgres",
            "SELEC 1",
            "the query is not valid postgres SQL: Invalid expression / Unexpected token (line 1, column 7)",
        ),
        ("snowflake", "SELECT 1; SELECT 2", "the query contains 2 statements"),
        (
            "postgres",
            "SELECT sum(amount) / sum(day) FROM {object}",
            "`/` is a whole number for whole numbers in postgres",
        ),
        ("snowflak", "SELECT 1", "the dialect 'snowflak' is not known; did you mean 'snowflake'?"),
    ],
)
def test_what_cannot_be_translated_exactly_is_not_executed(dialect: str, query: str, why: str) -> None:
    assert why in why_not(query, rule=in_dialect(dialect))


@pytest.mark.parametrize(
    ("server", "dialect"),
    [("postgresql", "postgres"), ("sqlserver", "tsql"), ("Snowflake", "snowflake"), ("kafka", None), ("s3", None)],
)
def test_the_dialect_of_a_server_type(server: str, dialect: str | None) -> None:
    assert dialect_of(server) == dialect


@pytest.mark.parametrize("dialect", USUAL)
def test_every_usual_dialect_can_be_read(dialect: str) -> None:
    assert translated("SELECT COUNT(*) FROM orders", dialect, tables=("orders",)) == "SELECT COUNT(*) FROM orders"


def test_the_schema_before_another_table_stays_so_that_the_sandbox_refuses_it() -> None:
    assert translated("SELECT count(*) FROM s.other", "postgres", tables=("orders",)) == "SELECT COUNT(*) FROM s.other"


def test_a_construct_that_the_translator_stumbles_over_is_not_executed() -> None:
    with pytest.raises(CannotExecute, match="cannot be translated from clickhouse"):
        translated("SELECT count() FROM orders FINAL", "clickhouse", tables=("orders",))


def test_the_nearest_form_is_the_first_that_can_be_planned() -> None:
    def can_plan(query: str) -> bool:
        return "APPROX_QUANTILE" in query

    found = nearest_form("SELECT approx_percentile(amount, 0.5) FROM orders", ("orders",), can_plan)

    assert found is not None
    assert found[1] == "SELECT APPROX_QUANTILE(amount, 0.5) FROM orders"


def test_no_form_is_near_if_none_can_be_planned() -> None:
    assert nearest_form("SELECT nope FROM orders", ("orders",), lambda _: False) is None


def test_a_translation_names_no_value_of_the_dialects_own_messages() -> None:
    with pytest.raises(CannotExecute) as refused:
        translated("SELECT 'a secret' 5 FROM", "postgres", tables=())

    assert "secret" not in str(refused.value)


def test_a_query_without_a_dialect_that_another_one_explains_is_told_with_its_form() -> None:
    def why_refused(_table: TableSchema, query: str) -> str | None:
        return None if "INTERVAL" in query else "the query cannot run: no function dateadd; correct it"

    columns = [{"name": "day", "logicalType": "date"}]
    quality = [{"id": "q", "type": "sql", "query": YESTERDAY, "mustBe": 0}]
    dataset = read(minimal(schema=[{"name": "orders", "properties": columns, "quality": quality}]))

    (found,) = unplanned_queries(dataset, compile_dataset(dataset), why_refused)

    assert (found.clause, found.is_foreign) == ("schema[0].quality[0]", True)
    assert "it is snowflake SQL: add customProperties [{property: dialect, value: snowflake}] to the rule" in found.why
    assert 'or write `SELECT COUNT(*) FROM "orders" WHERE day < (CURRENT_DATE + INTERVAL (-1) DAY)`' in found.why


def test_what_duckdb_has_no_equal_of_is_not_left_out_of_the_translation() -> None:
    with pytest.raises(CannotExecute, match="cannot be translated from"):
        translated("SELECT * FROM orders FOR UPDATE SKIP LOCKED", "postgres", tables=("orders",))
