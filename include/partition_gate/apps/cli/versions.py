"""`gate freeze` and `gate versions`: the earlier versions of a contract, which judge older partitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer
from rich.table import Table

from partition_gate.adapters.contract_folder import SUFFIX, ContractFolder
from partition_gate.adapters.contract_history import ContractHistory
from partition_gate.apps.cli import tables
from partition_gate.apps.cli.json_output import dumped, print_json
from partition_gate.apps.cli.named import Names, named
from partition_gate.checks.compiling.compiled import versions_in_force
from partition_gate.contract.model import Contract
from partition_gate.contracts.compatibility.changes import ContractVersion, parsed_version
from partition_gate.contracts.compatibility.releases import Release, is_approved, kept_text, releases
from partition_gate.contracts.lint.text import LintedFile
from partition_gate.core.finding import Finding, Level
from partition_gate.settings import load_settings
from partition_gate.wiring import contract_folder

ContractArgument = Annotated[str, typer.Argument(metavar="CONTRACT", help="A contract id or file, or CONTRACT/SCHEMA.")]
Check = Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a version is not kept or was edited.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(freeze)
    app.command()(versions)


def freeze(names: Names = None, check: Check = False) -> None:
    """Save the earlier approved versions from git, so that they continue to judge their partitions.

    Exit codes: 0 all are kept, 1 one is missing or edited (--check) or a contract is broken, 3 no complete git history.
    """
    folder = contract_folder(load_settings())
    lines = [line for path in named(folder, names) for line in _freeze(folder, path, write=not check)]
    for line in lines or ["all approved versions are kept"]:
        typer.echo(line)
    if lines and not check:
        typer.echo("next: gate lint, gate compile; review and commit")
    raise typer.Exit(1 if check and lines else 0)


def versions(contract: ContractArgument, as_json: Json = False) -> None:
    """List the versions of each dataset of a contract, newest first, and the days that each judges."""
    datasets = contract_folder(load_settings()).load_contract(contract)
    rows = [row for compiled in datasets for row in versions_in_force(compiled)]
    if as_json:
        print_json({"versions": dumped(rows)})
        return
    table = Table(title=contract, title_justify="left")
    for name in ("dataset", "version", "first day", "last day", "columns", "checks", "file"):
        table.add_column(name, no_wrap=name != "file", overflow="fold")
    for row in rows:
        days = (row.first_day or "the beginning", row.last_day or "open")
        table.add_row(row.dataset, row.version, *days, str(row.columns), str(row.checks), row.file)
    tables.terminal().print(table)


def with_git(
    folder: ContractFolder, path: Path, files: tuple[LintedFile, ...], before: ContractVersion | None
) -> tuple[LintedFile, ...]:
    """The linted versions of a contract, with the findings that need git.

    These are: the last approved version `before` is not kept although the version number is higher now; a kept version
    was edited after it was approved.
    """
    if files[0].contract is None or (before is None and len(files) == 1):
        return files
    today = folder.read(path)
    if before and before.approved and before.version != today.version:
        files = (_with_unkept(files[0], before, folder.kept_path(path, today.id, before.version)), *files[1:])
    history = ContractHistory(path)
    if len(files) == 1 or not history.is_committed():
        return files
    kept = {folder.label(file): file for file in folder.kept_paths(path, today.id)}
    approved = {f"{quote(release.version, safe='')}{SUFFIX}": release for release in releases(history.states())}
    return (files[0], *(_with_edit(file, kept[file.path], approved) for file in files[1:]))


def _with_unkept(linted: LintedFile, before: ContractVersion, kept: Path) -> LintedFile:
    if kept.is_file():
        return linted
    what = f"{before.version} was approved but is not kept, so this version would judge its partitions; "
    finding = Finding(rule="kept-versions", level=Level.WARNING, place="version", what=f"{what}run `gate freeze`")
    return linted.model_copy(update={"findings": (*linted.findings, finding)})


def _with_edit(linted: LintedFile, kept: Path, approved: Mapping[str, Release]) -> LintedFile:
    release = approved.get(kept.name)
    if release is None or linted.contract is None or is_approved(kept.read_text(encoding="utf-8"), release.states):
        return linted
    finding = Finding(rule="kept-versions", level=Level.ERROR, place="", what=_EDITED)
    return linted.model_copy(update={"findings": (*linted.findings, finding)})


def _freeze(folder: ContractFolder, path: Path, *, write: bool) -> Iterator[str]:
    """One line for each version that was not kept, or differs from the approved one."""
    today, history = folder.read(path), ContractHistory(path)
    history.require_full_history()
    earlier = [release for release in releases(history.states()) if _is_before(release, today)]
    for i, release in enumerate(earlier):
        target = folder.kept_path(path, today.id, release.version)
        if target.is_file():
            if not is_approved(folder.text(target), release.states):
                yield f"{folder.label(target)}: {_EDITED}"
            continue
        tag = history.tagged(f"{today.id}/{release.version}")
        text = kept_text(release, tag, is_first=i == 0, path=folder.label(target))
        if write:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        yield f"{'wrote' if write else 'not kept:'} {folder.label(target)} ({release.states[-1].label})"


def _is_before(release: Release, today: Contract) -> bool:
    """Whether the release may have judged partitions that today's version does not. Withdrawn numbers do not count."""
    return (parsed_version(release.version) or (0,)) < (parsed_version(today.version) or (0,))


_EDITED = (
    "differs from what was approved under this version; undo the edit (remove the file, then run `gate freeze`), and "
    "make the change in a new version"
)
