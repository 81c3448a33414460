"""The compose files are valid for the versions of Compose that they name."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from partition_gate.apps.cli.new import rendered
from partition_gate.machines import require_places_seen
from partition_gate.settings import load_settings

# The schema of the Compose Specification, from https://github.com/compose-spec/compose-spec
SCHEMA = Path("tests/corpus/compose/compose-spec.json")
OWN = "docker-compose.yaml"
FILES = {
    OWN: Path(OWN).read_text(),
    "docker-compose.override.example.yaml": Path("docker-compose.override.example.yaml").read_text(),
    "docker-compose.yaml of gate new": dict(rendered("my.project", day=date(2026, 1, 1)))[OWN],
}


def problems(document: Any) -> list[str]:
    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()))
    return [f"{list(error.instance_path)}: {error.message}" for error in validator.iter_errors(document)]


@pytest.mark.parametrize("name", FILES)
def test_a_compose_file_follows_the_compose_specification(name: str) -> None:
    assert problems(yaml.safe_load(FILES[name])) == []


def test_the_specification_refuses_a_setting_that_it_does_not_know() -> None:
    document = yaml.safe_load(FILES[OWN])
    document["services"]["redis"]["memory_limit"] = "256m"

    assert any("memory_limit" in problem for problem in problems(document))


def test_our_own_file_needs_nothing_that_docker_compose_1_29_does_not_know() -> None:
    document = yaml.safe_load(FILES[OWN])

    sections = {name for name in document if not name.startswith("x-")}
    assert sections <= {"services", "networks", "volumes", "secrets"}
    named = {key for service in document["services"].values() for key in service}
    assert named.isdisjoint({"attach", "develop", "post_start", "pre_stop", "provider", "models", "use_api_socket"})
    assert not any("dockerfile_inline" in service.get("build", {}) for service in document["services"].values())


def test_the_watch_leaves_judging_to_the_workers() -> None:
    assert yaml.safe_load(FILES[OWN])["services"]["watch"]["command"][-2:] == ["--limit", "0"]


def test_every_container_sees_every_place() -> None:
    written = yaml.safe_load(FILES[OWN])["x-gate"]["environment"]
    own = {name: value for name, value in written.items() if name.startswith("GATE_") and "${" not in value}
    of_image_and_secrets = {"GATE_HOME": "/var/lib/gate", "GATE_LEDGER_URL": "postgresql+psycopg://postgres/gate"}

    settings = load_settings({**own, **of_image_and_secrets})

    assert settings.many_machines is True
    require_places_seen(settings)
