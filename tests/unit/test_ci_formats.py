"""Findings and changes in the formats that CI servers show."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest

from partition_gate.apps.cli.diff_markdown import as_markdown
from partition_gate.contracts.compatibility.changes import Mode, compare
from partition_gate.contracts.compatibility.report import CompatibilityReport, read_version
from partition_gate.contracts.lint.reports import as_junit, as_sarif
from partition_gate.contracts.lint.rules import rule_statements
from partition_gate.contracts.lint.text import LintedFile
from partition_gate.core.finding import Finding, Level
from partition_gate.core.severity import Severity
from partition_gate.gate.rejudge import Flip, Rejudged
from partition_gate.judging.verdict import CheckOutcome

ERROR = Finding(rule="schema", level=Level.ERROR, place="schema[0].requird", line=24, what="'<x>' & more; write y")
WARNING = Finding(rule="version-number", level=Level.WARNING, place="version", line=5, what="is short; write 1.2.0")
NO_LINE = Finding(rule="kept-versions", level=Level.INFO, place="", what="note; none")
FILES = [
    LintedFile(path="contracts/a b.odcs.yaml", contract=None, findings=(ERROR, WARNING, NO_LINE)),
    LintedFile(path="contracts/ok.odcs.yaml", contract="ok 1.0.0", findings=()),
]


def junit(files: list[LintedFile]) -> ElementTree.Element:
    return ElementTree.fromstring(as_junit(files))  # noqa: S314 - we wrote it


def test_junit_counts_a_case_for_each_finding_and_fails_only_on_errors():
    root = junit(FILES)

    assert root.attrib == {"name": "gate lint", "tests": "4", "failures": "1"}
    first, second = root.findall("testsuite")
    assert (first.attrib["tests"], first.attrib["failures"], second.attrib["failures"]) == ("3", "1", "0")
    assert [case.attrib["name"] for case in root.iter("testcase")] == [
        "schema (line 24)",
        "version-number (line 5)",
        "kept-versions (line 1)",
        "no findings",
    ]
    (failure,) = root.iter("failure")
    assert failure.attrib == {"type": "schema", "message": "'<x>' & more; write y"}
    assert failure.text == "contracts/a b.odcs.yaml: schema[0].requird: '<x>' & more; write y (line 24)"
    assert ["warning: is short" in (case.text or "") for case in root.iter("system-out")] == [True, False]


def test_junit_can_be_read_whatever_a_contract_contains():
    evil = Finding(rule="yaml", level=Level.ERROR, place="\x01", what="\x00\x1b]]>\ud800￾")

    (failure,) = junit([LintedFile(path="\x02", contract=None, findings=(evil,))]).iter("failure")

    assert failure.attrib["message"].startswith(r"\x00\x1b]]>\ud800")


def test_sarif_names_the_rule_the_level_the_file_and_the_line_of_each_finding():
    (run,) = json.loads(as_sarif(FILES))["runs"]

    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.name for rule in rule_statements()]
    assert all(rule["shortDescription"]["text"] for rule in rules)
    assert [(found["level"], rules[found["ruleIndex"]]["id"]) for found in run["results"]] == [
        ("error", "schema"),
        ("warning", "version-number"),
        ("note", "kept-versions"),
    ]
    (place,) = run["results"][0]["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "contracts/a%20b.odcs.yaml"},
        "region": {"startLine": 24},
    }
    assert place["logicalLocations"] == [{"fullyQualifiedName": "schema[0].requird"}]


# The comment of `gate diff`


def a_version(text: str = "1.0.0", *, maximum: int = 100, name: str = "amount", description: str = "") -> str:
    return f"""
apiVersion: v3.1.0
kind: DataContract
id: orders
version: {text}
status: active
description: {{purpose: {json.dumps(description)}}}
schema:
- name: orders
  properties:
  - {{name: {json.dumps(name)}, logicalType: integer, logicalTypeOptions: {{maximum: {maximum}}}}}
"""


def a_report(old: str, new: str) -> CompatibilityReport:
    versions = [read_version(text, path="orders.odcs.yaml") for text in (old, new)]
    return CompatibilityReport(comparison=compare(*versions))


def comment(old: str, new: str, *, mode: Mode | None = None, rejudged: tuple[Rejudged, ...] = ()) -> list[str]:
    return as_markdown("orders", a_report(old, new), mode=mode, rejudged=rejudged).splitlines()


def test_a_comment_begins_with_its_mark_and_whom_the_changes_break():
    shown = comment(a_version(), a_version(maximum=50))

    assert shown[0] == "<!-- gate diff: orders -->"
    assert shown[2] == "### ❌ `orders` `1.0.0` → `1.0.0`: breaks producers"
    assert shown[4].startswith("**Version, to be corrected:** ")
    assert [line for line in shown if line.startswith("| producers")] == [
        "| producers | range narrowed | `orders.amount`<br>`schema[0].properties[0].logicalTypeOptions` "
        "| `<= 100` | `<= 50` | Values that were allowed are now outside the range. |"
    ]


def test_changes_that_break_nobody_are_folded_below_those_that_do():
    shown = comment(a_version(), a_version("2.0.0", maximum=50, description="new"))

    assert shown[2].startswith("### ✅")
    folded = shown.index("<details><summary>2 changes break nobody</summary>")
    assert [line for line in shown[folded:] if "| producers" in line] == []
    assert [line for line in shown[:folded] if "| nobody" in line] == []


def test_a_comment_says_whether_the_requested_mode_holds():
    shown = comment(a_version(), a_version("2.0.0", maximum=50), mode=Mode.BACKWARD)

    assert "**BACKWARD:** not compatible." in shown
    assert shown[2].startswith("### ❌")


def test_nothing_changed_is_one_sentence_without_a_table():
    shown = comment(a_version(), a_version())

    assert shown[2].endswith("`1.0.0`: nothing changed")
    assert not [line for line in shown if line.startswith("|")]


@pytest.mark.parametrize("text", ["@everyone", "a|b", "<img src=x>", "`` ` ``", "x\n# y", "[a](http://b)", " ", "`"])
def test_no_text_of_a_contract_leaves_its_cell_or_becomes_markup(text: str):
    shown = comment(a_version(), a_version("2.0.0", name=text))

    rows = [line for line in shown if line.startswith(("| consumers", "| producers"))]
    assert rows
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 7
        outside = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", row)
        assert not re.search(r"[@<\[#`]", outside.replace("<br>", ""))


def test_a_long_list_of_changes_ends_with_the_number_of_the_others():
    columns = "".join(f"  - {{name: c{i}, logicalType: integer}}\n" for i in range(130))

    shown = comment(a_version(), a_version("2.0.0") + columns)

    assert len([line for line in shown if line.startswith("| producers")]) == 100
    assert "30 more: run `gate diff`." in shown


def test_the_newest_partitions_show_which_checks_have_another_result():
    flip = Flip(
        rule_id="amount-range",
        clause="schema",
        severity=Severity.ERROR,
        before=CheckOutcome.PASSED,
        after=CheckOutcome.FAILED,
        unexpected_count=3,
        element_count=10,
        expected="at most 50",
    )
    judged = Rejudged(dataset="orders", key="2026-11-29", row_count=1_000, flips=(flip,))
    same = Rejudged(dataset="orders", key="2026-11-28", row_count=10, flips=())
    gone = Rejudged(dataset="orders", key="2026-11-27", row_count=None, flips=(), missing="nothing landed")

    shown = comment(a_version(), a_version(maximum=50), rejudged=(judged, same, gone))

    assert shown[-4:] == [
        "- `orders 2026-11-29`, 1,000 rows:",
        "  - `amount-range`: passed → failed",
        "- `orders 2026-11-28`, 10 rows: every check has the same result",
        "- `orders 2026-11-27`: `nothing landed`",
    ]
