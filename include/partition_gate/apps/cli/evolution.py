"""`gate diff`: the changes between two versions of a contract."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from partition_gate.adapters.contract_folder import SUFFIX, ContractFolder
from partition_gate.adapters.contract_history import ContractHistory
from partition_gate.apps.cli import diff_tables, tables
from partition_gate.apps.cli.diff_markdown import as_markdown
from partition_gate.apps.cli.named import whole_contract
from partition_gate.contracts.compatibility.changes import Comparison, ContractVersion, Mode, compare
from partition_gate.contracts.compatibility.report import CompatibilityReport, read_version, report_document
from partition_gate.contracts.compatibility.versions import same_datasets
from partition_gate.core.errors import ContractError
from partition_gate.core.record import Record
from partition_gate.settings import Settings, load_settings
from partition_gate.wiring import contract_folder, open_ports

if TYPE_CHECKING:
    from partition_gate.gate.rejudge import Rejudged

_NAMES_HELP = "The old file and the new one (or contract ids); one alone is compared with its git history."
Compared = Annotated[list[str], typer.Argument(metavar="OLD [NEW]", help=_NAMES_HELP)]
Since = Annotated[str | None, typer.Option("--since", help="The git revision to compare the current file with.")]
ModeOption = Annotated[Mode | None, typer.Option("--mode", help="Exit 1 if not compatible in this Avro mode.")]
Partitions = Annotated[
    int, typer.Option("--partitions", min=0, help="Judge N partitions of each dataset by both versions.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the stable JSON document (the same as --format json).")]


class DiffFormat(StrEnum):
    """How the changes are printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


Form = Annotated[DiffFormat, typer.Option("--format", help="markdown: a comment for a pull request.")]


class Source(Record):
    """The text of a version, the file that contains it (or did), and a label for messages."""

    path: Path
    text: str
    label: str


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(diff)


def diff(
    names: Compared,
    since: Since = None,
    mode: ModeOption = None,
    partitions: Partitions = 0,
    as_json: Json = False,
    form: Form = DiffFormat.TEXT,
) -> None:
    """Show every change between two versions, whom it breaks, and whether the version number is right.

    Without NEW, the contract's file is compared with its last commit, or with the revision of --since. The transitive
    modes compare with every commit of the file (after --since, if set).
    Exit codes: 0 compatible, 1 incompatible or the version number is too low, 2 usage error, 3 no git history.
    """
    settings = load_settings()
    old, new = _old_and_new(names, since)
    before, after, history = _sources(contract_folder(settings), old, new, since)
    report = _report(before, after, history)
    rejudged = _rejudged(before, after, partitions, settings) if partitions else ()
    if as_json or form is DiffFormat.JSON:
        typer.echo(json.dumps(report_document(report, mode=mode, partitions=rejudged), indent=2, ensure_ascii=False))
    elif form is DiffFormat.MARKDOWN:
        typer.echo(as_markdown(after.path.name.removesuffix(SUFFIX), report, mode=mode, rejudged=rejudged))
    else:
        console = tables.terminal()
        diff_tables.show(console, report, mode)
        if partitions:
            diff_tables.show_partitions(console, rejudged)
    raise typer.Exit(0 if report.passes(mode) else 1)


def _old_and_new(names: Sequence[str], since: str | None) -> tuple[str, str | None]:
    if len(names) > 2:
        raise typer.BadParameter(f"{len(names)} names: give one contract, or the old file and the new one")
    if len(names) == 2 and since is not None:
        raise typer.BadParameter("use either NEW or --since, not both")
    return names[0], names[1] if len(names) == 2 else None


def _sources(
    folder: ContractFolder, old: str, new: str | None, since: str | None
) -> tuple[Source, Source, tuple[Source, ...]]:
    """The old version, the new version, and the earlier versions in git."""
    path = whole_contract(folder, new or old)
    after = Source(path=path, text=folder.text(path), label=str(path))
    if new is not None:
        before = whole_contract(folder, old)
        return Source(path=before, text=folder.text(before), label=str(before)), after, ()
    history = ContractHistory(path)
    base = history.at(since or "HEAD")
    earlier = (revision for revision in history.revisions(since=since) if revision.text is not None)
    sources = tuple(Source(path=path, text=revision.text or "", label=revision.label) for revision in earlier)
    return Source(path=path, text=base.text or "", label=since or base.label), after, sources


def _report(before: Source, after: Source, history: Sequence[Source]) -> CompatibilityReport:
    new = _version(after)
    comparisons: list[Comparison] = []
    unreadable: list[tuple[str, str]] = []
    for source in history:
        if source.text in {before.text, after.text}:
            continue
        try:
            comparisons.append(compare(_version(source), new))
        except ContractError as error:
            unreadable.append((source.label, str(error)))
    return CompatibilityReport(
        comparison=compare(_version(before), new), earlier=tuple(comparisons), unreadable=tuple(unreadable)
    )


def _version(source: Source) -> ContractVersion:
    return read_version(source.text, path=str(source.path), label=source.label)


def _rejudged(before: Source, after: Source, partitions: int, settings: Settings) -> tuple[Rejudged, ...]:
    from partition_gate.checks.compiling.compiled import compiled
    from partition_gate.contracts.odcs.reader import read_contract
    from partition_gate.gate.rejudge import rejudge

    environment = settings.environment or None
    contracts = (
        read_contract(source.text, path=str(source.path), folder=_folder(source), environment=environment)
        for source in (before, after)
    )
    pairs = same_datasets(*contracts)
    with open_ports(settings) as ports:
        return tuple(
            judged
            for old, new in pairs
            for judged in rejudge(compiled(old), compiled(new), partitions=partitions, ports=ports)
        )


def _folder(source: Source) -> str:
    return str(source.path.resolve().parent)
