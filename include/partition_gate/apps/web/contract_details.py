"""The details on the contract page of the console: owners, coverage, and versions with their changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from partition_gate.adapters.contract_history import ContractHistory, Revision
from partition_gate.checks.compiling.compiled import CompiledDataset, VersionInForce, versions_in_force
from partition_gate.checks.compiling.compiler import compile_dataset
from partition_gate.contract.model import Contract
from partition_gate.contracts.compatibility.changes import Change, ContractVersion, VersionRule, compare
from partition_gate.contracts.compatibility.report import read_version
from partition_gate.contracts.coverage.clauses import CoveredClause, Treatment, cover
from partition_gate.core.errors import ContractError, OperatorError
from partition_gate.core.record import Record
from partition_gate.core.strict_yaml.reading import load_document

VERSIONS_SHOWN = 20
NOT_COMMITTED = "not committed"


class Coverage(Record):
    """The clauses with one treatment, in the order of the file. `meaning` explains the treatment."""

    treatment: Treatment
    meaning: str
    clauses: tuple[CoveredClause, ...]


class ShownVersion(Record):
    """One state of the file and its changes since the previous one; `rule` is None for the first state."""

    label: str
    version: str
    committed_at: datetime | None
    subject: str
    changes: tuple[Change, ...]
    rule: VersionRule | None


class ContractDetails(Record):
    """Everything on the page except the text. `why_no_versions` is the reason if `versions` is empty."""

    purpose: str
    owners: tuple[str, ...]
    channels: tuple[str, ...]
    coverage: tuple[Coverage, ...]
    in_force: tuple[VersionInForce, ...]
    versions: tuple[ShownVersion, ...]
    why_no_versions: str = ""

    @property
    def has_earlier_versions(self) -> bool:
        """Whether an earlier version still judges partitions of a dataset."""
        return len(self.in_force) > len({version.dataset for version in self.in_force})


_MEANINGS = {
    Treatment.EXECUTED: "checked or applied by the gate",
    Treatment.DOCUMENTED: "information for people only",
    Treatment.NOT_EXECUTABLE: "promised, but not checked by the gate",
}


def contract_details(
    contract: Contract,
    datasets: Sequence[CompiledDataset],
    text: str,
    history: ContractHistory,
    *,
    environment: str = "",
) -> ContractDetails:
    """The details of a contract with the file content `text`, and with these usable datasets.

    `environment` selects the servers.
    """
    states, problem = _states(text, history)
    document = load_document(text, path=contract.path)
    compilations = tuple(map(compile_dataset, contract.datasets))
    return ContractDetails(
        purpose=contract.purpose,
        owners=tuple(_member(member.name or member.username, member.role) for member in contract.team.members),
        channels=tuple(f"{channel.channel} ({channel.tool}, {channel.scope})" for channel in contract.channels),
        coverage=_coverage(cover(document, compilations, environment=environment or None)),
        in_force=tuple(version for compiled in datasets for version in versions_in_force(compiled)),
        versions=_versions(states),
        why_no_versions=problem,
    )


def clauses_by_line(details: ContractDetails) -> dict[int, tuple[str, ...]]:
    """The clauses that begin on each line of the text, for links from checks to it."""
    found: dict[int, tuple[str, ...]] = {}
    for clause in (clause for group in details.coverage for clause in group.clauses):
        if clause.line:
            found[clause.line] = (*found.get(clause.line, ()), clause.clause)
    return found


def _member(name: str, role: str) -> str:
    return f"{name} ({role})" if role else name


def _coverage(clauses: Sequence[CoveredClause]) -> tuple[Coverage, ...]:
    return tuple(
        Coverage(treatment=kind, meaning=meaning, clauses=tuple(c for c in clauses if c.treatment is kind))
        for kind, meaning in _MEANINGS.items()
    )


def _states(text: str, history: ContractHistory) -> tuple[list[tuple[Revision | None, ContractVersion]], str]:
    """The readable states of the file, newest first: an uncommitted working copy, then the commits."""
    try:
        revisions = history.revisions(limit=VERSIONS_SHOWN + 1)
    except OperatorError:
        return [], "This folder is not a git checkout, so earlier versions are unknown."
    if not revisions:
        return [], "The file was never committed, so there are no earlier versions."
    newest = revisions[0].text
    states: list[tuple[Revision | None, str]] = [(None, text)] if newest != text else []
    states += [(revision, revision.text) for revision in revisions if revision.text is not None]
    return [(revision, version) for revision, content in states if (version := _readable(content))], ""


def _readable(text: str) -> ContractVersion | None:
    try:
        return read_version(text, path="contract")
    except ContractError:
        return None  # no partition was ever judged by it


def _versions(states: Sequence[tuple[Revision | None, ContractVersion]]) -> tuple[ShownVersion, ...]:
    shown = [_shown(new, old[1]) for new, old in pairwise(states)]
    if states and len(states) <= VERSIONS_SHOWN:
        shown.append(_shown(states[-1], None))
    return tuple(shown)


def _shown(state: tuple[Revision | None, ContractVersion], old: ContractVersion | None) -> ShownVersion:
    revision, version = state
    comparison = compare(old, version) if old else None
    return ShownVersion(
        label=revision.label if revision else NOT_COMMITTED,
        version=version.version,
        committed_at=revision.committed_at if revision else None,
        subject=revision.subject if revision else "the file as it is now",
        changes=comparison.changes if comparison else (),
        rule=comparison.version_rule if comparison else None,
    )
