"""Reads the quality rules of a contract's schema object, at object and column level."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from open_data_contract_standard.model import DataQuality, SchemaObject, SchemaProperty

from partition_gate.checks.compiling.bounds import OPERATORS
from partition_gate.checks.promises import LONGEST_WINDOW
from partition_gate.contract.model import Argument, CustomRule, LibraryRule, Operator, QualityRule, SqlRule, TextRule
from partition_gate.contracts.odcs.columns import scalar, severity
from partition_gate.contracts.odcs.draft_texts import stated
from partition_gate.core.errors import ContractError
from partition_gate.core.units import duration
from partition_gate.core.values import ListedValue

# The custom property that names the dialect of a query: of a rule, a server or the contract.
DIALECT = "dialect"


class Dialect(NamedTuple):
    """The SQL dialect of a contract's queries; `is_assumed`: only servers that are not read name it."""

    name: str | None
    is_assumed: bool = False


def read_rules(schema: SchemaObject, dialect: Dialect, *, at: str, path: str) -> tuple[QualityRule, ...]:
    """Every quality rule with its place, object level first. `dialect` is that of queries that do not name theirs.

    Raises:
        ContractError: an invalid window.
    """
    return tuple(_rule(quality, place, column, dialect, path) for place, column, quality in _qualities(schema, at))


def _qualities(schema: SchemaObject, at: str) -> Iterator[tuple[str, str | None, DataQuality]]:
    for j, quality in enumerate(schema.quality or []):
        yield f"{at}.quality[{j}]", None, quality
    for i, prop in enumerate(schema.properties or []):
        yield from _inner_qualities(prop, f"{at}.properties[{i}]", name=str(prop.name))


def _inner_qualities(prop: SchemaProperty, at: str, *, name: str) -> Iterator[tuple[str, str, DataQuality]]:
    """The rules of a property and of every inner property, each with the full name of its column."""
    for j, quality in enumerate(prop.quality or []):
        yield f"{at}.quality[{j}]", name, quality
    for i, field in enumerate(prop.properties or []):
        yield from _inner_qualities(field, f"{at}.properties[{i}]", name=f"{name}.{field.name}")
    containers = [("items", "[]", prop.items)]
    containers += [("map.key", "{key}", prop.map.key), ("map.value", "{value}", prop.map.value)] if prop.map else []
    for key, step, inner in containers:
        if inner is not None:
            yield from _inner_qualities(inner, f"{at}.{key}", name=f"{name}{step}")


def _rule(quality: DataQuality, place: str, column: str | None, dialect: Dialect, path: str) -> QualityRule:
    described: dict[str, Any] = {
        "path": place,
        "id": quality.id or _default_id(quality, column),
        "column": column,
        "dimension": quality.dimension,
        "severity": severity(quality.severity or "error"),
        "description": " ".join((stated(quality.description) or quality.name or "").split()),
        "business_impact": quality.businessImpact or "",
    }
    window = _window(quality, place, path)
    match quality.type or "library":
        case "sql":
            return _sql(quality, described, dialect)
        case "custom":
            text = quality.implementation
            body = text if isinstance(text, str) else json.dumps(text)
            return CustomRule(**described, engine=str(quality.engine), implementation=body)
        case "text":
            return TextRule(**described)
        case "library":
            return _library(quality, described, window)
        case other:
            raise ContractError(f"{path}: {place}.type: {other!r} is not known; use library, sql, custom or text")


def _sql(quality: DataQuality, described: dict[str, Any], dialect: Dialect) -> SqlRule:
    own = next((str(each.value) for each in quality.customProperties or [] if each.property == DIALECT), None)
    name, is_assumed = dialect if own is None else Dialect(own)
    return SqlRule(
        **described,
        query=str(quality.query),
        operator=_operator(quality),
        dialect=name,
        dialect_is_assumed=is_assumed,
    )


def _library(quality: DataQuality, described: dict[str, Any], window: timedelta | None) -> LibraryRule:
    arguments = (quality.arguments or {}).items()
    return LibraryRule(
        **described,
        metric=quality.metric or quality.rule or "",
        operator=_operator(quality),
        unit=(quality.unit or "rows").lower(),
        arguments=tuple(Argument(path=f"{described['path']}.{k}", name=k, value=_value(v)) for k, v in arguments),
        window=window,
    )


def _window(quality: DataQuality, place: str, path: str) -> timedelta | None:
    """The rolling window of a rule (`customProperties: [{property: window, value: 7d}]`); None if it has none."""
    custom = enumerate(quality.customProperties or [])
    windows = [(i, setting.value) for i, setting in custom if setting.property == "window"]
    if not windows:
        return None
    position, value = windows[-1]
    where = f"{path}: {place}.customProperties[{position}]"
    if len(windows) > 1:
        raise ContractError(f"{where}: window is a duplicate; remove one of them")
    if (quality.type or "library") != "library":
        raise ContractError(f"{where}: only a library metric can have a window; remove it, or use a metric")
    span = duration(value)
    if not span or span > LONGEST_WINDOW:
        raise ContractError(f"{where}.value: {value!r} is not a time span of at most a year: write one such as 7d")
    return span


def _operator(quality: DataQuality) -> Operator | None:
    for name in OPERATORS:
        bound = getattr(quality, name)
        if bound is not None:
            bounds = bound if isinstance(bound, list) else [bound]
            return Operator(name=name, bounds=tuple(map(scalar, bounds)))
    return None


def _default_id(quality: DataQuality, column: str | None) -> str:
    what = quality.metric or quality.rule or quality.type or "rule"
    return f"{column}.{what}" if column else what


def _value(value: Any) -> ListedValue | tuple[ListedValue, ...]:
    return tuple(_member(item) for item in value) if isinstance(value, list) else _member(value)


def _member(value: Any) -> ListedValue:
    return value if value is None or isinstance(value, bool | int | float | str) else json.dumps(value, default=str)
