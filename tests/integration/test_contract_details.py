"""What the console knows of a contract: owners, coverage of every clause, and versions from a real git history."""

from __future__ import annotations

import subprocess
from pathlib import Path

from partition_gate.adapters.contract_history import ContractHistory
from partition_gate.apps.web.contract_details import NOT_COMMITTED, ContractDetails, contract_details
from partition_gate.checks.compiling.compiled import compiled
from partition_gate.contracts.coverage.clauses import Treatment
from partition_gate.contracts.odcs.reader import read_contract

TEXT = Path("tests/corpus/planes.odcs.yaml").read_text(encoding="utf-8")


def details(path: Path) -> ContractDetails:
    text = path.read_text(encoding="utf-8")
    contract = read_contract(text, path=str(path), folder=str(path.parent))
    return contract_details(contract, [compiled(contract.dataset)], text, ContractHistory(path))


def committed(path: Path, text: str, subject: str) -> None:
    path.write_text(text, encoding="utf-8")
    for arguments in (
        ["init", "-q"],
        ["add", path.name],
        ["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", subject],
    ):
        subprocess.run(["git", "-C", str(path.parent), *arguments], check=True, capture_output=True)


def version(number: str, *, more: str = "") -> str:
    lines = (f"version: {number}" if line.startswith("version:") else line for line in TEXT.splitlines())
    return "\n".join(lines) + f"\n{more}"


def test_versions_come_newest_first_with_what_each_changed(tmp_path: Path):
    path = tmp_path / "planes.odcs.yaml"
    committed(path, version("1.0.0"), "first")
    committed(path, version("1.0.1", more="tenant: x\n"), "second")
    path.write_text(version("1.1.0", more="tenant: x\n").replace("name: tailnum", "name: tail", 1), encoding="utf-8")

    found = details(path).versions

    assert [(each.version, each.subject) for each in found] == [
        ("1.1.0", "the file as it is now"),
        ("1.0.1", "second"),
        ("1.0.0", "first"),
    ]
    assert found[0].label == NOT_COMMITTED
    assert found[0].rule is not None
    assert (found[0].rule.ok, found[0].rule.needed) == (False, "major")
    assert {change.kind for change in found[1].changes} == {"version changed", "documentation changed"}
    assert (found[2].changes, found[2].rule) == ((), None)


def test_a_commit_that_was_no_contract_is_left_out(tmp_path: Path):
    path = tmp_path / "planes.odcs.yaml"
    committed(path, "id: planes\n", "broken")
    committed(path, version("1.0.0"), "mended")

    assert [each.subject for each in details(path).versions] == ["mended"]


def test_without_a_history_the_page_says_why(tmp_path: Path):
    path = tmp_path / "planes.odcs.yaml"
    path.write_text(TEXT, encoding="utf-8")

    found = details(path)

    assert found.versions == ()
    assert "not a git checkout" in found.why_no_versions


def test_every_clause_of_the_file_is_in_one_treatment_with_its_line(tmp_path: Path):
    path = tmp_path / "planes.odcs.yaml"
    path.write_text(TEXT, encoding="utf-8")

    coverage = details(path).coverage

    clauses = [clause for group in coverage for clause in group.clauses]
    assert [group.treatment for group in coverage] == list(Treatment)
    assert len(clauses) > 30
    assert [clause for clause in clauses if clause.line is None] == []
    assert {clause.treatment for clause in coverage[0].clauses} == {Treatment.EXECUTED}


def test_owners_are_named_with_their_roles():
    flights = Path("include/contracts/flights.odcs.yaml")

    assert details(flights).owners[0] == "Ana Reyes (owner)"
