"""Contracts of every version that say everything their version can say: they read, compile, and no clause is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.checks.expectations import Suite
from partition_gate.checks.values import InRange
from partition_gate.contracts.coverage.clauses import CoveredClause, Treatment, clauses, cover
from partition_gate.contracts.lint.reading import examine
from partition_gate.contracts.lint.view import Known
from partition_gate.contracts.odcs.keys import AllowedKeys, Node, known_keys
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.contracts.odcs.schema import ACCEPTED_VERSIONS, json_schema
from partition_gate.core.finding import Level
from partition_gate.core.strict_yaml.reading import Document, dotted, load_document

FULL = sorted(Path("tests/corpus").glob("full-*.odcs.yaml"))
ALL = [*FULL, Path("tests/corpus/three-tables.odcs.yaml"), *sorted(Path("include/contracts").glob("*.odcs.yaml"))]
each_contract = pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)


def read(path: Path) -> tuple[Document, tuple[CompiledDataset, ...]]:
    text = path.read_text(encoding="utf-8")
    contract = read_contract(text, path=path.name, folder="/contracts")
    return load_document(text, path=path.name), tuple(map(compiled, contract.datasets))


def covered(document: Document, datasets: tuple[CompiledDataset, ...]) -> tuple[CoveredClause, ...]:
    return cover(document, [dataset.compilation for dataset in datasets])


def leaves(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[str]:
    """Every place of a document without anything below it; written apart from the coverage, which it judges."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = [leaf for key, child in below for leaf in leaves(child, (*place, key))]
    yield from inner or [dotted(place)]


def missing_keys(document: Any, version: str) -> dict[str, set[str]]:
    """The keys of a version's schema that never stand at their place, by one key list of the place."""
    seen: dict[frozenset[str], set[str]] = {}
    root = json_schema(version)
    _look(document, (root,), root, seen)
    return {", ".join(sorted(known))[:60]: set(known - found) for known, found in seen.items() if known - found}


def _look(value: Any, schemas: tuple[Node, ...], root: Node, seen: dict[frozenset[str], set[str]]) -> None:
    known = frozenset(known_keys({"anyOf": list(schemas)}, root))
    if isinstance(value, list):
        for child in value:
            _look(child, _below(schemas, root, "items"), root, seen)
    elif isinstance(value, Mapping):
        seen.setdefault(known, set()).update(set(value) & known)
        for key in set(value) & known:
            _look(value[key], _below(schemas, root, key), root, seen)


def _below(schemas: tuple[Node, ...], root: Node, key: str) -> tuple[Node, ...]:
    found: list[Node] = []
    for schema in schemas:
        branches = [schema]
        for branch in branches:
            if "$ref" in branch:
                node: Any = root
                for name in str(branch["$ref"]).removeprefix("#/").split("/"):
                    node = node[name]
                branches.append(node)
            branches += [branch[word] for word in ("then", "else") if word in branch]
            branches += [part for word in ("allOf", "anyOf", "oneOf") for part in branch.get(word, ())]
            child = branch.get("items") if key == "items" else branch.get("properties", {}).get(key)
            found += [child] if isinstance(child, dict) else []
    return tuple(found)


def test_every_accepted_version_has_its_contract():
    assert {path.name for path in FULL} == {f"full-{version}.odcs.yaml" for version in ACCEPTED_VERSIONS}


@pytest.mark.parametrize("version", [version for version in ACCEPTED_VERSIONS if version != "v3.0.0"])
def test_a_full_contract_has_every_key_of_its_version_at_every_place(version):
    document = load_document(
        Path(f"tests/corpus/full-{version}.odcs.yaml").read_text(encoding="utf-8"), path="x"
    ).mapping

    assert missing_keys(document, version) == {}
    assert list(AllowedKeys(json_schema(version)).unknown_in(document)) == []


@each_contract
def test_a_contract_of_the_corpus_has_no_error(path):
    text = path.read_text(encoding="utf-8")

    contract, findings = examine(text, path=path.name, folder="/c", environment=None, known=Known())

    assert contract is not None
    assert [finding.text(path.name) for finding in findings if finding.level is Level.ERROR] == []


@each_contract
def test_the_sum_of_the_coverage_is_the_knownof_the_file(path):
    document, datasets = read(path)

    rows = covered(document, datasets)

    by_treatment = {treatment: [row for row in rows if row.treatment is treatment] for treatment in Treatment}
    assert sum(map(len, by_treatment.values())) == len(clauses(document.mapping))
    assert len({row.clause for row in rows}) == len(rows)


@each_contract
def test_every_leaf_of_the_file_lies_in_exactly_one_clause(path):
    document, datasets = read(path)
    known = {row.clause for row in covered(document, datasets)}

    for leaf in leaves(document.mapping):
        around = [leaf[:end] for end in range(1, len(leaf) + 1) if end == len(leaf) or leaf[end] in ".["]
        assert len(known.intersection(around)) == 1, leaf


@each_contract
def test_every_clause_has_the_line_it_stands_at_and_a_reason(path):
    document, datasets = read(path)
    lines = path.read_text(encoding="utf-8").splitlines()

    for row in covered(document, datasets):
        key = row.clause.rpartition(".")[2].partition("[")[0]
        assert row.line is not None
        assert row.by
        assert row.clause.endswith("]") or key in lines[row.line - 1], row


@each_contract
def test_what_the_compiler_says_of_a_clause_is_said_of_a_clause_of_the_file(path):
    document, datasets = read(path)
    known = {clause for clause, _ in clauses(document.mapping)}

    for compilation in (dataset.compilation for dataset in datasets):
        said = {check.clause for check in compilation.suite.checks}
        said |= {item.clause for item in compilation.not_executable} | {item.clause for item in compilation.documented}

        assert said - known == set()


@each_contract
def test_a_suite_is_the_same_after_it_was_written_and_read(path):
    for written in (dataset.suite for dataset in read(path)[1]):
        assert Suite.model_validate_json(written.suite.model_dump_json()) == written.suite
        assert len(json.loads(written.document)["expectations"]) == len(written.suite.checks)


def test_an_exclusive_bound_of_v3_0_excludes_the_bound_beside_it():
    _, (dataset,) = read(Path("tests/corpus/full-v3.0.2.odcs.yaml"))
    checks = {check.rule_id: check for check in dataset.suite.suite.checks}

    weight = checks["weight.exclusiveMinimum"].expectation

    assert isinstance(weight, InRange)
    assert (weight.low, weight.low_is_exclusive) == (0, True)
    assert "weight.exclusiveMaximum" not in checks
