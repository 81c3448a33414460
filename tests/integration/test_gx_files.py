"""Files that are not as promised: unreadable, without a column, with another type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.core.table import TableColumn
from partition_gate.judging.validation import Evaluated, PartitionScan, Unknown
from partition_gate.testing.scans import a_scan, a_suite, parquet_bytes, some_labels

Rule = tuple[str, dict[str, Any]]
READABLE: Rule = ("expect_partition_files_to_be_readable", {})
HAS_ID: Rule = ("expect_partition_files_to_have_column", {"column": "id"})
ID_IS_INT: Rule = ("expect_partition_files_column_type_to_be_in_set", {"column": "id", "type_list": ["int32", "int64"]})
ID_NOT_NULL = ("expect_column_values_to_not_be_null", {"column": "id"})
SMALL = ("expect_column_values_to_be_between", {"column": "id", "max_value": 100})
ORDERS = pa.table({"id": [1, 2, 3], "note": ["a", "b", None]})


def nested(depth: int) -> pa.DataType:
    return pa.list_(nested(depth - 1)) if depth else pa.int64()


def test_a_file_without_the_column_is_named_and_rules_on_it_are_unknown(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, ORDERS, ORDERS.drop_columns("id"))

    seen = _observations(scan, {"has_id": HAS_ID, "not_null": ID_NOT_NULL})

    assert seen["has_id"] == Evaluated(
        rule_id="has_id", success=False, observed="missing in s3://landing/orders/part-1.parquet"
    )
    assert seen["not_null"] == Unknown(
        rule_id="not_null", why="column id is missing in s3://landing/orders/part-1.parquet"
    )


def test_values_that_fail_equally_often_are_shown_in_one_order(tmp_path: Path) -> None:
    broken = [101, 102, 103, 104, 105, 106]
    # Large and small files in turn, as small ones are read sooner; several runs, as chance has a part in it.
    files = [pa.table({"id": [0] * rows + [last]}) for rows, last in zip([10_000, 0] * 3, broken, strict=True)]
    scan, suite = a_scan(tmp_path, *files), a_suite({"small": SMALL})

    for _ in range(12):
        (result,) = DuckDbValidator().validate(scan, suite).document["results"]
        assert result["result"]["partial_unexpected_list"] == ["101", "102", "103"]


def test_a_row_condition_on_a_missing_column_makes_the_rule_unknown(tmp_path: Path) -> None:
    condition = {"type": "nullity", "column": {"name": "gone"}, "is_null": False}
    rule = ("expect_column_values_to_not_be_null", {"column": "id", "row_condition": condition})

    assert isinstance(_observations(a_scan(tmp_path, ORDERS), {"rule": rule})["rule"], Unknown)


def test_each_files_own_type_is_judged_before_files_are_read_as_one(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, ORDERS, pa.table({"id": ["4"], "note": ["d"]}))

    seen = _observations(scan, {"typed": ID_IS_INT, "not_null": ID_NOT_NULL, "readable": READABLE})

    assert seen["typed"] == Evaluated(
        rule_id="typed", success=False, observed="string in s3://landing/orders/part-1.parquet; accepted: int32, int64"
    )
    assert isinstance(seen["not_null"], Unknown)
    assert seen["readable"] == Evaluated(rule_id="readable", success=True, observed="every file can be read")


def test_accepted_types_of_several_files_are_read_as_one_column(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, pa.table({"id": pa.array([1], pa.int32())}), pa.table({"id": [2**40, None]}))

    seen = _observations(scan, {"typed": ID_IS_INT, "not_null": ID_NOT_NULL})

    assert seen["typed"].model_dump()["success"] is True
    assert seen["not_null"].model_dump()["unexpected_count"] == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xfe garbage", "it is not a Parquet file"),
        (b"PAR1", "its footer is damaged"),
        (parquet_bytes(ORDERS)[:-20], "it is truncated: the footer is missing"),
        (parquet_bytes(ORDERS)[:-60] + bytes(52) + parquet_bytes(ORDERS)[-8:], "its footer is damaged"),
        (parquet_bytes(ORDERS)[:-4] + b"PARE", "it is encrypted"),
        (b"", "it is empty"),
        (parquet_bytes(pa.table({"deep": pa.nulls(1, nested(120))})), "a column is nested too deeply"),
    ],
    ids=["not parquet", "four bytes", "truncated", "footer", "encrypted", "empty", "nested"],
)
def test_an_unreadable_file_fails_one_check_and_leaves_the_others_unknown(
    tmp_path: Path, content: bytes, why: str
) -> None:
    validation = DuckDbValidator().validate(
        a_scan(tmp_path, ORDERS, content), a_suite({"readable": READABLE, "rule": ID_NOT_NULL})
    )

    named, file = "cannot be read as Parquet", "s3://landing/orders/part-1.parquet"
    assert validation.observations == (
        Evaluated(rule_id="readable", success=False, observed=f"{named}: {file} ({why})"),
        Unknown(rule_id="rule", why=f"file {file} {named}"),
    )
    assert (validation.row_count, validation.predicates) == (None, ())
    assert len(validation.document["results"]) == 2


@pytest.mark.parametrize("column_is_in_the_contract", [True, False])
def test_damaged_pages_behind_a_good_footer_fail_the_readability_check(
    tmp_path: Path, *, column_is_in_the_contract: bool
) -> None:
    good = parquet_bytes(pa.table({"note": [f"note {i}" for i in range(5000)], "id": list(range(5000))}))
    broken = good[:4] + bytes(400) + good[404:]
    columns = {"id": "BIGINT", **({"note": "VARCHAR"} if column_is_in_the_contract else {})}

    seen = _observations(a_scan(tmp_path, ORDERS, broken, columns=columns), {"readable": READABLE, "rule": ID_NOT_NULL})

    assert seen["readable"].observed == (
        "cannot be read as Parquet: s3://landing/orders/part-1.parquet "
        "(column note cannot be decoded: its pages are damaged)"
    )
    assert isinstance(seen["rule"], Unknown)


def test_text_that_is_not_utf8_names_its_column(tmp_path: Path) -> None:
    binary = pa.array([b"\xff\xfe", b"a", b"c"])
    rows = ORDERS.append_column("city", pa.Array.from_buffers(pa.string(), 3, binary.buffers()))

    seen = _observations(a_scan(tmp_path, rows), {"readable": READABLE})["readable"]

    assert seen.observed.endswith("(column city cannot be decoded: it contains text that is not UTF-8)")


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("use_dictionary", [True, False])
def test_a_page_that_does_not_match_its_checksum_is_not_read(
    tmp_path: Path, version: str, *, use_dictionary: bool
) -> None:
    good = _with_checksums(use_dictionary=use_dictionary, data_page_version=version)
    at = good.index((1_234_567).to_bytes(8, "little"))
    bad = good[:at] + (1_234_667).to_bytes(8, "little") + good[at + 8 :]

    right = _observations(a_scan(tmp_path / "right", good), {"readable": READABLE, "small": SMALL})
    wrong = _observations(a_scan(tmp_path / "wrong", ORDERS, bad), {"readable": READABLE, "small": SMALL})

    assert (right["readable"].success, right["small"].unexpected_count) == (True, 2)
    assert wrong["readable"].observed == (
        "cannot be read as Parquet: s3://landing/orders/part-1.parquet "
        "(column id is damaged: a page does not match its checksum)"
    )
    assert isinstance(wrong["small"], Unknown)


@pytest.mark.parametrize(
    ("whole", "poison"),
    # Of a column: two counts of levels become one number of two bytes; its metadata get another field's number.
    [("260204", "168204"), ("26001c", "26007c")],
    ids=["levels", "no metadata"],
)
def test_a_footer_that_contradicts_its_schema_is_a_damaged_file_and_ends_no_process(
    tmp_path: Path, whole: str, poison: str
) -> None:
    """Arrow ends the process when it is asked for such a column."""
    path = tmp_path / "poison.parquet"
    pq.write_table(pa.table({"id": [1, 2, None]}), path)
    file = path.read_bytes()
    assert file.count(bytes.fromhex(whole)) == 1
    damaged = file.replace(bytes.fromhex(whole), bytes.fromhex(poison))

    seen = _observations(a_scan(tmp_path, ORDERS, damaged), {"readable": READABLE})

    assert seen["readable"].observed == (
        "cannot be read as Parquet: s3://landing/orders/part-1.parquet (its footer is damaged)"
    )


def _with_checksums(**options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    rows = pa.table({"first": [f"note {i}" for i in range(3)], "id": [1, 1_234_567, 9_999_999]})
    pq.write_table(rows, sink, write_page_checksum=True, compression="none", **options)
    return bytes(sink.getvalue())


@pytest.mark.parametrize("has_dictionary", [True, False])
@pytest.mark.parametrize("rule", [SMALL, ID_NOT_NULL], ids=["extremes", "nulls"])
def test_no_row_passes_on_the_word_of_a_footer(tmp_path: Path, rule: Any, *, has_dictionary: bool) -> None:
    write = _false_extremes if rule is SMALL else _false_null_count
    scan = a_scan(tmp_path, write(has_dictionary=has_dictionary))

    validation = DuckDbValidator().validate(scan, a_suite({"rule": rule}))
    split = DuckDbValidator().split(scan, blocking=validation.predicates, labels=some_labels(), into=tmp_path / "out")

    assert [one.unexpected_count for one in validation.observations if isinstance(one, Evaluated)] == [1]
    assert (split.rows_passing, split.rows_quarantined) == (3, 1)


def test_a_column_that_differs_only_in_case_is_another_column(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, pa.table({"ID": [None, None], "id": [1, 2]}), columns={"id": "BIGINT"})

    assert _observations(scan, {"rule": ID_NOT_NULL})["rule"].success


def test_a_column_that_a_file_has_twice_is_no_column(tmp_path: Path) -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "id"])

    assert not _observations(a_scan(tmp_path, twice, columns={"id": "BIGINT"}), {"rule": HAS_ID})["rule"].success


def test_a_column_has_its_contract_name_and_a_partition_column_the_keys_value(tmp_path: Path) -> None:
    scan = a_scan(tmp_path / "dt=1999-01-01" / "it's", pa.table({"order no": [1, 2]}))
    table = scan.table.model_copy(
        update={
            "columns": (TableColumn(name="id", source="order no", type="BIGINT"),),
            "partition_columns": (TableColumn(name="dt", source="dt", type="DATE"),),
        }
    )
    scan = scan.model_copy(update={"table": table, "partition_values": (("dt", "2013-01-03"),)})
    rules: dict[str, Rule] = {
        "id": ID_NOT_NULL,
        "has_id": HAS_ID,
        "has_dt": ("expect_partition_files_to_have_column", {"column": "dt"}),
        "dt": ("expect_column_values_to_be_between", {"column": "dt", "min_value": "2013-01-03"}),
    }

    assert all(isinstance(one, Evaluated) and one.success for one in _observations(scan, rules).values())


def _observations(scan: PartitionScan, rules: dict[str, tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    return {one.rule_id: one for one in DuckDbValidator().validate(scan, a_suite(rules)).observations}


def _false_extremes(*, has_dictionary: bool) -> bytes:
    """The rows 1, 2, 999, 4 under the footer of 1, 2, 3, 4: both files are laid out the same."""
    pages, footer = (_numbers([1, 2, third, 4], has_dictionary=has_dictionary) for third in (999, 3))
    return pages[: -_footer_bytes(pages)] + footer[-_footer_bytes(footer) :]


def _false_null_count(*, has_dictionary: bool) -> bytes:
    """A row without a value, of which the footer says nothing: field 3 of Thrift's Statistics, a zigzag integer."""
    file = _numbers([1, None, 3, 4], has_dictionary=has_dictionary)
    footer, (one, none) = file[-_footer_bytes(file) :], (b"\x16\x02\x28\x08", b"\x16\x00\x28\x08")
    assert footer.count(one) == 1
    return file[: -len(footer)] + footer.replace(one, none)


def _numbers(values: list[int | None], *, has_dictionary: bool) -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.table({"id": pa.array(values, pa.int64())})
    pq.write_table(table, sink, use_dictionary=has_dictionary, compression="none")
    return bytes(sink.getvalue())


def _footer_bytes(file: bytes) -> int:
    return int.from_bytes(file[-8:-4], "little") + 8
