"""What every object store does, over a real S3 server and local folders."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.object_storage import endpoint_of

from partition_gate.adapters.embedded_s3.server import EmbeddedS3
from partition_gate.adapters.object_store.landing import LandingWriter, LocalLandingWriter
from partition_gate.adapters.object_store.local import LocalObjectStore
from partition_gate.adapters.object_store.routing import RoutingObjectStore
from partition_gate.adapters.object_store.s3 import S3ObjectStore
from partition_gate.adapters.object_store.s3_clients import Endpoint
from partition_gate.core.errors import (
    AccessDenied,
    AmbiguousPartition,
    BucketMissing,
    GateError,
    PartitionChanged,
    StoreUnreachable,
)
from partition_gate.core.partition import DataFile, LandedKeys, Location, Partition
from partition_gate.ports.store import ObjectStore
from partition_gate.testing.builders import a_location, a_patterned_location

TYPES = {
    "dt": "DATE",
    "hour": "INTEGER",
    "region": "VARCHAR",
    "n": "INTEGER",
    "year": "INTEGER",
    "month": "INTEGER",
}


class Landing:
    """A store, its writer and a root of its own."""

    def __init__(self, store: ObjectStore, write: Callable[[str, bytes], bool], root: str, missing: str) -> None:
        self.store, self._write, self.root, self.missing_root = store, write, root, missing

    def put(self, name: str, body: bytes = b"rows") -> None:
        self._write(f"{self.root}/{name}", body)

    def location(self, *segments: str, root: str | None = None) -> Location:
        return a_location(root or self.root, **{name: TYPES[name] for name in segments})

    def patterned(self, pattern: str, **types: str) -> Location:
        return a_patterned_location(pattern, self.root, **{"dt": "DATE", "hour": "INTEGER", **types})

    def names(self, location: Location, key: str) -> list[str]:
        return [file.path.removeprefix(f"{self.root}/") for file in self.store.list_files(location, key)]

    def partition(self, key: str, *segments: str) -> Partition:
        files = self.store.list_files(self.location(*segments), key)
        return Partition(dataset="flights", key=key, files=files)


@pytest.fixture(params=["s3", "local", "routed s3", "routed local"])
def landing(request: pytest.FixtureRequest, s3: EmbeddedS3, tmp_path: Path) -> Landing:
    kind: str = request.param
    remote = s3_store(s3)
    routed = RoutingObjectStore(s3=lambda _endpoint_url: remote, local=LocalObjectStore())
    if kind.endswith("s3"):
        store = routed if kind.startswith("routed") else remote
        writer = LandingWriter(endpoint_of(s3))
        return Landing(store, writer.put, f"s3://landing/{uuid.uuid4().hex}", "s3://nowhere/flights")
    folder = tmp_path / "landing"
    folder.mkdir()
    local = routed if kind.startswith("routed") else LocalObjectStore()
    return Landing(local, LocalLandingWriter().put, str(folder), str(tmp_path / "nowhere"))


def test_partition_keys_are_the_values_of_the_folders_ascending(landing: Landing) -> None:
    landing.put("dt=2013-01-02/part-0.parquet")
    landing.put("dt=2013-01-01/part-0.parquet")

    assert landing.store.partition_keys(landing.location("dt")) == LandedKeys(keys=("2013-01-01", "2013-01-02"))


def test_keys_of_several_segments_are_joined(landing: Landing) -> None:
    landing.put("dt=2013-01-02/hour=00/part-0.parquet")
    landing.put("dt=2013-01-01/hour=07/part-0.parquet")
    landing.put("dt=2013-01-01/hour=06/part-0.parquet")

    keys = landing.store.partition_keys(landing.location("dt", "hour"))

    assert keys == LandedKeys(keys=("2013-01-01/06", "2013-01-01/07", "2013-01-02/00"))


def test_folders_of_earlier_dates_are_left_out_when_only_recent_keys_are_asked_for(landing: Landing) -> None:
    for day in ("2012-12-30", "2012-12-31", "2013-01-01", "someday", "01-12-2012"):
        landing.put(f"dt={day}/part-0.parquet")

    landed = landing.store.partition_keys(landing.location("dt"), since=date(2012, 12, 31))

    assert (landed.keys, landed.has_earlier) == (("2012-12-31", "2013-01-01"), True)
    assert [folder for folder, _ in landed.refused] == ["dt=01-12-2012", "dt=someday"]


def test_nothing_is_left_out_if_no_folder_is_older(landing: Landing) -> None:
    landing.put("year=2013/month=01/part-0.parquet")

    landed = landing.store.partition_keys(landing.location("year", "month"), since=date(2013, 5, 1))

    assert landed == LandedKeys(keys=("2013/01",))


def test_folders_of_earlier_years_are_left_out_on_the_level_of_years_only(landing: Landing) -> None:
    for folder in ("year=2012/month=12", "year=2013/month=01", "year=2013/month=12"):
        landing.put(f"{folder}/part-0.parquet")

    landed = landing.store.partition_keys(landing.location("year", "month"), since=date(2013, 5, 1))

    assert (landed.keys, landed.has_earlier) == (("2013/01", "2013/12"), True)


@pytest.mark.parametrize("folder", ["_temporary", "month=1", "dt"])
def test_folders_that_are_no_partition_are_ignored(landing: Landing, folder: str) -> None:
    landing.put("dt=2013-01-01/part-0.parquet")
    landing.put(f"{folder}/part-0.parquet")

    assert landing.store.partition_keys(landing.location("dt")) == LandedKeys(keys=("2013-01-01",))


def test_a_folder_that_has_no_key_is_refused_by_name_and_blocks_no_other(landing: Landing) -> None:
    for folder in ("dt=2013-01-01", "dt=2013-13-45", "dt=infinity", "dt="):
        landing.put(f"{folder}/part-0.parquet")
        landing.put(f"{folder}/part-1.parquet")

    landed = landing.store.partition_keys(landing.location("dt"))

    assert landed.keys == ("2013-01-01",)
    assert [folder for folder, _ in landed.refused] == ["dt=", "dt=2013-13-45", "dt=infinity"]
    assert landed.refused[1][1] == "dt: '2013-13-45' is not a calendar date"


def test_a_refused_folder_is_named_in_characters_that_can_be_printed(tmp_path: Path) -> None:
    for name in (b"dt=\xff", b"dt=\x1b[2J"):
        Path(os.fsdecode(bytes(tmp_path) + b"/" + name)).mkdir()

    landed = LocalObjectStore().partition_keys(a_location(str(tmp_path), dt="DATE"))

    assert [folder for folder, _ in landed.refused] == [r"dt=\udcff", r"dt=\x1b[2J"]
    assert all(why.isprintable() for _, why in landed.refused)


def test_a_refused_folder_of_two_segments_is_named_once_with_its_parent(landing: Landing) -> None:
    for folder in ("dt=2013-01-01/hour=7", "dt=2013-01-01/hour=+7", "dt=yesterday/hour=07", "dt=yesterday/hour=08"):
        landing.put(f"{folder}/part-0.parquet")

    landed = landing.store.partition_keys(landing.location("dt", "hour"))

    assert landed.keys == ("2013-01-01/07",)
    assert [folder for folder, _ in landed.refused] == ["dt=2013-01-01/hour=+7", "dt=yesterday"]


FOLDERS = [
    ("region=B B", "B%20B"),
    ("region=B%20B", "B%20B"),
    ("region=A%2FA", "A%2FA"),
    ("region=a=b", "a%3Db"),
    ("region=a%3Db", "a%3Db"),
    ("region=Zürich", "Z%C3%BCrich"),
    ("region=Z%C3%BCrich", "Z%C3%BCrich"),
    ("region=100%25", "100%25"),
    ("region=__HIVE_DEFAULT_PARTITION__", "__HIVE_DEFAULT_PARTITION__"),
    ("n=07", "7"),
    ("n=7", "7"),
]


@pytest.mark.parametrize(("folder", "key"), FOLDERS)
def test_a_partition_is_found_under_the_name_that_its_producer_writes(landing: Landing, folder: str, key: str) -> None:
    landing.put(f"{folder}/part-0.parquet", b"12345")
    landing.put(f"{folder}/_SUCCESS", b"done")
    location = landing.location(folder.partition("=")[0])

    files = landing.store.list_files(location, key)

    assert landing.store.partition_keys(location) == LandedKeys(keys=(key,))
    assert [(file.path, file.size_bytes) for file in files] == [(f"{landing.root}/{folder}/part-0.parquet", 5)]
    assert landing.store.note(location, key, "_SUCCESS") == b"done"


def test_files_of_an_encoded_folder_are_spooled(landing: Landing, tmp_path: Path) -> None:
    landing.put("region=B%20B/part-0.parquet", b"encoded")
    landing.put("region=A A/part-0.parquet", b"plain")

    bodies = [
        landing.store.spool(landing.partition(key, "region"), tmp_path / key).paths[0].read_bytes()
        for key in ("B%20B", "A%20A")
    ]

    assert bodies == [b"encoded", b"plain"]


def test_two_folders_of_one_value_that_both_hold_files_are_refused_by_name(landing: Landing) -> None:
    landing.put("n=7/part-0.parquet")
    landing.put("n=07/part-0.parquet")
    landing.put("n=8/part-0.parquet")
    location = landing.location("n")

    with pytest.raises(AmbiguousPartition, match="landing has two folders for partition 7: n=7 and n=07; keep one"):
        landing.store.list_files(location, "7")

    assert landing.store.partition_keys(location).keys == ("7", "8")
    assert len(landing.store.list_files(location, "8")) == 1


def test_a_second_folder_of_one_value_without_data_is_no_difference(landing: Landing) -> None:
    landing.put("n=7/part-0.parquet")
    landing.put("n=07/_SUCCESS")

    assert len(landing.store.list_files(landing.location("n"), "7")) == 1


def test_a_file_named_like_a_partition_is_no_partition(landing: Landing) -> None:
    landing.put("dt=2013-01-01/part-0.parquet")
    landing.put("dt=2013-01-02")

    assert landing.store.partition_keys(landing.location("dt")) == LandedKeys(keys=("2013-01-01",))


def test_a_location_without_segments_has_one_key(landing: Landing) -> None:
    assert landing.store.partition_keys(landing.location()) == LandedKeys(keys=("snapshot",))


def test_files_of_a_partition_come_by_path_with_their_sizes(landing: Landing) -> None:
    landing.put("dt=2013-01-01/part-1.parquet", b"123")
    landing.put("dt=2013-01-01/part-0.parquet", b"12345")

    files = landing.store.list_files(landing.location("dt"), "2013-01-01")

    folder = f"{landing.root}/dt=2013-01-01"
    assert [(file.path, file.size_bytes) for file in files] == [
        (f"{folder}/part-0.parquet", 5),
        (f"{folder}/part-1.parquet", 3),
    ]


@pytest.mark.parametrize(
    "name", ["_SUCCESS", "_part.parquet", ".part.parquet", "notes.txt", "deeper/part-1.parquet", "PART.PARQUET"]
)
def test_what_is_no_data_file_is_not_listed(landing: Landing, name: str) -> None:
    landing.put("dt=2013-01-01/part-0.parquet")
    landing.put(f"dt=2013-01-01/{name}")

    files = landing.store.list_files(landing.location("dt"), "2013-01-01")

    assert [Path(file.path).name for file in files] == ["part-0.parquet"]


IGNORED = [
    *(
        "_SUCCESS",
        "_committed_1",
        ".part-0.parquet",
        ".DS_Store",
        "part-1.parquet.tmp",
        "part-1.TEMP",
        ".a.crc",
        "a.crc",
    ),
    *("part-1.inprogress", "part-1.parquet.part", "part-1.parquet._COPYING_", "deeper_$folder$"),
]


@pytest.mark.parametrize("name", IGNORED)
@pytest.mark.parametrize("folder", ["dt=2013-01-01", "2013/01/01"])
def test_hidden_and_temporary_files_are_ignored_by_name(landing: Landing, folder: str, name: str) -> None:
    landing.put(f"{folder}/part-0")
    landing.put(f"{folder}/{name}")
    hive = a_location(landing.root, pattern="*", dt="DATE")
    location = hive if "=" in folder else landing.patterned("{dt:%Y/%m/%d}/*")

    assert landing.names(location, "2013-01-01") == [f"{folder}/part-0"]


@pytest.mark.parametrize("name", ["_delta_log", "_temporary", ".hidden", "2013-01-02.tmp", "2013-01-02._COPYING_"])
@pytest.mark.parametrize("begin", ["dt=", ""])
def test_hidden_and_temporary_folders_are_neither_keys_nor_refused(landing: Landing, begin: str, name: str) -> None:
    landing.put(f"{begin}2013-01-01/part-0.parquet")
    landing.put(f"{begin if name[0].isdigit() else ''}{name}/part-0.parquet")
    location = landing.location("dt") if begin else landing.patterned("{dt}/*.parquet")

    assert landing.store.partition_keys(location) == LandedKeys(keys=("2013-01-01",))


@pytest.mark.parametrize(
    ("pattern", "name"), [("_{dt}.parquet", "_2013-01-01.parquet"), ("{dt}.part", "2013-01-01.part")]
)
def test_a_pattern_may_name_what_is_ignored_otherwise(landing: Landing, pattern: str, name: str) -> None:
    landing.put(name)
    location = landing.patterned(pattern)

    assert landing.store.partition_keys(location).keys == ("2013-01-01",)
    assert landing.names(location, "2013-01-01") == [name]


def test_the_empty_object_of_a_folder_is_no_file() -> None:
    more = (
        "<Contents><Key>a/dt=2013-01-01/</Key><Size>0</Size><ETag>x</ETag>"
        "<LastModified>2013-01-01T00:00:00Z</LastModified></Contents>"
    )
    with a_server_that_lists(more) as (url, _):
        location = a_location("s3://landing/a", pattern="*", dt="DATE")

        assert S3ObjectStore(Endpoint.with_key(url, "key", "secret")).list_files(location, "2013-01-01") == ()


def test_a_folder_named_like_a_data_file_is_refused_because_its_rows_would_be_missed(landing: Landing) -> None:
    landing.put("dt=2013-01-01/part-0.parquet")
    landing.put("dt=2013-01-01/part-1.parquet/part-0.parquet")

    with pytest.raises(AmbiguousPartition, match=r"dt=2013-01-01/part-1\.parquet .* is a folder; remove it"):
        landing.store.list_files(landing.location("dt"), "2013-01-01")


@pytest.mark.parametrize(
    ("put", "kind"),
    [
        (os.mkfifo, "neither a file nor a folder"),
        (lambda path: path.symlink_to("nowhere.parquet"), "a link to nothing"),
    ],
    ids=["pipe", "broken link"],
)
def test_what_is_named_like_a_data_file_but_is_none_is_refused(
    tmp_path: Path, put: Callable[[Path], None], kind: str
) -> None:
    (tmp_path / "dt=2013-01-01").mkdir()
    put(tmp_path / "dt=2013-01-01" / "part-0.parquet")

    with pytest.raises(AmbiguousPartition, match=rf"part-0\.parquet .* is {kind}; remove it"):
        LocalObjectStore().list_files(a_location(str(tmp_path), dt="DATE"), "2013-01-01")


def test_a_snapshot_lists_the_files_directly_below_the_root(landing: Landing) -> None:
    landing.put("planes.parquet")
    landing.put("_SUCCESS")
    landing.put("older/planes.parquet")

    files = landing.store.list_files(landing.location(), "snapshot")

    assert [file.path for file in files] == [f"{landing.root}/planes.parquet"]


def test_a_partition_that_is_not_there_has_no_files(landing: Landing) -> None:
    landing.put("dt=2013-01-01/part-0.parquet")

    assert landing.store.list_files(landing.location("dt"), "2013-01-02") == ()


def test_a_neighbour_with_the_same_beginning_is_another_partition(landing: Landing) -> None:
    landing.put("dt=2013-01-01/part-0.parquet")
    landing.put("dt=2013-01-010/part-1.parquet")

    files = landing.store.list_files(landing.location("dt"), "2013-01-01")

    assert [Path(file.path).name for file in files] == ["part-0.parquet"]


def test_a_listing_is_never_answered_from_a_cache(landing: Landing) -> None:
    landing.put("dt=2013-01-01/part-0.parquet")
    before = landing.partition("2013-01-01", "dt")

    landing.put("dt=2013-01-01/part-1.parquet")

    assert landing.partition("2013-01-01", "dt").fingerprint != before.fingerprint


def test_the_same_listing_twice_is_the_same_partition(landing: Landing) -> None:
    landing.put("dt=2013-01-01/part-0.parquet")

    assert landing.partition("2013-01-01", "dt") == landing.partition("2013-01-01", "dt")


def test_a_bucket_or_root_that_does_not_exist_is_named(landing: Landing) -> None:
    location = landing.location("dt", root=landing.missing_root)

    with pytest.raises(BucketMissing, match=r"nowhere.*does not exist.*correct servers"):
        landing.store.partition_keys(location)
    with pytest.raises(BucketMissing, match=r"nowhere.*does not exist.*correct servers"):
        landing.store.list_files(location, "2013-01-01")


def test_a_note_beside_the_data_is_read_whole_and_is_no_data(landing: Landing) -> None:
    landing.put("dt=2013-01-01/part-0.parquet")
    landing.put("dt=2013-01-01/_SUCCESS", b"")
    landing.put("dt=2013-01-01/_manifest.json", b"{}" * 500_000)
    location = landing.location("dt")

    assert landing.store.note(location, "2013-01-01", "_SUCCESS") == b""
    assert landing.store.note(location, "2013-01-01", "_manifest.json") == b"{}" * 500_000
    assert len(landing.store.list_files(location, "2013-01-01")) == 1


def test_no_note_is_none_also_where_there_is_no_partition(landing: Landing) -> None:
    landing.put("dt=2013-01-01/part-0.parquet")

    assert landing.store.note(landing.location("dt"), "2013-01-01", "_SUCCESS") is None
    assert landing.store.note(landing.location("dt"), "2013-01-02", "_SUCCESS") is None


PATTERNED = [
    ("{dt:%Y/%m/%d}/*.parquet", "2026/11/29/part-0.parquet", "2026-11-29"),
    ("events_{dt:%Y%m%d}.parquet", "events_20261129.parquet", "2026-11-29"),
    ("events_{dt:%Y%m%d}_*.parquet", "events_20261129_07.parquet", "2026-11-29"),
    ("{region}/{dt:%Y-%m-%d}/part-*.parquet", "EU/2026-11-29/part-0.parquet", "EU/2026-11-29"),
    ("{region}/{dt:%Y-%m-%d}/part-*.parquet", "B B%/2026-11-29/part-0.parquet", "B%20B%25/2026-11-29"),
    ("{dt:%Y}/{dt:%m}/{dt:%d}/{hour:%H}/*", "2026/11/29/02/part-0.parquet", "2026-11-29/02"),
    ("dt={dt}/data/{hour:%H}00/*.parquet", "dt=2026-11-29/data/0200/part-0.parquet", "2026-11-29/02"),
    ("raw/{dt:%Y}/{region}_{dt:%Y-%m-%d}.parquet", "raw/2026/Zürich_2026-11-29.parquet", "2026-11-29/Z%C3%BCrich"),
    ("planes/*.parquet", "planes/part-0.parquet", "snapshot"),
]


@pytest.mark.parametrize(("pattern", "name", "key"), PATTERNED)
def test_a_partition_is_found_where_its_pattern_says(landing: Landing, pattern: str, name: str, key: str) -> None:
    landing.put(name, b"12345")
    location = landing.patterned(pattern)

    assert landing.store.partition_keys(location) == LandedKeys(keys=(key,))
    assert landing.names(location, key) == [name]
    assert landing.store.list_files(location, key)[0].size_bytes == 5


def test_files_of_several_partitions_in_one_folder_are_told_apart(landing: Landing) -> None:
    for name in (
        "events_20261129_1.parquet",
        "events_20261129_0.parquet",
        "events_20261130_0.parquet",
        "events_.parquet",
    ):
        landing.put(name)
    location = landing.patterned("events_{dt:%Y%m%d}_*.parquet")

    assert landing.names(location, "2026-11-29") == ["events_20261129_0.parquet", "events_20261129_1.parquet"]
    assert landing.store.partition_keys(location).keys == ("2026-11-29", "2026-11-30")


def test_names_that_do_not_fit_the_pattern_are_refused_by_name_and_block_no_other(landing: Landing) -> None:
    for name in ("events_20261129.parquet", "events_2026-11-28.parquet", "events_20260231.parquet", "other_1.parquet"):
        landing.put(name)
    landing.put("events_20261130.csv")
    landing.put("events_20261201.parquet/part-0.parquet")

    landed = landing.store.partition_keys(landing.patterned("events_{dt:%Y%m%d}.parquet"))

    assert landed.keys == ("2026-11-29",)
    assert [name for name, _ in landed.refused] == ["events_2026-11-28.parquet", "events_20260231.parquet"]
    assert landed.refused[1][1] == "dt: '2026-02-31' is not a calendar date"
    assert landed.refused[0][1].startswith("the name does not fit events_{dt:%Y%m%d}.parquet; rename it")


def test_folders_that_do_not_fit_the_pattern_are_refused_on_their_level(landing: Landing) -> None:
    for folder in ("2026/11/29", "2026/11/31", "2026/13", "2026/11/_temporary/0", "_delta_log", "archive"):
        landing.put(f"{folder}/part-0.parquet")

    landed = landing.store.partition_keys(landing.patterned("{dt:%Y/%m/%d}/*.parquet"))

    assert landed.keys == ("2026-11-29",)
    assert [name for name, _ in landed.refused] == ["2026/11/31", "2026/13", "archive"]


def test_a_name_that_fits_in_two_ways_is_refused_and_its_file_belongs_to_no_partition(landing: Landing) -> None:
    landing.put("north_america_x.parquet")
    landing.put("eu_x.parquet")
    location = landing.patterned("{region}_{city}.parquet")

    landed = landing.store.partition_keys(location)

    assert (landed.keys, [name for name, _ in landed.refused]) == (("eu/x",), ["north_america_x.parquet"])
    assert "in two ways" in landed.refused[0][1]
    assert landing.names(location, "north/america_x") == []


def test_a_value_that_a_path_names_twice_must_be_the_same(landing: Landing) -> None:
    landing.put("2026/events_2026-11-29.parquet")
    landing.put("2025/events_2026-11-28.parquet")
    landing.put("EU/EU.parquet")

    landed = landing.store.partition_keys(landing.patterned("{dt:%Y}/events_{dt:%Y-%m-%d}.parquet"))

    assert landed.keys == ("2026-11-29",)
    assert ("2025/events_2026-11-28.parquet", "dt: the path names two different dates") in landed.refused


@pytest.mark.parametrize(
    ("pattern", "write", "kept"),
    [
        ("{dt:%Y/%m/%d}/*.parquet", "%Y/%m/%d/a.parquet", ("2026-10-31", "2026-11-01", "2027-01-01")),
        ("events_{dt:%Y%m%d}.parquet", "events_%Y%m%d.parquet", ("2026-10-31", "2026-11-01", "2027-01-01")),
        ("events_{dt:%Y%m%d}", "events_%Y%m%d", ("2026-10-31", "2026-11-01", "2027-01-01")),
        ("{dt:%Y}/x{dt:%d%m%Y}.parquet", "%Y/x%d%m%Y.parquet", ("2026-10-31", "2026-11-01", "2027-01-01")),
        ("{dt}/*.parquet", "%Y-%m-%d/a.parquet", ("2026-10-31", "2026-11-01", "2027-01-01")),
    ],
)
def test_paths_of_earlier_days_are_left_out_when_only_recent_keys_are_asked_for(
    landing: Landing, pattern: str, write: str, kept: tuple[str, ...]
) -> None:
    days = [date(2025, 12, 31), date(2026, 9, 30), date(2026, 10, 30), date(2026, 10, 31), date(2026, 11, 1)]
    for day in (*days, date(2027, 1, 1)):
        landing.put(day.strftime(write))
    location = landing.patterned(pattern)

    assert landing.store.partition_keys(location, since=date(2026, 10, 31)) == LandedKeys(keys=kept, has_earlier=True)
    assert landing.store.partition_keys(location, since=date(2020, 1, 1)).has_earlier is False
    assert len(landing.store.partition_keys(location).keys) == 6


def test_what_is_no_partition_does_not_count_as_an_earlier_one(landing: Landing) -> None:
    for name in (".hidden/x", "-notes/x", "1/x", "2026/11/01/a.parquet"):
        landing.put(name)
    location = landing.patterned("{dt:%Y/%m/%d}/*.parquet")

    assert landing.store.partition_keys(location, since=date(2026, 10, 31)).has_earlier is False


def test_a_file_that_is_ignored_is_not_the_file_of_a_key_that_is_named_like_it(landing: Landing) -> None:
    landing.put("_x.parquet")
    location = landing.patterned("{region}.parquet")

    assert landing.store.partition_keys(location) == LandedKeys(keys=())
    assert landing.names(location, "_x") == []


def test_the_listing_of_one_partition_asks_for_its_names_only() -> None:
    with a_server_that_lists() as (url, asked):
        location = a_patterned_location("events_{dt:%Y%m%d}_*.parquet", "s3://landing/a", dt="DATE")
        S3ObjectStore(Endpoint.with_key(url, "key", "secret")).list_files(location, "2026-11-07")

    assert [request["prefix"] for request in asked] == [["a/events_20261107_"]]


def test_the_watch_s_listing_begins_with_its_first_day_so_that_history_costs_nothing() -> None:
    with a_server_that_lists() as (url, asked):
        location = a_patterned_location("events_{dt:%Y%m%d}_*.parquet", "s3://landing/a", dt="DATE")
        S3ObjectStore(Endpoint.with_key(url, "key", "secret")).partition_keys(location, since=date(2026, 10, 31))

    assert [(request["prefix"], request.get("max-keys"), request.get("start-after")) for request in asked] == [
        (["a/events_"], ["20"], None),
        (["a/events_"], None, ["a/events_20261030~"]),
    ]


def test_a_name_that_fits_no_pattern_is_refused_although_it_sorts_before_the_first_day(landing: Landing) -> None:
    for name in ("report_2026-11-29.parquet", "report_20260101.parquet", "report_20261101.parquet"):
        landing.put(name)
    for number in range(25):  # more than show that something landed before
        landing.put(f"report_201001{number + 1:02}.parquet")
    location = landing.patterned("report_{dt:%Y%m%d}.parquet")

    landed = landing.store.partition_keys(location, since=date(2026, 10, 31), whole=True)

    assert (landed.keys, landed.has_earlier, landed.has_unread) == (("2026-11-01",), True, False)
    assert [name for name, _ in landed.refused] == ["report_2026-11-29.parquet"]


def test_a_listing_says_whether_it_left_names_unread() -> None:
    old = "".join(f"<Contents><Key>a/report_201001{day:02}.parquet</Key></Contents>" for day in range(1, 21))
    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>next</NextContinuationToken>"
    location = a_patterned_location("report_{dt:%Y%m%d}.parquet", "s3://landing/a", dt="DATE")
    with a_server_that_lists(old + more, "") as (url, _):
        landed = S3ObjectStore(Endpoint.with_key(url, "key", "secret")).partition_keys(location, since=date(2026, 9, 1))

    assert landed.has_unread


def test_of_a_long_history_a_bounded_number_of_names_is_read() -> None:
    old = "".join(f"<Contents><Key>a/report_201001{day:02}.parquet</Key></Contents>" for day in range(1, 21))
    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>next</NextContinuationToken>"
    location = a_patterned_location("report_{dt:%Y%m%d}.parquet", "s3://landing/a", dt="DATE")
    with a_server_that_lists(old + more, old + more, "") as (url, asked):
        store = S3ObjectStore(Endpoint.with_key(url, "key", "secret"), earlier_names=40)
        store.partition_keys(location, since=date(2026, 9, 1), whole=True)

    assert [request.get("max-keys") for request in asked] == [["40"], ["40"], None]


def test_a_folder_named_like_the_file_of_a_partition_is_refused(landing: Landing) -> None:
    landing.put("events_20261129.parquet/part-0.parquet")

    with pytest.raises(AmbiguousPartition, match=r"events_20261129\.parquet .* is a folder"):
        landing.store.list_files(landing.patterned("events_{dt:%Y%m%d}.parquet"), "2026-11-29")


def test_a_note_is_beside_the_files_of_a_pattern(landing: Landing) -> None:
    landing.put("2026/11/29/part-0.parquet")
    landing.put("2026/11/29/_SUCCESS", b"done")
    location = landing.patterned("{dt:%Y/%m/%d}/*")

    assert landing.store.note(location, "2026-11-29", "_SUCCESS") == b"done"
    assert landing.names(location, "2026-11-29") == ["2026/11/29/part-0.parquet"]


def test_a_page_of_a_listing_is_followed_by_the_next_one() -> None:
    folder = "<CommonPrefixes><Prefix>a/dt=2026-11-{}/</Prefix></CommonPrefixes>"
    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>next</NextContinuationToken>"
    with a_server_that_lists(folder.format(28) + more, folder.format(29)) as (url, asked):
        landed = S3ObjectStore(Endpoint.with_key(url, "key", "secret")).partition_keys(
            a_location("s3://landing/a", dt="DATE")
        )

    assert landed.keys == ("2026-11-28", "2026-11-29")
    assert [request.get("continuation-token") for request in asked] == [None, ["next"]]


def test_spooled_files_hold_the_objects_bytes_in_order(landing: Landing, tmp_path: Path) -> None:
    for number in range(6):
        landing.put(f"dt=2013-01-01/part-{number}.parquet", bytes([number]) * 5_000_000)
    partition = landing.partition("2013-01-01", "dt")

    spooled = landing.store.spool(partition, tmp_path / "spool" / "one")

    assert [path.name for path in spooled.paths] == [f"{n:03d}-part-{n}.parquet" for n in range(6)]
    assert [path.read_bytes() for path in spooled.paths] == [bytes([n]) * 5_000_000 for n in range(6)]


def test_files_of_one_name_in_different_places_do_not_collide(landing: Landing, tmp_path: Path) -> None:
    landing.put("dt=2013-01-01/part-0.parquet", b"one")
    landing.put("dt=2013-01-02/part-0.parquet", b"two")
    both = landing.partition("2013-01-01", "dt").files + landing.partition("2013-01-02", "dt").files

    spooled = landing.store.spool(Partition(dataset="flights", key="both", files=both), tmp_path / "spool")

    assert [path.read_bytes() for path in spooled.paths] == [b"one", b"two"]


def test_an_object_overwritten_after_the_listing_is_not_spooled(landing: Landing, tmp_path: Path) -> None:
    landing.put("dt=2013-01-01/part-0.parquet", b"good")
    landing.put("dt=2013-01-01/part-1.parquet", b"old!")
    partition = landing.partition("2013-01-01", "dt")
    landing.put("dt=2013-01-01/part-1.parquet", b"new!")

    with pytest.raises(PartitionChanged, match=r"part-1\.parquet"):
        landing.store.spool(partition, tmp_path / "spool")

    assert list((tmp_path / "spool").iterdir()) == []


def test_an_object_removed_after_the_listing_is_not_spooled(landing: Landing, tmp_path: Path) -> None:
    landing.put("dt=2013-01-01/part-0.parquet")
    file = landing.partition("2013-01-01", "dt").files[0]
    gone = file.model_copy(update={"path": file.path.replace("part-0", "part-9")})

    with pytest.raises(PartitionChanged, match=r"part-9\.parquet"):
        landing.store.spool(Partition(dataset="flights", key="2013-01-01", files=(gone,)), tmp_path / "spool")

    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.parametrize("wrong", ["access_key_id", "secret_access_key"])
def test_wrong_credentials_are_an_access_denied_that_shows_no_credential(
    s3: EmbeddedS3, tmp_path: Path, wrong: str
) -> None:
    good = {"access_key_id": s3.access_key_id, "secret_access_key": s3.secret_access_key}
    credentials: dict[str, Any] = {**good, wrong: "WRONGBUTSECRET"}
    store = S3ObjectStore(Endpoint.with_key(s3.endpoint_url, **credentials))

    with pytest.raises(AccessDenied, match=r"s3://landing.*rejects our credentials") as listing:
        store.list_files(a_location("s3://landing/a"), "snapshot")
    with pytest.raises(AccessDenied, match=r"s3://landing.*rejects our credentials") as spooling:
        store.spool(a_partition("s3://landing/a/b.parquet"), tmp_path)
    with pytest.raises(AccessDenied, match=r"s3://landing.*rejects our credentials") as noting:
        store.note(a_location("s3://landing/a"), "snapshot", "_SUCCESS")

    for raised in (listing.value, spooling.value, noting.value):
        assert not any(value in chain_text(raised) for value in credentials.values())


def test_a_server_that_is_not_there_is_named_with_the_next_step(tmp_path: Path) -> None:
    store = S3ObjectStore(Endpoint.with_key("http://127.0.0.1:9", "key", "secret"))

    with pytest.raises(StoreUnreachable, match=r"http://127\.0\.0\.1:9 does not answer.*start it"):
        store.partition_keys(a_location("s3://landing/a", dt="DATE"))
    with pytest.raises(StoreUnreachable, match=r"http://127\.0\.0\.1:9 does not answer.*start it"):
        store.spool(a_partition("s3://landing/a/b.parquet"), tmp_path)


def test_a_root_prefix_without_objects_has_no_partitions(s3: EmbeddedS3) -> None:
    location = a_location("s3://landing/never-written", dt="DATE")

    assert s3_store(s3).partition_keys(location) == LandedKeys(keys=())


def test_an_upload_to_a_missing_bucket_does_not_create_it(s3: EmbeddedS3) -> None:
    writer = LandingWriter(endpoint_of(s3))

    with pytest.raises(BucketMissing):
        writer.put("s3://mispelt/a.parquet", b"rows")


def test_a_made_bucket_can_be_written_and_made_again(s3: EmbeddedS3) -> None:
    writer = LandingWriter(endpoint_of(s3))
    writer.make_bucket("another")
    writer.make_bucket("another")

    assert writer.put("s3://another/a.parquet", b"rows")


def test_a_body_cut_midway_is_asked_for_again_as_a_whole(tmp_path: Path) -> None:
    with a_server_that_cuts(first_answers=2) as url:
        spooled = S3ObjectStore(Endpoint.with_key(url, "key", "secret")).spool(
            a_partition("s3://landing/b.parquet"), tmp_path
        )

    assert spooled.paths[0].read_bytes() == BODY


def test_a_body_that_is_always_cut_leaves_no_file(tmp_path: Path) -> None:
    with a_server_that_cuts(first_answers=10_000) as url, pytest.raises(StoreUnreachable, match="landing"):
        S3ObjectStore(Endpoint.with_key(url, "key", "secret")).spool(a_partition("s3://landing/b.parquet"), tmp_path)

    assert list(tmp_path.iterdir()) == []


BODY = bytes(range(256)) * 40


def s3_store(server: EmbeddedS3) -> S3ObjectStore:
    return S3ObjectStore(endpoint_of(server))


def a_partition(path: str) -> Partition:
    file = DataFile(path=path, etag="abc", size_bytes=len(BODY), modified_at="2013-01-01T00:00:00Z")
    return Partition(dataset="flights", key="2013-01-01", files=(file,))


def chain_text(error: BaseException | None) -> str:
    assert isinstance(error, GateError)
    texts = []
    while error is not None:
        texts.append(f"{error!s} {error!r}")
        error = error.__cause__ or error.__context__
    return "\n".join(texts)


@contextmanager
def a_server_that_cuts(first_answers: int) -> Iterator[str]:
    """A server whose first answers promise the whole body and end after half of it."""
    left = [first_answers]

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            cut = left[0] > 0
            left[0] -= 1
            self.send_response(200)
            self.send_header("Content-Length", str(len(BODY)))
            self.send_header("ETag", '"abc"')
            self.send_header("Last-Modified", "Tue, 01 Jan 2013 00:00:00 GMT")
            self.end_headers()
            self.wfile.write(BODY[: len(BODY) // 2] if cut else BODY)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def a_server_that_lists(*pages: str) -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """A server that answers listings with these pages, then empty ones; and the parameters of its requests."""
    asked: list[dict[str, list[str]]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(parse_qs(urlsplit(self.path).query))
            page = pages[len(asked) - 1] if len(asked) <= len(pages) else ""
            body = f"<ListBucketResult>{page}</ListBucketResult>".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
