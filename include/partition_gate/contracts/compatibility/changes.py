"""The changes between two versions of a contract, whom they break, and which version number they require."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import accumulate
from typing import Any

from partition_gate.contract.model import Status
from partition_gate.contracts.compatibility.compare import kind_of
from partition_gate.contracts.compatibility.differences import Difference, differences
from partition_gate.contracts.compatibility.rules import KINDS, Direction, Kind, Party
from partition_gate.contracts.compatibility.terms import Node, Value, contract_tree
from partition_gate.core.display import listed
from partition_gate.core.record import Record

_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:[-+].*)?")
# The table reports changes of its primary key once.
_REPORTED_BY_TABLE = {("column", "primaryKey"), ("column", "primaryKeyPosition")}
_SHOWN_LENGTH = 120


class Mode(StrEnum):
    """Avro's compatibility modes. Transitive modes compare with every earlier version, not only with the last."""

    BACKWARD = "BACKWARD"
    FORWARD = "FORWARD"
    FULL = "FULL"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    @property
    def transitive(self) -> bool:
        return self.value.endswith("_TRANSITIVE")

    @property
    def directions(self) -> tuple[Direction, ...]:
        word = self.value.removesuffix("_TRANSITIVE")
        return tuple(Direction) if word == "FULL" else (Direction(word),)


class ContractVersion(Record):
    """One version of a contract file. `label` names its origin (a path, a git revision)."""

    label: str
    version: str
    status: str
    tree: Node

    @property
    def approved(self) -> bool:
        """Whether the version is binding: partitions are judged by it, and people are notified."""
        return self.status in {Status.ACTIVE, Status.DEPRECATED}


class Change(Record):
    """One change; `path` is its place in the new file (in the old file if it was removed)."""

    path: str
    subject: str
    kind: str
    old: str | None
    new: str | None
    breaks: tuple[Party, ...]
    incompatible: tuple[Direction, ...]
    why: str


class VersionRule(Record):
    """Whether the version number fits the changes. `needed` is the part that must increase."""

    ok: bool
    needed: str
    sentence: str


class Comparison(Record):
    """The result of comparing two versions."""

    old: str
    new: str
    old_version: str
    new_version: str
    changes: tuple[Change, ...]
    version_rule: VersionRule

    def compatible(self, mode: Mode) -> bool:
        """Whether no change between these two versions breaks a direction of the mode."""
        return not any(direction in change.incompatible for change in self.changes for direction in mode.directions)


def contract_version(document: Mapping[str, Any], *, label: str) -> ContractVersion:
    """The version in a document that is valid against the standard."""
    version, status = str(document.get("version", "")), str(document.get("status") or "draft").lower()
    return ContractVersion(label=label, version=version, status=status, tree=contract_tree(document))


def changes(old: ContractVersion, new: ContractVersion) -> tuple[Change, ...]:
    """Every change, breaking changes first, then in the new file's order. Empty for equal contracts."""
    reported = [
        _change(difference)
        for difference in differences(old.tree, new.tree)
        if (difference.owner, difference.clause) not in _REPORTED_BY_TABLE
    ]
    return tuple(sorted(reported, key=lambda change: not change.breaks))


def compare(old: ContractVersion, new: ContractVersion) -> Comparison:
    """The changes from old to new, and whether the version number fits them."""
    all_changes = changes(old, new)
    return Comparison(
        old=old.label,
        new=new.label,
        old_version=old.version,
        new_version=new.version,
        changes=all_changes,
        version_rule=version_rule(old, new, all_changes),
    )


def version_rule(old: ContractVersion, new: ContractVersion, all_changes: Iterable[Change]) -> VersionRule:
    """A breaking change needs a new major version (below 1.0.0 a new minor version), other changes a higher version.

    A draft has promised nothing, so its successor may have any version. Source: Semantic Versioning 2.0.0.
    """
    real = [change for change in all_changes if change.kind != "version changed"]
    breaking = [change for change in real if change.breaks]
    before, after = parsed_version(old.version), parsed_version(new.version)
    if not real or old.status in {"draft", "proposed"}:
        why = "nothing changed" if not real else f"{old.label} was {old.status}, so it was not binding yet"
        return VersionRule(ok=True, needed="none", sentence=why)
    if before is None or after is None:
        invalid = old.version if before is None else new.version
        sentence = f"version {invalid!r} is not MAJOR.MINOR.PATCH, so it cannot show what breaks; use that form"
        return VersionRule(ok=not breaking, needed="major" if breaking else "patch", sentence=sentence)
    needed = "patch" if not breaking else "major" if before[0] else "minor"
    ok = after > before if needed == "patch" else after[: 1 + (needed == "minor")] > before[: 1 + (needed == "minor")]
    count = _counted(len(breaking), "breaking change") if breaking else _counted(len(real), "compatible change")
    return VersionRule(ok=ok, needed=needed, sentence=_sentence(old, new, count, needed, ok=ok))


def parsed_version(text: str) -> tuple[int, int, int] | None:
    """(major, minor, patch); None for a version of another form."""
    match = _VERSION.fullmatch(text.strip())
    return (int(match[1]), int(match[2] or 0), int(match[3] or 0)) if match else None


def _sentence(old: ContractVersion, new: ContractVersion, count: str, needed: str, *, ok: bool) -> str:
    step = f"{old.version} -> {new.version}"
    if ok:
        return f"{step} is correct for {count}"
    required = {"patch": "higher version", "minor": "new minor version", "major": "new major version"}[needed]
    return f"{step}: {count} without a {required}; raise the contract's version, or revert the change"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _change(difference: Difference) -> Change:
    kind: Kind = KINDS[kind_of(difference)]
    return Change(
        path=difference.path,
        subject=difference.subject or "contract",
        kind=kind.name,
        old=_shown(difference, difference.old, difference.before),
        new=_shown(difference, difference.new, difference.after),
        breaks=kind.breaks,
        incompatible=kind.incompatible,
        why=kind.why,
    )


def _shown(difference: Difference, value: Value | None, node: Node | None) -> str | None:
    if not difference.clause:
        return node.name if node else None
    if value is None:
        return None
    parts = value if isinstance(value, tuple) else (value,)
    between = " " if difference.clause in {"operator", "promise"} else ", "
    if difference.clause != "range" and between == ", " and len(parts) > 1:
        return _listed([str(part) for part in parts if part is not None])
    text = _range_text(*parts) if difference.clause == "range" else between.join(str(p) for p in parts if p is not None)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"


def _listed(texts: Sequence[str]) -> str:
    """As many of the texts as are short enough together, at least one, and the number of the others."""
    lengths = accumulate(len(text) + 2 for text in texts)
    return listed(texts, max(1, sum(length <= _SHOWN_LENGTH + 2 for length in lengths)))


def _range_text(low: object, high: object, low_is_exclusive: object, high_is_exclusive: object) -> str:
    ends = [
        f">{'' if low_is_exclusive else '='} {low}" if low is not None else "",
        f"<{'' if high_is_exclusive else '='} {high}" if high is not None else "",
    ]
    return " and ".join(filter(None, ends))
