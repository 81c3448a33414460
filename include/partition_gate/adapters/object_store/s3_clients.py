"""Connections to S3: s3fs for listings and buckets, obstore for bodies."""

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
    """How long object storage is waited for, in seconds.

    `call_s`: a listing, a look or a small object, all its tries together. `file_s`: one file, beside the time that its
    size takes at `bytes_per_s`, all its tries together. `spool_s`: all files of one partition.
    """

    call_s: float = 60.0
    file_s: float = 60.0
    bytes_per_s: float = 1_000_000.0
    spool_s: float = 1800.0

    def for_file(self, size_bytes: int) -> float:
        """The limit of one file."""
        return self.file_s + size_bytes / self.bytes_per_s


class Endpoint(Record):
    """Where S3 is, and who we are there. `url` None is Amazon's own."""

    url: str | None
    access_key_id: str = Field(repr=False)
    secret_access_key: str = Field(repr=False)
    region: str
    limits: StoreLimits = StoreLimits()

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
            "connect_timeout": min(_CONNECT_WITHIN_S, endpoint.limits.call_s),
            "read_timeout": endpoint.limits.call_s,
        },
    )


def asked(endpoint: Endpoint, method: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    """What one of s3fs's coroutines returns; the client's own timeouts are for one read, so a drip resets them.

    Raises:
        TimeoutError: not within the limit of a call.
    """
    return sync(method.__self__.loop, method, *arguments, timeout=endpoint.limits.call_s, **options)  # type: ignore[attr-defined]


def reading(endpoint: Endpoint, bucket: str, *, within_s: float | None = None) -> obstore.store.S3Store:
    """A client whose requests, body included, take at most `within_s` and are tried once; without it, one that tries
    twice within the limit of a call; a try that reached its limit is the last one.
    """
    once_s = endpoint.limits.call_s / 2 if within_s is None else within_s
    return obstore.store.S3Store(
        bucket,
        endpoint=endpoint.url,
        access_key_id=endpoint.access_key_id,
        secret_access_key=endpoint.secret_access_key,
        region=endpoint.region,
        client_options={
            "allow_http": True,
            "connect_timeout": timedelta(seconds=min(_CONNECT_WITHIN_S, once_s)),
            "timeout": timedelta(seconds=once_s),
        },
        # We try whole bodies again ourselves; the client's own tries would multiply with ours.
        retry_config={"max_retries": 1 if within_s is None else 0, "retry_timeout": timedelta(seconds=once_s)},
    )


def split(path: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`."""
    name, _, key = without_scheme(path).partition("/")
    return name, key


def bucket(path: str) -> str:
    return split(path)[0]


def without_scheme(path: str) -> str:
    return path.removeprefix(SCHEME).rstrip("/")
