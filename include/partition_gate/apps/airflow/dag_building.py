"""Builds one DAG for each dataset of a folder. A dataset that Airflow refuses does not affect the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException
from airflow.serialization.encoders import encode_timetable

from partition_gate.adapters.catalogue import FolderDatasets
from partition_gate.apps.airflow.dag_plans import DagPlan
from partition_gate.core.errors import ContractError, GateError

# What Airflow raises if it does not accept an id, a name, a timetable or an argument.
_REFUSALS = (AirflowException, ValueError, TypeError, GateError)

log = logging.getLogger(__name__)


class BuiltDags(NamedTuple):
    """DAGs by id, and the reason for each dataset (or unreadable file) without a DAG."""

    dags: dict[str, DAG]
    left_out: dict[str, str]


def dags_of(found: FolderDatasets[DagPlan], build: Callable[[DagPlan], DAG]) -> BuiltDags:
    """A DAG for each usable dataset that Airflow accepts.

    `build` must not register the DAG itself (`auto_register=False`), because that would also register a partial DAG.
    """
    dags, left_out = {}, dict(found.broken)
    for plan in found.datasets:
        try:
            dag = build(plan)
            dag.validate()  # type: ignore[no-untyped-call]  # untyped in Airflow
            encode_timetable(dag.timetable)
        except _REFUSALS as error:
            left_out[plan.qualified_name] = f"Airflow refuses its DAG: {error}"
        else:
            dags[dag.dag_id] = dag
    if found.not_run:  # once, and no error: other tools judge them
        log.info("datasets have no DAG datasets=%d: %s", len(found.not_run), "; ".join(found.not_run))
    for name, why in left_out.items():
        log.error("contract has no DAG contract=%s why=%s", name, why)
    return BuiltDags(dags, left_out)


def refuse_left_out(left_out: Mapping[str, str]) -> None:
    """Raises: ContractError, if a contract has no DAG. The message names each such contract and the reason."""
    if left_out:
        lines = [f"{name} has no DAG: {why}" for name, why in sorted(left_out.items())]
        raise ContractError("\n".join([*lines, "all other contracts have their DAGs; run `gate lint` for the details"]))
