"""The terminal output of `gate diff`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from partition_gate.contracts.compatibility.changes import Change, Mode
from partition_gate.contracts.compatibility.report import CompatibilityReport
from partition_gate.core.display import counted
from partition_gate.gate.rejudge import Flip, Rejudged

_WIDTH_OF_TABLE = 110
_LIMITS = (
    "The files that are in landing now were judged, including rows that had been quarantined, with today's reference "
    "data. SLA and window promises are not replayed."
)


def show(console: Console, report: CompatibilityReport, mode: Mode | None) -> None:
    """Print the changes, the modes, and the version rule."""
    comparison = report.comparison
    title = f"{comparison.old} ({comparison.old_version}) -> {comparison.new} ({comparison.new_version})"
    if not comparison.changes:
        console.print(Text(f"{title}: nothing changed"))
    elif console.width < _WIDTH_OF_TABLE:
        console.print(Text(title), *map(narrow, comparison.changes), sep="\n")
    else:
        console.print(_changes(comparison.changes, title))
    modes = (f"{name.value} {'yes' if report.compatible(name) else 'NO'}" for name in Mode)
    console.print(Text("Compatible: " + ", ".join(modes)))
    if report.earlier:
        console.print(Text(f"Transitive modes compare with {counted(len(report.earlier) + 1, 'earlier version')}."))
    for label, problem in report.unreadable:
        console.print(Text(f"Skipped: {label}: {problem.splitlines()[0]}"))
    rule = comparison.version_rule
    console.print(Text(f"Version: {rule.sentence}", style="" if rule.ok else "bold red"))
    if mode and not report.compatible(mode):
        console.print(Text(f"Not {mode.value} compatible.", style="bold red"))


def show_partitions(console: Console, rejudged: Sequence[Rejudged]) -> None:
    """Print the checks with a different outcome, partition by partition."""
    if not rejudged:
        console.print("There is no partition in landing, so nothing was replayed.")
        return
    for partition in rejudged:
        rows = "" if partition.row_count is None else f" ({counted(partition.row_count, 'row')})"
        count = len(partition.flips)
        flips = f"{counted(count, 'check')} {'flips' if count == 1 else 'flip'}" if count else "nothing flips"
        console.print(Text(f"{partition.dataset} {partition.key}{rows}: {partition.missing or flips}"))
        for flip in partition.flips:
            console.print(Text(f"  {_flip(flip)}"))
    console.print(Text(_LIMITS, style="dim"))


def narrow(change: Change) -> Group:
    """A change in lines, for a terminal in which the cells of a table would be a few letters wide."""
    head = Text(f"breaks {' and '.join(change.breaks) or 'nobody'}: ", style="red" if change.breaks else "green")
    head.append(change.kind, style="bold")
    lines = [f"{change.subject}  ({change.path})"]
    if change.old or change.new:
        lines.append(f"{change.old or '-'}  ->  {change.new or '-'}")
    return Group(head, Padding(Text("\n".join((*lines, change.why))), (0, 0, 0, 4)))


def _changes(changes: Iterable[Change], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("breaks", no_wrap=True)
    table.add_column("change", no_wrap=True)
    for name in ("where", "from", "to", "why"):
        table.add_column(name, overflow="fold")
    for change in changes:
        breaks = Text("\n".join(change.breaks) or "nobody", style="red" if change.breaks else "green")
        where = Text(f"{change.subject}\n{change.path}")
        table.add_row(breaks, change.kind, where, Text(change.old or "-"), Text(change.new or "-"), Text(change.why))
    return table


def _flip(flip: Flip) -> str:
    before = flip.before.value if flip.before else "no such rule"
    after = flip.after.value if flip.after else "no such rule"
    counted = flip.unexpected_count is not None and flip.element_count is not None
    count = f", {flip.unexpected_count:,} of {flip.element_count:,} rows" if counted else ""
    return f"{flip.rule_id}: {before} -> {after} ({flip.severity.value}{count}; expected {flip.expected})"
