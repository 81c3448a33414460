"""`gate init` on real and on awkward Parquet: the draft passes lint, and the newest partition keeps its promises."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from tests.object_storage import endpoint_of
from typer.testing import CliRunner, Result

from partition_gate.adapters.embedded_s3.server import EmbeddedS3
from partition_gate.adapters.object_store.landing import LandingWriter
from partition_gate.apps.cli.main import app, exit_code
from partition_gate.apps.demo.nycflights import by_day, read
from partition_gate.apps.demo.seed import parquet
from partition_gate.core.errors import GateError


def gate(home: Path, *arguments: str, **settings: str) -> Result:
    """In a project of its own, where no other contract has the names of what is drafted."""
    own = {"GATE_HOME": str(home), "GATE_CONTRACTS": str(home / "contracts")}
    return CliRunner().invoke(app, list(arguments), env={**own, **settings})


def outcome(home: Path, contract: Path, key: str) -> dict[str, Any]:
    result = gate(home, "run", str(contract), key, "--json")
    assert result.stdout, result.exception
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def drafted(home: Path, root: Path | str, *options: str, **settings: str) -> Path:
    target = home / "draft.yaml"
    result = gate(home, "init", str(root), "--output", str(target), *options, **settings)
    assert result.exit_code == 0, result.exception
    assert gate(home, "lint", str(target)).exit_code == 0
    return target


def landed(root: Path, key: str, table: pa.Table) -> None:
    folder = root / key
    folder.mkdir(parents=True)
    pq.write_table(table, folder / "part-0.parquet")


def awkward(rows: int = 40) -> pa.Table:
    numbers = range(rows)
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    return pa.table(
        {
            "id": pa.array(numbers, pa.int64()),
            "email": [f"person{n}@example.org" for n in numbers],
            "state": [("open", "closed", None)[n % 3] for n in numbers],
            "ratio": [float("inf") if n == 3 else n / 7 for n in numbers],
            "share": [-n / 1000 for n in numbers],
            "cents": pa.array([n * 10 for n in numbers], pa.decimal128(10, 2)),
            "small": pa.array(numbers, pa.uint8()),
            "huge": pa.array([2**63 + n for n in numbers], pa.uint64()),
            "seen_at": pa.array([moment + timedelta(minutes=n) for n in numbers], pa.timestamp("us", tz="UTC")),
            "local_at": pa.array([datetime(2026, 11, 1, 2, n) for n in numbers], pa.timestamp("ms")),  # noqa: DTZ001
            "day": pa.array([date(2026, 11, 1)] * rows, pa.date32()),
            "is_open": [n % 2 == 0 for n in numbers],
            "empty": pa.array([None] * rows, pa.string()),
            'odd "name"': ["x"] * rows,
            "_gate_row": numbers,  # quarantined rows that landed again have columns of ours
        }
    )


def test_a_draft_of_real_flights_lets_every_profiled_partition_pass(tmp_path: Path):
    root = tmp_path / "landing/flights"
    for day, table in by_day(read("flights"), first=date(2013, 1, 2), last=date(2013, 1, 4)):
        landed(root, f"dt={day}", table)

    contract = drafted(tmp_path, root, "--id", "draft_flights")

    document = yaml.safe_load(contract.read_text())
    carrier = next(each for each in document["schema"][0]["properties"] if each["name"] == "carrier")
    assert "UA" in carrier["quality"][0]["arguments"]["validValues"]
    assert document["slaProperties"][0]["value"] == 1
    assert any(each.get("primaryKey") for each in document["schema"][0]["properties"])
    for key in ("2013-01-02", "2013-01-04"):
        found = outcome(tmp_path, contract, key)
        assert (found["outcome"], found["rows_quarantined"]) == ("published", 0)


def test_awkward_types_nulls_infinities_and_names_pass_too(tmp_path: Path):
    root = tmp_path / "orders"
    landed(root, "dt=2026-11-01", awkward())
    landed(root, "dt=2026-11-02", awkward().append_column("added", pa.array([1] * 40)))

    contract = drafted(tmp_path, root)

    found = outcome(tmp_path, contract, "2026-11-02")
    bad = [check for check in found["checks"] if check["outcome"] != "passed"]
    assert (found["outcome"], found["rows_published"], bad) == ("published", 40, [])
    assert "@example.org" not in contract.read_text()


def test_nested_columns_are_described_to_their_leaves(tmp_path: Path):
    boxes = [{"sku": "a", "sizes": [1, 2], "email": "ann@example.org"}, None]
    table = pa.table({"id": [1, 2], "tags": [["x"], []], "box": boxes, "boxes": [boxes, []]})
    landed(tmp_path / "nested", "dt=2026-11-01", table)

    contract = drafted(tmp_path, tmp_path / "nested")

    properties = {each["name"]: each for each in yaml.safe_load(contract.read_text())["schema"][0]["properties"]}
    parts = {each["name"]: each for each in properties["box"]["properties"]}
    assert properties["tags"]["items"] == {"logicalType": "string"}
    assert parts["sizes"]["items"]["logicalType"] == "integer"
    assert (parts["email"]["classification"], properties["box"]["classification"]) == ("personal", "personal")
    assert [each["name"] for each in properties["boxes"]["items"]["properties"]] == [*parts]
    assert outcome(tmp_path, contract, "2026-11-01")["outcome"] == "published"


def test_s3_partitions_with_two_segments_are_found_and_judged(tmp_path: Path, s3: EmbeddedS3):
    settings = {
        "GATE_S3_ENDPOINT_URL": s3.endpoint_url,
        "GATE_S3_ACCESS_KEY_ID": s3.access_key_id,
        "GATE_S3_SECRET_ACCESS_KEY": s3.secret_access_key,
    }
    writer = LandingWriter(endpoint_of(s3))
    root = f"s3://landing/init-{secrets.token_hex(4)}"
    for hour in ("00", "01", "02"):
        writer.put(f"{root}/dt=2026-11-01/hour={hour}/a.parquet", parquet(awkward()))

    contract = drafted(tmp_path, root, "--partitions", "2", "--id", "hourly", **settings)

    document = yaml.safe_load(contract.read_text())
    assert document["servers"][0]["location"] == f"{root}/dt=*/hour=*/*.parquet"
    assert document["slaProperties"][0] | {"description": ""} == {
        "property": "frequency",
        "value": 1,
        "unit": "h",
        "description": "",
    }
    result = gate(tmp_path, "run", str(contract), "2026-11-01/02", "--json", **settings)
    assert json.loads(result.stdout)["outcome"] == "published"


def test_a_folder_without_segments_is_one_snapshot(tmp_path: Path):
    landed(tmp_path / "planes", "", awkward())

    contract = drafted(tmp_path, tmp_path / "planes")

    assert outcome(tmp_path, contract, "snapshot")["outcome"] == "published"


@pytest.mark.parametrize("place", ["nowhere", "empty"])
def test_nothing_to_draft_from_is_told_and_no_file_is_written(tmp_path: Path, place: str):
    (tmp_path / "empty").mkdir()

    result = gate(tmp_path, "init", str(tmp_path / place), "--output", str(tmp_path / "out.yaml"))

    code = exit_code(result.exception) if isinstance(result.exception, GateError) else result.exit_code
    assert (code, (tmp_path / "out.yaml").exists()) == ({"nowhere": 3, "empty": 2}[place], False)


def test_a_file_that_is_no_parquet_is_told_without_its_content(tmp_path: Path):
    folder = tmp_path / "orders/dt=2026-11-01"
    folder.mkdir(parents=True)
    (folder / "a.parquet").write_text("secret words")

    result = gate(tmp_path, "init", str(tmp_path / "orders"))

    assert "cannot be profiled" in str(result.exception)
    assert "secret" not in str(result.exception)


def test_an_existing_file_is_never_overwritten(tmp_path: Path):
    landed(tmp_path / "orders", "dt=2026-11-01", awkward())
    (tmp_path / "mine.yaml").write_text("mine")

    result = gate(tmp_path, "init", str(tmp_path / "orders"), "--output", str(tmp_path / "mine.yaml"))

    assert (result.exit_code, (tmp_path / "mine.yaml").read_text()) == (2, "mine")


def test_a_folder_with_a_folder_for_each_table_becomes_one_contract_whose_partitions_pass(tmp_path: Path):
    root = tmp_path / "shop"
    for name in ("orders", "lines"):
        landed(root / name, "dt=2026-11-01", awkward())
        landed(root / name, "dt=2026-11-02", awkward())
    (root / "_old" / "x").mkdir(parents=True)
    (root / "empty").mkdir()

    contract = drafted(tmp_path, root)

    document = yaml.safe_load(contract.read_text())
    assert (document["id"], [each["name"] for each in document["schema"]]) == ("shop", ["lines", "orders"])
    assert [each["path"] for each in document["servers"]] == [f"{root}/{{schema}}/dt=*/*.parquet"]
    assert "element" not in document["slaProperties"][0]
    for name in ("orders", "lines"):
        found = json.loads(gate(tmp_path, "run", f"{contract}/{name}", "2026-11-02", "--json").stdout)
        assert (found["dataset"], found["outcome"]) == (name, "published")


def test_tables_with_other_keys_have_servers_and_service_levels_of_their_own(tmp_path: Path):
    root = tmp_path / "shop"
    landed(root / "orders", "dt=2026-11-01", awkward())
    landed(root / "orders", "dt=2026-11-02", awkward())
    landed(root / "the-customers", "", awkward())

    document = yaml.safe_load(drafted(tmp_path, root).read_text())

    assert [(each["path"], each["customProperties"][0]["value"]) for each in document["servers"]] == [
        (f"{root}/orders/dt=*/*.parquet", "orders"),
        (f"{root}/the-customers/*.parquet", "the_customers"),
    ]
    assert {each["element"] for each in document["slaProperties"]} == {"orders"}


def test_two_folders_never_become_one_table(tmp_path: Path):
    root = tmp_path / "shop"
    for name in ("a-b", "a_b", "A-b"):
        landed(root / name, "", awkward())

    document = yaml.safe_load(drafted(tmp_path, root).read_text())

    assert [each["name"] for each in document["schema"]] == ["A_b", "a_b_2", "a_b_3"]


@pytest.mark.parametrize(
    ("place", "options", "command"),
    [
        ("data", (), "gate init {}/data/raw/shop"),
        ("data/raw/shop/orders/2026", (), "gate init {}/data/raw/shop/orders"),
        ("data/raw/shop/orders/2026/11/25", (), "gate init {}/data/raw/shop/orders"),
        ("data/raw/shop/orders", ("--pattern", "{dt:%Y%m%d}/*.parquet"), "gate init {}/data/raw/shop/orders"),
    ],
)
def test_a_wrong_path_or_pattern_is_told_with_a_command_that_works(
    tmp_path: Path, place: str, options: tuple[str, ...], command: str
):
    for day in (25, 26, 27):
        landed(tmp_path, f"data/raw/shop/orders/2026/11/{day}", awkward())
        landed(tmp_path, f"data/raw/shop/lines/dt=2026-11-{day}", awkward())

    refused = gate(tmp_path, "init", str(tmp_path / place), *options)

    assert isinstance(refused.exception, GateError)
    [run] = [line for line in str(refused.exception).splitlines() if line.startswith("  run: ")]
    typed = run.removeprefix("  run: ").partition("   (")[0]
    assert (exit_code(refused.exception), typed) == (2, command.format(tmp_path))
    assert gate(tmp_path, *typed.split()[1:]).exit_code == 0


def test_names_that_were_left_out_are_cut_with_their_number(tmp_path: Path):
    landed(tmp_path / "orders", "dt=2026-11-01", awkward())
    for number in range(25):
        landed(tmp_path / "orders", f"dt={'x' * 201}{number}", awkward())

    told = gate(tmp_path, "init", str(tmp_path / "orders")).stderr

    assert (told.count("skipped "), "and 5 more\n" in told) == (20, True)
