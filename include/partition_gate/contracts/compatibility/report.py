"""The result of `gate diff` as a document: the stable JSON interface, version 1."""

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
    """A comparison and, for the transitive modes, the comparisons with every earlier version in the history.

    `unreadable` has the (revision, problem) of versions that are not valid against the standard: they never judged a
    partition, so no mode includes them.
    """

    comparison: Comparison
    earlier: tuple[Comparison, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()

    def compatible(self, mode: Mode) -> bool:
        """Whether the new version is compatible with the old version or, in a transitive mode, with all versions."""
        compared = (self.comparison, *self.earlier) if mode.transitive else (self.comparison,)
        return all(comparison.compatible(mode) for comparison in compared)

    def passes(self, mode: Mode | None) -> bool:
        """Whether the version rule is met and, with a mode, the new version is compatible."""
        return self.comparison.version_rule.ok and (mode is None or self.compatible(mode))


def read_version(text: str, *, path: str, label: str | None = None) -> ContractVersion:
    """The contract version in a file's text. Raises: ContractError (not YAML, or not valid against the standard)."""
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
