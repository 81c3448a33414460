"""`gate quarantine` as a person uses it: real files and tables, in folders and in S3."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.integration.test_gate_run import DT, FAILED, KEY, PUBLISHED, USAGE, Desk, at

from partition_gate.adapters.embedded_s3.server import EmbeddedS3

COLUMNS: list[dict[str, Any]] = [
    DT,
    {"name": "id", "logicalType": "integer", "required": True, "primaryKey": True, "primaryKeyPosition": 1},
    {"name": "amount", "logicalType": "number", "logicalTypeOptions": {"minimum": 0}, "classification": "confidential"},
    {"name": "note", "physicalName": "remark", "logicalType": "string"},
    {"name": "opens", "logicalType": "time"},
]
CITY = {"name": "city", "logicalType": "string"}
BAD = {7: -7.5, 8: -8.5, 9: -9.5}


def rows(*ids: int, bad: dict[int, float] = BAD) -> dict[str, Any]:
    return {
        "id": pa.array(ids, pa.int32()),
        "amount": [bad.get(id_, 1.5) for id_ in ids],
        "remark": [f"=note {id_}" if id_ % 2 else "" for id_ in ids],
        "opens": [time(8, 30)] * len(ids),
        "unpromised": [f"secret {id_}" for id_ in ids],
    }


class Quarantine(Desk):
    """A day of 100 orders, of which three have an amount below zero."""

    def begin(self) -> None:
        self.write_contract(schema=[{"name": "orders", "properties": COLUMNS}])
        self.land(KEY, **rows(*range(100)))
        assert self.run()[1]["outcome"] == "published_with_quarantine"

    def ask(self, command: str, *arguments: str) -> dict[str, Any]:
        done = self.gate("quarantine", command, str(self.contract), KEY, *arguments, "--json")
        assert done.stdout, done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def export(self, name: str, *arguments: str) -> Path:
        to = self.folder / name
        done = self.gate("quarantine", "export", str(self.contract), KEY, "--to", str(to), *arguments)
        assert done.returncode == 0, done.stderr
        return to

    def amounts(self) -> dict[int, float]:
        return dict(self.query("SELECT id, amount FROM orders"))

    def in_quarantine(self) -> dict[int, int]:
        """The ids in quarantine, with their attempts."""
        table = pq.read_table(self.export(f"{len(list(self.folder.iterdir()))}.parquet", "--columns", "id"))
        return dict(zip(table["id"].to_pylist(), table["_gate_attempts"].to_pylist(), strict=True))


@pytest.fixture
def local(tmp_path: Path) -> Quarantine:
    desk = Quarantine(tmp_path)
    desk.begin()
    return desk


@pytest.fixture(params=["folder", "s3"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Quarantine:
    desk = Quarantine(tmp_path)
    if request.param == "s3":
        s3: EmbeddedS3 = request.getfixturevalue("s3")
        root = f"s3://warehouse/{tmp_path.name}"
        desk.environment = {
            **at(s3),
            "GATE_WAREHOUSE_URI": f"{root}/tables",
            "GATE_QUARANTINE_URI": f"{root}/quarantine",
        }
    desk.begin()
    return desk


def test_an_expression_repairs_rows_and_publishes_them_with_the_others(desk: Quarantine) -> None:
    document = desk.ask("replay", "--set", "amount=abs(amount)")
    assert (document["outcome"], document["rows_published"]) == ("published", 100), document["why"]
    assert desk.gate("reconcile").returncode == 0


def test_chosen_rows_are_published_and_the_others_stay(desk: Quarantine) -> None:
    document = desk.ask("replay", "--where", "id = 7", "--set", "amount=abs(amount)")
    assert (document["rows_published"], document["rows_quarantined"]) == (98, 2), document["why"]
    assert desk.in_quarantine() == {8: 1, 9: 1}
    assert desk.gate("reconcile").returncode == 0


def test_an_expression_changes_the_rows_in_quarantine_and_no_others(local: Quarantine) -> None:
    local.ask("replay", "--set", "amount=abs(amount)")
    assert local.amounts() == {id_: abs(BAD.get(id_, 1.5)) for id_ in range(100)}


def test_columns_come_back_as_they_were_published(local: Quarantine) -> None:
    before = local.query("SELECT id, note, opens FROM orders WHERE id NOT IN (7, 8, 9) ORDER BY id")
    local.ask("replay", "--set", "amount=abs(amount)")
    assert local.query("SELECT id, note, opens FROM orders WHERE id NOT IN (7, 8, 9) ORDER BY id") == before
    assert local.query("SELECT note, opens FROM orders WHERE id = 7") == [("=note 7", "08:30:00")]


def test_rows_that_fail_again_keep_their_place_in_landing_and_count_attempts(local: Quarantine) -> None:
    before = pq.read_table(local.export("before.parquet", "--columns", "id"))
    local.ask("replay")
    after = pq.read_table(local.export("after.parquet", "--columns", "id"))
    places = ["id", "_gate_source_file", "_gate_source_row", "_gate_reasons"]
    assert after.select(places).to_pylist() == before.select(places).to_pylist()
    assert after["_gate_attempts"].to_pylist() == [2, 2, 2]


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv"])
def test_an_export_that_is_corrected_replaces_its_rows(local: Quarantine, name: str) -> None:
    exported = local.export(name, "--unmasked")
    if name.endswith(".csv"):
        exported.write_text(exported.read_text().replace("-", ""))
    else:
        table = pq.read_table(exported)
        pq.write_table(
            table.set_column(table.schema.get_field_index("amount"), "amount", pa.array([7.5, 8.5, 9.5])), exported
        )
    document = local.ask("replay", "--with", str(exported))
    assert (document["outcome"], document["rows_published"]) == ("published", 100), document["why"]
    assert local.query("SELECT id, amount, note FROM orders WHERE id IN (7, 8, 9) ORDER BY id") == [
        (7, 7.5, "=note 7"),
        (8, 8.5, ""),
        (9, 9.5, "=note 9"),
    ]


def test_an_export_hides_what_the_contract_classifies_or_does_not_name(local: Quarantine) -> None:
    exported = local.export("rows.csv").read_text()
    assert [shown for shown in ("-7.5", "secret 7") if shown in exported] == []


def test_an_export_is_for_its_owner_only(local: Quarantine) -> None:
    assert local.export("rows.parquet").stat().st_mode & 0o077 == 0


def test_no_text_of_an_export_is_a_formula_for_a_spreadsheet(local: Quarantine) -> None:
    with local.export("rows.csv", "--columns", "remark").open(newline="") as file:
        assert [line["remark"] for line in csv.DictReader(file)] == ["'=note 7", "", "'=note 9"]


def test_masked_values_cannot_become_data(local: Quarantine) -> None:
    masked = local.export("rows.parquet")
    done = local.gate("quarantine", "replay", str(local.contract), KEY, "--with", str(masked))
    assert (done.returncode, "it has masked values" in done.stderr) == (USAGE, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", "amount=amount / nothing"), 'Referenced column "nothing" not found'),
        (("--set", "amuont=1"), "did you mean 'amount'?"),
        (("--set", "amount=(SELECT max(amount) FROM read_parquet('/etc/passwd'))"), "it reads read_parquet"),
        (("--set", "amount=1) FROM quarantined WHERE (id = 7"), "correct it"),
        (("--where", "id = 7; DROP TABLE quarantined"), "correct it"),
        (("--where", "id = 700"), "no row in quarantine fits --where"),
        (("--set", "id=CAST(remark AS INTEGER)"), "it has no INTEGER for one of the rows"),
    ],
)
def test_an_expression_that_cannot_be_used_says_why_and_changes_nothing(
    local: Quarantine, arguments: tuple[str, ...], said: str
) -> None:
    before = local.files()
    done = local.gate("quarantine", "replay", str(local.contract), KEY, *arguments)
    assert (done.returncode, said in done.stderr) == (USAGE, True), done.stderr
    assert "=note" not in done.stderr
    assert local.files() == before


def test_a_dry_run_says_how_many_rows_would_pass_and_changes_nothing(local: Quarantine) -> None:
    before = local.files()
    done = local.gate(*("quarantine", "replay", str(local.contract), KEY, "--set", "amount=amount + 8", "--dry-run"))
    assert done.returncode == PUBLISHED, done.stderr
    assert "3 rows would be taken from quarantine, 0 kept back, and 2 would be in quarantine afterwards" in done.stdout
    assert local.files() == before


def test_a_repeated_run_does_not_undo_a_replay_and_a_new_delivery_does(local: Quarantine) -> None:
    local.ask("replay", "--set", "amount=abs(amount)")
    assert local.run()[1]["rows_published"] == 100
    local.land(KEY, **rows(*range(200, 290), bad={}))
    _, document = local.run()
    assert document["rows_published"] == 90
    assert any("new files replace what" in why for why in document["why"])


def test_a_contract_that_changes_judges_the_replayed_version(local: Quarantine) -> None:
    local.ask("replay", "--where", "id = 7", "--set", "amount=70")
    relaxed = [COLUMNS[0], COLUMNS[1], {**COLUMNS[2], "logicalTypeOptions": {"minimum": -8.6}}, *COLUMNS[3:]]
    local.write_contract(schema=[{"name": "orders", "properties": relaxed}], version="1.0.1")
    _, document = local.run()
    assert (document["rows_published"], document["rows_quarantined"], local.amounts()[7]) == (99, 1, 70.0)


def test_a_duplicate_of_a_published_row_does_not_come_in(local: Quarantine) -> None:
    document = local.ask("replay", "--where", "id = 7", "--set", "id=6", "--set", "amount=1")
    assert (document["rows_published"], document["rows_quarantined"]) == (96, 4)
    assert 6 not in local.amounts()


def test_rows_of_a_rejected_partition_are_replayed_alone(local: Quarantine) -> None:
    local.land("2026-01-02", **rows(*range(20), bad=dict.fromkeys(range(10), -1.0)))
    assert local.run("2026-01-02")[1]["outcome"] == "rejected"
    done = local.gate(
        *("quarantine", "replay", str(local.contract), "2026-01-02", "--set", "amount=abs(amount)", "--json")
    )
    assert json.loads(done.stdout)["rows_published"] == 20, done.stdout


def test_replayed_rows_need_no_files_in_landing(local: Quarantine) -> None:
    shutil.rmtree(local.landing)
    assert local.ask("replay", "--set", "amount=abs(amount)")["rows_published"] == 100


def test_discarded_rows_are_counted_everywhere(local: Quarantine) -> None:
    discarded = local.ask("discard", "--why", "test orders", "--where", "id <= 8")
    assert (discarded["rows"], discarded["why"]) == (2, "test orders")
    (proof,) = json.loads(local.gate("reconcile", "--json").stdout)["proofs"]
    assert (proof["rows_published"], proof["rows_quarantined"], proof["rows_discarded"]) == (97, 1, 2)
    assert local.in_quarantine() == {9: 1}
    assert local.ask("replay", "--set", "amount=1")["rows_published"] == 98


def test_every_landed_row_is_found_again_after_replays_and_a_discard(desk: Quarantine) -> None:
    desk.environment["GATE_CONTRACTS"] = str(desk.folder)
    desk.environment["GATE_EXPECTATIONS"] = str(desk.folder / "expectations")
    assert desk.gate("compile").returncode == 0
    desk.ask("replay", "--where", "id = 7", "--set", "amount=abs(amount)")
    desk.ask("discard", "--where", "id = 8", "--why", "a test")
    desk.ask("replay")
    done = desk.gate("reconcile", "--rows", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, [each["is_equal"] for each in document["compared"]]) == (0, [True]), document


def test_a_published_row_that_changed_is_found(local: Quarantine) -> None:
    local.environment["GATE_CONTRACTS"] = str(local.folder)
    local.environment["GATE_EXPECTATIONS"] = str(local.folder / "expectations")
    local.gate("compile")
    (path,) = (local.home / "warehouse" / "orders").rglob("part-*.parquet")
    table = pq.ParquetFile(path).read()
    pq.write_table(table.set_column(0, "id", pa.array([1000, *table["id"].to_pylist()[1:]], table["id"].type)), path)
    done = local.gate("reconcile", "--rows")
    assert (done.returncode, "as many rows as landed were found, but not the same ones" in done.stdout) == (1, True)


def test_show_marks_discarded_rows_and_counts_attempts(local: Quarantine) -> None:
    local.ask("replay")
    local.ask("discard", "--where", "id = 8", "--why", "a test")
    shown = local.gate("quarantine", "show", str(local.contract), KEY).stdout
    assert shown.count("(2 attempts)") == 3
    assert [line.split(" of ")[0] for line in shown.splitlines() if "(discarded)" in line] == ["row 8"]


def test_columns_of_every_kind_come_back_as_they_were(tmp_path: Path) -> None:
    desk = Quarantine(tmp_path)
    kinds = [
        {"name": "price", "logicalType": "number", "physicalType": "DECIMAL(10,2)"},
        {"name": "at", "logicalType": "timestamp"},
        {"name": "address", "logicalType": "object", "properties": [dict(CITY)]},
        {"name": "tags", "logicalType": "array", "items": {"logicalType": "string"}},
        {"name": "stops", "logicalType": "array", "items": {"logicalType": "object", "properties": [dict(CITY)]}},
    ]
    desk.write_contract(schema=[{"name": "orders", "properties": [*COLUMNS, *kinds]}])
    for name, first, width in (("a.parquet", 0, pa.int32()), ("b.parquet", 50, pa.int64())):
        ids = range(first, first + 50)
        desk.land(KEY, name, **rows(*ids) | of_every_kind(50) | {"id": pa.array(ids, width)})
    desk.run()
    before = desk.query("SELECT * FROM orders ORDER BY id")
    assert desk.ask("replay", "--where", "id <> 7", "--set", "amount=1")["rows_published"] == 99
    assert [row for row in desk.query("SELECT * FROM orders ORDER BY id") if row[0] not in BAD] == before


def of_every_kind(count: int) -> dict[str, Any]:
    """Columns of `count` equal rows; an object has a member that the contract does not name."""
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    return {
        "price": pa.array([Decimal("1.50")] * count, pa.decimal128(10, 2)),
        "at": pa.array([moment] * count, pa.timestamp("ns", tz="UTC")),
        "address": pa.array([{"city": "Ulm", "unpromised": "x"}] * count),
        "tags": [["a", "b"]] * count,
        "stops": pa.array([[{"city": "Ulm"}]] * count),
        "dt": pa.array([moment.date()] * count),
    }


def test_what_is_in_quarantine_is_listed_until_nothing_is_left(local: Quarantine) -> None:
    listed = json.loads(local.gate("quarantine", "list", "--json").stdout)["partitions"]
    assert [(each["partition_key"], each["rows"], each["reasons"][0]["rows"]) for each in listed] == [(KEY, 3, 3)]
    local.ask("discard", "--why", "test orders")
    assert local.gate("quarantine", "list").stdout.strip() == "No rows are in quarantine."


def test_a_discard_without_a_reason_is_refused(local: Quarantine) -> None:
    done = local.gate("quarantine", "discard", str(local.contract), KEY, "--why", " ")
    assert done.returncode == USAGE


def test_a_replay_that_publishes_nothing_has_the_exit_code_of_such_a_run(local: Quarantine) -> None:
    local.land("2026-01-02", **rows(*range(20), bad=dict.fromkeys(range(10), -1.0)))
    local.run("2026-01-02")
    assert local.gate("quarantine", "replay", str(local.contract), "2026-01-02").returncode == FAILED
