"""The plugin as Airflow loads it, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOOK = """
import json, sys
from airflow import plugins_manager
plugins, errors = plugins_manager._get_plugins()
apps, _ = plugins_manager.get_fastapi_plugins()
views, _ = plugins_manager._get_ui_plugins()
_, links = plugins_manager._get_extra_operators_links_plugins()
loaded = {"fastapi": "fastapi" in sys.modules, "gx": "great_expectations" in sys.modules}
from partition_gate.apps.airflow.links import docs_address, partition_address
settlement = {"attempt_id": "a1", "dataset": "flights", "partition_key": "2013-01-03/07"}
print("FOUND" + json.dumps({
    "plugins": [plugin.name for plugin in plugins], "errors": errors, "loaded": loaded,
    "mounts": [app["url_prefix"] for app in apps], "views": [[view["destination"], view["href"]] for view in views],
    "links": [link.name for link in links],
    "addresses": [docs_address("/gate", settlement), partition_address("/gate", settlement)],
}))
"""

pytestmark = pytest.mark.airflow


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(ROOT / "include"),
    }
    done = subprocess.run(
        [sys.executable, "-c", LOOK], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    return json.loads(done.stdout.partition("FOUND")[2])


def test_the_plugin_loads_without_an_error(found: Any):
    assert (found["plugins"], found["errors"]) == (["partition_gate"], {})


def test_loading_it_costs_a_task_s_process_neither_the_web_nor_great_expectations(found: Any):
    assert found["loaded"] == {"fastapi": False, "gx": False}


def test_the_console_is_mounted_and_has_its_place_in_the_navigation(found: Any):
    assert found["mounts"] == ["/gate"]
    assert found["views"] == [["nav", "gate/"], ["dag", "gate/dags/{DAG_ID}"]]


def test_tasks_have_buttons_to_the_report_and_the_partition(found: Any):
    assert sorted(found["links"]) == ["Data Docs", "Partition"]
    assert found["addresses"] == ["/gate/docs/attempts/a1/index.html", "/gate/partitions/flights/2013-01-03/07"]
