"""`gate lint` and `gate coverage` as people and CI call them: real processes, exit codes, formats."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests import commands
from tests.corpus.mutations import mutated

from partition_gate.adapters.contract_folder import ContractFolder

FULL = "tests/corpus/full-v3.1.0.odcs.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    contracts = tmp_path / "contracts"
    contracts.mkdir()
    customers = mutated({"id": "customers", "schema[0].name": "customers", "schema[0].relationships": []})
    (contracts / "customers.odcs.yaml").write_text(customers.replace("orders.customer", "customers.customer"))
    (contracts / "orders.odcs.yaml").write_text(mutated({}))
    return contracts


def gate(*arguments: str, contracts: Path | None = None) -> subprocess.CompletedProcess[str]:
    surroundings = {"GATE_CONTRACTS": str(contracts)} if contracts else {}
    return commands.gate(*arguments, environment=os.environ | surroundings)


def test_the_projects_own_contracts_have_no_error():
    done = gate("lint")

    assert done.returncode == 0
    assert "include/contracts/flights.odcs.yaml: ok (flights 1.2.0)" in done.stdout


def test_an_error_is_exit_code_1_and_the_others_are_told_too(folder):
    (folder / "orders.odcs.yaml").write_text(mutated({"$id.requird": True, "status": "actve"}))

    done = gate("lint", contracts=folder)

    assert done.returncode == 1
    assert "contracts/orders.odcs.yaml: schema[0].properties[1].requird: 'requird' is not a key here; " in done.stdout
    assert "contracts/orders.odcs.yaml: status: 'actve' is not a status" in done.stdout
    assert "contracts/customers.odcs.yaml: ok" in done.stdout


def test_a_key_to_a_contract_that_is_not_in_the_folder_is_an_error(folder):
    (folder / "customers.odcs.yaml").unlink()

    done = gate("lint", "orders", contracts=folder)

    assert done.returncode == 1
    assert "no contract has a dataset 'customers'" in done.stdout


def test_a_warning_is_exit_code_0_and_with_strict_1(folder):
    (folder / "orders.odcs.yaml").write_text(mutated({"version": "1.2"}))

    assert gate("lint", "customers", "orders", contracts=folder).returncode == 0
    assert "version: warning: '1.2' is not a semantic version" in gate("lint", "orders", contracts=folder).stdout
    assert gate("lint", "orders", "--strict", contracts=folder).returncode == 1


def test_json_is_json_whatever_is_wrong(folder):
    (folder / "orders.odcs.yaml").write_bytes(b"\xff\xfe")

    done = gate("lint", "--json", contracts=folder)

    document = json.loads(done.stdout)
    broken = next(file for file in document["files"] if file["file"].endswith("orders.odcs.yaml"))
    assert (done.returncode, broken["ok"], broken["contract"]) == (1, False, None)
    assert "byte order mark" in broken["findings"][0]["what"]


def test_github_gets_one_annotation_a_finding(folder):
    (folder / "orders.odcs.yaml").write_text(mutated({"status": "actve"}))

    lines = gate("lint", "orders", "--format", "github", contracts=folder).stdout.splitlines()

    assert [line for line in lines if line.startswith("::error ")] == [
        f"::error file={folder.parent.name}/contracts/orders.odcs.yaml,line=6,title=gate lint%3A status-word::"
        "status: 'actve' is not a status; did you mean 'active'?"
    ]
    assert all(line.startswith("::") for line in lines)


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def test_a_breaking_change_without_a_major_version_fails_until_the_number_says_so(folder):
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "approved")
    broken = {"$amount.required": True}

    (folder / "orders.odcs.yaml").write_text(mutated(broken))
    uncommitted = gate("lint", "orders", contracts=folder)
    git(folder, "commit", "-qam", "not approved")
    committed = gate("lint", "orders", contracts=folder)
    since = gate("lint", "orders", "--since", "HEAD~1", contracts=folder)
    (folder / "orders.odcs.yaml").write_text(mutated({**broken, "version": "2.0.0"}))
    raised = gate("lint", "orders", "--since", "HEAD~1", contracts=folder)

    assert [one.returncode for one in (uncommitted, committed, since, raised)] == [1, 0, 1, 0]
    assert "[version-rise]" in uncommitted.stdout
    assert "[version-rise]" in since.stdout


def test_a_contract_that_the_revision_does_not_hold_is_new_and_an_unknown_revision_is_a_usage_error(folder):
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "customers.odcs.yaml")
    git(folder, "commit", "-q", "-m", "first")

    assert gate("lint", "orders", "--since", "HEAD", contracts=folder).returncode == 0
    assert gate("lint", "orders", "--since", "nowhere", contracts=folder).returncode == 2


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("select count(nothing) from {object}", "nothing"),
        ("delete from {object}", "DELETE"),
        ("select count(*) from '/etc/passwd'", "reads /etc/passwd: it can read only"),
        ("selec 1", "not valid DuckDB SQL"),
        ("select 1; select 2", "2 statements"),
    ],
)
def test_a_query_that_can_never_run_is_an_error_with_its_place(folder, query, why):
    (folder / "orders.odcs.yaml").write_text(mutated({"schema[0].quality[2].query": query}))

    done = gate("lint", "orders", contracts=folder)

    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.endswith("[sql-query]")]
    assert "schema[0].quality[2].query: " in line
    assert why in line


def test_a_name_that_is_nothing_is_a_usage_error():
    done = gate("lint", "nothing-here")

    assert done.returncode == 2
    assert "'nothing-here' is not a contract or a dataset: " in done.stderr


def test_a_file_of_10_mb_and_an_endless_one_are_refused_at_once(tmp_path):
    large = tmp_path / "large.odcs.yaml"
    large.write_bytes(b"a: " + b"x" * 10_000_000)

    for path in (str(large), "/dev/zero"):
        if Path(path).is_file():
            assert "larger than 1,000,000 bytes" in gate("lint", path).stdout


def test_coverage_has_a_line_for_every_clause_and_the_sum_in_its_title():
    rows = json.loads(gate("coverage", FULL, "--json").stdout)["clauses"]
    table = gate("coverage", FULL).stdout

    counts = {
        treatment: sum(row["treatment"] == treatment for row in rows)
        for treatment in ("executed", "documented", "not_executable")
    }
    assert all(row["line"] for row in rows)
    assert f"{len(rows)} clauses = {counts['executed']} executed + {counts['documented']} documented" in table
    assert sum(counts.values()) == len(rows)


def test_run_refuses_a_contract_with_the_same_sentence_as_lint(tmp_path):
    path = tmp_path / "orders.odcs.yaml"
    path.write_text(mutated({"status": "actve"}))

    done = gate("run", str(path), "2026-01-01")

    assert done.returncode == 1
    assert "status: 'actve' is not a status; did you mean 'active'? (line " in done.stderr


def opened(contracts: Path, *arguments: str) -> dict[str, int]:
    """How often a command opens each contract file, and under `git` how often it starts git."""
    done = subprocess.run(
        [sys.executable, "-c", _COUNTING, *arguments],
        env=os.environ | {"GATE_CONTRACTS": str(contracts), "GATE_EXPECTATIONS": str(contracts.parent / "suites")},
        capture_output=True,
        text=True,
        check=True,
    )
    counted: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return counted


_COUNTING = """
import collections, json, os, sys
opened = collections.Counter()
def see(event, arguments):
    if event == "open" and str(arguments[0]).endswith(".odcs.yaml"):
        opened[os.path.basename(arguments[0])] += 1
    if event == "subprocess.Popen" and "git" in map(str, arguments[1]):
        opened["git"] += 1
sys.addaudithook(see)
from partition_gate.apps.cli.main import main
try:
    main()
except SystemExit:
    print(json.dumps(opened))
"""


@pytest.mark.parametrize("in_git", [False, True])
def test_each_of_many_contracts_is_read_a_few_times_and_git_is_asked_once(tmp_path, in_git):
    contracts = tmp_path / "contracts"
    contracts.mkdir()
    for number in range(30):
        alone = {"id": f"c{number}", "schema[0].name": f"c{number}", "schema[0].relationships": []}
        text = mutated(alone).replace("orders.customer", f"c{29 - number}.customer")
        (contracts / f"c{number}.odcs.yaml").write_text(text)
    if in_git:
        committed = ("git", "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "first")
        for command in (("git", "init", "-q"), ("git", "add", "-A"), committed):
            subprocess.run(command, cwd=tmp_path, check=True)

    counts = opened(contracts, "lint")

    git = counts.pop("git", 0)
    assert set(counts) == {f"c{number}.odcs.yaml" for number in range(30)}
    assert max(counts.values()) <= 3
    assert git <= 3


class CountingFolder(ContractFolder):
    """Knows which contract files were read."""

    def text(self, path: Path) -> str:
        self.read_files = [*getattr(self, "read_files", []), path.name]
        return super().text(path)


@pytest.fixture
def compiled(folder) -> CountingFolder:
    counting = CountingFolder(folder, folder.parent / "suites")
    for path in counting.paths():
        counting.write_suites(path)
    counting.read_files = []
    return counting


def test_all_contracts_are_loaded_by_reading_each_once(compiled):
    assert len(compiled.load_all().contracts) == 2
    assert compiled.read_files == ["customers.odcs.yaml", "orders.odcs.yaml"]


def test_the_dag_of_one_contract_reads_no_other(compiled):
    assert compiled.of_dag("gate__customers").contract.id == "customers"
    assert compiled.read_files == ["customers.odcs.yaml"]
