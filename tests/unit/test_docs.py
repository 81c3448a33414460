"""The documents say what the code does."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest
import yaml
from deploy import entrypoint, make_secrets

from partition_gate.checks.compiling.ecma_patterns import MOST_ELEMENTS
from partition_gate.core.errors import InvalidSetting
from partition_gate.judging.documents import run_document
from partition_gate.settings import Settings, limits_table, load_settings, settings_table
from partition_gate.testing.builders import a_check_result, a_settlement
from partition_gate.wiring import clock

LIMITS = Path("docs/reference/limits.md").read_text()
RUN_JSON = Path("docs/reference/run-json.md").read_text()


@pytest.mark.parametrize("page", ["README.md", "docs/reference/settings.md"])
def test_the_table_of_settings_is_the_code_s(page: str):
    shown = Path(page).read_text().split("<!-- settings -->\n")[1].split("\n<!-- /settings -->")[0]

    assert shown == settings_table()


def test_the_table_of_limits_is_the_code_s():
    shown = LIMITS.split("<!-- limits -->\n")[1].split("\n<!-- /limits -->")[0]

    assert shown == limits_table()


def test_every_limit_is_in_the_table_and_every_setting_in_one_of_both():
    timed = {name for name in Settings.model_fields if name.endswith(("_timeout_s", "_bytes", "_mb", "_bytes_per_s"))}

    assert {name for name in timed if f"`GATE_{name.upper()}`" not in limits_table()} == set()
    tables = limits_table() + settings_table()
    assert {name for name in Settings.model_fields if f"`GATE_{name.upper()}`" not in tables} == set()


def test_the_examples_of_limits_can_be_used():
    lines = re.findall(r"^(GATE_\w+)=(\S+)$", LIMITS, re.MULTILINE)

    assert lines
    load_settings(dict(lines))


@pytest.mark.parametrize("value", ["inf", "nan", "1e19", "-1", "0"])
def test_no_limit_is_endless_or_overflows(value: str):
    limits = [name for name, field in Settings.model_fields.items() if field.json_schema_extra is not None]

    for name in limits:
        if value == "0" and name.endswith("_days"):
            continue  # an age: without one, things are kept for ever
        with pytest.raises(InvalidSetting, match=f"GATE_{name.upper()}: "):
            load_settings({f"GATE_{name.upper()}": value})


def test_an_address_with_another_scheme_is_corrected_to_one_that_can_be_used():
    with pytest.raises(InvalidSetting, match="'host' is not a URL: write http://host or https://host"):
        load_settings({"GATE_S3_ENDPOINT_URL": "ftp://host"})


def test_a_rehearsal_sets_the_time_of_every_command():
    now = clock(load_settings({"GATE_NOW": "2013-01-08T07:30:00-05:00"})).now()

    assert now == datetime(2013, 1, 8, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATE_S3_ENDPOINT_URL", "https://s3.example.org"),
        ("GATE_SLACK_TOKEN", "xoxb-1"),
        ("GATE_SLACK_CONN_ID", "slack"),
        ("GATE_WEBHOOK_SECRET", "0123456789abcdef"),
        ("GATE_LEDGER_URL", "postgresql://gate@db/gate"),
        ("GATE_WAREHOUSE_URI", "postgresql://gate@db/gate"),
        ("GATE_WAREHOUSE_CONN_ID", "warehouse"),
    ],
)
def test_a_rehearsal_is_refused_where_something_real_is_connected(name: str, value: str):
    with pytest.raises(InvalidSetting, match=f"GATE_NOW: is for rehearsals; unset it, or {name}$"):
        load_settings({"GATE_NOW": "2013-01-08T07:30:00-05:00", name: value})


def test_the_limits_that_are_no_settings_are_the_code_s():
    assert f"written out | {MOST_ELEMENTS:,} |" in LIMITS


def test_every_key_of_the_json_is_documented():
    document = run_document(
        a_settlement(), [a_check_result()], already_published=False, in_memory=False, links={}, messages=[]
    )

    keys = {*document, *document["checks"][0]}
    assert {key for key in keys if f"`{key}`" not in RUN_JSON} == set()


def test_every_file_that_a_recipe_names_exists():
    named = re.findall(r"`((?:\w+/)*\w+\.(?:py|toml|md|yaml|txt))`", Path("CONTRIBUTING.md").read_text())

    assert len(named) > 20
    roots = (Path(), Path("include/partition_gate"))
    assert [name for name in named if not any((root / name).exists() for root in roots)] == []


def test_commit_hooks_use_only_what_is_in_the_repository_s_environment():
    hooks = yaml.safe_load(Path(".pre-commit-config.yaml").read_text())["repos"]

    assert {repository["repo"] for repository in hooks} == {"local"}
    entries = [hook["entry"] for repository in hooks for hook in repository["hooks"]]
    assert {entry.split()[0] for entry in entries} == {".venv/bin/ruff", ".venv/bin/mypy", ".venv/bin/gate"}


def test_ci_runs_what_a_person_runs():
    workflow = yaml.safe_load(Path(".github/workflows/ci.yml").read_text())

    commands = [step["run"] for step in workflow["jobs"]["test"]["steps"] if "run" in step]
    assert commands[-1] == ".ci/run"
    assert Path(".ci/run").stat().st_mode & 0o111


def test_compose_names_only_settings_that_exist():
    compose = yaml.safe_load(Path("docker-compose.yaml").read_text())

    named = {name for service in compose["services"].values() for name in service.get("environment", {})}

    gate = {name.removeprefix("GATE_").lower() for name in named if name.startswith("GATE_")}
    assert gate
    assert gate <= set(Settings.model_fields)


def test_compose_has_a_file_for_each_secret_that_a_service_reads_and_no_secret_in_a_variable():
    compose = yaml.safe_load(Path("docker-compose.yaml").read_text())

    used = {secret for service in compose["services"].values() for secret in service.get("secrets", [])}
    made = set(make_secrets.MADE)
    read = {name for template in entrypoint.VARIABLES.values() for _, name, _, _ in Formatter().parse(template) if name}
    assert used == made == set(compose["secrets"])
    assert read == made - {"airflow_admin_password"}
    variables = {name for service in compose["services"].values() for name in service.get("environment", {})}
    assert variables.isdisjoint(entrypoint.VARIABLES)


def test_compose_gives_every_service_of_ours_a_limit_and_nothing_that_it_does_not_need():
    services = yaml.safe_load(Path("docker-compose.yaml").read_text())["services"]

    ours = {name: each for name, each in services.items() if "GATE_IMAGE" in each["image"]}
    assert len(ours) == 9
    for each in ours.values():
        assert (each["cap_drop"], each["read_only"]) == (["ALL"], True)
        assert each["mem_limit"]
    published = [port for each in services.values() for port in each.get("ports", [])]
    assert len(published) == 2
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_every_variable_of_the_compose_file_is_in_its_example():
    asked = set(re.findall(r"\$\{(\w+)", Path("docker-compose.yaml").read_text()))
    shown = set(re.findall(r"^# (\w+)=", Path(".env.example").read_text(), re.MULTILINE))

    assert asked - {"GATE_SLACK_API_URL"} == shown


def test_secrets_that_are_there_stay(tmp_path):
    (tmp_path / "mask_key").write_text("ours")

    made = make_secrets.write(tmp_path)

    assert set(made) == set(make_secrets.MADE) - {"mask_key"}
    assert (tmp_path / "mask_key").read_text() == "ours"
    assert make_secrets.write(tmp_path) == []


def test_a_secret_reaches_a_url_whatever_its_characters_and_given_variables_stay():
    made = entrypoint.environment({"GATE_MASK_KEY": "given"}, {"postgres_password": "a/b@c", "mask_key": "file"})

    assert made["GATE_LEDGER_URL"] == "postgresql+psycopg://airflow:a%2Fb%40c@postgres/gate"
    assert made["GATE_MASK_KEY"] == "given"
    assert "AIRFLOW__CELERY__BROKER_URL" not in made  # there is no password of Redis


def test_relative_folders_start_at_the_project():
    settings = load_settings({"GATE_HOME": "here"}, project=Path("/project"))

    assert (settings.home, settings.contracts) == (Path("/project/here"), Path("/project/include/contracts"))
