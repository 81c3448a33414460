"""The wheel, installed in a folder of its own and used from another one, with all packages and with the base only."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path

import pytest
from tests.site_packages import PROJECT, PYTHON, ROOT, SITE, site_of

GATE = "import sys; from partition_gate.apps.cli.main import main; sys.argv[0] = 'gate'; main()"
COULD_NOT_JUDGE = 3


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the package and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder), str(wheel)]
    subprocess.run([sys.executable, *install], check=True, capture_output=True)
    return folder


class Shell:
    """A folder to work in, with a `gate` that finds these packages only."""

    def __init__(self, folder: Path, *packages: Path) -> None:
        self.folder, programs = folder / "work", folder / "programs"
        for each in (self.folder, programs):
            each.mkdir()
        program = programs / "gate"
        program.write_text(f'#!/bin/sh\nexec {" ".join(PYTHON)} -c "{GATE}" "$@"\n')
        program.chmod(0o755)
        path = os.pathsep.join(map(str, packages))
        # Bytecode of linked packages belongs to this environment.
        self.environment = {"PATH": f"{programs}:/usr/bin:/bin", "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}

    def run(self, command: str, *, below: str = ".") -> subprocess.CompletedProcess[str]:
        folder, environment = self.folder / below, self.environment
        bash = ["bash", "-c", command]
        return subprocess.run(bash, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def shell(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Everything is installed."""
    made = Shell(tmp_path_factory.mktemp("all"), installed, SITE)
    done = made.run("gate new shop")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def local(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """The base and the extra `run` are installed."""
    folder = tmp_path_factory.mktemp("local")
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["run"]]
    made = Shell(folder, installed, site_of(folder / "site", wanted))
    done = made.run("gate new shop")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def base(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Only the base is installed."""
    folder = tmp_path_factory.mktemp("base")
    made = Shell(folder, installed, site_of(folder / "site", PROJECT["dependencies"]))
    done = made.run("gate new shop")
    assert done.returncode == 0, done.stderr
    return made


def test_the_wheel_has_the_package_with_every_file_of_it_and_nothing_else(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}

    below = ROOT / "include" / "partition_gate"
    files = (path for path in below.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert found == {str(path.relative_to(ROOT / "include")) for path in files}


def test_its_metadata_names_the_command_and_the_plugin_and_the_extras(installed: Path):
    (info,) = installed.glob("*.dist-info")
    metadata = PathDistribution(info)

    plugin = EntryPoint("partition_gate", "partition_gate.apps.airflow.plugin:PartitionGatePlugin", "airflow.plugins")
    assert plugin in list(metadata.entry_points)
    assert set(metadata.metadata.get_all("Provides-Extra") or ()) == {*PROJECT["optional-dependencies"]}


def test_the_first_commands_of_a_new_project_s_readme_work_and_leave_their_state_there(shell: Shell):
    readme = (shell.folder / "shop" / "README.md").read_text()
    (block,) = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)
    commands = block.splitlines()

    done = {command: shell.run(command, below="shop") for command in commands}

    assert len(commands) == 5
    assert {command: each.returncode for command, each in done.items()} == dict.fromkeys(commands, 0), done
    run, quarantine = done[commands[2]].stdout, done[commands[3]].stdout
    assert "98" in run
    assert "known_status" in quarantine
    assert {path.name for path in shell.folder.iterdir()} == {"shop"}
    assert (shell.folder / "shop" / ".gate" / "ledger.sqlite").is_file()


def test_the_demo_says_that_it_needs_a_checkout(shell: Shell):
    done = shell.run("gate demo --once", below="shop")

    assert (done.returncode, done.stderr) == (
        COULD_NOT_JUDGE,
        "gate: the demo runs its DAGs and contracts from a checkout: clone the repository, run make demo\n",
    )


COMMANDS = (
    "gate lint --strict",
    "gate compile --check",
    "gate coverage orders",
    "gate export orders --to avro",
    "gate export orders --to html",
    "gate validate-schema orders --against orders --compatibility full",
    "gate export orders --to great-expectations",
    "gate diff contracts/orders.odcs.yaml contracts/orders.odcs.yaml",
    "gate versions orders",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_works_on_contract_files_needs_no_extra(base: Shell, command: str):
    done = base.run(command, below="shop")

    assert done.returncode == 0, done.stdout + done.stderr


NEEDY = {
    "gate run orders 2026-11-29": "run",
    "gate status": "run",
    "gate console": "run",
    "gate doctor": "run",
    "gate seed": "run",
    "gate init landing/orders": "run",
}
LOCAL = ("gate run orders $DAY", "gate status", "gate docs", "gate watch", "gate reconcile")


@pytest.mark.parametrize(("command", "extra"), NEEDY.items())
def test_a_command_that_needs_an_extra_says_in_one_sentence_which(base: Shell, command: str, extra: str):
    done = base.run(command, below="shop")

    sentence = rf"gate: this command needs \w+, which is not installed; run: pip install 'partition-gate\[{extra}\]'\n"
    assert (done.returncode, done.stdout) == (COULD_NOT_JUDGE, "")
    assert re.fullmatch(sentence, done.stderr), done.stderr


@pytest.mark.parametrize("command", LOCAL)
def test_partitions_in_local_folders_need_the_extra_run_alone(local: Shell, command: str):
    done = local.run(f"DAY=$(ls landing/orders | cut -d= -f2); {command}", below="shop")

    assert done.returncode == 0, done.stdout + done.stderr
