"""How the outside world is reached, from the settings and from Airflow's connections. Nothing is connected to here."""

from __future__ import annotations

import logging
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partition_gate.adapters.airflow_connections import (
    WAREHOUSE,
    AirflowConnection,
    airflow_connection,
    database_url,
    slack_token,
)
from partition_gate.adapters.s3_access.service import (
    DEFAULT_REGION,
    CredentialSource,
    FixedCredentials,
    Identity,
    S3Credentials,
    S3Service,
)
from partition_gate.core.errors import InvalidSetting
from partition_gate.core.record import Record
from partition_gate.ports.telemetry import NoTelemetry, Telemetry
from partition_gate.settings import Addressing, Settings

if TYPE_CHECKING:
    from partition_gate.adapters.object_store.s3_clients import StoreLimits

log = logging.getLogger(__name__)

S3_CONNECTION = "GATE_S3_CONN_ID"
_ASSUME = "assume_role"
_VIRTUAL_HOSTS = {Addressing.AUTO: None, Addressing.PATH: False, Addressing.VIRTUAL: True}


class _Named(Record):
    """Who we are, and the endpoint that goes with it; None: Amazon S3."""

    identity: Identity
    url: str | None


def s3_service(settings: Settings) -> S3Service:
    """The S3 service of these settings, with one source of credentials for all clients.

    Raises:
        InvalidSetting: the Airflow connection cannot be used.
        AccessDenied: the profile does not exist.
    """
    named = _of_connection(settings) if settings.s3_conn_id else _of_settings(settings)
    source, region = _credentials(named.identity, call_s=settings.store_call_timeout_s)
    return S3Service(
        url=named.url,
        credentials=source,
        region=region,
        virtual_hosts=_VIRTUAL_HOSTS[settings.s3_addressing],
        requester_pays=settings.s3_requester_pays,
        ca_bundle=named.identity.ca_bundle,
    )


def ledger_database(settings: Settings) -> str:
    """The SQLAlchemy URL of the ledger, which may hold a password. Raises: InvalidSetting."""
    if settings.ledger_conn_id:
        return database_url(settings.ledger_conn_id)
    return settings.ledger_url or f"sqlite:///{settings.home / 'ledger.sqlite'}"


def warehouse_url(settings: Settings) -> str:
    """The URL of a warehouse in PostgreSQL, which may hold a password. Raises: InvalidSetting."""
    if settings.warehouse_conn_id:
        return database_url(settings.warehouse_conn_id, setting=WAREHOUSE)
    return settings.warehouse_uri


def store_limits(settings: Settings) -> StoreLimits:
    """How long object storage may take."""
    from partition_gate.adapters.object_store.s3_clients import StoreLimits

    return StoreLimits(
        call_s=settings.store_call_timeout_s,
        file_s=settings.store_file_timeout_s,
        bytes_per_s=settings.store_file_bytes_per_s,
        spool_s=settings.spool_timeout_s,
    )


def telemetry(settings: Settings, stack: ExitStack) -> Telemetry:
    """Where spans and measurements go; what waits is delivered when the stack ends.

    Nothing is imported unless a collector is named, or this is Airflow, which has OpenTelemetry loaded and may have set
    it up. A rehearsal (GATE_NOW) tells nobody, because its times are not real.
    """
    if settings.now is not None or not (settings.otel_endpoint or "airflow.sdk" in sys.modules):
        return NoTelemetry()
    try:
        from partition_gate.adapters.telemetry import OpenTelemetry
    except ModuleNotFoundError as error:
        if settings.otel_endpoint:
            log.warning("no telemetry why=%s is not installed; run: pip install 'partition-gate[otel]'", error.name)
        return NoTelemetry()
    found = OpenTelemetry(settings.otel_endpoint)
    stack.callback(found.close)
    return found


def slack_bot_token(settings: Settings) -> str:
    """The token, from the settings or the Airflow connection. Raises: NotDelivered, so that messages wait."""
    return settings.slack_token.get_secret_value() or slack_token(settings.slack_conn_id)


def _credentials(identity: Identity, *, call_s: float) -> tuple[CredentialSource, str]:
    """The source, and the region. A key without a role is complete: nobody is asked."""
    if identity.start and not identity.role_arn:
        return FixedCredentials(identity.start), identity.region or DEFAULT_REGION
    from partition_gate.adapters.s3_access.chain import Chain

    chain = Chain(identity, call_s=call_s)
    return chain, chain.region


def _of_settings(settings: Settings) -> _Named:
    key = _key(
        settings.s3_access_key_id,
        settings.s3_secret_access_key.get_secret_value(),
        settings.s3_session_token.get_secret_value(),
        origin="the setting GATE_S3_ACCESS_KEY_ID",
    )
    identity = Identity(
        start=key, role_arn=settings.s3_role_arn, region=settings.s3_region, ca_bundle=_path(settings.s3_ca_bundle)
    )
    return _Named(identity=identity, url=settings.s3_endpoint_url or None)


def _of_connection(settings: Settings) -> _Named:
    """An Airflow connection of type aws, with the fields of Airflow's Amazon provider. What it does not name is taken
    from the settings.
    """
    connection = airflow_connection(settings.s3_conn_id, setting=S3_CONNECTION, kinds=("aws",))
    extra = connection.extra
    _require_supported(connection)
    origin = f"the Airflow connection {settings.s3_conn_id}"
    key = _key(connection.login, connection.password, extra.get("aws_session_token"), origin=origin)
    if bool(connection.login) != bool(connection.password):
        raise InvalidSetting(f"{connection.named} has a login or a password, but not both: enter both, or none")
    service = extra.get("service_config", {}).get("s3", {})
    ca_bundle = extra["verify"] if isinstance(extra.get("verify"), str) else settings.s3_ca_bundle
    identity = Identity(
        start=key,
        profile=extra.get("profile_name") or "",
        role_arn=extra.get("role_arn") or settings.s3_role_arn,
        role_arguments=extra.get("assume_role_kwargs") or {},
        region=extra.get("region_name") or settings.s3_region,
        ca_bundle=_path(ca_bundle),
    )
    return _Named(
        identity=identity,
        url=service.get("endpoint_url") or extra.get("endpoint_url") or settings.s3_endpoint_url or None,
    )


def _require_supported(connection: AirflowConnection) -> None:
    """Refuse what would change who we are, or whom we trust, if it were ignored."""
    extra = connection.extra
    method = extra.get("assume_role_method", _ASSUME)
    if method != _ASSUME:
        raise InvalidSetting(
            f"{connection.named} has assume_role_method {method!r}, which is not supported: use {_ASSUME}, or a web "
            "identity by AWS's own variables and no connection"
        )
    if str(extra.get("verify", "")).lower() == "false":
        raise InvalidSetting(
            f"{connection.named} does not verify certificates: enter the path of the CA's PEM file as verify"
        )
    for name in ("service_config", "assume_role_kwargs"):
        if not isinstance(extra.get(name) or {}, dict):
            raise InvalidSetting(f"{connection.named} has {name} in its extra that is not a JSON object: correct it")


def _key(access_key_id: str, secret_access_key: str, session_token: Any, *, origin: str) -> S3Credentials | None:
    if not access_key_id:
        return None
    return S3Credentials(
        access_key_id=access_key_id,
        secret_access_key=secret_access_key,
        session_token=session_token or "",
        origin=origin,
    )


def _path(bundle: str) -> Path | None:
    if bundle and not Path(bundle).is_file():
        raise InvalidSetting(f"{S3_CONNECTION}: verify, {bundle!r}, is not a file on this machine: copy the CA there")
    return Path(bundle) if bundle else None
