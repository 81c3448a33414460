"""Parquet files whose bytes were changed, mostly in the footer: each is read or listed with the reason."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st
from tests.fuzz.target import Target

from partition_gate.adapters.gx.duckdb.parquet_files import read_footers
from partition_gate.adapters.gx.duckdb.parquet_pages import encodings
from partition_gate.judging.validation import PartitionScan
from partition_gate.testing.builders import a_table

_TABLE = {
    "id": pa.array([1, 2, None], pa.int64()),
    "name": pa.array(["a", None, "ü"]),
    "price": pa.array([1, 2, 3], pa.decimal128(10, 2)),
    "at": pa.array([0, 1000, 2000], pa.timestamp("us", "UTC")),
    "kind": pa.array(["x", "x", "y"]).dictionary_encode(),
    "items": pa.array([[1], [], None], pa.list_(pa.int32())),
    "place": pa.array([{"a": 1, "b": [{"c": "x"}]}, None, {"a": None, "b": []}]),
    "tags": pa.array([[("k", 1)], [], None], pa.map_(pa.string(), pa.int8())),
}
_WAYS: tuple[Mapping[str, Any], ...] = (
    {"write_page_checksum": True},
    {"compression": "zstd", "write_page_index": True, "row_group_size": 1},
    {"compression": "none", "use_dictionary": False, "data_page_version": "2.0", "write_page_checksum": True},
    {"store_schema": False, "write_statistics": False, "version": "1.0", "coerce_timestamps": "ms"},
)
_FOLDER = tempfile.TemporaryDirectory(prefix="fuzz-")
_PATH = Path(_FOLDER.name) / "part.parquet"
_TAIL_BYTES = 8  # the footer's length, and `PAR1`
_bytes = st.binary(max_size=5) | st.sampled_from(
    (b"\0", b"\xff", b"\x80" * 10, b"\xff" * 9 + b"\x7f", b"\x1c" * 400, b"PAR1")
)


@cache
def _file(way: int) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(_TABLE), buffer, **_WAYS[way])
    return buffer.getvalue()


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A small file with one to four places overwritten, cut out or put in: in the footer, at its end, or anywhere."""
    content = _file(draw(st.integers(0, len(_WAYS) - 1)))
    footer = int.from_bytes(content[-_TAIL_BYTES:-4], "little") + _TAIL_BYTES
    keeps_length = draw(st.booleans())
    for _ in range(draw(st.integers(1, 4))):
        reach = draw(st.sampled_from((footer, footer, _TAIL_BYTES, len(content))))
        start = max(len(content) - draw(st.integers(1, reach)), 0)
        new = draw(_bytes)
        cut = len(new) if draw(st.booleans()) else draw(st.integers(0, 20))
        content = content[:start] + new + content[start + cut :]
    # With the right length and mark at the end, readers get as far as the damage.
    return content[:-_TAIL_BYTES] + (footer - _TAIL_BYTES).to_bytes(4, "little") + b"PAR1" if keeps_length else content


def check_file(content: bytes) -> None:
    """The footer is read, or the file is listed as unreadable with a reason; nothing is raised."""
    _PATH.write_bytes(content)
    scan = PartitionScan(paths=(_PATH,), sources=("dt=1/part.parquet",), table=a_table(), partition_values=())
    footers = read_footers(scan)
    if len(footers.files) + len(footers.unreadable) != 1:
        raise AssertionError("the file is neither read nor listed as unreadable")
    if any(not each.why for each in footers.unreadable):
        raise AssertionError("unreadable without a reason")
    if footers.files:
        footers.mistyped("id", ("int64",))
        footers.named_alike("ID")
        try:
            list(encodings(str(_PATH)))
        except (IndexError, ValueError):  # as it is documented
            return


TARGETS = (Target("Parquet footers", files(), check_file, weight=9, can_end_process=True),)
