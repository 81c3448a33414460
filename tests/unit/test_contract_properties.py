"""Properties of reading, over generated contracts and over anything at all."""

from __future__ import annotations

import json
from typing import Any

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.corpus.mutations import BASE, GONE, put

from partition_gate.checks.compiling.compiled import compiled
from partition_gate.checks.expectations import Suite
from partition_gate.contracts.coverage.clauses import clauses, cover
from partition_gate.contracts.lint.reading import examine
from partition_gate.contracts.lint.rules import lint
from partition_gate.contracts.lint.view import Known
from partition_gate.contracts.odcs.schema import ACCEPTED_VERSIONS
from partition_gate.core.finding import Level
from partition_gate.core.strict_yaml.reading import Document, load_document, parse

relaxed = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

words = st.text("abcdefghij_é ß'\"#:-", min_size=1, max_size=12)
names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
whole = st.integers(-1000, 1000)


def optional(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keys)


@st.composite
def number_options(draw: st.DrawFn) -> dict[str, Any]:
    low = draw(whole)
    return draw(optional(minimum=st.just(low), maximum=st.integers(low, low + 50), multipleOf=st.integers(1, 9)))


def string_options() -> st.SearchStrategy[dict[str, Any]]:
    patterns = st.sampled_from(["^a+$", "[A-Z]{2}", r"\d+", "a|b", "^$"])
    formats = st.sampled_from(["email", "uuid", "uri", "hostname", "ipv4", "ipv6"])
    return optional(minLength=st.integers(0, 5), maxLength=st.integers(5, 9), pattern=patterns, format=formats)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    rule: dict[str, Any] = {"metric": draw(st.sampled_from(["nullValues", "duplicateValues"]))}
    operator = draw(st.sampled_from(["mustBe", "mustBeLessThan", "mustBeLessOrEqualTo", "mustBeGreaterThan"]))
    rule[operator] = draw(st.integers(1, 99))
    rule |= draw(optional(unit=st.sampled_from(["rows", "percent"]), severity=st.sampled_from(["error", "warning"])))
    return rule | draw(optional(description=words, businessImpact=words, dimension=st.just("completeness")))


@st.composite
def properties(draw: st.DrawFn, name: str) -> dict[str, Any]:
    kind = draw(st.sampled_from(["string", "integer", "number", "boolean", "date", "array", "object"]))
    options = {"string": string_options(), "integer": number_options(), "number": number_options()}.get(kind)
    prop: dict[str, Any] = {"name": name, "logicalType": kind}
    if options is not None and (drawn := draw(options)):
        prop["logicalTypeOptions"] = drawn
    if kind == "array":
        prop["items"] = {"logicalType": "string", "logicalTypeOptions": draw(string_options())}
    if kind == "object":
        prop["properties"] = [{"name": "inner", "logicalType": "integer", "required": draw(st.booleans())}]
    flags = st.booleans()
    prop |= draw(optional(required=flags, unique=flags, description=words, businessName=words, tags=st.lists(words)))
    if kind not in {"array", "object"}:
        prop |= draw(optional(quality=st.lists(rules(), max_size=2)))
    return prop


@st.composite
def contracts(draw: st.DrawFn) -> dict[str, Any]:
    columns = draw(st.lists(names, min_size=1, max_size=5, unique=True).filter(lambda found: "dt" not in found))
    return {
        "apiVersion": draw(st.sampled_from(["v3.1.0", "v3.2.0"])),
        "kind": "DataContract",
        "id": draw(names),
        "version": "1.0.0",
        "status": draw(st.sampled_from(["draft", "active", "deprecated"])),
        "servers": [{"server": "s", "type": "local", "path": "data/dt=*/*.parquet", "format": "parquet"}],
        "schema": [
            {
                "name": draw(names),
                "quality": draw(
                    st.lists(st.fixed_dictionaries({"metric": st.just("rowCount"), "mustBe": st.integers(0, 99)}))
                ),
                "properties": [
                    {"name": "dt", "logicalType": "date", "partitioned": True},
                    *[draw(properties(name)) for name in columns],
                ],
            }
        ],
        **draw(optional(tags=st.lists(words), domain=words, description=optional(purpose=words, usage=words))),
    }


@relaxed
@given(contracts())
def test_a_right_contract_is_read_compiled_and_covered_and_its_suite_is_stable(document):
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)

    contract, findings = examine(text, path="c", folder="/c", environment=None, known=Known())

    assert [finding for finding in findings if finding.level is Level.ERROR] == []
    assert contract is not None
    first, second = compiled(contract.dataset), compiled(contract.dataset)
    suite = first.suite.suite
    assert first.suite.document == second.suite.document
    assert Suite.model_validate_json(suite.model_dump_json()) == suite
    assert json.loads(first.suite.document) == json.loads(json.dumps(json.loads(first.suite.document), allow_nan=False))
    assert len({check.rule_id for check in suite.checks}) == len(suite.checks)
    rows = cover(load_document(text, path="c"), [first.compilation])
    known = {row.clause for row in rows}
    assert [row.clause for row in rows] == [clause for clause, _ in clauses(document)]
    assert {check.clause for check in suite.checks} - known == set()
    assert {item.clause for item in first.compilation.not_executable} - known == set()


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9)
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


def every_place(value: Any, place: str = "") -> list[str]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [place] if place else []
    for key, child in below:
        here = f"{place}[{key}]" if isinstance(key, int) else f"{place}.{key}" if place else str(key)
        found += every_place(child, here)
    return found


@relaxed
@given(st.dictionaries(st.text(max_size=9), anything, max_size=5), st.sampled_from([*ACCEPTED_VERSIONS, "v9"]))
def test_lint_says_something_of_any_mapping_and_never_fails(mapping, version):
    findings = lint(Document({**mapping, "apiVersion": version}, {}), Known(name="x", datasets={}))

    assert any(finding.level is Level.ERROR for finding in findings)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(every_place(BASE)), anything | st.just(GONE), st.sampled_from(ACCEPTED_VERSIONS))
@example(place="servers[0].type", value=[], version="v3.0.0")
def test_a_contract_with_anything_anywhere_is_read_or_refused_with_a_sentence(place, value, version):
    document = json.loads(json.dumps(BASE)) | {"apiVersion": version}
    put(document, place, value)
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)

    contract, findings = examine(text, path="c", folder="/c", environment=None, known=Known(name="orders", datasets={}))

    assert contract is not None or any(finding.level is Level.ERROR for finding in findings)
    for dataset in contract.datasets if contract else ():
        compiled(dataset)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.text("ab:-[]{}&*!|>'\"#%@`\n\t ?,", max_size=60))
def test_any_text_is_yaml_or_refused_with_a_sentence(text):
    document, findings = parse(text)

    assert (document is None) == bool(findings)
