"""Terminal output: tables and texts from records."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from textwrap import wrap

from rich.console import Console, Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from partition_gate.alerts.alert import Links
from partition_gate.core.display import PATH_LENGTH, SENTENCE_LENGTH, counted, displayed, escaped, file_size
from partition_gate.core.severity import Scope
from partition_gate.core.units import roughly
from partition_gate.gate.quarantine import QuarantinedPartition
from partition_gate.gate.reconcile import Reconciliation
from partition_gate.gate.retention import Retained
from partition_gate.gate.row_comparison import RowComparison
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.quarantine import QuarantineSample, SampleRow
from partition_gate.judging.verdict import CheckOutcome, CheckResult, by_reason, told_by_no_check

STYLES = {
    PartitionOutcome.PUBLISHED: "green",
    PartitionOutcome.PUBLISHED_WITH_QUARANTINE: "yellow",
    PartitionOutcome.REJECTED: "red",
    PartitionOutcome.HELD: "magenta",
    PartitionOutcome.MISSING: "red",
    PartitionOutcome.SUPERSEDED: "cyan",
    PartitionOutcome.ERRORED: "bold red",
}
_ROOM_FOR_WHY = 40  # columns
_SHOWN = (CheckOutcome.ERRORED, CheckOutcome.FAILED, CheckOutcome.UNKNOWN, CheckOutcome.WARNED)


def terminal() -> Console:
    """The console. Without a terminal (a file, a pipe, a log) it is wide enough for the tables."""
    console = Console()
    return console if console.is_terminal else Console(width=160)


def summary(settlements: Sequence[Settlement]) -> Table:
    """One row per partition: rows in, published, quarantined, outcome, why."""
    table = Table(title="Partitions", title_justify="left")
    for name in ("dataset", "partition"):
        table.add_column(name, no_wrap=True)
    for name in ("rows in", "published", "quarantined"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    table.add_column("why", overflow="fold")
    for s in settlements:
        counts = map(_grouped, _counts(s))
        table.add_row(s.dataset, Text(escaped(s.partition_key)), *counts, _outcome(s.outcome), Text(_why(s)))
    return table


def status(settlements: Sequence[Settlement], *, width: int | None = None) -> str:
    """The same as `summary`, as plain lines: fast enough for tens of thousands, because rich measures every cell.

    In a terminal whose `width` leaves no room for it, the reason is below the row.
    """
    words = {outcome: Style.parse(style).render(_words(outcome)) for outcome, style in STYLES.items()}
    longest = max((len(_words(outcome)) for outcome in STYLES), default=0)
    head = ("dataset", "partition", "rows in", "published", "quarantined")
    rows = [(s.dataset, escaped(s.partition_key), *map(_grouped, _counts(s))) for s in settlements]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    form = "  ".join(f"{{:{'<' if i < 2 else '>'}{width}}}" for i, width in enumerate(widths))
    begin = len(form.format(*head)) + 2 + longest + 2
    is_narrow = width is not None and width < begin + _ROOM_FOR_WHY
    lines = [f"{form.format(*head)}  outcome" + ("" if is_narrow else f"{' ' * (longest - len('outcome'))}  why")]
    for row, s in zip(rows, settlements, strict=True):
        space, why = " " * (longest - len(_words(s.outcome))), _why(s)
        lines.append(f"{form.format(*row)}  {words[s.outcome]}{'' if is_narrow else f'{space}  {why}'}".rstrip())
        if is_narrow and width is not None:
            lines += wrap(why, max(width, _ROOM_FOR_WHY), initial_indent="    ", subsequent_indent="    ")
    return "\n".join(lines)


def partition_result(
    settlement: Settlement, results: Sequence[CheckResult], links: Links, *, already: bool, in_memory: bool = False
) -> RenderableType:
    """One partition: the outcome first, then the checks that did not pass, then the links.

    `in_memory`: the contract is in no contracts folder, so nobody reviewed what it compiles to.
    """
    head = Text.assemble(f"{settlement.dataset} {escaped(settlement.partition_key)}: ", _outcome(settlement.outcome))
    head.append(f"  (contract {settlement.contract} {settlement.version}{', compiled in memory' if in_memory else ''})")
    if already:
        head.append("  (already settled by an earlier run; nothing was changed)")
    rows = (
        f"rows in {settlement.rows_in:,} = published {settlement.rows_published:,}"
        f" + quarantined {settlement.rows_quarantined:,}"
    )
    if settlement.rows_discarded:
        rows += f" + discarded {settlement.rows_discarded:,}"
    others = told_by_no_check(settlement.why, results)  # the table below has the rest
    causes = [Text(f"  {displayed(cause, limit=PATH_LENGTH)}") for cause in others]
    addresses = [Text(f"{name}: {escaped(link)}") for name, link in links.model_dump().items() if link]
    # Of a partition that is missing or could not be judged, nothing was counted.
    sums = [Text(rows)] if settlement.rows_in else []
    return Group(head, *sums, *causes, checks(results), *addresses)


def checks(results: Sequence[CheckResult]) -> RenderableType:
    """The checks that did not pass, worst first, then the numbers of those that passed or could not be judged."""
    table = Table(title_justify="left")
    table.add_column("check", no_wrap=True)
    for name in ("outcome", "severity", "expected", "observed"):
        table.add_column(name, overflow="fold")
    unjudged = _unjudged(results)
    for outcome in _SHOWN:
        for r in (result for result in results if result.outcome is outcome and result not in unjudged):
            texts = (Text(displayed(text, limit=SENTENCE_LENGTH)) for text in (r.expected, r.finding))
            table.add_row(Text(escaped(r.rule_id)), outcome.value, r.severity.value, *texts)
    lines = [Text(f"{_count(results, CheckOutcome.PASSED)} of {counted(len(results), 'check')} passed")]
    if unjudged and any(result.outcome is CheckOutcome.FAILED for result in results):
        lines.append(Text(f"{len(unjudged)} could not be judged because of the failures above"))
    else:
        lines += [Text(displayed(group.sentence, limit=PATH_LENGTH)) for group in by_reason(unjudged)]
    return Group(table, *lines) if table.row_count else Group(*lines)


def _unjudged(results: Sequence[CheckResult]) -> list[CheckResult]:
    """Checks without a row of their own: unknown ones (except promises over time, which have their own reasons), and
    those that share a reason with others.
    """
    common = [r for group in by_reason(results) if len(group.results) > 1 for r in group.results]
    unknown = [r for r in results if r.outcome is CheckOutcome.UNKNOWN and r.scope is not Scope.SLA]
    return [r for r in results if r in common or r in unknown]


def quarantined(sample: QuarantineSample, discarded: Collection[int] = ()) -> RenderableType:
    """The rows with source, reasons and values, then the files that could not be read. `discarded` are positions."""
    raw = (Text(f"could not be read, stored unchanged: raw/{name}") for name in sample.raw)
    return Group(*(_quarantined_row(sample.columns, row, discarded) for row in sample.rows), *raw)


def quarantined_partitions(found: Sequence[QuarantinedPartition], *, now: datetime) -> Table:
    """One row per partition with rows in quarantine: how many, why, and for how long."""
    table = Table(title="Rows in quarantine", title_justify="left")
    for name in ("dataset", "partition"):
        table.add_column(name, no_wrap=True)
    for name in ("rows", "discarded", "age"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    table.add_column("reasons", overflow="fold")
    for each in found:
        counts = (f"{each.rows:,}", f"{each.rows_discarded:,}", roughly(now - each.since))
        outcome = _outcome(PartitionOutcome(each.outcome))
        table.add_row(each.dataset, Text(escaped(each.partition_key)), *counts, outcome, Text(_reasons(each)))
    return table


def _reasons(partition: QuarantinedPartition) -> str:
    """The rules with their rows, or why the whole partition is in quarantine."""
    counted = [f"{each.rule_id} {each.rows:,}" for each in partition.reasons if each.rows]
    kept = [f"kept back {partition.rows_kept:,}"] if partition.rows_kept else []
    return displayed(", ".join([*counted, *kept]) or "; ".join(partition.why), limit=SENTENCE_LENGTH)


def _quarantined_row(columns: Sequence[str], row: SampleRow, discarded: Collection[int]) -> Text:
    reasons = ", ".join(row.rule_ids or ("the partition was rejected",))
    reasons += f" ({row.attempts:,} attempts)" if row.attempts > 1 else ""
    reasons += " (discarded)" if row.position in discarded else ""
    values = (f"{name}={'' if value is None else value}" for name, value in zip(columns, row.values, strict=True))
    source = f"row {row.source_row} of {row.source_file}"
    return Text.assemble((source, "bold"), f": {reasons}\n    ", "  ".join(values))


def reconciliation(result: Reconciliation) -> RenderableType:
    """The row counts of each partition, the repairs, and the remaining differences."""
    table = Table(title="Rows of each partition's outcome", title_justify="left")
    for name in ("dataset", "partition", "outcome"):
        table.add_column(name, no_wrap=True)
    has_superseded = any(proof.rows_superseded for proof in result.proofs)
    superseded = ("+ superseded",) if has_superseded else ()
    for name in ("rows in", "= published", "+ quarantined", "+ discarded", *superseded, "holds"):
        table.add_column(name, justify="right", no_wrap=True)
    for proof in result.proofs:
        given_up = (proof.rows_discarded, *((proof.rows_superseded,) if has_superseded else ()))
        rows = (proof.rows_in, proof.rows_published, proof.rows_quarantined, *given_up)
        counts = (*(f"{count:,}" for count in rows), "yes" if proof.holds else "NO")
        table.add_row(proof.dataset, Text(escaped(proof.partition_key)), proof.outcome.replace("_", " "), *counts)
    repaired = [Text(f"finished: attempt {attempt.attempt_id}: {attempt.ending.value}") for attempt in result.repaired]
    views = [Text(f"refreshed: the view of {name}") for name in result.views]
    sent = [Text(f"delivered: {counted(result.sent, 'waiting message')}")] if result.sent else []
    lines = (f"DIFFERENCE {entry.dataset} {entry.partition_key or ''}: {entry.what}" for entry in result.differences)
    differences = [Text(escaped(line)) for line in lines]
    count = len(differences)
    remaining = "1 difference remains." if count == 1 else f"{count:,} differences remain."
    summary = remaining if differences else "Tables, ledger and messages agree."
    return Group(table, *repaired, *views, *sent, *_compared(result.compared), *differences, Text(summary))


def aged(result: Retained, *, is_rehearsal: bool) -> RenderableType:
    """What was removed by age, or would be: a row for each subject and dataset."""
    if not result.removed:
        return Text("Nothing is older than the settings keep it.")
    table = Table(title="Would be removed" if is_rehearsal else "Removed by age", title_justify="left")
    table.add_column("what", no_wrap=True)
    table.add_column("dataset", overflow="fold")
    for name in ("attempts", "size", "oldest"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in result.removed:
        size = file_size(each.size_bytes) if each.row_count is None else counted(each.row_count, "row")
        oldest = f"{each.oldest:%Y-%m-%d}"
        table.add_row(each.subject.value, Text(escaped(each.dataset)), f"{each.count:,}", size, oldest)
    return table


def _compared(compared: Sequence[RowComparison]) -> list[Text]:
    """How many partitions have the rows that landed, and why others could not be compared."""
    if not compared:
        return []
    equal = sum(each.is_equal is True for each in compared)
    others = [each for each in compared if each.is_equal is None]
    lines = [f"not compared: {each.dataset} {each.partition_key}: {each.why}" for each in others]
    return [Text(f"the rows of {equal:,} of {len(compared):,} partitions are those that landed"), *_shown(lines)]


def _shown(lines: Sequence[str]) -> list[Text]:
    return [Text(displayed(line, limit=PATH_LENGTH)) for line in lines]


def _count(results: Sequence[CheckResult], outcome: CheckOutcome) -> int:
    return sum(result.outcome is outcome for result in results)


def _counts(settlement: Settlement) -> tuple[int, int, int]:
    return settlement.rows_in, settlement.rows_published, settlement.rows_quarantined


def _grouped(count: int) -> str:
    return f"{count:,}"


def _words(outcome: PartitionOutcome) -> str:
    return outcome.value.replace("_", " ")


def _outcome(outcome: PartitionOutcome) -> Text:
    return Text(_words(outcome), style=STYLES[outcome])


def _why(settlement: Settlement) -> str:
    discarded = (f"{counted(settlement.rows_discarded, 'row')} discarded",) if settlement.rows_discarded else ()
    return _shortened(displayed("; ".join((*discarded, *settlement.why)), limit=PATH_LENGTH))


def _shortened(text: str, limit: int = 88) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
