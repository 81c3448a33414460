"""Mounts the Partition Gate console in Airflow, for signed-in users, and registers the timetable of the contract DAGs.

An installed package provides the plugin by its entry point; in a checkout that is not installed,
plugins/partition_gate_plugin.py does. Every Airflow process imports this module, including each task. So only the first
request loads the console, FastAPI and the adapters.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cached_property
from importlib.metadata import distributions
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from partition_gate.apps.airflow import notes
from partition_gate.apps.airflow.links import MOUNT, DataDocsLink, PartitionLink
from partition_gate.apps.airflow.timetable import ContractTimetable

ENTRY_POINTS = "airflow.plugins"
PATH = MOUNT.strip("/")  # relative: Airflow's pages have a <base>, so a prefix of Airflow's address still works

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
    listeners = [notes]  # noqa: RUF012 (as above)
