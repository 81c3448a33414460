"""Buttons on an Airflow task that open the console. Airflow computes them from the settlement in XCom.

A DAG file adds them to a task: `task.operator.operator_extra_links = (DataDocsLink(), PartitionLink())`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseOperator, BaseOperatorLink
from airflow.sdk.configuration import conf
from airflow.sdk.execution_time.xcom import XCom
from airflow.sdk.types import TaskInstanceKey

MOUNT = "/gate"
SETTLE_TASK = "settle"
SETTLEMENT_KEY = "settlement"


class DataDocsLink(BaseOperatorLink):
    """The Data Docs page of the attempt; no link if nothing was settled."""

    name = "Data Docs"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 (Airflow's signature)
        settlement = _settlement(ti_key)
        return docs_address(console_address(), settlement) if settlement else ""


class PartitionLink(BaseOperatorLink):
    """The partition in the console; the table of partitions if nothing was settled."""

    name = "Partition"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 (as above)
        settlement = _settlement(ti_key)
        return partition_address(console_address(), settlement) if settlement else f"{console_address()}/"


def docs_address(base: str, settlement: dict[str, Any]) -> str:
    """The address of the attempt's Data Docs page in the console at `base`."""
    return f"{base}/docs/attempts/{quote(settlement['attempt_id'], safe='')}/index.html"


def partition_address(base: str, settlement: dict[str, Any]) -> str:
    """The address of the partition in the console at `base`."""
    dataset, key = quote(settlement["dataset"], safe=""), quote(settlement["partition_key"], safe="/")
    return f"{base}/partitions/{dataset}/{key}"


def _settlement(ti_key: TaskInstanceKey) -> dict[str, Any] | None:
    settlement = XCom.get_one(
        key=SETTLEMENT_KEY, dag_id=ti_key.dag_id, task_id=SETTLE_TASK, run_id=ti_key.run_id, map_index=-1
    )
    return settlement if isinstance(settlement, dict) else None


def console_address() -> str:
    """The console in Airflow: Airflow's address and the mount path; only the path if Airflow has no `base_url`."""
    return str(conf.get("api", "base_url", fallback="")).rstrip("/") + MOUNT
