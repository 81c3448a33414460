"""Reads a contract file's text and collects every finding: from the schema, from lint, and from reading."""

from __future__ import annotations

from partition_gate.contract.model import Contract
from partition_gate.contracts.lint.rules import lint, lint_contract
from partition_gate.contracts.lint.view import Known
from partition_gate.contracts.odcs.reader import contract_of
from partition_gate.core.errors import ContractError
from partition_gate.core.finding import Finding, Level, errors_of, refuse
from partition_gate.core.strict_yaml.reading import Document, Parsed, load_document, parse


def read_linted(text: str, *, path: str, folder: str, environment: str | None, known: Known) -> Contract:
    """The contract, if neither the standard's schema nor lint finds an error.

    Raises:
        ContractError: every error, one per line: `file: path.to.key: what; what to do (line 12)`.
    """
    document = load_document(text, path=path)
    refuse(lint(document, known), path=path)
    return contract_of(document, text, path=path, folder=folder, environment=environment, judged_in=known.judged_in)


def examine(
    text: str, *, path: str, folder: str, environment: str | None, known: Known, parsed: Parsed | None = None
) -> tuple[Contract | None, tuple[Finding, ...]]:
    """The contract, if it can be read, and every finding; nothing is raised. `parsed` is the result of `parse`."""
    document, findings = parsed or parse(text)
    if document is None:
        return None, findings
    findings = lint(document, known)
    if errors_of(findings):
        return None, findings
    try:
        contract = contract_of(
            document, text, path=path, folder=folder, environment=environment, judged_in=known.judged_in
        )
    except ContractError as error:
        return None, (*findings, *_reading_findings(error, document, path))
    return contract, lint_contract(findings, document, contract, known)


def _reading_findings(error: ContractError, document: Document, path: str) -> list[Finding]:
    findings = []
    for problem in str(error).splitlines():
        place, _, what = problem.removeprefix(f"{path}: ").partition(": ")
        line = document.line(place)
        what = what.removesuffix(f" (line {line})")
        findings.append(Finding(rule="reading", level=Level.ERROR, place=place, line=line, what=what))
    return findings
