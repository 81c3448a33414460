"""How tests reach an S3 server."""

from __future__ import annotations

from partition_gate.adapters.embedded_s3.server import EmbeddedS3
from partition_gate.adapters.object_store.s3_clients import Endpoint
from partition_gate.adapters.storage import S3Access


def endpoint_of(server: EmbeddedS3) -> Endpoint:
    """The server, with its own key."""
    return Endpoint.with_key(server.endpoint_url, server.access_key_id, server.secret_access_key, server.region)


def access_to(endpoint: Endpoint) -> S3Access:
    """The same for a warehouse."""
    return S3Access(lambda: endpoint.service, call_s=endpoint.limits.call_s)
