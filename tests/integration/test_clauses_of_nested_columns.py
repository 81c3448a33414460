"""Clauses inside of structs, lists and maps: a row breaks one where anything at its path does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.core.severity import Scope
from partition_gate.judging.verdict import CheckOutcome
from partition_gate.testing.builders import a_contract
from partition_gate.testing.contracts import broken_rows, outcomes, scan_of, verdict_on
from partition_gate.testing.scans import some_labels

STREET = {"name": "street", "logicalType": "string"}
CITY = {"name": "city", "logicalType": "string", "required": True, "logicalTypeOptions": {"maxLength": 3}}
ADDRESS = {"name": "address", "logicalType": "object", "properties": [CITY, STREET]}
ADDRESS_TYPE = pa.struct({"city": pa.string(), "street": pa.string()})


def array_of(items: dict[str, Any], **column: Any) -> dict[str, Any]:
    return {"name": "v", "logicalType": "array", "items": items, **column}


def broken(folder: Path, column: dict[str, Any], rule_id: str, values: pa.Array) -> int | None:
    contract = a_contract([column], version="v3.2.0")
    assert contract.compilation.not_executable == ()
    return broken_rows(verdict_on(contract, folder, pa.table({column["name"]: values})), rule_id)


@pytest.mark.parametrize(
    ("items", "rule_id", "good", "bad"),
    [
        ({"logicalType": "string", "required": True}, "v[].required", ["a"], ["a", None]),
        ({"logicalType": "string", "logicalTypeOptions": {"minLength": 2}}, "v[].minLength", ["éé", None], ["éé", "é"]),
        ({"logicalType": "string", "logicalTypeOptions": {"maxLength": 2}}, "v[].maxLength", ["éé"], ["ééé"]),
        ({"logicalType": "string", "logicalTypeOptions": {"pattern": "^a"}}, "v[].pattern", ["ab"], ["ab", "b"]),
        ({"logicalType": "string", "logicalTypeOptions": {"format": "ipv4"}}, "v[].format", ["1.1.1.1"], ["1.1.1"]),
        ({"logicalType": "string", "enum": [{"value": "a"}, {"value": "b"}]}, "v[].enum", ["a", "b"], ["a", "c"]),
        ({"logicalType": "integer", "logicalTypeOptions": {"minimum": 2}}, "v[].minimum", [2, 3], [2, 1]),
        ({"logicalType": "integer", "logicalTypeOptions": {"exclusiveMaximum": 2}}, "v[].exclusiveMaximum", [1], [2]),
        ({"logicalType": "integer", "logicalTypeOptions": {"multipleOf": 5}}, "v[].multipleOf", [5, 10], [5, 6]),
        ({"logicalType": "number", "logicalTypeOptions": {"maximum": 0.1}}, "v[].maximum", [0.1], [0.2]),
    ],
)
def test_each_item_of_a_list_keeps_the_rule(
    tmp_path: Path, items: dict[str, Any], rule_id: str, good: list[Any], bad: list[Any]
) -> None:
    assert broken(tmp_path, array_of(items), rule_id, pa.array([good, bad, [], None])) == 1


@pytest.mark.parametrize(
    ("option", "values", "count"),
    [
        ({"minItems": 2}, [[1, 2], [1], [], None], 2),
        ({"maxItems": 2}, [[1, 2], [1, 2, 3], None], 1),
        ({"uniqueItems": True}, [[1, 2, None, None], [1, 1], None], 1),
    ],
)
def test_a_list_keeps_its_own_options(tmp_path: Path, option: dict[str, Any], values: list[Any], count: int) -> None:
    column = array_of({"logicalType": "integer"}, logicalTypeOptions=option)

    assert broken(tmp_path, column, f"v.{next(iter(option))}", pa.array(values, pa.list_(pa.int64()))) == count


@pytest.mark.parametrize(
    ("option", "count"),
    [({"minProperties": 1}, 1), ({"minProperties": 2}, 2), ({"maxProperties": 1}, 1), ({"required": ["street"]}, 2)],
)
def test_an_object_keeps_its_own_options(tmp_path: Path, option: dict[str, Any], count: int) -> None:
    column = {**ADDRESS, "properties": [{"name": "city"}, STREET], "logicalTypeOptions": option}
    values = [{"city": "a", "street": "b"}, {"city": "a"}, {"city": None}, None]

    assert broken(tmp_path, column, f"address.{next(iter(option))}", pa.array(values, ADDRESS_TYPE)) == count


def test_a_required_field_may_lack_only_where_its_object_lacks(tmp_path: Path) -> None:
    values = pa.array([{"city": "a"}, {"city": None, "street": "b"}, None, {"city": "long"}], ADDRESS_TYPE)

    assert broken(tmp_path / "required", ADDRESS, "address.city.required", values) == 1
    assert broken(tmp_path / "length", ADDRESS, "address.city.maxLength", values) == 1


def test_rules_hold_at_any_depth(tmp_path: Path) -> None:
    tag = {"logicalType": "string", "logicalTypeOptions": {"minLength": 2}}
    line = {"logicalType": "object", "properties": [{"name": "tags", "logicalType": "array", "items": tag}]}
    good, bad = [{"tags": ["aa", "bb"]}, {"tags": None}], [{"tags": ["aa"]}, {"tags": ["bb", "c"]}]

    assert broken(tmp_path, array_of(line), "v[].tags[].minLength", pa.array([good, bad, [None], None])) == 1


def test_keys_and_values_of_a_map_keep_their_rules(tmp_path: Path) -> None:
    key = {"logicalType": "string", "logicalTypeOptions": {"pattern": "^[a-z]$"}}
    value = {"logicalType": "integer", "logicalTypeOptions": {"minimum": 1}}
    column = {"name": "v", "logicalType": "map", "map": {"key": key, "value": value}}
    values = pa.array([[("a", 1)], [("A", 1)], [("a", 0), ("b", 0)], None], pa.map_(pa.string(), pa.int64()))

    assert broken(tmp_path / "keys", column, "v{key}.pattern", values) == 1
    assert broken(tmp_path / "values", column, "v{value}.minimum", values) == 1


def test_a_vector_has_its_dimensions_and_type(tmp_path: Path) -> None:
    column = {"name": "v", "logicalType": "vector", "logicalTypeOptions": {"dimensions": 2, "elementType": "float32"}}
    contract = a_contract([column], version="v3.2.0")

    narrow = verdict_on(contract, tmp_path / "f", pa.table({"v": pa.array([[1, 2], [1]], pa.list_(pa.float32()))}))
    wide = verdict_on(contract, tmp_path / "d", pa.table({"v": pa.array([[1, 2]], pa.list_(pa.float64()))}))

    assert (broken_rows(narrow, "v.dimensions"), outcomes(narrow)["v.elementType"]) == (1, CheckOutcome.PASSED)
    assert outcomes(wide)["v.elementType"] is CheckOutcome.FAILED


def test_times_of_day_keep_their_bounds(tmp_path: Path) -> None:
    column = {"name": "v", "logicalType": "time", "logicalTypeOptions": {"minimum": "10:00:00"}}
    values = pa.array([9 * 3600, 10 * 3600], pa.int32()).cast(pa.time32("s"))

    assert broken(tmp_path, column, "v.minimum", values) == 1


def test_a_field_that_a_file_lacks_or_stores_otherwise_is_named(tmp_path: Path) -> None:
    lacking = pa.table({"address": pa.array([{"street": "b"}])})
    mistyped = pa.table({"address": pa.array([{"city": 1, "street": "b"}])})

    without = verdict_on(a_contract([ADDRESS]), tmp_path / "lacking", lacking)
    other = verdict_on(a_contract([ADDRESS]), tmp_path / "mistyped", mistyped)

    assert outcomes(without)["address.city.name"] is CheckOutcome.FAILED
    assert outcomes(other)["address.city.logicalType"] is CheckOutcome.FAILED
    for verdict in (without, other):
        assert outcomes(verdict)["address.city.maxLength"] is CheckOutcome.UNKNOWN
        assert {r.rule_id for r in verdict.failed(Scope.PARTITION)} & {"address.city.name", "address.city.logicalType"}


def test_rows_with_a_broken_field_are_quarantined_and_the_others_published_as_they_are(tmp_path: Path) -> None:
    contract = a_contract([ADDRESS])
    values = pa.array([{"city": "abc", "street": "b", "extra": 1}, {"city": "long", "street": "b", "extra": 1}, None])
    scan = scan_of(contract, tmp_path, pa.table({"address": values}))

    validation = DuckDbValidator().validate(scan, contract.suite)
    split = DuckDbValidator().split(scan, blocking=validation.predicates, labels=some_labels(), into=tmp_path / "out")

    with duckdb.connect() as connection:
        published = connection.execute("FROM read_parquet(?)", [str(split.passing[0])]).fetchall()
    assert published == [({"city": "abc", "street": "b"},), (None,)]


def test_one_personal_field_makes_its_column_personal() -> None:
    street = {**STREET, "classification": "pii"}

    contract = a_contract([array_of({"logicalType": "object", "properties": [street]})])

    assert contract.masking.hides("v")
