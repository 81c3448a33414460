"""`gate compare`: how the published rows of two sides differ, such as training and serving data."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from partition_gate.apps.cli import tables
from partition_gate.apps.cli.json_output import dumped, print_json
from partition_gate.apps.cli.named import WithNegativeKeys
from partition_gate.core.display import PATH_LENGTH, counted, displayed, percentage
from partition_gate.core.record import Record
from partition_gate.gate import compare as comparing
from partition_gate.judging.skew import ColumnSkew, SideRows, Skew
from partition_gate.settings import Settings, load_settings, load_settings_of
from partition_gate.wiring import contract_folder, open_ports

THRESHOLD = 0.1
_SIDE = re.compile(r"(?P<name>[^@:]+)(@(?P<environment>[^:]+))?(:(?P<partitions>.+))?", re.DOTALL)
_FORM = "DATASET[@ENVIRONMENT][:KEY|:FROM..TO]"
_HELP = "A dataset, its environment (default: that of the settings) and its partitions (default: all published)."
Named = Annotated[str, typer.Argument(metavar=_FORM, help=_HELP)]
Other = Annotated[str, typer.Argument(metavar=_FORM, help="What it is compared with.")]
FailOver = Annotated[
    float, typer.Option("--fail-over", min=0, max=1, help="The distance, or difference of shares, that is too much.")
]
ProjectOfB = Annotated[
    Path | None,
    typer.Option(
        "--project-of-b",
        metavar="FOLDER",
        help="The second is from this project: its settings, contracts, warehouse. Default: from the same.",
    ),
]


class SideName(Record):
    """What an argument names. An empty environment is that of the settings; empty partitions are all that are
    published.
    """

    dataset: str
    environment: str = ""
    partitions: str = ""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(cls=WithNegativeKeys)(compare)


def compare(
    a: Named,
    b: Other,
    fail_over: FailOver = THRESHOLD,
    project_of_b: ProjectOfB = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the stable JSON document.")] = False,
) -> None:
    """Compare published rows: columns, shares without a value, distributions. Exit 1 if something is over the limit."""
    settings = load_settings()
    projects = (settings, load_settings_of(project_of_b) if project_of_b else settings)
    with ExitStack() as stack:
        sides = [_side(text, own, stack) for text, own in zip((a, b), projects, strict=True)]
        skew = comparing.compare(*sides, threshold=fail_over)
    if as_json:
        print_json(_document(skew))
    else:
        tables.terminal().print(_rendered(skew))
    raise typer.Exit(1 if skew.differing else 0)


def side_name(text: str) -> SideName:
    """What `orders@serving:2026-11-01..2026-11-30` names. Raises: BadParameter."""
    found = _SIDE.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"{displayed(text)} names no dataset; write {_FORM}")
    parts = {name: part or "" for name, part in found.groupdict().items()}
    return SideName(dataset=parts["name"], environment=parts["environment"], partitions=parts["partitions"])


def _side(text: str, settings: Settings, stack: ExitStack) -> comparing.Side:
    name = side_name(text)
    if name.environment:
        settings = settings.model_copy(update={"environment": name.environment})
    compiled = contract_folder(settings).load(name.dataset)
    return comparing.Side(text, compiled, name.partitions, stack.enter_context(open_ports(settings)))


def _document(skew: Skew) -> dict[str, Any]:
    return {
        "a": skew.a.model_dump(mode="json"),
        "b": skew.b.model_dump(mode="json"),
        "fail_over": skew.threshold,
        "differing": skew.differing,
        "schema_differences": dumped(skew.schema_differences),
        "columns": dumped(skew.columns),
    }


def _rendered(skew: Skew) -> RenderableType:
    lines = [f"{name}: {displayed(side.label)}, {_rows(side)}" for name, side in (("A", skew.a), ("B", skew.b))]
    reasons = [each.sentence for each in skew.schema_differences]
    reasons += [reason for column in skew.columns for reason in column.reasons]
    left_out = [f"{displayed(each.column)}: not compared: {each.why_not}" for each in skew.columns if each.why_not]
    compared = [Text(displayed(line, limit=PATH_LENGTH)) for line in (*lines, *reasons)]
    verdict = f"{counted(skew.differing, 'column')} over the limit ({skew.threshold:g} plus the sampling error)"
    return Group(*compared, _table(skew.columns), *map(Text, left_out), Text(verdict))


def _rows(side: SideRows) -> str:
    where = f" in {displayed(side.environment)}" if side.environment else ""
    keys = side.first_key if side.first_key == side.last_key else f"{side.first_key}..{side.last_key}"
    return (
        f"{counted(side.row_count, 'row')} of {counted(side.partition_count, 'partition')} ({displayed(keys)}){where}"
    )


def _table(columns: tuple[ColumnSkew, ...]) -> Table:
    table = Table()
    table.add_column("column", overflow="fold")
    for name in ("distance", "limit", "no value: A", "B"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in columns:
        figures = ("" if figure is None else f"{figure:.3f}" for figure in (each.distance, each.limit))
        style = "red" if each.reasons else ""
        nulls = (percentage(each.null_share_a), percentage(each.null_share_b))
        table.add_row(Text(displayed(each.column)), *figures, *nulls, style=style)
    return table
