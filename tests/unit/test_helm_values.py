"""Values for Airflow's Helm chart and the manifest of the watch: known settings, places that pods see, no secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from partition_gate.machines import require_landing_seen, require_places_seen
from partition_gate.settings import Settings, load_settings

FOLDER = Path("deploy/helm")
VALUES = "values.yaml"
FILES = (VALUES, "watch.yaml")
PREFIX = "GATE_"
# What the Kubernetes secret holds, in the form that the page asks for.
SECRET = {
    "GATE_LEDGER_URL": "postgresql+psycopg://gate:a-password@db/gate",
    "GATE_MASK_KEY": "k" * 64,
    "GATE_SLACK_TOKEN": "a-token",
    "GATE_S3_ACCESS_KEY_ID": "a-key",
    "GATE_S3_SECRET_ACCESS_KEY": "a-secret",
}


def document(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text())


def environment(name: str) -> dict[str, str | tuple[str, str]]:
    """Each variable with its value, or the name and key of the secret that it comes from."""
    found = document(name)
    if name == VALUES:
        secrets = {each["envName"]: (each["secretName"], each["secretKey"]) for each in found["secret"]}
        return {**{each["name"]: each["value"] for each in found["env"]}, **secrets}
    listed = found["spec"]["template"]["spec"]["containers"][0]["env"]
    return {each["name"]: each["value"] if "value" in each else reference(each["valueFrom"]) for each in listed}


def reference(source: Any) -> tuple[str, str]:
    return source["secretKeyRef"]["name"], source["secretKeyRef"]["key"]


def plain(name: str) -> dict[str, str]:
    """The variables whose value is in the file."""
    return {variable: value for variable, value in environment(name).items() if isinstance(value, str)}


def of_the_gate(name: str) -> dict[str, str]:
    return {variable: value for variable, value in plain(name).items() if variable.startswith(PREFIX)}


@pytest.mark.parametrize("name", FILES)
def test_every_variable_is_a_known_setting(name: str) -> None:
    known = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}

    assert {variable for variable in environment(name) if variable.startswith(PREFIX)} - known == set()


@pytest.mark.parametrize("name", FILES)
def test_every_pod_sees_every_place(name: str) -> None:
    settings = load_settings({**of_the_gate(name), **SECRET})

    assert settings.many_machines is True
    require_places_seen(settings)
    require_landing_seen(settings, "s3://landing/orders")


@pytest.mark.parametrize("name", FILES)
def test_secrets_come_from_a_kubernetes_secret_only(name: str) -> None:
    fields = Settings.model_fields.items()
    secrets = {f"{PREFIX}{field.upper()}" for field, each in fields if isinstance(each.default, SecretStr)}

    assert (secrets | SECRET.keys()) & plain(name).keys() == set()
    assert SECRET.keys() <= environment(name).keys()


def test_the_chart_is_given_no_password_and_no_key() -> None:
    values = document(VALUES)

    inline = {"fernetKey", "jwtSecret", "apiSecretKey", "webserverSecretKey", "extraSecrets"}
    assert inline & values.keys() == set()
    assert values["data"].keys() == {"metadataSecretName"}
    assert values["createUserJob"]["defaultUser"] == {"enabled": False}
    assert values["postgresql"] == {"enabled": False}


def test_the_watch_has_the_settings_of_the_tasks() -> None:
    tasks, watch = ({k: v for k, v in environment(name).items() if k.startswith(PREFIX)} for name in FILES)

    assert watch == tasks


def test_the_watch_leaves_judging_to_the_tasks() -> None:
    container = document("watch.yaml")["spec"]["template"]["spec"]["containers"][0]

    assert container["args"] == ["gate", "watch", "--every", "1m", "--limit", "0"]
    assert container["readinessProbe"]["exec"]["command"] == ["gate", "health"]


def test_no_probe_calls_what_only_the_image_of_airflow_has() -> None:
    values = document(VALUES)

    probed = {name: values[name]["livenessProbe"]["command"] for name in ("scheduler", "dagProcessor", "triggerer")}
    assert {name for name, command in probed.items() if "/entrypoint" in " ".join(command)} == set()


def test_every_volume_belongs_to_one_pod() -> None:
    volumes = [*document(VALUES)["volumes"], *document("watch.yaml")["spec"]["template"]["spec"]["volumes"]]

    assert [each["name"] for each in volumes if "emptyDir" not in each] == []
