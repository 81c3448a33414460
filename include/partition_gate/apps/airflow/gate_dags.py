"""One DAG for each dataset: `gate__<contract>`, or `gate__<contract>__<object>` for a contract with several objects.

A DAG file of a project has two lines, and a second file has two more:

    from partition_gate.apps.airflow.gate_dags import contract_dags
    globals().update(contract_dags())

    from partition_gate.apps.airflow.gate_dags import refuse_contracts_without_dags
    refuse_contracts_without_dags()

The second file is for the import error of contracts without a DAG, which disables all DAGs of its file.

One run is one partition.

Failing data is an outcome, not a failed task: `settle` is skipped, and a note on it and on the run says why. Airflow's
grid marks both. Only a new published version emits the asset event.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Asset, PokeReturnValue, get_parsing_context, task
from airflow.sdk.exceptions import AirflowSkipException

from partition_gate.apps.airflow import tasks
from partition_gate.apps.airflow.dag_building import BuiltDags, dags_of, refuse_left_out
from partition_gate.apps.airflow.dag_docs import run_params
from partition_gate.apps.airflow.dag_plans import DagPlan, dag_plans
from partition_gate.apps.airflow.links import DataDocsLink, PartitionLink
from partition_gate.apps.airflow.notes import NOTE_KEY, errors_noted
from partition_gate.apps.airflow.timetable import key_of, timetable_of, to_airflow
from partition_gate.contract.schedule import LONGEST_WAIT
from partition_gate.settings import load_settings
from partition_gate.wiring import contract_folder

OPTIONS = ("force", "dry_run", "contract_version", "action", "why", "assignments", "where", "to")
# Partitions of one dataset that are judged at the same time, which takes memory; Airflow's `max_active_tasks` counts
# the tasks of one run only.
JUDGED_AT_ONCE = 4
IN_EVENTS = ("outcome", "rows_in", "rows_published", "rows_quarantined", "version", "table_version")


def contract_dags() -> dict[str, DAG]:
    """The DAGs of the settings' contracts, by id; in the process of a task, its own DAG only.

    A contract without a usable DAG is left out and logged: see `refuse_contracts_without_dags`.

    Raises:
        UnknownContract: the folder of the contracts does not exist.
    """
    return built_dags().dags


def refuse_contracts_without_dags() -> None:
    """Raise the import error of a DAG file that defines no DAG: Airflow shows it on its home page.

    Raises:
        ContractError: contracts have no DAG; it names each of them and the reason.
    """
    refuse_left_out(built_dags().left_out)


def built_dags() -> BuiltDags:
    """The DAGs, and the reason for each contract without one. Raises: as `contract_dags`."""
    only = get_parsing_context().dag_id  # set in the process of a task, which needs its own DAG only
    settings = load_settings()
    plans = dag_plans(contract_folder(settings), only, kept_in=settings.home, is_shared=settings.shared_home)
    return dags_of(plans, gate_dag)


def validated(dataset: str) -> Asset:
    """The asset of a dataset's published partitions, on which consumers are scheduled."""
    return Asset(name=f"validated.{dataset}", uri=f"gate://validated/{dataset}")


def options_of(dag_run: Any, params: Any) -> tasks.RunOptions:
    """How a run was started."""
    who = getattr(dag_run, "triggering_user_name", None) or "Airflow"
    given = {name: params[name] for name in OPTIONS}
    return tasks.RunOptions(is_backfill=dag_run.run_type == "backfill", who=who, **given)


def leave_note(ti: Any, note: str | None) -> None:
    """Leave the words for the listener (notes.py), which writes them when the run ends."""
    if note:
        ti.xcom_push(key=NOTE_KEY, value=note)


@task.sensor(mode="reschedule", timeout=LONGEST_WAIT.total_seconds())
def arrive(dataset: str, dag_run: Any = None, params: Any = None, ti: Any = None) -> PokeReturnValue:
    with errors_noted(ti):
        arrival = tasks.arrive(dataset, key_of(dag_run), options_of(dag_run, params))
    return PokeReturnValue(is_done=arrival is not None, xcom_value=arrival)


@task(multiple_outputs=False)
def inspect(dataset: str, arrival: Any, dag_run: Any = None, params: Any = None, ti: Any = None) -> dict[str, Any]:
    with errors_noted(ti):
        inspected = tasks.inspect(dataset, arrival, options_of(dag_run, params))
    if "skipped" in inspected:
        leave_note(ti, inspected.get("note"))
        raise AirflowSkipException(inspected["skipped"])
    return inspected


@task
def settle(
    dataset: str, inspected: Any, dag_run: Any = None, params: Any = None, ti: Any = None, outlet_events: Any = None
) -> None:
    with errors_noted(ti):
        settlement = tasks.settle(dataset, inspected, options_of(dag_run, params))
    ti.xcom_push(key="settlement", value=settlement)
    leave_note(ti, settlement["note"])
    if not settlement["published"]:
        raise AirflowSkipException(f"{settlement['outcome']}: no new version, so no asset event")
    event = outlet_events[validated(settlement["dataset"])]
    event.extra = {name: settlement[name] for name in IN_EVENTS}
    # The key of the run may have another spelling. A consumer of two assets needs the same spelling in both events.
    event.add_partitions(to_airflow(settlement["partition_key"]))


@task(trigger_rule="none_failed")
def report(ti: Any = None) -> str | None:
    settlement = ti.xcom_pull(task_ids="settle", key="settlement")
    return tasks.report(settlement["attempt_id"]) if settlement else None


@task(trigger_rule="all_done", multiple_outputs=False)
def notify() -> dict[str, Any]:
    return tasks.notify()


def gate_dag(plan: DagPlan) -> DAG:
    """The DAG of a dataset. Raises: whatever Airflow raises if it does not accept an argument."""
    schedule = plan.schedule
    with DAG(
        dag_id=plan.dag_id,
        description=plan.description,
        doc_md=plan.docs,
        schedule=timetable_of(schedule),
        start_date=schedule.start,
        end_date=schedule.end,
        catchup=False,
        max_active_runs=schedule.runs_at_once,
        tags=plan.tags,
        owner_links=plan.owner_links,
        default_args={"retries": 2, "retry_delay": timedelta(seconds=10), "owner": plan.owner},
        auto_register=False,
    ) as dag:
        steps(plan.qualified_name, validated(plan.claim.name), poke_interval_s=schedule.poke_interval_s)
    # Only now, because Airflow copies the parameters of a DAG four times for each task that is added to it, and a run
    # takes them from the DAG: a third of the time of 1,000 DAGs (docs/adr/0070).
    dag.params.update(run_params(plan.versions))
    return dag


def steps(dataset: str, asset: Asset, *, poke_interval_s: float) -> None:
    """Add the five tasks to the current DAG."""
    arrived = arrive.override(poke_interval=poke_interval_s)(dataset)
    inspected = inspect.override(max_active_tis_per_dag=JUDGED_AT_ONCE)(dataset, arrived)
    settled: Any = settle.override(outlets=[asset])(dataset, inspected)
    reported: Any = report()
    for step in (settled, reported):
        step.operator.operator_extra_links = (DataDocsLink(), PartitionLink())
    settled >> reported >> notify()
