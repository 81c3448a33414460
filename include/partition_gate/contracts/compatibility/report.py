"""The answer of `gate diff` as one document: the stable JSON interface, version 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from partition_gate.contracts.compatibility.changes import Comparison, ContractVersion, Mode, contract_version
from partition_gate.contracts.compatibility.rules import Party
from partition_gate.contracts.odcs.schema import require_valid
from partition_gate.core.record import Record
from partition_gate.core.strict_yaml.reading import load_document

INTERFACE_VERSION = 1


class CompatibilityReport(Record):
    """A comparison, and for the transitive modes the same with every earlier version of the history.

    `unreadable` are (revision, problem) of versions in the history that do not fit the standard: nobody was ever
    judged by them, so they count for no mode.
    """

    comparison: Comparison
    earlier: tuple[Comparison, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()

    def compatible(self, mode: Mode) -> bool:
        """The mode's answer: against the old version, or against all known versions."""
        compared = (self.comparison, *self.earlier) if mode.transitive else (self.comparison,)
        return all(comparison.compatible(mode) for comparison in compared)

    def passes(self, mode: Mode | None) -> bool:
        """Whether the version rule holds, and the mode where one was asked for."""
        return self.comparison.version_rule.ok and (mode is None or self.compatible(mode))


def read_version(text: str, *, path: str, label: str | None = None) -> ContractVersion:
    """The contract version in a file's text. Raises: ContractError (not YAML, or not the standard)."""
    document = load_document(text, path=path)
    require_valid(document, path=path)
    return contract_version(document.mapping, label=label or path)


def report_document(report: CompatibilityReport, *, mode: Mode | None, partitions: Sequence[Record]) -> dict[str, Any]:
    """The JSON document; within an interface version keys are only added."""
    comparison = report.comparison
    return {
        "interface_version": INTERFACE_VERSION,
        "old": {"label": comparison.old, "version": comparison.old_version},
        "new": {"label": comparison.new, "version": comparison.new_version},
        "changes": [change.model_dump(mode="json") for change in comparison.changes],
        "breaking": {party.value: sum(party in change.breaks for change in comparison.changes) for party in Party},
        "modes": {each.value: report.compatible(each) for each in Mode},
        "mode": mode.value if mode else None,
        "version_rule": comparison.version_rule.model_dump(mode="json"),
        "passed": report.passes(mode),
        "earlier": [{"label": each.old, "version": each.old_version} for each in report.earlier],
        "unreadable": [{"label": label, "problem": problem} for label, problem in report.unreadable],
        "partitions": [partition.model_dump(mode="json") for partition in partitions],
    }
