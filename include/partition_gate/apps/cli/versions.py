"""`gate freeze` and `gate versions`: the versions of a contract that judge partitions from before today's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer
from rich.table import Table

from partition_gate.adapters.contract_folder import SUFFIX, ContractFolder
from partition_gate.adapters.contract_history import ContractHistory
from partition_gate.apps.cli import tables
from partition_gate.apps.cli.named import Names, named
from partition_gate.checks.compiling.compiled import versions_in_force
from partition_gate.contract.model import Contract
from partition_gate.contracts.compatibility.changes import ContractVersion, parsed_version
from partition_gate.contracts.compatibility.releases import Release, is_approved, kept_text, releases
from partition_gate.contracts.lint.text import LintedFile
from partition_gate.core.finding import Finding, Level
from partition_gate.settings import load_settings
from partition_gate.wiring import contract_folder

ContractArgument = Annotated[str, typer.Argument(metavar="CONTRACT", help="A contract id, or the path of a file.")]
Check = Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when a version is not kept, or edited.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(freeze)
    app.command()(versions)


def freeze(names: Names = None, check: Check = False) -> None:
    """Keep the versions that were approved before today's, from git, so that they go on judging their partitions.

    Exit codes: 0 all are kept, 1 one is not (--check) or a contract is broken, 3 there is no whole git history.
    """
    folder = contract_folder(load_settings())
    told = [line for path in named(folder, names) for line in _freeze(folder, path, write=not check)]
    for line in told or ["all approved versions are kept"]:
        typer.echo(line)
    if told and not check:
        typer.echo("next: gate lint, gate compile; review and commit")
    raise typer.Exit(1 if check and told else 0)


def versions(contract: ContractArgument, as_json: Json = False) -> None:
    """List the versions of a contract and the days whose partitions each judges, newest first."""
    rows = versions_in_force(contract_folder(load_settings()).load(contract))
    if as_json:
        typer.echo(json.dumps([row.model_dump(mode="json") for row in rows], indent=2, ensure_ascii=False))
        return
    table = Table(title=contract, title_justify="left")
    for name in ("version", "first day", "last day", "columns", "checks", "file"):
        table.add_column(name, no_wrap=name != "file", overflow="fold")
    for row in rows:
        days = (row.first_day or "the beginning", row.last_day or "open")
        table.add_row(row.version, *days, str(row.columns), str(row.checks), row.file)
    tables.terminal().print(table)


def with_git(
    folder: ContractFolder, path: Path, files: tuple[LintedFile, ...], before: ContractVersion | None
) -> tuple[LintedFile, ...]:
    """The linted versions of a contract, and what git knows: that `before`, approved last, is not kept although the
    version rose, and which kept ones were edited since they were approved.
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
    approved = {f"{quote(each.version, safe='')}{SUFFIX}": each for each in releases(history.states())}
    return (files[0], *(_with_edit(file, kept[file.path], approved) for file in files[1:]))


def _with_unkept(linted: LintedFile, before: ContractVersion, kept: Path) -> LintedFile:
    if kept.is_file():
        return linted
    what = f"{before.version} was approved and is not kept, so partitions of its time would be judged by this one; "
    told = Finding(rule="kept-versions", level=Level.WARNING, place="version", what=f"{what}run `gate freeze`")
    return linted.model_copy(update={"findings": (*linted.findings, told)})


def _with_edit(linted: LintedFile, kept: Path, approved: Mapping[str, Release]) -> LintedFile:
    release = approved.get(kept.name)
    if release is None or linted.contract is None or is_approved(kept.read_text(encoding="utf-8"), release.states):
        return linted
    told = Finding(rule="kept-versions", level=Level.ERROR, place="", what=_EDITED)
    return linted.model_copy(update={"findings": (*linted.findings, told)})


def _freeze(folder: ContractFolder, path: Path, *, write: bool) -> Iterator[str]:
    """One line for each version that was not kept, or is not what was approved."""
    today, history = folder.read(path), ContractHistory(path)
    history.require_full_history()
    found = [each for each in releases(history.states()) if _is_before(each, today)]
    for i, release in enumerate(found):
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
    """Whether it may have judged partitions that today's version does not; a number taken back never will again."""
    return (parsed_version(release.version) or (0,)) < (parsed_version(today.version) or (0,))


_EDITED = (
    "is not what was approved under this version; take the edit back (remove the file, then `gate freeze`), and put "
    "the change into a new version"
)
