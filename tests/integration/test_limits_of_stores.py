"""Object storage that does not answer, or not to the end: each call ends within its limit, and says which."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.integration.faulty_s3 import BODY, CUT, DRIPPING, LONG, SHORT, SILENT, faulty_s3

from partition_gate.adapters.object_store.landing import LandingWriter
from partition_gate.adapters.object_store.layout import s3_children
from partition_gate.adapters.object_store.registry import S3RegistryStore
from partition_gate.adapters.object_store.s3 import S3ObjectStore
from partition_gate.adapters.object_store.s3_clients import Endpoint, StoreLimits
from partition_gate.adapters.object_store.spooling import spool_files
from partition_gate.core.errors import NoSpace, StoreUnreachable
from partition_gate.core.partition import DataFile, Location, Partition
from partition_gate.core.partition_key import Segment

LIMITS = StoreLimits(call_s=0.6, file_s=0.6, bytes_per_s=1_000_000, spool_s=10)
LONG_AGO = datetime(2013, 1, 1, tzinfo=UTC)
LOCATION = Location(root="s3://landing/flights", segments=(Segment(name="dt", type="DATE"),), pattern="*.parquet")


def a_store(url: str, limits: StoreLimits = LIMITS) -> S3ObjectStore:
    return S3ObjectStore(Endpoint.with_key(url, "key", "secret", limits=limits))


def an_endpoint(url: str) -> Endpoint:
    return Endpoint.with_key(url, "key", "secret", limits=LIMITS)


def files(count: int, size_bytes: int = len(BODY)) -> Partition:
    made = (
        DataFile(
            path=f"s3://landing/{n}.parquet", etag="abc", size_bytes=size_bytes, modified_at="2013-01-01T00:00:00Z"
        )
        for n in range(count)
    )
    return Partition(dataset="flights", key="2013-01-01", files=tuple(made))


@contextmanager
def ends_within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


CALLS: dict[str, Callable[[str], object]] = {
    "partition keys": lambda url: a_store(url).partition_keys(LOCATION),
    "files": lambda url: a_store(url).list_files(LOCATION, "2013-01-01"),
    "note": lambda url: a_store(url).note(LOCATION, "2013-01-01", "_SUCCESS"),
    "folders": lambda url: s3_children(an_endpoint(url))("s3://landing/flights"),
    "registry": lambda url: S3RegistryStore("s3://registry", an_endpoint(url)).read("index.json"),
}


@pytest.mark.parametrize("fault", [SILENT, DRIPPING, CUT])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_call_ends_within_its_limit_and_names_it(fault: str, call: Callable[[str], object]) -> None:
    with (
        faulty_s3(fault) as url,
        ends_within(5),
        pytest.raises(StoreUnreachable, match=r"within 0\.6 s, GATE_STORE_CALL_TIMEOUT_S"),
    ):
        call(url)


def test_a_write_ends_within_its_limit() -> None:
    with faulty_s3(SILENT) as url, ends_within(3), pytest.raises(StoreUnreachable, match="landing"):
        LandingWriter(Endpoint.with_key(url, "key", "secret", limits=LIMITS)).put("s3://landing/a.parquet", b"rows")


@pytest.mark.parametrize("fault", [SILENT, DRIPPING, CUT])
def test_a_file_ends_within_its_limit_and_names_it(fault: str, tmp_path: Path) -> None:
    with (
        faulty_s3(fault) as url,
        ends_within(5),
        pytest.raises(StoreUnreachable, match=r"took longer than 0\.\d+ s, GATE_STORE_FILE_TIMEOUT_S"),
    ):
        a_store(url).spool(files(1), tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fault", [SHORT, LONG])
def test_a_body_of_another_length_is_no_file(fault: str, tmp_path: Path) -> None:
    with faulty_s3(fault) as url, ends_within(3), pytest.raises(StoreUnreachable, match=r"truncated|no complete"):
        a_store(url).spool(files(1), tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_the_files_of_a_partition_end_within_their_common_limit(tmp_path: Path) -> None:
    limits = LIMITS.model_copy(update={"spool_s": 0.8})
    with (
        faulty_s3(SILENT) as url,
        ends_within(1.6),
        pytest.raises(StoreUnreachable, match=r"STORE_FILE_TIMEOUT_S|40 files took longer than 0\.8 s, GATE_SPOOL"),
    ):
        a_store(url, limits).spool(files(40), tmp_path)


def test_a_partition_that_comes_too_slowly_names_the_limit_of_all_its_files(tmp_path: Path) -> None:
    limits = LIMITS.model_copy(update={"file_s": 30, "spool_s": 0.6})
    with faulty_s3(SILENT) as url, ends_within(5), pytest.raises(StoreUnreachable, match="GATE_SPOOL_TIMEOUT_S"):
        a_store(url, limits).spool(files(9), tmp_path)


def test_a_large_file_may_take_the_time_of_its_size(tmp_path: Path) -> None:
    body = BODY * 4
    limits = LIMITS.model_copy(update={"bytes_per_s": len(body) / 5})
    with faulty_s3("none", body=body) as url:
        spooled = a_store(url, limits).spool(files(1, len(body)), tmp_path)

    assert spooled.paths[0].read_bytes() == body
    assert limits.for_file(len(body)) == pytest.approx(5.6)


def test_after_a_failure_no_other_file_is_asked_for(tmp_path: Path) -> None:
    asked: list[str] = []

    def fetch(file: DataFile, target: Path) -> None:
        asked.append(file.path)
        time.sleep(0.02)
        raise StoreUnreachable("gone")

    with pytest.raises(StoreUnreachable):
        spool_files(files(1_000), tmp_path, fetch)

    assert len(asked) < 500  # 1,000 without cancelling; a busy machine needs a while to notice the failure


def test_a_full_disk_is_told_with_the_folder_and_the_next_step(tmp_path: Path) -> None:
    def fetch(file: DataFile, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(NoSpace, match=r"spool: the disk is full; free some space"):
        spool_files(files(2), tmp_path / "spool", fetch)


def test_a_spool_that_cannot_be_made_is_told_with_the_folder_and_the_next_step(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(NoSpace, match=r"file/spool: cannot be written \(not a directory\)"):
        spool_files(files(2), tmp_path / "file" / "spool", lambda *_: None)
