"""Lint findings in the formats that CI servers show: JUnit XML and SARIF; and the table of all formats."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from partition_gate import __version__
from partition_gate.contracts.lint.rules import RuleStatement, rule_statements
from partition_gate.contracts.lint.text import LintedFile, as_github, as_json, as_text
from partition_gate.core.display import escaped
from partition_gate.core.finding import Finding, Level

_SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_SARIF_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}


class LintFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    JUNIT = "junit"
    SARIF = "sarif"


def as_junit(files: Sequence[LintedFile]) -> str:
    """One suite per file with one test case per finding, or with one that passed. Only errors are failures."""
    failures = sum(file.count(Level.ERROR) for file in files)
    cases = sum(len(file.findings) or 1 for file in files)
    root = ElementTree.Element("testsuites", name="gate lint", tests=str(cases), failures=str(failures))
    for file in files:
        _add_suite(root, file)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


def as_sarif(files: Sequence[LintedFile]) -> str:
    """SARIF 2.1.0: one run with every rule of gate lint, and one result per finding at its line."""
    rules = rule_statements()
    places = {rule.name: number for number, rule in enumerate(rules)}
    driver = {"name": "gate lint", "semanticVersion": __version__, "rules": [_sarif_rule(rule) for rule in rules]}
    results = [_sarif_result(file.path, finding, places) for file in files for finding in file.findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    document = {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False)


FORMATS: dict[LintFormat, Callable[[Sequence[LintedFile]], str]] = {
    LintFormat.TEXT: as_text,
    LintFormat.JSON: as_json,
    LintFormat.GITHUB: as_github,
    LintFormat.JUNIT: as_junit,
    LintFormat.SARIF: as_sarif,
}


def _add_suite(root: ElementTree.Element, file: LintedFile) -> None:
    tests, failures = len(file.findings) or 1, file.count(Level.ERROR)
    suite = ElementTree.SubElement(root, "testsuite", name=_text(file.path), tests=str(tests), failures=str(failures))
    if not file.findings:
        _add_case(suite, file, "no findings")
    for finding in file.findings:
        case = _add_case(suite, file, f"{finding.rule} (line {finding.line or 1})")
        text = _text(finding.text(file.path))
        if finding.level is Level.ERROR:
            ElementTree.SubElement(case, "failure", type=finding.rule, message=_text(finding.what)).text = text
        else:
            ElementTree.SubElement(case, "system-out").text = text


def _add_case(suite: ElementTree.Element, file: LintedFile, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=_text(file.path), name=name)


def _text(text: str) -> str:
    """Text that XML 1.0 can hold: it has no form for most control characters and for two others."""
    return escaped(text).replace("\ufffe", r"\ufffe").replace("\uffff", r"\uffff")


def _sarif_rule(rule: RuleStatement) -> dict[str, Any]:
    level = _SARIF_LEVELS[rule.level]
    return {"id": rule.name, "shortDescription": {"text": rule.what}, "defaultConfiguration": {"level": level}}


def _sarif_result(path: str, finding: Finding, places: dict[str, int]) -> dict[str, Any]:
    where = {"artifactLocation": {"uri": quote(path)}, "region": {"startLine": finding.line or 1}}
    logical = [{"fullyQualifiedName": finding.place}] if finding.place else []
    location = {"physicalLocation": where, **({"logicalLocations": logical} if logical else {})}
    return {
        "ruleId": finding.rule,
        "ruleIndex": places[finding.rule],
        "level": _SARIF_LEVELS[finding.level],
        "message": {"text": escaped(f"{finding.place}: {finding.what}" if finding.place else finding.what)},
        "locations": [location],
    }
