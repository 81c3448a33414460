"""What obstore, s3fs and deltalake are told of an S3 service."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from obstore.store import S3Store

from partition_gate.adapters.s3_access.service import S3Credentials, S3Service

CONNECT_WITHIN_S = 5.0


def obstore_client(service: S3Service, bucket: str, *, prefix: str = "", try_s: float, retries: int) -> S3Store:
    """A client whose tries, including the body, take at most `try_s` each; it does not retry after a timeout.

    Raises: AccessDenied, StoreUnreachable (there are no credentials).
    """
    service.credentials.current()  # raises with the reason; within a request it would be hidden in the library's error
    config: dict[str, Any] = {
        "region": service.region,
        "virtual_hosted_style_request": service.names_in_host(bucket),
        "request_payer": service.requester_pays,
    }
    if address := service.address_of(bucket):
        # The library would prefer AWS_ENDPOINT_URL_S3, which may be meant for another service.
        config |= {"endpoint": address, "aws_endpoint_url_s3": address}
    options: dict[str, Any] = {
        "allow_http": True,
        "connect_timeout": timedelta(seconds=min(CONNECT_WITHIN_S, try_s)),
        "timeout": timedelta(seconds=try_s),
    }
    if service.ca_bundle:
        options["root_certificate"] = service.ca_bundle.read_bytes()
    return S3Store(
        bucket,
        prefix=prefix or None,
        config=config,  # type: ignore[arg-type]  # a TypedDict
        client_options=options,  # type: ignore[arg-type]
        retry_config={"max_retries": retries, "retry_timeout": timedelta(seconds=try_s)},
        credential_provider=lambda: _of_obstore(service.credentials.current()),
    )


def s3fs_options(service: S3Service, credentials: S3Credentials, *, call_s: float) -> dict[str, Any]:
    """Arguments of a `S3FileSystem` of its own, without a cache. It keeps these credentials."""
    style = {None: "path" if service.url else "auto", True: "virtual", False: "path"}[service.virtual_hosts]
    region: dict[str, Any] = {"region_name": service.region}
    return {
        "key": credentials.access_key_id,
        "secret": credentials.secret_access_key,
        "token": credentials.session_token or None,
        "endpoint_url": service.url,
        "requester_pays": service.requester_pays,
        "use_listings_cache": False,
        "skip_instance_cache": True,
        "client_kwargs": region | ({"verify": str(service.ca_bundle)} if service.ca_bundle else {}),
        "config_kwargs": {
            "retries": {"max_attempts": 2},
            "connect_timeout": min(CONNECT_WITHIN_S, call_s),
            "read_timeout": call_s,
            "s3": {"addressing_style": style},
        },
    }


def delta_options(service: S3Service, credentials: S3Credentials, bucket: str, *, call_s: float) -> dict[str, str]:
    """deltalake's storage options, which hold these credentials. One request, including its retry, ends in `call_s`."""
    try_limit = f"{int(call_s * 500)}ms"
    options = {
        "aws_endpoint_url": service.address_of(bucket) or "",
        "aws_access_key_id": credentials.access_key_id,
        "aws_secret_access_key": credentials.secret_access_key,
        "aws_session_token": credentials.session_token,
        "aws_region": service.region,
        "aws_virtual_hosted_style_request": "true" if service.names_in_host(bucket) else "false",
        "aws_request_payer": "true" if service.requester_pays else "",
        "aws_allow_http": "true",
        "timeout": try_limit,
        "connect_timeout": f"{int(CONNECT_WITHIN_S * 1000)}ms",
        "max_retries": "1",
        "retry_timeout": try_limit,
    }
    return {name: value for name, value in options.items() if value}


def _of_obstore(credentials: S3Credentials) -> Any:
    return {
        "access_key_id": credentials.access_key_id,
        "secret_access_key": credentials.secret_access_key,
        "token": credentials.session_token or None,
        "expires_at": credentials.expires_at,
    }
