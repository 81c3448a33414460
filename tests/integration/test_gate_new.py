"""`gate new`: what a new project has, that it works as it is, and which folders are refused."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.commands import gate
from tests.integration.test_airflow_dags import BAG, ask_airflow

from partition_gate import __version__
from partition_gate.apps.cli.new import FILES
from partition_gate.settings import Settings, load_settings

TODAY = "2026-11-30T09:00:00+00:00"
DAY = "2026-11-29"
NEW, USAGE = 0, 2


def new(folder: Path, project: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "GATE_HOME": str(folder / ".gate"), "GATE_NOW": TODAY}
    return gate("new", project, environment=environment, folder=str(folder))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("team")
    made = new(folder, "shop.gate")
    assert made.returncode == NEW, made.stderr
    return folder / "shop.gate"


def settings(project: Path) -> dict[str, str]:
    """The project's settings, for commands that run from this checkout."""
    folders = {"GATE_CONTRACTS": project / "contracts", "GATE_EXPECTATIONS": project / "expectations"}
    return {name: str(path) for name, path in {"GATE_HOME": project / ".gate", **folders}.items()}


def environment(project: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], **settings(project)}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def test_a_project_has_these_files_and_the_suite_and_the_data_of_its_example(project: Path):
    found = {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()}

    data = f"landing/orders/dt={DAY}/part-0.parquet"
    assert found == {*FILES, "expectations/orders/orders.json", data}


def test_no_placeholder_is_left_and_the_values_are_where_they_belong(project: Path):
    texts = {name: (project / name).read_text() for name in FILES}

    assert {name for name, text in texts.items() if re.search("@[a-z]+@", text)} == set()
    assert texts["requirements.txt"] == f"partition-gate[all]=={__version__}\n"
    assert texts["README.md"].startswith("# shop.gate\n")
    assert f"gate run orders {DAY}\n" in texts["README.md"]


def test_the_contract_is_clean_even_of_warnings_and_its_suite_is_current(project: Path):
    linted = gate("lint", "--strict", environment=environment(project))
    checked = gate("compile", "--check", environment=environment(project))

    assert (linted.returncode, checked.returncode) == (0, 0), linted.stdout + checked.stdout


def test_every_clause_of_the_contract_is_executed_or_only_documentation(project: Path):
    covered = gate("coverage", "orders", environment=environment(project))

    assert "0 not executable" in covered.stdout


def test_the_day_of_the_example_has_two_rows_that_fail_and_no_broken_promise(project: Path, tmp_path: Path):
    own = {**environment(project), "GATE_HOME": str(tmp_path)}

    run = gate("run", "orders", DAY, "--dry-run", environment=own)

    assert run.returncode == 0, run.stdout + run.stderr
    assert "published with quarantine" in run.stdout.replace("_", " ")


@pytest.mark.airflow
def test_its_dag_files_give_airflow_each_dataset_and_the_watch_without_an_error(project: Path, tmp_path: Path):
    own = {**settings(project), "AIRFLOW__CORE__DAGS_FOLDER": str(project / "dags")}

    found = ask_airflow(BAG.replace('DagBag("dags")', "DagBag()"), tmp_path, **own)

    assert (found["dags"], found["errors"]) == (["gate__orders", "gate_watch"], {})


@pytest.mark.airflow
def test_a_contract_without_a_dag_is_the_import_error_of_a_file_of_its_own(project: Path, tmp_path: Path):
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "broken.odcs.yaml").write_text("id: [")
    own = {"GATE_CONTRACTS": str(tmp_path / "contracts"), "AIRFLOW__CORE__DAGS_FOLDER": str(project / "dags")}

    found = ask_airflow(BAG.replace('DagBag("dags")', "DagBag()"), tmp_path, **own)

    assert found["dags"] == ["gate_watch"]
    assert [Path(file).name for file in found["errors"]] == ["gate_left_out.py"]


def test_the_compose_file_has_airflow_a_database_and_an_object_store_and_knows_our_settings(project: Path):
    compose = read(project / "docker-compose.yaml")

    services = compose["services"]
    assert set(services) == {"airflow", "postgres", "object-store"}
    assert re.fullmatch("[a-z0-9][a-z0-9_-]*", compose["name"])
    named = {name for name in services["airflow"]["environment"] if name.startswith("GATE_")}
    assert named <= {f"GATE_{name.upper()}" for name in Settings.model_fields}
    volumes = {each.split(":")[0] for service in services.values() for each in service["volumes"]} - {"."}
    assert volumes == set(compose["volumes"])


def test_every_secret_is_named_in_the_example_of_env_and_has_no_value_anywhere(project: Path):
    example = dict(re.findall(r"^(\w+)=(.*)$", (project / ".env.example").read_text(), re.MULTILINE))
    wanted = set(re.findall(r"\$\{(\w+)", (project / "docker-compose.yaml").read_text()))

    assert set(example) == wanted
    assert set(example.values()) == {""}


def test_the_settings_of_the_project_are_those_of_its_own_folders(project: Path):
    loaded = load_settings({}, project=project)

    assert (loaded.contracts, loaded.expectations) == (project / "contracts", project / "expectations")


def test_its_workflow_passes_on_a_branch_that_changes_nothing(project: Path, tmp_path: Path):
    steps = read(project / ".github/workflows/contracts.yml")["jobs"]["contracts"]["steps"]
    commands = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "a"], ["update-ref", "refs/remotes/o/m", "HEAD"]):
        subprocess.run([*commands, *arguments], cwd=project, check=True, capture_output=True)
    own = {
        **os.environ,
        **settings(project),
        "SINCE": "o/m",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "PYTHONPATH": str(Path("include").resolve()),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }

    scripts = [step["run"] for step in steps if "run" in step and step["name"] != "Install"]
    done = [subprocess.run(["bash", "-ec", each], cwd=project, env=own, check=False).returncode for each in scripts]

    assert done == [0, 0, 0]


def test_a_folder_with_anything_in_it_is_refused_in_one_sentence_and_stays_as_it_is(tmp_path: Path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "notes").write_text("mine")

    refused = new(tmp_path, "taken")

    assert refused.returncode == USAGE
    assert "taken is not an empty folder: choose another one" in refused.stderr
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["notes"]


def test_a_file_is_refused_as_well(tmp_path: Path):
    (tmp_path / "file").write_text("mine")

    assert new(tmp_path, "file").returncode == USAGE


def test_a_clone_of_an_empty_repository_is_an_empty_folder(tmp_path: Path):
    (tmp_path / "clone" / ".git").mkdir(parents=True)

    assert new(tmp_path, "clone").returncode == NEW


@pytest.mark.parametrize("name", ["my project", "-x", "é", "x" * 101])
def test_a_name_that_files_and_services_cannot_have_is_refused_before_anything_is_made(tmp_path: Path, name: str):
    refused = new(tmp_path, f"./{name}")

    assert refused.returncode == USAGE, refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    refused = new(tmp_path, "/proc/project")

    assert "/proc/project: cannot be written" in refused.stderr
