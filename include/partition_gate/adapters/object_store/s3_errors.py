"""S3's failures as ours. No text holds a credential: the clients' own texts stay behind as causes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from obstore.exceptions import BaseError

from partition_gate.adapters.object_store.s3_clients import Endpoint, bucket
from partition_gate.core.errors import AccessDenied, BucketMissing, StoreUnreachable


@contextmanager
def translated(endpoint: Endpoint, path: str) -> Iterator[None]:
    """s3fs's and botocore's exceptions, translated at this edge.

    Raises:
        BucketMissing, AccessDenied, StoreUnreachable.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise bucket_missing(endpoint, path) from error
    except PermissionError as error:
        raise access_denied(endpoint, path) from error
    except TimeoutError as error:
        raise too_slow(endpoint, path) from error
    except (OSError, BotoCoreError, ClientError) as error:
        raise unreachable(endpoint, path, type(error).__name__) from error


def bucket_missing(endpoint: Endpoint, path: str) -> BucketMissing:
    return BucketMissing(
        f"s3://{bucket(path)}: the bucket does not exist at {endpoint.shown}; "
        "create it or correct servers[].location in the contract"
    )


def access_denied(endpoint: Endpoint, path: str) -> AccessDenied:
    return AccessDenied(
        f"s3://{bucket(path)}: {endpoint.shown} refuses our credentials; "
        "check the access key, the secret, and that they may list and read this bucket"
    )


def unreachable(endpoint: Endpoint, path: str, why: str) -> StoreUnreachable:
    return StoreUnreachable(
        f"s3://{bucket(path)}: object storage at {endpoint.shown} does not answer ({why}); "
        "start it, or correct the endpoint in the settings or servers[] of the contract"
    )


def too_slow(endpoint: Endpoint, path: str) -> StoreUnreachable:
    """A call that reached its limit."""
    return unreachable(
        endpoint, path, f"no complete answer within {endpoint.limits.call_s:g} s, GATE_STORE_CALL_TIMEOUT_S"
    )


def unanswered(endpoint: Endpoint, path: str, error: BaseError) -> StoreUnreachable:
    """A small object that obstore could not read or write."""
    return too_slow(endpoint, path) if is_timeout(error) else unreachable(endpoint, path, type(error).__name__)


def is_timeout(error: BaseError) -> bool:
    """Whether a request reached its limit; obstore has no class for that."""
    text = str(error)
    return any(sign in text for sign in ("timed out", "TimedOut", "deadline has elapsed"))
