"""`gate read`: published rows, as they are or as they were."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from partition_gate.apps.cli import tables
from partition_gate.apps.cli.json_output import print_json
from partition_gate.apps.cli.named import DATASET_HELP, WithNegativeKeys, moment_of
from partition_gate.core.display import PATH_LENGTH, counted, displayed
from partition_gate.core.errors import CannotAct
from partition_gate.core.masking import Masking, masking_of_rules
from partition_gate.core.table import TableSchema
from partition_gate.gate.local_folders import writing_below
from partition_gate.gate.read_rows import AsOf, read_rows
from partition_gate.home import mask_key
from partition_gate.settings import load_settings
from partition_gate.wiring import contract_folder, open_ports

_SHOWN = 20
Rows = list[dict[str, Any]]


def _new_parquet(to: Path | None) -> Path | None:
    if to is not None and (to.suffix != ".parquet" or to.exists()):
        raise typer.BadParameter("name a new file that ends with .parquet")
    if to is not None and not to.parent.is_dir():
        raise typer.BadParameter(f"{displayed(str(to.parent), limit=PATH_LENGTH)} is not a folder; create it first")
    return to


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(cls=WithNegativeKeys)(read)


def read(
    contract: Annotated[str, typer.Argument(metavar="CONTRACT", help=DATASET_HELP)],
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="Only this partition. Default: all.")] = None,
    as_of: Annotated[
        str, typer.Option("--as-of", help="A time (2026-12-01T08:00Z), a span before now (2d), or a table version (7).")
    ] = "",
    columns: Annotated[str, typer.Option("--columns", help="Names, separated by commas. Default: all.")] = "",
    to: Annotated[
        Path | None, typer.Option("--to", callback=_new_parquet, help="Write all rows to this new .parquet file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the first 20 published rows, or write all to a file: of now, or of a time or version of the table.

    Shown values of classified columns are keyed hashes; a file has the values themselves, as the consumers' view has.
    """
    settings = load_settings()
    today = contract_folder(settings).load(contract)
    wanted = _wanted(columns, today.published)
    with open_ports(settings) as ports, TemporaryDirectory(prefix="gate-read-") as folder:
        moment = _as_of(as_of, ports.clock.now())
        file = Path(folder) / "rows.parquet"
        count = read_rows(today, key, moment, columns=wanted, into=file, ports=ports)
        if to is not None:
            with writing_below(to):
                copyfile(file, to)
        rows = [] if to is not None else _first(file)
    shown = _masked(rows, masking_of_rules(today.published), mask_key(settings))
    if as_json:
        print_json({"row_count": count, "as_of": None if moment.is_now else str(moment), "rows": shown})
    elif to is not None:
        typer.echo(f"wrote {counted(count, 'row')} to {displayed(str(to), limit=PATH_LENGTH)}")
    else:
        _show(shown, wanted, count)


def _show(rows: Rows, columns: Sequence[str], count: int) -> None:
    first = f", the first {len(rows):,} of them" if len(rows) < count else ""
    typer.echo(f"{counted(count, 'row')}{first}")
    tables.terminal().print(_table(rows, columns))


def _wanted(columns: str, table: TableSchema) -> list[str]:
    """The columns that were named, or all. Raises: CannotAct (there is no such column)."""
    known = [each.name for each in (*table.columns, *table.partition_columns)]
    wanted = [name for each in columns.split(",") if (name := each.strip())]
    if missing := [name for name in wanted if name not in known]:
        raise CannotAct(f"{displayed(missing[0])} is not a published column; there are {', '.join(known)}")
    return wanted or known


def _as_of(text: str, now: datetime) -> AsOf:
    """Raises: BadParameter, if it is neither a version nor a span nor a time."""
    if not text:
        return AsOf()
    if text.isdecimal():
        return AsOf(table_version=int(text))
    moment = moment_of(text, now)
    if moment is None:
        what = f"{text!r} is neither a table version nor a span nor a time: write 7, 2d or 2026-12-01T08:00Z"
        raise typer.BadParameter(what, param_hint="--as-of")
    return AsOf(moment=moment)


def _first(file: Path) -> Rows:
    import pyarrow.parquet as pq  # an extra, and slow to import

    with pq.ParquetFile(file) as opened:
        batch = next(opened.iter_batches(batch_size=_SHOWN), None)
    rows: Rows = [] if batch is None else batch.to_pylist()
    return rows


def _masked(rows: Rows, masking: Masking, key: bytes) -> Rows:
    return [{name: masking.shown(name, value, key) for name, value in row.items()} for row in rows]


def _table(rows: Rows, columns: Sequence[str]) -> Table:
    table = Table()
    for name in columns:
        table.add_column(Text(displayed(name)), overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if row[name] is None else row[name]) for name in columns))
    return table
