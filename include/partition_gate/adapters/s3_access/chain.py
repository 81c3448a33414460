"""Credentials as AWS's own tools find them: environment, profile, web identity, container, instance; and roles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import botocore.session
from botocore import exceptions as problems
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    Credentials,
    DeferredRefreshableCredentials,
    RefreshableCredentials,
)

from partition_gate.adapters.s3_access.service import DEFAULT_REGION, Identity, S3Credentials
from partition_gate.core.errors import AccessDenied, StoreUnreachable

# botocore renews credentials 10 to 15 minutes before they expire, so a client that asks this often is in time; those
# that are valid for less than that are asked for again at once.
_ASK_AGAIN_AFTER, _SHORT = timedelta(seconds=30), timedelta(minutes=2)
_CONNECT_WITHIN_S = 5.0
_TRIES, _METADATA_TRIES = 2, 3  # each of the latter takes a second, unless AWS_METADATA_SERVICE_TIMEOUT says otherwise
_WHERE = (
    "set GATE_S3_ACCESS_KEY_ID and GATE_S3_SECRET_ACCESS_KEY, or AWS's own variables, or AWS_PROFILE, "
    "or give the machine a role; what the demo or `gate seed` wrote is read with GATE_S3_EMBEDDED=1"
)


class Chain:
    """The `CredentialSource` of an identity. It looks nothing up before it is asked.

    A request for credentials takes at most `call_s`, and is tried twice.
    """

    def __init__(self, identity: Identity, *, call_s: float) -> None:
        self._identity, self._call_s = identity, call_s

    def current(self) -> S3Credentials:
        with _translating_errors(self._identity):
            frozen = self._credentials.get_frozen_credentials()
        return S3Credentials(
            access_key_id=frozen.access_key,
            secret_access_key=frozen.secret_key,
            session_token=frozen.token or "",
            expires_at=self._ask_again_at,
        )

    @property
    def _ask_again_at(self) -> datetime | None:
        if not isinstance(self._credentials, RefreshableCredentials):
            return None
        is_short = self._credentials.refresh_needed(refresh_in=_SHORT.total_seconds())
        return datetime.now(UTC) + (timedelta(0) if is_short else _ASK_AGAIN_AFTER)

    @cached_property
    def region(self) -> str:
        """The region of the identity or of its profile. Raises: AccessDenied (the profile does not exist)."""
        if self._identity.region:
            return self._identity.region
        with _translating_errors(self._identity):
            return str(self._session.get_config_variable("region") or DEFAULT_REGION)

    @cached_property
    def _credentials(self) -> Any:
        identity = self._identity
        found = self._session.get_credentials() if identity.start is None else Credentials(*identity.start.key)
        if found is None:
            raise problems.NoCredentialsError
        if not identity.role_arn:
            return found
        arguments = {"RoleSessionName": "partition-gate", **identity.role_arguments}
        role = AssumeRoleCredentialFetcher(self._session.create_client, found, identity.role_arn, arguments)
        return DeferredRefreshableCredentials(role.fetch_credentials, "assume-role")

    @cached_property
    def _session(self) -> Any:
        session = botocore.session.Session(profile=self._identity.profile or None)
        # botocore takes the region of STS from here; its own environment variables may name none.
        session.set_config_variable("region", self._identity.region or session.get_config_variable("region"))
        if session.get_config_variable("region") is None:
            session.set_config_variable("region", DEFAULT_REGION)
        if self._identity.ca_bundle:
            session.set_config_variable("ca_bundle", str(self._identity.ca_bundle))
        if (
            session.get_config_variable("metadata_service_num_attempts") == 1
        ):  # a busy instance would have no credentials
            session.set_config_variable("metadata_service_num_attempts", _METADATA_TRIES)
        connect_s = min(_CONNECT_WITHIN_S, self._call_s)
        limits = {"connect_timeout": connect_s, "read_timeout": self._call_s / _TRIES}
        session.set_default_client_config(Config(retries={"total_max_attempts": _TRIES}, **limits))
        return session


@contextmanager
def _translating_errors(identity: Identity) -> Iterator[None]:
    """The library's messages may quote what it was given, so they remain only as causes."""
    who = f"the role {identity.role_arn}" if identity.role_arn else "S3"
    try:
        yield
    except problems.ProfileNotFound as error:
        raise AccessDenied(
            "S3: the profile is not in AWS's configuration files; correct AWS_PROFILE, or the Airflow connection"
        ) from error
    except problems.NoCredentialsError as error:
        raise AccessDenied(f"no credentials for {who}; {_WHERE}") from error
    except (problems.ConnectionError, problems.HTTPClientError) as error:
        raise StoreUnreachable(
            f"credentials for {who}: their service does not answer ({type(error).__name__}); check the network, "
            "AWS_ENDPOINT_URL_STS and the machine's metadata service"
        ) from error
    except problems.ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        raise AccessDenied(
            f"credentials for {who} are refused (STS answers {code}); allow sts:AssumeRole to our identity in the "
            "role's trust policy, or correct GATE_S3_ROLE_ARN"
        ) from error
    except (problems.BotoCoreError, OSError, ValueError, RuntimeError) as error:
        raise AccessDenied(f"credentials for {who} cannot be had ({type(error).__name__}); {_WHERE}") from error
