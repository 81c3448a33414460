"""Each option of a column, with values just inside and just outside of what it allows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from partition_gate.judging.verdict import CheckOutcome
from partition_gate.testing.builders import a_contract
from partition_gate.testing.contracts import broken_rows, outcomes, verdict_on

PASSED, FAILED = CheckOutcome.PASSED, CheckOutcome.FAILED


def rows_broken(folder: Path, logical_type: str, option: dict[str, Any], values: pa.Array, **column: Any) -> int | None:
    contract = a_contract([{"name": "v", "logicalType": logical_type, "logicalTypeOptions": option, **column}])
    assert contract.compilation.not_executable == ()
    return broken_rows(verdict_on(contract, folder, pa.table({"v": values})), f"v.{next(iter(option))}")


@pytest.mark.parametrize(
    ("multiple", "values", "broken"),
    [
        (5, pa.array([0, 5, -10, 6, None], pa.int64()), 1),
        (0.5, pa.array([1, 2, 3], pa.int32()), 0),
        (2.5, pa.array([5, 10, 3], pa.int64()), 1),
        (0.1, pa.array([0.3, 0.7, 1e21, -2.2, 0.0, 0.35, None]), 1),
        (0.1, pa.array([0.1 + 0.2]), 1),
        (0.1, pa.array([0.3, 0.35], pa.float32()), 1),
        (3, pa.array([3e22, 4e22, float("nan"), float("inf")]), 3),
        (0.01, pa.array([Decimal("1.10"), Decimal("12345678901234567890.25")], pa.decimal128(38, 2)), 0),
        (0.05, pa.array([Decimal("12345678901234567890.05"), Decimal("0.06")], pa.decimal128(38, 2)), 1),
        (0.1, pa.array([Decimal("0.101"), Decimal("0.100")], pa.decimal128(10, 3)), 1),
    ],
)
def test_multiples_are_exact_for_integers_decimals_and_floats(
    tmp_path: Path, multiple: float, values: pa.Array, broken: int
) -> None:
    is_whole = pa.types.is_integer(values.type)
    found = rows_broken(tmp_path, "integer" if is_whole else "number", {"multipleOf": multiple}, values)

    assert found == broken


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("email", ["a@b.co", "first.last+tag@sub.example.org"], ["a@b", "a b@c.de", "@b.co", "a@-b.co"]),
        ("uuid", ["123e4567-e89b-12d3-a456-426614174000"], ["123e4567e89b12d3a456426614174000", "x"]),
        ("uri", ["https://example.org/a?b=c#d", "urn:isbn:1", "mailto:a@b.co"], ["example.org", "http://a b"]),
        ("hostname", ["example.org", "a", "a-b.c"], ["-a.b", "a..b", "a_b", "a" * 64]),
        ("ipv4", ["1.0.0.0", "255.255.255.255"], ["256.1.1.1", "1.1.1", "01.1.1.1"]),
        ("ipv6", ["::", "::1", "2001:db8::8a2e:370:7334", "::ffff:1.2.3.4"], ["1::2::3", "12345::", ":"]),
        ("ipv6", ["1:2:3:4:5:6:7:8", "1::8"], ["1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9"]),
        ("byte", ["", "YQ==", "YWI=", "YWJj"], ["YQ=", "YWJ", "Y!=="]),
    ],
)
def test_a_format_of_text_takes_its_own_and_refuses_others(
    tmp_path: Path, form: str, good: list[str], bad: list[str]
) -> None:
    assert rows_broken(tmp_path / "good", "string", {"format": form}, pa.array([*good, None])) == 0
    assert rows_broken(tmp_path / "bad", "string", {"format": form}, pa.array(bad)) == len(bad)


@pytest.mark.parametrize(
    ("logical_type", "form", "inside", "outside"),
    [
        ("integer", "i8", pa.int8(), pa.int16()),
        ("integer", "i16", pa.int16(), pa.int32()),
        ("integer", "i32", pa.int32(), pa.int64()),
        ("integer", "i64", pa.int64(), pa.uint64()),
        ("integer", "i128", pa.uint64(), pa.float64()),
        ("integer", "u8", pa.uint8(), pa.int8()),
        ("integer", "u16", pa.uint16(), pa.uint32()),
        ("integer", "u32", pa.uint32(), pa.int32()),
        ("integer", "u64", pa.uint64(), pa.int64()),
        ("number", "f32", pa.float32(), pa.float64()),
        ("number", "f64", pa.float64(), pa.int64()),
    ],
)
def test_a_width_is_that_of_the_stored_type(
    tmp_path: Path, logical_type: str, form: str, inside: pa.DataType, outside: pa.DataType
) -> None:
    contract = a_contract([{"name": "v", "logicalType": logical_type, "logicalTypeOptions": {"format": form}}])

    found = [
        outcomes(verdict_on(contract, tmp_path / name, pa.table({"v": pa.array([1], kind)})))
        for name, kind in (("inside", inside), ("outside", outside))
    ]

    assert (found[0]["v.format"], found[0]["v.logicalType"], found[1]["v.format"]) == (PASSED, PASSED, FAILED)


@pytest.mark.parametrize(("promised", "with_zone", "without"), [(True, PASSED, FAILED), (False, FAILED, PASSED)])
def test_a_time_zone_is_there_or_not_as_promised(
    tmp_path: Path, *, promised: bool, with_zone: CheckOutcome, without: CheckOutcome
) -> None:
    contract = a_contract([{"name": "v", "logicalType": "timestamp", "logicalTypeOptions": {"timezone": promised}}])
    zoned = pa.array([datetime(2013, 1, 1, tzinfo=UTC)], pa.timestamp("us", "UTC"))

    found = [
        outcomes(verdict_on(contract, tmp_path / str(kind.tz), pa.table({"v": zoned.cast(kind)})))
        for kind in (zoned.type, pa.timestamp("us"))
    ]

    assert [one["v.timezone"] for one in found] == [with_zone, without]


DAYS = pa.array([date(2013, 1, 1), date(2013, 1, 2), date(2013, 1, 3), None])
MOMENTS = pa.array([datetime(2013, 1, 1, hour, tzinfo=UTC) for hour in (1, 2, 3)], pa.timestamp("us", "UTC"))


@pytest.mark.parametrize(
    ("logical_type", "option", "values", "broken"),
    [
        ("date", {"minimum": "2013-01-02"}, DAYS, 1),
        ("date", {"exclusiveMinimum": "2013-01-02"}, DAYS, 2),
        ("date", {"maximum": "2013-01-02"}, DAYS, 1),
        ("date", {"exclusiveMaximum": "2013-01-02"}, DAYS, 2),
        ("timestamp", {"minimum": "2013-01-01T02:00:00Z"}, MOMENTS, 1),
        ("timestamp", {"exclusiveMaximum": "2013-01-01T03:00:00+01:00"}, MOMENTS, 2),
        ("string", {"minLength": 2}, pa.array(["é", "éé", None]), 1),
        ("string", {"maxLength": 2}, pa.array(["éé", "ééé", None]), 1),
        ("string", {"pattern": r"^\d\s\d$"}, pa.array(["1\u00a02", "1-2"]), 1),
        ("integer", {"minimum": 2}, pa.array([1, 2, 3]), 1),
        ("integer", {"exclusiveMaximum": 2}, pa.array([1, 2, 3]), 2),
        ("number", {"maximum": 0.5}, pa.array([0.5, 0.5000001]), 1),
    ],
)
def test_bounds_hold_at_the_bound_and_not_beyond(
    tmp_path: Path, logical_type: str, option: dict[str, Any], values: pa.Array, broken: int
) -> None:
    assert rows_broken(tmp_path, logical_type, option, values) == broken


def test_dates_that_are_promised_as_text_are_read_in_their_format(tmp_path: Path) -> None:
    text = pa.array(["31.12.2013", "2013-12-31", "31.02.2013", None])

    assert rows_broken(tmp_path, "date", {"format": "dd.MM.yyyy"}, text, physicalType="VARCHAR(10)") == 2
