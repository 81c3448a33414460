"""What the DAG of a dataset is made of. A contract that did not change is not read again when DAGs are parsed."""

from __future__ import annotations

from pathlib import Path

from partition_gate.adapters.catalogue import Claim, FileDatasets, FolderDatasets, claim_of, without_clashes
from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.adapters.reading_cache import ReadingCache, software_state
from partition_gate.apps.airflow.dag_docs import dag_docs, dag_tags, owner_links, versions_offered
from partition_gate.apps.airflow.links import console_address
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.schedule import Schedule, schedule_of
from partition_gate.core.record import Record

FILE = "dag_plans.json"


class DagPlan(Record):
    """Everything about a dataset that its DAG shows or uses. `qualified_name` is what tasks get; `claim.name` is the
    dataset's own name.
    """

    claim: Claim
    qualified_name: str
    description: str
    docs: str
    schedule: Schedule
    tags: tuple[str, ...]
    owner: str
    owner_links: dict[str, str]
    versions: tuple[str, ...]

    @property
    def dag_id(self) -> str:
        """The id of its DAG."""
        return self.claim.dag


class FilePlans(Record):
    """The plans of one contract file, as `FileDatasets`."""

    plans: tuple[DagPlan, ...]
    not_run: tuple[str, ...]
    problems: tuple[str, ...]


def dag_plan(compiled: CompiledDataset) -> DagPlan:
    """The plan of a dataset's DAG."""
    dataset, schedule = compiled.dataset, schedule_of(compiled.dataset)
    return DagPlan(
        claim=claim_of(compiled),
        qualified_name=dataset.qualified_name,
        description=dataset.description,
        docs=dag_docs(compiled, schedule),
        schedule=schedule,
        tags=tuple(dag_tags(compiled)),
        owner=compiled.contract.team.owner or "nobody",
        owner_links=owner_links(compiled),
        versions=versions_offered(compiled),
    )


def dag_plans(
    folder: ContractFolder, only: str | None, *, kept_in: Path, is_shared: bool = False
) -> FolderDatasets[DagPlan]:
    """The plan of the DAG with this id, always from its contract, or of all DAGs; without retired contracts.

    Plans of unchanged contracts come from a file in the folder `kept_in`, if that folder exists. An invalid contract
    and a stale suite are read each time, so that their problems are those of now.

    Raises:
        UnknownContract: the folder of the contracts does not exist.
        ContractError: the contract of the one DAG is invalid, or its suite is stale.
    """
    own = None if only is None else folder.of_dag(only)
    if own is not None:
        return _current(FolderDatasets((dag_plan(own),), (), ()))
    context = (console_address(), software_state())
    cache = ReadingCache(kept_in / FILE, folder, FilePlans, context=context, is_shared=is_shared)
    found = cache.readings(lambda path: _read(folder, path), is_kept=lambda reading: not reading.problems)
    files = {name: FileDatasets(each.plans, each.not_run, each.problems) for name, each in found.items()}
    return _current(without_clashes(files, lambda plan: plan.claim))


def _read(folder: ContractFolder, path: Path) -> FilePlans:
    found = folder.load_file(path)
    plans = tuple(dag_plan(compiled) for compiled in found.datasets)
    return FilePlans(plans=plans, not_run=found.not_run, problems=found.problems)


def _current(found: FolderDatasets[DagPlan]) -> FolderDatasets[DagPlan]:
    return found._replace(datasets=tuple(plan for plan in found.datasets if not plan.claim.is_retired))
