"""What the standard's JSON Schema accepts is read, with every clause accounted for, or refused for a listed reason."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from tests.corpus.variants import is_valid, variant
from tests.unit.test_odcs import minimal

from partition_gate.checks.compiling.compiled import compiled
from partition_gate.contracts.coverage.clauses import clauses, cover
from partition_gate.contracts.coverage.refusals import REFUSALS
from partition_gate.contracts.lint.reading import examine
from partition_gate.contracts.lint.rules import READ_CONTRACT_RULES, RULES
from partition_gate.contracts.lint.view import Known
from partition_gate.contracts.odcs.schema import ACCEPTED_VERSIONS, schema_findings
from partition_gate.core.finding import Level, errors_of
from partition_gate.core.strict_yaml.reading import load_document


@seed(20261130)
@settings(max_examples=120, deadline=None, database=None)
@given(version=st.sampled_from(ACCEPTED_VERSIONS), number=st.integers(0, 10**9))
def test_what_the_standard_accepts_is_read_or_refused_for_a_listed_reason(version: str, number: int) -> None:
    document = variant(version, number)
    assert is_valid(document, version)
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)

    contract, found = examine(text, path="x", folder="/c", environment=None, known=Known())

    assert {finding.rule for finding in errors_of(found)} <= set(REFUSALS)
    if contract is None:
        assert errors_of(found)
        return
    read = load_document(text, path="x")
    rows = cover(read, [compiled(dataset).compilation for dataset in contract.datasets])
    assert sorted(row.clause for row in rows) == sorted(clause for clause, _ in clauses(read.mapping))
    assert [row.clause for row in rows if not row.by] == []


@pytest.mark.parametrize("version", ACCEPTED_VERSIONS)
def test_reading_and_the_standards_schema_agree_on_what_is_valid(version: str) -> None:
    for number in range(40):
        text = yaml.safe_dump(variant(version, number), sort_keys=False, allow_unicode=True)

        assert errors_of(schema_findings(load_document(text, path="x"))) == (), number


def test_every_rule_that_can_refuse_a_contract_has_its_reason_in_the_reference() -> None:
    levels = {name: rule.level for name, rule in RULES.items()}
    levels |= {name: rule.level for name, rule in READ_CONTRACT_RULES.items()}
    refusing = {name for name, level in levels.items() if level is Level.ERROR}

    assert refusing - set(REFUSALS) == set()
    assert set(REFUSALS) - set(levels) == {"yaml", "kept-versions", "reading"}


@pytest.mark.parametrize("bound", [[[]], [], [1, 2], {"a": 1}])
def test_a_bound_of_v3_0_that_is_no_number_is_not_executed(bound: object) -> None:
    rule = {"rule": "rowCount", "mustBe": bound}
    schema = [{"name": "orders", "properties": [{"name": "id"}], "quality": [rule]}]
    text = minimal(apiVersion="v3.0.2", schema=schema)
    document = load_document(text, path="x")
    assert not errors_of(schema_findings(document))

    contract, _ = examine(text, path="x", folder="/c", environment=None, known=Known())

    assert contract is not None
    assert [each.clause for each in compiled(contract.dataset).compilation.not_executable] == ["schema[0].quality[0]"]
