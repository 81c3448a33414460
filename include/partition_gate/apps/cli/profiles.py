"""`gate profile`: the column counts of one partition, or of the newest partitions of a dataset together."""

from __future__ import annotations

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
from partition_gate.apps.cli.json_output import print_json
from partition_gate.apps.cli.named import DATASET_HELP, WithNegativeKeys
from partition_gate.contract.model import Dataset
from partition_gate.contract.schedule import canonical_key
from partition_gate.core.display import displayed, share
from partition_gate.core.errors import UnknownContract
from partition_gate.core.record import Record
from partition_gate.judging.exact_values import Extreme, as_text
from partition_gate.judging.profile import ColumnCounters, PartitionProfile
from partition_gate.ports.ledger import Ledger
from partition_gate.settings import load_settings
from partition_gate.wiring import clock, contract_folder, open_ports

Contract = Annotated[str, typer.Argument(metavar="CONTRACT", help=DATASET_HELP)]
Key = Annotated[
    str | None, typer.Argument(metavar="[KEY]", help="Partition key. Default: the newest published partitions.")
]
Last = Annotated[int, typer.Option("--last", min=1, help="How many partitions to combine if there is no KEY.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_HEADS = ("rows", "null", "invalid", "distinct (about)", "minimum", "maximum", "mean")


class DatasetProfile(Record):
    """The combined profile of `partitions` (None: there is none); published partitions without one. Newest first."""

    dataset: str
    partitions: tuple[str, ...]
    without_profile: tuple[str, ...]
    profile: PartitionProfile | None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(cls=WithNegativeKeys)(profile)


def profile(contract: Contract, key: Key = None, last: Last = 7, as_json: Json = False) -> None:
    """Show the counts of each column: rows, nulls, rows that break a rule, distinct values, extremes, mean.

    The counts cover all rows of the published partitions as delivered, including those in quarantine.
    """
    settings = load_settings()
    dataset = contract_folder(settings).load(contract).dataset
    key = None if key is None else canonical_key(dataset, key, now=clock(settings).now())
    with open_ports() as ports:
        combined = _profile(ports.ledger, dataset.name, _published(ports.ledger, dataset, key, last))
    if as_json:
        print_json(_document(combined, contract=dataset.contract.id))
        return
    tables.terminal().print(_rendered(combined))


def _published(ledger: Ledger, dataset: Dataset, key: str | None, last: int) -> list[str]:
    """The key if it is published; without a key, the newest `last` published keys, newest first."""
    recorded = [settlement.partition_key for settlement in ledger.latest(dataset.name)]
    if key is not None and key not in recorded:
        what = f"{dataset.name} {key}: nothing is recorded for this partition"
        raise UnknownContract(f"{what}; run: gate run {dataset.qualified_name} {key}")
    keys = sorted(recorded, reverse=True) if key is None else [key]
    return [published.partition_key for published in ledger.published(dataset.name, keys, rule_ids=())][:last]


def _profile(ledger: Ledger, dataset: str, keys: Sequence[str]) -> DatasetProfile:
    profiles = {entry.partition_key: entry.profile for entry in ledger.profiles(dataset, keys)}
    return DatasetProfile(
        dataset=dataset,
        partitions=tuple(profiles),
        without_profile=tuple(key for key in keys if key not in profiles),
        profile=reduce(PartitionProfile.merged, profiles.values()) if profiles else None,
    )


def _rendered(combined: DatasetProfile) -> RenderableType:
    if combined.profile is None and not combined.without_profile:
        return Text(f"{displayed(combined.dataset)}: nothing is published, so there is no profile; see: gate status")
    uncounted = ", ".join(map(displayed, combined.without_profile))
    lines = [
        Text(line)
        for line in (
            f"not counted: {uncounted} (published by a version of Partition Gate that did not count columns)",
            "they are counted when they are judged again, which is when their files or the contract change",
        )
        if uncounted
    ]
    return Group(*([_table(combined, combined.profile)] if combined.profile else []), *lines)


def _table(combined: DatasetProfile, counted: PartitionProfile) -> Table:
    first, count = combined.partitions[-1], len(combined.partitions)
    which = first if count == 1 else f"{count} partitions, {first} to {combined.partitions[0]}"
    title = Text(f"{displayed(combined.dataset)}: {displayed(which)}, {counted.row_count:,} rows")
    table = Table(title=title, title_justify="left")
    table.add_column("column", overflow="fold")
    for head in _HEADS:
        table.add_column(head, justify="right", overflow="fold")
    for column in counted.columns:
        table.add_row(*map(Text, (displayed(column.column), *_cells(column))))
    return table


def _cells(column: ColumnCounters) -> tuple[str, ...]:
    percent = f" ({share(column.null_count, column.row_count)})" if column.row_count else ""
    return (
        f"{column.row_count:,}",
        f"{column.null_count:,}{percent}",
        "" if column.invalid_count is None else f"{column.invalid_count:,}",
        "" if column.distinct is None else f"{column.distinct.estimate():,}",
        _text(column.minimum),
        _text(column.maximum),
        _mean(column),
    )


def _text(value: Extreme | None) -> str:
    """A float with six digits, anything else in full; times are in UTC. `--json` has every digit."""
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
    """The mean with six digits; empty if there is no sum."""
    if column.total is None or not column.value_count:
        return ""
    return f"{float(Fraction(column.total) / column.value_count):.6g}"


def _document(combined: DatasetProfile, *, contract: str) -> dict[str, Any]:
    counted = combined.profile
    return {
        "contract": contract,
        "dataset": combined.dataset,
        "partitions": combined.partitions,
        "without_profile": combined.without_profile,
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
    """Decimals, dates and times become text, because JSON cannot represent them exactly (nor infinite numbers)."""
    if value is None or isinstance(value, int):
        return value
    return value if isinstance(value, float) and math.isfinite(value) else as_text(value)[1]
