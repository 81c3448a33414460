"""Contracts are read once for their DAGs, and again as soon as anything changed of what they are read from."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.unit.test_odcs import minimal, read

from partition_gate.adapters.catalogue import FolderDatasets
from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.adapters.reading_cache import ReadingCache, software_state
from partition_gate.apps.airflow.dag_plans import DagPlan, dag_plans
from partition_gate.contract.schedule import schedule_of
from partition_gate.core.record import Record


class Project:
    """A folder of contracts with suites, and the contract files that were read since it was last asked."""

    def __init__(self, root: Path) -> None:
        self.contracts, self.suites, self.home = root / "contracts", root / "expectations", root / "home"
        for folder in (self.home, self.contracts):
            folder.mkdir()
        self.read: list[str] = []
        self.cache = self.home / "dag_plans.json"

    def add(self, name: str, **changes: Any) -> Path:
        path = self.contracts / f"{name}.odcs.yaml"
        columns = [{"name": "id", "logicalType": "integer"}]
        path.write_text(minimal(**{"id": name, "schema": [{"name": name, "properties": columns}], **changes}))
        ContractFolder(self.contracts, self.suites).write_suites(path)
        return path

    def plans(self, only: str | None = None, *, environment: str = "") -> FolderDatasets[DagPlan]:
        self.read.clear()
        folder = CountingFolder(self.contracts, self.suites, environment=environment)
        folder.files = self.read
        return dag_plans(folder, only, kept_in=self.home)


class CountingFolder(ContractFolder):
    """Notes which contract files are read."""

    files: list[str]

    def text(self, path: Path) -> str:
        self.files.append(path.name)
        return super().text(path)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.add("customers")
    project.add("orders")
    project.plans()
    return project


def test_a_contract_that_did_not_change_is_not_read_again(project: Project) -> None:
    project.plans()

    assert project.read == []


def test_what_is_kept_makes_the_same_dags(project: Project) -> None:
    kept = project.plans()
    project.cache.unlink()

    assert project.plans() == kept


def test_only_the_contract_that_changed_is_read_again(project: Project) -> None:
    project.add("orders", description={"purpose": "New."})

    project.plans()

    assert project.read == ["orders.odcs.yaml"]


def test_a_contract_that_becomes_invalid_is_found(project: Project) -> None:
    (project.contracts / "orders.odcs.yaml").write_text("id: [")

    found = project.plans()

    assert ([plan.dag_id for plan in found.datasets], [file for file, _ in found.broken]) == (
        ["gate__customers"],
        ["orders.odcs.yaml"],
    )


def test_a_suite_that_becomes_stale_is_found(project: Project) -> None:
    suite = project.suites / "orders/orders.json"
    suite.write_text(suite.read_text() + " ")

    ((_, why),) = project.plans().broken

    assert "differs from what the contract compiles to" in why


def test_a_suite_that_is_removed_is_found(project: Project) -> None:
    (project.suites / "orders/orders.json").unlink()

    ((_, why),) = project.plans().broken

    assert "does not exist" in why


def test_a_kept_version_that_is_added_is_read(project: Project) -> None:
    kept = project.contracts / "history/orders/0.9.0.odcs.yaml"
    kept.parent.mkdir(parents=True)
    kept.write_text("id: [")

    ((file, _),) = project.plans().broken

    assert file == "orders.odcs.yaml"


def test_a_broken_contract_is_read_each_time(project: Project) -> None:
    (project.contracts / "orders.odcs.yaml").write_text("id: [")
    project.plans()

    project.plans()

    assert project.read == ["orders.odcs.yaml"]


def test_two_contracts_that_claim_a_table_are_found_although_neither_changed(project: Project) -> None:
    project.add("twin", schema=[{"name": "orders", "properties": [{"name": "id", "logicalType": "integer"}]}])
    project.plans()

    broken = project.plans().broken

    assert (project.read, [file for file, _ in broken]) == ([], ["orders.odcs.yaml", "twin.odcs.yaml"])


def test_another_environment_is_another_reading(project: Project) -> None:
    project.plans(environment="prod")

    assert set(project.read) == {"customers.odcs.yaml", "orders.odcs.yaml"}


def test_other_software_is_another_context(tmp_path: Path) -> None:
    module = tmp_path / "rules.py"
    module.write_text("A = 1")
    before = software_state(tmp_path)
    module.write_text("A = 10")

    assert software_state(tmp_path) != before


class Text(Record):
    """The simplest reading of a contract."""

    text: str


def texts(project: Project, *, context: str, read: Callable[[Path], str]) -> dict[str, Text]:
    folder = ContractFolder(project.contracts, project.suites)
    cache = ReadingCache(project.home / "texts.json", folder, Text, context=context)
    return cache.readings(lambda path: Text(text=read(path)), is_kept=lambda _: True)


def test_another_context_is_another_reading(project: Project) -> None:
    texts(project, context="a", read=lambda _: "of a")

    assert texts(project, context="b", read=lambda _: "of b")["orders.odcs.yaml"].text == "of b"


def test_a_contract_that_changes_while_it_is_read_is_not_kept(project: Project) -> None:
    path = project.contracts / "orders.odcs.yaml"
    first = path.read_text()

    def read(file: Path) -> str:
        if file == path:
            path.write_text(f"{first}\n")
        return file.read_text()

    texts(project, context="", read=read)
    path.write_text(first)  # as it was when the reading began

    assert texts(project, context="", read=lambda _: "again")["orders.odcs.yaml"].text == "again"


def _with_other_docs(text: str) -> str:
    entries = json.loads(text)
    entries["orders.odcs.yaml"]["reading"] = entries["orders.odcs.yaml"]["reading"].replace("Contract", "Contact")
    return json.dumps(entries)


def _without_reading(text: str) -> str:
    entries = json.loads(text)
    del entries["orders.odcs.yaml"]["reading"]
    return json.dumps(entries)


@pytest.mark.parametrize(
    "damage",
    [lambda text: text[:-9], lambda _: "[]", lambda _: '{"orders.odcs.yaml": 1}', _without_reading, _with_other_docs],
    ids=["cut off", "another kind", "another entry", "half an entry", "altered"],
)
def test_a_damaged_file_costs_time_and_nothing_else(project: Project, damage: Callable[[str], str]) -> None:
    right = project.plans()
    project.cache.write_text(damage(project.cache.read_text()))

    assert project.plans() == right
    assert "orders.odcs.yaml" in project.read


def test_nothing_is_kept_where_there_is_no_folder_and_the_dags_are_there(project: Project) -> None:
    project.home = project.home.parent / "none"

    assert len(project.plans().datasets) == 2
    assert not project.home.exists()


def test_a_parse_that_is_stopped_leaves_what_it_has_read_to_the_next(project: Project) -> None:
    for number in range(120):
        (project.contracts / f"a{number:03}.odcs.yaml").write_text("id: [")

    def stopped_at_the_last(path: Path) -> str:
        if path.name == "orders.odcs.yaml":
            raise TimeoutError
        return "read"

    with pytest.raises(TimeoutError):
        texts(project, context="", read=stopped_at_the_last)
    again: list[str] = []

    def read(path: Path) -> str:
        again.append(path.name)
        return "read"

    texts(project, context="", read=read)

    assert len(again) < 30


def test_the_file_is_closed_to_other_users(project: Project) -> None:
    assert project.cache.stat().st_mode & 0o077 == 0


def test_a_task_reads_its_own_contract_alone(project: Project) -> None:
    project.cache.unlink()

    found = project.plans("gate__orders")

    assert ([plan.dag_id for plan in found.datasets], project.read) == (["gate__orders"], ["orders.odcs.yaml"])


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_a_schedule_that_was_kept_has_its_time_zone(zone: str) -> None:
    terms = [{"property": "startDate", "value": "2026-03-01"}, {"property": "timezone", "value": zone}]
    schedule = schedule_of(read(minimal(customProperties=terms)))

    again = type(schedule).model_validate_json(schedule.model_dump_json())

    assert (again.start, again.start.tzinfo) == (datetime(2026, 3, 1, tzinfo=ZoneInfo(zone)), ZoneInfo(zone))


def test_the_first_day_of_a_schedule_without_one_stays_in_utc() -> None:
    schedule = schedule_of(read(minimal()))

    assert type(schedule).model_validate_json(schedule.model_dump_json()).start.tzinfo is UTC
