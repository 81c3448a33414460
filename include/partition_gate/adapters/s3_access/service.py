"""An S3 service: its address, and the source of the credentials that every client asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from pydantic import AwareDatetime, Field

from partition_gate.core.record import Record

AMAZON = "Amazon S3"
DEFAULT_REGION = "us-east-1"


class S3Credentials(Record):
    """An access key. With a session token it is temporary. `expires_at`: ask the source again before then; None: the
    key does not change. `is_renewed`: the source gives a new key before this one expires. `origin` says for people
    where it came from; it names no secret.
    """

    access_key_id: str = Field(repr=False)
    secret_access_key: str = Field(repr=False)
    session_token: str = Field("", repr=False)
    expires_at: AwareDatetime | None = None
    is_renewed: bool = False
    origin: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """Changes only with the credentials themselves."""
        return (self.access_key_id, self.secret_access_key, self.session_token)


class Identity(Record):
    """Who we are. `start` is the key that we have; None: AWS's default chain, from `profile` if it is not empty.
    `role_arn` is assumed with that, with further arguments of STS's AssumeRole (`ExternalId`).
    """

    start: S3Credentials | None = None
    profile: str = ""
    role_arn: str = ""
    role_arguments: dict[str, Any] = Field(default_factory=dict)
    region: str = ""
    ca_bundle: Path | None = None


class CredentialSource(Protocol):
    """Where credentials come from. May be asked at any time, from any thread."""

    def current(self) -> S3Credentials:
        """Credentials that are valid now.

        Raises:
            AccessDenied: there are none, or they were refused.
            StoreUnreachable: the service that gives them does not answer.
        """


class FixedCredentials:
    """One key that does not change."""

    def __init__(self, credentials: S3Credentials) -> None:
        self._credentials = credentials

    @classmethod
    def of_key(cls, access_key_id: str, secret_access_key: str, *, origin: str = "") -> FixedCredentials:
        return cls(S3Credentials(access_key_id=access_key_id, secret_access_key=secret_access_key, origin=origin))

    def current(self) -> S3Credentials:
        return self._credentials


@dataclass(frozen=True)
class S3Service:
    """`url` None is Amazon S3 in `region`. `virtual_hosts`: requests name the bucket in the host name; None: for Amazon
    S3 only. `ca_bundle`: the PEM file of a private CA. `credentials` is asked before each client's first request and
    again whenever they expire, so that a run may take longer than a token is valid.
    """

    url: str | None
    credentials: CredentialSource = field(repr=False)
    region: str = DEFAULT_REGION
    virtual_hosts: bool | None = None
    requester_pays: bool = False
    ca_bundle: Path | None = None

    @property
    def display_name(self) -> str:
        """Its name in messages."""
        return self.url or f"{AMAZON}, {self.region}"

    @property
    def how_to_reach_it(self) -> str:
        """What to do if it does not answer."""
        if self.url is None:
            return "check the network; for another S3 server than Amazon's, set GATE_S3_ENDPOINT_URL"
        return "start it, or correct the endpoint in the settings or in servers[] of the contract"

    def names_in_host(self, bucket: str) -> bool:
        """Whether requests to this bucket name it in the host name. A certificate never covers a name with dots."""
        if self.virtual_hosts is None:
            return self.url is None and "." not in bucket
        return self.virtual_hosts

    def address_of(self, bucket: str) -> str | None:
        """The URL for a bucket's requests; None: the client knows it."""
        if self.url is None or not self.names_in_host(bucket):
            return self.url
        parts = urlsplit(self.url)
        return parts._replace(netloc=f"{bucket}.{parts.netloc}").geturl()
