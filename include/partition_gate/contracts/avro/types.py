"""The types of an Avro schema. A named type is referred to by its full name, because schemas may be recursive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")


@dataclass(frozen=True)
class Primitive:
    """A primitive type; `logical` is what its values stand for (`decimal(10, 2)`), or empty."""

    kind: str
    logical: str = ""


@dataclass(frozen=True)
class Array:
    items: AvroType


@dataclass(frozen=True)
class Map:
    values: AvroType


@dataclass(frozen=True)
class Union:
    branches: tuple[AvroType, ...]


@dataclass(frozen=True)
class Reference:
    """A named type of the same schema."""

    full_name: str


@dataclass(frozen=True)
class Fixed:
    full_name: str
    aliases: frozenset[str]
    size_bytes: int
    logical: str = ""


@dataclass(frozen=True)
class Enum:
    """`default` is the symbol that a reader takes for a symbol that it does not know."""

    full_name: str
    aliases: frozenset[str]
    symbols: tuple[str, ...]
    default: str | None


@dataclass(frozen=True)
class Field:
    """A field of a record; `default` counts only if `has_default`, because null is a default, too."""

    name: str
    aliases: frozenset[str]
    type: AvroType
    has_default: bool
    default: Any


@dataclass(frozen=True)
class RecordType:
    full_name: str
    aliases: frozenset[str]
    fields: tuple[Field, ...]


NamedType = Fixed | Enum | RecordType
AvroType = Primitive | Array | Map | Union | Reference


@dataclass(frozen=True)
class AvroSchema:
    """A schema with its named types by their full names; `label` names its origin in messages."""

    label: str
    root: AvroType
    names: Mapping[str, NamedType]

    def resolved(self, node: AvroType) -> AnyType:
        """The type itself, where it is referred to by name."""
        return self.names[node.full_name] if isinstance(node, Reference) else node


AnyType = Primitive | Array | Map | Union | NamedType


def simple_name(full_name: str) -> str:
    """The name without its namespace."""
    return full_name.rpartition(".")[2]


_WORDS: dict[type, str] = {
    RecordType: "record",
    Enum: "enum",
    Fixed: "fixed",
    Union: "a union",
    Array: "an array",
    Map: "a map",
}


def described(node: AnyType) -> str:
    """The type in a sentence: `long`, `decimal(10, 2)`, `record MovieWatch`, `a union`."""
    if isinstance(node, Primitive):
        return node.logical or node.kind
    word = _WORDS[type(node)]
    return f"{word} {simple_name(node.full_name)}" if isinstance(node, RecordType | Enum | Fixed) else word
