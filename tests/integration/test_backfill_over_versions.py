"""A backfill over a version change, with real days of flights: each day is judged by the version in force, and all of
them load into today's table.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml
from deltalake import DeltaTable
from tests.integration.test_gate_run import PUBLISHED, Desk, check_of

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.apps.airflow import tasks
from partition_gate.apps.demo.nycflights import by_day, read
from partition_gate.core.partition import DataFile, Partition
from partition_gate.gate.discover import Discovered
from partition_gate.gate.pipeline import RunResult, run_partition
from partition_gate.settings import load_settings
from partition_gate.wiring import open_ports

DAYS = ("2013-01-06", "2013-01-07", "2013-01-08", "2013-01-09")
OLD, NEW = DAYS[:2], DAYS[2:]
CHANGED = "2013-01-08"
KEY = ["carrier", "flight", "origin", "sched_dep_time"]


def a_version(landing: Path, version: str, columns: Sequence[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    common: list[dict[str, Any]] = [
        {"name": "dt", "logicalType": "date", "partitioned": True},
        *({"name": name, "logicalType": "string", "required": True} for name in ("carrier", "origin")),
        *({"name": name, "logicalType": "integer", "required": True} for name in ("flight", "sched_dep_time")),
    ]
    for position, name in enumerate(KEY, start=1):
        column = next(column for column in common if column["name"] == name)
        column |= {"primaryKey": True, "primaryKeyPosition": position}
    server = {"server": "x", "type": "local", "format": "parquet", "path": f"{landing}/dt=*/*.parquet"}
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "flights",
        "version": version,
        "status": "active",
        "servers": [server],
        "schema": [{"name": "flights", "properties": [*common, *columns]}],
    } | changes


def effective(day: str) -> dict[str, Any]:
    return {"property": "effectiveFrom", "value": day}


class Backfill(Desk):
    """Four days, two under each version; `run_all` is the backfill in the order of the keys given."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.contract = folder / "flights.odcs.yaml"
        self.environment = {"GATE_CONTRACTS": str(folder / "none")}  # flights is a dataset of the demo's, too
        self.kept = folder / "history" / "flights" / "1.0.0.odcs.yaml"
        self.rows = dict(by_day(read("flights"), first=date(2013, 1, 6), last=date(2013, 1, 9)))

    def write_old(self, path: Path) -> None:
        columns: list[dict[str, Any]] = [
            {"name": "distance", "logicalType": "integer", "physicalType": "INTEGER"},
            {"name": "air_time", "logicalType": "number", "physicalType": "FLOAT"},
            {"name": "tailnum", "logicalType": "string"},
            {"name": "minute", "logicalType": "integer", "required": True},
        ]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(a_version(self.landing, "1.0.0", columns), sort_keys=False))

    def write_new(self) -> None:
        """A widened number, a renamed column, two added ones, a removed one, and a rule that old days break."""
        columns: list[dict[str, Any]] = [
            {"name": "distance", "logicalType": "integer"},
            {"name": "air_time", "logicalType": "number"},
            {"name": "tail_number", "physicalName": "tailnum", "logicalType": "string"},
            {"name": "delay", "logicalType": "integer"},
            {"name": "source", "logicalType": "string", "required": True}
            | {"customProperties": [{"property": "default", "value": "paper"}]},
        ]
        changed = a_version(self.landing, "2.0.0", columns, customProperties=[effective(CHANGED)])
        changed["schema"][0]["quality"] = [{"id": "few_flights", "metric": "rowCount", "mustBeLessThan": 910}]
        self.contract.write_text(yaml.safe_dump(changed, sort_keys=False))

    def land_day(self, key: str) -> None:
        rows = self.rows[date.fromisoformat(key)]
        common = {name: rows[name] for name in (*KEY, "tailnum")}
        if key in OLD:
            narrow = {"distance": rows["distance"].cast(pa.int32()), "air_time": rows["air_time"].cast(pa.float32())}
            self.land(key, **common, **narrow, minute=rows["minute"])
            return
        added = {"delay": rows["dep_delay"], "source": pa.array(["tower"] * rows.num_rows)}
        # Days of the new version hold what the old types could not.
        wide = {"distance": pc.add(rows["distance"], 2**40), "air_time": pc.add(rows["air_time"].cast("double"), 0.1)}
        self.land(key, **common, **wide, **added)

    def land_all(self) -> None:
        for key in DAYS:
            self.land_day(key)

    def run_in_process(self, key: str) -> RunResult:
        """`gate run` in this process."""
        settings = load_settings({"GATE_HOME": str(self.home)})
        today = ContractFolder(self.folder / "none", self.folder / "none").load(str(self.contract))
        with open_ports(settings) as ports:
            return run_partition(today, key, ports=ports)


@pytest.fixture
def backfill(tmp_path: Path) -> Backfill:
    backfill = Backfill(tmp_path)
    backfill.write_old(backfill.kept)
    backfill.write_new()
    backfill.land_all()
    return backfill


ORDERS = {
    "oldest first": DAYS,
    "newest first": DAYS[::-1],
    "an old day again after the new ones": (*DAYS, OLD[0]),
    "new and old in turn": (NEW[0], OLD[0], NEW[1], OLD[1]),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_every_day_loads_into_today_s_table_whatever_the_order(backfill: Backfill, order: tuple[str, ...]) -> None:
    outcomes = {(key, backfill.run_in_process(key).settlement.outcome.value) for key in order}

    assert outcomes == {(key, "published") for key in DAYS}
    assert backfill.query("SELECT column_name, column_type FROM (DESCRIBE flights)") == [
        *(("carrier", "VARCHAR"), ("origin", "VARCHAR"), ("flight", "BIGINT"), ("sched_dep_time", "BIGINT")),
        *(("distance", "BIGINT"), ("air_time", "DOUBLE"), ("tail_number", "VARCHAR")),
        *(("delay", "BIGINT"), ("source", "VARCHAR"), ("dt", "DATE")),
    ]
    for key in DAYS:
        assert backfill.query("FROM flights WHERE dt = $day ORDER BY ALL", day=key) == expected(backfill, key)


_BY_HAND = """
SELECT carrier, origin, flight, sched_dep_time, distance::BIGINT, air_time::DOUBLE, tailnum, delay, source, $day::DATE
FROM landed ORDER BY ALL
"""


def expected(backfill: Backfill, key: str) -> list[tuple[Any, ...]]:
    """The day as a person would load it by hand, from the rows that landed."""
    landed = pq.read_table(backfill.landing / f"dt={key}" / "part-0.parquet", partitioning=None)
    if key in OLD:
        absent = pa.nulls(landed.num_rows, pa.int64())
        landed = landed.append_column("delay", absent).append_column("source", [["paper"] * landed.num_rows])
    with duckdb.connect() as connection:
        connection.register("landed", landed)
        return connection.execute(_BY_HAND, {"day": key}).fetchall()


def test_verdicts_name_the_version_and_a_new_rule_judges_no_old_day(backfill: Backfill) -> None:
    rows = {key: backfill.rows[date.fromisoformat(key)].num_rows for key in DAYS}
    assert rows["2013-01-07"] > 910 > max(rows[key] for key in NEW)

    old, new = (backfill.run(key) for key in ("2013-01-07", CHANGED))

    assert (old[0], old[1]["version"], new[0], new[1]["version"]) == (PUBLISHED, "1.0.0", PUBLISHED, "2.0.0")
    assert {check["rule_id"] for check in old[1]["checks"]} & {"few_flights", "source.required"} == set()
    assert check_of(old[1], "minute.required")["outcome"] == "passed"
    assert check_of(new[1], "few_flights")["outcome"] == "passed"


def test_a_removed_column_stays_in_the_delta_table_and_leaves_the_view(backfill: Backfill) -> None:
    for key in DAYS:
        backfill.run_in_process(key)

    minutes = "SELECT count(*), count(minute) FROM minutes WHERE dt = ?"
    with duckdb.connect() as connection:
        connection.register("minutes", DeltaTable(backfill.home / "warehouse" / "flights").to_pyarrow_table())
        counts = {key: connection.execute(minutes, [key]).fetchone() for key in DAYS}

    assert counts == {
        key: (rows := backfill.rows[date.fromisoformat(key)].num_rows, rows if key in OLD else 0) for key in DAYS
    }


def test_days_published_before_the_change_are_read_as_today_s_without_being_run_again(tmp_path: Path) -> None:
    backfill = Backfill(tmp_path)
    backfill.write_old(backfill.contract)
    backfill.land_all()
    for key in OLD:
        backfill.run_in_process(key)
    backfill.kept.parent.mkdir(parents=True)
    backfill.contract.rename(backfill.kept)
    backfill.write_new()
    for key in NEW:
        backfill.run_in_process(key)

    for key in DAYS:
        assert backfill.query("FROM flights WHERE dt = $day ORDER BY ALL", day=key) == expected(backfill, key)


def test_a_day_that_was_published_in_narrower_types_is_published_again_once(tmp_path: Path) -> None:
    backfill = Backfill(tmp_path)
    backfill.write_old(backfill.contract)
    backfill.land_all()
    backfill.run_in_process(OLD[0])
    backfill.kept.parent.mkdir(parents=True)
    backfill.contract.rename(backfill.kept)
    backfill.write_new()

    again, thrice = backfill.run_in_process(OLD[0]), backfill.run_in_process(OLD[0])

    assert (again.already, thrice.already) == (False, True)
    assert backfill.query("FROM flights WHERE dt = $day ORDER BY ALL", day=OLD[0]) == expected(backfill, OLD[0])


def test_other_readers_of_delta_see_the_widened_values_of_every_day(backfill: Backfill) -> None:
    for key in DAYS:
        backfill.run_in_process(key)

    table = DeltaTable(backfill.home / "warehouse" / "flights").to_pyarrow_table()

    assert (table.schema.field("distance").type, table.schema.field("air_time").type) == (pa.int64(), pa.float64())
    assert pc.max(table["distance"]).as_py() > 2**40


def a_day_of_one_column(backfill: Backfill, kept_type: str, rows: pa.Array) -> tuple[Path, Path]:
    """An old day whose file is exactly as its version promised: (the file that landed, the file that is published)."""
    day = {"name": "dt", "logicalType": "date", "partitioned": True}
    delay = {"name": "delay", "logicalType": "integer"}
    versions = {"1.0.0": [day, {"name": "flight", "logicalType": "integer", "physicalType": kept_type}]}
    versions["1.1.0"] = [day, {"name": "flight", "logicalType": "integer"}, delay]
    for path, (version, columns) in zip((backfill.kept, backfill.contract), versions.items(), strict=True):
        document = a_version(backfill.landing, version, [], customProperties=[effective(CHANGED)])
        document["schema"][0]["properties"] = columns
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(document if version == "1.1.0" else {**document, "customProperties": []}))
    landed = backfill.land(OLD[0], flight=rows)
    backfill.run_in_process(OLD[0])
    (published,) = (backfill.home / "warehouse" / "flights").rglob("part-*.parquet")
    return landed, published


def test_an_old_file_that_is_as_today_s_table_is_published_byte_for_byte(tmp_path: Path) -> None:
    backfill = Backfill(tmp_path)

    landed, published = a_day_of_one_column(backfill, "BIGINT", backfill.rows[date(2013, 1, 6)]["flight"])

    assert published.read_bytes() == landed.read_bytes()
    assert backfill.query("SELECT count(*), count(flight), count(delay) FROM flights") == [(832, 832, 0)]


def test_an_old_file_of_a_narrower_type_is_written_anew_without_loss(tmp_path: Path) -> None:
    backfill = Backfill(tmp_path)
    flights = backfill.rows[date(2013, 1, 6)]["flight"]

    _, published = a_day_of_one_column(backfill, "INTEGER", flights.cast(pa.int32()))

    written = pq.read_table(published, partitioning=None)["flight"]
    assert (written.type, sorted(written.to_pylist())) == (pa.int64(), sorted(flights.to_pylist()))


def test_the_dag_s_tasks_judge_each_day_by_its_version(backfill: Backfill, monkeypatch: pytest.MonkeyPatch) -> None:
    contracts = backfill.folder / "contracts"
    contracts.mkdir()
    backfill.contract.rename(contracts / backfill.contract.name)
    (backfill.folder / "history").rename(contracts / "history")
    expectations = backfill.folder / "expectations"
    folder = ContractFolder(contracts, expectations)
    folder.write_suites(contracts / "flights.odcs.yaml")
    surroundings = {"HOME": backfill.home, "CONTRACTS": contracts, "EXPECTATIONS": expectations}
    for name, value in surroundings.items():
        monkeypatch.setenv(f"GATE_{name}", str(value))

    settled = [_through_the_tasks(key) for key in (NEW[0], "2013-01-07")]

    assert [(each["version"], each["outcome"]) for each in settled] == [("2.0.0", "published"), ("1.0.0", "published")]
    assert backfill.query("FROM flights ORDER BY ALL") == sorted(
        [*expected(backfill, NEW[0]), *expected(backfill, "2013-01-07")], key=lambda row: (*row[:4], str(row[-1]))
    )


def _through_the_tasks(key: str) -> dict[str, Any]:
    """The DAG's own steps; a partition that just landed is waited for until it is quiet."""
    discovered = Discovered(partition=Partition(dataset="flights", key=key, files=_files(key)), seen_fence=0)
    inspected = tasks.inspect("flights", {"discovered": discovered.model_dump(mode="json")})
    settlement = tasks.settle("flights", inspected)
    assert tasks.report(settlement["attempt_id"]) is not None
    return settlement


def _files(key: str) -> tuple[DataFile, ...]:
    settings = load_settings()
    location = ContractFolder(settings.contracts, settings.expectations).load("flights").dataset.location
    with open_ports(settings) as ports:
        return ports.store.list_files(location, key)
