"""The guesses of a draft that a person should check first, each with its reason in figures. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from partition_gate.contracts.drafting.arrivals import absences, latency, step
from partition_gate.contracts.drafting.columns import all_exist
from partition_gate.contracts.drafting.guesses import (
    listed_values,
    looks_personal,
    null_budget_percent,
    of_rows,
    why_personal,
)
from partition_gate.contracts.drafting.naming import is_key_name
from partition_gate.contracts.drafting.profile import RARE, ColumnProfile, DataProfile
from partition_gate.core.display import counted

MOST = 12


def to_check(tables: Mapping[str, DataProfile]) -> list[str]:
    """One line for each guess that matters, those of all tables in order of what a wrong one would cost.

    Never a value of a column. At most `MOST` lines; the last one counts the others.
    """
    parts = (_layout, _key, _classification, _references, _nearly, _times, _absences, _lists)
    lines = [f"{name}: {line}" for part in parts for name, profile in tables.items() for line in part(profile)]
    more = len(lines) - MOST
    return lines if more <= 0 else [*lines[: MOST - 1], f"and {more + 1} more: search the draft for 'Guess'"]


def _layout(profile: DataProfile) -> Iterator[str]:
    if profile.location.layout is not None:
        fit = "does not fit" if profile.refused == 1 else "do not fit"
        refused = f"; {counted(profile.refused, 'other name')} {fit} it" if profile.refused else ""
        yield f"paths are {profile.location.pattern}: {counted(len(profile.keys), 'partition')}{refused}"


def _key(profile: DataProfile) -> Iterator[str]:
    rows = f"{counted(profile.row_count, 'row')} of {counted(len(profile.profiled), 'partition')}"
    if profile.key:
        others = f"; {', '.join(profile.unique[1:])} too" if len(profile.unique) > 1 else ""
        others += "".join(f"; or {', '.join(key)}" for key in profile.other_keys)
        where = f"each partition, not in all {rows}" if profile.is_key_of_each else rows
        yield f"the primary key is {', '.join(profile.key)}: unique in {where}{others}"
    elif not any(column.duplicate_rows for column in profile.columns):
        yield f"no primary key: no set of up to five columns is unique in {rows}"
    if near := profile.near_key:
        shared = of_rows(near.duplicate_rows, profile.row_count)
        yield f"{', '.join(near.columns)} nearly is a key: {shared} share their values (a warning)"


def _classification(profile: DataProfile) -> Iterator[str]:
    for column in profile.columns:
        if looks_personal(column):
            yield f"{column.name} is personal, {why_personal(column)}: its values are masked, and no range is drafted"


def _references(profile: DataProfile) -> Iterator[str]:
    for each in profile.references:
        parent = each.to_source.rstrip("/").rsplit("/", 1)[-1]
        fit = all_exist(each.values)
        if each.orphans:
            fit = f"nearly: {of_rows(each.orphans, each.rows)} have no parent (a warning)"
        yield f"{each.column} refers to {parent}.{each.to_column}: {fit}"


def _nearly(profile: DataProfile) -> Iterator[str]:
    """The rules that some rows break, without the values."""
    for column in profile.columns:
        yield from (f"{column.name} {what}" for what in _nearly_kept(profile, column))


def _nearly_kept(profile: DataProfile, column: ColumnProfile) -> Iterator[str]:
    rows, refers = profile.row_count, any(each.column == column.name for each in profile.references)
    if column.duplicate_rows:
        yield f"is nearly a key: {of_rows(column.duplicate_rows, rows)} share their value (a warning)"
    if 0 < column.null_count <= RARE * rows:
        budget = null_budget_percent(column)
        allowed = "nulls are not limited" if budget is None else f"{budget:g} % are allowed"
        yield f"is nearly complete: {of_rows(column.null_count, rows)} have no value ({allowed})"
    if not refers and (listed := listed_values(column, rows)) and listed.other_rows:
        others = f"{of_rows(listed.other_rows, rows)} have others (a warning)"
        yield f"nearly has only {counted(len(listed.values), 'value')}: {others}"
    for side, far in (("below", column.far_below), ("above", column.far_above)):
        if far and not looks_personal(column) and not is_key_name(column.name):
            yield f"has values far {side} all others: in {of_rows(far.rows, rows)} (a warning)"


def _lists(profile: DataProfile) -> Iterator[str]:
    referring = {each.column for each in profile.references}
    for column in (column for column in profile.columns if column.name not in referring):
        if (listed := listed_values(column, profile.row_count)) and not listed.other_rows:
            rows = counted(profile.row_count, "row")
            yield f"{column.name} has only the {counted(len(listed.values), 'value')} seen in {rows}"


def _absences(profile: DataProfile) -> Iterator[str]:
    if absent := absences(profile.keys):
        yield absent


def _times(profile: DataProfile) -> Iterator[str]:
    every, slowest = step(profile.keys), latency(profile.arrivals, timezone=profile.timezone)
    if every:
        yield f"a partition every {every[0]} {every[1]}: the most common distance of {len(profile.keys):,} keys"
    if slowest.hours:
        yield f"latency {slowest.hours} h: {slowest.why} after their period ({profile.timezone})"
    elif profile.location.segments:
        yield f"no latency: {slowest.why}"
