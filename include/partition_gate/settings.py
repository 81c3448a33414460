"""All settings, read once from the environment (`GATE_<NAME>`). No other module reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import AwareDatetime, Field, SecretStr, ValidationError, ValidationInfo, field_validator

from partition_gate.core.addresses import Tool, is_email_address, is_webhook_url, smtp_server, tool_of
from partition_gate.core.errors import InvalidSetting
from partition_gate.core.record import Record

PREFIX = "GATE_"
_DATABASES = ("postgresql+psycopg", "postgresql")
_CHECKOUT_FOLDER = "include"  # holds the package in a checkout
AMAZON_S3 = "aws"
_SHORTEST_SECRET = 16
# What a rehearsal must not touch.
_REAL = ("s3_endpoint_url", "slack_token", "slack_connection", "smtp_url", "webhook_secret")


# More overflows the milliseconds of databases and the timers of threads; no wait of 11 days is meant.
_LONGEST_S = 1_000_000


def _limit(default: float, meaning: str, outcome: str, *, ge: float | None = None, le: float = _LONGEST_S) -> Any:
    """A limit above 0, in seconds unless its meaning names another unit. `outcome`: what happens at the limit."""
    gt = 0 if ge is None else None
    return Field(default, description=meaning, json_schema_extra={"outcome": outcome}, gt=gt, ge=ge, le=le)


class Settings(Record):
    """One field per setting. The README's table is generated from the descriptions and defaults."""

    home: Path = Field(Path(".gate"), description="Folder for everything that runs embedded: databases, files, keys.")
    contracts: Path = Field(Path("include/contracts"), description="Folder of the `<id>.odcs.yaml` contracts.")
    expectations: Path = Field(Path("expectations"), description="Folder of the compiled suites.")
    environment: str = Field(
        "",
        description="The `servers[]` to use, by `environment` or `server`; empty: the environment of the first one.",
    )
    s3_endpoint_url: str = Field(
        "",
        description="S3 endpoint of landing; `aws`: Amazon S3; "
        "empty: an embedded server below GATE_HOME, started when needed.",
    )
    s3_access_key_id: str = Field(
        "", description="S3 access key of landing; empty: the credentials of the `AWS_` variables, or of the role."
    )
    s3_secret_access_key: SecretStr = Field(SecretStr(""), description="S3 secret key of landing.")
    s3_region: str = Field("us-east-1", description="S3 region of landing.")
    warehouse_uri: str = Field(
        "", description="Root of the Delta tables, a folder or `s3://bucket/prefix`; empty: `GATE_HOME/warehouse`."
    )
    quarantine_uri: str = Field("", description="Root of the quarantine; empty: `GATE_HOME/quarantine`.")
    serving_file: str = Field("", description="The consumers' DuckDB file; empty: `GATE_HOME/warehouse.duckdb`.")
    ledger_url: str = Field("", description="SQLAlchemy URL of the ledger; empty: SQLite at `GATE_HOME/ledger.sqlite`.")
    docs_folder: str = Field("", description="Folder of the Data Docs site; empty: `GATE_HOME/docs`.")
    public_url: str = Field(
        "", description="Base URL of the console for links in messages and pages; empty: links to local files."
    )
    slack_token: SecretStr = Field(
        SecretStr(""), description="Slack bot token; empty: messages go to the local inbox page."
    )
    slack_api_url: str = Field("https://slack.com/api/", description="Slack Web API (a proxy or a test server).")
    slack_connection: str = Field(
        "", description="Airflow connection (type slack or http) whose password is the Slack token."
    )
    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="Mail server: `smtp://user:password@host:587` (STARTTLS) or `smtps://...`; "
        "empty: e-mails go to the local inbox page.",
    )
    smtp_from: str = Field("", description="Sender address of e-mails.", validate_default=True)
    webhook_secret: SecretStr = Field(
        SecretStr(""), description="Key that signs webhook calls; empty: they go to the local inbox page."
    )
    operators_channel: str = Field(
        "",
        description="Channel of the people who run the gate: `#channel`, an e-mail address or a webhook's URL. They "
        "are told of partitions that could not be judged; empty: the producers are.",
    )
    mask_key: SecretStr = Field(
        SecretStr(""),
        description="Key of the hashes that replace classified values; empty: a key is created once in GATE_HOME.",
    )
    store_call_timeout_s: float = _limit(
        60,
        "One listing, lookup, or small read or write in object storage, including retries.",
        "errored: object storage does not answer",
    )
    store_file_timeout_s: float = _limit(
        60,
        "Reading one file from object storage, including retries, plus the time allowed for its size.",
        "errored, with the file and its limit; the spool is left empty",
    )
    store_file_bytes_per_s: float = _limit(
        1_000_000,
        "Slowest acceptable transfer of a file, in bytes per second.",
        "size / this rate is added to the limit of a file",
        le=10**12,
    )
    spool_timeout_s: float = _limit(
        1800, "Reading all files of one partition.", "errored, with the number of files; the spool is left empty"
    )
    spool_max_bytes: int = _limit(
        100_000_000_000, "Total size of one partition's files, in bytes.", "errored before anything is read", le=10**18
    )
    scan_timeout_s: float = _limit(
        1800,
        "One pass over a partition's rows, to judge or to split them.",
        "errored: DuckDB is interrupted and nothing is published",
    )
    sql_rule_timeout_s: float = _limit(
        60, "Planning or running one SQL rule.", "lint reports an error at the query; in a run, that check is errored"
    )
    sql_rule_memory_mb: int = _limit(
        1024,
        "Memory of one SQL rule, in MB.",
        "lint reports an error at the query; in a run, that check is errored",
        ge=64,
    )
    view_swap_timeout_s: float = _limit(
        10,
        "Waiting while another process writes the consumers' DuckDB file.",
        "published; the next run refreshes the view",
    )
    ledger_timeout_s: float = _limit(
        30,
        "Waiting for the ledger: a connection, a lock, a statement.",
        "exit 3: before the commit nothing is visible; after it the rows are visible, and the next run records them",
        ge=1,
    )
    message_timeout_s: float = _limit(
        20,
        "Sending one message, or looking up whether it was sent. A connection silent for 10 s ends sooner.",
        "the message waits in the outbox; those of the same tool (of a webhook: the same URL) wait for the next drain",
        le=50,
    )
    drain_timeout_s: float = _limit(
        60, "How long a drain may start new deliveries.", "the remaining messages wait for the next drain"
    )
    now: AwareDatetime | None = Field(
        None,
        description="For rehearsals: the time that commands take for now, such as `2013-01-08T07:30-05:00`; refused "
        "together with real servers or messages.",
    )

    @field_validator("s3_endpoint_url", "slack_api_url", "public_url")
    @classmethod
    def _is_an_address(cls, value: str, info: ValidationInfo) -> str:
        if value == AMAZON_S3 and info.field_name == "s3_endpoint_url":
            return value
        if value and not (value.startswith(("http://", "https://")) and urlsplit(value).netloc):
            address = value.rpartition("@")[2].rpartition("://")[2]  # the part before @ may hold a password
            raise ValueError(f"{address!r} is not a URL: write http://{address} or https://{address}")
        return value

    @field_validator("slack_connection")
    @classmethod
    def _is_the_only_token(cls, value: str, info: ValidationInfo) -> str:
        token = info.data.get("slack_token")
        if value and token and token.get_secret_value():
            raise ValueError("GATE_SLACK_TOKEN is set as well: keep one of both")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _is_a_mail_server(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            smtp_server(value.get_secret_value())
        return value

    @field_validator("smtp_from")
    @classmethod
    def _is_a_sender(cls, value: str, info: ValidationInfo) -> str:
        server = info.data.get("smtp_url")
        if value and not is_email_address(value):
            raise ValueError(f"{value!r} is not an e-mail address: write gate@example.org")
        if not value and server and server.get_secret_value():
            raise ValueError("is empty, but GATE_SMTP_URL is set: write the sender's address, gate@example.org")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _is_long_enough(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < _SHORTEST_SECRET:
            raise ValueError(f"shorter than {_SHORTEST_SECRET} characters: make one with `openssl rand -hex 32`")
        return value

    @field_validator("operators_channel")
    @classmethod
    def _is_a_channel(cls, value: str) -> str:
        tool = tool_of(value)
        if (tool is Tool.EMAIL and not is_email_address(value)) or (tool is Tool.WEBHOOK and not is_webhook_url(value)):
            raise ValueError("neither a Slack channel nor a valid e-mail address or http(s) URL: write #gate")
        return value

    @field_validator("ledger_url")
    @classmethod
    def _is_a_database(cls, value: str) -> str:
        scheme = value.partition(":")[0]
        if not value or (scheme == "sqlite" and value.startswith("sqlite:///")):
            return value
        if scheme not in _DATABASES:
            raise ValueError(
                f"{scheme!r} is not a supported database: write {_DATABASES[0]}://user@host/db or sqlite:///path"
            )
        if not _names_a_database(value):  # the value is not quoted, because it may hold a password
            raise ValueError(f"not a database URL: write {_DATABASES[0]}://user@host:5432/db")
        return value

    @field_validator("warehouse_uri", "quarantine_uri")
    @classmethod
    def _is_a_folder_or_s3(cls, value: str) -> str:
        if "://" in value and not (value.startswith("s3://") and urlsplit(value).netloc):
            raise ValueError(f"{value!r} is neither a folder nor an S3 location: write a path or s3://bucket/prefix")
        return value

    @field_validator("now")
    @classmethod
    def _is_a_rehearsal(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        """A wrong time would end in real incidents, messages and leases, so nothing real may be connected."""
        real = [name for name in _REAL if str(_revealed(info.data.get(name)))]
        if info.data.get("ledger_url", "").startswith("postgresql"):
            real.append("ledger_url")
        if value is not None and real:
            raise ValueError(f"is for rehearsals; unset it, or {' and '.join(PREFIX + name.upper() for name in real)}")
        return value

    @property
    def s3_url(self) -> str | None:
        """The address of landing; None is Amazon S3 itself."""
        return None if self.s3_endpoint_url == AMAZON_S3 else self.s3_endpoint_url

    def missing_for(self, tool: str) -> str:
        """What must be set before messages of this tool leave this machine; empty if they do."""
        if tool == Tool.SLACK:
            has_token = self.slack_token.get_secret_value() or self.slack_connection
            return "" if has_token else "GATE_SLACK_TOKEN or GATE_SLACK_CONNECTION"
        if tool == Tool.EMAIL:
            return "" if self.smtp_url.get_secret_value() else "GATE_SMTP_URL and GATE_SMTP_FROM"
        return "" if self.webhook_secret.get_secret_value() else "GATE_WEBHOOK_SECRET"

    def path(self, value: str, name: str) -> str:
        """The value of a location setting, or its default: `name` below the home."""
        return value or str(self.home / name)


def _revealed(value: object) -> object:
    """The value of a field; empty for None."""
    return value.get_secret_value() if isinstance(value, SecretStr) else "" if value is None else value


def _names_a_database(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.port != 0 and len(parts.path) > 1  # `port` raises ValueError if it is not a number
    except ValueError:
        return False


def load_settings(environment: Mapping[str, str] | None = None, *, project: Path | None = None) -> Settings:
    """The settings. Relative folders are resolved against the project's root (`_project`).

    Raises:
        InvalidSetting: an unknown `GATE_` variable or an unusable value.
    """
    variables = os.environ if environment is None else environment
    values = {name.removeprefix(PREFIX).lower(): value for name, value in variables.items() if name.startswith(PREFIX)}
    if unknown := sorted(set(values) - set(Settings.model_fields)):
        names = ", ".join(PREFIX + name.upper() for name in unknown)
        raise InvalidSetting(f"{names}: unknown setting; the README lists all settings")
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        problem = first["msg"].removeprefix("Value error, ")
        raise InvalidSetting(f"{PREFIX}{str(first['loc'][0]).upper()}: {problem}") from None
    root = project or _project()
    folders = {name: root / getattr(settings, name) for name in ("home", "contracts", "expectations")}
    return settings.model_copy(update=folders)


def _project() -> Path:
    """The root of the checkout; the working directory if the package is installed without one."""
    folder = Path(__file__).resolve().parents[1]
    return folder.parent if folder.name == _CHECKOUT_FOLDER else Path.cwd()


def limits_table() -> str:
    """Every limit with its default, its meaning and what happens when it is reached, as Markdown."""
    rows = ["| setting | default | limits | when it is reached |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        if isinstance(extra := field.json_schema_extra, dict):
            outcome = extra["outcome"]
            rows.append(f"| `{PREFIX}{name.upper()}` | `{field.default}` | {field.description} | {outcome} |")
    return "\n".join(rows)


def settings_table() -> str:
    """Every setting that is not a limit, with its default and meaning, as the README's Markdown table."""
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        if field.json_schema_extra is not None:
            continue
        default = str(_revealed(field.default))
        rows.append(f"| `{PREFIX}{name.upper()}` | {f'`{default}`' if default else ''} | {field.description} |")
    return "\n".join(rows)
