"""Columns as producers deliver them: without values, in another case, unsigned, at odds with the key, very many."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.core.severity import Scope
from partition_gate.judging.validation import Evaluated
from partition_gate.judging.verdict import CheckOutcome, CheckResult, Verdict
from partition_gate.testing.builders import a_contract
from partition_gate.testing.contracts import broken_rows, scan_of, verdict_on
from partition_gate.testing.scans import a_scan, a_suite, some_labels

PASSED, FAILED = CheckOutcome.PASSED, CheckOutcome.FAILED
ID = {"name": "id", "logicalType": "integer"}
EMPTY = pa.array([None, None], pa.null())


def not_passed(verdict: Verdict) -> dict[str, CheckOutcome]:
    return {result.rule_id: result.outcome for result in verdict.results if result.outcome is not PASSED}


def result_of(verdict: Verdict, rule_id: str) -> CheckResult:
    return next(result for result in verdict.results if result.rule_id == rule_id)


def published(folder: Path, contract: Any, *files: pa.Table, key: str = "snapshot") -> list[tuple[Any, ...]]:
    """The rows that are published of the files, without those that break a row-level rule."""
    scan = scan_of(contract, folder, *files, key=key).model_copy(update={"scratch": folder / "scratch"})
    validation = DuckDbValidator().validate(scan, contract.suite)
    broken = [one for one in validation.predicates if broken_rows_of(validation, one.rule_id)]
    split = DuckDbValidator().split(scan, blocking=broken, labels=some_labels(), into=folder / "out")
    if not split.passing:
        return []
    with duckdb.connect() as connection:
        return connection.execute("FROM read_parquet(?)", [[str(path) for path in split.passing]]).fetchall()


def broken_rows_of(validation: Any, rule_id: str) -> int:
    return sum(one.unexpected_count or 0 for one in validation.observations if one.rule_id == rule_id)


TYPED = [
    {"name": "v", "logicalType": "string", "logicalTypeOptions": {"maxLength": 3, "pattern": "^a"}, "unique": True},
    {"name": "v", "logicalType": "integer", "logicalTypeOptions": {"minimum": 1, "multipleOf": 2}},
    {"name": "v", "logicalType": "number", "physicalType": "DECIMAL(10,2)", "logicalTypeOptions": {"maximum": 9}},
    {"name": "v", "logicalType": "date", "logicalTypeOptions": {"minimum": "2024-01-01"}},
    {"name": "v", "logicalType": "timestamp", "logicalTypeOptions": {"minimum": "2024-01-01T00:00:00Z"}},
    {"name": "v", "logicalType": "boolean"},
    {"name": "v", "logicalType": "array", "items": {"logicalType": "string", "logicalTypeOptions": {"maxLength": 3}}},
    {"name": "v", "logicalType": "object", "properties": [{"name": "a", "logicalType": "string", "required": True}]},
]


@pytest.mark.parametrize("column", TYPED, ids=lambda column: str(column["logicalType"]))
def test_a_column_without_any_value_has_every_type_and_is_published_as_null(
    tmp_path: Path, column: dict[str, Any]
) -> None:
    contract = a_contract([ID, column])
    files = pa.table({"id": [1, 2], "v": EMPTY})

    assert not_passed(verdict_on(contract, tmp_path, files)) == {}
    assert published(tmp_path, contract, files) == [(1, None), (2, None)]


def test_a_column_without_any_value_breaks_required_in_every_row(tmp_path: Path) -> None:
    contract = a_contract([ID, {"name": "v", "logicalType": "string", "required": True}])

    verdict = verdict_on(contract, tmp_path, pa.table({"id": [1, 2], "v": EMPTY}))

    assert not_passed(verdict) == {"v.required": FAILED}
    assert broken_rows(verdict, "v.required") == 2


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(
    ("column", "good", "bad"),
    [
        ({"logicalType": "string", "logicalTypeOptions": {"maxLength": 3}}, "abc", "long"),
        ({"logicalType": "integer", "logicalTypeOptions": {"maximum": 9}}, 8, 10),
    ],
    ids=["string", "integer"],
)
def test_one_of_two_files_may_have_no_value_in_a_column(
    tmp_path: Path, column: dict[str, Any], good: object, bad: object, *, is_first: bool
) -> None:
    contract = a_contract([ID, {"name": "v", **column}])
    files = [pa.table({"id": [1, 2], "v": EMPTY}), pa.table({"id": [3, 4], "v": [good, bad]})]

    verdict = verdict_on(contract, tmp_path, *(files if is_first else files[::-1]))

    assert not_passed(verdict) == {f"v.{next(iter(column['logicalTypeOptions']))}": FAILED}
    rows = published(tmp_path, contract, *(files if is_first else files[::-1]))
    assert sorted(rows) == [(1, None), (2, None), (3, good)]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (TYPED[6], pa.array([[], None], pa.list_(pa.null()))),
        (
            {
                "name": "v",
                "logicalType": "object",
                "properties": [{"name": "a", "logicalType": "string", "logicalTypeOptions": {"pattern": "^a"}}],
            },
            pa.array([{"a": None}, None], pa.struct({"a": pa.null()})),
        ),
    ],
    ids=["list", "struct"],
)
def test_elements_and_members_without_any_value_have_every_type(
    tmp_path: Path, column: dict[str, Any], values: pa.Array
) -> None:
    contract = a_contract([ID, column])
    files = pa.table({"id": [1, 2], "v": values})

    assert not_passed(verdict_on(contract, tmp_path, files)) == {}
    assert published(tmp_path, contract, files) == [(1, values[0].as_py()), (2, None)]


@pytest.mark.parametrize("physical_type", [None, "BIGINT"])
def test_an_unsigned_column_too_wide_for_the_table_is_refused_with_the_widths_that_fit(
    tmp_path: Path, physical_type: str | None
) -> None:
    contract = a_contract([{**ID, **({"physicalType": physical_type} if physical_type else {})}])

    verdict = verdict_on(contract, tmp_path, pa.table({"id": pa.array([1, 2**64 - 1], pa.uint64())}))

    assert {failed.observed for failed in verdict.failed(Scope.PARTITION)} == {
        "uint64 in s3://landing/orders/part-0.parquet; accepted: int8, int16, int32, int64, uint8, uint16, uint32; "
        "for unsigned numbers of 64 bits set logicalTypeOptions.format: u64, and no narrower physicalType"
    }


@pytest.mark.parametrize("width", [pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()], ids=str)
def test_unsigned_numbers_are_published_unchanged(tmp_path: Path, width: pa.DataType) -> None:
    largest = 2**width.bit_width - 1
    wide = {"logicalTypeOptions": {"format": "u64"}} if width == pa.uint64() else {}
    contract = a_contract([{**ID, **wide}])
    files = pa.table({"id": pa.array([0, largest], width)})

    assert not_passed(verdict_on(contract, tmp_path, files)) == {}
    assert [int(value) for (value,) in published(tmp_path, contract, files)] == [0, largest]


def test_a_column_that_differs_only_by_case_is_named_with_the_remedy(tmp_path: Path) -> None:
    contract = a_contract([ID, {"name": "email", "logicalType": "string"}])

    verdict = verdict_on(contract, tmp_path, pa.table({"id": [1], "Email": ["a@b.co"]}))

    assert result_of(verdict, "email.name").observed == (
        "missing in s3://landing/orders/part-0.parquet; found Email: names differ only by case; set physicalName"
    )


def test_a_field_that_differs_only_by_case_is_named_with_the_remedy(tmp_path: Path) -> None:
    city = {"name": "city", "logicalType": "string"}
    contract = a_contract([{"name": "address", "logicalType": "object", "properties": [city]}])

    verdict = verdict_on(contract, tmp_path, pa.table({"address": pa.array([{"City": "x", "id": 1}])}))

    assert result_of(verdict, "address.city.name").observed == (
        "missing in s3://landing/orders/part-0.parquet; found City: names differ only by case; set physicalName"
    )


def keyed(logical_type: str) -> Any:
    partition = {"name": "part", "logicalType": logical_type, "partitioned": True}
    return a_contract([partition, ID], path="data/part=*/*.parquet")


@pytest.mark.parametrize(
    ("logical_type", "key", "values", "broken"),
    [
        ("string", "EU", pa.array(["EU", "US", "eu", None]), 2),
        ("string", "07", pa.array(["07", "7"]), 1),
        ("date", "2026-11-01", pa.array([date(2026, 11, 1), date(2026, 11, 2)]), 1),
        ("integer", "07", pa.array([7, 8, 7], pa.int32()), 1),
        ("integer", "7", pa.array([7, 7], pa.uint8()), 0),
        ("string", "EU", pa.array([None, None], pa.null()), 0),
    ],
)
def test_a_row_whose_own_value_differs_from_its_partition_key_fails(
    tmp_path: Path, logical_type: str, key: str, values: pa.Array, broken: int
) -> None:
    contract, rows = keyed(logical_type), pa.table({"id": list(range(len(values))), "part": values})

    verdict = verdict_on(contract, tmp_path, rows, key=key)

    assert broken_rows(verdict, "partition_key.part") == broken
    assert not_passed(verdict) == ({"partition_key.part": FAILED} if broken else {})
    assert result_of(verdict, "partition_key.part").scope is Scope.ROW
    assert len(published(tmp_path, contract, rows, key=key)) == len(values) - broken


def test_only_a_file_that_holds_the_partition_column_can_contradict_the_key(tmp_path: Path) -> None:
    without, own = pa.table({"id": [1, 2]}), pa.table({"id": [3, 4], "part": ["EU", "US"]})

    alone = verdict_on(keyed("string"), tmp_path / "alone", without, key="EU")
    both = verdict_on(keyed("string"), tmp_path / "both", without, own, key="EU")

    assert (broken_rows(alone, "partition_key.part"), broken_rows(both, "partition_key.part")) == (0, 1)


def test_a_file_of_two_thousand_columns_is_judged_and_split(tmp_path: Path) -> None:
    columns = {f"c{i}": [1, None if i == 7 else 2] for i in range(2000)}
    scan = a_scan(tmp_path, pa.table(columns)).model_copy(update={"scratch": tmp_path / "scratch"})
    rules: dict[str, Any] = {"readable": ("expect_partition_files_to_be_readable", {})}
    known = [f"c{i}" for i in range(5, 15)]
    rules |= {name: ("expect_column_values_to_not_be_null", {"column": name}) for name in known}

    validation = DuckDbValidator().validate(scan, a_suite(rules))

    found = {one.rule_id: one for one in validation.observations if isinstance(one, Evaluated)}
    assert [name for name in ("readable", *known) if not found[name].success] == ["c7"]
    split = DuckDbValidator().split(scan, blocking=validation.predicates, labels=some_labels(), into=tmp_path / "out")
    assert (split.rows_passing, split.rows_quarantined) == (1, 1)
