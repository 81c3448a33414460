"""Credentials as AWS's own tools find them: environment, profile, web identity, container, instance; and roles."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
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

_ENVIRONMENT = "env"
# botocore's names of its sources -> the words for people.
_ORIGINS = {
    _ENVIRONMENT: "the environment (AWS_ACCESS_KEY_ID)",
    "shared-credentials-file": "the profile {profile} (credentials file)",
    "config-file": "the profile {profile} (config file)",
    "assume-role": "the role of the profile {profile}",
    "assume-role-with-web-identity": "a web identity (AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE)",
    "sso": "the profile {profile} (IAM Identity Center)",
    "custom-process": "the profile {profile} (credential_process)",
    "container-role": "the role of the container",
    "iam-role": "the role of the instance",
}
# STS's codes for an identity whose own credentials are no longer valid.
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidIdentityToken"})


class Chain:
    """The `CredentialSource` of an identity. It looks nothing up before it is asked.

    A request for credentials takes at most `call_s`, and is tried twice.
    """

    def __init__(self, identity: Identity, *, call_s: float) -> None:
        self._identity, self._call_s = identity, call_s

    def current(self) -> S3Credentials:
        with _translating_errors(self._identity, lambda: self._start_origin):
            frozen = self._credentials.get_frozen_credentials()
        return S3Credentials(
            origin=self._origin,
            access_key_id=frozen.access_key,
            secret_access_key=frozen.secret_key,
            session_token=frozen.token or "",
            expires_at=self._ask_again_at,
            is_renewed=self._is_renewed,
        )

    @property
    def _ask_again_at(self) -> datetime | None:
        if not isinstance(self._credentials, RefreshableCredentials):
            return None
        is_short = self._credentials.refresh_needed(refresh_in=_SHORT.total_seconds())
        return datetime.now(UTC) + (timedelta(0) if is_short else _ASK_AGAIN_AFTER)

    @property
    def _is_renewed(self) -> bool:
        """A key from the environment that states when it expires is the same one when it is asked for again."""
        found = self._credentials
        return isinstance(found, RefreshableCredentials) and found.method != _ENVIRONMENT

    @property
    def _origin(self) -> str:
        role = self._identity.role_arn
        return f"the role {role}, assumed with {self._start_origin}" if role else self._start_origin

    @property
    def _start_origin(self) -> str:
        """Where the key comes from that needs no role of the settings."""
        if self._identity.start is not None:
            return self._identity.start.origin
        found = self._found
        method = "" if found is None else str(found.method)
        profile = self._session.profile or "default"
        return _ORIGINS.get(method, method or "nowhere").format(profile=profile)

    @cached_property
    def region(self) -> str:
        """The region of the identity or of its profile. Raises: AccessDenied (the profile does not exist)."""
        if self._identity.region:
            return self._identity.region
        with _translating_errors(self._identity, lambda: self._start_origin):
            return str(self._session.get_config_variable("region") or DEFAULT_REGION)

    @cached_property
    def _credentials(self) -> Any:
        identity = self._identity
        found = self._found if identity.start is None else Credentials(*identity.start.key)
        if found is None:
            raise problems.NoCredentialsError
        if not identity.role_arn:
            return found
        arguments = {"RoleSessionName": "partition-gate", **identity.role_arguments}
        role = AssumeRoleCredentialFetcher(self._session.create_client, found, identity.role_arn, arguments)
        return DeferredRefreshableCredentials(role.fetch_credentials, "assume-role")

    @cached_property
    def _found(self) -> Any:
        """What AWS's default chain finds; None: nothing."""
        return self._session.get_credentials()

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
def _translating_errors(identity: Identity, origin: Callable[[], str]) -> Iterator[None]:
    """The library's messages may quote what it was given, so they remain only as causes. `origin` is asked after a
    refusal: where the key comes from with which a role was asked for.
    """
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
    except (problems.BotoCoreError, problems.ClientError, OSError, ValueError, RuntimeError) as error:
        raise AccessDenied(f"credentials for {who} {_refusal(error, identity.role_arn, origin())}") from error


def _refusal(error: Exception, role: str, origin: str) -> str:
    """The rest of a sentence that begins with the credentials."""
    if isinstance(error, problems.ClientError):
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        return f"are refused (STS answers {code}); {_advice(code, role, origin)}"
    if isinstance(error, RuntimeError):  # botocore has renewed a key, and the new one has expired as well
        return f"have expired ({origin}); renew them where they come from, such as with `aws sso login`"
    return f"cannot be had ({type(error).__name__}); {_WHERE}"


def _advice(code: str, role: str, origin: str) -> str:
    """What to do about an answer of STS; `origin` is what we asked with, `role` the one of the settings, if any."""
    if code in _EXPIRED:
        return f"the token of {origin} has expired or is not accepted; renew it, such as with `aws sso login`"
    if not role:
        return (
            f"the trust policy of the role of {origin} must allow its action (sts:AssumeRole, or "
            "sts:AssumeRoleWithWebIdentity for the issuer, audience and subject of the token)"
        )
    own = json.dumps({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role})
    trust = json.dumps({"Effect": "Allow", "Principal": {"AWS": "<our ARN>"}, "Action": "sts:AssumeRole"})
    return (
        f"{origin} needs a policy with {own}, and the role a trust policy with {trust}; if that has a condition on "
        "sts:ExternalId, docs/reference/credentials.md says where to write it; or correct GATE_S3_ROLE_ARN"
    )
