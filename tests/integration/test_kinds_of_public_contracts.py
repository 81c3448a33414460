"""Contracts of the kinds that people publish (all written for these tests): what lint says of each stands beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from partition_gate.adapters.gx.duckdb.sql_rules import SqlRules
from partition_gate.contracts.lint.reading import examine
from partition_gate.contracts.lint.view import Known
from partition_gate.core.finding import Finding

FOLDER = Path("tests/corpus/public")
KINDS = sorted(FOLDER.glob("*.odcs.yaml"))


@pytest.fixture(scope="module")
def rules() -> Iterator[SqlRules]:
    with closing(SqlRules()) as started:
        yield started


def told(finding: Finding) -> str:
    return f"{finding.level.value} {finding.place}: {finding.what} [{finding.rule}]"


def findings(path: Path, rules: SqlRules) -> list[str]:
    known = Known(why_refused=rules.why_unplanned)
    _, found = examine(path.read_text(encoding="utf-8"), path="x", folder="/c", environment=None, known=known)
    return [told(finding) for finding in found]


@pytest.mark.parametrize("path", KINDS, ids=lambda path: path.name)
def test_lint_says_of_a_contract_what_stands_beside_it(path: Path, rules: SqlRules) -> None:
    written = path.with_name(path.name.replace(".odcs.yaml", ".findings")).read_text(encoding="utf-8")

    assert findings(path, rules) == written.splitlines()


def test_every_file_of_findings_has_its_contract() -> None:
    names = {path.name.removesuffix(".odcs.yaml") for path in KINDS}

    assert {path.stem for path in FOLDER.glob("*.findings")} == names
