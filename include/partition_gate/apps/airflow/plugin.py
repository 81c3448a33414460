"""Mounts the Partition Gate console in Airflow, for signed-in users, and registers the timetable of the contract DAGs.

An installed package provides the plugin by its entry point; in a checkout that is not installed,
plugins/partition_gate_plugin.py does. Every Airflow process imports this module, including each task. So only the first
request loads the console, FastAPI and the adapters.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import distributions
from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

from partition_gate.apps.airflow import notes
from partition_gate.apps.airflow.links import MOUNT, DataDocsLink, PartitionLink
from partition_gate.apps.airflow.timetable import ContractTimetable
from partition_gate.wiring import preload

ENTRY_POINTS = "airflow.plugins"
PATH = MOUNT.strip("/")  # relative: Airflow's pages have a <base>, so a prefix of Airflow's address still works
# What DAG files import.
_OF_TASKS = ("gate_dags", "watch_dag")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def is_entry_point() -> bool:
    """Whether an installed package provides the plugin, so that the plugins folder must not.

    Several installations may be on the path, and any of them may have the entry point.
    """
    installed = distributions(name="partition-gate")
    return any(each.group == ENTRY_POINTS for found in installed for each in found.entry_points)


class ConsoleOnDemand:
    """An ASGI app that builds the console at its first request. Only users whom Airflow authenticates get an answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    @cached_property
    def _app(self) -> Any:
        from fastapi import Depends  # noqa: PLC0415 (see the top)

        from partition_gate.apps.airflow.console_access import AirflowAccess, sign_in  # noqa: PLC0415 (see the top)
        from partition_gate.apps.web.app import create_app  # noqa: PLC0415 (see the top)
        from partition_gate.apps.web.wired import console  # noqa: PLC0415 (see the top)

        return create_app(console(), access=AirflowAccess(), dependencies=[Depends(sign_in)])


class Preloading:
    """Imports what tasks need once, in the scheduler, from which the processes of tasks are forked.

    A Celery worker does not call listeners at its start; there, `airflow_local_settings.py` does it.
    """

    @hookimpl
    def on_starting(self, component: object) -> None:  # noqa: ARG002 (Airflow's signature)
        """Load the modules before the scheduler's executor forks its workers. Nothing is opened."""
        if sys.argv[1:2] == ["scheduler"]:
            preload()
            for name in _OF_TASKS:
                import_module(f"partition_gate.apps.airflow.{name}")


class PartitionGatePlugin(AirflowPlugin):
    """The console below `/gate`, an entry in the navigation, a tab on each DAG, buttons, the timetable, and notes."""

    name = "partition_gate"
    fastapi_apps = [{"name": "Partition Gate", "app": ConsoleOnDemand(), "url_prefix": MOUNT}]  # noqa: RUF012 (Airflow)
    external_views = [  # noqa: RUF012 (Airflow reads plain lists)
        {"name": "Gate", "href": f"{PATH}/", "destination": "nav", "url_route": "partition-gate"},
        {"name": "Partitions", "href": f"{PATH}/dags/{{DAG_ID}}", "destination": "dag", "url_route": "partitions"},
    ]
    operator_extra_links = [DataDocsLink(), PartitionLink()]  # noqa: RUF012 (as above)
    timetables = [ContractTimetable]  # noqa: RUF012 (as above)
    listeners = [notes, Preloading()]  # noqa: RUF012 (as above)
