"""Every setting, read once from the environment (`GATE_<NAME>`): the only module that looks there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator

from partition_gate.errors import InvalidSetting
from partition_gate.record import Record

PREFIX = "GATE_"
_PROJECT = Path(__file__).resolve().parents[2]


class Settings(Record):
    """One field a setting; the README's table is made from the descriptions and defaults."""

    home: Path = Field(Path(".gate"), description="Folder below which everything embedded is written.")
    contracts: Path = Field(Path("include/contracts"), description="Folder of the `<id>.odcs.yaml` contracts.")
    expectations: Path = Field(Path("expectations"), description="Folder of the compiled suites.")
    environment: str = Field(
        "", description="Which `servers[]` entry is used, by `environment` or `server`; empty: the first."
    )
    s3_endpoint_url: str = Field(
        "", description="S3 endpoint of landing; empty: the embedded server below GATE_HOME is started when needed."
    )
    s3_access_key_id: str = Field("", description="S3 access key of landing.")
    s3_secret_access_key: SecretStr = Field(SecretStr(""), description="S3 secret key of landing.")
    s3_region: str = Field("us-east-1", description="S3 region of landing.")
    warehouse_uri: str = Field(
        "", description="Root of the Delta tables, a folder or `s3://`; empty: `GATE_HOME/warehouse`."
    )
    quarantine_uri: str = Field("", description="Root of the quarantine; empty: `GATE_HOME/quarantine`.")
    serving_file: str = Field("", description="The consumers' DuckDB file; empty: `GATE_HOME/warehouse.duckdb`.")
    ledger_url: str = Field("", description="SQLAlchemy URL of the state; empty: SQLite at `GATE_HOME/ledger.sqlite`.")
    docs_folder: str = Field("", description="Folder of the Data Docs site; empty: `GATE_HOME/docs`.")
    public_url: str = Field(
        "", description="Base URL of the console in messages and pages; empty: links to local files."
    )
    slack_token: SecretStr = Field(SecretStr(""), description="Bot token; empty: messages go to the local inbox page.")
    slack_api_url: str = Field("https://slack.com/api/", description="Slack Web API (a proxy or a test server).")
    mask_key: SecretStr = Field(
        SecretStr(""), description="Key of the hashes that stand for classified values; empty: made once in GATE_HOME."
    )
    store_call_seconds: float = Field(
        60, gt=0, description="Limit of one listing, look or small object in object storage, retries included, in s."
    )
    store_file_seconds: float = Field(
        60,
        gt=0,
        description="Limit of reading one file from object storage, beside the time that its size takes, in s.",
    )
    store_file_rate: float = Field(
        1_000_000,
        gt=0,
        description="Slowest reading of a file that is waited for, in bytes/s: its size takes no longer.",
    )
    spool_seconds: float = Field(1800, gt=0, description="Limit of reading all files of one partition, in s.")
    scan_seconds: float = Field(
        1800, gt=0, description="Limit of judging the rows of one partition, and of splitting them, each, in s."
    )
    sql_rule_seconds: float = Field(60, gt=0, description="Limit of planning or running one SQL rule, in s.")
    sql_rule_memory_mb: int = Field(1024, ge=64, description="Memory that one SQL rule may use, in MB.")
    view_swap_seconds: float = Field(
        10, gt=0, description="Longest wait for another process that writes the consumers' DuckDB file, in s."
    )
    ledger_seconds: float = Field(
        30, ge=1, description="Longest wait for the ledger to answer or to be free, in s (a transaction, a connection)."
    )
    message_seconds: float = Field(
        20,
        gt=0,
        le=50,
        description="Limit of sending one Slack message, and of looking whether it was sent, each, in s.",
    )
    drain_seconds: float = Field(60, gt=0, description="No further message is begun after so long, in s.")

    @field_validator("s3_endpoint_url", "slack_api_url", "public_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value and not (value.startswith(("http://", "https://")) and urlsplit(value).netloc):
            raise ValueError(f"{value!r} is not a URL: write http://<host> or https://<host>")
        return value

    @field_validator("warehouse_uri", "quarantine_uri")
    @classmethod
    def _is_a_folder_or_s3(cls, value: str) -> str:
        if "://" in value and not (value.startswith("s3://") and urlsplit(value).netloc):
            raise ValueError(f"{value!r} is neither a folder nor s3://bucket/prefix")
        return value

    def path(self, value: str, name: str) -> str:
        """A location setting, or its default of that name below the home."""
        return value or str(self.home / name)


def load_settings(environment: Mapping[str, str] | None = None, *, project: Path = _PROJECT) -> Settings:
    """The settings; relative folders start at the project's root.

    Raises:
        InvalidSetting: an unknown `GATE_` variable or an unusable value.
    """
    given = os.environ if environment is None else environment
    values = {name.removeprefix(PREFIX).lower(): value for name, value in given.items() if name.startswith(PREFIX)}
    if unknown := sorted(set(values) - set(Settings.model_fields)):
        names = ", ".join(PREFIX + name.upper() for name in unknown)
        raise InvalidSetting(f"{names}: no such setting; see the table of settings in the README")
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        problem = first["msg"].removeprefix("Value error, ")
        raise InvalidSetting(f"{PREFIX}{str(first['loc'][0]).upper()}: {problem}") from None
    folders = {name: project / getattr(settings, name) for name in ("home", "contracts", "expectations")}
    return settings.model_copy(update=folders)


def settings_table() -> str:
    """Every setting with its default and meaning, as the README's Markdown table."""
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
        rows.append(f"| `{PREFIX}{name.upper()}` | {f'`{default}`' if str(default) else ''} | {field.description} |")
    return "\n".join(rows)
