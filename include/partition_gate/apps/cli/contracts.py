"""`gate lint`, `gate compile`, `gate coverage`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from partition_gate.adapters.contract_history import ContractHistory
from partition_gate.adapters.linted_files import ContractLinter
from partition_gate.apps.cli import tables
from partition_gate.apps.cli.json_output import dumped, print_json
from partition_gate.apps.cli.named import Names, named
from partition_gate.apps.cli.versions import with_git
from partition_gate.contracts.compatibility.changes import ContractVersion
from partition_gate.contracts.compatibility.report import read_version
from partition_gate.contracts.coverage.clauses import CoveredClause, Treatment, cover, of_object
from partition_gate.contracts.coverage.queries import unplanned_queries
from partition_gate.contracts.lint.reports import FORMATS, LintFormat
from partition_gate.contracts.lint.text import LintedFile
from partition_gate.core.display import counted
from partition_gate.core.errors import ContractError, OperatorError
from partition_gate.core.finding import Level
from partition_gate.core.strict_yaml.reading import load_document
from partition_gate.settings import load_settings
from partition_gate.wiring import contract_folder, query_planner

_SINCE = "The last approved git revision (in CI: origin/main). Default: the last commit."


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(lint)
    app.command("compile")(compile_)
    app.command()(coverage)


def lint(
    names: Names = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON (the same as --format json).")] = False,
    form: Annotated[LintFormat, typer.Option("--format", help="github: annotations.")] = LintFormat.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Treat warnings as errors: exit 1.")] = False,
    since: Annotated[str | None, typer.Option("--since", help=_SINCE)] = None,
) -> None:
    """Check contract files: what is wrong, where, and what to do. Exit 1 if a file has an error."""
    settings = load_settings()
    folder = contract_folder(settings)
    paths = named(folder, names)
    before = _before(paths, since)
    with query_planner(settings) as why_refused:
        linter = ContractLinter(folder, why_refused, recover=settings.recover)
        linted = ((path, before.get(path)) for path in paths)
        files = [file for path, old in linted for file in with_git(folder, path, linter.lint(path, before=old), old)]
    text = FORMATS[LintFormat.JSON if as_json else form](files)
    if text:
        typer.echo(text)
    raise typer.Exit(1 if _fails(files, strict=strict) else 0)


def compile_(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a suite is stale.")] = False,
) -> None:
    """Compile every contract and its kept versions to Great Expectations suites in expectations/."""
    folder = contract_folder(load_settings())
    if check:
        broken = folder.load_all().broken
        for _, problem in broken:
            typer.echo(problem)
        typer.echo("stale or broken suites: " + str(len(broken)) if broken else "all suites are up to date")
        raise typer.Exit(1 if broken else 0)
    for path in folder.paths():
        written = folder.write_suites(path)
        for target, changed in written:
            typer.echo(f"{'wrote' if changed else 'unchanged'}  {target}")
        if not written:
            typer.echo(f"no suite   {folder.label(path)}: not run here; `gate lint` says why")


def coverage(
    name: Annotated[str, typer.Argument(metavar="CONTRACT", help="A contract id or file, or CONTRACT/SCHEMA.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show how each clause of a contract is treated: executed, documented only, or not executable and why."""
    settings = load_settings()
    folder = contract_folder(settings)
    path, dataset = folder.find(name)
    contract = folder.load_contract(str(path))
    document = load_document(folder.text(path), path=folder.label(path))
    with query_planner(settings) as why_refused:
        found = [query for each in contract for query in unplanned_queries(each.dataset, each.compilation, why_refused)]
    compilations, unplanned = [each.compilation for each in contract], {query.clause: query.why for query in found}
    rows = cover(document, compilations, environment=folder.environment or None, unplanned=unplanned)
    if dataset is not None:
        rows = of_object(rows, folder.load_contract(name)[0].dataset.path)
    if as_json:
        print_json({"clauses": dumped(rows)})
        return
    tables.terminal().print(_coverage_table(rows, title=f"{folder.label(path)}: {_sums(rows)}"))


def _before(paths: Sequence[Path], since: str | None) -> dict[Path, ContractVersion]:
    """For each file that changed since the revision, its version there. Files that git does not know are left out."""
    versions: dict[Path, ContractVersion | None] = {}
    for folder in dict.fromkeys(path.resolve().parent for path in paths):
        names = {path: path.resolve().name for path in paths if path.resolve().parent == folder}
        texts = _approved(folder, tuple(names.values()), since)
        changed = [path for path, name in names.items() if name in texts and not _has_text(path, texts[name])]
        versions.update((path, _version(texts[names[path]], path, since)) for path in changed)
    return {path: version for path, version in versions.items() if version}


def _has_text(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False


def _approved(folder: Path, names: Sequence[str], since: str | None) -> dict[str, str]:
    try:
        return ContractHistory(folder / names[0]).texts(names, at=since or "HEAD")
    except OperatorError:
        if since is not None:
            raise
        return {}


def _version(text: str, path: Path, since: str | None) -> ContractVersion | None:
    try:
        return read_version(text, path=str(path), label=since or "the last commit")
    except ContractError:
        return None  # it did not conform to the standard, so no partition was ever judged by it


def _fails(files: Sequence[LintedFile], *, strict: bool) -> bool:
    levels = (Level.ERROR, Level.WARNING) if strict else (Level.ERROR,)
    return any(file.count(level) for file in files for level in levels)


def _coverage_table(rows: Sequence[CoveredClause], *, title: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("line", justify="right", no_wrap=True)
    table.add_column("clause", overflow="fold")
    table.add_column("treatment", no_wrap=True)
    table.add_column("by, or why not", overflow="fold")
    for row in rows:
        table.add_row(str(row.line or ""), row.clause, row.treatment.value.replace("_", " "), row.by)
    return table


def _sums(rows: Sequence[CoveredClause]) -> str:
    counts = [(sum(row.treatment is treatment for row in rows), treatment) for treatment in Treatment]
    sums = " + ".join(f"{count} {treatment.value.replace('_', ' ')}" for count, treatment in counts)
    return f"{counted(len(rows), 'clause')} = {sums}"
