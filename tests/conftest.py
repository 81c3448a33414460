"""Fixtures that every suite may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from partition_gate.adapters.embedded_s3 import EmbeddedS3
from partition_gate.adapters.embedded_s3_users import running


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedS3]:
    """A real S3 server with the empty buckets `landing` and `warehouse`; shared, so use a prefix of your own."""
    home: Path = tmp_path_factory.mktemp("object-store-home")
    with running(home) as server:
        yield server
