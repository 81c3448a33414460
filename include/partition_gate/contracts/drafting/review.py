"""The guesses of a draft that a person should check first, each with its reason in figures. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from partition_gate.contracts.drafting.guesses import few_values, latency, looks_personal, step, why_personal
from partition_gate.contracts.drafting.profile import DataProfile

MOST = 12


def to_check(tables: Mapping[str, DataProfile]) -> list[str]:
    """One line for each guess that matters, those of all tables in order of what a wrong one would cost.

    Never a value of a column. At most `MOST` lines; the last one counts the others.
    """
    parts = (_layout, _key, _classification, _references, _times, _lists)
    lines = [f"{name}: {line}" for part in parts for name, profile in tables.items() for line in part(profile)]
    more = len(lines) - MOST
    return lines if more <= 0 else [*lines[: MOST - 1], f"and {more + 1} more: search the draft for 'Guess'"]


def _layout(profile: DataProfile) -> Iterator[str]:
    if profile.location.layout is not None:
        fit = "does not fit" if profile.refused == 1 else "do not fit"
        refused = f"; {_count(profile.refused, 'other name')} {fit} it" if profile.refused else ""
        yield f"paths are {profile.location.pattern}: {_count(len(profile.keys), 'partition')}{refused}"


def _key(profile: DataProfile) -> Iterator[str]:
    rows = f"{sum(profile.row_counts):,} rows of {_count(len(profile.profiled), 'partition')}"
    if profile.key:
        others = f"; {', '.join(profile.unique[1:])} too" if len(profile.unique) > 1 else ""
        yield f"the primary key is {', '.join(profile.key)}: unique in {rows}{others}"
    else:
        yield f"no primary key: no set of up to five columns is unique in {rows}"


def _classification(profile: DataProfile) -> Iterator[str]:
    for column in profile.columns:
        if looks_personal(column):
            yield f"{column.name} is personal, {why_personal(column)}: its values are masked, and no range is drafted"


def _references(profile: DataProfile) -> Iterator[str]:
    for each in profile.references:
        parent = each.to_source.rstrip("/").rsplit("/", 1)[-1]
        yield f"{each.column} refers to {parent}.{each.to_column}: all {each.values:,} values exist there"


def _lists(profile: DataProfile) -> Iterator[str]:
    rows = sum(profile.row_counts)
    referring = {each.column for each in profile.references}
    for column in (column for column in profile.columns if column.name not in referring):
        if values := few_values(column, rows):
            yield f"{column.name} has only the {len(values)} values seen in {rows:,} rows"


def _times(profile: DataProfile) -> Iterator[str]:
    every, slowest = step(profile.keys), latency(profile.arrivals, timezone=profile.timezone)
    if every:
        yield f"a partition every {every[0]} {every[1]}: the most common distance of {len(profile.keys):,} keys"
    if slowest.hours:
        yield f"latency {slowest.hours} h: {slowest.why} after their period ({profile.timezone})"
    elif profile.location.segments:
        yield f"no latency: {slowest.why}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
