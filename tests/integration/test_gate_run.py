"""`gate run` as a person uses it: real files, a real process, what it prints, records and leaves behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from tests.commands import gate

PUBLISHED, FAILED, USAGE, COULD_NOT_JUDGE = 0, 1, 2, 3
KEY = "2026-01-01"
DT = {"name": "dt", "logicalType": "date", "partitioned": True}


class Desk:
    """A scratch place: a home, landing files, a contract file outside the project."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "home"
        self.landing = folder / "landing"
        self.contract = folder / "orders.odcs.yaml"
        self.environment: dict[str, str] = {}

    def write_contract(self, **changes: Any) -> Path:
        amount = {"name": "amount", "logicalType": "number", "logicalTypeOptions": {"minimum": 0}}
        columns = [
            {"name": "dt", "logicalType": "date", "partitioned": True},
            {"name": "id", "logicalType": "integer", "required": True, "primaryKey": True, "primaryKeyPosition": 1},
            {**amount, "classification": "confidential"},
        ]
        server = {"server": "x", "type": "local", "format": "parquet", "path": f"{self.landing}/dt=*/*.parquet"}
        document = {
            "apiVersion": "v3.1.0",
            "kind": "DataContract",
            "id": "orders",
            "version": "1.0.0",
            "status": "active",
            "servers": [server],
            "schema": [{"name": "orders", "properties": columns}],
            "support": [{"channel": "#orders", "tool": "slack", "scope": "issues"}],
        }
        self.contract.write_text(yaml.safe_dump({**document, **changes}))
        return self.contract

    def land(self, key: str = KEY, name: str = "part-0.parquet", **columns: Any) -> Path:
        table = pa.table(columns or {"id": list(range(100)), "amount": [1.5] * 100})
        path = self.landing / f"dt={key}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path)
        return path

    def gate(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "GATE_HOME": str(self.home), "PYTHONPATH": "include", **self.environment}
        return gate(*arguments, environment=environment)

    def run(self, key: str = KEY) -> tuple[int, dict[str, Any]]:
        done = self.gate("run", str(self.contract), key, "--json")
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def published(self, table: str = "orders") -> int:
        return int(self.query("SELECT count(*) FROM query_table($table)", table=f'"{table}"')[0][0])

    def query(self, sql: str, **values: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.home / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql, values or None).fetchall()

    def files(self) -> dict[str, bytes]:
        """Everything a consumer or an auditor could see."""
        roots = [self.home / name for name in ("warehouse", "quarantine", "docs", "inbox")]
        return {str(p): p.read_bytes() for root in roots for p in sorted(root.rglob("*")) if p.is_file()}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write_contract()
    return desk


def check_of(document: dict[str, Any], rule_id: str) -> dict[str, Any]:
    return next(check for check in document["checks"] if check["rule_id"] == rule_id)


def test_a_clean_partition_is_published_and_the_json_says_so(desk):
    desk.land()

    code, document = desk.run()

    assert (code, document["outcome"], document["already_published"]) == (PUBLISHED, "published", False)
    assert (document["rows_in"], document["rows_published"], document["rows_quarantined"]) == (100, 100, 0)
    assert (document["interface_version"], document["suite"]) == (1, "compiled_in_memory")
    assert check_of(document, "id.required")["element_count"] == 100
    assert Path(document["links"]["docs"].removeprefix("file://")).is_file()
    assert desk.published() == 100


@pytest.mark.parametrize("name", ["orders-eu", "Orders_2", "a.b", "7", "x" * 100])
def test_a_dataset_may_have_any_name_of_the_one_form(desk, name):
    desk.write_contract(schema=[{"name": name, "properties": [{"name": "id", "logicalType": "integer"}]}])
    desk.land()

    code, document = desk.run()

    assert (code, document["outcome"]) == (PUBLISHED, "published"), document["why"]
    assert desk.published(name) == 100


@pytest.mark.parametrize(
    "name", ["../../../evil", "..", ".x", "a/b", "a\\b", "orders eu", "Bestellungen_ä", "a\nb", "x" * 101, "-x", "$x"]
)
def test_a_dataset_s_name_that_is_no_folders_name_is_refused_before_anything_is_written(desk, name):
    desk.land()
    desk.write_contract(schema=[{"name": name, "properties": [{"name": "id", "logicalType": "integer"}]}])

    done = desk.gate("run", str(desk.contract), KEY)

    assert done.returncode == FAILED
    assert "schema[0].name: " in done.stderr
    assert {path.name for path in desk.folder.iterdir()} <= {"landing", "orders.odcs.yaml", "home"}
    assert desk.files() == {}


@pytest.mark.parametrize(
    ("contract_id", "name"),
    [("urn:shop:orders", "urn-shop-orders"), ("../../../evil", "evil"), (".x", "x"), ("a/b", "a-b"), ("a\nb", "a-b")],
)
def test_an_id_that_is_no_name_is_called_by_one_and_leads_nowhere_else(desk, contract_id, name):
    desk.land()
    desk.write_contract(id=contract_id)

    code, document = desk.run()

    assert (code, document["contract"]) == (PUBLISHED, name)
    assert {path.name for path in desk.folder.iterdir()} <= {"landing", "orders.odcs.yaml", "home"}


@pytest.mark.parametrize("contract_id", ["..", "x" * 101])
def test_an_id_that_no_name_can_be_made_of_is_refused(desk, contract_id):
    desk.land()
    desk.write_contract(id=contract_id)

    done = desk.gate("run", str(desk.contract), KEY)

    assert (done.returncode, "id: " in done.stderr, desk.files()) == (FAILED, True, {})


@pytest.mark.parametrize("key", ["2026-01-01T07:00:00+00:00", "a_b", "x.y:z"])
def test_a_partition_key_may_be_any_value_that_a_path_can_have(desk, key):
    desk.write_contract(
        schema=[{"name": "orders", "properties": [{"name": "dt", "partitioned": True}, {"name": "id"}]}]
    )
    desk.land(key, id=["a", "b"])

    code, document = desk.run(key)

    assert (code, document["outcome"]) == (PUBLISHED, "published"), document["why"]
    assert desk.query("SELECT DISTINCT dt FROM orders") == [(key,)]


def test_a_second_run_says_already_published_and_changes_nothing(desk):
    desk.land()
    _, first = desk.run()
    before = desk.files()

    code, second = desk.run()

    assert (code, second["already_published"], second["attempt_id"]) == (PUBLISHED, True, first["attempt_id"])
    assert second["checks"] == first["checks"]
    assert desk.files() == before


def test_failing_rows_are_quarantined_with_their_reasons_and_the_rest_is_published(desk):
    desk.land(id=[*range(98), 7, None], amount=[-1.0] + [1.0] * 99)
    desk.write_contract(customProperties=[{"property": "quarantineLimit", "value": "10%"}])

    code, document = desk.run()

    assert (code, document["outcome"]) == (PUBLISHED, "published_with_quarantine")
    assert (document["rows_in"], document["rows_published"], document["rows_quarantined"]) == (100, 96, 4)
    rows = pq.read_table(Path(document["links"]["quarantine_files"]) / "rows.parquet").to_pylist()
    reasons = {row["_gate_source_row"]: row["_gate_rule_ids"] for row in rows}
    assert reasons == {0: ["amount.minimum"], 7: ["primaryKey"], 98: ["primaryKey"], 99: ["id.required"]}


def test_no_value_of_a_classified_column_leaves_warehouse_and_quarantine(desk):
    desk.land(id=list(range(100)), amount=[-987654.25] + [1.0] * 99)

    done = desk.gate("run", str(desk.contract), KEY, "--json")
    shown = desk.gate("quarantine", "show", str(desk.contract), KEY)

    pages = b"".join(content for name, content in desk.files().items() if "/docs/" in name or "/inbox/" in name)
    assert "987654" not in done.stdout + done.stderr + shown.stdout
    assert re.search("amount=#[0-9a-f]{8}", shown.stdout)
    assert b"987654" not in pages
    assert b"987654" not in (desk.home / "ledger.sqlite").read_bytes()


def test_more_failing_rows_than_the_contract_allows_reject_the_partition(desk):
    desk.land(id=list(range(100)), amount=[-1.0] * 6 + [1.0] * 94)

    code, document = desk.run()

    assert (code, document["outcome"], document["rows_quarantined"]) == (FAILED, "rejected", 100)
    assert "6 of 100 rows fail" in document["why"][0]
    assert not (desk.home / "warehouse.duckdb").exists()


def test_a_rejected_new_version_leaves_the_old_one_visible(desk):
    desk.land()
    desk.run()
    desk.land(id=["x"] * 100, amount=[1.0] * 100)

    code, document = desk.run()

    assert (code, document["outcome"]) == (FAILED, "rejected")
    assert desk.published() == 100


def test_a_late_extra_file_judges_and_replaces_the_whole_partition(desk):
    desk.land()
    desk.run()
    desk.land(name="part-1.parquet", id=list(range(100, 150)), amount=[1.0] * 50)

    _, document = desk.run()

    assert (document["outcome"], document["rows_in"], desk.published()) == ("published", 150, 150)


def test_two_partitions_at_once_are_both_published(desk):
    keys = ["2026-01-01", "2026-01-02", "2026-01-03"]
    for key in keys:
        desk.land(key)

    with ThreadPoolExecutor() as pool:
        outcomes = [document["outcome"] for _, document in pool.map(desk.run, keys)]

    assert outcomes == ["published"] * 3
    assert desk.published() == 300


def test_the_same_partition_twice_at_once_is_published_once(desk):
    desk.land()

    with ThreadPoolExecutor() as pool:
        documents = [document for _, document in pool.map(desk.run, [KEY, KEY])]

    assert {document["outcome"] for document in documents} <= {"published", "superseded"}
    assert "published" in {document["outcome"] for document in documents}
    assert desk.published() == 100


def test_a_partition_that_shrinks_by_half_is_held_and_the_old_version_stays(desk):
    desk.land()
    desk.run()
    desk.land(id=[1], amount=[1.0])

    code, document = desk.run()

    assert (code, document["outcome"], desk.published()) == (FAILED, "held", 100)
    assert document["why"][1].startswith("id: 100 values before, 1 now; 99 are gone: 0 (1 row), ")


def test_a_partition_that_is_not_there_is_missing(desk):
    desk.landing.mkdir()

    code, document = desk.run()

    assert (code, document["outcome"]) == (FAILED, "missing")
    assert f"{desk.landing}/dt={KEY}" in document["why"][0]


def test_files_without_the_promised_success_marker_are_not_judged_until_it_is_there(desk):
    desk.write_contract(customProperties=[{"property": "readiness", "value": "success_marker"}])
    landed = desk.land()

    code, document = desk.run()
    (landed.parent / "_SUCCESS").touch()
    again, after = desk.run()

    assert (code, document["outcome"]) == (FAILED, "missing")
    assert "_SUCCESS is missing" in document["why"][0]
    assert (again, after["outcome"], after["rows_published"]) == (PUBLISHED, "published", 100)


def test_a_file_that_the_manifest_does_not_name_is_not_published(desk):
    desk.write_contract(customProperties=[{"property": "readiness", "value": "manifest"}])
    landed = desk.land()
    desk.land(name="leftover.parquet", id=list(range(100, 150)), amount=[1.5] * 50)
    manifest = {"entries": [{"url": "part-0.parquet", "meta": {"content_length": landed.stat().st_size}}]}
    (landed.parent / "_manifest.json").write_text(json.dumps(manifest))

    code, document = desk.run()

    assert (code, document["rows_in"], desk.published()) == (PUBLISHED, 100, 100)


@pytest.mark.parametrize("damage", [b"", b"not parquet", None], ids=["empty", "text", "truncated"])
def test_a_corrupt_file_is_rejected_named_and_kept(desk, damage):
    path = desk.land()
    content = path.read_bytes() if damage is None else damage
    path.write_bytes(content[: len(content) // 2] if damage is None else content)

    code, document = desk.run()

    assert (code, document["outcome"]) == (FAILED, "rejected")
    assert str(path) in document["why"][0]
    kept = list(Path(document["links"]["quarantine_files"]).rglob("*part-0.parquet"))
    assert [file.read_bytes() for file in kept] == [path.read_bytes()]


def test_a_column_of_another_type_is_rejected_naming_file_and_type(desk):
    path = desk.land(id=list(range(100)), amount=pa.array([1] * 100, pa.duration("s")))

    code, document = desk.run()

    typed = check_of(document, "amount.logicalType")
    assert (code, document["outcome"], typed["outcome"]) == (FAILED, "rejected", "failed")
    assert str(path) in typed["observed"]
    assert "duration" in typed["observed"]
    assert check_of(document, "amount.minimum")["outcome"] == "unknown"
    assert (document["rows_in"], document["rows_quarantined"]) == (100, 100)


def test_a_missing_landing_folder_is_an_error_of_the_operator_and_is_recorded(desk):
    code, document = desk.run()

    assert (code, document["outcome"]) == (COULD_NOT_JUDGE, "errored")
    assert "the folder does not exist" in document["why"][0]
    assert "errored" in desk.gate("status").stdout


def test_a_missing_bucket_is_named_with_the_next_step(desk, s3):
    desk.write_contract(
        servers=[{"server": "x", "type": "s3", "format": "parquet", "location": "s3://nowhere/o/dt=*/*.parquet"}]
    )
    desk.environment = at(s3)

    code, document = desk.run()

    assert (code, document["outcome"]) == (COULD_NOT_JUDGE, "errored")
    assert "s3://nowhere: the bucket does not exist" in document["why"][0]
    assert "create it" in document["why"][0]


def test_wrong_credentials_are_said_without_the_credentials(desk, s3):
    desk.write_contract(
        servers=[{"server": "x", "type": "s3", "format": "parquet", "location": "s3://landing/o/dt=*/*.parquet"}]
    )
    desk.environment = {**at(s3), "GATE_S3_SECRET_ACCESS_KEY": "wrong-secret-value"}

    done = desk.gate("run", str(desk.contract), KEY, "--json")

    assert done.returncode == COULD_NOT_JUDGE
    assert json.loads(done.stdout)["outcome"] == "errored"
    assert "wrong-secret-value" not in done.stdout + done.stderr


def test_an_object_store_that_does_not_answer_is_named(desk):
    desk.write_contract(
        servers=[{"server": "x", "type": "s3", "format": "parquet", "location": "s3://landing/o/dt=*/*.parquet"}]
    )
    desk.environment = {
        "GATE_S3_ENDPOINT_URL": "http://127.0.0.1:9",
        "GATE_S3_ACCESS_KEY_ID": "a",
        "GATE_S3_SECRET_ACCESS_KEY": "b",
    }

    code, document = desk.run()

    assert (code, document["outcome"]) == (COULD_NOT_JUDGE, "errored")
    assert "http://127.0.0.1:9" in document["why"][0]


def test_a_broken_contract_is_one_message_for_each_problem_and_nothing_is_left_behind(desk):
    desk.contract.write_text(desk.contract.read_text().replace("logicalType: integer", "logicalType: integr"))

    done = desk.gate("run", str(desk.contract), KEY)

    assert done.returncode == FAILED
    assert "did you mean 'integer'?" in done.stderr
    assert "Traceback" not in done.stderr
    assert not desk.home.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("run", "nothing-here", KEY), "'nothing-here' is not a contract"),
        (("run", "flights", "2013-01-03/07"), "is not a partition key"),
    ],
)
def test_a_wrong_word_on_the_command_line_is_a_usage_error(desk, arguments, sentence):
    done = desk.gate(*arguments)

    assert (done.returncode, "Traceback" in done.stderr) == (USAGE, False)
    assert sentence in done.stderr


def test_an_unknown_setting_is_refused_by_name(desk):
    desk.environment = {"GATE_HOMEE": "x"}

    done = desk.gate("status")

    assert done.returncode == COULD_NOT_JUDGE
    assert "GATE_HOMEE: unknown setting" in done.stderr


def at(s3: Any) -> dict[str, str]:
    return {
        "GATE_S3_ENDPOINT_URL": s3.endpoint_url,
        "GATE_S3_ACCESS_KEY_ID": s3.access_key_id,
        "GATE_S3_SECRET_ACCESS_KEY": s3.secret_access_key,
    }


def test_one_unreadable_file_is_said_once_on_the_page_in_slack_and_in_the_terminal(desk):
    columns = [{"name": f"c{i}", "logicalType": "integer", "required": True} for i in range(30)]
    desk.write_contract(schema=[{"name": "orders", "properties": [DT, *columns]}])
    path = desk.land(**{f"c{i}": [1, 2] for i in range(30)})
    path.write_bytes(path.read_bytes()[:-20])

    shown = desk.gate("run", str(desk.contract), KEY).stdout
    _, document = desk.run()

    page = Path(document["links"]["docs"].removeprefix("file://")).read_text()
    slack = "".join(each.read_text() for each in (desk.home / "inbox").rglob("*") if each.is_file())
    others = len(document["checks"]) - 1
    assert [text.count("cannot be read as Parquet") for text in (page, shown)] == [1, 1]
    assert f"{others} checks could not be judged" in page
    assert f"{others} could not be judged because of the failures above" in shown
    assert f"{others} checks could not be judged because of that" in slack
    assert re.findall("and [0-9,]+ more", slack) == []
