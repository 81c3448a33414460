"""What Airflow lets a signed-in user do in the console. It implements `partition_gate.apps.web.access.Access`."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any
from urllib.parse import quote

from airflow.api.common.trigger_dag import trigger_dag
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.models.asset import AssetModel, DagScheduleAssetReference
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowException
from airflow.utils.session import create_session
from airflow.utils.types import DagRunTriggeredByType
from fastapi import Request
from sqlalchemy import select

from partition_gate.apps.airflow.timetable import to_airflow
from partition_gate.core.errors import CannotAct
from partition_gate.presentation.links import Link

# No contract has this DAG or team, so only a right that covers all of them covers these.
_NO_DAG = "gate__"


def sign_in(request: Request, user: GetUserDep) -> None:
    """A dependency of every page: refuses who is not signed in, and notes who is."""
    request.state.gate_user = user


class AirflowAccess:
    """Whoever may read a DAG may read its dataset; whoever may start its runs may act on it and see its quarantine.

    Whoever may read, or run, any DAG may do so with what belongs to no dataset.
    """

    starts_runs = True

    def visitor(self, request: Request) -> str:
        return str(request.state.gate_user.get_name())

    def readable_dags(self, request: Request) -> Set[str] | None:
        """A DAG that Airflow has not parsed yet is for those who may read every DAG."""
        manager, user = get_auth_manager(), request.state.gate_user
        if manager.is_authorized_dag(method="GET", details=_any_dag(), user=user):
            return None
        return frozenset(manager.get_authorized_dag_ids(user=user, method="GET"))

    def may_act(self, request: Request, dag: str) -> bool:
        details = DagDetails(id=dag, team_name=DagModel.get_team_name(dag)) if dag else _any_dag()
        authorized: bool = get_auth_manager().is_authorized_dag(
            method="POST", access_entity=DagAccessEntity.RUN, details=details, user=request.state.gate_user
        )
        return authorized

    def start_run(self, request: Request, dag: str, key: str, params: Mapping[str, str]) -> str:
        """Start a run, as Airflow's own trigger form does; the path of its page in Airflow."""
        if not dag:
            raise CannotAct("no usable contract has this dataset, so no DAG can run it again")
        run: Any = None
        try:
            run = trigger_dag(
                dag,
                triggered_by=DagRunTriggeredByType.UI,
                triggering_user_name=self.visitor(request),
                partition_key=to_airflow(key),
                conf=dict(params),
            )
        except (AirflowException, ValueError) as error:
            raise CannotAct(f"Airflow does not start the run: {error}") from error
        return _run_page(dag, run.run_id)

    def last_run(self, dag: str, key: str) -> Link | None:
        """The newest run of a partition; one that the watch started has its key in its conf, and is not found."""
        if not dag:
            return None
        own = (DagRun.dag_id == dag, DagRun.partition_key == to_airflow(key))
        query = select(DagRun.run_id).where(*own).order_by(DagRun.run_after.desc()).limit(1)
        with create_session() as session:
            run_id = session.scalar(query)
        return Link(run_id, _run_page(dag, run_id)) if run_id else None

    def consumers(self, dataset: str) -> tuple[Link, ...]:
        """The DAGs that are scheduled by the dataset's asset, in order of their names."""
        query = (
            select(DagScheduleAssetReference.dag_id)
            .join(AssetModel, AssetModel.id == DagScheduleAssetReference.asset_id)
            .where(AssetModel.name == f"validated.{dataset}")
            .order_by(DagScheduleAssetReference.dag_id)
        )
        with create_session() as session:
            dags = session.scalars(query).all()
        return tuple(Link(dag, f"{_airflow()}/dags/{quote(dag, safe='')}") for dag in dags)


def _any_dag() -> DagDetails:
    """Asked without details, FAB answers whether there is any DAG that the user may read or run."""
    return DagDetails(id=_NO_DAG, team_name=_NO_DAG if conf.getboolean("core", "multi_team", fallback=False) else None)


def _run_page(dag: str, run_id: str) -> str:
    return f"{_airflow()}/dags/{quote(dag, safe='')}/runs/{quote(run_id, safe='')}"


def _airflow() -> str:
    return str(conf.get("api", "base_url", fallback="")).rstrip("/")
