"""Turns errors of the JSON Schema into messages that a data owner can act on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from partition_gate.checks.compiling.bounds import OPERATORS
from partition_gate.contracts.odcs.keys import UnknownKey
from partition_gate.contracts.odcs.schema_errors import Parts, SchemaError
from partition_gate.core.nearest_words import did_you_mean, nearest, shown

KEY_RULES = frozenset({"additionalProperties", "unevaluatedProperties"})
_WRITE = {
    "boolean": "true or false",
    "integer": "a whole number, without quotes",
    "number": "a number, without quotes",
    "string": "text, in quotes",
    "array": "a list (`- ...`)",
    "object": "a mapping (`key: value`)",
}
_SHAPES: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (int, "a number"),
    (float, "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "a mapping"),
)


def causes(errors: Iterable[SchemaError]) -> list[SchemaError]:
    """The errors at the leaves; for a choice (`oneOf`), the errors of the branch that the author probably meant."""
    return [leaf for error in errors for leaf in _leaves(error)]


class ErrorMessages:
    """The messages about a document: uses its errors and its unknown keys to report each cause only once."""

    def __init__(self, errors: Iterable[SchemaError], unknown: Iterable[UnknownKey]) -> None:
        self._explained = {
            error.place[:length]
            for error in errors
            if error.rule not in KEY_RULES
            for length in range(len(error.place) + 1)
        }
        self._unknown: dict[Parts, list[str | int]] = {}
        for key in unknown:
            self._unknown.setdefault(key.parts[:-1], []).append(key.parts[-1])
            self._explained |= {key.parts[:length] for length in range(len(key.parts) - 1)}
        self._mistyped = {error.place for error in errors if error.rule == "type"}

    def of(self, error: SchemaError) -> Iterator[tuple[Parts, str]]:
        """(place, message) for an error; empty if the error only follows from another error or an unknown key."""
        rule, place = error.rule, error.place
        if rule in KEY_RULES:
            yield from self._out_of_place(error, place)
        elif rule == "required":
            yield from self._missing(error, place)
        elif rule == "oneOf" and isinstance(error.given, Mapping) and _is_operators(error):
            yield from self._operators(error, place)
        elif rule == "not":
            yield (*place, "from"), "a relationship of a property starts at the property itself; remove 'from'"
        elif rule == "type" or place not in self._mistyped:
            yield place, _SENTENCES.get(rule, _other)(error)

    def _out_of_place(self, error: SchemaError, place: Parts) -> Iterator[tuple[Parts, str]]:
        if place not in self._explained:
            unknown = self._unknown.get(place, ())
            yield from (message for message in _out_of_place(error, place) if message[0][-1] not in unknown)

    def _missing(self, error: SchemaError, place: Parts) -> Iterator[tuple[Parts, str]]:
        for name in error.bound:
            if name not in error.given and not self._is_misspelt(place, [name]):
                yield (*place, name), "is missing; add it"

    def _operators(self, error: SchemaError, place: Parts) -> Iterator[tuple[Parts, str]]:
        given = [name for name in OPERATORS if name in error.given]
        if len(given) > 1:
            yield place, f"has several operators ({', '.join(given)}); keep one, or write several rules"
        if not given and not self._is_misspelt(place, OPERATORS):
            yield place, f"has no operator; add one of {', '.join(OPERATORS)}"

    def _is_misspelt(self, place: Parts, names: Iterable[str]) -> bool:
        return any(nearest(key, names) for key in self._unknown.get(place, ()))


def _leaves(error: SchemaError) -> list[SchemaError]:
    branches = [causes(branch) for branch in error.branches if branch]
    if not branches:
        return [error]
    depth = len(error.place)
    meant = [leaves for leaves in branches if not _is_other_shape(leaves, depth)]
    if not meant:
        return [error]
    best = max(meant, key=lambda leaves: (max(len(leaf.place) for leaf in leaves), -len(leaves)))
    deeper = max(len(leaf.place) for leaf in best) > depth
    return best if deeper or len(meant) == 1 else [error]


def _is_other_shape(leaves: list[SchemaError], depth: int) -> bool:
    return any(leaf.rule == "type" and len(leaf.place) == depth for leaf in leaves)


def _out_of_place(error: SchemaError, place: Parts) -> Iterator[tuple[Parts, str]]:
    """Keys that the standard allows here, but not together with the values of their siblings."""
    properties, given = error.parent.get("properties", {}), error.given
    if given.get("type", "library") == "library" and any(name in given for name in (*OPERATORS, "arguments")):
        yield (*place, "metric"), "is missing; add it, or `type: sql` with a query"
        return
    for name in error.unexpected:
        if place and place[-1] == "logicalTypeOptions":
            hint = did_you_mean(name, properties) or f"its options are {', '.join(sorted(properties))}"
            yield (*place, name), f"{shown(name)} is not an option of this logicalType; {hint}"
        elif name in _CONDITIONAL:
            yield (*place, name), f"{name!r} needs logicalType {_CONDITIONAL[name]}; remove it, or correct logicalType"
        elif "type" in given:
            what = f"{shown(name)} is not allowed with type {given['type']!r}; remove it, or correct the type"
            yield (*place, name), what


_CONDITIONAL = {
    "properties": "object",
    "items": "array",
    "map": "map",
}


def _is_operators(error: SchemaError) -> bool:
    return any("mustBe" in branch.get("required", ()) for branch in error.bound)


def _enum(error: SchemaError) -> str:
    words = list(map(str, error.bound))
    hint = did_you_mean(error.given, words) or f"use one of {', '.join(words)}"
    return f"{shown(error.given)} is not known; {hint}"


def _type(error: SchemaError) -> str:
    if error.place and error.place[-1] in {"from", "to"}:
        return "`from` and `to` must both be one property, or both a list; correct one of them"
    expected = error.bound if isinstance(error.bound, list) else [error.bound]
    write = " or ".join(_WRITE.get(str(name), str(name)) for name in expected)
    return f"{_shape(error.given)}; write {write}"


def _shape(value: object) -> str:
    if value is None:
        return "is empty"
    kind = next((words for kind, words in _SHAPES if isinstance(value, kind)), "something else")
    return f"is {kind}" if isinstance(value, list | dict) else f"{shown(value)} is {kind}"


def _choice(error: SchemaError) -> str:
    if error.place and error.place[-1] in {"from", "to"}:
        return f"{shown(error.given)} is not a reference; write dataset.column"
    kinds = ["object" if "$ref" in branch else str(branch.get("type")) for branch in error.bound]
    kinds = [kind for kind in kinds if kind in _WRITE and not (kind == "integer" and "number" in kinds)]
    write = f"write {' or '.join(_WRITE[kind] for kind in dict.fromkeys(kinds))}" if kinds else "correct it"
    return f"{_shape(error.given)}, which is not allowed here; {write}"


def _pattern(error: SchemaError) -> str:
    if error.bound == "^[A-Za-z0-9_-]+$":
        return f"{shown(error.given)} is not a valid id; use letters, digits, - and _"
    return _choice(error) if error.place[-1] in {"from", "to"} else _other(error)


def _other(error: SchemaError) -> str:
    return f"{error.message[:200]}; correct the value"


_SENTENCES: dict[str, Callable[[SchemaError], str]] = {
    "enum": _enum,
    "const": lambda error: f"{shown(error.given)} is not {error.bound!r}; correct it",
    "type": _type,
    "oneOf": _choice,
    "anyOf": _choice,
    "pattern": _pattern,
    "minItems": lambda error: f"has {len(error.given)} items; write at least {error.bound}",
    "maxItems": lambda error: f"has {len(error.given)} items; write at most {error.bound}",
    "uniqueItems": lambda _: "has duplicate items; remove the duplicates",
    "minimum": lambda error: f"{shown(error.given)} is below {error.bound}; correct it",
    "exclusiveMinimum": lambda error: f"{shown(error.given)} is not above {error.bound}; correct it",
}
