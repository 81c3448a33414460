"""Reads Avro schemas: `.avsc` files, and what a schema registry returns.

Source: Apache Avro 1.12, "Schema Declaration".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from partition_gate.contracts.avro.defaults import fits
from partition_gate.contracts.avro.types import (
    PRIMITIVES,
    Array,
    AvroSchema,
    AvroType,
    Enum,
    Field,
    Fixed,
    Map,
    NamedType,
    Primitive,
    RecordType,
    Reference,
    Union,
)
from partition_gate.core.errors import ContractError
from partition_gate.core.nearest_words import did_you_mean, shown

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAMED = ("record", "error", "enum", "fixed")
_LETTERS = "use letters, digits and _"
# What these mean depends on nothing else; `decimal` has a precision and a scale.
_LOGICAL = frozenset(
    {
        *("date", "time-millis", "time-micros", "timestamp-millis", "timestamp-micros", "timestamp-nanos", "uuid"),
        *("local-timestamp-millis", "local-timestamp-micros", "local-timestamp-nanos", "duration", "big-decimal"),
    }
)


def read_schema(text: str, *, label: str) -> AvroSchema:
    """The schema in a text: a declaration, or a registry's document with the declaration in its key `schema`.

    Raises:
        ContractError: not JSON, not a valid schema (each with its place), or a registry's document of something else.
    """
    try:
        return parsed_schema(_declaration(_json(text, label), label), label=label)
    except RecursionError:
        raise ContractError(f"{label}: is nested too deeply for a schema; check that this is the right file") from None


def parsed_schema(declaration: Any, *, label: str) -> AvroSchema:
    """The schema that a declaration means. Raises: ContractError, as `read_schema`."""
    parser = _Parser(label)
    root = parser.type_of(declaration, at="", namespace="")
    schema = AvroSchema(label=label, root=root, names=parser.names)
    for place, each in parser.fields:
        if each.has_default and not fits(schema, each.type, each.default):
            raise parser.refusal(f"{place}.default", "is not a value of the field's type; correct it")
    return schema


def _json(text: str, label: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        what = "is not JSON; give an Avro schema (.avsc), or a registry's answer"
        raise ContractError(f"{label}: line {error.lineno}: {what}") from None


def _declaration(document: Any, label: str) -> Any:
    """A registry answers `{"schema": "<declaration as text>", "schemaType": "AVRO" (or absent), ...}`."""
    if not isinstance(document, dict) or "type" in document:
        return document
    if "error_code" in document:
        what = f"is a registry's error {shown(document['error_code'])}; ask for a subject and version that exist"
        raise ContractError(f"{label}: {what}")
    if (kind := document.get("schemaType", "AVRO")) != "AVRO":
        raise ContractError(f"{label}: schemaType: {shown(kind)} is not AVRO, and only Avro schemas are compared")
    if document.get("references"):
        raise ContractError(f"{label}: references: other subjects are not read; write their types into the schema")
    schema = document.get("schema")
    return _json(schema, f"{label}: schema") if isinstance(schema, str) else schema or document


@dataclass
class _Parser:
    """Collects the named types of one schema in the order of their declaration, and its fields with their places."""

    label: str
    names: dict[str, NamedType] = field(default_factory=dict)
    fields: list[tuple[str, Field]] = field(default_factory=list)
    begun: set[str] = field(default_factory=set)

    def refusal(self, place: str, what: str) -> ContractError:
        return ContractError(f"{self.label}: {place.lstrip('.') or 'the schema'}: {what}")

    def type_of(self, node: Any, *, at: str, namespace: str) -> AvroType:
        match node:
            case str():
                return Primitive(node) if node in PRIMITIVES else self._reference(node, at=at, namespace=namespace)
            case list():
                return self._union(node, at=at, namespace=namespace)
            case {"type": str(kind)} if kind in _NAMED:
                return self._named(node, kind, at=at, namespace=namespace)
            case {"type": "array" | "map" as kind}:
                return self._container(node, kind, at=at, namespace=namespace)
            case {"type": inner}:
                is_primitive = isinstance(inner, str) and inner in PRIMITIVES
                return (
                    Primitive(inner, _logical(node))
                    if is_primitive
                    else self.type_of(inner, at=at, namespace=namespace)
                )
            case _:
                raise self.refusal(at, "is not a type: write a name, a union (a list), or an object with `type`")

    def _container(self, node: dict[str, Any], kind: str, *, at: str, namespace: str) -> Array | Map:
        key = "items" if kind == "array" else "values"
        if key not in node:
            raise self.refusal(at, f"is of type {kind} without `{key}`; add their type")
        inner = self.type_of(node[key], at=f"{at}.{key}", namespace=namespace)
        return Array(inner) if kind == "array" else Map(inner)

    def _reference(self, name: str, *, at: str, namespace: str) -> Reference:
        full_name = _full_name(name, namespace)
        if full_name not in self.begun:
            hint = did_you_mean(name, (*PRIMITIVES, *self.begun)) or "declare it before its first use"
            raise self.refusal(at, f"{shown(name)} is neither a type of Avro nor declared here; {hint}")
        return Reference(full_name)

    def _union(self, branches: list[Any], *, at: str, namespace: str) -> Union:
        types = [self.type_of(each, at=f"{at}[{i}]", namespace=namespace) for i, each in enumerate(branches)]
        seen: set[object] = set()
        for i, each in enumerate(types):
            if isinstance(each, Union):
                raise self.refusal(f"{at}[{i}]", "is a union directly in a union; write one list")
            # Only named types may occur several times, with other names.
            kind = each.full_name if isinstance(each, Reference) else getattr(each, "kind", type(each))
            if kind in seen:
                raise self.refusal(f"{at}[{i}]", "is a duplicate in this union; remove one of them")
            seen.add(kind)
        return Union(tuple(types))

    def _named(self, node: dict[str, Any], kind: str, *, at: str, namespace: str) -> Reference:
        full_name = self._name(node, at=at, namespace=namespace)
        own = full_name.rpartition(".")[0]
        aliases = frozenset(_full_name(str(each), own) for each in self._list(node, "aliases", at))
        make: Callable[..., NamedType] = {"enum": self._enum, "fixed": self._fixed}.get(kind, self._record)
        self.names[full_name] = make(node, full_name, aliases, at)
        return Reference(full_name)

    def _name(self, node: dict[str, Any], *, at: str, namespace: str) -> str:
        name, given = node.get("name"), node.get("namespace")
        if not isinstance(name, str):
            raise self.refusal(at, "has no name; add one")
        full_name = _full_name(name, given if isinstance(given, str) else namespace)
        if not all(_NAME.fullmatch(part) for part in full_name.split(".")) or full_name in PRIMITIVES:
            raise self.refusal(
                f"{at}.name", f"{shown(name)} is not a name: use letters, digits and _ (and dots in a namespace)"
            )
        if full_name in self.begun:
            raise self.refusal(
                f"{at}.name", f"{shown(full_name)} is declared twice; rename one of them, or refer to it by name"
            )
        self.begun.add(full_name)
        return full_name

    def _record(self, node: dict[str, Any], full_name: str, aliases: frozenset[str], at: str) -> RecordType:
        if not isinstance(node.get("fields"), list):
            raise self.refusal(at, "is a record without fields; add the list `fields`")
        fields = [
            self._field(each, at=f"{at}.fields[{i}]", namespace=full_name.rpartition(".")[0])
            for i, each in enumerate(node["fields"])
        ]
        names = [each.name for each in fields]
        for i, name in enumerate(names):
            if name in names[:i]:
                raise self.refusal(f"{at}.fields[{i}].name", f"{shown(name)} is a duplicate; rename one of them")
        return RecordType(full_name, aliases, tuple(fields))

    def _field(self, node: Any, *, at: str, namespace: str) -> Field:
        if not isinstance(node, dict) or not isinstance(node.get("name"), str) or "type" not in node:
            raise self.refusal(at, "is not a field: write an object with `name` and `type`")
        if not _NAME.fullmatch(node["name"]):
            raise self.refusal(f"{at}.name", f"{shown(node['name'])} is not a name: {_LETTERS}")
        read = Field(
            name=node["name"],
            aliases=frozenset(map(str, self._list(node, "aliases", at))),
            type=self.type_of(node["type"], at=f"{at}.type", namespace=namespace),
            has_default="default" in node,
            default=node.get("default"),
        )
        self.fields.append((at, read))
        return read

    def _enum(self, node: dict[str, Any], full_name: str, aliases: frozenset[str], at: str) -> Enum:
        symbols = self._list(node, "symbols", at)
        if not symbols or not all(isinstance(each, str) and _NAME.fullmatch(each) for each in symbols):
            raise self.refusal(f"{at}.symbols", f"are not names: {_LETTERS}, and at least one symbol")
        if len(set(symbols)) < len(symbols):
            raise self.refusal(f"{at}.symbols", "has duplicates; remove them")
        default = node.get("default")
        if default is not None and default not in symbols:
            raise self.refusal(f"{at}.default", f"{shown(default)} is not a symbol of the enum; use one of them")
        return Enum(full_name, aliases, tuple(symbols), default)

    def _fixed(self, node: dict[str, Any], full_name: str, aliases: frozenset[str], at: str) -> Fixed:
        size = node.get("size")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise self.refusal(f"{at}.size", "is not a number of bytes; write a whole number")
        return Fixed(full_name, aliases, size, _logical(node))

    def _list(self, node: dict[str, Any], key: str, at: str) -> list[Any]:
        value = node.get(key, [])
        if not isinstance(value, list):
            raise self.refusal(f"{at}.{key}", "is not a list; write one")
        return value


def _full_name(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _logical(node: dict[str, Any]) -> str:
    """An unknown logical type is ignored, as the specification demands."""
    kind = node.get("logicalType")
    if kind == "decimal":
        return f"decimal({node.get('precision')}, {node.get('scale', 0)})"
    return kind if isinstance(kind, str) and kind in _LOGICAL else ""
