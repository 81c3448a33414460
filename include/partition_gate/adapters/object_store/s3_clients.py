"""S3 clients: s3fs for listings and buckets, obstore for object bodies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from obstore.store import S3Store

from partition_gate.adapters.s3_access.clients import obstore_client, s3fs_options
from partition_gate.adapters.s3_access.service import FixedCredentials, S3Service
from partition_gate.core.record import Record

SCHEME = "s3://"


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


@dataclass(frozen=True)
class Endpoint:
    """An S3 service and the limits of our calls to it."""

    service: S3Service
    limits: StoreLimits = field(default_factory=StoreLimits)

    @classmethod
    def with_key(
        cls,
        url: str | None,
        access_key_id: str,
        secret_access_key: str,
        region: str = "us-east-1",
        limits: StoreLimits | None = None,
    ) -> Endpoint:
        """The service at `url`, reached with one key that does not change."""
        credentials = FixedCredentials.of_key(access_key_id, secret_access_key)
        return cls(S3Service(url=url, credentials=credentials, region=region), limits or StoreLimits())

    @property
    def display_name(self) -> str:
        """Its name in messages."""
        return self.service.display_name


class Listings:
    """Lists folders and looks at buckets. A client of s3fs keeps its credentials, so it is replaced by a new one when
    they have changed.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._key: tuple[str, str, str] | None = None
        self._client: Any = None

    def entries(self, folder: str) -> list[dict[str, Any]]:
        """The listing entries below a folder (`bucket/prefix`); empty if no key has this prefix.

        Raises: FileNotFoundError (there is no such bucket), and other errors of s3fs and botocore.
        """
        try:
            found: list[dict[str, Any]] = self._call("_ls", folder, detail=True, refresh=True)
        except FileNotFoundError:  # s3fs raises this for both an empty prefix and a missing bucket
            self.require_bucket(bucket(folder))
            return []
        return found

    def page(self, **request: Any) -> dict[str, Any]:
        """One answer to `list_objects_v2`. Raises: as `entries`."""
        answer: dict[str, Any] = self._call("_call_s3", "list_objects_v2", **self._current().req_kw, **request)
        return answer

    def require_bucket(self, name: str) -> None:
        """Raise FileNotFoundError if there is no such bucket."""
        self._call("_call_s3", "head_bucket", Bucket=name)

    def make_bucket(self, name: str) -> None:
        self._call("_call_s3", "create_bucket", Bucket=name)

    def _call(self, name: str, /, *arguments: Any, **options: Any) -> Any:
        """Run one of s3fs's coroutines. The client's own timeouts apply to a single read, so a slow drip resets them.

        Raises: TimeoutError (no result within the limit of a call).
        """
        from fsspec.asyn import sync  # noqa: PLC0415 -- without the extra `s3`, local folders can be listed

        client, limit_s = self._current(), self._endpoint.limits.call_s
        return sync(client.loop, getattr(client, name), *arguments, timeout=limit_s, **options)

    def _current(self) -> Any:
        import s3fs  # noqa: PLC0415 -- as above

        credentials = self._endpoint.service.credentials.current()
        if self._key != credentials.key:
            options = s3fs_options(self._endpoint.service, credentials, call_s=self._endpoint.limits.call_s)
            self._client, self._key = s3fs.S3FileSystem(**options), credentials.key
        return self._client


def object_client(endpoint: Endpoint, bucket: str, *, within_s: float | None = None) -> S3Store:
    """A client whose requests, including the body, take at most `within_s` and are tried once. Without `within_s` it
    tries twice within the limit of a call; it does not retry after a timeout.
    """
    try_s = endpoint.limits.call_s / 2 if within_s is None else within_s
    # We retry whole bodies ourselves; the client's own retries would multiply with ours.
    return obstore_client(endpoint.service, bucket, try_s=try_s, retries=1 if within_s is None else 0)


def split(path: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`."""
    name, _, key = without_scheme(path).partition("/")
    return name, key


def bucket(path: str) -> str:
    return split(path)[0]


def without_scheme(path: str) -> str:
    return path.removeprefix(SCHEME).rstrip("/")
