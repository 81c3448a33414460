"""Translates S3's errors. No message contains a credential: the clients' own messages remain only as causes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError

from partition_gate.adapters.object_store.s3_clients import Endpoint, bucket
from partition_gate.adapters.s3_access.refusals import refusal, rejects_key, untrusted
from partition_gate.core.errors import AccessDenied, BucketMissing, StoreUnreachable


@contextmanager
def translating_errors(endpoint: Endpoint, path: str) -> Iterator[None]:
    """Translate exceptions of s3fs and botocore.

    Raises:
        BucketMissing, AccessDenied, StoreUnreachable.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- an extra

    try:
        yield
    except FileNotFoundError as error:
        raise bucket_missing(endpoint, path) from error
    except PermissionError as error:
        raise access_denied(endpoint, path, error, right="s3:ListBucket") from error
    except TimeoutError as error:
        raise too_slow(endpoint, path) from error
    except (OSError, BotoCoreError, ClientError) as error:
        raise unreachable(endpoint, path, untrusted(error) or type(error).__name__) from error


def bucket_missing(endpoint: Endpoint, path: str) -> BucketMissing:
    return BucketMissing(
        f"s3://{bucket(path)}: the bucket does not exist at {endpoint.display_name}; "
        "create it, or correct servers[].location in the contract"
    )


def access_denied(endpoint: Endpoint, path: str, error: BaseException, *, right: str) -> AccessDenied:
    """The error for a refused request, which needs `right` (`s3:GetObject`)."""
    refused = refusal(error, right=right, uri=f"s3://{bucket(path)}", who=_who(endpoint))
    return AccessDenied(f"s3://{bucket(path)}: {endpoint.display_name} {refused}")


def _who(endpoint: Endpoint) -> str:
    try:
        return endpoint.service.credentials.current().origin
    except (AccessDenied, StoreUnreachable):  # they could be had for the request, and are gone now
        return ""


def unreachable(endpoint: Endpoint, path: str, why: str) -> StoreUnreachable:
    return StoreUnreachable(
        f"s3://{bucket(path)}: object storage at {endpoint.display_name} does not answer ({why}); "
        f"{endpoint.service.how_to_reach_it}"
    )


def too_slow(endpoint: Endpoint, path: str) -> StoreUnreachable:
    """A call that reached its limit."""
    return unreachable(
        endpoint, path, f"no complete answer within {endpoint.limits.call_s:g} s, GATE_STORE_CALL_TIMEOUT_S"
    )


def no_answer(endpoint: Endpoint, path: str, error: BaseError) -> AccessDenied | StoreUnreachable:
    """The error for a small object that obstore could not read or write."""
    if rejects_key(error):
        return access_denied(endpoint, path, error, right="s3:GetObject")
    return (
        too_slow(endpoint, path)
        if is_timeout(error)
        else unreachable(endpoint, path, untrusted(error) or type(error).__name__)
    )


def is_timeout(error: BaseError) -> bool:
    """Whether a request timed out; obstore has no exception class for that."""
    text = str(error)
    return any(sign in text for sign in ("timed out", "TimedOut", "deadline has elapsed"))
