"""Exports are taken by the tools that they are for, with real flights and with a hostile contract."""

from __future__ import annotations

import io
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pyarrow as pa
import pytest
from great_expectations import ExpectationSuite
from typer.testing import CliRunner

from partition_gate.apps.cli.main import app
from partition_gate.apps.demo.nycflights import by_day, read
from partition_gate.checks.core_expectations import RUN
from partition_gate.core.errors import UnknownContract

ATTACK = "\"><script>alert(1)</script>\n'; DROP TABLE x; --"


def exported(form: str, contract: str | Path = "flights") -> str:
    result = CliRunner().invoke(app, ["export", str(contract), "--to", form])
    assert result.exit_code == 0, result.exception
    return result.stdout


@pytest.fixture(scope="module")
def flights() -> pa.Table:
    return next(by_day(read("flights"), first=date(2013, 1, 3), last=date(2013, 1, 3)))[1]


def hostile(folder: Path) -> Path:
    inner = [{"name": "a-b", "logicalType": "integer", "required": True}, {"name": "1st", "logicalType": "date"}]
    columns: list[dict[str, Any]] = [
        {"name": 'odd "name"', "logicalType": "string", "description": ATTACK, "required": True},
        {"name": "price", "logicalType": "number", "physicalType": "DECIMAL(10,2)"},
        {"name": "uid", "logicalType": "string", "logicalTypeOptions": {"format": "uuid"}},
        {"name": "seen", "logicalType": "timestamp"},
        {"name": "box", "logicalType": "object", "properties": inner},
        {"name": "boxes", "logicalType": "array", "items": {"logicalType": "object", "properties": inner}},
    ]
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "odd-orders",
        "name": ATTACK,
        "version": "1.0.0",
        "status": "active",
        "domain": "sales & more",
        "description": {"purpose": ATTACK},
        "servers": [{"server": "x", "type": "local", "path": "data/*.parquet", "format": "parquet"}],
        "schema": [{"name": "odd_orders", "description": ATTACK, "properties": columns}],
        "support": [{"channel": ATTACK, "tool": "slack"}],
    }
    path = folder / "odd.yaml"
    path.write_text(json.dumps(document), encoding="utf-8")  # JSON is YAML, without aliases
    return path


def test_avro_takes_real_rows_and_refuses_a_null_where_one_is_promised_away(flights: pa.Table):
    fastavro = pytest.importorskip("fastavro")
    schema = fastavro.parse_schema(json.loads(exported("avro")))
    rows = flights.to_pylist()
    encoded = io.BytesIO()

    fastavro.writer(encoded, schema, rows)
    encoded.seek(0)

    assert [row["flight"] for row in fastavro.reader(encoded)] == flights["flight"].to_pylist()
    with pytest.raises((TypeError, ValueError)):
        fastavro.writer(io.BytesIO(), schema, [{**rows[0], "origin": None}])


def test_avro_of_nested_columns_and_odd_names_is_a_valid_schema(tmp_path: Path):
    fastavro = pytest.importorskip("fastavro")
    schema = json.loads(exported("avro", hostile(tmp_path)))

    fastavro.parse_schema(schema)

    fields = {field["name"]: field for field in schema["fields"]}
    assert fields["odd__name_"]["odcsName"] == 'odd "name"'
    assert fields["price"]["type"][1]["logicalType"] == "decimal"


def test_json_schema_takes_real_rows_and_refuses_broken_ones(flights: pa.Table):
    schema = json.loads(exported("jsonschema"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    rows = json.loads(json.dumps(flights.to_pylist(), default=lambda value: value.isoformat()))

    assert [error.message for row in rows for error in validator.iter_errors(row)] == []
    broken = {"carrier": "UAL", "flight": None, "hour": 24, "distance": 1.5}
    assert {error.path[0] for error in validator.iter_errors({**rows[0], **broken})} == set(broken)
    assert [e.validator for e in validator.iter_errors({k: v for k, v in rows[0].items() if k != "dest"})] == [
        "required"
    ]


def test_json_schema_reaches_into_objects_and_arrays(tmp_path: Path):
    schema = json.loads(exported("jsonschema", hostile(tmp_path)))
    jsonschema.Draft202012Validator.check_schema(schema)

    row = {'odd "name"': "x", "box": {"a-b": "text"}, "boxes": [{"1st": "2026-01-01"}]}
    places = {".".join(map(str, e.path)) for e in jsonschema.Draft202012Validator(schema).iter_errors(row)}
    assert places == {"box.a-b", "boxes.0"}


def test_ddl_runs_takes_real_rows_and_refuses_broken_ones(flights: pa.Table):
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(exported("sql-ddl"))
        connection.register("arrived", flights)
        connection.execute("INSERT INTO flights BY NAME SELECT *, DATE '2013-01-03' AS dt FROM arrived")

        assert connection.execute("SELECT count(*) FROM flights").fetchone() == (flights.num_rows,)
        with pytest.raises(duckdb.ConstraintException):
            connection.execute("INSERT INTO flights BY NAME SELECT * REPLACE ('LHR' AS origin) FROM arrived LIMIT 1")
        with pytest.raises(duckdb.ConstraintException, match=r"[Uu]nique|[Dd]uplicate"):
            connection.execute("INSERT INTO flights BY NAME SELECT * FROM arrived LIMIT 1")


def test_ddl_of_a_hostile_contract_makes_one_table_and_runs_nothing_else(tmp_path: Path):
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE x (kept INTEGER)")
        connection.execute(exported("sql-ddl", hostile(tmp_path)))

        tables = connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
    assert tables == [("odd_orders",), ("x",)]


def test_the_suite_is_taken_by_great_expectations_and_names_what_it_left_out():
    suite = json.loads(exported("great-expectations"))

    loaded = ExpectationSuite(name=suite["name"], expectations=suite["expectations"], meta=suite["meta"])

    assert {each.expectation_type for each in loaded.expectations} <= RUN
    assert len(loaded.expectations) > 40
    assert {"dest.in_airports", "files.readable"} <= set(suite["meta"]["left_out"])


@pytest.mark.parametrize("form", ["avro", "jsonschema", "great-expectations", "sql-ddl", "html"])
@pytest.mark.parametrize("dataset", ["reference/airlines", "reference/airports", "reference/planes", "weather"])
def test_every_dataset_of_the_project_has_every_form(form: str, dataset: str):
    assert dataset.rpartition("/")[2] in exported(form, dataset)


def test_the_ddl_of_a_contract_has_every_table_of_it():
    with duckdb.connect() as connection:
        connection.execute(exported("sql-ddl", "reference"))

        tables = connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
    assert tables == [("airlines",), ("airports",), ("planes",)]


def test_the_page_of_a_contract_has_every_table_of_it():
    page = exported("html", "reference")

    assert [page.count(f"<h2>{name}</h2>") for name in ("airlines", "airports", "planes")] == [1, 1, 1]
    assert page.count("<h3>Columns</h3>") == 3


@pytest.mark.parametrize("form", ["avro", "jsonschema", "great-expectations"])
def test_a_form_of_one_table_needs_its_name_and_lists_those_there_are(form: str):
    result = CliRunner().invoke(app, ["export", "reference", "--to", form])

    assert isinstance(result.exception, UnknownContract)
    assert "reference/airlines, reference/airports, reference/planes" in str(result.exception)


def test_the_page_loads_nothing_and_shows_values_as_text(tmp_path: Path):
    page = exported("html", hostile(tmp_path))

    assert "<script" not in page
    assert not re.search(r"""(?:src|href)\s*=|url\(|@import""", page)
    assert page.count("&lt;script&gt;") >= 4
    assert "Ana Reyes" in exported("html")
