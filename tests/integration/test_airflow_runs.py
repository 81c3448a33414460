"""What a run in Airflow can be asked for, and the notes that it leaves, over real files and a real Airflow database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from tests.integration.test_airflow_dags import ask_airflow
from tests.integration.test_gate_run import Desk

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.apps.airflow import tasks
from partition_gate.apps.airflow.tasks import RunOptions
from partition_gate.core.errors import CannotAct, InvalidSetting, UnknownContract
from partition_gate.judging.replay import Action
from partition_gate.settings import load_settings
from partition_gate.wiring import open_ports

KEY = "2026-01-01"
DRY = RunOptions(dry_run=True)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk(tmp_path)
    desk.write_contract(customProperties=[{"property": "readiness", "value": "quiet:1s"}])
    expectations = desk.folder / "expectations"
    ContractFolder(desk.folder, expectations).write_suites(desk.contract)
    for name, value in {"HOME": desk.home, "CONTRACTS": desk.folder, "EXPECTATIONS": expectations}.items():
        monkeypatch.setenv(f"GATE_{name}", str(value))
    return desk


def run(options: RunOptions) -> dict[str, Any]:
    """The record that ends the run: of `settle`, or of `inspect` if it skips the rest."""
    arrival = tasks.arrive("orders", KEY, options)
    assert arrival is not None
    inspected = tasks.inspect("orders", arrival, options)
    return inspected if "skipped" in inspected else tasks.settle("orders", inspected, options)


def test_a_dry_run_says_what_would_happen_and_records_nothing(desk: Desk):
    desk.land(KEY)

    done = run(DRY)

    assert done["skipped"].startswith("dry run, contract 1.0.0: it would be published; ")
    assert done["note"].startswith("**Dry run, contract 1.0.0: it would be published**: ")
    with open_ports(load_settings()) as ports:
        assert (ports.ledger.latest(), ports.ledger.messages()) == ((), ())


def test_a_dry_run_by_a_version_that_does_not_exist_names_those_that_do(desk: Desk):
    desk.land(KEY)

    with pytest.raises(UnknownContract, match=r"orders has no version 9\.9\.9; it has 1\.0\.0"):
        run(DRY.model_copy(update={"contract_version": "9.9.9"}))


def test_a_version_of_the_contract_is_chosen_for_a_dry_run_only(desk: Desk):
    with pytest.raises(InvalidSetting, match="effectiveFrom"):
        run(RunOptions(contract_version="1.0.0"))


def test_the_same_files_are_judged_again_only_if_that_is_asked_for(desk: Desk):
    landed = desk.land(KEY)
    os.utime(landed, (0, 0))  # quiet for long

    first, again, forced = run(RunOptions()), run(RunOptions()), run(RunOptions(force=True))

    assert again["attempt_id"] == first["attempt_id"] != forced["attempt_id"]
    assert (first["published"], again["published"], forced["published"]) == (True, False, False)


def test_a_partition_that_never_came_is_a_note(desk: Desk):
    desk.landing.mkdir(exist_ok=True)

    done = run(RunOptions())

    assert done["note"].startswith("**Missing**: `")
    assert done["note"].endswith(f"[What happened, and what to do](/gate/partitions/orders/{KEY})")


NOTES = """
import json
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.team import Team
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.xcom import XComModel
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, timezone
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import delete, select

initdb()
bag = DagBag("/nowhere", bundle_name="b", collect_dags=False)
for dag_id in ("gate__orders", "other"):
    with DAG(dag_id, schedule=None) as dag:
        EmptyOperator(task_id="arrive") >> EmptyOperator(task_id="settle")
    bag.bag_dag(dag)
with create_session() as session:
    session.add(DagBundleModel(name="b"))
sync_bag_to_db(bag, "b", None)

def start(dag_id, run_id):
    with create_session() as session:
        dag = SerializedDagModel.get_dag(dag_id, session=session)
        dag.create_dagrun(
            run_id=run_id, run_after=timezone.utcnow(), run_type=DagRunType.MANUAL, state=DagRunState.RUNNING,
            triggered_by=DagRunTriggeredByType.TEST, session=session,
        )

def end(dag_id, run_id, text=None, *, state=DagRunState.SUCCESS):
    "The run ends as in the scheduler, after `settle` has left its words; what people then see."
    with create_session() as session:
        session.execute(delete(XComModel).where(XComModel.run_id == run_id))
        if text is not None:
            XComModel.set(key="note", value=text, task_id="settle", dag_id=dag_id, run_id=run_id, session=session)
    with create_session() as session:
        run = session.scalars(select(DagRun).where(DagRun.run_id == run_id)).one()
        run.state = state
        run.notify_dagrun_state_changed(msg="")
    with create_session() as session:
        run = session.scalars(select(DagRun).where(DagRun.run_id == run_id)).one()
        tasks = {each.task_id: each.note for each in run.get_task_instances(session=session)}
        return [run.note, tasks["arrive"], tasks["settle"]]

def edited(run_id, text):
    with create_session() as session:
        note = session.scalars(select(DagRun).where(DagRun.run_id == run_id)).one().dag_run_note
        note.content, note.user_id = text, "1"

for run_id in ("a", "b", "c"):
    start("gate__orders", run_id)
start("other", "d")
found = {
    "rejected": end("gate__orders", "a", "rejected!"),
    "corrected": end("gate__orders", "a"),
    "failed": end("gate__orders", "b", "no disk", state=DagRunState.FAILED),
    "not ours": end("other", "d", "x"),
    "rejected again": end("gate__orders", "c", "first"),
}
edited("c", "a person asked the producer")
found["edited"] = end("gate__orders", "c", "second")
print("FOUND" + json.dumps(found))
"""


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the run and its two tasks say, as [run, arrive, settle]."""
    home = tmp_path_factory.mktemp("airflow")
    return ask_airflow(NOTES, home, AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home}/airflow.db")


@pytest.mark.airflow
def test_the_words_that_a_task_left_are_the_note_of_the_task_and_of_its_run(noted: Any):
    assert noted["rejected"] == ["rejected!", None, "rejected!"]
    assert noted["failed"] == ["no disk", None, "no disk"]


@pytest.mark.airflow
def test_a_run_that_ends_better_the_second_time_has_no_note_any_more(noted: Any):
    assert noted["corrected"] == [None, None, None]


@pytest.mark.airflow
def test_what_a_person_wrote_into_a_note_stays(noted: Any):
    assert noted["edited"] == ["a person asked the producer", None, "second"]


@pytest.mark.airflow
def test_runs_of_other_peoples_dags_get_no_note(noted: Any):
    assert noted["not ours"] == [None, None, None]


CONSOLE = """
import json
from types import SimpleNamespace
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.team import Team
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset, PartitionedAtRuntime
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from partition_gate.apps.airflow.console_access import AirflowAccess
from partition_gate.core.errors import CannotAct
from sqlalchemy import select

initdb()
bag = DagBag("/nowhere", bundle_name="b", collect_dags=False)
asset = Asset(name="validated.orders", uri="gate://validated/orders")
for dag_id, schedule in {"gate__orders": PartitionedAtRuntime(), "reports": [asset], "other": None}.items():
    with DAG(dag_id, schedule=schedule) as dag:
        EmptyOperator(task_id="settle")
    bag.bag_dag(dag)
of_others = DagBag("/nowhere", bundle_name="c", collect_dags=False)
with DAG("gate__salaries", schedule=None) as dag:
    EmptyOperator(task_id="settle")
of_others.bag_dag(dag)
with create_session() as session:
    for name, team in {"b": "sales", "c": "people"}.items():
        bundle = DagBundleModel(name=name)
        bundle.teams.append(Team(name=team))
        session.add(bundle)
sync_bag_to_db(bag, "b", None)
sync_bag_to_db(of_others, "c", None)

access = AirflowAccess()
request = SimpleNamespace(state=SimpleNamespace(gate_user=SimpleNamespace(get_name=lambda: "jo@example.org")))
before = access.last_run("gate__orders", "2026-11-01/07")
started = access.start_run(request, "gate__orders", "2026-11-01/07", {"action": "x", "why": "y"})
with create_session() as session:
    run = session.scalars(select(DagRun)).one()
    recorded = [run.dag_id, run.partition_key, run.state, run.triggering_user_name]
try:
    refused = access.start_run(request, "gate__gone", "2026-11-01", {})
except CannotAct as error:
    refused = str(error)
manager = create_auth_manager()
users = {name: SimpleAuthManagerUser(username=name, role=role, teams=teams) for name, role, teams in (
    ("viewer", "viewer", ["sales"]), ("owner", "user", ["sales"]), ("operator", "admin", None),
)}
def roles(user):
    request = SimpleNamespace(state=SimpleNamespace(gate_user=user))
    readable = access.readable_dags(request)
    gates = "all" if readable is None else sorted(dag for dag in readable if dag.startswith("gate__"))
    return [gates, [dag for dag in ("gate__orders", "gate__salaries", "") if access.may_act(request, dag)]]
print("FOUND" + json.dumps({
    "roles": {name: roles(user) for name, user in users.items()},
    "before": before, "started": started, "recorded": recorded, "refused": refused,
    "newest": access.last_run("gate__orders", "2026-11-01/07"), "of_no_dag": access.last_run("", "x"),
    "consumers": access.consumers("orders"), "of_others": access.consumers("returns"),
}))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the console is told by an Airflow with a DAG of the gate, a consumer, and a DAG that is neither."""
    home = tmp_path_factory.mktemp("airflow")
    database = f"sqlite:///{home}/airflow.db"
    return ask_airflow(
        CONSOLE,
        home,
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=database,
        AIRFLOW__API__BASE_URL="https://airflow.example.org/",
        AIRFLOW__CORE__MULTI_TEAM="True",
    )


@pytest.mark.airflow
def test_a_run_is_started_in_the_visitors_name_with_airflows_spelling_of_the_key(seen: Any):
    assert seen["recorded"] == ["gate__orders", "2026-11-01~07", "queued", "jo@example.org"]
    assert seen["started"].startswith("https://airflow.example.org/dags/gate__orders/runs/")


@pytest.mark.airflow
def test_the_newest_run_of_a_partition_is_found_by_its_key(seen: Any):
    assert (seen["before"], seen["of_no_dag"]) == (None, None)
    assert seen["newest"][1] == seen["started"]


@pytest.mark.airflow
def test_the_consumers_are_the_dags_that_the_asset_schedules(seen: Any):
    assert seen["consumers"] == [["reports", "https://airflow.example.org/dags/reports"]]
    assert seen["of_others"] == []


@pytest.mark.airflow
def test_a_role_in_airflow_decides_which_datasets_are_read_and_who_acts(seen: Any):
    assert seen["roles"] == {
        "viewer": [["gate__orders"], []],
        "owner": [["gate__orders"], ["gate__orders"]],
        "operator": ["all", ["gate__orders", "gate__salaries", ""]],
    }


@pytest.mark.airflow
def test_a_run_that_airflow_refuses_says_why(seen: Any):
    assert "Airflow does not start the run: " in seen["refused"]
    assert "gate__gone" in seen["refused"]


# What a person may ask a run for


def asked(action: Action, **options: Any) -> RunOptions:
    return RunOptions(action=action, who="ada", why="ticket 81", **options)


def land(desk: Desk, **columns: Any) -> None:
    os.utime(desk.land(KEY, **columns), (0, 0))  # quiet for long


def test_a_run_replays_quarantined_rows_with_new_values(desk: Desk):
    land(desk, id=[*range(99), None], amount=[1.5] * 100)
    run(RunOptions())

    done = run(asked(Action.REPLAY, assignments=("id=coalesce(id, 99)",)))

    assert (done["outcome"], done["rows_published"], done["published"]) == ("published", 100, True)
    assert done["why"] == ["replayed by ada: ticket 81"]


def test_a_run_recovers_quarantined_rows_with_the_function_of_the_contract(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    desk.write_contract(customProperties=[{"property": "recover", "value": "orders:fill"}])
    (tmp_path / "recover").mkdir()
    fill = "import pyarrow as pa\n\ndef fill(rows):\n    return rows.set_column(0, 'id', pa.array([99]))\n"
    (tmp_path / "recover" / "orders.py").write_text(fill)
    monkeypatch.setenv("GATE_RECOVER_FOLDER", str(tmp_path / "recover"))
    land(desk, id=[*range(99), None], amount=[1.5] * 100)
    run(RunOptions())

    done = run(asked(Action.RECOVER))

    assert (done["outcome"], done["rows_published"]) == ("published", 100)


def test_a_function_is_not_combined_with_new_values(desk: Desk):
    with pytest.raises(InvalidSetting, match="leave `assignments` empty"):
        tasks.arrive("orders", KEY, asked(Action.RECOVER, assignments=("id=1",)))


def test_a_run_rolls_back_and_the_next_one_of_the_same_files_changes_nothing(desk: Desk):
    land(desk, id=[1, 2], amount=[1.5, 2.5])
    run(RunOptions())
    land(desk, id=[1, 2, 3], amount=[150.0, 250.0, 350.0])
    run(RunOptions())

    back, again = run(asked(Action.ROLL_BACK)), run(RunOptions())

    assert (back["outcome"], back["published"], again["published"]) == ("published", True, False)
    assert again["attempt_id"] == back["attempt_id"]


@pytest.mark.parametrize(("action", "outcome"), [(Action.APPROVE, "published"), (Action.REJECT, "rejected")])
def test_a_run_decides_about_a_held_version(desk: Desk, action: Action, outcome: str):
    land(desk)
    run(RunOptions())
    land(desk, id=[1], amount=[1.5])
    assert run(RunOptions())["outcome"] == "held"

    assert run(asked(action))["outcome"] == outcome


@pytest.mark.parametrize("action", [each for each in Action if each is not Action.JUDGE])
def test_what_needs_a_reason_is_refused_without_one(desk: Desk, action: Action):
    with pytest.raises(InvalidSetting, match="say why; the reason is kept with your name"):
        tasks.arrive("orders", KEY, RunOptions(action=action, who="ada", why=" "))


@pytest.mark.parametrize("option", ["dry_run", "force"])
def test_what_a_person_asks_for_is_neither_dry_nor_forced(desk: Desk, option: str):
    with pytest.raises(InvalidSetting, match="leave `dry_run` and `force` off"):
        tasks.arrive("orders", KEY, asked(Action.REPLAY, **{option: True}))


@pytest.mark.parametrize("action", [Action.REPLAY, Action.RECOVER, Action.ROLL_BACK, Action.APPROVE])
def test_what_cannot_be_done_says_why(desk: Desk, action: Action):
    land(desk)
    run(RunOptions())

    with pytest.raises(CannotAct):
        run(asked(action))
