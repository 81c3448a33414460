"""What is refused where several machines judge partitions and not all of them see the same places."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from partition_gate.core.diagnosis import Finding, Health
from partition_gate.core.errors import InvalidSetting
from partition_gate.core.partition import Location
from partition_gate.machines import machine_trials, require_landing_seen, require_places_seen
from partition_gate.settings import Settings, load_settings
from partition_gate.wiring import open_ports

MANY = {"GATE_MANY_MACHINES": "1"}
SEEN = {
    **MANY,
    "GATE_WAREHOUSE_URI": "s3://warehouse/tables",
    "GATE_QUARANTINE_URI": "s3://quarantine",
    "GATE_DOCS_FOLDER": "s3://docs",
    "GATE_LEDGER_URL": "postgresql+psycopg://gate@db/ledger",
    "GATE_MASK_KEY": "k" * 32,
    "GATE_SLACK_TOKEN": "a-token",
}


def settings_of(home: Path, **given: str) -> Settings:
    return load_settings({"GATE_HOME": str(home), **given})


def refused(settings: Settings) -> str:
    """The names of the refused places, in order; empty if nothing is refused."""
    try:
        require_places_seen(settings)
    except InvalidSetting as error:
        return " ".join(line.split(":")[0].strip() for line in str(error).splitlines() if line.startswith("  "))
    return ""


def test_one_machine_may_keep_everything_at_home(tmp_path: Path) -> None:
    require_places_seen(settings_of(tmp_path))


def test_many_machines_with_only_s3_and_postgresql_are_accepted(tmp_path: Path) -> None:
    require_places_seen(settings_of(tmp_path, **SEEN))


def test_everything_at_home_is_refused_at_once_with_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting) as caught:
        require_places_seen(settings_of(tmp_path, **MANY))

    text = str(caught.value)
    settings = ("GATE_WAREHOUSE_URI", "GATE_QUARANTINE_URI", "GATE_DOCS_FOLDER", "GATE_LEDGER_URL", "GATE_MASK_KEY")
    assert [name for name in (*settings, "GATE_SLACK_TOKEN", "GATE_SHARED_FOLDERS") if name not in text] == []


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"GATE_WAREHOUSE_URI": "/srv/tables"}, "warehouse"),
        ({"GATE_QUARANTINE_URI": ""}, "quarantine"),
        ({"GATE_DOCS_FOLDER": "/srv/docs"}, "report pages"),
        ({"GATE_LEDGER_URL": "sqlite:////srv/ledger.sqlite"}, "ledger"),
        ({"GATE_MASK_KEY": ""}, "mask key"),
        ({"GATE_SLACK_TOKEN": ""}, "inbox"),
        ({"GATE_S3_EMBEDDED": "1"}, "S3"),
    ],
)
def test_each_place_that_one_machine_sees_is_refused(tmp_path: Path, changed: dict[str, str], place: str) -> None:
    assert refused(settings_of(tmp_path, **{**SEEN, **changed})) == place


@pytest.mark.parametrize(
    "service",
    [{"GATE_SMTP_URL": "smtp://mail:25", "GATE_SMTP_FROM": "gate@example.org"}, {"GATE_WEBHOOK_SECRET": "w" * 16}],
)
def test_any_service_for_messages_will_do(tmp_path: Path, service: dict[str, str]) -> None:
    assert refused(settings_of(tmp_path, **{**SEEN, "GATE_SLACK_TOKEN": "", **service})) == ""


def test_a_home_that_all_machines_mount_may_hold_everything_but_the_ledger(tmp_path: Path) -> None:
    assert refused(settings_of(tmp_path, **MANY, GATE_SHARED_FOLDERS=f"/mnt/other:{tmp_path}")) == "ledger"


def test_a_folder_beside_a_shared_one_is_not_shared(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, GATE_SHARED_FOLDERS="/mnt/gate")

    paths = ("/mnt/gate/tables", "/mnt/gate2/tables", "/mnt/gate/../tables")
    assert [settings.is_shared(path) for path in paths] == [True, False, False]


def test_a_shared_folder_is_absolute(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="GATE_SHARED_FOLDERS: 'gate' is not an absolute folder"):
        settings_of(tmp_path, GATE_SHARED_FOLDERS="/mnt/gate:gate")


def test_no_value_of_a_secret_is_in_the_refusal(tmp_path: Path) -> None:
    changed = {**SEEN, "GATE_WAREHOUSE_URI": "", "GATE_LEDGER_URL": "postgresql://gate:hunter2@db/ledger"}

    with pytest.raises(InvalidSetting) as caught:
        require_places_seen(settings_of(tmp_path, **changed))

    assert [secret for secret in ("hunter2", "k" * 32, "a-token") if secret in str(caught.value)] == []


def test_commands_and_tasks_refuse_before_they_make_anything(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="other machines cannot see"), open_ports(settings_of(tmp_path, **MANY)):
        pass

    assert list(tmp_path.iterdir()) == []


def test_local_landing_is_refused_when_it_is_looked_at(tmp_path: Path) -> None:
    location = Location(root=str(tmp_path), segments=(), pattern="*.parquet")

    with (
        open_ports(settings_of(tmp_path, **SEEN)) as ports,
        pytest.raises(InvalidSetting, match=r"landing: .*correct servers"),
    ):
        ports.store.list_files(location, "snapshot")


def test_landing_in_s3_or_a_shared_folder_is_accepted(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, **SEEN, GATE_SHARED_FOLDERS="/mnt/landing")

    for path in ("s3://landing/orders", "/mnt/landing/orders"):
        require_landing_seen(settings, path)


@pytest.mark.parametrize(
    "executor",
    [
        "CeleryExecutor",
        "airflow.providers.cncf.kubernetes.executors.kubernetes_executor.KubernetesExecutor",
        "LocalExecutor,CeleryExecutor",
    ],
)
def test_an_executor_of_airflow_with_several_machines_says_so(executor: str) -> None:
    assert load_settings({"AIRFLOW__CORE__EXECUTOR": executor}).many_machines is True


def test_another_executor_says_nothing() -> None:
    assert load_settings({"AIRFLOW__CORE__EXECUTOR": "LocalExecutor"}).many_machines is None


def test_the_setting_wins_over_airflow_s_executor() -> None:
    settings = load_settings({"AIRFLOW__CORE__EXECUTOR": "CeleryExecutor", "GATE_MANY_MACHINES": "0"})

    assert settings.many_machines is False


def test_inside_airflow_its_configuration_file_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    configuration: Any = ModuleType("airflow.configuration")
    configuration.conf = SimpleNamespace(
        get=lambda section, name: {("core", "executor"): "CeleryExecutor"}[section, name]
    )
    monkeypatch.setitem(sys.modules, "airflow.configuration", configuration)
    monkeypatch.delenv("AIRFLOW__CORE__EXECUTOR", raising=False)

    assert load_settings().many_machines is True


def found(settings: Settings, *landing: str) -> dict[str, Finding]:
    return {subject.removeprefix("machines: "): trial() for subject, trial in machine_trials(settings, landing)}


def test_the_doctor_names_each_place_that_is_hidden(tmp_path: Path) -> None:
    trials = found(settings_of(tmp_path, **{**SEEN, "GATE_DOCS_FOLDER": "/srv/docs"}), "/srv/landing", "s3://landing")

    failed = [subject for subject, finding in trials.items() if finding.health is Health.FAILED]
    assert failed == ["report pages", "landing /srv/landing"]


def test_the_doctor_warns_of_a_consumers_file_on_each_machine(tmp_path: Path) -> None:
    health = found(settings_of(tmp_path, **SEEN))["consumers' file"].health
    shared = found(settings_of(tmp_path, **SEEN, GATE_SHARED_FOLDERS=str(tmp_path)))["consumers' file"].health

    assert (health, shared) == (Health.WARNING, Health.OK)


def test_the_doctor_has_one_row_for_one_machine(tmp_path: Path) -> None:
    assert [(subject, finding.health) for subject, finding in found(settings_of(tmp_path), "/srv/landing").items()] == [
        ("machines", Health.OK)
    ]
