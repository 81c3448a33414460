"""`gate init` on lakes of many shapes: it recognizes the layout, and what the draft came from passes its checks."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from tests.integration.test_gate_init import gate

from partition_gate.adapters.embedded_s3.server import EmbeddedS3
from partition_gate.adapters.object_store.landing import LandingWriter
from partition_gate.adapters.object_store.s3_clients import Endpoint

DAYS = [date(2026, 11, 25) + timedelta(days=number) for number in range(4)]
LANDED = datetime(2026, 11, 30, 1, 30, tzinfo=UTC).timestamp()


def table(day: date, rows: int = 40) -> pa.Table:
    """Orders of a day: unique by id, with few states, and sometimes no note."""
    ids = [day.toordinal() * 1000 + number for number in range(rows)]
    return pa.table(
        {
            "id": pa.array(ids, pa.int64()),
            "state": [("open", "closed", "sent")[each % 3] for each in ids],
            "amount": [each % 97 / 7 for each in ids],
            "note": [None if each % 5 else f"note {each}" for each in ids],
            "placed_at": [datetime(day.year, day.month, day.day, each % 24, tzinfo=UTC) for each in ids],
        }
    )


def put(root: Path, name: str, data: pa.Table | bytes) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data) if isinstance(data, bytes) else pq.write_table(data, path)
    os.utime(path, (LANDED, LANDED))


def of_days(form: str) -> dict[str, pa.Table]:
    return {day.strftime(form): table(day) for day in DAYS}


def lines_of(day: date) -> pa.Table:
    """Two or three lines of each order: unique by order and line."""
    pairs = [(order, line) for order in table(day)["id"].to_pylist() for line in range(2 + order % 2)]
    return pa.table(
        {"order_id": [each[0] for each in pairs], "line": [each[1] for each in pairs], "pieces": [1] * len(pairs)}
    )


def orders_of(day: date) -> pa.Table:
    return table(day).rename_columns(["order_id", "state", "amount", "note", "placed_at"])


JUNK = dict.fromkeys(("_SUCCESS", "_delta_log/0.json", "_temporary/0/part-9.parquet", ".part-0.parquet.crc"), b"")
LAKES: dict[str, tuple[dict[str, Any], str]] = {
    "folders of days": (of_days("%Y/%m/%d/part-0.parquet") | JUNK, "{dt:%Y/%m/%d}/*.parquet"),
    "folders of hours": (of_days("%Y/%m/%d/07/part-0.parquet"), "{dt:%Y/%m/%d}/{hour:%H}/*.parquet"),
    "folders with a date": (of_days("%Y-%m-%d/data/part-0.parquet"), "{dt:%Y-%m-%d}/data/*.parquet"),
    "a file a day": (of_days("events_%Y%m%d.parquet") | JUNK, "events_{dt:%Y%m%d}.parquet"),
    "files of a day": (
        of_days("events_%Y%m%d_0.parquet") | {"events_20261125_1.parquet": table(date(2026, 11, 1))},
        "events_{dt:%Y%m%d}_*.parquet",
    ),
    "files in folders of years": (of_days("%Y/events-%Y-%m-%d.parquet"), "{dt:%Y}/events-{dt:%Y-%m-%d}.parquet"),
    "months": (
        {f"2026/0{month}/a.parquet": table(date(2026, month, 1)) for month in (1, 2)},
        "{year:%Y}/{month:%m}/*.parquet",
    ),
    "regions": (
        {f"{region}/{day:%Y-%m-%d}/part-0.parquet": table(day) for day in DAYS for region in ("EU", "US")},
        "{folder}/{dt:%Y-%m-%d}/*.parquet",
    ),
    "regions of Hive segments": (
        {f"{region}/dt={day}/part-0.parquet": table(day) for day in DAYS for region in ("us-east-1", "eu-west-3")},
        "{folder}/dt={dt}/*.parquet",
    ),
    "files with a column dt": (
        {f"{day:%Y%m%d}.parquet": table(day).append_column("dt", pa.array(["x"] * 40)) for day in DAYS},
        "{partition_date:%Y%m%d}.parquet",
    ),
}  # fmt: skip


def drafted(home: Path, root: Path | str, *options: str, **settings: str) -> tuple[Path, dict[str, Any], str]:
    """The file of the draft, its document, and what the command told."""
    target = home / "draft.yaml"
    result = gate(home, "init", str(root), "--output", str(target), *options, **settings)
    assert result.exit_code == 0, result.output + str(result.exception)
    linted = gate(home, "lint", str(target), **settings)
    assert linted.exit_code == 0, linted.output
    return target, yaml.safe_load(target.read_text()), result.stderr


def is_green(home: Path, dataset: str, key: str, **settings: str) -> bool:
    result = gate(home, "run", dataset, key, "--json", **settings)
    assert result.stdout, str(result.exception)
    found = json.loads(result.stdout)
    blocking = [check["rule_id"] for check in found["checks"] if check["outcome"] == "failed"]
    assert (result.exit_code, found["outcome"], found["rows_quarantined"]) == (0, "published", 0), blocking
    return True


def pattern_of(server: Mapping[str, Any]) -> str:
    custom = {each["property"]: each["value"] for each in server.get("customProperties", ())}
    return str(custom.get("partitionPattern", ""))


def keys_of(pattern: str) -> list[str]:
    if "month" in pattern:
        return ["2026/01", "2026/02"]
    before, after = "", "/07" if "hour" in pattern else ""
    if pattern.startswith("{folder}"):
        before = "us-east-1/" if "dt=" in pattern else "EU/"
    return [f"{before}{day}{after}" for day in DAYS]


@pytest.mark.parametrize("name", LAKES)
def test_the_draft_of_a_lake_names_its_paths_and_lets_everything_pass_that_it_came_from(
    tmp_path: Path, name: str
) -> None:
    files, pattern = LAKES[name]
    for path, data in files.items():
        put(tmp_path / "lake", path, data)

    contract, document, told = drafted(tmp_path, tmp_path / "lake")

    assert [pattern_of(server) for server in document["servers"]] == [pattern]
    assert f"paths are {pattern}: " in told
    assert all(is_green(tmp_path, str(contract), key) for key in keys_of(pattern))


def test_a_lake_in_s3_is_drafted_like_a_local_one(tmp_path: Path, s3: EmbeddedS3) -> None:
    settings = {
        "GATE_S3_ENDPOINT_URL": s3.endpoint_url,
        "GATE_S3_ACCESS_KEY_ID": s3.access_key_id,
        "GATE_S3_SECRET_ACCESS_KEY": s3.secret_access_key,
    }
    writer = LandingWriter(Endpoint.with_key(s3.endpoint_url, s3.access_key_id, s3.secret_access_key, s3.region))
    root = f"s3://landing/init-{secrets.token_hex(4)}"
    for path, data in of_days("events_%Y%m%d.parquet").items():
        body = BytesIO()
        pq.write_table(data, body)
        writer.put(f"{root}/{path}", body.getvalue())

    contract, document, _ = drafted(tmp_path, root, "--id", "events", **settings)

    assert (document["servers"][0]["location"], pattern_of(document["servers"][0])) == (
        root,
        "events_{dt:%Y%m%d}.parquet",
    )
    assert is_green(tmp_path, str(contract), "2026-11-28", **settings)


def test_files_of_several_tables_in_one_folder_become_tables_with_a_key_and_a_relationship(tmp_path: Path) -> None:
    for day in DAYS:
        put(tmp_path / "shop", f"orders_{day:%Y%m%d}.parquet", orders_of(day))
        put(tmp_path / "shop", f"lines_{day:%Y%m%d}.parquet", lines_of(day))

    contract, document, told = drafted(tmp_path, tmp_path / "shop")

    lines = next(each for each in document["schema"] if each["name"] == "lines")
    columns = {each["name"]: each for each in lines["properties"]}
    assert [pattern_of(server) for server in document["servers"]] == ["{schema}_{dt:%Y%m%d}.parquet"]
    assert [name for name, each in columns.items() if each.get("primaryKey")] == ["order_id", "line"]
    assert columns["order_id"]["relationships"] == [{"to": "orders.order_id"}]
    assert "lines: order_id refers to orders.order_id: all 160 values exist there" in told
    assert all(is_green(tmp_path, f"{contract}/{name}", str(day)) for name in ("orders", "lines") for day in DAYS)


def test_a_table_that_lands_whole_each_day_has_a_key_within_each_day_and_can_be_referred_to(tmp_path: Path) -> None:
    for day in DAYS:
        customers = pa.table({"customer_id": list(range(100)), "tier": ["gold", "blue"] * 50})
        put(tmp_path / "shop", f"customers_{day:%Y%m%d}.parquet", customers)
        bought = pa.table({"order_id": [day.day * 100 + n for n in range(50)], "customer_id": list(range(50))})
        put(tmp_path / "shop", f"orders_{day:%Y%m%d}.parquet", bought)

    contract, document, told = drafted(tmp_path, tmp_path / "shop")

    by_table = {each["name"]: {c["name"]: c for c in each["properties"]} for each in document["schema"]}
    assert by_table["customers"]["customer_id"]["primaryKey"]
    assert by_table["orders"]["customer_id"]["relationships"] == [{"to": "customers.customer_id"}]
    assert "customers: the primary key is customer_id: unique in each partition, not in all" in told
    assert all(is_green(tmp_path, f"{contract}/{name}", str(day)) for name in by_table for day in DAYS)


def test_a_column_that_is_named_after_another_table_refers_to_it_only_if_all_its_values_exist_there(
    tmp_path: Path,
) -> None:
    customers = pa.table({"id": pa.array(range(1, 9), pa.int64()), "city": ["x", "y"] * 4})
    put(tmp_path / "shop/customers", "part-0.parquet", customers)
    for day in DAYS:
        rows = table(day)
        rows = rows.append_column("customer_id", pa.array([1 + each % 8 for each in range(40)], pa.int64()))
        put(tmp_path / "shop/orders", f"{day:%Y/%m/%d}/a.parquet", rows)
        wrong = rows.set_column(5, "customer_id", pa.array([each % 9 for each in range(40)], pa.int64()))
        put(tmp_path / "shop/returns", f"{day:%Y/%m/%d}/a.parquet", wrong)

    contract, document, _ = drafted(tmp_path, tmp_path / "shop")

    references = {
        (each["name"], column["name"]): column["relationships"]
        for each in document["schema"]
        for column in each["properties"]
        if "relationships" in column
    }
    assert references == {("orders", "customer_id"): [{"to": "customers.id"}]}
    assert is_green(tmp_path, f"{contract}/customers", "snapshot")
    assert all(is_green(tmp_path, f"{contract}/{name}", str(DAYS[0])) for name in ("orders", "returns"))


def with_check_digit(number: int) -> int:
    """The number of a card that begins like this."""
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(str(number)))]
    return number * 10 + -sum(each // 10 + each % 10 for each in doubled) % 10


PEOPLE: dict[str, list[Any]] = {
    "reach_me": [f"+49 30 55501{number:02d}" for number in range(20)],
    "paid_with": [with_check_digit(453914880343640 + number) for number in range(20)],
    "account": ["DE89370400440532013000", "GB29NWBK60161331926819"] * 10,
    "contact": [f"person{number}@example.org" for number in range(20)],
    "passenger_name": [f"Ann{'abcdefghijklmnopqrst'[number]} Smith" for number in range(20)],
    "monthly_salary": [41000 + number for number in range(20)],
}


def test_no_value_of_a_person_is_in_the_draft_or_in_what_the_command_tells(tmp_path: Path) -> None:
    rows = pa.table({"id": list(range(20)), **PEOPLE, "plain": [700 + number for number in range(20)]})
    put(tmp_path / "people", "2026-11-28/a.parquet", rows)

    contract, document, told = drafted(tmp_path, tmp_path / "people")

    columns = {each["name"]: each for each in document["schema"][0]["properties"]}
    assert {name for name, each in columns.items() if each.get("classification")} == {*PEOPLE}
    shown = contract.read_text() + told
    values = [str(value) for values in PEOPLE.values() for value in values]
    assert [value for value in values if value in shown] == []
    assert not any(set(columns[name]) & {"logicalTypeOptions", "quality"} for name in PEOPLE)
    assert columns["plain"]["logicalTypeOptions"] == {"minimum": 700, "maximum": 720}
    assert "contact is personal, because 100 % of its values look like e-mail addresses" in told
    assert is_green(tmp_path, str(contract), "2026-11-28")


def test_service_levels_come_from_the_history_of_arrivals_of_every_region(tmp_path: Path) -> None:
    for number, day in enumerate(DAYS):
        for region in ("EU", "US"):
            path = f"{region}/{day:%Y/%m/%d}/a.parquet"
            put(tmp_path / "lake", path, table(day))
            arrived = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1, hours=1 + number)
            os.utime(tmp_path / "lake" / path, (arrived.timestamp(),) * 2)

    _, document, told = drafted(tmp_path, tmp_path / "lake")

    levels = {each["property"]: (each["value"], each["unit"]) for each in document["slaProperties"]}
    settings = {each["property"]: each["value"] for each in document["customProperties"]}
    assert (levels, settings["startDate"]) == ({"frequency": (1, "d"), "latency": (5, "h")}, "2026-11-25")
    assert "lake: latency 5 h: 8 partitions arrived within 4 h after their period (UTC)" in told


def test_the_newest_partitions_of_every_region_are_read(tmp_path: Path) -> None:
    for region in ("EU", "US"):
        for day in DAYS:
            rows = table(day).set_column(1, "state", pa.array([f"{region} {number % 2}" for number in range(40)]))
            put(tmp_path / "lake", f"{region}/{day:%Y/%m/%d}/a.parquet", rows)

    _, document, _ = drafted(tmp_path, tmp_path / "lake", "--partitions", "2")

    state = next(each for each in document["schema"][0]["properties"] if each["name"] == "state")
    assert state["quality"][0]["arguments"]["validValues"] == ["EU 0", "EU 1", "US 0", "US 1"]


def test_a_pattern_that_a_person_gives_takes_the_place_of_the_guess(tmp_path: Path) -> None:
    for day in DAYS:
        put(tmp_path / "lake", f"north_{day:%d%m%Y}.parquet", table(day))

    guess = gate(tmp_path, "init", str(tmp_path / "lake"), "--pattern", "{where}_{day:%d%m%Y}.parquet")
    wrong = gate(tmp_path, "init", str(tmp_path / "lake"), "--pattern", "{where}{day:%d%m%Y}.parquet")

    assert pattern_of(yaml.safe_load(guess.stdout)["servers"][0]) == "{where}_{day:%d%m%Y}.parquet"
    told = " ".join(wrong.stderr.replace("│", " ").split())
    assert (wrong.exit_code, "nothing separates {where} from {day}" in told) == (2, True)


def test_the_demo_s_lake_is_drafted_with_its_relationships_and_all_of_it_is_green(tmp_path: Path) -> None:
    seeded = gate(tmp_path, "seed", "--into", str(tmp_path / "lake"), "--from", "2013-01-01", "--to", "2013-01-03")
    assert seeded.exit_code == 0, seeded.output

    contract, document, told = drafted(tmp_path, tmp_path / "lake", "--partitions", "30")

    references = {
        f"{each['name']}.{column['name']} {reference['to']}"
        for each in document["schema"]
        for column in each["properties"]
        for reference in column.get("relationships", ())
    }
    assert "flights.carrier airlines.carrier" in references
    names = sorted((each["name"] for each in document["schema"]), key=lambda name: name in {"flights", "weather"})
    keys = {"flights": "2013-01-02", "weather": "2013-01-02", "weather_hourly": "2013-01-01/07"}
    assert all(is_green(tmp_path, f"{contract}/{name}", keys.get(name, "snapshot")) for name in names)
    assert told.count("\n  ") <= 12


def with_defects(day: date) -> pa.Table:
    """1,000 orders of a day. The last day has a few rows that break what all others keep."""
    numbers, is_last = range(1000), day == DAYS[-1]
    columns: dict[str, list[Any]] = {
        "order_id": [f"o{day:%d}-{number}" for number in numbers],
        "customer_id": [number % 50 for number in numbers],
        "email": [f"person{number % 50}@example.org" for number in numbers],
        "distance": [80 + number * 37 % 4900 for number in numbers],
        "shipped_on": [day] * 1000,
        "placed_at": [datetime(day.year, day.month, day.day, number % 24, tzinfo=UTC) for number in numbers],
        "state": [("open", "closed", "sent")[number % 3] for number in numbers],
        "note": [f"note {number}" for number in numbers],
    }
    if is_last:
        columns["order_id"][5] = columns["order_id"][4]
        columns["customer_id"][7:10] = [999] * 3
        columns["distance"][3] = -999999
        columns["shipped_on"][4] = date(1900, 1, 1)
        columns["placed_at"][4] = datetime(1900, 1, 1, tzinfo=UTC)
        columns["state"][9] = "opne"
        columns["note"][1:3] = [None] * 2
    return pa.table(columns)


def test_defects_become_warnings_with_their_figures_and_the_rows_that_they_came_from_pass(tmp_path: Path) -> None:
    emails = [f"person{number}@example.org" for number in range(50)]
    put(tmp_path / "shop/customers", "a.parquet", pa.table({"email": emails, "id": list(range(50))}))
    for day in DAYS:
        put(tmp_path / "shop/orders", f"dt={day}/a.parquet", with_defects(day))

    contract, document, told = drafted(tmp_path, tmp_path / "shop")

    properties = {each["name"]: each for each in document["schema"][1]["properties"]}
    relationships = {
        name: each["relationships"][0]["to"] for name, each in properties.items() if "relationships" in each
    }
    assert relationships == {"customer_id": "customers.id"}
    figures = (
        "customer_id refers to customers.id: nearly: 3 of 4,000 rows have no parent (a warning)",
        "order_id is nearly a key: 2 of 4,000 rows share their value (a warning)",
        "distance has values far below all others: in 1 of 4,000 rows (a warning)",
        "shipped_on has values far below all others: in 1 of 4,000 rows (a warning)",
        "placed_at has values far below all others: in 1 of 4,000 rows (a warning)",
        "state nearly has only 3 values: 1 of 4,000 rows have others (a warning)",
    )
    assert [figure for figure in figures if f"  orders: {figure}\n" not in told] == []
    assert is_green(tmp_path, f"{contract}/customers", "snapshot")
    assert is_green(tmp_path, f"{contract}/orders", str(DAYS[-1]))


def test_each_drafted_warning_finds_the_rows_that_it_was_drafted_from(tmp_path: Path) -> None:
    for day in DAYS:
        put(tmp_path / "orders", f"dt={day}/a.parquet", with_defects(day))

    contract, _, _ = drafted(tmp_path, tmp_path / "orders")

    result = gate(tmp_path, "run", str(contract), str(DAYS[-1]), "--json")
    warned = {each["rule_id"] for each in json.loads(result.stdout)["checks"] if each["outcome"] == "warned"}
    ids = {"order_id_duplicates", "distance_minimum", "shipped_on_minimum", "placed_at_minimum", "state_values"}
    assert warned == {f"orders.{name}" for name in ids} or warned == ids
