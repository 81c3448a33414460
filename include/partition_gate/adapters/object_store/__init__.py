"""Landing storage: S3 and local folders behind one port, and a small write side for seeding."""

from partition_gate.adapters.object_store.local import LocalObjectStore
from partition_gate.adapters.object_store.routing import RoutingObjectStore
from partition_gate.adapters.object_store.s3 import S3ObjectStore
from partition_gate.adapters.object_store.writers import LandingWriter, LocalLandingWriter, S3LandingWriter

__all__ = [
    "LandingWriter",
    "LocalLandingWriter",
    "LocalObjectStore",
    "RoutingObjectStore",
    "S3LandingWriter",
    "S3ObjectStore",
]
