"""`gate sla`: what was promised, what was kept, and how much of the error budget is left."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from partition_gate.adapters.catalogue import Catalogue
from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.apps.cli import tables
from partition_gate.apps.cli.json_output import print_json
from partition_gate.apps.cli.response_times import Named, response_document, response_notes, response_table
from partition_gate.checks.promises import LONGEST_WINDOW
from partition_gate.core.display import SENTENCE_LENGTH, displayed, escaped, share
from partition_gate.core.units import duration, in_words, roughly
from partition_gate.gate.service_levels import service_level_reports, service_level_responses
from partition_gate.judging.attainment import Attainment, JudgedPartition
from partition_gate.judging.burn_rate import BurnAlert, BurnRate, BurnSeverity
from partition_gate.judging.measurement import Amount, Figures
from partition_gate.judging.response_report import ResponseReport
from partition_gate.judging.service_level_report import ClauseReport
from partition_gate.settings import load_settings
from partition_gate.wiring import contract_folder, open_ports

Dataset = Annotated[
    str | None, typer.Argument(metavar="[DATASET]", help="A dataset, or the id or file of a contract. Default: all.")
]
Window = Annotated[str, typer.Option("--window", help="The time span until now, such as 30d, 12h or P90D.")]
Json = Annotated[bool, typer.Option("--json", help="Print the stable JSON document.")]

_STYLES = {BurnSeverity.PAGE: "bold red", BurnSeverity.TICKET: "yellow", BurnSeverity.NONE: ""}
_HEADS = ("attained", "kept", "broken", "budget\nleft", "burn", "worst\nmargin")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sla)


def sla(dataset: Dataset = None, window: Window = "90d", as_json: Json = False) -> None:
    """Show how the service levels were kept for the partitions that became due in the window, worst first.

    Exit codes: 0 shown, 1 a contract is invalid (the others are shown), 2 usage error, 3 the ledger does not answer.
    """
    span = _span(window)
    settings = load_settings()
    catalogue = _catalogue(contract_folder(settings), dataset)
    with open_ports(settings) as ports:
        now = ports.clock.now()
        reports = service_level_reports(catalogue.contracts, window=span, now=now, ledger=ports.ledger)
        responses = service_level_responses(catalogue.contracts, window=span, now=now, ledger=ports.ledger)
    if as_json:
        contracts = {each.dataset.name: each.contract.id for each in catalogue.contracts}
        print_json(document(reports, responses, contracts, window=span, now=now))
    else:
        named = None if dataset is None else Named(has_several=len(catalogue.contracts) > 1)
        tables.terminal().print(rendered(reports, responses, window=span, named=named))
    for file, problem in catalogue.broken:
        typer.echo(f"left out: {file}: {escaped(problem)}", err=True)
    raise typer.Exit(1 if catalogue.broken else 0)


def rendered(
    reports: Sequence[ClauseReport], responses: Sequence[ResponseReport], *, window: timedelta, named: Named | None
) -> RenderableType:
    """The tables, notes on them, and for what was named a line for each broken partition and incident."""
    table, notes = response_table(responses), response_notes(responses, named)
    below = [each for each in (table, *map(Text, notes)) if each is not None]
    return Group(_of_partitions(reports, window=window, named=named), *below)


def document(
    reports: Sequence[ClauseReport],
    responses: Sequence[ResponseReport],
    contracts: Mapping[str, str],
    *,
    window: timedelta,
    now: datetime,
) -> dict[str, Any]:
    """The JSON document. Within an interface version keys are only added. `contracts` are the ids by dataset."""
    return {
        "as_of": now.isoformat(),
        "window_seconds": window.total_seconds(),
        "clauses": [{"contract": contracts[each.dataset], **_clause_document(each)} for each in reports],
        "response_times": [{"contract": contracts[each.dataset], **response_document(each)} for each in responses],
    }


def _of_partitions(reports: Sequence[ClauseReport], *, window: timedelta, named: Named | None) -> RenderableType:
    if not reports:
        return Text("No contract promises a service level that is judged with its partitions; see: gate coverage")
    title = Text(f"Service levels over {in_words(window)}, worst first")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("dataset, clause\nand promise", overflow="fold", ratio=1)
    for head in _HEADS:
        table.add_column(head, justify="right", overflow="fold")
    for report in reports:
        table.add_row(_clause(report), *_cells(report), end_section=True)
    lines = list(_broken_lines(reports, has_several=named.has_several)) if named else []
    return Group(table, *map(Text, (*_notes(reports), *(("", "Broken promises") if lines else ()), *lines)))


def _span(window: str) -> timedelta:
    span = duration(window)
    if not span or span > LONGEST_WINDOW:
        longest = f"{LONGEST_WINDOW.days}d"
        raise typer.BadParameter(
            f"{window!r} is not a time span of at most {longest}: write one such as 90d", param_hint="--window"
        )
    return span


def _catalogue(folder: ContractFolder, name: str | None) -> Catalogue:
    """All contracts, or the datasets with this name. Raises: UnknownContract, ContractError."""
    if name is None:
        return folder.load_all()
    return Catalogue(contracts=folder.load_run(name), broken=())


def _clause(report: ClauseReport) -> Text:
    promised = displayed(report.promised, limit=SENTENCE_LENGTH)
    return Text.assemble(f"{escaped(report.dataset)}\n", (escaped(report.rule_id), "bold"), f"\n{promised}")


def _cells(report: ClauseReport) -> tuple[Text, ...]:
    counted, alert = report.attainment, report.alert
    left = f"{counted.budget.left:,}\nof {counted.budget.allowed:,}" if counted.judged else "-"
    burn = "-" if not counted.judged else _rate(alert.long)
    worst = "-" if report.worst is None else f"{_margin(report.worst)}\n{escaped(report.worst.partition_key)}"
    unknown = f"\n{counted.unknown:,}?" if counted.unknown else ""
    return (
        Text(f"{_attained(counted)}\nof {_target(counted)}", style="" if counted.is_met else "red"),
        Text(f"{counted.kept:,}{unknown}"),
        Text(f"{counted.broken:,}"),
        Text(left),
        Text(f"{burn}\n{_word(alert)}".rstrip(), style=_STYLES[alert.severity]),
        Text(worst),
    )


def _attained(counted: Attainment) -> str:
    return share(counted.kept, counted.judged) if counted.judged else "-"


def _target(counted: Attainment) -> str:
    return f"{counted.target.words}{'*' if counted.target.is_default else ''}"


def _word(alert: BurnAlert) -> str:
    return "" if alert.severity is BurnSeverity.NONE else alert.severity.value


def _rate(burn: BurnRate) -> str:
    return "over" if math.isinf(burn.rate) else f"{burn.rate:,.1f}x"


def _notes(reports: Sequence[ClauseReport]) -> list[str]:
    notes = []
    if not any(report.attainment.judged or report.attainment.unknown for report in reports):
        notes.append("No partition became due in the window.")
    if any(report.attainment.target.is_default for report in reports):
        notes.append("* the default target: the contract's availability does not apply to the clause, or it has none")
    if any(report.attainment.unknown for report in reports):
        notes.append("? partitions that could not be judged; they are in no rate")
    alerts = [report for report in reports if report.alert.severity is not BurnSeverity.NONE]
    return [*notes, *(f"{_word(r.alert)}: {escaped(r.dataset)} {r.rule_id}: {r.alert.sentence}" for r in alerts)]


def _broken_lines(reports: Sequence[ClauseReport], *, has_several: bool) -> Iterator[str]:
    """One line per broken partition, by dataset and key. Clauses that are broken for the same reason are together."""
    broken: dict[tuple[str, str], dict[str, list[str]]] = {}
    for report in reports:
        for each in report.broken:
            where = broken.setdefault((report.dataset, each.partition_key), {})
            where.setdefault(each.measurement.sentence, []).append(report.rule_id)
    for (dataset, key), reasons in sorted(broken.items()):
        causes = (
            f"{', '.join(map(escaped, rules))}: {displayed(why, limit=SENTENCE_LENGTH)}"
            for why, rules in reasons.items()
        )
        named = f"{escaped(dataset)} {escaped(key)}" if has_several else escaped(key)
        yield f"{named}  {'; '.join(causes)}"


def _margin(partition: JudgedPartition) -> str:
    figures = partition.measurement.figures
    if figures is None or figures.margin is None:
        return "never"
    sign, size = ("-" if figures.margin < 0 else "+"), abs(figures.margin)
    match figures.unit:
        case "seconds":
            return f"{sign}{roughly(timedelta(seconds=size))}"
        case "fraction":
            return f"{sign}{size * 100:.2f} points"
        case unit:
            return f"{sign}{size:,.0f} {unit}"


def _clause_document(report: ClauseReport) -> dict[str, Any]:
    counted, alert = report.attainment, report.alert
    return {
        "dataset": report.dataset,
        "rule_id": report.rule_id,
        "clause": report.clause,
        "promised": report.promised,
        "target": counted.target.fraction,
        "target_is_default": counted.target.is_default,
        "kept": counted.kept,
        "broken": counted.broken,
        "unknown": counted.unknown,
        "attainment": counted.fraction,
        "is_met": counted.is_met,
        "budget": {"allowed": counted.budget.allowed, "used": counted.budget.used, "left": counted.budget.left},
        "burn": _alert_document(alert),
        "worst": None if report.worst is None else _partition_document(report.worst),
        "broken_partitions": [_partition_document(each) for each in report.broken],
    }


def _alert_document(alert: BurnAlert) -> dict[str, Any]:
    windows = {"long": alert.long, "short": alert.short}
    rates = {name: {**burn.model_dump(), "rate": _finite(burn.rate)} for name, burn in windows.items()}
    return {"severity": alert.severity.value, "threshold": alert.threshold, **rates, "sentence": alert.sentence}


def _finite(rate: float) -> float | None:
    """None for an infinite rate (a target of 100 %), which JSON cannot represent."""
    return rate if math.isfinite(rate) else None


def _partition_document(partition: JudgedPartition) -> dict[str, Any]:
    measurement = partition.measurement
    return {
        "partition_key": partition.partition_key,
        "state": measurement.state.value,
        "sentence": measurement.sentence,
        **_figures_document(measurement.figures),
    }


def _figures_document(figures: Figures | None) -> dict[str, Any]:
    if figures is None:
        return {"unit": None, "promised": None, "observed": None, "margin": None}
    dumped = figures.model_dump(mode="json")
    promised = (
        {name: dumped[name] for name in ("at_least", "at_most", "is_outside")}
        if isinstance(figures, Amount)
        else dumped["promised"]
    )
    return {"unit": figures.unit, "promised": promised, "observed": dumped["observed"], "margin": figures.margin}
