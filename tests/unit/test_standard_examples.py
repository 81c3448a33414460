"""The examples of the standard itself (its repository's docs/examples, Apache-2.0), as each version shipped them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from partition_gate.checks.compiling.compiled import compiled
from partition_gate.checks.expectations import Suite
from partition_gate.contracts.coverage.clauses import clauses, cover
from partition_gate.contracts.lint.reading import examine
from partition_gate.contracts.lint.view import Known
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.contracts.odcs.schema import schema_findings
from partition_gate.core.finding import Finding, Level
from partition_gate.core.strict_yaml.reading import load_document

FOLDER = Path("tests/corpus/standard")
EXAMPLES = sorted(FOLDER.rglob("*.odcs.yaml"))
each_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
LANDING = {"server": "landing", "type": "local", "path": "data/{schema}/dt=*/*.parquet", "format": "parquet"}
# What the examples are about, and a gate of Parquet partitions is not: other servers, no tables, their status.
ELSEWHERE = {"readable-server", "schema-object", "status-word"}


def errors(findings: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in findings if finding.level is Level.ERROR]


def as_partitions(path: Path) -> str:
    """The example over Parquet partitions: its tables with columns, one server, elements without a table."""
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    tables = [table for table in document.get("schema") or [] if table.get("properties")]
    tables = tables or [{"name": "empty", "properties": []}]
    for table in tables:
        for column in table["properties"]:
            for key in ("partitioned", "partitionKeyPosition"):
                column.pop(key, None)
        table["properties"].append({"name": "dt", "logicalType": "date", "partitioned": True})
    for level in document.get("slaProperties") or []:
        level.pop("element", None)
    document.pop("slaDefaultElement", None)
    if path.parent.name in {"v3.1.0", "v3.2.0"}:  # many still say v3.0.2 and use newer keys
        document["apiVersion"] = path.parent.name
    return yaml.safe_dump({**document, "status": "active", "servers": [LANDING], "schema": tables}, sort_keys=False)


def test_every_version_has_examples():
    versions = [path.parent.name for path in EXAMPLES]

    assert {version: versions.count(version) for version in dict.fromkeys(versions)} == {
        "v3.0.0": 16,
        "v3.0.2": 18,
        "v3.1.0": 9,
        "v3.2.0": 28,
    }


@each_example
def test_an_example_fits_its_apiversion_or_uses_what_a_later_one_has(path):
    found = schema_findings(load_document(path.read_text(encoding="utf-8"), path=path.name))

    assert [finding.what for finding in errors(found) if not finding.what.endswith("which accepts it")] == []


@each_example
def test_lint_says_of_an_example_only_what_no_partition_can_be(path):
    _, found = examine(path.read_text(encoding="utf-8"), path=path.name, folder="/c", environment=None, known=Known())

    other = [finding for finding in errors(found) if finding.rule not in {"schema", *ELSEWHERE}]
    assert [finding.what for finding in other if "txn_ref_dt' is not a property" not in finding.what] == []


@each_example
def test_an_example_over_partitions_compiles_and_every_clause_is_accounted_for(path):
    text = as_partitions(path)
    contract, found = examine(text, path=path.name, folder="/c", environment=None, known=Known())
    document = load_document(text, path=path.name)

    assert [finding.text(path.name) for finding in errors(found)] == []
    assert contract is not None
    rows = cover(document, [compiled(dataset).compilation for dataset in contract.datasets])
    assert sorted(row.clause for row in rows) == sorted(clause for clause, _ in clauses(document.mapping))
    assert [row.clause for row in rows if not row.by or row.line is None] == []


@each_example
def test_the_suite_of_an_example_is_the_same_after_it_was_written_and_read(path):
    for dataset in read_contract(as_partitions(path), path=path.name, folder="/c").datasets:
        written = compiled(dataset).suite

        assert Suite.model_validate_json(written.suite.model_dump_json()) == written.suite
        assert len(json.loads(written.document)["expectations"]) == len(written.suite.checks)
