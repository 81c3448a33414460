"""Keys of every type through whole runs: landing, checks, publish, view, quarantine, status; and keys typed wrong."""

from __future__ import annotations

import io
import json
import re
import secrets
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from tests.integration.test_gate_run import COULD_NOT_JUDGE, PUBLISHED, USAGE, Desk, check_of
from tests.object_storage import endpoint_of

from partition_gate.adapters.embedded_s3.server import EmbeddedS3
from partition_gate.adapters.object_store.landing import LandingWriter

# As Spark and pandas name folders; what a person types; what we call it.
FOLDER = (
    "begins=2013-01-03 07%3A00%3A00/wall=2013-01-03 07:00:00.000000/price=1.5/is_open=true/"
    "n=7/region=B%20B/dt=2013-01-03"
)
TYPED = "2013-01-03T02:00:00-05:00/2013-01-03T07:00/1.5/true/07/B B/2013-01-03"
KEY = "2013-01-03T07:00:00Z/2013-01-03T07:00:00/1.50/true/7/B%20B/2013-01-03"
NULLS = "/".join(["__HIVE_DEFAULT_PARTITION__"] * 7)
COLUMNS = "begins, wall, price, is_open, n, region, dt"
VALUES = (
    datetime(2013, 1, 3, 7, tzinfo=UTC),
    datetime(2013, 1, 3, 7),  # noqa: DTZ001 -- a column without a zone
    *(Decimal("1.50"), True, 7, "B B", date(2013, 1, 3)),
)


def keyed(name: str, logical_type: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "logicalType": logical_type, "partitioned": True, **more}


def schema() -> list[dict[str, Any]]:
    """Each key column with a check that the engine must see its value for."""
    columns = [
        keyed("begins", "timestamp", logicalTypeOptions={"minimum": "2013-01-01T00:00:00Z"}),
        keyed("wall", "timestamp", logicalTypeOptions={"timezone": False, "minimum": "2013-01-01T00:00:00"}),
        keyed("price", "number", physicalType="decimal(10,2)", logicalTypeOptions={"minimum": 1.5, "maximum": 1.5}),
        keyed("is_open", "boolean"),
        keyed("n", "integer", logicalTypeOptions={"minimum": 7, "maximum": 7}),
        keyed("region", "string", logicalTypeOptions={"pattern": "^B B$"}),
        keyed("dt", "date", logicalTypeOptions={"minimum": "2013-01-03"}),
        {"name": "id", "logicalType": "integer", "logicalTypeOptions": {"minimum": 0}},
    ]
    return [{"name": "orders", "properties": columns}]


def server(root: str) -> dict[str, Any]:
    place = f"{root}/begins=*/wall=*/price=*/is_open=*/n=*/region=*/dt=*/*.parquet"
    if root.startswith("s3://"):
        return {"server": "x", "type": "s3", "format": "parquet", "location": place}
    return {"server": "x", "type": "local", "format": "parquet", "path": place}


def rows(*, bad: int = 1) -> bytes:
    body = io.BytesIO()
    pq.write_table(pa.table({"id": [*range(100 - bad), *([-1] * bad)]}), body)
    return body.getvalue()


def on_disk(desk: Desk, s3: EmbeddedS3) -> None:
    desk.write_contract(schema=schema(), servers=[server(str(desk.landing))])
    for folder in (FOLDER, nulls_folder()):
        (desk.landing / folder).mkdir(parents=True)
        (desk.landing / folder / "part-0.parquet").write_bytes(rows())


def on_s3(desk: Desk, s3: EmbeddedS3) -> None:
    name = f"keys-{secrets.token_hex(4)}"
    desk.environment = {
        "GATE_S3_ENDPOINT_URL": s3.endpoint_url,
        "GATE_S3_ACCESS_KEY_ID": s3.access_key_id,
        "GATE_S3_SECRET_ACCESS_KEY": s3.secret_access_key,
        "GATE_WAREHOUSE_URI": f"s3://warehouse/{name}",
        "GATE_QUARANTINE_URI": f"s3://warehouse/{name}-quarantine",
    }
    desk.write_contract(schema=schema(), servers=[server(f"s3://landing/{name}")])
    writer = LandingWriter(endpoint_of(s3))
    for folder in (FOLDER, nulls_folder()):
        writer.put(f"s3://landing/{name}/{folder}/part-0.parquet", rows())


def nulls_folder() -> str:
    names = COLUMNS.split(", ")
    return "/".join(f"{name}={part}" for name, part in zip(names, NULLS.split("/"), strict=True))


@pytest.mark.parametrize("landed", [on_disk, on_s3])
def test_keys_of_every_type_are_judged_published_and_recorded_as_one_value(
    tmp_path: Path, s3: EmbeddedS3, landed: Any
) -> None:
    landed(desk := Desk(tmp_path), s3)

    code, document = desk.run(TYPED)
    again, repeated = desk.run(KEY)

    assert (code, document["outcome"], document["partition_key"]) == (PUBLISHED, "published_with_quarantine", KEY)
    assert (again, repeated["already_published"], repeated["attempt_id"]) == (PUBLISHED, True, document["attempt_id"])
    assert [check["rule_id"] for check in document["checks"] if check["outcome"] == "failed"] == ["id.minimum"]
    assert check_of(document, "price.minimum")["element_count"] == 100
    assert document["links"]["quarantine_files"].endswith(f"/orders/{KEY}/{document['attempt_id']}")
    assert [one["partition_key"] for one in json.loads(desk.gate("status", "--json").stdout)["partitions"]] == [KEY]
    if landed is on_disk:
        assert desk.query(f"SELECT DISTINCT {COLUMNS} FROM orders") == [VALUES]  # noqa: S608 -- a constant
        found = DeltaTable(str(desk.home / "warehouse" / "orders")).to_pyarrow_table().select(COLUMNS.split(", "))
        assert {tuple(row.values()) for row in found.to_pylist()} == {VALUES}


def test_a_key_of_nulls_is_a_partition_of_its_own(tmp_path: Path, s3: EmbeddedS3) -> None:
    on_disk(desk := Desk(tmp_path), s3)

    code, document = desk.run(NULLS)

    assert (code, document["outcome"], document["partition_key"]) == (PUBLISHED, "published_with_quarantine", NULLS)
    assert desk.query(f"SELECT DISTINCT {COLUMNS} FROM orders") == [(None,) * 7]  # noqa: S608 -- a constant


@pytest.fixture
def daily(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write_contract()
    return desk


@pytest.mark.parametrize("arguments", [["2013-13-45"], [], ["infinity"], [".."], ["2013-1-3"]], ids=str)
def test_a_key_typed_wrong_is_a_usage_error_with_an_example_and_nothing_is_recorded(
    daily: Desk, arguments: list[str]
) -> None:
    done = daily.gate("run", str(daily.contract), *arguments)

    assert done.returncode == USAGE
    assert re.search(r"; write a key such as 20\d\d-\d\d-\d\d$", done.stderr.strip())
    assert "Traceback" not in done.stderr
    assert json.loads(daily.gate("status", "--json").stdout)["partitions"] == []
    assert not list((daily.home / "inbox").glob("*"))


def test_two_folders_of_one_value_are_an_outcome_of_that_partition_only(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    columns = [keyed("n", "integer"), {"name": "id", "logicalType": "integer"}]
    place = {"server": "x", "type": "local", "format": "parquet", "path": f"{desk.landing}/n=*/*.parquet"}
    desk.write_contract(schema=[{"name": "orders", "properties": columns}], servers=[place])
    for folder in ("n=7", "n=07", "n=8"):
        (desk.landing / folder).mkdir(parents=True)
        (desk.landing / folder / "part-0.parquet").write_bytes(rows())

    code, document = desk.run("7")
    other, published = desk.run("8")

    assert (code, document["outcome"]) == (COULD_NOT_JUDGE, "errored")
    assert "landing has two folders for partition 7: n=7 and n=07; keep one of them" in document["why"][0]
    assert (other, published["outcome"]) == (PUBLISHED, "published")


@pytest.mark.parametrize(("logical_type", "stored"), [("number", "DOUBLE"), ("array", "VARCHAR[]")])
def test_lint_refuses_a_key_of_a_type_whose_values_have_no_single_text(
    daily: Desk, logical_type: str, stored: str
) -> None:
    columns = [keyed("dt", logical_type), {"name": "id", "logicalType": "integer"}]
    daily.write_contract(schema=[{"name": "orders", "properties": columns}])

    done = daily.gate("lint", str(daily.contract))

    assert done.returncode == 1
    assert f"schema[0].properties[0].logicalType: {stored} cannot be a partition key" in done.stdout
    assert "use text, a whole number, a decimal, a date, a timestamp or a boolean" in done.stdout
