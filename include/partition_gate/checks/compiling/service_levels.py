"""Compiles service levels to checks of scope SLA: one small function per property."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from partition_gate.checks.compiling.drafts import CannotExecute, Draft, NotExecutable
from partition_gate.checks.counts import Bounds, RowCountWithin
from partition_gate.checks.expectations import Core, Expectation
from partition_gate.checks.promises import (
    LONGEST_WINDOW,
    ArrivedWithin,
    Attained,
    Element,
    FreshWithin,
    NotOlderThan,
    Promise,
    Promised,
    PublishedBy,
    SupportedUntil,
    TrailsWithin,
    Volume,
)
from partition_gate.contract.cron import looks_like_cron
from partition_gate.contract.model import Column, Dataset, Sla
from partition_gate.core.severity import Scope, Severity
from partition_gate.core.units import day, duration, fraction, in_words

ATTAINED_OVER = timedelta(days=30)
_BYTES = {
    "b": 1,
    "byte": 1,
    "bytes": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
}
_ROWS = frozenset({"rows", "row", "records", "record"})
_Level = tuple[str, Promise, Expectation | None, str]  # (name, promise, what the scan measures, sentence)


def compile_service_level(sla: Sla, dataset: Dataset) -> Iterator[Draft | NotExecutable]:
    """The checks of a service level; none if it is not a promise about the published data over time."""
    compiler = _LEVELS.get(sla.property)
    try:
        levels = list(compiler(sla, dataset)) if compiler else []
    except CannotExecute as error:
        yield NotExecutable(clause=sla.path, why=str(error))
        return
    for name, promise, measured, sentence in levels:
        yield Draft(
            name=name,
            clause=sla.path,
            expectation=measured or Promised(sentence=sentence),
            dimension="coverage" if isinstance(promise, Volume) else "timeliness",
            scope=Scope.SLA,
            expected=sentence,
            severity=Severity.INFO if isinstance(promise, SupportedUntil) else sla.severity,
            description=sla.description,
            promise=promise,
        )


def _latency(sla: Sla, dataset: Dataset) -> Iterator[_Level]:
    span, elements = _span(sla), _elements(sla, dataset)
    if not dataset.location.segments and not elements:
        what = "the only partition has no period to count from; set element to a column of dates or timestamps"
        raise CannotExecute(what)
    if dataset.location.segments:
        sentence = f"complete in landing within {in_words(span)} after its period ends"
        yield "latency", ArrivedWithin(span=span), None, sentence
    for element in elements:
        sentence = f"in landing within {in_words(span)} after its newest {element.column}"
        yield f"latency.{element.column}", TrailsWithin(span=span, element=element), _extent(element, "max"), sentence


def _time_of_availability(sla: Sla, dataset: Dataset) -> Iterator[_Level]:
    clock = dataset.limits.available_by
    if clock is None:
        raise CannotExecute(f"{sla.value!r} is not a time of day: write '07:30' or '07:30-05:00', in quotes")
    if not dataset.location.segments:
        raise CannotExecute("the only partition has no period that ends; use freshness with a column of timestamps")
    zone = f"UTC{clock:%z}" if clock.tzinfo else dataset.limits.timezone
    sentence = f"published by {clock:%H:%M} ({zone}) after its period ends"
    yield "timeOfAvailability", PublishedBy(clock=clock), None, sentence


def _freshness(sla: Sla, dataset: Dataset) -> Iterator[_Level]:
    span, elements = _span(sla), _elements(sla, dataset)
    if not elements:
        raise CannotExecute("element is missing; set it to a column of dates or timestamps")
    for element in elements:
        sentence = f"newest {element.column} at most {in_words(span)} old when the partition is published"
        yield f"freshness.{element.column}", FreshWithin(span=span, element=element), _extent(element, "max"), sentence


def _retention(sla: Sla, dataset: Dataset) -> Iterator[_Level]:
    span, elements = _span(sla), _elements(sla, dataset)
    for element in elements:
        sentence = f"no {element.column} older than {in_words(span)}"
        yield f"retention.{element.column}", NotOlderThan(span=span, element=element), _extent(element, "min"), sentence
    if not elements:
        if not dataset.location.segments:
            raise CannotExecute("the only partition has no period; set element to a column of dates or timestamps")
        yield "retention", NotOlderThan(span=span), None, f"its period is not older than {in_words(span)}"


def _availability(sla: Sla, dataset: Dataset) -> Iterator[_Level]:
    share = _percentage(sla)
    span = ATTAINED_OVER if sla.value_ext is None else duration(sla.value_ext)
    if not span or span > LONGEST_WINDOW:
        raise CannotExecute(f"valueExt {sla.value_ext!r} is not a time span of at most a year: write one such as 30d")
    if not dataset.location.segments:
        raise CannotExecute("there is only one partition, so a percentage of partitions has no meaning; use freshness")
    percent = round(share * 100, 9)
    sentence = f"at least {percent:g} % of the partitions of {in_words(span)} published on time"
    target = Bounds(low=percent, is_percent=True)
    yield "availability", Attained(span=span, target=target), None, sentence


def _throughput(sla: Sla, _dataset: Dataset) -> Iterator[_Level]:
    unit = (sla.unit or "rows").split("/")[0].split(" ")[0].lower()
    factor = 1 if unit in _ROWS else _BYTES.get(unit)
    low, high = (_number(value) for value in (sla.value, sla.value_ext))
    if factor is None:
        raise CannotExecute(f"unit {sla.unit!r} is not known; use rows, bytes, KB, MB or GB (per partition)")
    if low is None:
        raise CannotExecute(f"{sla.value!r} is not a number: write the minimum of rows or bytes per partition")
    if high is not None and high < low:
        raise CannotExecute(f"{low} is above valueExt {high}; set value to the smaller number")
    bounds = Bounds(low=low * factor, high=None if high is None else high * factor)
    if unit in _ROWS:
        measured = RowCountWithin(bounds=Bounds())
        yield "throughput", Volume(unit="rows", bounds=bounds), measured, f"{bounds.words} rows per partition"
    else:
        yield "throughput", Volume(unit="bytes", bounds=bounds), None, f"{bounds.words} bytes per partition"


def _end_of_support(sla: Sla, _dataset: Dataset) -> Iterator[_Level]:
    last = _day(sla)
    yield "endOfSupport", SupportedUntil(day=last), None, f"supported until {last}"


def _without_check(require: Callable[[Sla], object]) -> Callable[[Sla, Dataset], Iterator[_Level]]:
    """A level that is no check of a partition, but measured or obeyed elsewhere; it must have a value to be either."""

    def level(sla: Sla, _dataset: Dataset) -> Iterator[_Level]:
        require(sla)
        yield from ()

    return level


def _day(sla: Sla) -> date:
    found = day(sla.value)
    if found is None:
        raise CannotExecute(f"{sla.value!r} is not a date: write one such as 2026-01-31")
    return found


def _percentage(sla: Sla) -> float:
    share = fraction(sla.value, sla.unit or "percent")
    if share is None:
        raise CannotExecute(f"{sla.value!r} is not a percentage: write one such as 99.5")
    return share


def _frequency(sla: Sla) -> None:
    if sla.schedule is None:
        _span(sla)
    elif not looks_like_cron(sla.schedule):
        raise CannotExecute(f"{sla.schedule!r} is not a cron expression: write five fields such as 15 2 * * *")


def _span(sla: Sla) -> timedelta:
    span = duration(sla.value, sla.unit)
    if span is None:
        amount = f"{sla.value!r} {sla.unit or ''}".rstrip()
        raise CannotExecute(f"{amount} is not a time span: write `value: 4` with `unit: h`, or PT4H")
    return span


def _number(value: object) -> float | int | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _elements(sla: Sla, dataset: Dataset) -> tuple[Element, ...]:
    """The columns of an element such as `time_hour` or `flights.time_hour, flights.landed_at`, without the table."""
    columns = {column.name: column for column in dataset.columns}
    names = [part.strip() for part in (sla.element or "").split(",") if part.strip() not in {"", dataset.name}]
    return tuple(_element(name, columns.get(name) or columns.get(name.rpartition(".")[2]), dataset) for name in names)


def _element(name: str, column: Column | None, dataset: Dataset) -> Element:
    if column is None:
        raise CannotExecute(f"element {name} is not a column of the contract; name a column of dates or timestamps")
    if column.logical_type not in {"date", "timestamp"}:
        raise CannotExecute(f"element {name} has type {column.logical_type}; name a column of dates or timestamps")
    if column.classified:
        raise CannotExecute(f"element {name} is classified, so its values are not shown; name another column")
    return Element(column=column.name, zone=dataset.limits.timezone if column.logical_type == "date" else "UTC")


def _extent(element: Element, end: str) -> Core:
    """The smallest or largest value, measured by the scan of the partition."""
    return Core(type=f"expect_column_{end}_to_be_between", kwargs=json.dumps({"column": element.column}))


_LEVELS: dict[str, Callable[[Sla, Dataset], Iterator[_Level]]] = {
    "latency": _latency,
    "timeofavailability": _time_of_availability,
    "freshness": _freshness,
    "retention": _retention,
    "availability": _availability,
    "throughput": _throughput,
    "endofsupport": _end_of_support,
    **dict.fromkeys(("timetodetect", "timetonotify", "timetorepair"), _without_check(_span)),
    **dict.fromkeys(("generalavailability", "endoflife"), _without_check(_day)),
    "errorrate": _without_check(_percentage),
    "frequency": _without_check(_frequency),
}
