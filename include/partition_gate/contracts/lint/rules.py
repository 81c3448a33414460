"""The lint rules: what the standard's schema cannot check. One small function per rule, and one line per rule here.

Their table in docs/reference/lint.md is generated from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from typing import NamedTuple

from partition_gate.checks.compiling.compiler import compile_dataset
from partition_gate.contract.model import Contract
from partition_gate.contracts.coverage.refusals import RUNS
from partition_gate.contracts.lint import (
    columns,
    contract,
    environments,
    objects,
    quality,
    read_contract,
    references,
    slas,
    words,
)
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
    check: Callable[[Document, read_contract.ReadContract, Known], Iterator[Problem]]


class RuleStatement(NamedTuple):
    """A rule, its usual level, and what is true if it finds nothing."""

    name: str
    level: Level
    what: str


BEGIN, END = "<!-- rules: begin (generated; a test keeps it current) -->", "<!-- rules: end -->"
_OTHERS = (
    ("yaml", Level.ERROR, "The file is one plain YAML mapping without features that hide, multiply or change content."),
    ("schema", Level.ERROR, "The document is valid against the JSON Schema of its apiVersion, and no key is misspelt."),
    ("unknown-key", Level.WARNING, "v3.0: places that the schema leaves open have only keys of the standard."),
    (
        "reading",
        Level.ERROR,
        "The contract can be read: it has a server for the environment, and valid names and values.",
    ),
    ("kept-versions", Level.ERROR, "Kept versions are in order, load into one table, and equal the approved versions."),
)
RULES: dict[str, LintRule] = {
    "strict-name": LintRule(Level.ERROR, contract.strict_name),
    "id-is-file-name": LintRule(Level.ERROR, contract.id_is_file_name),
    "version-number": LintRule(Level.WARNING, contract.version_number),
    "status-word": LintRule(Level.WARNING, contract.status_word),
    "draft-text": LintRule(Level.WARNING, contract.draft_text),
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
    "recovery-function": LintRule(Level.ERROR, contract.recovery_exists),
    "inner-custom-property": LintRule(Level.WARNING, words.inner_custom_property),
    "support-scope": LintRule(Level.WARNING, words.support_scope),
    "feature-table": LintRule(Level.WARNING, objects.feature_table),
    "misspelt-word": LintRule(Level.WARNING, words.misspelt_word),
    "date-text": LintRule(Level.WARNING, contract.date_text),
    "range-order": LintRule(Level.ERROR, columns.range_order),
    "bound-value": LintRule(Level.ERROR, columns.bound_value),
    "decimal-digits": LintRule(Level.ERROR, columns.decimal_digits),
    "pattern": LintRule(Level.WARNING, columns.pattern),
    "options-without-type": LintRule(Level.WARNING, columns.options_without_type),
    "nested-required": LintRule(Level.ERROR, columns.nested_required),
    "column-name": LintRule(Level.ERROR, columns.column_name),
    "key-position": LintRule(Level.WARNING, columns.key_position),
    "nested-classification": LintRule(Level.WARNING, columns.nested_classification),
    "classification-word": LintRule(Level.WARNING, columns.classification_word),
    "severity-word": LintRule(Level.WARNING, quality.severity_word),
    "row-count-unit": LintRule(Level.WARNING, quality.row_count_unit),
    "metric-level": LintRule(Level.WARNING, quality.metric_level),
    "one-operator": LintRule(Level.ERROR, quality.one_operator),
    "operator-bound": LintRule(Level.ERROR, quality.operator_bound),
    "window-word": LintRule(Level.ERROR, quality.window_word),
    "rule-id": LintRule(Level.ERROR, quality.rule_id),
    "argument": LintRule(Level.WARNING, quality.argument),
    "custom-expectation": LintRule(Level.WARNING, quality.custom_expectation),
    "sla-name": LintRule(Level.INFO, slas.sla_name),
    "sla-value": LintRule(Level.WARNING, slas.sla_value),
    "minute-unit": LintRule(Level.WARNING, slas.minute_unit),
    "sla-element": LintRule(Level.WARNING, slas.sla_element),
    "sla-schedule": LintRule(Level.WARNING, slas.sla_schedule),
    "foreign-key": LintRule(Level.ERROR, references.foreign_key),
    "foreign-key-source": LintRule(Level.WARNING, references.foreign_key_source),
    "environment-name": LintRule(Level.ERROR, environments.environment_name),
    "environment-column": LintRule(Level.ERROR, environments.environment_column),
    "truth-word": LintRule(Level.WARNING, references.truth_word),
}
# Rules whose warnings say why a clause is not executed.
_CAUSES = frozenset(
    {
        *("pattern", "bound-value", "row-count-unit", "metric-level", "one-operator", "argument", "custom-expectation"),
        "operator-bound",
        *("sla-value", "sla-element", "sla-schedule", "foreign-key-source", "time-zone"),
    }
)
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

    A rule does not report a place that already has an error. If no object of the contract is run here, rules about what
    is judged and published only warn.
    """
    schema = schema_findings(document)
    if any(finding.place == "apiVersion" for finding in schema):
        return schema  # the keys of another version have another meaning
    view = View(document)
    rules = ((name, rule.level, rule.check(view, known)) for name, rule in RULES.items())
    if not view.is_run_here:
        rules = ((name, level, _mild(found) if name in RUNS else found) for name, level, found in rules)
    return _with_rules(schema, rules, document)


def lint_contract(
    earlier: tuple[Finding, ...], document: Document, contract: Contract, known: Known
) -> tuple[Finding, ...]:
    """The findings of `lint`, and the additional findings in the parsed contract."""
    read = read_contract.ReadContract(contract, tuple(map(compile_dataset, contract.datasets)))
    rules = ((name, rule.level, rule.check(document, read, known)) for name, rule in READ_CONTRACT_RULES.items())
    return _with_one_voice(_with_rules(earlier, rules, document))


def _with_one_voice(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings, with one for each clause that is not executed: the warning that names the cause, or the general."""
    clauses = {finding.place for finding in findings if finding.rule == NOT_EXECUTABLE}
    causes = {i: clause for i, finding in enumerate(findings) if (clause := _clause_of(finding, clauses))}
    told = [
        finding.model_copy(update={"what": f"{read_contract.UNCHECKED}: {finding.what}"}) if i in causes else finding
        for i, finding in enumerate(findings)
    ]
    named = set(causes.values())
    return tuple(finding for finding in told if finding.rule != NOT_EXECUTABLE or finding.place not in named)


def _clause_of(finding: Finding, clauses: Set[str]) -> str | None:
    """The clause that is not executed because of a finding."""
    if finding.rule not in _CAUSES:
        return None
    place = finding.place
    around = (place[:end] for end in range(len(place), 0, -1) if end == len(place) or place[end] in ".[")
    return next((each for each in around if each in clauses), None)


def rule_statements() -> tuple[RuleStatement, ...]:
    """Every rule, in execution order."""
    rules: tuple[tuple[str, LintRule | ReadContractRule], ...] = (*RULES.items(), *READ_CONTRACT_RULES.items())
    others = (RuleStatement(*other) for other in _OTHERS)
    return (*others, *(RuleStatement(name, rule.level, _statement(rule.check)) for name, rule in rules))


def rules_table() -> str:
    """The rules as a Markdown table, in execution order."""
    rows = [f"| `{name}` | {level.value} | {what} |" for name, level, what in rule_statements()]
    return "\n".join(["| rule | level | what is true if it finds nothing |", "|---|---|---|", *rows])


def _statement(check: Callable[..., object]) -> str:
    return " ".join((check.__doc__ or "").split("\n\n")[0].split())


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


def _mild(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The problems without errors."""
    for problem in problems:
        yield problem if problem.level is Level.INFO else problem._replace(level=Level.WARNING)


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
