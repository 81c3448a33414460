"""Tries what a run does in landing: list, read, and read with a condition. Nothing is written."""

from __future__ import annotations

import http.client
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, PreconditionError, UnauthenticatedError
from obstore.store import S3Store

from partition_gate.adapters.object_store import s3_clients
from partition_gate.adapters.object_store.s3_clients import Endpoint, Listings
from partition_gate.adapters.object_store.s3_errors import access_denied, bucket_missing, no_answer, translating_errors
from partition_gate.adapters.s3_access.service import S3Service
from partition_gate.core.diagnosis import Finding, failed, ok, warning
from partition_gate.core.errors import GateError

_NO_ETAG = '"gate-doctor"'  # no object has it
_EMPTY = "nothing has landed here yet, so this could not be tried; land a partition and try again"
_GONE = "the object was removed while this was tried; try again"
# S3 refuses requests whose clock differs by 15 minutes; signed requests of a run may wait for some of them.
_SKEW_WARNING_S, _SKEW_FAILED_S = 30, 300


class LandingProbe:
    """One location in S3. Each method is one trial; it raises AccessDenied, BucketMissing or StoreUnreachable."""

    def __init__(self, endpoint: Endpoint, root: str) -> None:
        self._endpoint, self._root = endpoint, root
        self._bucket, prefix = s3_clients.split(root)
        self._prefix = f"{prefix}/" if prefix else ""

    def list(self) -> Finding:
        path = s3_clients.without_scheme(self._root)
        with translating_errors(self._endpoint, path):
            entries = Listings(self._endpoint).entries(path)
        return ok(f"entries: {len(entries)}")

    def read(self) -> Finding:
        if self._first is None:
            return warning(_EMPTY)
        try:
            obstore.get_range(self._store, self._first, start=0, length=1)
        except FileNotFoundError:
            return warning(_GONE)
        except BaseError as error:
            raise self._refused(error, right="s3:GetObject") from error
        return ok("an object can be read")

    def read_if_unchanged(self) -> Finding:
        """Whether the server compares ETags. A server that does not would let a run mix two versions of a file."""
        if self._first is None:
            return warning(_EMPTY)
        try:
            obstore.get(self._store, self._first, options={"if_match": _NO_ETAG}).bytes()
        except PreconditionError:
            return ok("the server compares ETags")
        except FileNotFoundError:
            return warning(_GONE)
        except BaseError as error:
            raise self._refused(error, right="s3:GetObject") from error
        return failed(f"{self._endpoint.display_name} ignores If-Match; use a server that supports conditional reads")

    @cached_property
    def _store(self) -> S3Store:
        return s3_clients.object_client(self._endpoint, self._bucket)

    @cached_property
    def _first(self) -> str | None:
        """The key of any object below the root that holds bytes."""
        try:
            for chunk in obstore.list(self._store, self._prefix, chunk_size=50):
                return next((meta["path"] for meta in chunk if meta["size"]), None)
        except (BaseError, FileNotFoundError) as error:
            raise self._refused(error, right="s3:ListBucket") from error
        return None

    def _refused(self, error: BaseError | FileNotFoundError, *, right: str) -> GateError:
        if isinstance(error, FileNotFoundError):
            return bucket_missing(self._endpoint, self._root)
        if isinstance(error, PermissionDeniedError | UnauthenticatedError):
            return access_denied(self._endpoint, self._root, error, right=right)
        return no_answer(self._endpoint, self._root, error)


def local_landing(root: str) -> Finding:
    """Whether a local folder can be listed."""
    try:
        count = sum(1 for _ in Path(root).iterdir())
    except OSError as error:
        return failed(f"{root}: {error.strerror}; create the folder, or grant the gate's user read access")
    return ok(f"entries: {count}")


def clock_skew(service: S3Service, *, now: datetime, limit_s: float) -> Finding:
    """This machine's clock compared with the server's `Date`, which it answers to anybody."""
    url = urlsplit(service.url or f"https://s3.{service.region}.amazonaws.com")
    if url.scheme == "https":
        trusted = ssl.create_default_context(cafile=str(service.ca_bundle) if service.ca_bundle else None)
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            url.netloc, timeout=limit_s, context=trusted
        )
    else:
        connection = http.client.HTTPConnection(url.netloc, timeout=limit_s)
    try:
        connection.request("HEAD", "/")
        date = connection.getresponse().headers.get("Date")
    except (OSError, http.client.HTTPException) as error:
        return failed(f"{service.display_name} does not answer ({type(error).__name__}); {service.how_to_reach_it}")
    finally:
        connection.close()
    if not date:
        return warning(f"{service.display_name} states no time, so the clocks could not be compared; check this one")
    return skew(parsedate_to_datetime(date).astimezone(UTC), now=now)


def skew(theirs: datetime, *, now: datetime) -> Finding:
    """How far this machine's clock is from another one, to the second."""
    seconds = abs((theirs - now).total_seconds())
    if seconds < _SKEW_WARNING_S:
        return ok("the clocks agree")
    what = f"this machine's clock differs by {seconds:,.0f} s; synchronise it (NTP)"
    return warning(what) if seconds < _SKEW_FAILED_S else failed(what)
