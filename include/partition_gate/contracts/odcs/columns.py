"""Columns and relationships of a contract's schema object."""

from __future__ import annotations

import json
from collections.abc import Iterator

from open_data_contract_standard.model import CustomProperty, Relationship, SchemaObject, SchemaProperty

from partition_gate.contract.model import Clause, Column, CompoundForeignKey, ForeignKey
from partition_gate.contract.nested_columns import published_type
from partition_gate.contract.widening import is_value
from partition_gate.core.errors import ContractError
from partition_gate.core.nearest_words import shown
from partition_gate.core.severity import Severity
from partition_gate.core.values import Scalar


def read_columns(schema: SchemaObject, *, at: str) -> tuple[Column, ...]:
    """The columns, each with its clauses, in the file's order. `at` is the schema object's place in the file."""
    return tuple(_column(p, f"{at}.properties[{i}]") for i, p in enumerate(schema.properties or []))


def require_defaults(columns: tuple[Column, ...], *, path: str) -> None:
    """Require that each default is a value of the published column's type.

    Raises:
        ContractError: one line per invalid default; readers could not read it or its rows.
    """
    wrong = [
        f"{path}: {column.path}.customProperties: the default {shown(column.default)} is not of type {kind}; correct it"
        for column in columns
        if column.default is not None and not is_value(str(column.default), kind := published_type(column))
    ]
    if wrong:
        raise ContractError("\n".join(wrong))


def read_foreign_keys(schema: SchemaObject, *, at: str, path: str) -> tuple[ForeignKey, ...]:
    """The relationships of single columns, at either level.

    Raises:
        ContractError: a target is not `dataset.column`.
    """
    return tuple(
        ForeignKey(
            path=place,
            column=column,
            to_dataset=target[0],
            to_column=target[1],
            severity=severity_of(relationship.customProperties, place, path),
        )
        for place, column, relationship in _relationships(schema, at)
        if (target := _target(relationship, place, path))
    )


def read_compound_foreign_keys(schema: SchemaObject, *, at: str, path: str) -> tuple[CompoundForeignKey, ...]:
    """The relationships with lists in `from` and `to`; their columns correspond by position.

    Raises:
        ContractError: the lists differ in length, or the targets are not columns of one dataset.
    """
    return tuple(
        _compound(relationship, f"{at}.relationships[{j}]", path)
        for j, relationship in enumerate(schema.relationships or [])
        if isinstance(relationship.from_, list)
    )


def _compound(relationship: Relationship, place: str, path: str) -> CompoundForeignKey:
    columns, targets = list(relationship.from_ or []), list(relationship.to or [])
    parents = [_dataset_and_column(target, place, path) for target in targets]
    if len(parents) != len(columns) or len({dataset for dataset, _ in parents}) != 1:
        what = "`from` and `to` must name the same number of columns, and `to` the columns of one dataset"
        raise ContractError(f"{path}: {place}: {what}")
    return CompoundForeignKey(
        path=place,
        columns=tuple(column.rsplit(".", 1)[-1] for column in columns),
        to_dataset=parents[0][0],
        to_columns=tuple(column for _, column in parents),
        severity=severity_of(relationship.customProperties, place, path),
    )


def severity_of(custom: list[CustomProperty] | None, place: str, path: str) -> Severity:
    """The `severity` custom property, for clauses without a severity in the standard (default error)."""
    word = next((str(c.value) for c in custom or [] if c.property == "severity"), Severity.ERROR.value)
    return severity(word, place, path)


def severity(word: str, place: str, path: str) -> Severity:
    """The severity with this name. Raises: ContractError."""
    try:
        return Severity(word.lower())
    except ValueError:
        raise ContractError(f"{path}: {place}.severity: {word!r} is not known; use error, warning or info") from None


def _column(prop: SchemaProperty, at: str, *, name: str | None = None) -> Column:
    own = name or str(prop.name)
    return Column(
        path=at,
        name=own,
        source=prop.physicalName or str(prop.name),
        logical_type=prop.logicalType or "string",
        physical_type=prop.physicalType,
        description=" ".join((prop.description or prop.businessName or "").split()),
        classification=prop.classification,
        partitioned=bool(prop.partitioned),
        default=_default(prop.customProperties),
        clauses=tuple(_clauses(prop, at)),
        fields=tuple(
            _column(p, f"{at}.properties[{i}]", name=f"{own}.{p.name}") for i, p in enumerate(prop.properties or [])
        ),
        item=_inner(prop.items, f"{at}.items", name=f"{own}[]"),
        key=_inner(prop.map.key if prop.map else None, f"{at}.map.key", name=f"{own}{{key}}"),
        value=_inner(prop.map.value if prop.map else None, f"{at}.map.value", name=f"{own}{{value}}"),
    )


def _inner(prop: SchemaProperty | None, at: str, *, name: str) -> Column | None:
    return None if prop is None else _column(prop, at, name=name)


def _default(custom: list[CustomProperty] | None) -> Scalar | None:
    value = next((c.value for c in custom or [] if c.property == "default"), None)
    return None if value is None else _single(value)


def _clauses(prop: SchemaProperty, at: str) -> Iterator[Clause]:
    for name in ("name", "logicalType", "physicalType", "required", "unique", "primaryKey"):
        if value := getattr(prop, name):
            yield Clause(path=f"{at}.{name}", name=name, value=value)
    if prop.primaryKeyPosition is not None:
        yield Clause(path=f"{at}.primaryKeyPosition", name="primaryKeyPosition", value=prop.primaryKeyPosition)
    for name, value in (prop.logicalTypeOptions or {}).items():
        yield Clause(path=f"{at}.logicalTypeOptions.{name}", name=f"option.{name}", value=_scalar(value))
    if prop.enum:
        values = tuple(_single(item.value) for item in prop.enum)
        yield Clause(path=f"{at}.enum", name="enum", value=values)


def _relationships(schema: SchemaObject, at: str) -> Iterator[tuple[str, str, Relationship]]:
    for i, prop in enumerate(schema.properties or []):
        for j, relationship in enumerate(prop.relationships or []):
            yield f"{at}.properties[{i}].relationships[{j}]", str(prop.name), relationship
    for j, relationship in enumerate(schema.relationships or []):
        if isinstance(relationship.from_, str):
            yield f"{at}.relationships[{j}]", relationship.from_.rsplit(".", 1)[-1], relationship


def _target(relationship: Relationship, place: str, path: str) -> tuple[str, str] | None:
    targets = [relationship.to] if isinstance(relationship.to, str) else list(relationship.to or [])
    if len(targets) != 1:
        return None  # a column cannot be compared with several columns: coverage lists it as not executable
    return _dataset_and_column(targets[0], place, path)


def _dataset_and_column(target: str, place: str, path: str) -> tuple[str, str]:
    dataset, dot, column = target.rpartition(".")
    if not dot or "/" in target:
        raise ContractError(f"{path}: {place}.to: {target!r} does not name a column; write dataset.column")
    return dataset.rsplit(".", 1)[-1], column


def _scalar(value: object) -> Scalar | tuple[Scalar, ...]:
    if isinstance(value, list):
        return tuple(_single(item) for item in value)
    return _single(value)


def _single(value: object) -> Scalar:
    return value if isinstance(value, bool | int | float | str) else json.dumps(value, default=str)
