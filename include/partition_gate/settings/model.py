"""The settings: one field each, with its default and the rule that its value must keep."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, Field, SecretStr, ValidationInfo, field_validator

from partition_gate.core.addresses import Tool, is_email_address, is_webhook_url, smtp_server, tool_of
from partition_gate.settings.limits import LimitSettings
from partition_gate.settings.storage import POSTGRESQL, StorageSettings, url

PREFIX = "GATE_"
_SHORTEST_SECRET = 16
# What a rehearsal must not touch.
_REAL = (
    *("s3_endpoint_url", "s3_conn_id", "ledger_conn_id", "warehouse_conn_id"),
    *("slack_token", "slack_conn_id", "smtp_url", "webhook_secret", "openlineage_url"),
)


class LogFormat(StrEnum):
    """How the lines of the log look."""

    TEXT = "text"
    JSON = "json"


class Settings(LimitSettings, StorageSettings):
    """One field per setting. The README's table is generated from the descriptions and defaults."""

    public_url: str = Field(
        "", description="Base URL of the console for links in messages and pages; empty: links to local files."
    )
    slack_token: SecretStr = Field(
        SecretStr(""), description="Slack bot token; empty: messages go to the local inbox page."
    )
    slack_api_url: str = Field("https://slack.com/api/", description="Slack Web API (a proxy or a test server).")
    slack_conn_id: str = Field(
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
    openlineage_file: str = Field(
        "", description="File that gets OpenLineage events, one JSON object a line; empty: none."
    )
    openlineage_url: str = Field(
        "", description="URL that gets OpenLineage events, such as `http://marquez:5000/api/v1/lineage`; empty: none."
    )
    otel_endpoint: str = Field(
        "",
        description="Base URL of a collector that speaks OTLP over HTTP, such as `http://collector:4318`; empty: "
        "`OTEL_EXPORTER_OTLP_ENDPOINT`; without both, no traces and metrics are sent.",
    )
    log_format: LogFormat = Field(
        LogFormat.TEXT, description="`json`: the log of a command is one JSON object a line, on the standard error."
    )
    mask_key: SecretStr = Field(
        SecretStr(""),
        description="Key of the hashes that replace classified values; empty: a key is created once in GATE_HOME.",
    )
    now: AwareDatetime | None = Field(
        None,
        description="For rehearsals: the time that commands take for now, such as `2013-01-08T07:30-05:00`; refused "
        "together with real servers or messages.",
    )

    @field_validator("slack_api_url", "public_url", "otel_endpoint")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        return url(value)

    @field_validator("slack_conn_id")
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

    @field_validator("openlineage_url")
    @classmethod
    def _is_without_credentials(cls, value: str) -> str:
        if value and not is_webhook_url(value):
            raise ValueError("not an http(s) URL with a host and without a password: write http://host/api/v1/lineage")
        return value

    @field_validator("now")
    @classmethod
    def _is_a_rehearsal(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        """A wrong time would end in real incidents, messages and leases, so nothing real may be connected."""
        real = [name for name in _REAL if str(revealed(info.data.get(name)))]
        databases = ("ledger_url", "warehouse_uri")
        real += [name for name in databases if info.data.get(name, "").startswith(POSTGRESQL)]
        if value is not None and real:
            raise ValueError(f"is for rehearsals; unset it, or {' and '.join(PREFIX + name.upper() for name in real)}")
        return value

    def missing_for(self, tool: str) -> str:
        """What must be set before messages of this tool leave this machine; empty if they do."""
        if tool == Tool.SLACK:
            has_token = self.slack_token.get_secret_value() or self.slack_conn_id
            return "" if has_token else "GATE_SLACK_TOKEN or GATE_SLACK_CONN_ID"
        if tool == Tool.EMAIL:
            return "" if self.smtp_url.get_secret_value() else "GATE_SMTP_URL and GATE_SMTP_FROM"
        return "" if self.webhook_secret.get_secret_value() else "GATE_WEBHOOK_SECRET"


def revealed(value: object) -> object:
    """The value of a field; empty for None."""
    return value.get_secret_value() if isinstance(value, SecretStr) else "" if value is None else value
