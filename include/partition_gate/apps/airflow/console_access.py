"""What Airflow lets a signed-in user do in the console. It implements `partition_gate.apps.web.access.Access`."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from airflow.api.common.trigger_dag import trigger_dag
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.models.dag import DagModel
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowException
from airflow.utils.types import DagRunTriggeredByType
from fastapi import Request

from partition_gate.apps.airflow.timetable import to_airflow
from partition_gate.core.errors import CannotAct


def sign_in(request: Request, user: GetUserDep) -> None:
    """A dependency of every page: refuses who is not signed in, and notes who is."""
    request.state.gate_user = user


class AirflowAccess:
    """Whoever may start runs of a DAG may act on its dataset: acknowledge, mute, resolve and run again."""

    starts_runs = True

    def visitor(self, request: Request) -> str:
        return str(request.state.gate_user.get_name())

    def may_act(self, request: Request, dag: str) -> bool:
        details = DagDetails(id=dag, team_name=DagModel.get_team_name(dag)) if dag else None
        authorized: bool = get_auth_manager().is_authorized_dag(
            method="POST", access_entity=DagAccessEntity.RUN, details=details, user=request.state.gate_user
        )
        return authorized

    def start_run(self, request: Request, dag: str, key: str) -> str:
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
            )
        except (AirflowException, ValueError) as error:
            raise CannotAct(f"Airflow does not start the run: {error}") from error
        base = str(conf.get("api", "base_url", fallback="")).rstrip("/")
        return f"{base}/dags/{quote(dag, safe='')}/runs/{quote(run.run_id, safe='')}"
