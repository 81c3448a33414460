"""`gate doctor`: what it tries, what it says to change, what it leaves behind, and that it ends."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from rich.console import Console
from sqlalchemy import create_engine, text
from tests.aws_services import s3_with_roles
from tests.integration.lax_s3 import LaxS3, lax_s3
from tests.integration.test_gate_run import Desk
from tests.integration.test_s3_rights import desk_on, documented_policy, without

from partition_gate.adapters.ledger.migrate import migrate
from partition_gate.apps.cli.doctor import table_of
from partition_gate.core.diagnosis import Diagnosis, Health
from partition_gate.doctor import examine
from partition_gate.settings import load_settings
from partition_gate.testing.slack_server import SlackServer
from partition_gate.wiring import open_ports

LOCATION = "s3://landing/orders"


class Clinic(Desk):
    """A desk whose contract is in the folder of contracts."""

    def diagnoses(self, **settings: str) -> dict[str, Diagnosis]:
        """What `gate doctor` found, by subject; of landing without the location."""
        own = {"GATE_CONTRACTS": str(self.folder), "GATE_EXPECTATIONS": str(self.folder / "suites")}
        self.environment = {**self.environment, **own, **settings}
        self.gate("compile")
        done = self.gate("doctor", "--json")
        found = [Diagnosis.model_validate(each) for each in json.loads(done.stdout)["trials"]]
        assert done.returncode == int(any(each.health is Health.FAILED for each in found))
        return {each.subject.partition(" s3://")[0].partition(" /")[0]: each for each in found}


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    clinic = Clinic(tmp_path)
    clinic.landing.mkdir()
    clinic.write_contract()
    return clinic


@pytest.fixture
def lax(clinic: Clinic) -> Iterator[LaxS3]:
    """A server that accepts everything, with one landed object; the clinic's contract and tables are there."""
    with lax_s3() as server:
        server.objects["/landing/orders/dt=2026-01-01/part-0.parquet"] = b"rows"
        location = f"{LOCATION}/dt=*/*.parquet"
        clinic.write_contract(servers=[{"server": "x", "type": "s3", "format": "parquet", "location": location}])
        clinic.environment = {
            "GATE_S3_ENDPOINT_URL": server.url,
            "GATE_S3_ACCESS_KEY_ID": "someone",
            "GATE_S3_SECRET_ACCESS_KEY": "hush-hush",
            "GATE_WAREHOUSE_URI": "s3://warehouse/tables",
        }
        yield server


def failing(found: dict[str, Diagnosis]) -> set[str]:
    return {subject for subject, each in found.items() if each.health is Health.FAILED}


def test_on_this_machine_alone_nothing_fails_and_nothing_is_left_behind(clinic: Clinic) -> None:
    found = clinic.diagnoses()

    assert failing(found) == set()
    assert found["watch"].health is Health.WARNING
    assert [path for path in clinic.home.rglob("*") if "doctor" in path.name] == []


def test_with_the_documented_rights_nothing_fails_and_nothing_is_left_behind(tmp_path: Path) -> None:
    with s3_with_roles(tmp_path / "aws", policy=documented_policy()) as aws:
        clinic = Clinic(tmp_path)
        clinic.environment = desk_on(aws, tmp_path).environment
        found = clinic.diagnoses()
        left = aws.client("s3").list_objects_v2(Bucket="warehouse")["KeyCount"]

    assert failing(found) == set()
    assert {"s3: credentials", "landing: read if unchanged", "quarantine: delete"} <= found.keys()
    assert left == 0


@pytest.mark.parametrize(
    ("sid", "action", "failed"),
    [
        ("List", "s3:ListBucket", {"landing: list", "warehouse: list"}),
        ("ReadLanding", "s3:GetObject", {"landing: read", "landing: read if unchanged"}),
        ("KeepTablesAndQuarantine", "s3:PutObject", {"warehouse: write", "quarantine: write"}),
        ("KeepTablesAndQuarantine", "s3:GetObject", {"warehouse: read", "quarantine: read"}),
        ("KeepTablesAndQuarantine", "s3:DeleteObject", {"warehouse: delete", "quarantine: delete"}),
    ],
)
def test_a_missing_right_is_the_one_that_is_named(tmp_path: Path, sid: str, action: str, failed: set[str]) -> None:
    with s3_with_roles(tmp_path / "aws", policy=without(documented_policy(), sid, action)) as aws:
        clinic = Clinic(tmp_path)
        clinic.environment = desk_on(aws, tmp_path).environment
        found = clinic.diagnoses()

    assert failed <= failing(found)
    assert [subject for subject in failed if action not in found[subject].what] == []


def test_the_endpoint_of_the_warehouse_is_looked_at_also_if_landing_is_local(clinic: Clinic, lax: LaxS3) -> None:
    clinic.write_contract()

    found = clinic.diagnoses()

    assert {"s3: credentials", "s3: clock", "landing: list"} <= found.keys()
    assert "landing: read" not in found


def test_a_server_that_ignores_conditions_is_refused(clinic: Clinic, lax: LaxS3) -> None:
    found = clinic.diagnoses()

    assert failing(found) == {"landing: read if unchanged", "warehouse: write"}
    assert "ignores If-Match" in found["landing: read if unchanged"].what
    assert "ignores If-None-Match" in found["warehouse: write"].what


@pytest.mark.parametrize("name", ["hush-hush", "xoxb-test-token", "swordfish"])
def test_no_secret_is_printed(clinic: Clinic, lax: LaxS3, name: str) -> None:
    found = clinic.diagnoses(
        GATE_SLACK_TOKEN="xoxb-test-token",
        GATE_SLACK_API_URL="http://127.0.0.1:9/",
        GATE_LEDGER_URL="postgresql://gate:swordfish@127.0.0.1:9/gate",
        GATE_LEDGER_TIMEOUT_S="2",
    )

    assert {"slack", "ledger: tables"} <= failing(found)
    assert name not in json.dumps([each.model_dump(mode="json") for each in found.values()])


def test_a_server_that_is_gone_is_told_with_what_to_do_about_it(clinic: Clinic, lax: LaxS3) -> None:
    found = clinic.diagnoses(GATE_S3_ENDPOINT_URL="http://127.0.0.1:9")

    assert "start it" in found["landing: list"].what
    assert "does not answer; check that the S3 server runs" in found["warehouse: list"].what


def test_without_an_endpoint_amazon_is_meant_and_the_setting_is_named(clinic: Clinic, lax: LaxS3) -> None:
    found = clinic.diagnoses(GATE_S3_ENDPOINT_URL="", HTTPS_PROXY="http://127.0.0.1:9")

    for subject in ("landing: list", "landing: read", "warehouse: write"):
        assert "GATE_S3_ENDPOINT_URL" in found[subject].what, subject
        assert "start it" not in found[subject].what, subject


def test_a_wrong_clock_is_told_by_the_server_s_time(clinic: Clinic, lax: LaxS3) -> None:
    lax.date = "Thu, 01 Jan 2026 00:00:00 GMT"

    found = clinic.diagnoses()

    assert found["s3: clock"].health is Health.FAILED
    assert "this machine's clock differs by" in found["s3: clock"].what


def test_an_empty_landing_could_not_be_read_which_is_a_warning(clinic: Clinic, lax: LaxS3) -> None:
    lax.objects.clear()

    found = clinic.diagnoses()

    assert found["landing: read"].health is Health.WARNING
    assert "nothing has landed" in found["landing: read"].what


def test_every_trial_of_a_server_that_never_answers_ends(clinic: Clinic, lax: LaxS3) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        found = clinic.diagnoses(GATE_S3_ENDPOINT_URL=address, GATE_STORE_CALL_TIMEOUT_S="1")
        took_s = time.monotonic() - began

    assert {"s3: clock", "landing: list", "warehouse: list", "warehouse: write"} <= failing(found)
    assert took_s < 30


def test_a_slack_app_without_a_scope_is_told_which(clinic: Clinic) -> None:
    with SlackServer({}) as slack:
        settings = {"GATE_SLACK_TOKEN": slack.token, "GATE_SLACK_API_URL": slack.url}
        complete = clinic.diagnoses(**settings)["slack"]
        slack.scopes.remove("groups:read")
        lacking = clinic.diagnoses(**settings)["slack"]
        refused = clinic.diagnoses(**{**settings, "GATE_SLACK_TOKEN": "xoxb-another"})["slack"]

    assert (complete.health, lacking.health, refused.health) == (Health.OK, Health.FAILED, Health.FAILED)
    assert "lacks groups:read; add" in lacking.what
    assert "replace the Slack token" in refused.what


@pytest.mark.parametrize(("version", "health"), [("0001", Health.WARNING), ("9999", Health.FAILED)])
def test_a_ledger_of_another_version_is_told_and_stays_as_it_is(clinic: Clinic, version: str, health: Health) -> None:
    clinic.home.mkdir()
    migrate(url := f"sqlite:///{clinic.home / 'ledger.sqlite'}")
    with (engine := create_engine(url)).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})

    found = clinic.diagnoses()

    with engine.begin() as connection:
        after = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    engine.dispose()
    assert (found["ledger: tables"].health, after) == (health, version)
    assert found["watch"].health is Health.WARNING  # opening the ledger would have migrated it


def test_the_table_fits_into_80_columns() -> None:
    long = Diagnosis(subject=f"landing: read if unchanged {LOCATION}", health=Health.FAILED, what="word " * 60 + "end")
    console = Console(width=80, record=True)

    console.print(table_of([long]))

    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split()[0] == "result"
    assert lines[-1].rstrip().endswith("end")


def test_a_reason_that_many_trials_share_is_told_once() -> None:
    reasons = {"s3: credentials": "no credentials", "landing: list": "no credentials", "landing: read": "no answer"}
    console = Console(width=120, record=True)

    console.print(table_of([Diagnosis(subject=it, health=Health.FAILED, what=why) for it, why in reasons.items()]))

    told = [line.rstrip().rpartition("  ")[2] for line in console.export_text().rstrip().splitlines()[1:]]
    assert told == ["no credentials", "for the same reason as `s3: credentials`", "no answer"]


def test_a_package_outside_of_the_range_of_this_version_is_named(clinic: Clinic, monkeypatch: pytest.MonkeyPatch):
    info = clinic.folder / "partition_gate-0.dist-info"
    info.mkdir()
    wanted = ("duckdb<1", "typer>0", 'not-installed>1; extra == "demo"')
    lines = [
        "Metadata-Version: 2.1",
        "Name: partition-gate",
        "Version: 0",
        *(f"Requires-Dist: {each}" for each in wanted),
    ]
    (info / "METADATA").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(clinic.folder)
    settings = load_settings({"GATE_HOME": str(clinic.home)})

    with open_ports(settings) as ports:
        versions = next(examine(settings, ports))

    assert versions.health is Health.WARNING
    assert versions.what.startswith(f"packages that do not fit this version: duckdb {duckdb.__version__} (<1); install")
