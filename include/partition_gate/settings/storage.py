"""Settings of folders, object storage, warehouse and ledger."""

from __future__ import annotations

import os
import re
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from partition_gate.core.record import Record

AMAZON_S3 = "aws"
POSTGRESQL = "postgresql"
_SCHEMA = re.compile(r"[a-z][a-z0-9_]{0,49}")
_DATABASES = ("postgresql+psycopg", "postgresql")


class Addressing(StrEnum):
    """Where requests name the bucket: in the path or in the host name. AUTO: in the host name for Amazon S3 only."""

    AUTO = "auto"
    PATH = "path"
    VIRTUAL = "virtual"


class StorageSettings(Record):
    """Where data, tables and state are, and how S3 is reached."""

    home: Path = Field(Path(".gate"), description="Folder for everything that runs embedded: databases, files, keys.")
    contracts: Path = Field(Path("include/contracts"), description="Folder of the `<id>.odcs.yaml` contracts.")
    shared_home: bool = Field(
        default=False,
        description="`1`: other users may read what is below GATE_HOME, as far as the umask lets them; otherwise "
        "quarantine, Data Docs, ledger, messages and spool there can be read by the gate's user only.",
    )
    many_machines: bool | None = Field(
        None,
        description="`1`: several machines judge partitions, and the gate refuses to start with a place that only one "
        "of them can see; `0`: one machine does; empty: `1` if Airflow's executor is Celery's or that of Kubernetes.",
    )
    shared_folders: str = Field(
        "",
        description="With many machines: absolute folders that all of them mount at the same path, separated by `:`; "
        "GATE_HOME if it is one.",
    )
    expectations: Path = Field(Path("expectations"), description="Folder of the compiled suites.")
    recover_folder: str = Field(
        "",
        description="Folder of the functions that contracts name with `recover`; empty: the folder `recover` beside "
        "that of the contracts.",
    )
    environment: str = Field(
        "",
        description="The `servers[]` to use, by `environment` or `server`; empty: the environment of the first one.",
    )
    s3_embedded: bool = Field(
        default=False,
        description="`1`: use an S3 server below GATE_HOME, started when needed, for all `s3://` locations. "
        "`gate seed` and the demo write to it.",
    )
    s3_endpoint_url: str = Field(
        "",
        description="S3 endpoint of servers without an `endpointUrl` in the contract, and of the warehouse; "
        "empty: `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, else Amazon S3.",
    )
    s3_conn_id: str = Field(
        "",
        description="Airflow connection (type aws) with the credentials, and the endpoint and region if it has any.",
    )
    s3_access_key_id: str = Field(
        "",
        description="S3 access key; empty: AWS's default chain (`AWS_` variables, profile, web identity, container, "
        "instance role).",
    )
    s3_secret_access_key: SecretStr = Field(SecretStr(""), description="S3 secret key.", validate_default=True)
    s3_session_token: SecretStr = Field(SecretStr(""), description="Session token of a temporary access key.")
    s3_role_arn: str = Field("", description="Role to assume with these credentials; renewed before they expire.")
    s3_region: str = Field(
        "",
        description="S3 region; empty: `AWS_REGION`, `AWS_DEFAULT_REGION`, that of the profile, else `us-east-1`.",
    )
    s3_addressing: Addressing = Field(
        Addressing.AUTO,
        description="`path` or `virtual` (bucket in the host name); `auto`: virtual for Amazon S3 only.",
    )
    s3_requester_pays: bool = Field(default=False, description="`1`: we pay for requests to requester-pays buckets.")
    s3_ca_bundle: str = Field(
        "", description="PEM file with the CA of the S3 endpoint; empty: `AWS_CA_BUNDLE`, else the system's."
    )
    warehouse_uri: str = Field(
        "",
        description="Where tables are published: Delta tables in a folder or `s3://bucket/prefix`, or "
        "`postgresql://user@host/db`; empty: Delta in `GATE_HOME/warehouse`.",
    )
    warehouse_conn_id: str = Field("", description="Airflow connection (type postgres) of a warehouse in PostgreSQL.")
    warehouse_schema: str = Field(
        "published",
        description="In PostgreSQL: the schema of the consumers' views; the rows are in `<schema>_storage`.",
    )
    quarantine_uri: str = Field("", description="Root of the quarantine; empty: `GATE_HOME/quarantine`.")
    serving_file: str = Field(
        "", description="The consumers' DuckDB file of Delta tables; empty: `GATE_HOME/warehouse.duckdb`."
    )
    ledger_url: str = Field("", description="SQLAlchemy URL of the ledger; empty: SQLite at `GATE_HOME/ledger.sqlite`.")
    ledger_conn_id: str = Field("", description="Airflow connection (type postgres or sqlite) of the ledger.")
    docs_folder: str = Field(
        "", description="Root of Data Docs, a folder or `s3://bucket/prefix`; empty: `GATE_HOME/docs`."
    )

    @field_validator("shared_folders")
    @classmethod
    def _are_absolute(cls, value: str) -> str:
        for folder in filter(None, value.split(os.pathsep)):
            if not folder.startswith("/") or ".." in Path(folder).parts:
                raise ValueError(f"{folder!r} is not an absolute folder: write /mnt/gate, several separated by :")
        return value

    @field_validator("s3_endpoint_url")
    @classmethod
    def _is_an_endpoint(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("s3_embedded"):
            raise ValueError("GATE_S3_EMBEDDED is set as well: keep one of both")
        return "" if value == AMAZON_S3 else url(value)

    @field_validator("s3_access_key_id")
    @classmethod
    def _is_the_only_key(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("s3_conn_id"):
            raise ValueError("GATE_S3_CONN_ID is set as well: keep one of both")
        return value

    @field_validator("ledger_conn_id")
    @classmethod
    def _is_the_only_ledger(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("ledger_url"):
            raise ValueError("GATE_LEDGER_URL is set as well: keep one of both")
        return value

    @field_validator("s3_secret_access_key")
    @classmethod
    def _belongs_to_a_key(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        """One without the other would be replaced by the default chain, which may find another account."""
        if bool(value.get_secret_value()) != bool(info.data.get("s3_access_key_id")):
            raise ValueError("GATE_S3_ACCESS_KEY_ID and GATE_S3_SECRET_ACCESS_KEY belong together: set both or none")
        return value

    @field_validator("s3_session_token")
    @classmethod
    def _belongs_to_both_keys(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if value.get_secret_value() and not info.data.get("s3_access_key_id"):
            raise ValueError("belongs to an access key: set GATE_S3_ACCESS_KEY_ID as well")
        return value

    @field_validator("s3_role_arn")
    @classmethod
    def _is_a_role(cls, value: str) -> str:
        if value and not (value.startswith("arn:") and ":role/" in value):
            raise ValueError(f"{value!r} is not the ARN of a role: write arn:aws:iam::<account>:role/<name>")
        return value

    @field_validator("s3_ca_bundle")
    @classmethod
    def _is_a_bundle(cls, value: str) -> str:
        if value and not Path(value).is_file():
            raise ValueError(f"{value!r} is not a file: write the path of a PEM file with certificates")
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

    @field_validator("warehouse_uri")
    @classmethod
    def _is_a_warehouse(cls, value: str) -> str:
        if not value.startswith(POSTGRESQL):
            return _folder_or_s3(value)
        if not _names_a_database(value):  # the value is not quoted, because it may hold a password
            raise ValueError("not a database URL: write postgresql://user@host:5432/db")
        return value

    @field_validator("warehouse_conn_id")
    @classmethod
    def _is_the_only_warehouse(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("warehouse_uri"):
            raise ValueError("GATE_WAREHOUSE_URI is set as well: keep one of both")
        return value

    @field_validator("warehouse_schema")
    @classmethod
    def _is_a_schema(cls, value: str) -> str:
        if not _SCHEMA.fullmatch(value) or value.startswith("pg_"):
            raise ValueError(f"{value!r} is not a schema: write up to 50 of a-z, 0-9 and _, beginning with a letter")
        return value

    @field_validator("quarantine_uri")
    @classmethod
    def _is_a_folder_or_s3(cls, value: str) -> str:
        return _folder_or_s3(value)

    @property
    def is_warehouse_postgresql(self) -> bool:
        """Whether tables are published to PostgreSQL."""
        return bool(self.warehouse_conn_id) or self.warehouse_uri.startswith(POSTGRESQL)

    def is_shared(self, path: str | Path) -> bool:
        """Whether every machine sees what is at this path: it is in S3, or below one of GATE_SHARED_FOLDERS."""
        folders = filter(None, self.shared_folders.split(os.pathsep))
        own = Path(path).resolve()  # without `..` and links, which may leave a shared folder
        return str(path).startswith("s3://") or any(own.is_relative_to(Path(folder).resolve()) for folder in folders)

    @property
    def recover(self) -> Path:
        """The folder of recovery functions."""
        return Path(self.recover_folder) if self.recover_folder else self.contracts.parent / "recover"

    def path(self, value: str, name: str) -> str:
        """The value of a location setting, or its default: `name` below the home."""
        return value or str(self.home / name)


def _folder_or_s3(value: str) -> str:
    if "://" in value and not (value.startswith("s3://") and urlsplit(value).netloc):
        shown = value.rpartition("@")[2]  # the part before @ may hold a password
        raise ValueError(f"{shown!r} is neither a folder nor an S3 location: write a path or s3://bucket/prefix")
    return value


def url(value: str) -> str:
    """The value, if it is empty or an http(s) URL. Raises: ValueError."""
    if value and not (value.startswith(("http://", "https://")) and urlsplit(value).netloc):
        address = value.rpartition("@")[2].rpartition("://")[2]  # the part before @ may hold a password
        raise ValueError(f"{address!r} is not a URL: write http://{address} or https://{address}")
    return value


def _names_a_database(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.port != 0 and len(parts.path) > 1  # `port` raises ValueError if it is not a number
    except ValueError:
        return False
