"""Columns and relationships of a contract's schema object."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from open_data_contract_standard.model import CustomProperty, Relationship, SchemaObject, SchemaProperty

from partition_gate.contract.model import Clause, Column, CompoundForeignKey, ForeignKey, UnreadClause
from partition_gate.contract.nested_columns import published_type
from partition_gate.contract.widening import is_value
from partition_gate.contracts.odcs.draft_texts import stated
from partition_gate.core.errors import ContractError
from partition_gate.core.nearest_words import shown
from partition_gate.core.severity import Severity
from partition_gate.core.values import Scalar

_UNLIKE_LISTS = (
    "`from` and `to` must name the same number of columns, and `to` the columns of one dataset; correct one of them"
)


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


def read_relationships(schema: SchemaObject, *, at: str) -> tuple[ForeignKey | CompoundForeignKey | UnreadClause, ...]:
    """The relationships, at either level; those with lists in `from` and `to` correspond by position."""
    return tuple(_relationships(schema, at))


def _relationships(schema: SchemaObject, at: str) -> Iterator[ForeignKey | CompoundForeignKey | UnreadClause]:
    names = {str(prop.name) for prop in schema.properties or []}
    for i, prop in enumerate(schema.properties or []):
        for j, relationship in enumerate(prop.relationships or []):
            yield _foreign_key(relationship, f"{at}.properties[{i}].relationships[{j}]", str(prop.name))
    for j, relationship in enumerate(schema.relationships or []):
        place, given = f"{at}.relationships[{j}]", relationship.from_
        sources = [given] if isinstance(given, str) else list(given or [])
        columns = [source.rsplit(".", 1)[-1] for source in sources]
        if unknown := [source for source, column in zip(sources, columns, strict=True) if column not in names]:
            what = f"{', '.join(map(shown, unknown))} is not a property of the object; name one of its properties"
            yield UnreadClause(path=place, why=what)
        elif isinstance(given, str):
            yield _foreign_key(relationship, place, columns[0])
        else:
            yield _compound(relationship, place, columns)


def _foreign_key(relationship: Relationship, place: str, column: str) -> ForeignKey | UnreadClause:
    targets = [relationship.to] if isinstance(relationship.to, str) else list(relationship.to or [])
    if len(targets) != 1:
        what = "a column cannot be compared with several columns; write one relationship for each"
        return UnreadClause(path=place, why=what)
    target = _dataset_and_column(targets[0])
    if target is None:
        return UnreadClause(path=place, why=f"{shown(targets[0])} does not name a column here; write dataset.column")
    return ForeignKey(
        path=place,
        column=column,
        to_dataset=target[0],
        to_column=target[1],
        severity=severity_of(relationship.customProperties),
    )


def _compound(relationship: Relationship, place: str, columns: Sequence[str]) -> CompoundForeignKey | UnreadClause:
    targets = [relationship.to] if isinstance(relationship.to, str) else list(relationship.to or [])
    parents = [_dataset_and_column(target) for target in targets]
    named = [parent for parent in parents if parent is not None]
    if not columns or len(named) != len(columns) or len({dataset for dataset, _ in named}) != 1:
        return UnreadClause(path=place, why=_UNLIKE_LISTS)
    return CompoundForeignKey(
        path=place,
        columns=tuple(columns),
        to_dataset=named[0][0],
        to_columns=tuple(column for _, column in named),
        severity=severity_of(relationship.customProperties),
    )


def severity_of(custom: list[CustomProperty] | None) -> Severity:
    """The `severity` custom property, for clauses without a severity in the standard (default error)."""
    return severity(next((str(c.value) for c in custom or [] if c.property == "severity"), Severity.ERROR.value))


def severity(word: str) -> Severity:
    """The severity with this name; an unknown word counts as error, and lint says so."""
    return Severity(word.lower()) if word.lower() in set(Severity) else Severity.ERROR


def _column(prop: SchemaProperty, at: str, *, name: str | None = None) -> Column:
    own = name or str(prop.name)
    return Column(
        path=at,
        name=own,
        source=prop.physicalName or str(prop.name),
        logical_type=prop.logicalType or "string",
        physical_type=prop.physicalType,
        description=" ".join((stated(prop.description) or prop.businessName or "").split()),
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
    return None if value is None else scalar(value)


def _clauses(prop: SchemaProperty, at: str) -> Iterator[Clause]:
    for name in ("name", "logicalType", "physicalType", "required", "unique", "primaryKey"):
        if value := getattr(prop, name):
            yield Clause(path=f"{at}.{name}", name=name, value=value)
    if prop.primaryKeyPosition is not None:
        yield Clause(path=f"{at}.primaryKeyPosition", name="primaryKeyPosition", value=prop.primaryKeyPosition)
    for name, value in (prop.logicalTypeOptions or {}).items():
        yield Clause(path=f"{at}.logicalTypeOptions.{name}", name=f"option.{name}", value=_scalar(value))
    if prop.enum:
        values = tuple(scalar(item.value) for item in prop.enum)
        yield Clause(path=f"{at}.enum", name="enum", value=values)


def _dataset_and_column(target: str) -> tuple[str, str] | None:
    dataset, dot, column = target.rpartition(".")
    return None if not dot or "/" in target else (dataset.rsplit(".", 1)[-1], column)


def _scalar(value: object) -> Scalar | tuple[Scalar, ...]:
    if isinstance(value, list):
        return tuple(scalar(item) for item in value)
    return scalar(value)


def scalar(value: object) -> Scalar:
    """A value of the file as one value; a list or a mapping becomes its JSON."""
    return value if isinstance(value, bool | int | float | str) else json.dumps(value, default=str)
