"""`gate lint`, `gate compile`, `gate coverage`."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from partition_gate.cli import tables
from partition_gate.coverage import CoveredClause, cover
from partition_gate.errors import ContractError
from partition_gate.settings import load_settings
from partition_gate.strict_yaml import load_mapping
from partition_gate.wiring import contract_folder

Names = Annotated[list[str] | None, typer.Argument(help="Contract ids or files; none: all contracts.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(lint)
    app.command("compile")(compile_)
    app.command()(coverage)


def lint(names: Names = None) -> None:
    """Check contract files: what is wrong, where, and what to do. Exit 1 when one is wrong."""
    folder, problems = contract_folder(load_settings()), 0
    paths = [folder.locate(name) for name in names] if names else folder.paths()
    for path in paths:
        try:
            contract = folder.read(path)
        except ContractError as error:
            problems += 1
            typer.echo(str(error))
        else:
            typer.echo(f"{folder.label(path)}: ok ({contract.id} {contract.version})")
    raise typer.Exit(1 if problems else 0)


def compile_(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when a suite is stale.")] = False,
) -> None:
    """Compile every contract to its Great Expectations suite under expectations/."""
    folder = contract_folder(load_settings())
    if check:
        broken = folder.load_all().broken
        for _, problem in broken:
            typer.echo(problem)
        typer.echo("stale or broken suites: " + str(len(broken)) if broken else "all suites are up to date")
        raise typer.Exit(1 if broken else 0)
    for path in folder.paths():
        target, changed = folder.write_suite(path)
        typer.echo(f"{'wrote' if changed else 'unchanged'}  {target}")


def coverage(
    name: Annotated[str, typer.Argument(help="A contract id or file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what becomes of every clause of a contract: executed, documented only, or not executable and why."""
    folder = contract_folder(load_settings())
    compiled = folder.load(name)
    document = load_mapping(folder.locate(name).read_text(encoding="utf-8"), path=compiled.contract.path)
    rows = cover(document, compiled.compilation)
    if as_json:
        typer.echo(json.dumps([row.model_dump(mode="json") for row in rows], indent=2))
        return
    tables.terminal().print(_coverage_table(rows))


def _coverage_table(rows: tuple[CoveredClause, ...]) -> Table:
    table = Table("clause", "treatment", "by, or why not")
    for row in rows:
        table.add_row(row.clause, row.treatment.value, row.by)
    return table
