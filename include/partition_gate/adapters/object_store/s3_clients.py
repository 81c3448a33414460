"""Connections to S3: s3fs for listings and buckets, obstore for bodies."""

from __future__ import annotations

import obstore.store
import s3fs
from pydantic import Field

from partition_gate.record import Record

SCHEME = "s3://"
_CONNECT_WITHIN_S = 5
_ANSWER_WITHIN_S = 60


class Endpoint(Record):
    """Where S3 is, and who we are there. `url` None is Amazon's own."""

    url: str | None
    access_key_id: str = Field(repr=False)
    secret_access_key: str = Field(repr=False)
    region: str

    @property
    def shown(self) -> str:
        """How messages name it."""
        return self.url or f"Amazon S3, {self.region}"


def listing(endpoint: Endpoint) -> s3fs.S3FileSystem:
    """A client that never answers from a cache and is shared with nobody."""
    return s3fs.S3FileSystem(
        key=endpoint.access_key_id,
        secret=endpoint.secret_access_key,
        endpoint_url=endpoint.url,
        use_listings_cache=False,
        skip_instance_cache=True,
        client_kwargs={"region_name": endpoint.region},
        config_kwargs={
            "retries": {"max_attempts": 2},
            "connect_timeout": _CONNECT_WITHIN_S,
            "read_timeout": _ANSWER_WITHIN_S,
        },
    )


def reading(endpoint: Endpoint, bucket: str) -> obstore.store.S3Store:
    return obstore.store.S3Store(
        bucket,
        endpoint=endpoint.url,
        access_key_id=endpoint.access_key_id,
        secret_access_key=endpoint.secret_access_key,
        region=endpoint.region,
        client_options={
            "allow_http": True,
            "connect_timeout": f"{_CONNECT_WITHIN_S}s",
            "timeout": "10min",
        },
        # We try whole bodies again ourselves; the client's own tries would multiply with ours.
        retry_config={"max_retries": 1},
    )


def split(path: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`."""
    name, _, key = without_scheme(path).partition("/")
    return name, key


def bucket(path: str) -> str:
    return split(path)[0]


def without_scheme(path: str) -> str:
    return path.removeprefix(SCHEME).rstrip("/")
