"""Reads the settings. The only module that reads the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from partition_gate.core.errors import InvalidSetting
from partition_gate.settings.model import PREFIX, Settings
from partition_gate.settings.sources import Given, from_dotenv, from_toml, from_variables
from partition_gate.settings.storage import AMAZON_S3

DOTENV, TOML = ".env", "partition-gate.toml"
_UNSET = {"", AMAZON_S3}
_OTLP = "OTEL_EXPORTER_OTLP_ENDPOINT"
_EXECUTOR = "AIRFLOW__CORE__EXECUTOR"
_OF_MANY_MACHINES = ("CeleryExecutor", "KubernetesExecutor")
_CHECKOUT_FOLDER = "include"  # holds the package in a checkout
# Variables of AWS's own tools that hold for all of our clients. Some of these would read them by themselves, others
# not. Credentials are not here: botocore finds them.
_AWS = {
    "s3_endpoint_url": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    "s3_region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "s3_ca_bundle": ("AWS_CA_BUNDLE",),
}


def load_settings(environment: Mapping[str, str] | None = None, *, project: Path | None = None) -> Settings:
    """The settings: a variable of the environment wins over `.env`, that over `partition-gate.toml`, that over the
    default. Relative folders start at the project's root (`_project`), where both files are.

    An empty value is the default. With an `environment` of its own and no `project`, no file is read.

    Raises:
        InvalidSetting: an unknown name or an unusable value; the message says where it is.
    """
    variables = os.environ if environment is None else environment
    root = project or _project()
    given: dict[str, Given] = {}
    if environment is None or project is not None:
        given = from_toml(root / TOML) | from_dotenv(root / DOTENV)
    given |= from_variables(variables)
    given |= _from_aws(variables, given) | _from_opentelemetry(variables, given) | _from_airflow(variables, given)
    try:
        settings = Settings.model_validate({name: each.value for name, each in given.items() if each.value})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        where = given[name].origin if name in given else f"{PREFIX}{name.upper()}"
        raise InvalidSetting(f"{where}: {first['msg'].removeprefix('Value error, ')}") from None
    folders = {name: root / getattr(settings, name) for name in ("home", "contracts", "expectations")}
    recover = {"recover_folder": str(root / settings.recover_folder)} if settings.recover_folder else {}
    return settings.model_copy(update={**folders, **recover})


def load_settings_of(project: Path) -> Settings:
    """The settings of another project: those of its files. No `GATE_` variable holds for it, but AWS's own do.

    Raises:
        InvalidSetting: the folder has neither file, or one of them has an unusable value.
    """
    if not any((project / name).is_file() for name in (TOML, DOTENV)):
        raise InvalidSetting(f"{project}: has no {TOML} and no {DOTENV}; name the folder of a project")
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return load_settings(others, project=project)


def _from_aws(variables: Mapping[str, str], given: Mapping[str, Given]) -> dict[str, Given]:
    """What AWS's own variables say; nothing about the embedded server."""
    if "s3_embedded" in given and given["s3_embedded"].value.lower() not in {"", "0", "false", "no", "off"}:
        return {}
    unset = {name: aliases for name, aliases in _AWS.items() if name not in given or given[name].value in _UNSET}
    stated = {name: [alias for alias in aliases if variables.get(alias)] for name, aliases in unset.items()}
    return {name: Given(variables[aliases[0]], aliases[0]) for name, aliases in stated.items() if aliases}


def _from_opentelemetry(variables: Mapping[str, str], given: Mapping[str, Given]) -> dict[str, Given]:
    """The endpoint in OpenTelemetry's own variable, which its other tools read, too."""
    is_stated = "otel_endpoint" in given and given["otel_endpoint"].value
    return {} if is_stated or not variables.get(_OTLP) else {"otel_endpoint": Given(variables[_OTLP], _OTLP)}


def _from_airflow(variables: Mapping[str, str], given: Mapping[str, Given]) -> dict[str, Given]:
    """Whether tasks run on several machines, unless a setting says so: as Airflow's variable says, or its file."""
    if "many_machines" in given and given["many_machines"].value:
        return {}
    # Asked only where it is loaded, because that takes a second, which a command must not spend.
    configuration = sys.modules.get("airflow.configuration") if variables is os.environ else None
    executor = configuration.conf.get("core", "executor") if configuration else variables.get(_EXECUTOR, "")
    is_many = any(name in executor for name in _OF_MANY_MACHINES)
    return {"many_machines": Given("1", _EXECUTOR)} if is_many else {}


def _project() -> Path:
    """The root of the checkout; the working directory if the package is installed without one."""
    folder = Path(__file__).resolve().parents[2]
    return folder.parent if folder.name == _CHECKOUT_FOLDER else Path.cwd()
