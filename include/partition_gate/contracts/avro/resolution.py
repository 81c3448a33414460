"""Whether a reader's schema can read what was written with a writer's schema, and every reason why not.

The rules are those of Avro's schema resolution, as `SchemaCompatibility` of Apache Avro's Java library applies them for
schema registries: types may be promoted, names match without their namespace or by an alias of the reader, and each
branch of a writer's union needs a branch of the reader's. Logical types are not part of that answer, but values change
their meaning with them; so they are reported apart.

Source: Apache Avro 1.12, "Schema Resolution".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from partition_gate.contracts.avro.types import (
    AnyType,
    Array,
    AvroSchema,
    AvroType,
    Enum,
    Field,
    Fixed,
    Map,
    Primitive,
    RecordType,
    Union,
    described,
    simple_name,
)
from partition_gate.contracts.compatibility.rules import Direction
from partition_gate.core.display import counted, listed
from partition_gate.core.record import Record

# What is written -> what may read it, besides the same type.
PROMOTIONS: dict[str, frozenset[str]] = {
    "int": frozenset({"long", "float", "double"}),
    "long": frozenset({"float", "double"}),
    "float": frozenset({"double"}),
    "string": frozenset({"bytes"}),
    "bytes": frozenset({"string"}),
}
_SYMBOLS_SHOWN = 5


class Rule(StrEnum):
    """The rules that a pair of schemas can break, by their names in Avro's Java library; the last is only ours."""

    TYPE_MISMATCH = "TYPE_MISMATCH"
    NAME_MISMATCH = "NAME_MISMATCH"
    FIXED_SIZE_MISMATCH = "FIXED_SIZE_MISMATCH"
    MISSING_ENUM_SYMBOLS = "MISSING_ENUM_SYMBOLS"
    MISSING_UNION_BRANCH = "MISSING_UNION_BRANCH"
    READER_FIELD_MISSING_DEFAULT_VALUE = "READER_FIELD_MISSING_DEFAULT_VALUE"
    LOGICAL_TYPE_CHANGED = "LOGICAL_TYPE_CHANGED"


# What to change in the new schema: where it is the reader (BACKWARD), and where it is the writer (FORWARD).
_ANOTHER_FIELD = "keep the type, or add a field of another name with a default"
_ADVICE: dict[Rule, tuple[str, str]] = {
    Rule.TYPE_MISMATCH: (_ANOTHER_FIELD, _ANOTHER_FIELD),
    Rule.NAME_MISMATCH: ("keep the name, or add the old one to `aliases`", "keep the name"),
    Rule.FIXED_SIZE_MISMATCH: (_ANOTHER_FIELD, _ANOTHER_FIELD),
    Rule.MISSING_ENUM_SYMBOLS: (
        "keep them, or give the enum a default",
        "let readers have a default in the enum first",
    ),
    Rule.MISSING_UNION_BRANCH: ("keep that type in the union", "let readers have that type in the union first"),
    Rule.READER_FIELD_MISSING_DEFAULT_VALUE: ("give it a default", "keep it, or let readers have a default first"),
    Rule.LOGICAL_TYPE_CHANGED: (_ANOTHER_FIELD, _ANOTHER_FIELD),
}


class Incompatibility(Record):
    """What the reader cannot read. `path` is the place in the reader's schema (`MovieWatch.device.os`)."""

    direction: Direction
    reader: str
    writer: str
    path: str
    rule: Rule
    sentence: str


class Resolution(Record):
    """Every reason why the reader cannot read the writer's data, and every value that it would read as another one."""

    incompatibilities: tuple[Incompatibility, ...]
    changed_meanings: tuple[Incompatibility, ...]


def resolve(reader: AvroSchema, writer: AvroSchema, *, direction: Direction) -> Resolution:
    """Judge a pair of schemas; BACKWARD: the reader is the new one. The order is that of the reader's fields."""
    resolver = _Resolver(reader, writer, direction)
    root = reader.resolved(reader.root)
    name = simple_name(root.full_name) if isinstance(root, RecordType | Enum | Fixed) else "the schema"
    found = list(dict.fromkeys(resolver.problems(reader.root, writer.root, name)))
    return Resolution(
        incompatibilities=tuple(each for each in found if each.rule is not Rule.LOGICAL_TYPE_CHANGED),
        changed_meanings=tuple(each for each in found if each.rule is Rule.LOGICAL_TYPE_CHANGED),
    )


@dataclass
class _Resolver:
    """One pair of schemas. `known` has the problems of each pair of records, none while it is still being judged."""

    reader: AvroSchema
    writer: AvroSchema
    direction: Direction
    known: dict[tuple[str, str], list[Incompatibility]] = field(default_factory=dict)

    def problems(self, read: AvroType, written: AvroType, path: str) -> list[Incompatibility]:
        r, w = self.reader.resolved(read), self.writer.resolved(written)
        match r, w:
            case _, Union():
                return [each for branch in w.branches for each in self.problems(read, branch, path)]
            case Union(), _:
                return self._of_union(r, written, path)
            case RecordType(), RecordType():
                return self._of_records(r, w, path)
            case Array(), Array():
                return self.problems(r.items, w.items, f"{path}[]")
            case Map(), Map():
                return self.problems(r.values, w.values, f"{path}{{}}")
        return list(self._of_values(r, w, path))

    def _of_union(self, read: Union, written: AvroType, path: str) -> list[Incompatibility]:
        """Of the first branch that can read it; else of the only branch of its kind, else that there is none."""
        tried = [(branch, self.problems(branch, written, path)) for branch in read.branches]
        for _, found in tried:
            if all(each.rule is Rule.LOGICAL_TYPE_CHANGED for each in found):
                return found
        w = self.writer.resolved(written)
        alike = [found for branch, found in tried if type(self.reader.resolved(branch)) is type(w)]
        if len(alike) == 1 and not isinstance(w, Primitive):
            return alike[0]
        what = f"{self.writer.label} may write {described(w)}, and no type of the union in {self.reader.label} reads it"
        return [self._broken(Rule.MISSING_UNION_BRANCH, path, what)]

    def _of_records(self, r: RecordType, w: RecordType, path: str) -> list[Incompatibility]:
        pair = (r.full_name, w.full_name)
        if pair not in self.known:
            self.known[pair] = []  # a record in itself is compatible, unless something else is not
            self.known[pair] = [*self._names(r, w, path), *self._fields(r, w, path)]
        return self.known[pair]

    def _fields(self, r: RecordType, w: RecordType, path: str) -> Iterator[Incompatibility]:
        for each in r.fields:
            place = f"{path}.{each.name}"
            written = _written_field(each, w)
            if written is not None:
                yield from self.problems(each.type, written.type, place)
            elif not each.has_default:
                what = f"{self.writer.label} does not write this field, and it has no default in {self.reader.label}"
                yield self._broken(Rule.READER_FIELD_MISSING_DEFAULT_VALUE, place, what)

    def _of_values(self, r: AnyType, w: AnyType, path: str) -> Iterator[Incompatibility]:
        match r, w:
            case Enum(), Enum():
                yield from self._names(r, w, path)
                missing = [each for each in w.symbols if each not in r.symbols]
                if missing and r.default is None:
                    symbols = listed(missing, _SYMBOLS_SHOWN)
                    what = f"{self.writer.label} may write {symbols}, and the enum in {self.reader.label} lacks it"
                    yield self._broken(Rule.MISSING_ENUM_SYMBOLS, path, what)
            case Fixed(), Fixed():
                yield from self._names(r, w, path)
                if r.size_bytes != w.size_bytes:
                    size = counted(w.size_bytes, "byte")
                    what = f"is {size} long in {self.writer.label} and {r.size_bytes} in {self.reader.label}"
                    yield self._broken(Rule.FIXED_SIZE_MISMATCH, path, what)
                yield from self._meaning(r.logical, w.logical, path)
            case Primitive(), Primitive() if r.kind == w.kind or r.kind in PROMOTIONS.get(w.kind, ()):
                yield from self._meaning(r.logical, w.logical, path)
            case _:
                what = f"{self.writer.label} writes {described(w)}, and {self.reader.label} reads {described(r)}"
                yield self._broken(Rule.TYPE_MISMATCH, path, what)

    def _names(
        self, r: RecordType | Enum | Fixed, w: RecordType | Enum | Fixed, path: str
    ) -> Iterator[Incompatibility]:
        if simple_name(r.full_name) != simple_name(w.full_name) and w.full_name not in r.aliases:
            what = f"is named {w.full_name} in {self.writer.label} and {r.full_name} in {self.reader.label}"
            yield self._broken(Rule.NAME_MISMATCH, path, what)

    def _meaning(self, read: str, written: str, path: str) -> Iterator[Incompatibility]:
        if read != written:
            what = f"{self.writer.label} writes {written or 'a plain value'}, and {self.reader.label} takes it for "
            what += f"{read or 'a plain value'}: no registry refuses that, but it is another value"
            yield self._broken(Rule.LOGICAL_TYPE_CHANGED, path, what)

    def _broken(self, rule: Rule, path: str, what: str) -> Incompatibility:
        return Incompatibility(
            direction=self.direction,
            reader=self.reader.label,
            writer=self.writer.label,
            path=path,
            rule=rule,
            sentence=f"{path}: {what}; {_ADVICE[rule][self.direction is Direction.FORWARD]}",
        )


def _written_field(read: Field, record: RecordType) -> Field | None:
    """The writer's field of the same name, else one that the reader's field has as an alias."""
    fields = {each.name: each for each in record.fields}
    return fields.get(read.name) or next((fields[each] for each in sorted(read.aliases) if each in fields), None)
