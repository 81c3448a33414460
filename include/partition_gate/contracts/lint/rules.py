"""The lint rules: what the standard's schema cannot check. One small function per rule, and one line per rule here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from typing import NamedTuple

from partition_gate.contract.model import Contract
from partition_gate.contracts.lint import columns, contract, objects, quality, read_contract, references, slas
from partition_gate.contracts.lint.view import Known, Problem, View
from partition_gate.contracts.odcs.schema import schema_findings
from partition_gate.core.finding import Finding, Level
from partition_gate.core.strict_yaml.reading import Document


class LintRule(NamedTuple):
    """A rule: its level, and a function. The docstring of the function says what is true if it finds nothing."""

    level: Level
    check: Callable[[View, Known], Iterator[Problem]]


class ReadContractRule(NamedTuple):
    """A rule for a contract that can be read."""

    level: Level
    check: Callable[[Document, Contract, Known], Iterator[Problem]]


RULES: dict[str, LintRule] = {
    "strict-name": LintRule(Level.ERROR, contract.strict_name),
    "id-is-file-name": LintRule(Level.ERROR, contract.id_is_file_name),
    "version-number": LintRule(Level.WARNING, contract.version_number),
    "status-word": LintRule(Level.ERROR, contract.status_word),
    "schema-object": LintRule(Level.ERROR, objects.schema_object),
    "dataset-name": LintRule(Level.ERROR, objects.dataset_name),
    "object-reference": LintRule(Level.ERROR, objects.object_reference),
    "readable-server": LintRule(Level.ERROR, contract.readable_server),
    "partition-pattern": LintRule(Level.ERROR, objects.partition_pattern),
    "own-folder": LintRule(Level.ERROR, objects.own_folder),
    "partition-columns": LintRule(Level.ERROR, objects.partition_columns),
    "time-zone": LintRule(Level.ERROR, contract.time_zone),
    "custom-property": LintRule(Level.WARNING, contract.custom_property),
    "custom-value": LintRule(Level.ERROR, contract.custom_value),
    "date-text": LintRule(Level.WARNING, contract.date_text),
    "range-order": LintRule(Level.ERROR, columns.range_order),
    "bound-value": LintRule(Level.ERROR, columns.bound_value),
    "pattern": LintRule(Level.ERROR, columns.pattern),
    "options-without-type": LintRule(Level.WARNING, columns.options_without_type),
    "nested-required": LintRule(Level.ERROR, columns.nested_required),
    "column-name": LintRule(Level.ERROR, columns.column_name),
    "key-position": LintRule(Level.WARNING, columns.key_position),
    "nested-classification": LintRule(Level.ERROR, columns.nested_classification),
    "classification-word": LintRule(Level.WARNING, columns.classification_word),
    "severity-word": LintRule(Level.ERROR, quality.severity_word),
    "row-count-unit": LintRule(Level.ERROR, quality.row_count_unit),
    "metric-level": LintRule(Level.ERROR, quality.metric_level),
    "one-operator": LintRule(Level.ERROR, quality.one_operator),
    "operator-bound": LintRule(Level.ERROR, quality.operator_bound),
    "window-word": LintRule(Level.ERROR, quality.window_word),
    "rule-id": LintRule(Level.ERROR, quality.rule_id),
    "argument": LintRule(Level.WARNING, quality.argument),
    "custom-expectation": LintRule(Level.ERROR, quality.custom_expectation),
    "sla-name": LintRule(Level.INFO, slas.sla_name),
    "sla-value": LintRule(Level.ERROR, slas.sla_value),
    "minute-unit": LintRule(Level.WARNING, slas.minute_unit),
    "sla-element": LintRule(Level.ERROR, slas.sla_element),
    "sla-schedule": LintRule(Level.ERROR, slas.sla_schedule),
    "foreign-key": LintRule(Level.ERROR, references.foreign_key),
    "foreign-key-source": LintRule(Level.ERROR, references.foreign_key_source),
    "truth-word": LintRule(Level.WARNING, references.truth_word),
}
NOT_EXECUTABLE = "not-executable"
_ECHOES = frozenset({"one-operator", "readable-server", NOT_EXECUTABLE})
READ_CONTRACT_RULES: dict[str, ReadContractRule] = {
    "sql-query": ReadContractRule(Level.ERROR, read_contract.sql_query),
    "masked-text": ReadContractRule(Level.INFO, read_contract.masked_text),
    "version-rise": ReadContractRule(Level.ERROR, read_contract.version_rise),
    NOT_EXECUTABLE: ReadContractRule(Level.WARNING, read_contract.not_executable),
}


def lint(document: Document, known: Known) -> tuple[Finding, ...]:
    """Every finding in a document alone, in the file's order: from its schema, then from the rules.

    A rule does not report a place that already has an error.
    """
    view = View(document)
    rules = ((name, rule.level, rule.check(view, known)) for name, rule in RULES.items())
    return _with_rules(schema_findings(document), rules, document)


def lint_contract(
    earlier: tuple[Finding, ...], document: Document, contract: Contract, known: Known
) -> tuple[Finding, ...]:
    """The findings of `lint`, and the additional findings in the parsed contract."""
    rules = ((name, rule.level, rule.check(document, contract, known)) for name, rule in READ_CONTRACT_RULES.items())
    return _with_rules(earlier, rules, document)


def _with_rules(
    earlier: tuple[Finding, ...], rules: Iterable[tuple[str, Level, Iterator[Problem]]], document: Document
) -> tuple[Finding, ...]:
    findings = list(earlier)
    wrong = {finding.place for finding in findings if finding.level is Level.ERROR}
    for name, level, problems in rules:
        more = _without_echo(_findings(name, level, problems, document), wrong)
        findings += more
        wrong |= {finding.place for finding in more if finding.level is Level.ERROR}
    return tuple(sorted(findings, key=lambda finding: finding.line or 0))


def _findings(name: str, level: Level, problems: Iterable[Problem], document: Document) -> Iterator[Finding]:
    for place, what, own_level in problems:
        yield Finding(rule=name, level=own_level or level, place=place, line=document.line(place), what=what)


def _without_echo(found: Iterable[Finding], wrong: Set[str]) -> list[Finding]:
    """The findings without those at a place that already has an error, or that only repeat an error inside it."""
    findings = [finding for finding in found if finding.place not in wrong]
    if not any(finding.rule in _ECHOES for finding in findings):
        return findings
    around = {place[:i] for place in wrong for i, letter in enumerate(place) if letter in ".["}
    return [finding for finding in findings if not (finding.rule in _ECHOES and finding.place in around)]
