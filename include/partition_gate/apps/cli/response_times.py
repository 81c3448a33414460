"""The response times of `gate sla`: how fast incidents were detected, told and repaired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from partition_gate.core.display import SENTENCE_LENGTH, displayed, escaped
from partition_gate.core.record import Record
from partition_gate.core.units import in_words, roughly
from partition_gate.judging.response_report import ResponseReport, ResponseState, TimedIncident

_HEADS = ("kept", "broken", "waiting", "median", "worst")


def response_table(reports: Sequence[ResponseReport]) -> RenderableType | None:
    """A row for each promised response time; None if none is promised."""
    promised = [report for report in reports if report.promised is not None]
    if not promised:
        return None
    title = Text("Response times of the incidents opened in the window")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("dataset, response time\nand promise", overflow="fold", ratio=1)
    for head in _HEADS:
        table.add_column(head, justify="right", overflow="fold")
    for report in promised:
        table.add_row(_named(report), *_cells(report), end_section=True)
    return table


class Named(Record):
    """What a person named: a dataset, or a contract that `has_several`, so that each line names its dataset."""

    has_several: bool


def response_notes(reports: Sequence[ResponseReport], named: Named | None) -> list[str]:
    """What the table does not say; of what was named also each broken promise, and what is measured without one."""
    notes = []
    if names := ", ".join(_name(each) for each in reports if each.state is ResponseState.NO_INCIDENT):
        notes.append(f"No incident in the window, so nothing was measured: {names}")
    others = (each for each in reports if each.state is ResponseState.NOT_COUNTED)
    if names := ", ".join(f"{_name(each)} ({each.not_counted:,} not counted)" for each in others):
        notes.append(f"No incident that counts, so nothing was measured: {names}")
    if named is None:
        return notes
    broken = [line for report in reports for line in _broken(report, has_several=named.has_several)]
    measured = [
        _measured(report, has_several=named.has_several)
        for report in reports
        if report.promised is None and report.timed
    ]
    return [*notes, *(("", "Broken response times", *broken) if broken else ()), *measured]


def response_document(report: ResponseReport) -> dict[str, Any]:
    """The entry of the JSON document. Spans are in seconds."""
    worst, median = report.worst, report.median
    return {
        "dataset": report.dataset,
        "rule_id": report.rule_id,
        "clause": report.clause,
        "promised_seconds": None if report.promised is None else report.promised.total_seconds(),
        "state": report.state.value,
        "incidents": len(report.timed),
        "kept": None if report.promised is None else report.kept,
        "broken": None if report.promised is None else len(report.broken),
        "waiting": report.waiting,
        "not_counted": report.not_counted,
        "median_seconds": None if median is None else median.total_seconds(),
        "worst_seconds": None if worst is None else worst.taken.total_seconds(),
        "worst": None if worst is None else _incident(worst),
        "broken_incidents": [_incident(each) for each in report.broken],
    }


def _name(report: ResponseReport) -> str:
    return f"{escaped(report.dataset)} {report.rule_id}"


def _named(report: ResponseReport) -> Text:
    promised = "" if report.promised is None else f"within {in_words(report.promised)}"
    return Text.assemble(f"{escaped(report.dataset)}\n", (report.rule_id, "bold"), f"\n{promised}")


def _cells(report: ResponseReport) -> tuple[Text, ...]:
    broken = len(report.broken)
    return (
        Text(f"{report.kept:,}"),
        Text(f"{broken:,}", style="red" if broken else ""),
        Text(f"{report.waiting:,}"),
        Text("-" if report.median is None else roughly(report.median)),
        Text("-" if report.worst is None else _worst(report.worst)),
    )


def _worst(worst: TimedIncident) -> str:
    so_far = "" if worst.is_done else " so far"
    return f"{roughly(worst.taken)}{so_far}\nincident {worst.incident}"


def _broken(report: ResponseReport, *, has_several: bool) -> Iterator[str]:
    of = f"{escaped(report.dataset)} " if has_several else ""
    for each in report.broken:
        cause = displayed(each.cause, limit=SENTENCE_LENGTH)
        yield f"incident {each.incident}  {of}{cause}: {report.rule_id} {each.sentence}"


def _measured(report: ResponseReport, *, has_several: bool) -> str:
    """`timeToRepair is not promised: median 12 min, worst 2 h 5 min (incident 7), of 3 incidents`."""
    median = "-" if report.median is None else roughly(report.median)
    worst = "" if report.worst is None else _worst(report.worst).replace("\n", " (") + ")"
    count = len(report.timed)
    of = f"of {count:,} incident{'s' if count != 1 else ''}"
    return f"{_name(report) if has_several else report.rule_id} is not promised: median {median}, worst {worst}, {of}"


def _incident(timed: TimedIncident) -> dict[str, Any]:
    return {
        "incident": timed.incident,
        "cause": timed.cause,
        "opened_at": timed.opened_at.isoformat(),
        "seconds": timed.taken.total_seconds(),
        "is_done": timed.is_done,
        "sentence": timed.sentence,
    }
