"""Lakes as they are, by the commands: partitions that a pattern names are judged, published and watched like any."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.commands import gate
from tests.integration.test_airflow_dags import Folder
from tests.tutorials import answered

from partition_gate.adapters.embedded_s3.server import EmbeddedS3
from partition_gate.adapters.object_store.landing import LandingWriter, LocalLandingWriter
from partition_gate.adapters.object_store.local import LocalObjectStore
from partition_gate.adapters.object_store.s3_clients import Endpoint
from partition_gate.testing.builders import a_patterned_location

FOLDERS = ("{dt:%Y/%m/%d}/*.parquet", "%Y/%m/%d/part-0.parquet")
NAMES = ("events_{dt:%Y%m%d}.parquet", "events_%Y%m%d.parquet")
PAGE = Path("docs/reference/landing.md")
READY = {"property": "readiness", "value": "quiet:1s"}
DT = {"name": "dt", "logicalType": "date", "partitioned": True}


def day(back: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=back)


def key(back: int) -> str:
    return day(back).date().isoformat()


class Lake:
    """A contract whose server has a pattern, its landing, and the commands of a person."""

    def __init__(self, folder: Path, root: str, put: Callable[[str, bytes], bool], **settings: str) -> None:
        self.home, self.root, self._put = folder / "home", root, put
        self.contracts, self._settings = Folder(folder), settings

    def describe(self, pattern: str, *columns: dict[str, Any], **changes: Any) -> None:
        kind, place = ("s3", "location") if self.root.startswith("s3://") else ("local", "path")
        server = {"server": "x", "type": kind, place: self.root, "format": "parquet"}
        properties = [
            *(columns or [DT]),
            {"name": "id", "logicalType": "integer", "logicalTypeOptions": {"minimum": 0}},
        ]
        document = {
            "servers": [{**server, "customProperties": [{"property": "partitionPattern", "value": pattern}]}],
            "schema": [{"name": "events", "properties": properties}],
            "slaProperties": [{"property": "latency", "value": 24, "unit": "h"}],
            "customProperties": [READY],
        }
        self.contracts.add("events", **{**document, **changes})

    def land(self, name: str, **columns: Any) -> None:
        body = BytesIO()
        pq.write_table(pa.table(columns or {"id": [1, 2, 3]}), body)
        self._put(f"{self.root}/{name}", body.getvalue())
        path = Path(self.root, name)
        if path.exists():
            os.utime(path, (0, datetime.now(UTC).timestamp() - 60))

    def gate(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        settings = {"GATE_HOME": str(self.home), "PYTHONPATH": "include", **self.contracts.settings, **self._settings}
        return gate(*arguments, environment={**os.environ, **settings})

    def json(self, *arguments: str) -> Any:
        done = self.gate(*arguments, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    @property
    def outcomes(self) -> dict[str, str]:
        return {each["partition_key"]: each["outcome"] for each in self.json("status")["partitions"]}


@pytest.fixture(params=["local", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path, s3: EmbeddedS3) -> Lake:
    if request.param == "local":
        root = tmp_path / "lake"
        root.mkdir()
        return Lake(tmp_path, str(root), LocalLandingWriter().put)
    settings = {
        "GATE_S3_ENDPOINT_URL": s3.endpoint_url,
        "GATE_S3_ACCESS_KEY_ID": s3.access_key_id,
        "GATE_S3_SECRET_ACCESS_KEY": s3.secret_access_key,
    }
    writer = LandingWriter(Endpoint.with_key(s3.endpoint_url, s3.access_key_id, s3.secret_access_key))
    return Lake(tmp_path, f"s3://landing/lake-{secrets.token_hex(4)}", writer.put, **settings)


@pytest.mark.parametrize(("pattern", "name"), [FOLDERS, NAMES], ids=["folders", "names"])
def test_partitions_of_a_pattern_are_judged_watched_corrected_and_missed_like_any(
    lake: Lake, pattern: str, name: str
) -> None:
    lake.describe(pattern)
    lake.land(day(5).strftime(name))
    lake.land(day(3).strftime(name))

    run = lake.json("run", "events", key(5))
    watched = lake.gate("watch")
    first = lake.outcomes
    lake.land(day(3).strftime(name), id=[1, 2, 3, 4])
    again = lake.json("watch") if lake.root.startswith("/") else None  # on S3 the file must be a second old
    reconciled = lake.gate("reconcile")

    assert (run["outcome"], run["rows_published"], run["partition_key"]) == ("published", 3, key(5))
    assert first == {key(5): "published", key(4): "missing", key(3): "published", key(2): "missing"}
    assert f"events {key(4)}: missing" in watched.stdout
    assert again is None or [settled["rows_published"] for settled in again["judged"]] == [4]
    assert reconciled.returncode == 0, reconciled.stdout


def test_the_value_in_the_path_is_published_and_a_file_that_contradicts_it_is_quarantined(lake: Lake) -> None:
    hour = {"name": "hour", "logicalType": "integer", "partitioned": True}
    region = {"name": "region", "logicalType": "string", "partitioned": True}
    lake.describe("{region}/{dt:%Y/%m/%d}/{hour:%H}/*", DT, hour, region)
    lake.land("EU/2026/11/29/02/part-0", id=[1, 2], hour=[2, 3])

    run = lake.json("run", "events", "EU/2026-11-29/2")

    outcomes = {check["rule_id"]: check["outcome"] for check in run["checks"]}
    assert run["partition_key"] == "EU/2026-11-29/02"
    assert [outcomes[f"partition_key.{name}"] for name in ("region", "dt", "hour")] == ["passed", "passed", "failed"]


def test_a_success_marker_declares_a_folder_of_a_pattern_complete(lake: Lake) -> None:
    lake.describe(FOLDERS[0], customProperties=[{"property": "readiness", "value": "success_marker"}])
    lake.land(day(3).strftime(FOLDERS[1]))

    waits = lake.json("run", "events", key(3))["outcome"]
    lake.land(day(3).strftime("%Y/%m/%d/_SUCCESS"))
    done = lake.json("run", "events", key(3))["outcome"]

    assert (waits, done) == ("missing", "published")


def test_a_name_that_does_not_fit_is_told_by_the_run_that_misses_it_and_by_reconcile(lake: Lake) -> None:
    lake.describe(NAMES[0])
    stray = day(4).strftime("events_%Y-%m-%d.parquet")
    lake.land(stray)

    run = lake.json("run", "events", key(4))
    reconciled = lake.gate("reconcile", "--json").stdout

    told = f"{lake.root}/{stray} is never judged: the name does not fit {NAMES[0]}; rename it"
    assert (run["outcome"], told in " ".join(run["why"]), told in reconciled) == ("missing", True, True)


def test_a_name_that_does_not_fit_is_told_once_by_the_watch_and_costs_the_others_nothing(lake: Lake) -> None:
    lake.describe(NAMES[0], status="active")
    lake.land(day(3).strftime(NAMES[1]))
    lake.land("events_latest.parquet")

    lake.gate("watch")
    lake.gate("watch")
    incidents = [
        each for each in lake.json("incidents", "list")["incidents"] if "events_latest.parquet" in each["cause"]
    ]

    assert (len(incidents), lake.outcomes[key(3)]) == (1, "published")


def test_a_key_that_no_path_can_have_is_a_usage_error(lake: Lake) -> None:
    lake.describe("{region}/{dt}.parquet", DT, {"name": "region", "logicalType": "string", "partitioned": True})
    lake.land("EU/2026-11-29.parquet")

    done = lake.gate("run", "events", "..%2F../2026-11-29")

    assert (done.returncode, "cannot be part of a name; write a key such as EU/20" in done.stderr) == (2, True)


def test_every_layout_of_the_page_has_the_key_that_it_says(tmp_path: Path) -> None:
    table = (
        PAGE.read_text().split("<!-- patterns: begin (a test reads every row) -->\n")[1].split("<!-- patterns: end")[0]
    )
    store, found = LocalObjectStore(), {}
    for number, row in enumerate(table.strip().splitlines()[2:]):
        path, pattern, key = re.findall(r"`([^`]+)`", row)
        root = tmp_path / str(number)
        LocalLandingWriter().put(f"{root}/{path}", b"rows")
        location = a_patterned_location(pattern, str(root), dt="DATE", hour="INTEGER")
        listed = [file.path.removeprefix(f"{root}/") for file in store.list_files(location, key)]
        found[pattern] = (store.partition_keys(location).keys, listed) == ((key,), [path])

    assert len(found) == 9
    assert found == dict.fromkeys(found, True)


def test_the_commands_of_the_page_answer_what_it_says() -> None:
    page = PAGE.read_text()

    assert answered(page).splitlines() == page.splitlines()
