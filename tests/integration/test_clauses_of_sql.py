"""Rules of `type: sql`: compared with every operator, alone in their sandbox, and limited."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from partition_gate.adapters.gx.duckdb.parquet_files import read_footers
from partition_gate.adapters.gx.duckdb.query_process import QueryLimits, QueryRefused
from partition_gate.adapters.gx.duckdb.scan import create_view
from partition_gate.adapters.gx.duckdb.sql_rules import SqlRules
from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.checks.compiling.compiler import table_schema
from partition_gate.core.severity import Scope
from partition_gate.judging.validation import PartitionScan, ReferenceFiles
from partition_gate.judging.verdict import CheckOutcome, CheckResult, reach_verdict
from partition_gate.testing.builders import a_contract
from partition_gate.testing.contracts import scan_of
from partition_gate.testing.scans import a_scan

ROWS = pa.table({"id": [1, 2, 3, None], "email": ["a@b.co", "c@d.co", None, None]})
PASSED, FAILED, ERRORED = CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.ERRORED


def judged(
    folder: Path, rule: dict[str, Any], *, published: pa.Table | None = None, classification: str | None = None
) -> CheckResult:
    (result,) = all_judged(folder, [rule], published=published, classification=classification)
    return result


def all_judged(
    folder: Path,
    rules: list[dict[str, Any]],
    *,
    published: pa.Table | None = None,
    classification: str | None = None,
) -> list[CheckResult]:
    """The rules of one contract: one process runs their queries."""
    quality = [{"id": f"rule{number}", "type": "sql", **rule} for number, rule in enumerate(rules)]
    email: dict[str, Any] = {"name": "email", "logicalType": "string"}
    if classification:
        email["classification"] = classification
    properties = [{"name": "id", "logicalType": "integer", "quality": quality}, email]
    contract = a_contract(properties)
    scan = scan_of(contract, folder, ROWS)
    if published is not None:
        path = folder / "dt=2013-01-01" / "published.parquet"
        path.parent.mkdir()
        pq.write_table(published, path)
        scan = scan.model_copy(update={"references": (ReferenceFiles(dataset="orders", paths=(str(path),)),)})
    validation = DuckDbValidator().validate(scan, contract.suite)
    verdict = reach_verdict(contract.suite.suite, validation.observations, row_count=4)
    by_rule = {result.rule_id: result for result in verdict.results}
    return [by_rule[rule["id"]] for rule in quality]


COMPARED: list[tuple[dict[str, Any], str, CheckOutcome]] = [
    ({"mustBe": 3}, "SELECT count({property}) FROM {object}", PASSED),
    ({"mustBe": 4}, "SELECT count({property}) FROM {object}", FAILED),
    ({"mustBe": 3}, "SELECT count(${column}) FROM ${table}", PASSED),
    ({"mustBe": 3}, 'SELECT count("{column}") FROM "{object}"', PASSED),
    ({"mustBe": 3}, "WITH o AS (FROM orders) SELECT count(id) FROM o;", PASSED),
    ({"mustNotBe": 3}, "SELECT count({property}) FROM {object}", FAILED),
    ({"mustBeGreaterThan": 3}, "SELECT max(id) FROM {object}", FAILED),
    ({"mustBeGreaterOrEqualTo": 3}, "SELECT max(id) FROM {object}", PASSED),
    ({"mustBeLessThan": 0.1}, "SELECT 0.1::DOUBLE", FAILED),
    ({"mustBeLessOrEqualTo": 0.1}, "SELECT 0.1::DECIMAL(3, 1)", PASSED),
    ({"mustBeBetween": [3, 5]}, "SELECT max(id) FROM {object}", FAILED),
    ({"mustBeBetween": [2, 4]}, "SELECT max(id) FROM {object}", PASSED),
    ({"mustNotBeBetween": [3, 5]}, "SELECT max(id) FROM {object}", PASSED),
    ({"mustNotBeBetween": [2, 4]}, "SELECT max(id) FROM {object}", FAILED),
    ({"mustBe": True}, "SELECT bool_and(id > 0) FROM {object}", PASSED),
    ({"mustBe": False}, "SELECT bool_and(id > 0) FROM {object}", FAILED),
    ({"mustBe": "2013-01-01"}, "SELECT DATE '2013-01-01'", PASSED),
    ({"mustNotBe": "x"}, "SELECT 'x'", FAILED),
    ({"mustBeLessThan": 5}, "SELECT max(id) FROM {object} WHERE id > 9", FAILED),
    ({"mustBeLessThan": 5}, "SELECT 'NaN'::DOUBLE", FAILED),
]


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> list[CheckResult]:
    return all_judged(tmp_path_factory.mktemp("compared"), [{"query": query, **op} for op, query, _ in COMPARED])


@pytest.mark.parametrize("number", range(len(COMPARED)), ids=lambda number: str(COMPARED[number][:2]))
def test_the_value_of_a_query_is_compared(compared: list[CheckResult], number: int) -> None:
    assert (compared[number].outcome, compared[number].scope) == (COMPARED[number][2], Scope.PARTITION)


def test_a_query_of_a_named_dialect_runs_as_its_translation(tmp_path: Path) -> None:
    named = {"customProperties": [{"property": "dialect", "value": "snowflake"}]}

    result = judged(tmp_path, {"query": "SELECT IFF(COUNT(*) > 3, 1, 0) FROM {object}", "mustBe": 1, **named})

    assert (result.outcome, result.expected) == (PASSED, "the query returns exactly 1 (translated from snowflake)")


def test_a_query_that_only_another_engine_can_run_is_told_as_not_judged_and_blocks_nothing(tmp_path: Path) -> None:
    result = judged(tmp_path, {"query": "SELECT IFF(COUNT(*) > 3, 1, 0) FROM {object}", "mustBe": 9})

    assert result.outcome is CheckOutcome.WARNED
    assert result.observed is not None
    assert result.observed.startswith("not judged: the query cannot run: ")
    assert result.observed.endswith("; it is snowflake SQL: see gate lint")


def test_a_query_that_no_engine_explains_still_stops_the_partition(tmp_path: Path) -> None:
    assert judged(tmp_path, {"query": "SELECT nope FROM {object}", "mustBe": 9}).outcome is ERRORED


def test_the_partition_is_compared_with_what_is_published(tmp_path: Path) -> None:
    query = "SELECT (SELECT count(*) FROM {object}) - (SELECT count(*) FROM {object}_published"
    rule = {"query": query + " WHERE dt < DATE '2014-01-01')", "mustBe": 2}

    with_some = judged(tmp_path / "some", rule, published=pa.table({"id": [1, 2]}))
    with_none = judged(tmp_path / "none", {"query": query + ")", "mustBe": 4})

    assert (with_some.outcome, with_none.outcome) == (PASSED, PASSED)


REFUSED = [
    ("SELECT 1; SELECT 2", "2 statements"),
    ("DROP VIEW {object}", "DROP statement"),
    ("COPY {object} TO '/tmp/x.csv'", "COPY statement"),
    ("ATTACH '/tmp/x.db'", "ATTACH statement"),
    ("SET memory_limit = '1TB'", "SET statement"),
    (
        "SELECT count(*) FROM read_text('/etc/hostname')",
        "reads read_text: it can read only orders and orders_published",
    ),
    ("SELECT count(*) FROM 'https://example.org/x.parquet'", "reads https://example.org/x.parquet: it can"),
    ("SELECT count(*) FROM ROWS", "reads ROWS: it can read only"),
    ("SELECT count(*) FROM duckdb_settings()", "reads duckdb_settings"),
    ("SELECT current_setting('threads')", "reads current_setting"),
    ("SELECT count(*) FROM information_schema.tables", "reads tables"),
    ("SELECT nope FROM {object}", "nope"),
    ("SELECT id FROM {object}", "several rows"),
    ("SELECT 1, 2", "2 columns"),
    ("SELECT 1 WHERE FALSE", "no row"),
    ("SELECT [1]", "a list"),
    ("SELECT CAST(email AS INTEGER) FROM {object} LIMIT 1", "ConversionException"),
    ("SELEC 1", "not valid DuckDB SQL"),
]


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> list[CheckResult]:
    return all_judged(tmp_path_factory.mktemp("refused"), [{"query": query, "mustBe": 1} for query, _ in REFUSED])


@pytest.mark.parametrize("number", range(len(REFUSED)), ids=lambda number: REFUSED[number][0])
def test_a_query_that_does_more_than_read_one_value_is_refused(refused: list[CheckResult], number: int) -> None:
    assert refused[number].outcome is ERRORED
    assert REFUSED[number][1] in str(refused[number].observed)


@pytest.fixture(scope="module")
def rules() -> Iterator[SqlRules]:
    with closing(SqlRules()) as opened:
        yield opened


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM read_text('/etc/hostname')",
        "SELECT count(*) FROM parquet_metadata('/etc/hostname')",
        "SELECT count(*) FROM '/etc/hostname.parquet'",
        "SELECT count(*) FROM duckdb_settings()",
        "SELECT count(*) FROM duckdb_settings",
        "SELECT current_setting('threads')",
        "SELECT 1, 2",
    ],
)
def test_what_fails_in_every_run_is_refused_when_it_is_planned(rules: SqlRules, query: str) -> None:
    table = table_schema(a_contract([{"name": "id", "logicalType": "integer"}]).dataset)

    assert rules.why_unplanned(table, query)
    assert rules.why_unplanned(table, "WITH o AS (FROM orders) SELECT count(*) FROM o, orders_published") is None


def test_a_query_reads_no_file_but_its_own(tmp_path: Path) -> None:
    other = tmp_path / "other.parquet"
    pq.write_table(ROWS, other)

    result = judged(tmp_path / "own", {"query": f"FROM read_parquet('{other}')", "mustBe": 4})

    assert "the query reads read_parquet: it can read only orders" in str(result.observed)


@pytest.mark.parametrize(
    ("limits", "query", "why"),
    [
        (
            QueryLimits(seconds=0.3),
            "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range * b.range = 7",
            "longer",
        ),
        (
            QueryLimits(memory_mb=64),
            "SELECT len(list(i::VARCHAR || repeat('x', 99))) FROM range(9000000) t(i)",
            "memory",
        ),
        (
            QueryLimits(seconds=4),  # long enough for DuckDB to show its progress
            "SELECT count(*) FROM range(100000000000) a, range(1000000) b",
            r"takes longer than 4 s \(GATE_SQL_RULE_TIMEOUT_S\)",
        ),
    ],
)
def test_a_query_has_a_limit_of_time_and_memory(tmp_path: Path, limits: QueryLimits, query: str, why: str) -> None:
    scan: PartitionScan = a_scan(tmp_path, ROWS)
    with duckdb.connect() as connection:
        partition = create_view(connection, scan, read_footers(scan))

        with closing(SqlRules(limits)) as rules, pytest.raises(QueryRefused, match=why):
            rules.answer(connection, partition, query)


@pytest.mark.parametrize(("classification", "is_shown"), [(None, True), ("pii", False)])
def test_a_text_is_shown_only_if_every_column_may_be(
    tmp_path: Path, classification: str | None, *, is_shown: bool
) -> None:
    """Which columns a query reads is worked out from its text, and a text could be a whole row."""
    rule = {"query": "SELECT 'number ' || max(id) FROM {object}", "mustBe": "nobody"}

    result = judged(tmp_path, rule, classification=classification)

    assert ("number 3" in str(result.observed)) is is_shown


@pytest.mark.parametrize(
    "query", ["SELECT max(email) FROM {object}", "SELECT max(b) FROM (SELECT * FROM {object}) t(a, b)"]
)
def test_a_query_that_may_read_a_classified_column_shows_no_value(tmp_path: Path, query: str) -> None:
    result = judged(tmp_path, {"query": query, "mustBe": "nobody"}, classification="pii")

    assert result.outcome is FAILED
    assert "c@d" not in str(result.observed)


OF_WHOLE_ROWS = [
    "SELECT max(ascii(t::VARCHAR)) FROM {object} t",
    "SELECT max(len(to_json(t)::VARCHAR)) FROM {object} t",
    "SELECT max(hash(t)) FROM {object} t",
    "SELECT max(hash(orders)) FROM orders",
    "SELECT max(hash(id)) FROM (SELECT s AS id FROM {object} s)",
    "SELECT max(length(COLUMNS('em.*'))) FROM {object}",
    "SELECT max(hash(COLUMNS(*)::VARCHAR)) FROM (SELECT id FROM {object})",
    "SELECT * FROM query('SELECT max(ascii(ema' || 'il)) FROM orders')",
    "SELECT count(*) FROM (SELECT unnest(range(ascii(t::VARCHAR))) FROM {object} t)",
    "SELECT max(ascii(id)) FROM (SELECT * FROM {object}) AS q(email2, id)",
    "SELECT max(ascii(t)) FROM (SELECT 1 AS u) x, (SELECT t::VARCHAR AS t FROM {object} t)",
]


@pytest.fixture(scope="module")
def of_whole_rows(tmp_path_factory: pytest.TempPathFactory) -> list[CheckResult]:
    rules = [{"query": query, "mustBe": -1} for query in OF_WHOLE_ROWS]
    return all_judged(tmp_path_factory.mktemp("whole"), rules, classification="pii")


@pytest.mark.parametrize("number", range(len(OF_WHOLE_ROWS)), ids=lambda number: OF_WHOLE_ROWS[number])
def test_a_query_that_refers_to_whole_rows_shows_no_number(of_whole_rows: list[CheckResult], number: int) -> None:
    assert str(of_whole_rows[number].observed).startswith("#")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("SELECT count(*) FROM {object}", "4"),
        ("SELECT sum(o.id) FROM {object} o WHERE o.id > 1", "5"),
        ("SELECT max(n) FROM (SELECT id, count(*) AS n FROM {object} GROUP BY id)", "1"),
        ("WITH x AS (SELECT id FROM {object}) SELECT count(x.id) FROM x, range(3)", "9"),
    ],
)
def test_a_query_over_other_columns_shows_its_number(tmp_path: Path, query: str, shown: str) -> None:
    result = judged(tmp_path, {"query": query, "mustBe": -1}, classification="pii")

    assert result.observed == shown
