"""S3 clients: s3fs for listings and buckets, obstore for object bodies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import obstore.store
import s3fs
from fsspec.asyn import sync
from pydantic import Field

from partition_gate.core.record import Record

SCHEME = "s3://"
_CONNECT_WITHIN_S = 5.0


class StoreLimits(Record):
    """Time limits for object storage, in seconds.

    `call_s`: a listing, lookup or small object, including retries. `file_s`: one file including retries, plus the time
    that its size takes at `bytes_per_s`. `spool_s`: all files of one partition.
    """

    call_s: float = 60.0
    file_s: float = 60.0
    bytes_per_s: float = 1_000_000.0
    spool_s: float = 1800.0

    def for_file(self, size_bytes: int) -> float:
        """The limit of one file."""
        return self.file_s + size_bytes / self.bytes_per_s


class Endpoint(Record):
    """The address of S3 and our credentials. `url` None is Amazon S3. Without an access key, the clients find
    credentials as AWS's own tools do: in the `AWS_` variables, or from the role of the machine.
    """

    url: str | None
    access_key_id: str = Field(repr=False)  # empty: see above
    secret_access_key: str = Field(repr=False)
    region: str
    limits: StoreLimits = StoreLimits()

    @property
    def display_name(self) -> str:
        """Its name in messages."""
        return self.url or f"Amazon S3, {self.region}"


def listing_client(endpoint: Endpoint) -> s3fs.S3FileSystem:
    """A client of its own, without a cache."""
    return s3fs.S3FileSystem(
        key=endpoint.access_key_id or None,
        secret=endpoint.secret_access_key or None,
        endpoint_url=endpoint.url,
        use_listings_cache=False,
        skip_instance_cache=True,
        client_kwargs={"region_name": endpoint.region},
        config_kwargs={
            "retries": {"max_attempts": 2},
            "connect_timeout": min(_CONNECT_WITHIN_S, endpoint.limits.call_s),
            "read_timeout": endpoint.limits.call_s,
        },
    )


def call(endpoint: Endpoint, method: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    """Run one of s3fs's coroutines. The client's own timeouts apply to a single read, so a slow drip resets them.

    Raises:
        TimeoutError: no result within the limit of a call.
    """
    return sync(method.__self__.loop, method, *arguments, timeout=endpoint.limits.call_s, **options)  # type: ignore[attr-defined]


def object_client(endpoint: Endpoint, bucket: str, *, within_s: float | None = None) -> obstore.store.S3Store:
    """A client whose requests, including the body, take at most `within_s` and are tried once. Without `within_s` it
    tries twice within the limit of a call; it does not retry after a timeout.
    """
    try_s = endpoint.limits.call_s / 2 if within_s is None else within_s
    return obstore.store.S3Store(
        bucket,
        region=endpoint.region,
        config=_stated(endpoint),
        client_options={
            "allow_http": True,
            "connect_timeout": timedelta(seconds=min(_CONNECT_WITHIN_S, try_s)),
            "timeout": timedelta(seconds=try_s),
        },
        # We retry whole bodies ourselves; the client's own retries would multiply with ours.
        retry_config={"max_retries": 1 if within_s is None else 0, "retry_timeout": timedelta(seconds=try_s)},
    )


def _stated(endpoint: Endpoint) -> Any:
    """What is stated about an endpoint; obstore takes an empty text for a value."""
    keys = {"access_key_id": endpoint.access_key_id, "secret_access_key": endpoint.secret_access_key}
    values = {"endpoint": endpoint.url, **keys}
    return {name: value for name, value in values.items() if value}


def split(path: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`."""
    name, _, key = without_scheme(path).partition("/")
    return name, key


def bucket(path: str) -> str:
    return split(path)[0]


def without_scheme(path: str) -> str:
    return path.removeprefix(SCHEME).rstrip("/")
