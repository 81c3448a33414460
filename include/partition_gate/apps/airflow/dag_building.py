"""DAGs for a folder of contracts, each built by itself: one that Airflow refuses costs the others nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException
from airflow.serialization.encoders import encode_timetable

from partition_gate.adapters.contract_folder import Catalogue
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.errors import ContractError, GateError

# What Airflow raises for an id, a name, a timetable or an argument that it does not take.
_REFUSED = (AirflowException, ValueError, TypeError, GateError)

log = logging.getLogger(__name__)


class Built(NamedTuple):
    """DAGs by their id, and why a contract (or its file, where it cannot be read) has none."""

    dags: dict[str, DAG]
    left_out: dict[str, str]


def dags_of(catalogue: Catalogue, build: Callable[[CompiledDataset], DAG]) -> Built:
    """A DAG for each contract that can be used and that Airflow takes.

    `build` must not register the DAG itself (`auto_register=False`): half a DAG would be registered as well.
    """
    dags, left_out = {}, dict(catalogue.broken)
    for compiled in catalogue.contracts:
        try:
            dag = build(compiled)
            dag.validate()  # type: ignore[no-untyped-call]  # Airflow has no types there
            encode_timetable(dag.timetable)
        except _REFUSED as error:
            left_out[compiled.contract.id] = f"Airflow refuses its DAG: {error}"
        else:
            dags[dag.dag_id] = dag
    for name, why in left_out.items():
        log.error("contract has no DAG contract=%s why=%s", name, why)
    return Built(dags, left_out)


def refuse_left_out(left_out: Mapping[str, str]) -> None:
    """Raises: ContractError (a contract has no DAG); it names each, and why."""
    if left_out:
        lines = [f"{name} has no DAG: {why}" for name, why in sorted(left_out.items())]
        raise ContractError("\n".join([*lines, "`gate lint` says more; the other contracts' DAGs run"]))
