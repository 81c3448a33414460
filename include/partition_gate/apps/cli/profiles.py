"""`gate profile`: what was counted of a dataset's columns, in one partition or in its newest ones together."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from functools import reduce
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from partition_gate.apps.cli import tables
from partition_gate.core.display import displayed, share
from partition_gate.core.errors import UnknownContract
from partition_gate.core.record import Record
from partition_gate.judging.exact_values import Extreme, as_text
from partition_gate.judging.profile import ColumnCounters, PartitionProfile
from partition_gate.ports.ledger import Ledger
from partition_gate.settings import load_settings
from partition_gate.wiring import contract_folder, open_ports

Contract = Annotated[str, typer.Argument(metavar="CONTRACT", help="A contract id, or the path of a contract file.")]
Key = Annotated[
    str | None, typer.Argument(metavar="[KEY]", help="Partition key; none: the newest published partitions together.")
]
Last = Annotated[int, typer.Option("--last", min=1, help="How many partitions, where no KEY is given.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_HEADS = ("rows", "null", "invalid", "distinct (about)", "minimum", "maximum", "mean")


class DatasetProfile(Record):
    """The united profile of `partitions` (None: there is none), and the published ones that have none, newest first."""

    dataset: str
    partitions: tuple[str, ...]
    without_profile: tuple[str, ...]
    profile: PartitionProfile | None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(profile)


def profile(contract: Contract, key: Key = None, last: Last = 7, as_json: Json = False) -> None:
    """Show what was counted of each column: rows, nulls, rows that break a rule, distinct values, extremes, mean.

    All rows of the published partitions are counted as they came, also those that went to quarantine.
    """
    read = contract_folder(load_settings()).load(contract).dataset
    dataset, key = read.name, None if key is None else read.location.key(key)
    with open_ports() as ports:
        found = _profile(ports.ledger, dataset, _published(ports.ledger, dataset, key, last))
    if as_json:
        typer.echo(json.dumps(_document(found), indent=2, ensure_ascii=False))
        return
    tables.terminal().print(_shown(found))


def _published(ledger: Ledger, dataset: str, key: str | None, last: int) -> list[str]:
    """The key if it is published, or the newest `last` that are, newest first."""
    recorded = [settlement.partition_key for settlement in ledger.latest(dataset)]
    if key is not None and key not in recorded:
        raise UnknownContract(f"{dataset} {key}: nothing is recorded for this partition; run: gate run {dataset} {key}")
    keys = sorted(recorded, reverse=True) if key is None else [key]
    return [one.partition_key for one in ledger.published(dataset, keys, rule_ids=())][:last]


def _profile(ledger: Ledger, dataset: str, keys: Sequence[str]) -> DatasetProfile:
    profiles = {one.partition_key: one.profile for one in ledger.profiles(dataset, keys)}
    return DatasetProfile(
        dataset=dataset,
        partitions=tuple(profiles),
        without_profile=tuple(key for key in keys if key not in profiles),
        profile=reduce(PartitionProfile.united, profiles.values()) if profiles else None,
    )


def _shown(found: DatasetProfile) -> RenderableType:
    if found.profile is None and not found.without_profile:
        return Text(f"{displayed(found.dataset)}: nothing is published, so there is no profile; see: gate status")
    uncounted = ", ".join(map(displayed, found.without_profile))
    lines = [
        Text(line)
        for line in (
            f"not counted: {uncounted} (published by a version of Partition Gate that did not count columns)",
            "they are counted when they are judged again: when their files or the contract change",
        )
        if uncounted
    ]
    return Group(*([_table(found, found.profile)] if found.profile else []), *lines)


def _table(found: DatasetProfile, united: PartitionProfile) -> Table:
    first, count = found.partitions[-1], len(found.partitions)
    which = first if count == 1 else f"{count} partitions, {first} to {found.partitions[0]}"
    table = Table(
        title=Text(f"{displayed(found.dataset)}: {displayed(which)}, {united.row_count:,} rows"), title_justify="left"
    )
    table.add_column("column", overflow="fold")
    for head in _HEADS:
        table.add_column(head, justify="right", overflow="fold")
    for column in united.columns:
        table.add_row(*map(Text, (displayed(column.column), *_cells(column))))
    return table


def _cells(column: ColumnCounters) -> tuple[str, ...]:
    part = f" ({share(column.null_count, column.row_count)})" if column.row_count else ""
    return (
        f"{column.row_count:,}",
        f"{column.null_count:,}{part}",
        "" if column.invalid_count is None else f"{column.invalid_count:,}",
        "" if column.distinct is None else f"{column.distinct.estimate():,}",
        _text(column.minimum),
        _text(column.maximum),
        _mean(column),
    )


def _text(value: Extreme | None) -> str:
    """Six digits of a float, and anything else as it is; times are in UTC. `--json` has every digit."""
    match value:
        case None:
            return ""
        case float():
            return f"{value:.6g}"
        case datetime():
            return f"{value.replace(tzinfo=None)}Z"
        case _:
            return as_text(value)[1]


def _mean(column: ColumnCounters) -> str:
    """Six digits of the mean; empty where there is no sum."""
    if column.total is None or not column.value_count:
        return ""
    return f"{float(Fraction(column.total) / column.value_count):.6g}"


def _document(found: DatasetProfile) -> dict[str, Any]:
    counted = found.profile
    return {
        "interface_version": 1,
        "dataset": found.dataset,
        "partitions": found.partitions,
        "without_profile": found.without_profile,
        "row_count": counted.row_count if counted else None,
        "columns": [_column(column) for column in counted.columns] if counted else [],
    }


def _column(column: ColumnCounters) -> dict[str, Any]:
    return {
        "column": column.column,
        "row_count": column.row_count,
        "null_count": column.null_count,
        "invalid_count": column.invalid_count,
        "minimum": _json(column.minimum),
        "maximum": _json(column.maximum),
        "total": _json(column.total),
        "distinct": column.distinct.estimate() if column.distinct else None,
    }


def _json(value: Extreme | None) -> int | float | str | None:
    """Decimals, dates and times are text: JSON has no exact form of them (nor one of an infinite number)."""
    if value is None or isinstance(value, int):
        return value
    return value if isinstance(value, float) and math.isfinite(value) else as_text(value)[1]
