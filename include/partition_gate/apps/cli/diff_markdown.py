"""The Markdown of `gate diff`, as a comment on a pull request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from partition_gate.contracts.compatibility.changes import Change, Mode
from partition_gate.contracts.compatibility.report import CompatibilityReport
from partition_gate.contracts.compatibility.rules import Party
from partition_gate.core.display import counted, escaped, inline_code

if TYPE_CHECKING:
    from partition_gate.gate.rejudge import Rejudged

# GitHub refuses comments of more than 65,536 characters; several contracts may share one.
_MOST_ROWS = 100
_HEAD = "| breaks | change | where | from | to | why |\n|---|---|---|---|---|---|"


def as_markdown(
    contract: str, report: CompatibilityReport, *, mode: Mode | None, rejudged: Sequence[Rejudged] = ()
) -> str:
    """A heading, whom the changes break, the version rule, and the changes; texts of the contract are inert code.

    The first line is a hidden mark, by which a bot finds its own comment again.
    """
    comparison = report.comparison
    breaking = [change for change in comparison.changes if change.breaks]
    others = [change for change in comparison.changes if not change.breaks]
    versions = f"{_code(comparison.old_version)} → {_code(comparison.new_version)}"
    parts = [
        f"<!-- gate diff: {escaped(contract).replace('--', '')} -->",
        f"### {'✅' if report.passes(mode) else '❌'} {_code(contract)} {versions}: {_effect(comparison.changes)}",
        _verdict(report, mode),
        _table(breaking),
        _folded(f"{len(others)} {'change breaks' if len(others) == 1 else 'changes break'} nobody", _table(others)),
        _replays(rejudged),
    ]
    return "\n\n".join(part for part in parts if part)


def _effect(changes: Sequence[Change]) -> str:
    if not changes:
        return "nothing changed"
    broken = [party.value for party in Party if any(party in change.breaks for change in changes)]
    return f"breaks {' and '.join(broken)}" if broken else "breaks nobody"


def _verdict(report: CompatibilityReport, mode: Mode | None) -> str:
    rule, sentences = report.comparison.version_rule, []
    if report.comparison.changes:
        sentences.append(f"**Version{'' if rule.ok else ', to be corrected'}:** {rule.sentence}")
    if mode:
        sentences.append(f"**{mode.value}:** {'compatible' if report.compatible(mode) else 'not compatible'}.")
    sentences += [f"Not compared: {_code(f'{label}: {problem}')}" for label, problem in report.unreadable]
    return "  \n".join(sentences)


def _table(changes: Sequence[Change]) -> str:
    if not changes:
        return ""
    rows = [_row(change) for change in changes[:_MOST_ROWS]]
    left = len(changes) - len(rows)
    return "\n".join([_HEAD, *rows]) + (f"\n\n{left:,} more: run `gate diff`." if left else "")


def _row(change: Change) -> str:
    where = f"{_code(change.subject)}<br>{_code(change.path)}" if change.path else _code(change.subject)
    breaks = ", ".join(change.breaks) or "nobody"
    return f"| {breaks} | {change.kind} | {where} | {_value(change.old)} | {_value(change.new)} | {change.why} |"


def _replays(rejudged: Sequence[Rejudged]) -> str:
    if not rejudged:
        return ""
    lines = [_replay(partition) for partition in rejudged]
    return "\n".join(["Newest partitions, judged by both versions:", "", *lines])


def _replay(partition: Rejudged) -> str:
    name = f"- {_code(f'{partition.dataset} {partition.key}')}"
    if partition.missing is not None:
        return f"{name}: {_code(partition.missing)}"
    rows = counted(partition.row_count or 0, "row")
    if not partition.flips:
        return f"{name}, {rows}: every check has the same result"
    return "\n".join(
        [f"{name}, {rows}:", *(f"  - {_flip(flip.rule_id, flip.before, flip.after)}" for flip in partition.flips)]
    )


def _flip(rule: str, before: str | None, after: str | None) -> str:
    return f"{_code(rule)}: {before or 'no such rule'} → {after or 'no such rule'}"


def _folded(title: str, table: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{table}\n\n</details>" if table else ""


def _value(text: str | None) -> str:
    return "" if text is None else _code(text)


def _code(text: str) -> str:
    """Text from a contract, as code that is not the end of a table's cell either."""
    return inline_code(text).replace("|", "\\|")
