"""What the terminal shows: tables made of records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from partition_gate.alert import Links
from partition_gate.attempt import Settlement
from partition_gate.disposition import PartitionOutcome
from partition_gate.verdict import CheckOutcome, CheckResult

STYLES = {
    PartitionOutcome.PUBLISHED: "green",
    PartitionOutcome.PUBLISHED_WITH_QUARANTINE: "yellow",
    PartitionOutcome.REJECTED: "red",
    PartitionOutcome.HELD: "magenta",
    PartitionOutcome.MISSING: "red",
    PartitionOutcome.SUPERSEDED: "cyan",
    PartitionOutcome.ERRORED: "bold red",
}
_ORDER = (CheckOutcome.ERRORED, CheckOutcome.FAILED, CheckOutcome.UNKNOWN, CheckOutcome.WARNED)


def summary(settlements: Sequence[Settlement]) -> Table:
    """One row a partition: rows in, published, quarantined, outcome, why."""
    table = Table(title="Partitions", title_justify="left")
    for name in ("dataset", "partition"):
        table.add_column(name)
    for name in ("rows in", "published", "quarantined"):
        table.add_column(name, justify="right")
    table.add_column("outcome")
    table.add_column("why", overflow="fold", ratio=1)
    for s in settlements:
        counts = (f"{s.rows_in:,}", f"{s.rows_published:,}", f"{s.rows_quarantined:,}")
        table.add_row(s.dataset, s.partition_key, *counts, _outcome(s.outcome), Text(_shortened("; ".join(s.why))))
    return table


def journey(settlement: Settlement, results: Sequence[CheckResult], links: Links, *, already: bool) -> RenderableType:
    """One partition: the outcome first, then what did not pass, then where to look."""
    head = Text.assemble(f"{settlement.dataset} {settlement.partition_key}: ", _outcome(settlement.outcome))
    if already:
        head.append("  (already settled by an earlier run; nothing was changed)")
    rows = (
        f"rows in {settlement.rows_in:,} = published {settlement.rows_published:,}"
        f" + quarantined {settlement.rows_quarantined:,}"
    )
    causes = [Text(f"  {cause}") for cause in settlement.why]
    where = [Text(f"{name}: {link}") for name, link in links.model_dump().items() if link]
    return Group(head, Text(rows), *causes, checks(results), *where)


def checks(results: Sequence[CheckResult]) -> RenderableType:
    """The checks that did not pass, worst first; the others as one number."""
    passed = sum(result.outcome is CheckOutcome.PASSED for result in results)
    table = Table("check", "outcome", "severity", "expected", "observed", title_justify="left")
    for outcome in _ORDER:
        for r in (result for result in results if result.outcome is outcome):
            table.add_row(r.rule_id, outcome.value, r.severity.value, Text(r.expected), Text(r.observed or ""))
    summary_line = Text(f"{passed} of {len(results)} checks passed")
    return Group(table, summary_line) if table.row_count else summary_line


def quarantined(uri: str, *, classified: Sequence[str], limit: int) -> RenderableType:
    """The first quarantined rows: reasons first, then the columns as they came; classified values are hidden."""
    path = Path(uri) / "rows.parquet"
    if not path.exists():
        return Text("no row could be read; the files are kept as they came")
    rows = pq.read_table(path).slice(0, limit)
    names = [name for name in rows.column_names if not name.startswith("_gate")]
    table = Table("source row", "reasons", *names)
    for row in rows.to_pylist():
        values = ("(hidden)" if name in classified else "" if row[name] is None else str(row[name]) for name in names)
        reasons = "\n".join(row["_gate_rule_ids"] or ["the partition was rejected"])
        table.add_row(str(row["_gate_source_row"]), reasons, *map(Text, values))
    return table


def _outcome(outcome: PartitionOutcome) -> Text:
    return Text(outcome.value.replace("_", " "), style=STYLES[outcome])


def _shortened(text: str, limit: int = 160) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
