"""The DAG files as Airflow loads them, from folders with good and bad contracts; the timetable where clocks change."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.unit.test_odcs import minimal, read

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.apps.airflow.timetable import from_airflow
from partition_gate.contract.calendar import period

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.airflow
BAG = """
import json
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
bag = DagBag("dags")
saved = {dag.dag_id: DagSerialization.from_dict(DagSerialization.to_dict(dag)) for dag in bag.dags.values()}
print("FOUND" + json.dumps({
    "dags": sorted(saved), "errors": bag.import_errors,
    "timetables": {name: type(dag.timetable).__name__ for name, dag in saved.items()},
    "at_once": {name: [each.max_active_tis_per_dag for each in dag.tasks if each.task_id == "inspect"]
                for name, dag in saved.items() if name.startswith("gate__")},
    "forms": {name: dag.params.dump() for name, dag in saved.items() if name.startswith("gate__")},
}))
"""
REFUSED = """
import json
from airflow.sdk import DAG, CronPartitionTimetable
from partition_gate.adapters.catalogue import FolderDatasets
from partition_gate.checks.compiling.compiled import compiled
from partition_gate.apps.airflow.dag_building import dags_of
from partition_gate.apps.airflow.dag_plans import dag_plan
from tests.unit.test_odcs import minimal, read
def cron(line):
    return CronPartitionTimetable(line, timezone="UTC", run_offset=-1, key_format="%Y")
ARGUMENTS = {
    "good": {}, "space": {"dag_id": "a b"}, "long": {"dag_id": "a" * 251}, "tag": {"tags": ["t" * 101]},
    "cron": {"schedule": cron("61 25 * * *")}, "letters": {"schedule": cron("0 0 LW * *")},
}
def build(plan):
    arguments = {"dag_id": plan.qualified_name, "auto_register": False, **ARGUMENTS[plan.qualified_name]}
    with DAG(**arguments) as dag:
        return dag
plans = tuple(dag_plan(compiled(read(minimal(id=name)))) for name in ARGUMENTS)
built = dags_of(FolderDatasets(plans, (("x.odcs.yaml", "no YAML"),), ()), build)
print("FOUND" + json.dumps({"dags": sorted(built.dags), "left_out": built.left_out}))
"""
TASK = """
import json
import gate_contracts
from partition_gate.apps.airflow.gate_dags import built_dags
dags = {name: dag.get_task("arrive").op_args for name, dag in vars(gate_contracts).items() if name[:6] == "gate__"}
print("FOUND" + json.dumps({"dags": dags, "left_out": built_dags().left_out}))
"""
TICKS = """
import json, re, sys
import pendulum
from airflow.configuration import conf
from airflow.serialization.decoders import decode_timetable
from airflow.serialization.encoders import encode_timetable
from airflow.utils.types import DagRunType
from partition_gate.contract.schedule import schedule_of
from partition_gate.apps.airflow.timetable import timetable_of
from tests.unit.test_odcs import minimal, read
found = {}
for name, (path, cron, first, last) in json.loads(sys.argv[1]).items():
    contract = read(minimal(
        servers=[{"server": "x", "type": "local", "path": path, "format": "parquet"}],
        slaProperties=[{"property": "frequency", "value": 1, "unit": "d", "schedule": cron, "scheduler": "cron"}],
        customProperties=[{"property": "timezone", "value": "America/New_York"}]))
    timetable = decode_timetable(encode_timetable(timetable_of(schedule_of(contract))))
    zone = pendulum.timezone("America/New_York")
    tick, last = pendulum.parse(first, tz=zone), pendulum.parse(last, tz=zone)
    ran = []
    while (tick := timetable._get_next(tick)) <= last.in_timezone("UTC"):
        ran.append((tick, timetable._get_partition_info(tick)[1]))
    ids = [timetable.generate_run_id(run_type=DagRunType.SCHEDULED, run_after=tick, data_interval=None,
                                     partition_key=key) for tick, key in ran]
    filled = timetable.iter_partition_dagrun_infos(
        earliest=pendulum.parse(first), latest=pendulum.parse(last.isoformat()))
    spellings = (ran[0][1], ran[0][1].replace("~", "/"))
    pattern = conf.get("scheduler", "allowed_run_id_pattern")
    found[name] = {
        "scheduled": [key for _, key in ran], "allowed": all(re.match(pattern, i) for i in ids),
        "backfilled": [info.partition_key for info in filled],
        "begins": [timetable.resolve_partition_date(key).isoformat() for key in spellings],
    }
print("FOUND" + json.dumps(found))
"""


def ask_airflow(script: str, home: Path, *arguments: str, **settings: str) -> Any:
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in ("include", "dags", "")),
        **settings,
    }
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert "FOUND" in done.stdout, done.stdout + done.stderr
    return json.loads(done.stdout.partition("FOUND")[2])


class Folder:
    """Contracts and their suites in a folder of their own, as `GATE_` settings."""

    def __init__(self, root: Path) -> None:
        self.contracts, self.suites, self.home = root / "contracts", root / "expectations", root / "home"
        for made in (self.contracts, self.home):
            made.mkdir(parents=True, exist_ok=True)

    def add(self, name: str, **changes: Any) -> None:
        """A contract and its suite."""
        path = self.contracts / f"{name}.odcs.yaml"
        columns = [{"name": "id", "logicalType": "integer"}]
        path.write_text(minimal(**{"id": name, "schema": [{"name": name, "properties": columns}], **changes}))
        ContractFolder(self.contracts, self.suites).write_suites(path)

    def write(self, name: str, content: bytes) -> None:
        """A contract file whatever it says, without a suite."""
        (self.contracts / f"{name}.odcs.yaml").write_bytes(content)

    @property
    def settings(self) -> dict[str, str]:
        folders = {"CONTRACTS": self.contracts, "EXPECTATIONS": self.suites, "HOME": self.home}
        return {f"GATE_{name}": str(folder) for name, folder in folders.items()}


def of_keys(path: str, *names: str) -> dict[str, Any]:
    columns = [
        {"name": name, "logicalType": "string", "partitioned": True, "partitionKeyPosition": place}
        for place, name in enumerate(names, start=1)
    ]
    return {
        "servers": [{"server": "x", "type": "local", "path": path, "format": "parquet"}],
        "schema": [
            {"name": "_by_".join(("t", *names)), "properties": [{"name": "id", "logicalType": "integer"}, *columns]}
        ],
    }


def of_tables(*names: str) -> dict[str, Any]:
    return {
        "servers": [{"server": "x", "type": "local", "path": "data/{schema}/*.parquet", "format": "parquet"}],
        "schema": [{"name": name, "properties": [{"name": "id", "logicalType": "integer"}]} for name in names],
    }


BY_HOUR = of_keys("data/dt=*/hour=*/*.parquet", "dt", "hour")
BY_REGION = of_keys("data/region=*/dt=*/*.parquet", "region", "dt")
REFUSED_NAMES = ("Ünï", "a b", "a" * 200)
UNREADABLE = ("words", "bytes", "suite", "folder")
WATCH = "gate_watch"
CONSUMERS = ["consumer__flight_delays", "consumer__hourly_weather"]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    folder.add("good")
    folder.add("by_hour", **BY_HOUR)
    return folder


def frequency(schedule: str) -> dict[str, Any]:
    return {"slaProperties": [{"property": "frequency", "value": 1, "schedule": schedule, "scheduler": "cron"}]}


def test_bad_contracts_cost_the_good_ones_nothing_and_airflow_shows_which_have_no_dag_and_why(folder, tmp_path):
    for name in REFUSED_NAMES:
        folder.write(name, minimal(id=name).encode())
    folder.add("cron", **frequency("61 25 * * *"))
    folder.write("words", b"id: [")
    folder.write("bytes", b"\xff\xfe\x00")
    folder.add("suite")
    (folder.suites / "suite" / "suite.json").write_bytes(b"\xff")
    (folder.contracts / "folder.odcs.yaml").mkdir()

    found = ask_airflow(BAG, tmp_path / "airflow", **folder.settings)

    assert found["dags"] == [*CONSUMERS, "gate__by_hour", "gate__good", WATCH]
    assert [Path(file).name for file in found["errors"]] == ["gate_left_out.py"]
    (why,) = found["errors"].values()
    assert sorted(re.findall(r"(\S.*) has no DAG: ", why.partition("ContractError: ")[2])) == sorted(
        ["cron", *(f"{name}.odcs.yaml" for name in (*UNREADABLE, *REFUSED_NAMES))]
    )


def test_the_projects_own_dags_load_without_an_error(tmp_path):
    found = ask_airflow(BAG, tmp_path)

    references = [f"gate__reference__{name}" for name in ("airlines", "airports", "planes")]
    assert found["dags"] == [
        *(
            *CONSUMERS,
            "gate__flights",
            *references,
            "gate__weather",
            "gate__weather_hourly",
            "gate__weather_live",
            WATCH,
        ),
    ]
    assert found["errors"] == {}


def test_a_dag_of_keys_that_are_no_times_waits_to_be_triggered_and_the_others_are_by_cron(folder, tmp_path):
    folder.add("by_region", **BY_REGION)

    found = ask_airflow(BAG, tmp_path / "airflow", **folder.settings)

    timetables = {name: kind for name, kind in found["timetables"].items() if name.startswith("gate__")}
    assert timetables == {
        "gate__by_hour": "ContractTimetable",
        "gate__by_region": "PartitionedAtRuntime",
        "gate__good": "ContractTimetable",
    }


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    root = tmp_path_factory.mktemp("loaded")
    folder = Folder(root)
    folder.add("good")
    folder.add("by_hour", **BY_HOUR)
    return ask_airflow(BAG, root / "airflow", **folder.settings)


def test_few_partitions_of_a_dataset_are_judged_at_the_same_time_however_many_runs_there_are(loaded):
    assert loaded["at_once"] == {"gate__by_hour": [4], "gate__good": [4]}


def test_the_trigger_form_has_every_parameter_with_its_default(loaded):
    words = dict.fromkeys(("contract_version", "why", "where", "to"), "")
    asked = {"force": False, "dry_run": False, "action": "judge what has landed", "assignments": [], **words}

    assert loaded["forms"] == {"gate__by_hour": asked, "gate__good": asked}


def test_each_object_of_a_contract_has_its_dag_and_a_name_with_underscores_is_no_other_dag(folder, tmp_path):
    folder.add("shop", **of_tables("orders", "lines"))
    folder.add("shop__customers")

    found = ask_airflow(BAG, tmp_path / "airflow", **folder.settings)

    shop = ["gate__shop__customers", "gate__shop__lines", "gate__shop__orders"]
    assert found["dags"] == [*CONSUMERS, "gate__by_hour", "gate__good", *shop, WATCH]
    assert found["errors"] == {}


def test_the_process_of_a_task_has_the_dag_of_its_own_object_alone(folder, tmp_path):
    folder.add("shop", **of_tables("orders", "lines"))
    folder.write("broken", b"id: [")

    parsing = {"_AIRFLOW_PARSING_CONTEXT_DAG_ID": "gate__shop__lines"}  # what Airflow sets
    found = ask_airflow(TASK, tmp_path / "airflow", **folder.settings, **parsing)

    assert found == {"dags": {"gate__shop__lines": ["shop/lines"]}, "left_out": {}}


def test_an_airflow_that_forbids_our_run_ids_leaves_those_contracts_out_and_says_so(folder, tmp_path):
    pattern = {"AIRFLOW__SCHEDULER__ALLOWED_RUN_ID_PATTERN": "^[A-Za-z0-9_.:+-]+$"}

    found = ask_airflow(BAG, tmp_path / "airflow", **folder.settings, **pattern)

    assert found["dags"] == [*CONSUMERS, "gate__good", WATCH]
    (why,) = found["errors"].values()
    assert "by_hour has no DAG: Airflow refuses its DAG: Airflow's [scheduler] allowed_run_id_pattern is" in why


def test_whatever_airflow_refuses_of_one_dag_leaves_that_contract_out_with_the_reason(tmp_path):
    found = ask_airflow(REFUSED, tmp_path)

    assert found["dags"] == ["good"]
    refused = {"space", "long", "tag", "cron", "letters"}
    assert set(found["left_out"]) == {*refused, "x.odcs.yaml"}
    assert found["left_out"]["x.odcs.yaml"] == "no YAML"
    assert all(found["left_out"][name].startswith("Airflow refuses its DAG: ") for name in refused)


HOURLY = ("/d/dt=*/hour=*/*.parquet", "15 * * * *")
SPRING, AUTUMN = ("2026-03-08T00:20:00", "2026-03-09T00:20:00"), ("2026-11-01T00:20:00", "2026-11-02T00:20:00")


@pytest.fixture(scope="module")
def ticks(tmp_path_factory: pytest.TempPathFactory) -> Any:
    daily = {
        f"daily at {clock}": ("/d/dt=*/*.parquet", f"{clock} * * *", "2026-03-01T12:00:00", "2026-11-30T12:00:00")
        for clock in ("30 1", "30 2", "0 3", "15 0")
    }
    asked = {"spring": (*HOURLY, *SPRING), "autumn": (*HOURLY, *AUTUMN), **daily}
    return ask_airflow(TICKS, tmp_path_factory.mktemp("airflow"), json.dumps(asked))


def test_run_ids_hold_the_keys_and_airflow_allows_them(ticks):
    assert all(found["allowed"] for found in ticks.values())
    assert "2026-03-08~00" in ticks["spring"]["scheduled"]


def test_a_triggered_run_may_have_either_spelling_of_its_key(ticks):
    first, second = ticks["spring"]["begins"]

    assert first == second == "2026-03-08T00:00:00-05:00"


@pytest.mark.parametrize("day", ["spring", "autumn"])
def test_the_hours_of_a_day_on_which_clocks_change_are_all_run_and_follow_one_another_without_a_gap(ticks, day):
    contract = read(minimal(**BY_HOUR, customProperties=[{"property": "timezone", "value": "America/New_York"}]))
    keys = dict.fromkeys(from_airflow(key) for key in ticks[day]["scheduled"])

    periods = [covered for key in keys if (covered := period(contract, key))]

    assert len(periods) == len(keys)
    assert all(one[1] == following[0] for one, following in pairwise(periods))
    assert periods[-1][1] - periods[0][0].astimezone(UTC) == timedelta(hours=23 if day == "spring" else 25)


def test_the_hour_that_clocks_leave_out_has_no_run_and_the_one_they_show_twice_has_two(ticks):
    spring, autumn = (ticks[day]["scheduled"] for day in ("spring", "autumn"))

    assert "2026-03-08~02" not in spring
    assert (autumn.count("2026-11-01~01"), len(autumn), len(set(autumn))) == (2, 25, 24)


def test_a_daily_run_comes_once_for_each_day_whatever_the_clocks_do(ticks):
    for found in (found for name, found in ticks.items() if name.startswith("daily")):
        for days in (found["scheduled"], found["backfilled"]):
            assert days == sorted(set(days))
            assert len(days) == 274


def test_a_backfill_makes_the_keys_that_the_schedule_makes(ticks):
    assert set(ticks["autumn"]["backfilled"]) - set(ticks["autumn"]["scheduled"]) <= {"2026-11-02~00"}
    assert ticks["autumn"]["backfilled"].count("2026-11-01~01") == 2
