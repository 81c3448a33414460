"""Fixtures that every suite may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from partition_gate.adapters import embedded_s3


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded_s3.EmbeddedS3]:
    """A real S3 server with the empty buckets `landing` and `warehouse`; shared, so use a prefix of your own."""
    home: Path = tmp_path_factory.mktemp("object-store-home")
    with embedded_s3.running(home) as server:
        yield server
