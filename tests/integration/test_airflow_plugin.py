"""The plugin as Airflow loads it, in a process of its own: from the plugins folder of a checkout, from the entry point
of an installed package, and where both are there.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest
from tests.site_packages import PYTHON, ROOT, entry_points, site_without_the_gate

LOOK = """
import json, sys
from airflow import plugins_manager
from airflow.listeners.listener import get_listener_manager
from airflow.sdk import plugins_manager as of_tasks
plugins, errors = plugins_manager._get_plugins()
in_tasks, errors_in_tasks = of_tasks._get_plugins()
apps, _ = plugins_manager.get_fastapi_plugins()
views, _ = plugins_manager._get_ui_plugins()
_, links = plugins_manager._get_extra_operators_links_plugins()
loaded = {"fastapi": "fastapi" in sys.modules, "gx": "great_expectations" in sys.modules}
found = [each for each in get_listener_manager().pm.get_plugins() if "partition_gate" in str(each)]
listeners = sorted(getattr(each, "__name__", type(each).__name__) for each in found)
from partition_gate.apps.airflow.links import docs_address, partition_address
settlement = {"attempt_id": "a1", "dataset": "flights", "partition_key": "2013-01-03/07"}
print("FOUND" + json.dumps({
    "plugins": [plugin.name for plugin in plugins], "errors": errors, "loaded": loaded,
    "in_tasks": [plugin.name for plugin in in_tasks], "errors_in_tasks": errors_in_tasks,
    "mounts": [app["url_prefix"] for app in apps], "views": [[view["destination"], view["href"]] for view in views],
    "links": [link.name for link in links], "listeners": listeners,
    "timetables": [name for name in plugins_manager.get_timetables_plugins() if "partition_gate" in name],
    "addresses": [docs_address("/gate", settlement), partition_address("/gate", settlement)],
}))
"""

pytestmark = pytest.mark.airflow


@pytest.fixture(scope="module", params=["a checkout", "an installed package", "both"])
def found(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Any:
    """What Airflow finds. The packages of this environment are linked, because ours may be installed in it."""
    folder = tmp_path_factory.mktemp("airflow")
    paths = [ROOT / "include", site_without_the_gate(folder / "site")]
    if request.param != "a checkout":
        paths.append(entry_points(folder / "installed"))
    (folder / "plugins").mkdir()
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(folder / "home"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(folder / "plugins" if request.param[:2] == "an" else ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
    }
    done = subprocess.run(
        [*PYTHON, "-c", LOOK], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert "FOUND" in done.stdout, done.stderr[-2000:]
    return json.loads(done.stdout.partition("FOUND")[2])


def test_the_plugin_loads_once_and_without_an_error(found: Any):
    assert (found["plugins"], found["errors"]) == (["partition_gate"], {})


def test_the_processes_of_tasks_load_it_once_and_without_an_error(found: Any):
    assert (found["in_tasks"], found["errors_in_tasks"]) == (["partition_gate"], {})


def test_its_timetable_and_its_listeners_are_registered_once(found: Any):
    assert found["timetables"] == ["partition_gate.apps.airflow.timetable.ContractTimetable"]
    assert found["listeners"] == ["Preloading", "partition_gate.apps.airflow.notes"]


def test_loading_it_costs_a_task_s_process_neither_the_web_nor_great_expectations(found: Any):
    assert found["loaded"] == {"fastapi": False, "gx": False}


def test_the_console_is_mounted_and_has_its_place_in_the_navigation(found: Any):
    assert found["mounts"] == ["/gate"]
    assert found["views"] == [["nav", "gate/"], ["dag", "gate/dags/{DAG_ID}"]]


def test_tasks_have_buttons_to_the_report_and_the_partition(found: Any):
    assert sorted(found["links"]) == ["Data Docs", "Partition"]
    assert found["addresses"] == ["/gate/docs/attempts/a1/index.html", "/gate/partitions/flights/2013-01-03/07"]
