"""Lint: each thing that can be wrong with a contract gives its sentence, and nothing else."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.corpus.mutations import BASE, KNOWN, mutated

from partition_gate.contracts.compatibility.report import read_version
from partition_gate.contracts.lint.reading import examine
from partition_gate.contracts.lint.rules import BEGIN, END, RULES, lint, rules_table
from partition_gate.contracts.lint.text import LintedFile, as_github, as_json, as_text
from partition_gate.contracts.lint.view import Known
from partition_gate.core.finding import MAX_LINES, Finding, Level, refuse
from partition_gate.core.strict_yaml.reading import load_document, parse
from partition_gate.core.table import TableSchema

CASES = yaml.safe_load(Path("tests/corpus/adversarial.yaml").read_text(encoding="utf-8"))
COLUMNS = [prop["name"] for prop in BASE["schema"][0]["properties"]]


def findings(changes: dict[str, Any], *, known: Known = KNOWN) -> tuple[Finding, ...]:
    document, traps = parse(mutated(changes))
    return traps if document is None else lint(document, known)


@cache
def findings_of_case(number: int) -> tuple[Finding, ...]:
    """Kept, because three tests look at all cases."""
    return findings(CASES[number][1])


def told(finding: Finding) -> str:
    def column(match: re.Match[str]) -> str:
        return f"${COLUMNS[int(match[1])]}" if int(match[1]) < len(COLUMNS) else match[0]

    return re.sub(r"schema\[0\]\.properties\[(\d+)\]", column, f"{finding.level.value} {finding.place}: {finding.what}")


def linted(**changes: Any) -> LintedFile:
    document, _ = parse(mutated(changes))
    assert document is not None
    return LintedFile(
        path="include/contracts/orders.odcs.yaml", contract="orders 1.2.0", findings=lint(document, KNOWN)
    )


@pytest.mark.parametrize("changes", [{}, {"<v3.0>": 1}], ids=["v3.1", "v3.0"])
def test_the_base_of_the_adversarial_cases_is_right_in_every_way(changes):
    assert findings(changes) == ()


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case[0] for case in CASES])
def test_a_wrong_contract_gives_its_findings_and_no_others(number):
    assert [told(finding) for finding in findings_of_case(number)] == CASES[number][2]


def test_the_corpus_is_large_and_has_no_case_twice():
    names = [case[0] for case in CASES]

    assert len(names) >= 150
    assert len(set(names)) == len(names)


def test_every_rule_is_broken_by_a_case():
    broken = {finding.rule for number in range(len(CASES)) for finding in findings_of_case(number)}

    assert set(RULES) - broken == {"truth-word"}  # a dumped case is quoted; it has its own test


def test_every_finding_has_a_line_and_a_next_step():
    for number, case in enumerate(CASES):
        for finding in findings_of_case(number):
            assert finding.line is not None, case[0]
            assert re.search(r"; |: write |\?$", finding.what), finding.what


def test_an_unquoted_country_is_not_a_truth_value():
    text = mutated({}).replace("- DE\n", "- NO\n")

    found = lint(load_document(text, path="x"), KNOWN)

    assert [(f.rule, f.level, f.what) for f in found] == [
        ("truth-word", Level.WARNING, "NO is read as false; quote it if it is a word")
    ]


def test_a_truth_value_where_one_belongs_may_be_yes():
    text = mutated({}).replace("partitioned: true", "partitioned: yes")

    assert lint(load_document(text, path="x"), KNOWN) == ()


def test_a_key_to_an_unknown_contract_is_only_a_warning_outside_the_folder_and_unknown_where_nobody_looked():
    change = {"$customer.relationships[0].to": "people.id"}
    elsewhere = Known(name=None, datasets=KNOWN.datasets)

    assert [f.level for f in findings(change, known=elsewhere)] == [Level.WARNING]
    assert findings(change, known=Known(name="orders")) == ()


def test_what_no_check_stands_for_is_a_warning_that_names_the_clause():
    text = mutated(
        {
            "slaProperties[3]": {"property": "freshness", "value": 5, "unit": "min"},
            "schema[0].relationships": [],
        }
    )

    contract, found = examine(text, path="x", folder="/c", environment=None, known=KNOWN)

    assert contract is not None
    assert "slaProperties[3]" in {f.place for f in found if f.rule == "not-executable"}
    assert {f.level for f in found} == {Level.WARNING}


def test_a_window_that_is_none_is_an_error_with_its_line():
    text = mutated({"$amount.quality[0].customProperties": [{"property": "window", "value": "7x"}]})

    contract, found = examine(text, path="x", folder="/c", environment=None, known=KNOWN)

    assert contract is None
    assert [(f.level, f.place.rpartition(".quality")[2], f.line is not None) for f in found if "7x" in f.what] == [
        (Level.ERROR, "[0].customProperties[0].value", True)
    ]


def examined(changes: dict[str, Any], **known: Any) -> list[Finding]:
    surroundings = KNOWN.model_copy(update=known)
    _, found = examine(mutated(changes), path="x", folder="/c", environment=None, known=surroundings)
    return [finding for finding in found if finding.rule in {"sql-query", "masked-text", "version-rise"}]


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({"version": "1.2.1", "description.purpose": "Every sale."}, None),
        ({"description.purpose": "Every sale."}, Level.WARNING),
        ({"version": "1.3.0", "$amount.required": True}, Level.ERROR),
        ({"version": "2.0.0", "$amount.required": True}, None),
        ({}, None),
    ],
    ids=["a patch", "no new number", "breaking, minor", "breaking, major", "unchanged"],
)
def test_a_change_since_the_approved_version_needs_its_version_number(changes, level):
    before = read_version(mutated({}), path="x", label="origin/main")

    assert [f.level for f in examined(changes, before=before)] == ([level] if level else [])


def test_the_sentence_about_the_version_names_what_breaks():
    before = read_version(mutated({}), path="x", label="origin/main")

    (found,) = examined({"$amount.required": True}, before=before)

    assert (found.place, found.line) == ("version", 5)
    assert found.what == (
        "1.2.0 -> 1.2.0: 1 breaking change without a new major version; raise the contract's version, or revert "
        "the change (breaking: schema[0].properties[3].required (nulls forbidden)); `gate diff` shows each change"
    )


def test_a_query_that_cannot_run_is_named_with_the_engines_reason():
    asked = []

    def why_refused(table: TableSchema, query: str) -> str:
        asked.append((table.name, query))
        return "no such column; correct it"

    (found,) = examined({}, why_refused=why_refused)

    assert asked == [("orders", 'SELECT COUNT(*) FROM "orders" WHERE amount < 0')]
    assert (found.level, found.place, found.what) == (
        Level.ERROR,
        "schema[0].quality[2].query",
        "no such column; correct it",
    )


@pytest.mark.parametrize(
    ("classified", "operator", "told"),
    [
        (
            "personal",
            {"mustBe": "EUR"},
            "this query returns text, which is shown as a keyed hash because 'customer' is classified",
        ),
        ("personal", {"mustNotBe": "EUR"}, "this query returns text"),
        ("personal", {"mustBe": 0}, ""),
        ("personal", {"mustBe": True}, ""),
        ("public", {"mustBe": "EUR"}, ""),
    ],
)
def test_a_text_that_a_query_returns_is_said_to_be_masked_where_a_column_is_classified(classified, operator, told):
    rule = {"id": "country", "type": "sql", "query": "select max(country) from {object}", **operator}
    changes = {"schema[0].quality[2]": rule, "schema[0].properties[2].classification": classified}

    found = examined(changes)

    assert [(one.level, one.place) for one in found] == ([(Level.INFO, "schema[0].quality[2].query")] if told else [])
    assert all(told in one.what for one in found)


def test_a_contract_that_cannot_be_read_for_another_reason_says_so_with_its_line():
    text = mutated({})

    contract, found = examine(text, path="x", folder="/c", environment="nowhere", known=KNOWN)

    assert contract is None
    assert [(f.rule, f.place) for f in found if f.level is Level.ERROR] == [("reading", "servers")]


def test_text_names_file_place_sentence_line_and_rule_and_ends_with_the_totals():
    lines = as_text([linted(status="actve"), linted(version="1.2")]).splitlines()

    assert lines == [
        "include/contracts/orders.odcs.yaml: status: 'actve' is not a status; "
        "did you mean 'active'? (line 6) [status-word]",
        "include/contracts/orders.odcs.yaml: version: warning: '1.2' is not a semantic version: "
        "write three numbers such as 1.4.0 (line 5) [version-number]",
        "include/contracts/orders.odcs.yaml: ok (orders 1.2.0)",
        "2 contracts: 1 error, 1 warning, 0 info",
    ]


def test_json_has_a_version_the_totals_and_every_finding():
    document = json.loads(as_json([linted(status="actve")]))

    assert {key: document[key] for key in ("interface_version", "errors", "warnings", "infos")} == {
        "interface_version": 1,
        "errors": 1,
        "warnings": 0,
        "infos": 0,
    }
    (file,) = document["files"]
    assert (file["ok"], file["file"]) == (False, "include/contracts/orders.odcs.yaml")
    assert file["findings"][0]["rule"] == "status-word"
    assert (file["findings"][0]["place"], file["findings"][0]["line"]) == ("status", 6)


def test_an_annotation_of_github_cannot_be_broken_by_a_contract():
    finding = Finding(rule="r", level=Level.ERROR, place="a", line=3, what="100 %\n::error::x\r")
    evil = LintedFile(path="c,1:2\n%.yaml", contract=None, findings=(finding,))

    assert as_github([evil]) == (
        "::error file=c%2C1%3A2%0A%25.yaml,line=3,title=gate lint%3A r::a: 100 %25%0A::error::x%0D"
    )


@pytest.mark.parametrize(("level", "command"), [("error", "error"), ("warning", "warning"), ("info", "notice")])
def test_an_annotation_of_github_has_the_level_of_the_finding(level, command):
    finding = Finding(rule="r", level=Level(level), place="", what="x; y")

    assert as_github([LintedFile(path="c", contract=None, findings=(finding,))]).startswith(
        f"::{command} file=c,line=1,"
    )


def test_thousands_of_errors_end_with_their_number():
    many = [Finding(rule="r", level=Level.ERROR, place="a", line=1, what="x; y")] * (MAX_LINES + 7)

    with pytest.raises(Exception, match="7 more errors") as error:
        refuse(many, path="c")

    assert str(error.value).count("\n") == MAX_LINES


def test_the_table_of_rules_in_the_docs_is_current():
    page = Path("docs/reference/lint.md").read_text(encoding="utf-8")

    assert page.partition(f"{BEGIN}\n")[2].partition(f"\n{END}")[0] == rules_table()
