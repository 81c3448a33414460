"""One DAG for each contract: `gate__<contract>`. A run is a partition; failing data is an outcome, not a red task.

`inspect` and `settle` are skipped where there is nothing to do; only a new published version emits the asset event.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, CronPartitionTimetable, Metadata, PokeReturnValue, dag, get_parsing_context, task
from airflow.sdk.exceptions import AirflowSkipException

from partition_gate import tasks
from partition_gate.compiling.compiled import CompiledContract
from partition_gate.contract.schedule import schedule_of
from partition_gate.settings import load_settings
from partition_gate.web.links import DataDocsLink, PartitionLink
from partition_gate.wiring import contract_folder

PREFIX = "gate__"


def validated(dataset: str) -> Asset:
    return Asset(name=f"validated.{dataset}", uri=f"gate://validated/{dataset}")


@task.sensor(mode="reschedule", timeout=timedelta(days=7).total_seconds())
def arrive(contract: str, dag_run: Any = None) -> PokeReturnValue:
    arrival = tasks.arrive(contract, dag_run.partition_key)
    return PokeReturnValue(is_done=arrival is not None, xcom_value=arrival)


@task(multiple_outputs=False)
def inspect(contract: str, arrival: Any) -> dict[str, Any]:
    if "discovered" not in arrival:
        raise AirflowSkipException("; ".join(f"{found.upper()}: {why}" for found, why in arrival.items()))
    return tasks.inspect(contract, arrival["discovered"])


@task
def settle(contract: str, inspected: Any, ti: Any = None) -> Iterator[Metadata]:
    settlement = tasks.settle(contract, inspected)
    ti.xcom_push(key="settlement", value=settlement)
    if not settlement["published"]:
        raise AirflowSkipException(f"{settlement['outcome']}: no new version, so no asset event")
    extra = {name: settlement[name] for name in ("rows_published", "table_version")}
    yield Metadata(validated(settlement["dataset"]), extra=extra)


@task(trigger_rule="none_failed")
def report(ti: Any = None) -> str | None:
    settlement = ti.xcom_pull(task_ids="settle", key="settlement")
    return tasks.report(settlement["attempt_id"]) if settlement else None


@task(trigger_rule="all_done", multiple_outputs=False)
def notify() -> dict[str, Any]:
    return tasks.notify()


def gate_dag(compiled: CompiledContract) -> None:
    contract, plan = compiled.contract, schedule_of(compiled.contract)

    @dag(
        dag_id=f"{PREFIX}{contract.id}",
        description=contract.description,
        doc_md=f"Contract **{contract.id}** {contract.version}, owned by {contract.team.name or 'nobody'}.",
        schedule=CronPartitionTimetable(
            plan.cron, timezone=plan.timezone, run_offset=plan.run_offset, key_format=plan.key_format
        ),
        start_date=plan.start,
        end_date=plan.end,
        catchup=False,
        max_active_runs=4,
        tags=["partition-gate", contract.dataset],
        default_args={"retries": 2, "retry_delay": timedelta(seconds=10), "owner": contract.team.name or "nobody"},
    )
    def journey() -> None:
        steps(contract.id, contract.dataset, poke_interval_s=plan.poke_interval_s)

    journey()


def steps(contract: str, dataset: str, *, poke_interval_s: float) -> None:
    arrived = arrive.override(poke_interval=poke_interval_s)(contract)
    inspected = inspect(contract, arrived)
    settled: Any = settle.override(outlets=[validated(dataset)])(contract, inspected)
    reported: Any = report()
    for step in (settled, reported):
        step.operator.operator_extra_links = (DataDocsLink(), PartitionLink())
    settled >> reported >> notify()


wanted = get_parsing_context().dag_id  # set in a task's process: build its own DAG only
for compiled in contract_folder(load_settings()).load_some(wanted and wanted.removeprefix(PREFIX)):
    gate_dag(compiled)
