"""The recipes of docs/reference/ci.md, step by step, in a repository whose contract changes on a branch."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

PAGE = Path("docs/reference/ci.md").read_text()
WORKFLOW, GITLAB, HOOKS = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
CONTRACT = "include/contracts/orders.odcs.yaml"
DOCUMENT = """\
apiVersion: v3.1.0
kind: DataContract
id: orders
version: 1.0.0
status: active
servers:
- {server: landing, type: local, path: "../../landing/dt=*/*.parquet", format: parquet}
schema:
- name: orders
  properties:
  - {name: dt, logicalType: date, partitioned: true}
  - {name: amount, logicalType: integer, logicalTypeOptions: {maximum: 100}}
"""
NEXT_MAJOR = (
    DOCUMENT.replace("maximum: 100", "maximum: 50").replace("1.0.0", "2.0.0")
    + "customProperties:\n- {property: effectiveFrom, value: 2026-12-01}\n"
)
A_WARNING = "  quality:\n  - {type: library, metric: rowCount, mustBeGreaterThan: 0, severity: warning}\n"


class Repository:
    """A checkout on a branch, and its approved state as `origin/main`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "include/contracts").mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.write(DOCUMENT)
        self.run("gate compile")
        self.commit()
        self.git("update-ref", "refs/remotes/origin/main", "HEAD")
        self.git("switch", "-qc", "change")

    def write(self, text: str) -> None:
        (self.folder / CONTRACT).write_text(text)

    def commit(self) -> None:
        self.git("add", "include", "expectations")
        self.git("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "a")

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.folder, check=True, capture_output=True)

    def run(self, script: str) -> int:
        """The exit code of a step, as GitHub runs it: `bash -e`."""
        tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        settings = {
            "GATE_HOME": str(self.folder / ".gate"),
            "GATE_CONTRACTS": str(self.folder / "include/contracts"),
            "GATE_EXPECTATIONS": str(self.folder / "expectations"),
            "SINCE": "origin/main",
            "PATH": tools,
        }
        environment = {**os.environ, **settings}
        return subprocess.run(["bash", "-ec", script], check=False, cwd=self.folder, env=environment).returncode

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def step(name: str) -> str:
    steps: list[dict[str, Any]] = WORKFLOW["jobs"]["contracts"]["steps"]
    return str(next(each["run"] for each in steps if each.get("name") == name))


def test_a_breaking_change_fails_its_step_and_writes_the_comment(repository: Repository):
    repository.write(DOCUMENT.replace("maximum: 100", "maximum: 50"))
    repository.run("gate compile")
    repository.commit()

    assert repository.run(step("Whom do the changes break?")) == 1
    comment = repository.read("changes.md")
    assert "### ❌ `orders` `1.0.0` → `1.0.0`: breaks producers" in comment
    assert "| range narrowed |" in comment


def test_a_change_with_its_version_and_suite_passes_every_step(repository: Repository):
    repository.write(NEXT_MAJOR)
    repository.run("gate freeze && gate compile")
    repository.commit()

    names = ["Lint", "Suites are compiled, and approved versions are kept", "Whom do the changes break?"]
    assert {name: repository.run(step(name)) for name in names} == dict.fromkeys(names, 0)
    assert json.loads(repository.read("lint.sarif"))["runs"][0]["tool"]["driver"]["name"] == "gate lint"


def test_a_broken_contract_fails_the_lint_and_both_reports_have_the_finding(repository: Repository):
    repository.write(DOCUMENT.replace("status: active", "status: actve"))

    assert repository.run(step("Lint")) == 1
    (found,) = json.loads(repository.read("lint.sarif"))["runs"][0]["results"]
    place = found["locations"][0]["physicalLocation"]
    assert (found["ruleId"], place["artifactLocation"]["uri"], place["region"]) == (
        "status-word",
        CONTRACT,
        {"startLine": 5},
    )
    assert repository.run(GITLAB["contracts"]["script"][0]) == 1
    (failure,) = ElementTree.fromstring(repository.read("lint.xml")).iter("failure")  # noqa: S314 - we wrote it
    assert failure.attrib["type"] == "status-word"


def test_a_change_without_its_suite_is_refused_by_the_hook_and_by_gitlab(repository: Repository):
    repository.write(DOCUMENT.replace("1.0.0", "1.1.0") + A_WARNING)

    lint, compiled = (hook["entry"] for hook in HOOKS["repos"][0]["hooks"])
    assert repository.run(f"{lint} {CONTRACT}") == 0
    assert (repository.run(compiled), repository.run(GITLAB["contracts"]["script"][1])) == (1, 1)
