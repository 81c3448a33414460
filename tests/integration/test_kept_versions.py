"""The kept versions of a contract in a git checkout, as `gate freeze`, `versions`, `lint`, `compile` and `run` do."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from tests import commands
from tests.integration.test_gate_diff import git


class Checkout:
    """A repository with the contract `orders`, its history and its suites."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.contracts = folder, folder / "contracts"
        self.path, self.kept = self.contracts / "orders.odcs.yaml", self.contracts / "history" / "orders"
        self.contracts.mkdir()
        git(folder, "init", "-q")

    def write(self, version: str, since: str | None = None, *, kind: str = "INTEGER", **changes: Any) -> str:
        """Today's file, and its text."""
        custom = [{"property": "timezone", "value": "America/New_York"}]
        columns = [
            {"name": "dt", "logicalType": "date", "partitioned": True},
            {"name": "amount", "logicalType": "integer", "physicalType": kind},
        ]
        server = {"server": "x", "type": "local", "path": "data/dt=*/*.parquet", "format": "parquet"}
        document = {
            "apiVersion": "v3.1.0",
            "kind": "DataContract",
            "id": "orders",
            "version": version,
            "status": "active",
            "servers": [server],
            "schema": [{"name": "orders", "properties": columns}],
            "customProperties": [*custom, *([{"property": "effectiveFrom", "value": since}] if since else [])],
        }
        text = yaml.safe_dump(document | changes, sort_keys=False)
        self.path.write_text(text)
        return text

    def commit(self, day: str) -> None:
        """Everything, at eleven in the evening of a day in UTC."""
        moment = {"GIT_COMMITTER_DATE": f"{day}T23:00:00Z", "GIT_AUTHOR_DATE": f"{day}T23:00:00Z"}
        git(self.folder, "add", "-A")
        command = ["git", "-C", str(self.folder), *("-c", "user.name=a", "-c", "user.email=a@example.org")]
        subprocess.run([*command, "commit", "-qm", day], env=os.environ | moment, check=True)

    def tag(self, name: str, day: str) -> None:
        moment = {"GIT_COMMITTER_DATE": f"{day}T23:00:00Z"}
        command = ["git", "-C", str(self.folder), *("-c", "user.name=a", "-c", "user.email=a@example.org")]
        subprocess.run([*command, "tag", "-am", name, name], env=os.environ | moment, check=True)

    def gate(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        surroundings = {
            "GATE_HOME": str(self.folder / "home"),
            "GATE_CONTRACTS": str(self.contracts),
            "GATE_EXPECTATIONS": str(self.folder / "expectations"),
        }
        return commands.gate(*arguments, environment=os.environ | surroundings)

    def keep(self, version: str, text: str) -> Path:
        self.kept.mkdir(parents=True, exist_ok=True)
        path = self.kept / f"{version}.odcs.yaml"
        path.write_text(text)
        return path


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_freeze_keeps_what_was_approved_before_byte_for_byte(checkout: Checkout) -> None:
    first = checkout.write("1.0.0")
    checkout.commit("2026-01-01")
    second = checkout.write("1.1.0", "2026-02-01")
    checkout.commit("2026-01-20")
    checkout.write("2.0.0", "2026-03-01")

    done = checkout.gate("freeze")

    kept = {path.name: path.read_text() for path in checkout.kept.iterdir()}
    assert (done.returncode, kept) == (0, {"1.0.0.odcs.yaml": first, "1.1.0.odcs.yaml": second})


def test_freeze_dates_a_version_that_says_no_day_by_its_tag_or_else_its_first_commit(checkout: Checkout) -> None:
    for version, day in (("1.0.0", "2026-01-01"), ("1.1.0", "2026-02-01"), ("1.2.0", "2026-03-01")):
        checkout.write(version)
        checkout.commit(day)
        if version == "1.2.0":
            checkout.tag("orders/1.2.0", "2026-04-01")
    checkout.write("2.0.0", "2026-05-01")

    checkout.gate("freeze", "orders")
    checkout.gate("compile")

    rows = json.loads(checkout.gate("versions", "orders", "--json").stdout)["versions"]
    days = {row["version"]: row["first_day"] for row in rows}
    assert days == {"2.0.0": "2026-05-01", "1.2.0": "2026-04-01", "1.1.0": "2026-02-01", "1.0.0": None}


def test_drafts_broken_states_and_numbers_taken_back_are_not_kept(checkout: Checkout) -> None:
    checkout.write("0.9.0", status="draft")
    checkout.commit("2026-01-01")
    checkout.path.write_text("id: [")
    checkout.commit("2026-01-02")
    checkout.write("3.0.0")
    checkout.commit("2026-01-03")
    checkout.write("1.0.0")
    checkout.commit("2026-01-04")

    done = checkout.gate("freeze")

    assert (done.returncode, done.stdout.strip()) == (0, "all approved versions are kept")
    assert not checkout.kept.exists()


def test_freezing_twice_changes_nothing_and_check_says_what_is_missing(checkout: Checkout) -> None:
    checkout.write("1.0.0")
    checkout.commit("2026-01-01")
    checkout.write("2.0.0", "2026-02-01")

    before = checkout.gate("freeze", "--check")
    checkout.gate("freeze")
    after = checkout.gate("freeze", "--check")

    assert (before.returncode, "not kept: " in before.stdout) == (1, True)
    assert (after.returncode, after.stdout.strip()) == (0, "all approved versions are kept")


def test_a_shallow_clone_is_not_asked_what_was_approved(checkout: Checkout, tmp_path: Path) -> None:
    for version, day in (("1.0.0", "2026-01-01"), ("2.0.0", "2026-02-01")):
        checkout.write(version, day)
        checkout.commit(day)
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{checkout.folder}", "shallow")
    checkout.contracts = tmp_path / "shallow" / "contracts"

    done = checkout.gate("freeze")

    assert done.returncode == 3
    assert "git fetch --unshallow" in done.stderr


def test_a_version_that_rose_without_keeping_the_one_before_is_a_warning(checkout: Checkout) -> None:
    checkout.write("1.0.0")
    checkout.commit("2026-01-01")
    checkout.write("2.0.0", "2026-02-01")

    done = checkout.gate("lint")

    assert done.returncode == 0
    assert "orders.odcs.yaml: version: warning: 1.0.0 was approved but is not kept" in done.stdout


def test_an_edited_kept_version_is_an_error(checkout: Checkout) -> None:
    text = checkout.write("1.0.0")
    checkout.commit("2026-01-01")
    checkout.write("2.0.0", "2026-02-01")
    kept = checkout.keep("1.0.0", text)
    assert checkout.gate("lint").returncode == 0

    kept.write_text(text.replace("INTEGER", "BIGINT"))
    checkout.write("2.0.0", "2026-02-01", kind="BIGINT")
    done = checkout.gate("lint")

    assert done.returncode == 1
    assert "history/orders/1.0.0.odcs.yaml: (top level): differs from what was approved under" in done.stdout


def test_a_contract_whose_kept_versions_do_not_follow_is_refused_by_every_command(checkout: Checkout) -> None:
    checkout.keep("1.0.0", checkout.write("1.0.0"))
    checkout.write("2.0.0")
    said = "orders.odcs.yaml: customProperties: 2.0.0 follows 1.0.0"

    lint, check, run = (
        checkout.gate(*words) for words in (["lint"], ["compile", "--check"], ["run", "orders", "2026-01-01"])
    )

    assert (lint.returncode, check.returncode, run.returncode) == (1, 1, 1)
    assert all(said in text for text in (lint.stdout, check.stdout, run.stderr))


def test_warnings_of_a_kept_version_are_not_told_because_nobody_may_edit_it(checkout: Checkout) -> None:
    text = checkout.write("1.0.0", contractCreatedTs="yesterday")
    checkout.keep("1.0.0", text)
    checkout.write("2.0.0", "2026-02-01")

    done = checkout.gate("lint", "--strict")

    assert "history/orders/1.0.0.odcs.yaml: ok" in done.stdout
    assert done.returncode == 0


def test_a_broken_kept_version_is_told_by_its_own_name(checkout: Checkout) -> None:
    checkout.keep("1.0.0", checkout.write("1.0.0").replace("INTEGER", "INTEGER\n    requird: true", 1))
    checkout.write("2.0.0", "2026-02-01")

    lint, run = checkout.gate("lint"), checkout.gate("run", "orders", "2026-01-01")

    assert (lint.returncode, run.returncode) == (1, 1)
    assert "contracts/history/orders/1.0.0.odcs.yaml: " in lint.stdout
    assert "contracts/history/orders/1.0.0.odcs.yaml: " in run.stderr


def test_each_kept_version_has_its_own_committed_suite(checkout: Checkout) -> None:
    checkout.keep("1.0.0", checkout.write("1.0.0"))
    checkout.write("2.0.0", "2026-02-01")
    checkout.gate("compile")
    suites = sorted(
        path.relative_to(checkout.folder).as_posix() for path in checkout.folder.rglob("expectations/**/*.json")
    )
    assert suites == ["expectations/orders/1.0.0/orders.json", "expectations/orders/orders.json"]
    assert checkout.gate("compile", "--check").returncode == 0

    (checkout.folder / suites[0]).write_text("{}")
    done = checkout.gate("run", "orders", "2026-01-01")

    assert done.returncode == 3
    assert "expectations/orders/1.0.0/orders.json: differs from what the contract compiles to" in done.stderr


def test_versions_lists_the_days_that_each_judges_newest_first(checkout: Checkout) -> None:
    checkout.keep("1.0.0", checkout.write("1.0.0"))
    checkout.write("2.0.0", "2026-02-01")
    checkout.gate("compile")

    rows = json.loads(checkout.gate("versions", "orders", "--json").stdout)["versions"]

    assert [(row["version"], row["first_day"], row["last_day"]) for row in rows] == [
        ("2.0.0", "2026-02-01", None),
        ("1.0.0", None, "2026-01-31"),
    ]


@pytest.mark.parametrize(
    ("logical", "kind", "value"),
    [("integer", "INTEGER", "3000000000"), ("date", "DATE", "2026-02-30"), ("array", "VARCHAR[]", "[]")],
)
def test_a_default_that_its_column_cannot_hold_is_refused_where_it_stands(
    checkout: Checkout, logical: str, kind: str, value: str
) -> None:
    default = [{"property": "default", "value": value}]
    column = {"name": "amount", "logicalType": logical, "physicalType": kind, "customProperties": default}
    checkout.write("1.0.0", schema=[{"name": "orders", "properties": [{"name": "dt", "partitioned": True}, column]}])

    lint, run = checkout.gate("lint"), checkout.gate("run", "orders", "2026-01-01")

    assert (lint.returncode, run.returncode) == (1, 1)
    assert f"the default '{value}' is not of type {kind}" in lint.stdout
    assert f"schema[0].properties[1].customProperties: the default '{value}' is not of type {kind}" in run.stderr


def test_a_partition_published_before_its_version_was_kept_is_not_judged_again(checkout: Checkout) -> None:
    folder = checkout.contracts / "data" / "dt=2026-01-01"
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"amount": pa.array([1, 2], pa.int32())}), folder / "part-0.parquet")
    text = checkout.write("1.0.0")
    checkout.gate("compile")
    first = json.loads(checkout.gate("run", "orders", "2026-01-01", "--json").stdout)
    checkout.keep("1.0.0", text)
    checkout.write("2.0.0", "2026-02-01")
    checkout.gate("compile")

    again = json.loads(checkout.gate("run", "orders", "2026-01-01", "--json").stdout)

    assert (first["outcome"], again["outcome"], again["already_published"]) == ("published", "published", True)
    assert (again["attempt_id"], again["version"]) == (first["attempt_id"], "1.0.0")


def test_a_version_without_a_day_that_none_can_be_written_into_is_not_kept_and_told(checkout: Checkout) -> None:
    checkout.write("1.0.0")
    checkout.commit("2026-01-01")
    text = checkout.write("1.1.0", customProperties=[])
    checkout.path.write_text(
        text.replace("customProperties: []", "customProperties: [{property: timezone, value: UTC}]")
    )
    checkout.commit("2026-02-01")
    checkout.write("2.0.0", "2026-03-01")

    done = checkout.gate("freeze")

    assert done.returncode == 1
    assert "history/orders/1.1.0.odcs.yaml: customProperties: is not a block list" in done.stderr


def test_values_that_any_version_classifies_are_hidden_where_quarantined_rows_are_shown(checkout: Checkout) -> None:
    folder = checkout.contracts / "data" / "dt=2026-02-02"
    folder.mkdir(parents=True)
    rows = pa.table({"amount": pa.array([None, 1], pa.int32()), "mail": ["ann@example.org", "bob@example.org"]})
    pq.write_table(rows, folder / "part-0.parquet")
    amount = {"name": "amount", "logicalType": "integer", "physicalType": "INTEGER", "required": True}
    mail = {"name": "mail", "logicalType": "string", "classification": "personal"}
    day = {"name": "dt", "logicalType": "date", "partitioned": True}
    schema = [[{"name": "orders", "properties": [day, amount, *more]}] for more in ([mail], [])]
    checkout.keep("1.0.0", checkout.write("1.0.0", schema=schema[0]))
    checkout.write("2.0.0", "2026-02-01", schema=schema[1])
    checkout.gate("compile")
    checkout.gate("run", "orders", "2026-02-02")

    shown = checkout.gate("quarantine", "show", "orders", "2026-02-02").stdout

    assert ("amount=" in shown, "mail=#" in shown, "ann@example.org" in shown) == (True, True, False)
