"""The faults that can be injected into a landed partition: one small function for each kind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from partition_gate.apps.demo.nycflights import DATASETS, HOURLY, SNAPSHOTS
from partition_gate.core.errors import InvalidSetting
from partition_gate.core.partition import SNAPSHOT
from partition_gate.core.record import Record

_REQUIRED = {
    "flights": "carrier",
    "weather": "origin",
    "weather_hourly": "origin",
    "weather_live": "origin",
    "planes": "tailnum",
    "airports": "faa",
    "airlines": "carrier",
}
_RENAMED = {"carrier": "carrier_code", "origin": "station", "tailnum": "tail_number", "faa": "airport_code"}
_INTEGER = {
    "flights": "distance",
    "weather": "hour",
    "weather_hourly": "wind_dir",
    "planes": "seats",
    "airports": "alt",
}
_FOREIGN_KEY = {"flights": "carrier", "weather": "origin", "weather_hourly": "origin"}
_UNKNOWN_PARENT = {"carrier": "ZZ", "origin": "ZZZ"}


class Break(Record):
    """One fault for one partition: `kind:dataset:key`, where the key is a date, a date and hour, or `snapshot`."""

    kind: str
    dataset: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.dataset}:{self.key}"


def parse_break(text: str) -> Break:
    """Parse a fault from the command line.

    Raises:
        InvalidSetting: wrong format, or an unknown kind, dataset or date; the message lists the valid values.
    """
    parts = text.split(":")
    if len(parts) != 3:
        raise InvalidSetting(f"{text!r} is not a fault: write KIND:dataset:date, such as truncate:flights:2013-01-03")
    kind, dataset, key = parts
    _check_choice(text, "kind of fault", kind, KINDS)
    _check_choice(text, "dataset", dataset, DATASETS)
    _check_key(text, dataset, key)
    _check_choice(text, f"dataset that {kind} can break", dataset, tuple(_NEEDED_COLUMN.get(kind, _REQUIRED)))
    return Break(kind=kind, dataset=dataset, key=key)


def renamed_column(table: pa.Table, dataset: str) -> pa.Table:
    """Rename a required column."""
    required = _REQUIRED[dataset]
    return table.rename_columns([_RENAMED[name] if name == required else name for name in table.column_names])


def integer_as_text(table: pa.Table, dataset: str) -> pa.Table:
    """Store an integer column as text."""
    return _with(table, _INTEGER[dataset], lambda column: column.cast(pa.string()))


def nulls(table: pa.Table, dataset: str) -> pa.Table:
    """Remove the value of a required column in every fifth row (20 %)."""
    return _with(table, _REQUIRED[dataset], lambda column: pc.if_else(_each(5, table), None, column))


def duplicates(table: pa.Table, _dataset: str) -> pa.Table:
    """Duplicate every hundredth row: 2 % of the rows fail, below the usual limit of 5 %."""
    return pa.concat_tables([table, table.filter(_each(100, table))])


def orphans(table: pa.Table, dataset: str) -> pa.Table:
    """Let every hundredth row refer to a carrier or airport that does not exist."""
    name = _FOREIGN_KEY[dataset]
    return _with(table, name, lambda column: pc.if_else(_each(100, table), _UNKNOWN_PARENT[name], column))


def empty(table: pa.Table, _dataset: str) -> pa.Table:
    """Remove all rows."""
    return table.slice(0, 0)


def shrink(table: pa.Table, _dataset: str) -> pa.Table:
    """Keep only the first tenth of the rows."""
    return table.slice(0, max(1, table.num_rows // 10))


def duration_column(table: pa.Table, dataset: str) -> pa.Table:
    """Store an integer column as a duration. A reader that ignores the embedded schema sees integers."""
    return _with(table, _INTEGER[dataset], lambda column: column.cast(pa.duration("s")))


def truncate(body: bytes) -> bytes:
    """Cut off the second half of the file."""
    return body[: len(body) // 2]


def corrupt(body: bytes) -> bytes:
    """Flip every byte in the middle tenth of the file. Length, header and footer are unchanged."""
    start, length = len(body) * 45 // 100, max(1, len(body) // 10)
    flipped = bytes(byte ^ 0xFF for byte in body[start : start + length])
    return body[:start] + flipped + body[start + length :]


# The partition is not landed, or removed if it exists. A `late` one is meant to be landed later.
ABSENT = {"missing": "", "late": "seed again without this fault to land it"}
TABLE_FAULTS: dict[str, Callable[[pa.Table, str], pa.Table]] = {
    "schema": renamed_column,
    "type": integer_as_text,
    "nulls": nulls,
    "duplicates": duplicates,
    "orphans": orphans,
    "empty": empty,
    "shrink": shrink,
    "unreadable_type": duration_column,
}
BYTE_FAULTS: dict[str, Callable[[bytes], bytes]] = {"truncate": truncate, "corrupt": corrupt}
KINDS = (*ABSENT, *BYTE_FAULTS, *TABLE_FAULTS)
_NEEDED_COLUMN = {"type": _INTEGER, "unreadable_type": _INTEGER, "orphans": _FOREIGN_KEY}


def _with(table: pa.Table, name: str, change: Callable[[pa.ChunkedArray], pa.ChunkedArray]) -> pa.Table:
    position = table.column_names.index(name)
    return table.set_column(position, name, change(table[name]))


def _each(step: int, table: pa.Table) -> pa.Array:
    """True for every step-th row, starting with the first."""
    return pa.array([number % step == 0 for number in range(table.num_rows)], pa.bool_())


def _check_choice(text: str, what: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InvalidSetting(f"{text!r}: {value!r} is not a {what}: choose one of {', '.join(choices)}")


def _check_key(text: str, dataset: str, key: str) -> None:
    if dataset in SNAPSHOTS:
        _check_choice(text, f"partition of {dataset}", key, (SNAPSHOT,))
        return
    shape, what, example = ("%Y-%m-%d/%H", "date and hour", "2013-01-03/07")
    if dataset not in HOURLY:
        shape, what, example = ("%Y-%m-%d", "date", "2013-01-03")
    try:
        is_valid = datetime.strptime(key, shape).strftime(shape) == key  # noqa: DTZ007 (a label, not a moment)
    except ValueError:
        is_valid = False
    if not is_valid:
        raise InvalidSetting(f"{text!r}: {key!r} is not a {what}: write one such as {example}")
